/* Losses: ops that make a [1] tensor, which nd_tape_backward starts from. As with all ops, NULL for
 * a tensor that is not optional gives NULL, a broken shape ends the program (ops.h).
 *
 * A loss works out its value and its slope (the gradient for a weight of 1) in one go, and keeps
 * the slope until backward, which scales it: so ids, targets and masks are read at once and not
 * again. Values are summed in double. The gradient goes to every tensor that wants one.
 *
 * A hinge max(0, h) has no gradient where h = 0. A mean over nothing is 0, without gradient.
 *
 * Letters: N rows (items), D width, K classes; "rows" is the product of all dimensions but the
 * last. With a team each member sees its own share of the batch: means are over that share, and
 * negatives come from it. Threads: as the tape's. Allocates: from the tape. Where no time is given,
 * a loss takes a few passes over its inputs. Memory: an input's size again for each input that
 * wants a gradient. Checked by tests/compute/test_losses.c, most of them against PyTorch. */
#ifndef ND_COMPUTE_LOSSES_H
#define ND_COMPUTE_LOSSES_H

#include "compute/ops.h"

/* ---- classes ----------------------------------------------------------------------------- */

/** Mean over rows of (1 - e) (-log p_target) + e / K sum_k (-log p_k), p = softmax(row)
 *  (Szegedy 2016, section 7).
 *  @param logits  [rows, K]
 *  @param targets  [rows] in 0 .. K - 1; -1: the row is left out
 *  @param label_smoothing  e in [0, 1)
 *  As PyTorch's cross_entropy; deviation: 0, not NaN, where every row is left out. */
nd_tensor *nd_loss_cross_entropy(nd_tape *t, nd_tensor *logits, const int32_t *targets,
                                 float label_smoothing);

/** Mean over all rows * K of -y log s(z) - (1 - y) log(1 - s(z)), s the sigmoid: classes that do
 *  not exclude each other.
 *  @param logits  z [rows, K]  @param targets  y [rows, K] in [0, 1]
 *  As PyTorch's binary_cross_entropy_with_logits. */
nd_tensor *nd_loss_binary_cross_entropy(nd_tape *t, nd_tensor *logits, const float *targets);

/* ---- distances --------------------------------------------------------------------------- */

/** Mean over all values of (a - b)^2. @param a,b  of as many values; may be one tensor */
nd_tensor *nd_loss_mse(nd_tape *t, nd_tensor *a, nd_tensor *b);

/** EUCLIDEAN: |a - b + 1e-6|, 1e-6 added to each value, as PyTorch's TripletMarginLoss does: equal
 *  rows then have a gradient, a small step apart or together. COSINE: 1 - <a, b> / (|a| |b|). */
typedef enum nd_distance { ND_DISTANCE_EUCLIDEAN, ND_DISTANCE_COSINE } nd_distance;

/** Mean over rows of max(0, d(anchor, positive) - d(anchor, negative) + margin) (Schroff 2015,
 *  without its squares).
 *  @param anchor,positive,negative  [rows, D]  @param margin  >= 0
 *  Deviation from PyTorch: no gradient where the hinge is exactly 0. COSINE: as in nd_cosines. */
nd_tensor *nd_loss_triplet(nd_tape *t, nd_tensor *anchor, nd_tensor *positive, nd_tensor *negative,
                           float margin, nd_distance kind);

/** Mean over rows of KL(N(mean, s^2) || N(0, I)) = 1/2 sum_d (mean^2 + s^2 - 1 - log s^2) (Kingma,
 *  Welling 2014, appendix B).
 *  @param mean  [rows, D]
 *  @param log_var  [rows, D], log s^2; over 88 its gradient is infinite: clamp it before */
nd_tensor *nd_loss_kl_normal(nd_tape *t, nd_tensor *mean, nd_tensor *log_var);

/* ---- batches of pairs: row i of one side belongs to row i of the other ------------------- */

/** Every row against every row: <x_i, y_j> / (|x_i| |y_j|). A row with |x| <= 1e-8 has cosine 0
 *  with all, and no gradient: it points nowhere.
 *  @param x  [N, D]  @param y  [M, D]; may be x
 *  @return [N, M]. Cost: N * M * D multiplications, twice that backward. Without the lengths
 *  nd_linear(t, x, y, NULL, NULL) is the same. */
nd_tensor *nd_cosines(nd_tape *t, nd_tensor *x, nd_tensor *y);

/** Zeroed: every negative, margin 0, both directions. */
typedef struct nd_ranking_params {
    float margin;        /* >= 0; 0.1 in CBVMR */
    int top_k;           /* the hardest negatives of an item, as many as there are; 0: all */
    const int32_t *same; /* optional, [N] >= -1: items of equal ids are no negatives of each other
                            (one track in two videos), an item of -1 is left out altogether */
    float rows, columns; /* weights of the directions x to y and y to x; both 0: 1 and 1 */
} nd_ranking_params;

