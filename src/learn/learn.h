/* Front of the learn room: what trains networks. */
#ifndef ND_LEARN_LEARN_H
#define ND_LEARN_LEARN_H

#include "embed/embed.h"
#include "learn/cache.h"
#include "learn/corpus.h"

/** Training a network to classify clips: (binary) cross-entropy, Adam, a batch shared by a team. */
typedef struct nd_trainer nd_trainer;

typedef struct nd_trainer_params {
    int n_threads;         /* 0: one a core; a batch has as many clips or more */
    uint64_t seed;         /* of dropout */
    float label_smoothing; /* 0: none, as published */
    bool no_dropout;       /* for comparisons with other implementations */
    bool checkpoint;       /* keep only what goes into each block, and compute it again in backward:
                            * a third more work, a fraction of the memory */
    nd_adam adam;          /* its rate is given a step */
} nd_trainer_params;

/** @param network  borrowed until the trainer is destroyed; its values are trained in place
 *  @return 0; ND_EARG (no classifier), ND_ENOMEM. *out untouched.
 *  Memory: 4 bytes * (n_threads + 2) a parameter, and what a step's activations take. */
int nd_trainer_create(nd_trainer **out, nd_network *network, const nd_trainer_params *params,
                      nd_diag *diag);
void nd_trainer_destroy(nd_trainer **trainer);

/** What one step did. */
typedef struct nd_step_report {
    double loss;      /* mean over the batch, before the step */
    int n_right;      /* clips whose largest logit was their target's */
    double grad_norm; /* before it was cut */
} nd_step_report;

/** Forward, backward, one step of Adam.
 *  @param clips  [B, T, F], B at least the number of threads  @param targets  [B] in 0 .. K - 1
 *  @param rate  of learning
 *  @return 0; ND_EARG (B, a target), ND_ESHORT (T), ND_ENOMEM, ND_EFORMAT (the gradient is not
 *     finite: parameters are as before, but running statistics have moved).
 *  Threads: one call at a time. Same seed and number of threads, same bytes. Allocates nothing from
 *  the second step of a shape on, beside what oneDNN does. */
int nd_trainer_step(nd_trainer *tr, const float *clips, const int32_t *targets, int64_t B,
                    int64_t T, double rate, nd_step_report *report_out, nd_diag *diag);

/** The same with any number of classes a clip: binary cross-entropy over all of them.
 *  @param labels  [B, K] in 0 .. 1  A clip is right where its largest logit is a label's of 1. */
int nd_trainer_step_labels(nd_trainer *tr, const float *clips, const float *labels, int64_t B,
                           int64_t T, double rate, nd_step_report *report_out, nd_diag *diag);

/** Keep one parameter as it is now, through all steps to come. Once a trainer.
 *  @param param  its index  @return 0 or ND_ENOMEM (as before). */
int nd_trainer_freeze(nd_trainer *tr, int param);

/** Steps so far: the number that the next one's dropout and Adam's bias correction know. */
int64_t nd_trainer_steps(const nd_trainer *tr);

/** Write what goes on from here, beside the model (nd_params_write_state); go on from it. */
int nd_trainer_save(const nd_trainer *tr, const char *path, nd_diag *diag);
int nd_trainer_load(nd_trainer *tr, const char *path, nd_diag *diag);

/** Gradients of the last step, summed over the team, in the place of a parameter: for tests.
 *  @return [count of the parameter], the trainer's */
const float *nd_trainer_grad(const nd_trainer *tr, int param);

/** Most bytes of activations and gradients of activations that a step has taken so far. */
size_t nd_trainer_peak_bytes(const nd_trainer *tr);

#endif
