/* Training a matching model: which video goes with which track, learned from a corpus. */
#ifndef NEEDLEDROP_TRAIN_H
#define NEEDLEDROP_TRAIN_H

#include <stdbool.h>

#include "needledrop/eval.h"
#include "needledrop/media.h"
#include "needledrop/run.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ND_TRAIN_MAX_LOSSES = 16 };

/** One epoch: as many pairs as the training split has, 32 steps at least. */
typedef struct nd_train_epoch {
    int64_t n_steps;                    /* of the optimiser, at its end */
    double rate;                        /* of learning, at its last step */
    double loss;                        /* weighted sum, mean over its steps */
    double losses[ND_TRAIN_MAX_LOSSES]; /* each, without its weight; 0 where that is 0 */
    /* Tracks found for the videos of the validation split, among all its tracks, without texts. */
    double val_recall[ND_EVAL_N_CUTS]; /* shares, 0 .. 1; at nd_eval_cut */
    double val_mrr, val_median_rank;
    double elapsed_s; /* validation included */
} nd_train_epoch;

/** What a training did, or has done so far. */
typedef struct nd_train_report {
    nd_run_report run;
    int n_losses;
    const char *loss_names[ND_TRAIN_MAX_LOSSES]; /* static */
    float weights[ND_TRAIN_MAX_LOSSES];
    int n_pairs, n_val_videos, n_val_tracks;
    int n_left_out;         /* pairs of both splits without features */
    nd_train_epoch *epochs; /* [run.n_epochs] */
    double chance_10;       /* val_recall at 10 of an order by chance */
    /* Of this run; nothing that is written depends on them. */
    double steps_per_s;      /* of the optimiser, validation aside */
    double gflop_a_step;     /* in matrix products */
    double gflop_per_s;      /* the same, by the processor time of whole steps */
    double peak_gflop_per_s; /* of one thread: the best of products of 512 x 512 x 512 */
    double embed_s;
} nd_train_report;

/** A loss and its weight. */
typedef struct nd_train_weight {
    const char *loss; /* its name in the model: "av" */
    float weight;     /* 0 or more; 0: it is left out */
} nd_train_weight;

typedef struct nd_train_params {
    nd_run_params run;      /* defaults: 40 epochs, 64 pairs a step, a patience of 7 (20 with config
                             * "paper" and "paper-s"), a rate of 0.001 (0.0003 with "paper"), 5 s
                             * between checkpoints, which are at an epoch's end; threads embed and
                             * validate */
    double average;         /* what is measured and kept is a running mean of the values over steps,
                             * of which a step changes a share of 1 - average; 0 .. 0.9999;
                             * 0: 0.99 */
    const char *extractors; /* model file with the parts music and video: they are copied in */
    const char *model;      /* NULL: "ut-cmvmr" */
    const char *config;     /* NULL: "recommended" */
    const char *setting;    /* "ae", "a-se", "se", "se+r" (NULL) */
    const nd_train_weight *weights; /* [n_weights], in place of the configuration's */
    int n_weights;
    const char *changes; /* keys of the model's configuration in place of the preset's, as a JSON
                          * object: {"add_cross": 0}; NULL: none */
    const char *words;   /* .vec file whose words the model then knows; NULL: the corpus's tags */
    int max_words;       /* kept of them beside the tags; 0: 2,000 */
    bool natural;        /* pairs as often as they are; else each tag as often as any other */
    bool published;      /* rhythm and motion as published, not ours */
    bool shuffle_pairs;  /* each video with another pair's track: a control, nothing is there */
    bool half;           /* the model's values as half floats */
    /** After each epoch, and at once after a resume. NULL: not wanted. */
    void (*after_epoch)(void *user, const nd_train_report *so_far);
    void *user;
} nd_train_params;

/** Train a matching model and write it with its extractors as a model file: of the best epoch by
 *  mean of recall at 1, 5, 10 and 25 on the validation split. The test split is not read.
 *  @param dir  a corpus with features (nd_extract), and tags (nd_tags_make) where texts are to be
 *     known
 *  @param path  the model; beside it, PATH.state holds a checkpoint after each epoch (or some): the
 *     same call goes on from it after whatever stopped it. It is gone at the end.
 *  @param params  extractors are needed  @param report_out  filled on success
 *  @return 0; ND_EARG (a parameter; the checkpoint is of other parameters or another corpus: the
 *     first that differs), ND_ENOTFOUND (no features, no extractor), ND_EEMPTY (a split without a
 *     pair; a single track), ND_EFORMAT (a file; a gradient that is not finite), ND_EIO, ND_EFULL,
 *     ND_ENOMEM, ND_ECANCELLED. *report_out and the model are untouched then.
 *  Same corpus and parameters, same bytes, however often it was stopped, at any n_threads.
 *  Threads: distinct paths. */
ND_API int nd_train(const char *dir, const char *path, const nd_train_params *params,
                    nd_train_report *report_out, nd_diag *diag);

/** Free what a report owns. A zeroed one is fine. */
ND_API void nd_train_report_deinit(nd_train_report *report);

/** {"pairs", "left_out", "val": {"videos", "tracks"}, "parameters", "weights": {LOSS: weight},
 *  "chance_10", "best_epoch" (from 1; null: none), "is_resumed", "is_early", "steps_per_s",
 *  "gflop_a_step", "gflop_per_s", "peak_gflop_per_s", "embed_s", "elapsed_s", "epochs": [{"epoch",
 *  "steps", "rate", "loss", "losses": {LOSS: value}, "val_recall_1", .. 5, 10, 25, "val_mrr",
 *  "val_median_rank", "elapsed_s"}]}.
 *  @param json_out  caller frees with free(3)  @return 0 or ND_ENOMEM. */
ND_API int nd_train_report_json(char **json_out, const nd_train_report *report);

#ifdef __cplusplus
}
#endif
#endif
