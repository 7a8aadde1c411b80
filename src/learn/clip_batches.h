/* Clips of a corpus to learn from: which files have which target, batches in which each target
 * comes as often as any other, and small changes to clips that their target survives. */
#ifndef ND_LEARN_CLIP_BATCHES_H
#define ND_LEARN_CLIP_BATCHES_H

#include "learn/cache.h"
#include "learn/corpus.h"
#include "needledrop/tags.h"

/** A file that has a target. */
typedef struct nd_clip_file {
    int item, n_clips; /* in the cache */
    int32_t target;    /* the first of its labels */
    const int32_t *labels;
    int n_labels;
} nd_clip_file;

/** The files of a split, in the order of the corpus. */
typedef struct nd_clip_files {
    nd_clip_file *files;
    int n;
    int64_t n_clips;
} nd_clip_files;

/** Zeroed is empty. */
typedef struct nd_clip_data {
    nd_medium medium;
    nd_cache *cache;
    char **names; /* [K], owned: of the targets */
    int K;
    nd_clip_files train, val;
    int32_t *labels;   /* of all files, one after another */
    int n_left_out;    /* files of both splits without a target, or without features */
    uint64_t digest;   /* of files, features, targets */
    const char *array; /* of the cache, static: the clips */
    int64_t T, F;      /* of each */
} nd_clip_data;

/** Find the files of a corpus's training and validation splits that have features and a target.
 *  @param out  filled on success; _deinit  @param targets  file (tag_synonyms.h); NULL: the tags
 *  @return 0; ND_EEMPTY (a split without such a file), ND_ENOTFOUND (no tags, no cache),
 *     ND_EFORMAT (a file; clips of two shapes), ND_EIO, ND_ENOMEM. *out untouched. */
int nd_clip_data_open(nd_clip_data *out, const char *dir, nd_medium medium, const char *targets,
                      nd_diag *diag);
/** It is empty after. */
void nd_clip_data_deinit(nd_clip_data *d);

/** Every clip of a file. @param out  [n_clips, T, F]  @return 0; ND_ENOTFOUND */
int nd_clip_data_read(float *out, const nd_clip_data *d, const nd_clip_file *file);

typedef struct nd_clip_batches nd_clip_batches;

/** @param data  borrowed until destroy  @param B  clips a batch  @param jitter  as nd_clip_change
 *  @return 0 or ND_ENOMEM (*out untouched). */
int nd_clip_batches_create(nd_clip_batches **out, const nd_clip_data *data, int B, uint64_t seed,
                           bool jitter);
void nd_clip_batches_destroy(nd_clip_batches **batches);

/** The batch of a step, a function of the seed and the step alone. Targets come in rounds, each
 *  target that has a training file once a round, in an order of the round's own; files of a target
 *  one after another, shuffled anew each time all were there; of a file a clip by chance.
 *  @param clips  [B, T, F]  @param targets  [B]
 *  @param labels  [B, K], 1 where the file has that label, else 0; NULL: not wanted
 *  @return 0; ND_ENOTFOUND. Threads: one call at a time. Allocates: no. */
int nd_clip_batches_get(nd_clip_batches *b, float *clips, int32_t *targets, float *labels,
                        int64_t step);

/** Change a clip a little. Log-mel: up to 0.25 s earlier or later, up to 15 % slower or faster,
 *  3 dB louder or softer, and as much between the lowest and the highest band. Pictures: mirrored
 *  or not, exposed up to a fifth more or less.
 *  @param clip  [T, F], changed  @param scratch  [T, F]  @param array  what it is, in the cache
 *  @param jitter  pictures: contrast, brightness and each colour changed much, saturation from
 *     none to all: what is shown stays, how it is lit and graded does not */
void nd_clip_change(float *clip, float *scratch, const char *array, int64_t T, int64_t F,
                    bool jitter, nd_rng *rng);

#endif
