/* A training run: epochs until they are over or nothing gets better, a checkpoint to go on from,
 * the values of the best epoch, a history. What an epoch learns, and how it is measured, is its
 * kind's.
 *
 *     nd_run_begin(&x->run, &defaults, 1);       parameters filled and checked
 *     .. make the values, x->run.settings, x->run.epoch_steps ..
 *     nd_run_train(&x->run);                     all epochs; the model is written
 *     nd_run_deinit(&x->run);
 * What a step learns from is a function of the seed and the step, so a checkpoint holds no random
 * state. */
#ifndef ND_LEARN_RUN_H
#define ND_LEARN_RUN_H

#include <jansson.h>

#include "compute/params.h"
#include "needledrop/run.h"

/** What one kind of training does its own way; x is its object. */
typedef struct nd_run_ops {
    /** Take steps until run->n_steps is the epoch's end, from where a checkpoint left it. */
    int (*train_epoch)(void *x);
    /** Measure the values as they are, and nd_run_add_epoch what came of it. */
    int (*end_epoch)(void *x, bool *is_better_out);
    /** Tell the caller of the epochs so far. */
    void (*after_epoch)(void *x);
    /** Write the model of the best values. */
    int (*write_model)(void *x);

    /** Read moments and run->n_steps from a checkpoint. */
    int (*load)(void *x, const char *path);
    /** An epoch with every bit of its numbers, for a checkpoint, and back (nd_run_add_epoch).
     *  @return a new object, NULL: out of memory; 0, ND_EFORMAT, ND_ENOMEM */
    json_t *(*exact_epoch)(const void *x, int epoch);
    int (*take_epoch)(void *x, json_t *epoch);
    /** The same of a begun epoch. Without them checkpoints are between epochs. */
    json_t *(*exact_sums)(const void *x);              /* optional */
    int (*take_sums)(void *x, const json_t *progress); /* optional */
    /** An epoch for people and programs: a line of the history. @return as exact_epoch */
    json_t *(*epoch_json)(const void *x, int epoch);
} nd_run_ops;

/** A run under way; part of a training's object. */
typedef struct nd_run {
    const nd_run_ops *ops;
    void *x;
    nd_run_params *p;      /* x's */
    nd_run_report *report; /* x's */
    const char *what;      /* in messages: "training video" */
    const char *path;      /* of the model */
    nd_diag *diag;
    nd_params *values, *best;  /* as they are; as they were after the best epoch */
    nd_params *mean;           /* what is measured and kept in place of values; NULL: they are */
    json_t *settings;          /* what the result depends on; owned */
    int64_t epoch_steps;       /* an epoch has */
    double epoch_checkpoint_s; /* least time between two checkpoints at an epoch's end */

    double started_s; /* the run's start, on the clock of nd_now_s */

    char *state_path; /* PATH.state */
    int64_t n_steps;  /* of the optimiser so far */
    size_t capacity;  /* of x's epochs */
    double saved_s, epoch_started_s;
    double epoch_s; /* that the epoch took before epoch_started_s */
} nd_run;

/** Fill what is zero in run->p, check it, name the checkpoint.
 *  @param run  with ops, x, p, report, what, path, diag, started_s  @param least_batch  1 or more
 *  @return 0; ND_EARG, ND_ENOMEM */
int nd_run_begin(nd_run *run, const nd_run_params *defaults, int least_batch);

/** Free what nd_run_begin made, and the settings. A zeroed one is fine. */
void nd_run_deinit(nd_run *run);

/** Go on from the checkpoint where there is one of these settings; train, validate and keep
 *  checkpoints until the run is over; write the model, and remove the checkpoint.
 *  @param run  with all of its first part
 *  @return 0; ND_EARG (a checkpoint of other settings), ND_EFORMAT, ND_EIO, ND_EFULL, ND_ENOMEM,
 *     and what ops return. The checkpoint stays. */
int nd_run_train(nd_run *run);

/** One epoch after the last.
 *  @param epochs  address of x's pointer to them, which may move  @param bytes  of one
 *  @return 0 or ND_ENOMEM, told in run->diag */
int nd_run_add_epoch(nd_run *run, void *epochs, const void *epoch, size_t bytes);

/** Write a checkpoint of everything as it is. @return as nd_checkpoint_write */
int nd_run_save(nd_run *run);

/** Steps that all epochs have; the rate of a step: up through a twentieth of them, down to 0. */
int64_t nd_run_total_steps(const nd_run *run);
double nd_run_rate(const nd_run *run, int64_t step);

/** Seconds that the epoch has taken, with what a checkpoint knows of it. */
double nd_run_epoch_s(const nd_run *run);

/** nd_progress_update. @return 0 or ND_ECANCELLED, told in run->diag */
int nd_run_tell(const nd_run *run, const char *what, int64_t done, int64_t total, const char *item);

/** @return ND_ENOMEM, told in run->diag */
int nd_run_no_memory(const nd_run *run);

#endif
