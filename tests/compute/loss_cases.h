/* The cases of test_losses.c: each loss, and the same in double as the formula reads. Names, shapes
 * and ranges are those of tests/reference/losses.py. */
#ifndef ND_TESTS_LOSS_CASES_H
#define ND_TESTS_LOSS_CASES_H

#include <math.h>

#include "compute/losses.h"

enum { LOSS_INPUTS = 3, LOSS_VALUES = 324 };

typedef struct loss_case {
    const char *name;
    double lo, hi;                /* inputs are uniform in between */
    int fixed;                    /* the input that gets no gradient; -1: there is none */
    int64_t dims[LOSS_INPUTS][4]; /* up to the first 0; none: there is no such input */
    nd_tensor *(*run)(nd_tape *t, nd_tensor *const *in);
    void (*reference)(double *out, const double *const *in); /* *out is 0 before */
} loss_case;

enum { R = 6, D = 5, K = 5, N = 7, W = 18, F = 6, BLOCK = 5 };

static const int32_t targets[R] = {3, 0, -1, 4, 1, -1};
static const int32_t same[N] = {0, 1, 0, 2, -1, 3, 1};

/* ---- the cases: each op, and the same in double ------------------------------------------ */

/* How near a reference came to a kink, where finite differences are of no use. */
static double kink;

static void mind_kink(double h)
{
    kink = fmin(kink, fabs(h));
}

static double hinge(double h)
{
    mind_kink(h);
    return fmax(0, h);
}

static double dot(const double *a, const double *b, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

static double cosine(const double *a, const double *b, int n)
{
    return dot(a, b, n) / sqrt(dot(a, a, n) * dot(b, b, n));
}

/* -log softmax(z)_k, z [n]. */
static double minus_log(const double *z, int n, int k)
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum += exp(z[i]);
    return log(sum) - z[k];
}

static nd_tensor *run_cross_entropy(nd_tape *t, nd_tensor *const *in)
{
    int32_t all[R];
    for (int r = 0; r < R; r++) all[r] = (5 * r + 1) % 4;
    return nd_loss_cross_entropy(t, in[0], all, 0);
}

static void ref_cross_entropy(double *out, const double *const *in)
{
    for (int r = 0; r < R; r++) *out += minus_log(in[0] + 4 * r, 4, (5 * r + 1) % 4) / R;
}

static nd_tensor *run_cross_entropy_smooth(nd_tape *t, nd_tensor *const *in)
{
    return nd_loss_cross_entropy(t, in[0], targets, 0.1f);
}

static void ref_cross_entropy_smooth(double *out, const double *const *in)
{
    for (int r = 0; r < R; r++) {
        if (targets[r] < 0) continue;
        *out += 0.9 * minus_log(in[0] + K * r, K, targets[r]) / 4;
        for (int k = 0; k < K; k++) *out += 0.1 / K * minus_log(in[0] + K * r, K, k) / 4;
    }
}

static nd_tensor *run_binary_cross_entropy(nd_tape *t, nd_tensor *const *in)
{
    float labels[R * K];
    for (int i = 0; i < R * K; i++) labels[i] = 0.25f * (float)(i * 3 % 5);
    return nd_loss_binary_cross_entropy(t, in[0], labels);
}

static void ref_binary_cross_entropy(double *out, const double *const *in)
{
    for (int i = 0; i < R * K; i++) {
        double y = 0.25 * (i * 3 % 5), s = 1 / (1 + exp(-in[0][i]));
        *out -= (y * log(s) + (1 - y) * log(1 - s)) / (R * K);
    }
}

static nd_tensor *run_mse(nd_tape *t, nd_tensor *const *in)
{
    return nd_loss_mse(t, in[0], in[1]);
}

static void ref_mse(double *out, const double *const *in)
{
    for (int i = 0; i < 60; i++) *out += (in[0][i] - in[1][i]) * (in[0][i] - in[1][i]) / 60;
}

