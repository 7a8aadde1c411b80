/* Ops: each makes a tensor on a tape and, where the pass records, knows the gradient. An op given
 * NULL for a tensor that is not optional, or without memory, returns NULL (tape.h). Shapes are
 * promises between our own functions: one that is broken ends the program.
 *
 * Dropout, here and in other ops, counts values by item of the batch: the first dimension is B.
 *
 * Letters: B batch, T and S time steps, D width, H heads, C channels, K outputs; "rows" is the
 * product of all dimensions but the last. Outputs belong to the tape, until its next begin. */
#ifndef ND_COMPUTE_OPS_H
#define ND_COMPUTE_OPS_H

#include "compute/tape.h"

/* ---- linear -------------------------------------------------------------------- */

/** Zeroed: x w^T + b and nothing more. */
typedef struct nd_linear_params {
    nd_act act;
    float dropout;       /* probability of 0, in [0, 1) */
    nd_tensor *residual; /* optional, [rows, K]: added at the end */
    float factor;        /* with residual: of what is added to it; 0: 1 */
} nd_linear_params;

/** residual + factor * dropout(act(x w^T + b)).
 *  @param x  [rows, D]  @param w  [K, D]  @param b  [K], optional
 *  @param params  NULL: zeroed
 *  @return [rows, K]. Cost: rows * D * K multiplications, one pass over the output. */
nd_tensor *nd_linear(nd_tape *t, nd_tensor *x, nd_tensor *w, nd_tensor *b,
                     const nd_linear_params *params);

/** Rows of a table. @param table  [n, D]  @param ids  [n_ids] in 0 .. n - 1, copied
 *  @return [n_ids, D]. */
nd_tensor *nd_embedding_rows(nd_tape *t, nd_tensor *table, const int32_t *ids, int64_t n_ids);

/* ---- norms --------------------------------------------------------------------- */

/** (x - mean) / sqrt(variance + eps) * g + b a row (Ba, Kiros, Hinton 2016).
 *  @param x  [rows, D]  @param g,b  [D] */
nd_tensor *nd_layer_norm(nd_tape *t, nd_tensor *x, nd_tensor *g, nd_tensor *b, float eps);

/** act of the same a column (Ioffe, Szegedy 2015), over all rows of all members of the team where
 *  the pass trains, with the running statistics where it does not. A training pass moves these by
 *  momentum (in PyTorch's sense: the share of the new), the variance as n / (n - 1).
 *  @param x  [rows, D]  @param g,b  [D]
 *  @param running_mean,running_var  [D], changed by rank 0 of the team, once a step
 *  Threads: in a training pass every member of the team calls it. D <= 4,000 then. */
typedef struct nd_batch_norm_params {
    float eps, momentum;
    nd_act act;
} nd_batch_norm_params;
nd_tensor *nd_batch_norm(nd_tape *t, nd_tensor *x, nd_tensor *g, nd_tensor *b,
                         nd_tensor *running_mean, nd_tensor *running_var,
                         const nd_batch_norm_params *params);

/** x / max(|x|, 1e-12) a row. */
nd_tensor *nd_l2_normalize(nd_tape *t, nd_tensor *x);

/* ---- convolutions -------------------------------------------------------------- */

/** 3 x 3, stride 2, no padding, channels last, then ReLU where asked.
 *  @param x  [B, H, W, C], H and W 3 or more  @param w  [K, C, 3, 3]  @param b  [K]
 *  @param prepared  what nd_conv2d_prepare made of w; NULL: made here. For passes that do not
 *  record.
 *  @return [B, (H - 3) / 2 + 1, (W - 3) / 2 + 1, K].
 *  Cost: 0.5625 of the multiplications of the sum as it is written (op_conv2d.c), results within
 *  some 1e-6 of it. */
nd_tensor *nd_conv2d(nd_tape *t, nd_tensor *x, nd_tensor *w, nd_tensor *b, bool relu,
                     const float *prepared);
/** @param out  [ND_WINO_WEIGHTS, K, C], caller's  @param w  [K, C, 3, 3] */
void nd_conv2d_prepare(float *out, const nd_tensor *w);

/** Each channel with a filter of its own, over time, zeros outside.
 *  @param x  [B, T, D]  @param w  [D, 1, K], K odd  @return [B, T, D] */
nd_tensor *nd_depthwise(nd_tape *t, nd_tensor *x, nd_tensor *w);

/** x[..., :D] * sigmoid(x[..., D:]). @param x  [rows, 2 D]  @return [rows, D] */
nd_tensor *nd_glu(nd_tape *t, nd_tensor *x);

/* ---- attention ----------------------------------------------------------------- */

/** How scores know positions. SHIFTED is the published one (models.md 1.9, 17): rows of T scores
 *  are moved left by T - 1 - i within a padded block, so that what lies after the query reads the
 *  next query's scores and one zero. FULL has a row for each distance: r[T - 1 + j - i]. */
typedef enum nd_positions {
    ND_POSITIONS_NONE,
    ND_POSITIONS_SHIFTED,
    ND_POSITIONS_FULL
} nd_positions;

typedef struct nd_attention_params {
    int n_heads;
    float scale; /* of the scores: 1 / sqrt(D) as published, 1 / sqrt(D / H) elsewhere */
    nd_positions positions;
    nd_tensor *r;          /* SHIFTED: [T, D], FULL: [2 T - 1, D]; projected */
    nd_tensor *u, *v;      /* [H, D / H]: added to queries for content, for position; optional */
    const float *key_mask; /* [B, S] 1 or 0: keys that are 0 are not looked at; borrowed until
                             * backward; NULL: all */
    float dropout;
} nd_attention_params;

