/* A training run: what pretraining and the training of a matching model are both asked for, and
 * both tell. */
#ifndef NEEDLEDROP_RUN_H
#define NEEDLEDROP_RUN_H

#include <stdbool.h>

#include "needledrop/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Zero is a default; nd_pretrain_params and nd_train_params say which. */
typedef struct nd_run_params {
    int n_epochs;        /* at most */
    int batch;           /* clips or pairs a step */
    int patience;        /* epochs without a better one before it ends */
    double rate;         /* of learning */
    double checkpoint_s; /* between two checkpoints */
    uint64_t seed;       /* of parameters, batches, dropout */
    int n_threads;       /* 0: one a core */
    bool restart;        /* a checkpoint is not looked at, and written over */
    const char *history; /* file for an object an epoch, as JSON lines; NULL: none */
    const nd_log *log;
    const nd_progress *progress;
} nd_run_params;

/** What a run did, or has done so far. */
typedef struct nd_run_report {
    int n_epochs;    /* those before a resume too */
    int best;        /* the epoch whose values are written, from 0; -1: none yet */
    bool is_resumed; /* it went on from a checkpoint */
    bool is_early;   /* it ended before its last epoch: nothing got better */
    int64_t n_parameters;
    double elapsed_s; /* of this run; set at its end */
} nd_run_report;

#ifdef __cplusplus
}
#endif
#endif
