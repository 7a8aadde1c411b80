/* What the files of pretraining share. */
#ifndef ND_LEARN_PRETRAIN_H
#define ND_LEARN_PRETRAIN_H

#include "learn/clip_batches.h"
#include "learn/learn.h"
#include "needledrop/pretrain.h"

/** A pretraining under way. Zeroed holds nothing. */
typedef struct nd_pretraining {
    nd_pretrain_params p; /* nothing left to default */
    const char *dir, *path;
    char *state_path;
    nd_clip_data data;
    nd_model *shared, *with;    /* NULL: none */
    nd_network *network, *best; /* as it is; as it was after the best epoch */
    nd_trainer *trainer;
    nd_clip_batches *batches;
    json_t *settings; /* what the result depends on */
    nd_pretrain_report report;
    size_t capacity;          /* of report.epochs */
    int64_t epoch_steps;      /* steps an epoch has */
    struct nd_pretrain_sums { /* of the epoch so far */
        double loss, elapsed_s;
        int64_t n_right, n_clips;
    } sums;
    float *clips, *labels;                   /* [B, T, F], [B, K] */
    int32_t *targets;                        /* [B] */
    float *file_clips, *embeddings, *logits; /* of one validation file */
    double started_s, epoch_started_s, saved_s;
    int64_t n_done; /* clips trained in this run */
    nd_diag *diag;
} nd_pretraining;

/** Open the corpus, make the network, its trainer and all storage. @return as nd_pretrain */
int nd__pretrain_setup(nd_pretraining *x, nd_medium medium);

/** Free it all but x->report. */
void nd__pretrain_deinit(nd_pretraining *x);

/** Score the network as it is on every validation file, in inference.
 *  @param out  its val_ fields are set  @return 0; ND_ENOMEM, ND_ECANCELLED */
int nd__pretrain_score(nd_pretraining *x, nd_pretrain_epoch *out);

/** What a checkpoint keeps beside values, and back: report.epochs, report.best, sums.
 *  @return a new object, NULL: out of memory; 0, ND_EFORMAT (report unchanged), ND_ENOMEM */
json_t *nd__pretrain_progress(const nd_pretraining *x);
int nd__pretrain_take_progress(nd_pretraining *x, const json_t *progress);

/** Write the history, where one is wanted. @return 0; ND_EIO, ND_EFULL, ND_ENOMEM */
int nd__pretrain_write_history(const nd_pretraining *x);

/** Write the model of the best epoch. @return as nd_model_write, nd_model_network */
int nd__pretrain_write_model(nd_pretraining *x);

/** "video" of "music", and the other way round. Static. */
const char *nd__pretrain_other(const char *part);

/** One epoch after the last. @return 0 or ND_ENOMEM */
int nd__pretrain_add_epoch(nd_pretraining *x, const nd_pretrain_epoch *epoch);

#endif
