/* Needledrop: picks background music for a video. Everything in one include. */
#ifndef NEEDLEDROP_NEEDLEDROP_H
#define NEEDLEDROP_NEEDLEDROP_H

#include "needledrop/array.h"
#include "needledrop/base.h"
#include "needledrop/corpus.h"
#include "needledrop/eval.h"
#include "needledrop/extract.h"
#include "needledrop/json.h"
#include "needledrop/library.h"
#include "needledrop/media.h"
#include "needledrop/model.h"
#include "needledrop/picture.h"
#include "needledrop/pretrain.h"
#include "needledrop/ranking.h"
#include "needledrop/run.h"
#include "needledrop/study.h"
#include "needledrop/synth.h"
#include "needledrop/tables.h"
#include "needledrop/tags.h"
#include "needledrop/train.h"

#endif
