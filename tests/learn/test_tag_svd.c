/* PPMI and its truncated SVD, beside NumPy's (tests/reference/tag_vectors.py). */
#include "../test.h"
#include "learn/tag_svd.h"

static nd_array golden(const char *name)
{
    nd_array a = {0};
    nd_diag diag = {0};
    char path[64];
    snprintf(path, sizeof path, "tests/golden/tag_%s.npy", name);
    if (nd_array_read_npy(&a, path, &diag)) printf("FAIL %s: %s\n", path, diag.text), exit(1);
    return a;
}

/* The golden pairs as lists. */
static nd_tag_lists read_pairs(void)
{
    nd_array a = golden("pairs");
    int rows = (int)a.dims[0], cols = (int)a.dims[1];
    nd_tag_lists l = {.n = rows,
                      .first = nd_calloc((size_t)rows + 1, sizeof *l.first),
                      .values = nd_calloc((size_t)(rows * cols), sizeof *l.values)};
    int64_t used = 0;
    for (int i = 0; i < rows; i++) {
        for (int k = 0; k < cols; k++) {
            int32_t tag = ((const int32_t *)a.data)[i * cols + k];
            if (tag >= 0) l.values[used++] = tag;
        }
        l.first[i + 1] = used;
    }
    nd_array_deinit(&a);
    return l;
}

/* Largest difference of a sparse matrix from a full one. */
static double differ(const nd_sparse *m, const float *full)
{
    double worst = 0;
    float *found = nd_calloc((size_t)m->n * (size_t)m->n, sizeof *found);
    for (int i = 0; i < m->n; i++)
        for (int64_t e = m->first[i]; e < m->first[i + 1]; e++)
            found[i * m->n + m->col[e]] = m->value[e];
    for (int i = 0; i < m->n * m->n; i++) worst = fmax(worst, fabs((double)(found[i] - full[i])));
    free(found);
    return worst;
}

static double gram_differs(const double *u, const double *s, const float *gram, int n, int k)
{
    double worst = 0;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            double sum = 0;
            for (int c = 0; c < k; c++) sum += u[i * k + c] * u[j * k + c] * fabs(s[c]);
            worst = fmax(worst, fabs(sum - (double)gram[i * n + j]));
        }
    return worst;
}

static void test_golden(void)
{
    nd_tag_lists pairs = read_pairs();
    nd_array ppmi = golden("ppmi"), values = golden("values"), gram = golden("gram");
    int n = (int)ppmi.dims[0], k = (int)values.dims[0];
    nd_sparse m = {0};
    double *u = nd_calloc((size_t)(n * k), sizeof *u), *s = nd_calloc((size_t)k, sizeof *s),
           worst = 0;
    CHECK("ppmi", !nd_ppmi(&m, &pairs, n), "failed");
    CHECK_NEAR("ppmi is numpy's", differ(&m, ppmi.data), 0, 1e-5);
    CHECK("svd", !nd_sparse_svd(u, s, &m, k, NULL), "failed");
    for (int i = 0; i < k; i++)
        worst = fmax(worst, fabs(fabs(s[i]) - (double)((const float *)values.data)[i]));
    CHECK_NEAR("singular values are numpy's", worst, 0, 1e-4);
    CHECK_NEAR("vectors are numpy's", gram_differs(u, s, gram.data, n, k), 0, 1e-3);
    double last = 0;
    for (int c = 0; c < k; c++) last += fabs(u[(n - 1) * k + c]);
    CHECK_NEAR("a tag of no pair has zeroes", last, 0, 1e-12);
    free(u);
    free(s);
    nd_sparse_deinit(&m);
    nd_array_deinit(&ppmi);
    nd_array_deinit(&values);
    nd_array_deinit(&gram);
    free(pairs.first);
    free(pairs.values);
}

/* A full matrix of random numbers, symmetric, whose spectrum falls slowly. */
static nd_sparse random_matrix(int n)
{
    nd_sparse m = {.n = n,
                   .first = nd_calloc((size_t)n + 1, sizeof *m.first),
                   .col = nd_calloc((size_t)(n * n), sizeof *m.col),
                   .value = nd_calloc((size_t)(n * n), sizeof *m.value)};
    nd_rng rng;
    nd_rng_init(&rng, 3, 0);
    for (int i = 0; i < n; i++) {
        m.first[i + 1] = (int64_t)(i + 1) * n;
        for (int j = 0; j < n; j++) {
            m.col[i * n + j] = j;
            m.value[i * n + j] = j < i ? m.value[j * n + i] : (float)nd_rng_normal(&rng);
        }
    }
    return m;
}

