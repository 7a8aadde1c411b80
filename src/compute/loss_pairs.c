/* Losses on a matrix of similarities whose diagonal holds the pairs that belong together. Each goes
 * over the lines of the matrix, rows for one direction and columns for the other; a few lines at a
 * time are copied side by side, become their own slope, and are added to that of the matrix. */
#include <math.h>
#include <string.h>

#include "compute/losses.h"

typedef struct pairs {
    nd_tape *t;
    const float *sims;   /* [N, N] */
    float *slope;        /* [N, N]; NULL: not wanted */
    int64_t N, n_kept;   /* items; those that are not left out */
    const int32_t *same; /* [N] or NULL */
    float margin, scale; /* of ranking; of InfoNCE: 1 / temperature */
    int64_t top_k;
    float *hinges; /* [N] of ranking */
    /* Loss of item i from its line [N], which becomes its slope. */
    double (*line)(const struct pairs *p, float *line, int64_t i);
} pairs;

static bool is_left_out(const pairs *p, int64_t i)
{
    return p->same && p->same[i] == -1;
}

static bool is_negative(const pairs *p, int64_t i, int64_t j)
{
    return i != j && (!p->same || (p->same[j] != p->same[i] && p->same[j] != -1));
}

static pairs pairs_of(nd_tape *t, const nd_tensor *sims, const int32_t *same)
{
    pairs p = {.t = t, .sims = sims->data, .N = sims->dims[0], .same = same};
    ND_ASSERT_EQ(nd_tensor_count(sims), p.N * p.N);
    for (int64_t i = 0; i < p.N; i++) {
        ND_ASSERT(!same || same[i] >= -1);
        p.n_kept += !is_left_out(&p, i);
    }
    return p;
}

/* ---- lines ------------------------------------------------------------------------------- */

enum { LINES = 16 }; /* a cache line of each row at a time, where lines are columns */

static void get_lines(float *lines, const float *m, int64_t N, int64_t from, int64_t n,
                      bool columns)
{
    if (!columns) memcpy(lines, m + from * N, (size_t)(n * N) * sizeof *lines);
    for (int64_t i = 0; columns && i < N; i++)
        for (int64_t l = 0; l < n; l++) lines[l * N + i] = m[i * N + from + l];
}

static void add_lines(float *m, const float *lines, float weight, int64_t N, int64_t from,
                      int64_t n, bool columns)
{
    if (!columns)
        for (int64_t i = 0; i < n * N; i++) m[from * N + i] += weight * lines[i];
    for (int64_t i = 0; columns && i < N; i++)
        for (int64_t l = 0; l < n; l++) m[i * N + from + l] += weight * lines[l * N + i];
}

/* weight * the mean of the lines' losses. @param lines  [LINES, N] */
static double one_direction(const pairs *p, float *lines, double weight, bool columns)
{
    double sum = 0;
    weight /= (double)ND_MAX(p->n_kept, 1);
    for (int64_t from = 0; weight != 0 && from < p->N; from += LINES) {
        int64_t n = ND_MIN(LINES, p->N - from);
        get_lines(lines, p->sims, p->N, from, n, columns);
        for (int64_t l = 0; l < n; l++) {
            float *line = lines + l * p->N;
            if (is_left_out(p, from + l)) memset(line, 0, (size_t)p->N * sizeof *line);
            else sum += p->line(p, line, from + l);
        }
        if (p->slope) add_lines(p->slope, lines, (float)weight, p->N, from, n, columns);
    }
    return weight * sum;
}

/* Both directions. @param sides  weights of rows, of columns; both 0: each is usual */
static double both_directions(pairs *p, const float sides[2], double usual)
{
    bool is_given = sides[0] != 0 || sides[1] != 0;
    nd_arena_mark mark = nd_arena_save(&p->t->arena);
    float *lines = nd_tape_floats(p->t, LINES * p->N);
    p->hinges = nd_tape_floats(p->t, p->N);
    if (!lines || !p->hinges) return 0;
    if (p->slope) memset(p->slope, 0, (size_t)(p->N * p->N) * sizeof *p->slope);
    double value = one_direction(p, lines, is_given ? (double)sides[0] : usual, false) +
                   one_direction(p, lines, is_given ? (double)sides[1] : usual, true);
    nd_arena_restore(&p->t->arena, mark);
    return value;
}

