/* The recommended matching model, in parts: aligned.c configures, _items turns items into numbers,
 * _embed makes rows of them, _pair scores two together, _learn has the losses. */
#ifndef ND_EMBED_MODELS_UT_CMVMR_ALIGNED_H
#define ND_EMBED_MODELS_UT_CMVMR_ALIGNED_H

#include "compute/ops.h"
#include "embed/layers.h"
#include "embed/models/ut_cmvmr/structures.h"

enum {
    ALIGNED_MAX_LAYERS = 4,
    ALIGNED_MUSIC = 0,
    ALIGNED_VIDEO = 1,
    ALIGNED_BASIS = 96, /* numbers that tell a clip's pulse (aligned_items.c) */
    ALIGNED_FACTS = 5   /* of two items beside each other (aligned_pair.c) */
};

/* Of the losses, before it is learned; of the scorer. */
#define ALIGNED_TEMPERATURE 0.07f

/* Indices of parameters: a weight or gain, and its bias right after it. */
typedef struct aligned_ffn {
    int norm, up, down;
} aligned_ffn;

typedef struct aligned_attention {
    int norm, q, k, v, out, place; /* place: relative positions, [2 max_clips - 1, d] */
    int place_bias;                /* [heads, d / heads] */
} aligned_attention;

typedef struct aligned_side {
    nd_norm_layer clip_values; /* where is_normed */
    int clip_norm, clip, pulse, pulse_norm, pulse_out;
    aligned_ffn stem;
    aligned_attention attention[ALIGNED_MAX_LAYERS];
    aligned_ffn ffn[ALIGNED_MAX_LAYERS];
    int row_norm, row, whole_norm, whole, again; /* again: the clips' mean from the whole */
} aligned_side;

typedef struct aligned {
    bool is_mean, has_pulse, is_normed;
    int64_t D[2], E, d, heads, ffn, layers, W, U, max_clips; /* D by side */
    double dropout, pulse_dropout, temperature;
    aligned_side side[2]; /* ALIGNED_MUSIC, ALIGNED_VIDEO */
    int text[2];
    int scale[3]; /* how much above the first temperature: rows, wholes, texts */
    aligned_attention cross[2];
    aligned_ffn cross_ffn[2];
    int meet, judge[2]; /* the pair scorer's layers */
} aligned;

/* A pass over the model: what every function of it needs. */
typedef struct aligned_pass {
    const aligned *a;
    nd_tape *t;
    nd_params *params;
    int shard;
} aligned_pass;

/* Items of one medium as numbers of the tape. Pointers of a pass that failed are NULL. */
typedef struct aligned_items {
    int n;
    int64_t T; /* rows of the longest */
    int side;
    int32_t *rows;    /* [n] */
    float *mask;      /* [n, T] */
    nd_tensor *clips; /* [n, T, D], past an item's own its own again */
    nd_tensor *means; /* [n, D] of the clips */
    nd_tensor *basis; /* [n, T, ALIGNED_BASIS]; NULL without pulse */
} aligned_items;

/* @param items  [n] of one medium, n 1 or more  @return 0; -1: no memory (nd_tape_status) */
int nd__aligned_items(const aligned_pass *p, const nd_item *items, int n, aligned_items *out);

/* What the embedding makes of them, with tokens [n, T, d]. @return 0 or -1 */
int nd__aligned_embed(const aligned_pass *p, const aligned_items *items, nd_joint *out);

/* Items of which pairs are made, embedded. */
typedef struct aligned_sides {
    aligned_items videos, tracks;
    nd_joint video, track;
} aligned_sides;

/* Logits [n] of pairs: video[k] with track[k] (indices of the sides) from row offset[k] on. No
 * gradient leaves for the sides. */
nd_tensor *nd__aligned_judge(const aligned_pass *p, const aligned_sides *sides,
                             const int32_t *video, const int32_t *track, const int32_t *offset,
                             int n);

/* Ops of nd__ut_aligned that lie in files of their own. */
nd_tensor *nd__aligned_pair(const void *state, nd_tape *t, nd_params *params, int shard,
                            const nd_item *videos, const nd_item *tracks, const int32_t *offsets,
                            int n);
nd_tensor *nd__aligned_text(const void *state, nd_tape *t, nd_params *params, int shard,
                            const float *texts, int n);
int nd__aligned_learn(const void *state, nd_tape *t, nd_params *params, int shard,
                      const nd_pairs *pairs, const float *weights, nd_tensor **losses_out);

/* ---- what the parts share -------------------------------------------------------- */

/* The parameter of an index, as the pass's member of the team sees it. */
nd_tensor *nd__aligned_get(const aligned_pass *p, int index);
/* The layer at index with the bias after it. @param params  NULL: plain */
nd_tensor *nd__aligned_linear(const aligned_pass *p, nd_tensor *x, int index,
                              const nd_linear_params *params);
nd_tensor *nd__aligned_norm(const aligned_pass *p, nd_tensor *x, int index);
/* x + FFN(norm(x)). */
nd_tensor *nd__aligned_ffn(const aligned_pass *p, nd_tensor *x, const aligned_ffn *f);
/* x + attention(norm(x), norm(y)), with relative positions. @param x, y  [n, T, d]
 * @param mask  [n, T] of y */
nd_tensor *nd__aligned_attention(const aligned_pass *p, nd_tensor *x, nd_tensor *y,
                                 const aligned_attention *at, const float *mask);

#endif