static nd_tensor *run_triplet_euclidean(nd_tape *t, nd_tensor *const *in)
{
    return nd_loss_triplet(t, in[0], in[1], in[2], 0.5f, ND_DISTANCE_EUCLIDEAN);
}

static double euclidean(const double *a, const double *b)
{
    double sum = 0;
    for (int i = 0; i < D; i++) sum += (a[i] - b[i] + 1e-6) * (a[i] - b[i] + 1e-6);
    return sqrt(sum);
}

static void ref_triplet_euclidean(double *out, const double *const *in)
{
    for (int i = 0; i < R * D; i += D)
        *out += hinge(euclidean(in[0] + i, in[1] + i) - euclidean(in[0] + i, in[2] + i) + 0.5) / R;
}

static nd_tensor *run_triplet_cosine(nd_tape *t, nd_tensor *const *in)
{
    return nd_loss_triplet(t, in[0], in[1], in[2], 0.3f, ND_DISTANCE_COSINE);
}

static void ref_triplet_cosine(double *out, const double *const *in)
{
    for (int i = 0; i < R * D; i += D) {
        double near = cosine(in[0] + i, in[1] + i, D), far = cosine(in[0] + i, in[2] + i, D);
        *out += hinge(far - near + (double)0.3f) / R;
    }
}

static nd_tensor *run_kl_normal(nd_tape *t, nd_tensor *const *in)
{
    return nd_loss_kl_normal(t, in[0], in[1]);
}

static void ref_kl_normal(double *out, const double *const *in)
{
    for (int i = 0; i < R * D; i++)
        *out += 0.5 * (in[0][i] * in[0][i] + exp(in[1][i]) - 1 - in[1][i]) / R;
}

/* Similarities of all pairs; a matrix turned. */
static void all_cosines(double *s, const double *x, const double *y, int n, int width)
{
    for (int i = 0; i < n * n; i++) s[i] = cosine(x + i / n * width, y + i % n * width, width);
}

static void turn(double *out, const double *s, int n)
{
    for (int i = 0; i < n * n; i++) out[i % n * n + i / n] = s[i];
}

static bool is_negative(const int32_t *ids, int i, int j)
{
    return ids ? ids[i] != ids[j] && ids[j] >= 0 : i != j;
}