/* ---- ranking ----------------------------------------------------------------------------- */

/* The k-th largest of x [n], k = 1 .. n, which is overwritten (Hoare 1961). What cannot be it goes,
 * without a branch on the values. */
static float kth_largest(float *x, int64_t n, int64_t k)
{
    for (;;) {
        float pivot = x[n / 2];
        int64_t n_above = 0, n_equal = 0, n_left = 0;
        for (int64_t i = 0; i < n; i++) {
            n_above += x[i] > pivot;
            n_equal += x[i] == pivot;
        }
        if (k > n_above && k <= n_above + n_equal) return pivot;
        bool upper = k <= n_above;
        for (int64_t i = 0; i < n; i++) {
            float v = x[i];
            x[n_left] = v;
            n_left += upper ? v > pivot : v < pivot;
        }
        k -= upper ? 0 : n_above + n_equal;
        n = n_left;
    }
}

/* A line of similarities to hinges; those of no negative are 0. @return how many negatives */
static int64_t to_hinges(const pairs *p, float *line, int64_t i)
{
    float lift = p->margin - line[i];
    int64_t n_negatives = p->N - 1;
    for (int64_t j = 0; j < p->N; j++) {
        float h = line[j] + lift;
        line[j] = h > 0 ? h : 0;
    }
    line[i] = 0;
    for (int64_t j = 0; p->same && j < p->N; j++) {
        if (j == i || is_negative(p, i, j)) continue;
        line[j] = 0;
        n_negatives--;
    }
    return n_negatives;
}

/* The k-th largest hinge; 0 where no more than k are above 0. */
static float kth_hinge(const pairs *p, const float *line, int64_t k)
{
    int64_t n = 0;
    for (int64_t j = 0; j < p->N; j++) { /* without a branch: half of them are above 0 */
        p->hinges[n] = line[j];
        n += line[j] > 0;
    }
    return n > k ? kth_largest(p->hinges, n, k) : 0;
}

/* Hinges above least become share, and the first of those that equal it, until k are taken; others
 * become 0. @param n  how many were taken  @return their sum */
static double take_hardest(float *line, int64_t N, float least, int64_t k, float share, int64_t *n)
{
    double sum = 0;
    int64_t n_taken = 0;
    for (int64_t j = 0; j < N; j++) {
        bool above = line[j] > least;
        sum += above ? (double)line[j] : 0;
        n_taken += above;
    }
    for (int64_t j = 0; j < N; j++) {
        bool equal = least > 0 && line[j] == least && n_taken < k;
        line[j] = line[j] > least || equal ? share : 0;
        sum += equal ? (double)least : 0;
        n_taken += equal;
    }
    *n = n_taken;
    return sum;
}

static double ranking_line(const pairs *p, float *line, int64_t i)
{
    int64_t k = to_hinges(p, line, i), n;
    if (p->top_k) k = ND_MIN(k, p->top_k);
    if (k == 0) { /* nothing to rank against */
        memset(line, 0, (size_t)p->N * sizeof *line);
        return 0;
    }
    float share = 1 / (float)k;
    double sum = take_hardest(line, p->N, kth_hinge(p, line, k), k, share, &n);
    line[i] = -share * (float)n;
    return sum / (double)k;
}