/** rows * mean_i r(i) + columns * mean_i c(i), where r(i) is the mean of max(0, margin - s_ii +
 *  s_ij) over the top_k negatives j of i with the largest s_ij, and c(i) the same with s_ji; 0 for
 *  an item without negatives. The only positive of an item is its own pair. Of equally hard ones
 *  the first are taken.
 *  @param sims  s [N, N], larger is nearer  @param params  NULL: zeroed
 *  Source: Hong 2018 (CBVMR), UT-CMVMR's code (models.md 1.6, 2). Deviation: same, and top_k past
 *  the number of negatives. Cost: O(N^2). */
nd_tensor *nd_loss_ranking_sims(nd_tape *t, nd_tensor *sims, const nd_ranking_params *params);
/** The same of nd_cosines(x, y). @param x,y  [N, D] */
nd_tensor *nd_loss_ranking(nd_tape *t, nd_tensor *x, nd_tensor *y, const nd_ranking_params *params);

/** Zeroed: temperature 0.07, both directions. */
typedef struct nd_infonce_params {
    float temperature;    /* > 0; 0: 0.07 */
    nd_tensor *log_scale; /* optional, [1]: temperature = exp(-log_scale), learned; .temperature is
                             not read then */
    float coldest, hottest; /* bounds of the learned temperature, 0: none. Beyond one the bound is
                               used, and only the gradient that leads back inside goes through */
    const int32_t *same;    /* optional, [N], as in nd_ranking_params */
    float rows, columns;    /* weights of the directions; both 0: 1/2 and 1/2 */
} nd_infonce_params;

/** rows * mean_i -log(e(s_ii) / sum_j e(s_ij)) + columns * the same with s_ji; e(s) =
 *  exp(s / temperature), j over i and its negatives (van den Oord 2018; Radford 2021).
 *  @param sims  s [N, N], larger is nearer: nd_cosines(x, y), or what another op makes of pairs
 *     (models.md 5.3: the best over offsets)
 *  @param params  NULL: zeroed
 *  Cost: 2 N^2 exponentials. */
nd_tensor *nd_loss_infonce(nd_tape *t, nd_tensor *sims, const nd_infonce_params *params);

/** CBVMR's soft intra-modal structure (Hong 2018; models.md 2): the mean over i = 0 .. n - 1, j =
 *  0 .. n - 2 and k = j + 1 of (sgn(f_ij - f_ik) - sgn(e_ij - e_ik)) (e_ik - e_ij), f and e being
 *  -cosine of rows of low and of x, n = min(block, N): what is nearer in the input shall be nearer
 *  in the embedding. sgn has no gradient.
 *  @param x    [N, D] embeddings
 *  @param low  [N, F] what they were made from; it gets no gradient
 *  @param block  0: 100
 *  Deviation: f that differ by less than 1e-6 are equal, as it may be rounding. Cost: n^2 (F + 3 D)
 *  multiplications. */
nd_tensor *nd_loss_structure(nd_tape *t, nd_tensor *x, const nd_tensor *low, int64_t block);

/** Soft intra-modal structure: the mean over i of KL(p_i || q_i), with p_i = softmax over j other
 *  than i of targets_ij / temperature, q_i the same of sims: whom an item is near in one space, it
 *  shall be near in the other.
 *  @param sims  [N, N]: nd_cosines(x, x)  @param targets  [N, N]; it gets no gradient
 *  @param temperature  > 0
 *  Fewer than 3 items: 0. Source: models.md 5.3. Cost: 2 N^2 exponentials. */
nd_tensor *nd_loss_neighbours(nd_tape *t, nd_tensor *sims, const nd_tensor *targets,
                              float temperature);

/* ---- several ----------------------------------------------------------------------------- */

/** Sum of weights[i] * losses[i]. A loss of weight 0 is left out, and may be NULL.
 *  @param weights  [n]  @param losses  [n] of [1] each, one may come twice  @param n  >= 0 */
nd_tensor *nd_loss_sum(nd_tape *t, const float *weights, nd_tensor *const *losses, int n);

/* ---- for those who write losses ---------------------------------------------------------- */

/** Place for d loss / d x, of x's size, until backward. NULL: x wants none, or there is no memory
 *  (nd_loss_make then returns NULL). */
float *nd_loss_slope(nd_tape *t, const nd_tensor *x);

/** d loss / d of = factor * slope. slope NULL: there is none. */
typedef struct nd_loss_part {
    nd_tensor *of;      /* optional */
    const float *slope; /* of's size, kept until backward */
    float factor;
} nd_loss_part;

/** The loss. @param parts  [n], n <= ND_NODE_INPUTS, copied  @return [1] */
nd_tensor *nd_loss_make(nd_tape *t, double value, const nd_loss_part *parts, int n);

/** p [n] to softmax(scale * p); p_i = -INFINITY gives about 0, but not all may be that.
 *  @return log(sum_i exp(scale * p_i)) */
double nd_loss_softmax(const nd_tape *t, float *p, float scale, int64_t n);

#endif