/* Largest of |M u - (u' M u) u| over the columns. */
static double residual(const nd_sparse *m, const double *u, int k)
{
    double worst = 0, *y = nd_calloc((size_t)m->n, sizeof *y);
    for (int c = 0; c < k; c++) {
        double value = 0;
        for (int i = 0; i < m->n; i++) {
            y[i] = 0;
            for (int64_t e = m->first[i]; e < m->first[i + 1]; e++)
                y[i] += (double)m->value[e] * u[m->col[e] * k + c];
            value += y[i] * u[i * k + c];
        }
        for (int i = 0; i < m->n; i++) worst = fmax(worst, fabs(y[i] - value * u[i * k + c]));
    }
    free(y);
    return worst;
}

static void test_whole(void)
{
    enum { N = 20 };
    nd_sparse m = random_matrix(N);
    double u[N * N], s[N], norm = 0, sum = 0, again[N * N];
    nd_sparse_svd(u, s, &m, N, NULL);
    for (int i = 0; i < N * N; i++) norm += (double)m.value[i] * (double)m.value[i];
    for (int i = 0; i < N; i++) sum += s[i] * s[i];
    CHECK_NEAR("all values: the norm is kept", sum, norm, 1e-6);
    CHECK_NEAR("all vectors: M u = value u", residual(&m, u, N), 0, 1e-8);
    bool is_falling = true;
    for (int i = 1; i < N; i++) is_falling &= fabs(s[i]) <= fabs(s[i - 1]);
    CHECK("values fall", is_falling, "they do not");
    nd_sparse_svd(again, s, &m, N, NULL);
    CHECK("again the same bytes", !memcmp(u, again, sizeof u), "they differ");
    nd_sparse_deinit(&m);
}

static void test_slow_spectrum(void)
{
    enum { N = 120, K = 4 };
    nd_sparse m = random_matrix(N);
    double u[N * K], s[K];
    nd_sparse_svd(u, s, &m, K, NULL);
    CHECK_NEAR("slow spectrum: M u = value u", residual(&m, u, K), 0, 0.01);
    nd_sparse_deinit(&m);
}

/* Matrices without anything in them, of one row, of low rank. */
static void test_small(void)
{
    int64_t first[4] = {0};
    nd_sparse none = {.n = 3, .first = first};
    double u[6], s[2];
    CHECK("nothing in it", !nd_sparse_svd(u, s, &none, 2, NULL) && s[0] <= 0 && fabs(u[0]) <= 0,
          "%g %g", s[0], u[0]);
    nd_tag_lists no_pairs = {.first = first};
    nd_sparse m = {0};
    CHECK("ppmi of no pair", !nd_ppmi(&m, &no_pairs, 1) && m.first[1] == 0, "failed");
    CHECK("one row", !nd_sparse_svd(u, s, &m, 2, NULL) && s[0] <= 0 && s[1] <= 0, "%g", s[0]);
    nd_sparse_deinit(&m);
    int64_t two_first[] = {0, 1, 2};
    int32_t col[] = {1, 0};
    float value[] = {2, 2};
    nd_sparse two = {2, two_first, col, value};
    CHECK("two that come together", !nd_sparse_svd(u, s, &two, 1, NULL), "failed");
    CHECK_NEAR("their value", fabs(s[0]), 2, 1e-9);
}

static int stop(void *user, const char *what, int64_t done, int64_t total, const char *item)
{
    (void)user, (void)what, (void)done, (void)total, (void)item;
    return 1;
}

int main(void)
{
    nd_progress progress = {.update = stop};
    nd_sparse m = random_matrix(40);
    double u[40], s[1];
    CHECK("stopped", nd_sparse_svd(u, s, &m, 1, &progress) == ND_ECANCELLED, "went on");
    nd_sparse_deinit(&m);
    test_small();
    test_whole();
    test_slow_spectrum();
    test_golden();
    TEST_END();
}