nd_tensor *nd_loss_ranking_sims(nd_tape *t, nd_tensor *sims, const nd_ranking_params *params)
{
    nd_ranking_params q = params ? *params : (nd_ranking_params){0};
    if (!sims) return NULL;
    ND_ASSERT(q.margin >= 0 && q.top_k >= 0);
    pairs p = pairs_of(t, sims, q.same);
    p.margin = q.margin;
    p.top_k = q.top_k;
    p.line = ranking_line;
    p.slope = nd_loss_slope(t, sims);
    double value = both_directions(&p, (const float[]){q.rows, q.columns}, 1);
    nd_loss_part part = {sims, p.slope, 1};
    return nd_loss_make(t, value, &part, 1);
}

nd_tensor *nd_loss_ranking(nd_tape *t, nd_tensor *x, nd_tensor *y, const nd_ranking_params *params)
{
    return nd_loss_ranking_sims(t, nd_cosines(t, x, y), params);
}

/* ---- InfoNCE ----------------------------------------------------------------------------- */

/* Slope of a row for s_ij: scale * (softmax_j - 1 where j is i). */
static double infonce_line(const pairs *p, float *line, int64_t i)
{
    double positive = (double)p->scale * (double)line[i];
    for (int64_t j = 0; p->same && j < p->N; j++)
        if (j != i && !is_negative(p, i, j)) line[j] = -INFINITY;
    double log_sum = nd_loss_softmax(p->t, line, p->scale, p->N);
    for (int64_t j = 0; j < p->N; j++) line[j] *= p->scale;
    for (int64_t j = 0; p->same && j < p->N; j++)
        if (j != i && !is_negative(p, i, j)) line[j] = 0;
    line[i] -= p->scale;
    return log_sum - positive;
}

/* The scale that is used, and whether descent may raise it, lower it: beyond a bound only the way
 * back is open. */
static float scale_of(const nd_infonce_params *q, bool *may_rise, bool *may_fall)
{
    *may_rise = *may_fall = true;
    if (!q->log_scale) return 1 / (q->temperature != 0 ? q->temperature : 0.07f);
    ND_ASSERT_EQ(nd_tensor_count(q->log_scale), 1);
    float scale = expf(q->log_scale->data[0]);
    float top = q->coldest > 0 ? 1 / q->coldest : INFINITY;
    float bottom = q->hottest > 0 ? 1 / q->hottest : 0;
    *may_rise = scale < top;
    *may_fall = scale > bottom;
    return ND_CLAMP(scale, bottom, top);
}

/* As the loss depends on scale * s alone, its slope for log(scale) is the sum of s_ij * that for
 * s_ij. Descent goes against the slope. */
static const float *scale_slope(nd_tape *t, const pairs *p, bool may_rise, bool may_fall)
{
    float *slope = nd_tape_floats(t, 1);
    double sum = 0;
    for (int64_t i = 0; p->slope && i < p->N * p->N; i++)
        sum += (double)p->slope[i] * (double)p->sims[i];
    if (slope) *slope = (sum < 0 && !may_rise) || (sum > 0 && !may_fall) ? 0 : (float)sum;
    return slope;
}

nd_tensor *nd_loss_infonce(nd_tape *t, nd_tensor *sims, const nd_infonce_params *params)
{
    nd_infonce_params q = params ? *params : (nd_infonce_params){0};
    if (!sims) return NULL;
    ND_ASSERT(q.temperature >= 0 && q.coldest >= 0 && q.hottest >= 0);
    bool may_rise, may_fall, learns = t->pass.record && q.log_scale && q.log_scale->wants_grad;
    pairs p = pairs_of(t, sims, q.same);
    p.scale = scale_of(&q, &may_rise, &may_fall);
    p.line = infonce_line;
    p.slope = nd_loss_slope(t, sims);
    if (learns && !p.slope) p.slope = nd_tape_floats(t, p.N * p.N);
    double value = both_directions(&p, (const float[]){q.rows, q.columns}, 0.5);
    const float *dscale = learns ? scale_slope(t, &p, may_rise, may_fall) : NULL;
    nd_loss_part parts[] = {{sims, p.slope, 1}, {q.log_scale, dscale, 1}};
    return nd_loss_make(t, value, parts, 2);
}