static int down(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* The mean over rows of the mean of the k hardest. */
static double ranking_rows(const double *s, int n, double margin, int k, const int32_t *ids)
{
    double sum = 0, n_kept = 0;
    for (int i = 0; i < n; i++) {
        double hinges[W] = {0}, row = 0;
        int n_hinges = 0;
        if (ids && ids[i] < 0) continue;
        n_kept++;
        for (int j = 0; j < n; j++)
            if (is_negative(ids, i, j))
                hinges[n_hinges++] = hinge(margin - s[i * n + i] + s[i * n + j]);
        qsort(hinges, (size_t)n_hinges, sizeof *hinges, down);
        if (k < n_hinges && hinges[k] > 0) mind_kink(hinges[k - 1] - hinges[k]);
        n_hinges = ND_MIN(n_hinges, k);
        for (int j = 0; j < n_hinges; j++) row += hinges[j] / n_hinges;
        sum += row;
    }
    return sum / n_kept;
}

static nd_tensor *run_ranking(nd_tape *t, nd_tensor *const *in)
{
    nd_ranking_params p = {.margin = 0.1f, .top_k = 3, .rows = 3, .columns = 1};
    return nd_loss_ranking(t, in[0], in[1], &p);
}

static void ref_ranking(double *out, const double *const *in)
{
    double s[N * N], turned[N * N];
    all_cosines(s, in[0], in[1], N, D);
    turn(turned, s, N);
    *out = 3 * ranking_rows(s, N, (double)0.1f, 3, NULL) +
           ranking_rows(turned, N, (double)0.1f, 3, NULL);
}

static nd_tensor *run_ranking_same(nd_tape *t, nd_tensor *const *in)
{
    return nd_loss_ranking(t, in[0], in[1],
                           &(nd_ranking_params){.margin = 0.2f, .top_k = 99, .same = same});
}

static void ref_ranking_same(double *out, const double *const *in)
{
    double s[N * N], turned[N * N];
    all_cosines(s, in[0], in[1], N, D);
    turn(turned, s, N);
    *out = ranking_rows(s, N, (double)0.2f, 99, same) +
           ranking_rows(turned, N, (double)0.2f, 99, same);
}

static nd_tensor *run_ranking_sims(nd_tape *t, nd_tensor *const *in)
{
    return nd_loss_ranking_sims(t, in[0],
                                &(nd_ranking_params){.top_k = 2, .same = same, .columns = 1});
}

static void ref_ranking_sims(double *out, const double *const *in)
{
    double turned[N * N];
    turn(turned, in[0], N);
    *out = ranking_rows(turned, N, 0, 2, same);
}

static double infonce_rows(const double *s, int n, double scale, const int32_t *ids)
{
    double sum = 0, n_kept = 0;
    for (int i = 0; i < n; i++) {
        double z[W] = {scale * s[i * n + i]};
        int n_rivals = 1;
        if (ids && ids[i] < 0) continue;
        n_kept++;
        for (int j = 0; j < n; j++)
            if (is_negative(ids, i, j)) z[n_rivals++] = scale * s[i * n + j];
        sum += minus_log(z, n_rivals, 0);
    }
    return sum / n_kept;
}

static nd_tensor *run_infonce(nd_tape *t, nd_tensor *const *in)
{
    return nd_loss_infonce(t, in[0], NULL);
}

static void ref_infonce(double *out, const double *const *in)
{
    double turned[N * N];
    turn(turned, in[0], N);
    *out = 0.5 * infonce_rows(in[0], N, 1 / 0.07, NULL) +
           0.5 * infonce_rows(turned, N, 1 / 0.07, NULL);
}

static nd_tensor *run_infonce_learned(nd_tape *t, nd_tensor *const *in)
{
    nd_infonce_params p = {.log_scale = in[1], .same = same, .rows = 1, .columns = 0.25f};
    return nd_loss_infonce(t, in[0], &p);
}

static void ref_infonce_learned(double *out, const double *const *in)
{
    double turned[N * N], scale = exp(in[1][0]);
    turn(turned, in[0], N);
    *out = infonce_rows(in[0], N, scale, same) + 0.25 * infonce_rows(turned, N, scale, same);
}

static nd_tensor *run_infonce_cosines(nd_tape *t, nd_tensor *const *in)
{
    return nd_loss_infonce(t, nd_cosines(t, in[0], in[1]),
                           &(nd_infonce_params){.temperature = 0.2f, .rows = 1});
}

static void ref_infonce_cosines(double *out, const double *const *in)
{
    double s[N * N];
    all_cosines(s, in[0], in[1], N, D);
    *out = infonce_rows(s, N, 1 / 0.2, NULL);
}

/* More items than are worked on at a time (loss_pairs.c). */
static nd_tensor *run_ranking_wide(nd_tape *t, nd_tensor *const *in)
{
    int32_t ids[W];
    for (int i = 0; i < W; i++) ids[i] = i % 7;
    return nd_loss_ranking_sims(t, in[0],
                                &(nd_ranking_params){.margin = 0.1f, .top_k = 4, .same = ids});
}

static void ref_ranking_wide(double *out, const double *const *in)
{
    double turned[W * W];
    int32_t ids[W];
    for (int i = 0; i < W; i++) ids[i] = i % 7;
    turn(turned, in[0], W);
    *out = ranking_rows(in[0], W, (double)0.1f, 4, ids) +
           ranking_rows(turned, W, (double)0.1f, 4, ids);
}

static nd_tensor *run_infonce_wide(nd_tape *t, nd_tensor *const *in)
{
    return nd_loss_infonce(t, in[0], &(nd_infonce_params){.temperature = 0.5f});
}

static void ref_infonce_wide(double *out, const double *const *in)
{
    double turned[W * W];
    turn(turned, in[0], W);
    *out = 0.5 * infonce_rows(in[0], W, 2, NULL) + 0.5 * infonce_rows(turned, W, 2, NULL);
}

static nd_tensor *run_structure(nd_tape *t, nd_tensor *const *in)
{
    return nd_loss_structure(t, in[0], in[1], BLOCK);
}

static double sign(double x)
{
    mind_kink(x);
    return (x > 0) - (x < 0);
}

static void ref_structure(double *out, const double *const *in)
{
    double e[BLOCK * BLOCK], f[BLOCK * BLOCK];
    all_cosines(e, in[0], in[0], BLOCK, D);
    all_cosines(f, in[1], in[1], BLOCK, F);
    for (int i = 0; i < BLOCK; i++)
        for (int j = i * BLOCK; j < i * BLOCK + BLOCK - 1; j++) {
            double de = -e[j] + e[j + 1], df = -f[j] + f[j + 1];
            *out += (sign(df) - sign(de)) * -de / (BLOCK * (BLOCK - 1));
        }
}

static nd_tensor *run_neighbours(nd_tape *t, nd_tensor *const *in)
{
    return nd_loss_neighbours(t, in[0], in[1], 0.3f);
}

/* -log of the share of item j among i's neighbours. */
static double neighbour(const double *s, int i, int j)
{
    double z[N - 1];
    int n = 0, at = 0;
    for (int k = 0; k < N; k++) {
        if (k == i) continue;
        if (k == j) at = n;
        z[n++] = s[i * N + k] / (double)0.3f;
    }
    return minus_log(z, n, at);
}

static void ref_neighbours(double *out, const double *const *in)
{
    for (int i = 0; i < N * N; i++) {
        if (i / N == i % N) continue;
        double p = neighbour(in[1], i / N, i % N), q = neighbour(in[0], i / N, i % N);
        *out += exp(-p) * (q - p) / N;
    }
}

static nd_tensor *run_sum(nd_tape *t, nd_tensor *const *in)
{
    float weights[11] = {0};
    nd_tensor *losses[11] = {0};
    for (int i = 0; i < 10; i++) weights[i] = (float)i - 4.5f;
    for (int i = 0; i < 10; i++) losses[i] = in[i % 3];
    return nd_loss_sum(t, weights, losses, 11);
}

static void ref_sum(double *out, const double *const *in)
{
    for (int i = 0; i < 10; i++) *out += (i - 4.5) * in[i % 3][0];
}

#define CASE(name, lo, hi, fixed, ...)                               \
    {                                                                \
#name, lo, hi, fixed, {__VA_ARGS__ }, run_##name, ref_##name \
    }

static const loss_case cases[] = {
    CASE(cross_entropy, -3, 3, -1, {R, 4}),
    CASE(cross_entropy_smooth, -3, 3, -1, {R, K}),
    CASE(binary_cross_entropy, -4, 4, -1, {R, K}),
    CASE(mse, -1, 1, -1, {4, 3, 5}, {4, 3, 5}),
    CASE(triplet_euclidean, -1, 1, -1, {R, D}, {R, D}, {R, D}),
    CASE(triplet_cosine, -1, 1, -1, {R, D}, {R, D}, {R, D}),
    CASE(kl_normal, -2, 2, -1, {R, D}, {R, D}),
    CASE(ranking, -1, 1, -1, {N, D}, {N, D}),
    CASE(ranking_same, -1, 1, -1, {N, D}, {N, D}),
    CASE(ranking_sims, -1, 1, -1, {N, N}),
    CASE(infonce, -1, 1, -1, {N, N}),
    CASE(infonce_learned, 0.5, 2, -1, {N, N}, {1}),
    CASE(infonce_cosines, -1, 1, -1, {N, D}, {N, D}),
    CASE(ranking_wide, -9, 9, -1, {W, W}),
    CASE(infonce_wide, -1, 1, -1, {W, W}),
    CASE(structure, -1, 1, 1, {N, D}, {N, F}),
    CASE(neighbours, -1, 1, 1, {N, N}, {N, N}),
    CASE(sum, -1, 1, -1, {1}, {1}, {1}),
};

#endif
