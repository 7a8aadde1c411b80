/* Pretraining: networks that learn, clip by clip, what a corpus's tags say of its files. */
#ifndef NEEDLEDROP_PRETRAIN_H
#define NEEDLEDROP_PRETRAIN_H

#include <stdbool.h>

#include "needledrop/media.h"
#include "needledrop/run.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One epoch: as many clips as the training split has. Accuracies are shares, 0 .. 1. */
typedef struct nd_pretrain_epoch {
    int64_t n_steps; /* of Adam, at its end */
    double rate;     /* of learning, at its last step */
    double train_loss, train_accuracy;
    double val_loss, val_clip_accuracy;
    double val_item_loss;     /* of the mean logits of each file's clips, scaled as suits them best:
                               * what the best epoch is chosen by */
    double val_item_accuracy; /* of files: the largest mean logit of their clips */
    double elapsed_s;         /* validation included */
} nd_pretrain_epoch;

/** What a pretraining did, or has done so far. */
typedef struct nd_pretrain_report {
    nd_run_report run;
    const char *part; /* static: "music", "video" */
    int n_classes;    /* targets that a file of the training split has or not */
    int n_train_files, n_val_files;
    int64_t n_train_clips, n_val_clips;
    int n_left_out;            /* files of both splits without a target, or not in the cache */
    nd_pretrain_epoch *epochs; /* [run.n_epochs] */
    double chance;             /* accuracy of who guesses: 1 / n_classes */
    double clips_per_s;        /* trained in this run; validation is not in it */
} nd_pretrain_report;

typedef struct nd_pretrain_params {
    nd_run_params run;    /* defaults: 10 epochs of music, 6 of video; 32 and 64 clips a step; a
                           * patience of 5, a rate of 0.001, 300 s between checkpoints inside an
                           * epoch; one more is at its end */
    const char *preset;   /* size of the network; NULL: "recommended" */
    const char *targets;  /* file: a target a line and, after commas, the tags that belong to it;
                          * NULL: each tag of the corpus is a target */
    const char *share;    /* model file: the classifier's matrix is that of its other part, and
                          * stays; NULL: it is learned */
    const char *with;     /* model file whose other part is copied in; NULL: none */
    const char *schedule; /* of the rate: "cosine" to 0 after a warm-up (NULL), or "inverse":
                           * rate / (epoch + 1), as published */
    bool multi_label;     /* binary cross-entropy of all tags of a file; else cross-entropy of the
                           * first */
    bool jitter;          /* strong changes of colour and brightness: video is known without them */
    double smoothing;     /* of labels, below 1: people say wrong things; 0: 0.1; negative: none, as
                           * published. Not for multi_label */
    /** After each epoch, and at once after a resume. NULL: not wanted. */
    void (*after_epoch)(void *user, const nd_pretrain_report *so_far);
    void *user;
} nd_pretrain_params;

/** Train a network of one medium and write it as a model file: of the epoch of least loss
 *  (val_item_loss) on the validation files.
 *  @param dir  a corpus with tags (nd_tags_make) and features (nd_extract)
 *  @param path  the model; beside it, PATH.state holds a checkpoint after each epoch and every few
 *     minutes: the same call goes on from it after whatever stopped it. It is gone at the end.
 *  @param params  NULL: the defaults  @param report_out  filled on success
 *  @return 0; ND_EARG (a parameter; the checkpoint is of other parameters or another corpus: the
 *     first that differs), ND_ENOTFOUND (no tags, no features, no such part to share), ND_EEMPTY
 *     (a split without a file that has a target), ND_EFORMAT (a file; a shared matrix of another
 *     shape, or of other targets), ND_EIO, ND_EFULL, ND_ENOMEM, ND_ECANCELLED (the checkpoint is
 *     written). *report_out and the model are untouched then.
 *  A file that is in several splits counts in the last of train, val, test alone. Same corpus,
 *  parameters and number of threads, same bytes, however often it was stopped.
 *  Threads: distinct paths. */
ND_API int nd_pretrain(const char *dir, nd_medium medium, const char *path,
                       const nd_pretrain_params *params, nd_pretrain_report *report_out,
                       nd_diag *diag);

/** Free what a report owns. A zeroed one is fine. */
ND_API void nd_pretrain_report_deinit(nd_pretrain_report *report);

/** {"part", "classes", "parameters", "train": {"files", "clips"}, "val": {"files", "clips"},
 *  "left_out", "chance", "best_epoch" (from 1; null: none), "is_resumed", "is_early",
 *  "clips_per_s", "elapsed_s", "epochs": [{"epoch", "steps", "rate", "train_loss",
 *  "train_accuracy", "val_loss", "val_clip_accuracy", "val_item_loss",
 *  "val_item_accuracy", "elapsed_s"}]}.
 *  @param json_out  caller frees with free(3)  @return 0 or ND_ENOMEM. */
ND_API int nd_pretrain_report_json(char **json_out, const nd_pretrain_report *report);

#ifdef __cplusplus
}
#endif
#endif
