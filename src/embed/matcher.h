/* Matching models: what makes a video and a track comparable.
 *
 * A matching model reads clips, embedded by the extractors of its file, with what was measured of
 * their rhythm and motion. Of each item alone it makes rows, unit vectors in the order of time; how
 * well a video goes with a track is the best of all places where the video's rows can lie along the
 * track's:
 *     score = max over o of 1/n sum_k <video_k, track_{o+k}>
 * so a library is searched by inner products, and the best o says which part to use. A model
 * without order has one row an item. Then pair(), where a model has it, looks at the two together:
 * it costs more, and orders a short list.
 *
 * Letters: N items, C clips, D width of a clip's embedding, R rows, W width of a row, U width of
 * the whole, E width of a text's vector, K tags. */
#ifndef ND_EMBED_MATCHER_H
#define ND_EMBED_MATCHER_H

#include <jansson.h>

#include "compute/params.h"
#include "compute/safetensors.h"
#include "compute/tape.h"
#include "needledrop/media.h"

/** A media file, or a stretch of one, as a matching model reads it. All borrowed: a stretch is a
 *  view with pointers moved to its first clip. */
typedef struct nd_item {
    nd_medium medium;
    int C;                   /* clips, 1 or more */
    const float *clips;      /* [C, D] of the extractor of its medium */
    const float *pulse;      /* [C, 3]; music: beats, strength (onset), interval in s (0: none);
                             * video: displacement in frame widths a second, cuts, 0.
                             * NULL: not known */
    const int32_t *classes;  /* [C, 3] as published (models.md 1.4); video's flow class is in the
                             * first column; NULL: not known */
    const float *statistics; /* [S] of the whole track, feature `statistics`; NULL: not known */
    int S;
} nd_item;

/** What a model makes of N items of a medium, each alone. Of the tape. */
typedef struct nd_joint {
    nd_tensor *rows;   /* [N, R, W], R rows of the longest item; unit length; of shorter items the
                        * rows past their own are anything finite, and not read */
    nd_tensor *whole;  /* [N, U], unit length: beside texts; NULL: the model has none */
    nd_tensor *tokens; /* the model's own, for pair(); may be NULL */
    float *mask;       /* [N, T] of tokens, 1 or 0; may be NULL */
} nd_joint;

/** Pairs to learn from: video i goes with track i. */
typedef struct nd_pairs {
    int n;
    const nd_item *videos, *tracks;             /* [n] */
    const nd_item *other_videos, *other_tracks; /* [n] a pair of another tag each: real negatives */
    const int32_t *track_ids;                   /* [n] equal where the track is the same */
    const float *texts;                         /* [n, E] of the pair's tag; zeros: it has none */
    const float *other_texts;                   /* [n, E] of the other pair's */
    const int32_t *tags;                        /* [n] the pair's tag 0 .. K - 1; -1: none */
    double progress;                            /* of the training, 0 .. 1 */
    uint64_t key;                               /* of this step, for what is drawn */
} nd_pairs;

enum { ND_MAX_LOSSES = 16 };

typedef struct nd_matcher_size {
    int64_t D_music, D_video; /* of the clips that it reads */
    int64_t W, U, E;          /* U, E 0: it knows no texts */
    int max_clips;            /* of an item in one forward; the rest is the caller's windows */
    int learn_clips;          /* of an item in learn(); 0: max_clips */
    bool has_pair;
} nd_matcher_size;

/** A kind of matching model: models/NAME.c defines `const nd_matcher_ops nd_matcher_NAME`. */
typedef struct nd_matcher_ops {
    const char *name;    /* its value of "model" in the configuration of "match", and at --model */
    const char *summary; /* a line, without a full stop */
    const char *paper;
    const char *features; /* optional: what it needs of music beside clips and rhythm, by the names
                           * of the shelf describe/features: "statistics" */
    /** Optional: which of several structures under one name a configuration asks for ("structure");
     *  its ops are then used in place of these. @return NULL: an unknown one (ND_EFORMAT told) */
    const struct nd_matcher_ops *(*choose)(const json_t *config, nd_diag *diag);
    size_t state_bytes;
    /** Names and usual weights of its losses, NULL last, ND_MAX_LOSSES at most. A configuration's
     *  "losses": {NAME: weight} replaces weights. */
    const struct nd_matcher_loss {
        const char *name; /* "av" */
        float weight;
    } * losses;

    /** Check the configuration, fill the state (zeroed), add the parameters.
     *  @return 0; ND_EFORMAT naming the key, what was expected and what was found. */
    int (*declare)(void *state, nd_params *params, const json_t *config, nd_diag *diag);
    nd_matcher_size (*size)(const void *state);

    /** Rows of an item of C clips. */
    int (*rows)(const void *state, int C);

    /** Items of one medium, each alone. In a pass that trains, batch statistics and dropout hold.
     *  @return 0, or -1 where a tensor is NULL (nd_tape_status says why) */
    int (*embed)(const void *state, nd_tape *t, nd_params *params, int shard, const nd_item *items,
                 int n, nd_joint *out);

    /** Optional. Logits of n pairs: video i with track i from clip offsets[i] on, each conditioned
     *  on its own partner. @return [n] */
    nd_tensor *(*pair)(const void *state, nd_tape *t, nd_params *params, int shard,
                       const nd_item *videos, const nd_item *tracks, const int32_t *offsets, int n);

    /** Optional. Texts into the space of nd_joint.whole. @param texts [n, E] @return [n, U] */
    nd_tensor *(*text)(const void *state, nd_tape *t, nd_params *params, int shard,
                       const float *texts, int n);

    /** The losses of a batch, in the order of .losses, each [1]; NULL for one of weight 0.
     *  @param weights  [as .losses]  @return 0 or -1 as embed */
    int (*learn)(const void *state, nd_tape *t, nd_params *params, int shard, const nd_pairs *pairs,
                 const float *weights, nd_tensor **losses_out);

    /** Frees what the state holds; it may be half made. */
    void (*release)(void *state);

    /** @param name  "paper", "recommended"  @param setting  "ae", "a-se", "se", "se+r"
     *  @return a new configuration for clips of D_music and D_video, texts of E; NULL: no such. */
    json_t *(*preset)(const char *name, const char *setting, int D_music, int D_video, int E);
} nd_matcher_ops;

