/* What the files of pretraining share. */
#ifndef ND_LEARN_PRETRAIN_H
#define ND_LEARN_PRETRAIN_H

#include "learn/clip_batches.h"
#include "learn/learn.h"
#include "learn/run.h"
#include "needledrop/pretrain.h"

/** A pretraining under way. Zeroed holds nothing. */
typedef struct nd_pretraining {
    nd_pretrain_params p; /* nothing left to default */
    nd_run run;
    const char *dir;
    nd_clip_data data;
    nd_model *shared, *with;    /* NULL: none */
    nd_network *network, *best; /* as it is; as it was after the best epoch */
    nd_trainer *trainer;
    nd_clip_batches *batches;
    nd_pretrain_report report;
    struct nd_pretrain_sums { /* of the epoch so far */
        double loss;
        int64_t n_right, n_clips;
    } sums;
    float *clips, *labels;                   /* [B, T, F], [B, K] */
    int32_t *targets;                        /* [B] */
    float *file_clips, *embeddings, *logits; /* of one validation file */
    int64_t n_done;                          /* clips trained in this run */
    double train_s;                          /* and the time that took */
} nd_pretraining;

/** Open the corpus, make the network, its trainer and all storage. @return as nd_pretrain */
int nd__pretrain_setup(nd_pretraining *x, nd_medium medium);

/** Free it all but x->report. */
void nd__pretrain_deinit(nd_pretraining *x);

/** What is this training's own. */
extern const nd_run_ops nd__pretrain_ops;

/** Score the network as it is on every validation file, in inference.
 *  @param out  its val_ fields are set  @return 0; ND_ENOMEM, ND_ECANCELLED */
int nd__pretrain_score(nd_pretraining *x, nd_pretrain_epoch *out);

/** nd_run_ops of what a run leaves behind. */
json_t *nd__pretrain_exact_epoch(const void *x, int epoch);
int nd__pretrain_take_epoch(void *x, json_t *epoch);
json_t *nd__pretrain_exact_sums(const void *x);
int nd__pretrain_take_sums(void *x, const json_t *progress);
json_t *nd__pretrain_epoch_json(const void *x, int epoch);

/** Write the model of the best epoch. @return as nd_model_write, nd_model_network */
int nd__pretrain_write_model(void *x);

/** "video" of "music", and the other way round. Static. */
const char *nd__pretrain_other(const char *part);

#endif