/** Multi-head attention: softmax(((q + u) k^T + shift((q + v) r^T)) scale) v a head (Vaswani 2017;
 *  Dai 2019).
 *  @param q  [B, T, D]  @param k,v  [B, S, D], S = T where there are positions; H divides D
 *  @return [B, T, D]. Memory: B H T S floats where the pass records. A clip whose keys are all
 *  masked attends to all evenly. */
nd_tensor *nd_attention(nd_tape *t, nd_tensor *q, nd_tensor *k, nd_tensor *v,
                        const nd_attention_params *params);

/* ---- alignment ----------------------------------------------------------------- */

typedef struct nd_align_params {
    const int32_t *video_rows, *track_rows; /* [N] of 1 .. R, [M] of 1 .. S, copied: the rows that
                                             * each has; those after them are not read, but are
                                             * finite. NULL: all */
    float temperature;                      /* of the soft maximum; 0: the maximum itself */
    int32_t *offsets_out;                   /* [N, M], each pair's best offset; NULL: not asked */
} nd_align_params;

/** How well each video lies along each track, wherever it may start: with n rows of video i, s of
 *  track j, and x_o = 1/n sum_k <v_{i,k}, m_{j,o+k}> for o = 0 .. s - n, the sum of p_o x_o with
 *  p = softmax(x / temperature): the maximum of x, and softer while there is a temperature, so
 *  that other offsets learn too. A track of fewer rows than the video is looped: o = 0 .. s - 1,
 *  rows taken modulo s. The first of equal offsets is the best.
 *  @param v  [N, R, W]  @param m  [M, S, W]
 *  @return [N, M]. Memory: 16 R M S floats for a while; N M S where the pass records.
 *  Cost: N R M S W multiplications, twice that backward. Source: models.md 5.3. */
nd_tensor *nd_aligned_scores(nd_tape *t, nd_tensor *v, nd_tensor *m, const nd_align_params *params);

/* ---- pointwise ----------------------------------------------------------------- */

/** act of each value. */
nd_tensor *nd_activate(nd_tape *t, nd_tensor *x, nd_act act);
/** In passes that train: each value 0 with probability p, else x / (1 - p). */
nd_tensor *nd_dropout(nd_tape *t, nd_tensor *x, float p);
/** Rows to their softmax. */
nd_tensor *nd_softmax(nd_tape *t, nd_tensor *x);
/** a + b; b has a's shape, or that of its last dimensions and is added to each. */
nd_tensor *nd_add(nd_tape *t, nd_tensor *a, nd_tensor *b);
nd_tensor *nd_scale(nd_tape *t, nd_tensor *x, float factor);
/** Inner products of rows, each of a with the same of b. @param a,b  [rows, D]; not one tensor
 *  @return [rows, 1] */
nd_tensor *nd_row_dots(nd_tape *t, nd_tensor *a, nd_tensor *b);

/** Values within lo .. hi; those beyond have no gradient. */
nd_tensor *nd_clamp(nd_tape *t, nd_tensor *x, float lo, float hi);

/* ---- Gaussians with a diagonal covariance: a row [2 L] is L means, then L log variances ------ */

/** Their product, a row each, with a standard normal beside them (Hinton 2002; Wu, Goodman 2018):
 *  precision P = 1 + sum_k 1 / var_k, mean = sum_k mean_k / var_k / P.
 *  @param experts  [n] of [rows, 2 L], n <= ND_NODE_INPUTS
 *  @param masks  [n] of [rows], 1 or 0: an expert whose place is 0 has no part in that row;
 *     borrowed until backward; one that is NULL, or NULL itself: all have
 *  @return [rows, 2 L] */
nd_tensor *nd_gauss_product(nd_tape *t, nd_tensor *const *experts, const float *const *masks,
                            int n);

/** mean + noise * deviation (Kingma, Welling 2014, 2.4). @param x  [rows, 2 L]
 *  @param noise  [rows, L] of N(0, 1), borrowed until backward  @return [rows, L] */
nd_tensor *nd_gauss_sample(nd_tape *t, nd_tensor *x, const float *noise);

/* ---- shape --------------------------------------------------------------------- */

/** The same values under other dimensions; they are not copied. */
nd_tensor *nd_reshape(nd_tape *t, nd_tensor *x, int n_dims, const int64_t *dims);
/** [..., A, B] to [..., B, A]. */
nd_tensor *nd_transpose(nd_tape *t, nd_tensor *x);
/** out[j, i] = beta out + in[i, j]: of plain storage, [rows, columns] to [columns, rows]. */
void nd_transpose_into(float *out, float beta, const float *in, int64_t rows, int64_t columns);
/** Rows side by side. @param xs  [n], n <= ND_NODE_INPUTS, of as many rows each */
nd_tensor *nd_concat(nd_tape *t, nd_tensor *const *xs, int n);
/** Columns from .. from + width - 1 of each row. */
nd_tensor *nd_slice(nd_tape *t, nd_tensor *x, int64_t from, int64_t width);
/** The mean over T. @param x  [B, T, D]  @param mask  [B, T] 1 or 0, borrowed until backward; NULL:
 *  all; an item with none gives zeros  @return [B, D] */
nd_tensor *nd_mean_pool(nd_tape *t, nd_tensor *x, const float *mask);

#endif