/** The shelf, NULL last. */
extern const nd_matcher_ops *const nd_matcher_shelf[];
/** @return the kind of that name; NULL: none. '-' and '_' are the same. */
const nd_matcher_ops *nd_matcher_find(const char *name);

typedef struct nd_matcher nd_matcher;

/** A matching model of a configuration ("match" of a model file), parameters zero.
 *  @param config  borrowed, copied; "model" names the kind, "ut_cmvmr" where it is absent
 *  @return 0; ND_EFORMAT (the configuration), ND_ENOMEM. *out untouched. */
int nd_matcher_create(nd_matcher **out, const json_t *config, nd_diag *diag);
/** The same with the parameters of a file, as prefix + name: nothing is allocated for what the
 *  file does not hold. @return as nd_matcher_create, nd_params_check, nd_params_read. */
int nd_matcher_read(nd_matcher **out, const json_t *config, const nd_safetensors *file,
                    const char *prefix, nd_diag *diag);
void nd_matcher_destroy(nd_matcher **m);

/** What it holds, the matcher's. */
nd_params *nd_matcher_params(nd_matcher *m);
const json_t *nd_matcher_config(const nd_matcher *m);
const nd_matcher_ops *nd_matcher_ops_of(const nd_matcher *m);
const void *nd_matcher_state(const nd_matcher *m);
nd_matcher_size nd_matcher_size_of(const nd_matcher *m);
/** [as ops.losses]: the configuration's weights. */
const float *nd_matcher_weights(const nd_matcher *m);

/** Rows of many items. Zeroed is empty. */
typedef struct nd_rows {
    int64_t n, W, U;
    int64_t *first; /* [n + 1]: rows of item i are rows[first[i] .. first[i + 1]) */
    float *rows;    /* [first[n], W], unit length each */
    float *whole;   /* [n, U], unit length; NULL where U is 0 */
} nd_rows;
void nd_rows_deinit(nd_rows *rows);

/** Embed items, each alone, on n_threads threads; the same bytes at any number. An item of more
 *  than max_clips is read in windows; its whole is their mean.
 *  @param items  [n], of any medium  @param n_threads  0: one a core  @param progress  NULL: none
 *  @param out  filled on success; nd_rows_deinit
 *  @return 0; ND_ENOMEM, ND_ECANCELLED. Threads: one call at a time a matcher. */
int nd_matcher_embed(nd_rows *out, nd_matcher *m, const nd_item *items, int64_t n, int n_threads,
                     const nd_progress *progress, nd_diag *diag);

/** Pair scores of one video with n tracks, as ops.pair: the probability that they belong together,
 *  0 .. 1. @param offsets  [n] clips  @param out  [n]
 *  @return 0; ND_EARG (the model has no pair()), ND_ENOMEM. Threads as nd_matcher_embed. */
int nd_matcher_pair(float *out, nd_matcher *m, const nd_item *video, const nd_item *tracks,
                    const int32_t *offsets, int64_t n, int n_threads, nd_diag *diag);

/** Texts in the space of nd_rows.whole. @param texts [n, E]  @param out [n, U]
 *  @return 0; ND_EARG (the model knows no texts), ND_ENOMEM. Threads as nd_matcher_embed. */
int nd_matcher_text(float *out, nd_matcher *m, const float *texts, int64_t n, nd_diag *diag);

/** How a video's rows lie best along a track's: the formula at the top. A track of fewer rows than
 *  the video is looped; then o runs over all its rows.
 *  @param video [n, W]  @param track [r, W]; n, r 1 or more
 *  @param offset_out  row of the track; NULL: not asked  @return the score, -1 .. 1.
 *  Threads: safe. Cost: r * n * W. */
float nd_rows_score(const float *video, int64_t n, const float *track, int64_t r, int64_t W,
                    int64_t *offset_out);

#endif
