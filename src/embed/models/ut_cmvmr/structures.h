/* The two structures of UT-CMVMR. */
#ifndef ND_EMBED_MODELS_UT_CMVMR_STRUCTURES_H
#define ND_EMBED_MODELS_UT_CMVMR_STRUCTURES_H

#include "embed/embed.h"

extern const nd_matcher_ops nd__ut_published, nd__ut_aligned;

#endif
