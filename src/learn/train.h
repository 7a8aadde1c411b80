/* What the files of training a matching model share. */
#ifndef ND_LEARN_TRAIN_H
#define ND_LEARN_TRAIN_H

#include "learn/pair_batches.h"
#include "learn/run.h"
#include "needledrop/train.h"

/** Videos of the validation split, and the tracks they are searched among. */
typedef struct nd_train_gallery {
    nd_item *videos; /* [n_videos], one a pair */
    int32_t *right;  /* [n_videos] the track that belongs to each, 0 .. n_tracks - 1 */
    nd_item *tracks; /* [n_tracks] */
    int n_videos, n_tracks;
} nd_train_gallery;

/** A training under way. Zeroed holds nothing. */
typedef struct nd_training {
    nd_train_params p; /* nothing left to default */
    nd_run run;
    const char *dir;
    nd_corpus *corpus;
    nd_model *extractors;
    nd_items *items; /* of train and val */
    nd_words *words; /* NULL: the corpus has no tags */
    float *vectors;  /* [tags, E] of them */
    nd_train_pairs pairs;
    nd_train_gallery gallery;
    nd_matcher *matcher, *best; /* as it is; as it was after the best epoch */
    nd_matcher *mean;           /* the running mean of its values, measured and kept for it */
    float weights[ND_MAX_LOSSES];
    nd_pair_batches *batches;
    nd_tape *tape;
    nd_train_report report;
    struct nd_train_sums { /* of the epoch so far */
        double loss, losses[ND_MAX_LOSSES];
        int n;
    } sums;
    double step_s, work_s; /* of this run's steps: time, processor time */
    int64_t n_run, n_multiplications;
} nd_training;

/** Open the corpus and the extractors, embed, make the model and all storage.
 *  @return as nd_train */
int nd__train_setup(nd_training *x);
/** Free it all but x->report. */
void nd__train_deinit(nd_training *x);

/** Whether its configuration is a published one, "paper" or "paper-s". */
bool nd__train_is_paper(const nd_training *x);

/** What is this training's own. */
extern const nd_run_ops nd__train_ops;

/** Fill the gallery of the validation split. @return 0; ND_EEMPTY, ND_ENOMEM */
int nd__train_gallery_make(nd_train_gallery *out, const nd_corpus *corpus, const nd_items *items,
                           int *n_left_out, nd_diag *diag);
void nd__train_gallery_deinit(nd_train_gallery *gallery);

/** Search for every video of the gallery with the matcher's mean.
 *  @param out  its val_ fields are set  @return 0; ND_ENOMEM, ND_ECANCELLED */
int nd__train_validate(nd_training *x, nd_train_epoch *out);

/** GFLOP/s of nd_gemm on the calling thread: products of 512 x 512 x 512, the best of some.
 *  @return 0: out of memory */
double nd__train_peak(void);

/** nd_run_ops of what a run leaves behind. */
json_t *nd__train_exact_epoch(const void *x, int epoch);
int nd__train_take_epoch(void *x, json_t *epoch);
json_t *nd__train_epoch_json(const void *x, int epoch);

/** Write the model of the best epoch. @return as nd_model_write, nd_model_network */
int nd__train_write_model(void *x);

#endif
