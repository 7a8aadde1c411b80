/* Truncated singular value decomposition of a symmetric sparse matrix.
 *
 * A symmetric matrix's singular values are its eigenvalues' magnitudes and its left singular
 * vectors its eigenvectors, so this is subspace iteration: Q <- orth(M M Q) until the stretching of
 * Q's columns no longer changes, then the small eigenproblem of Q' M Q. Matrices are row-major
 * [n, l]; every inner loop runs along a row, where no sum need be reordered to be vectorised. */
#include <math.h>
#include <string.h>

#include "learn/tag_svd.h"

enum { SPARE_COLUMNS = 16, MAX_ITERATIONS = 60 };

/* y [n, l] = M q [n, l] */
static void multiply(double *y, const nd_sparse *m, const double *q, int l)
{
    memset(y, 0, (size_t)m->n * (size_t)l * sizeof *y);
    for (int i = 0; i < m->n; i++) {
        double *row = y + (int64_t)i * l;
        for (int64_t e = m->first[i]; e < m->first[i + 1]; e++) {
            const double *from = q + (int64_t)m->col[e] * l;
            double value = (double)m->value[e];
            for (int c = 0; c < l; c++) row[c] += value * from[c];
        }
    }
}

/* Take from column k its parts along the columns before it. @param dots  [l], scratch */
static void project_out(double *q, int n, int l, int k, double *dots)
{
    memset(dots, 0, (size_t)l * sizeof *dots);
    for (int i = 0; i < n; i++) {
        const double *row = q + (int64_t)i * l;
        for (int c = 0; c < k; c++) dots[c] += row[c] * row[k];
    }
    for (int i = 0; i < n; i++) {
        double *row = q + (int64_t)i * l, sum = 0;
        for (int c = 0; c < k; c++) sum += row[c] * dots[c];
        row[k] -= sum;
    }
}

static double column_norm(const double *q, int n, int l, int k)
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum += q[(int64_t)i * l + k] * q[(int64_t)i * l + k];
    return sqrt(sum);
}

/* Gram-Schmidt, each column twice ("twice is enough"); a column that depends on those before it
 * becomes 0. @return the sum of what the columns were long after projection */
static double orthonormalise(double *q, int n, int l, double *dots)
{
    double total = 0;
    for (int k = 0; k < l; k++) {
        double before = column_norm(q, n, l, k);
        project_out(q, n, l, k, dots);
        project_out(q, n, l, k, dots);
        double norm = column_norm(q, n, l, k), scale = norm > 1e-10 * before ? 1 / norm : 0;
        for (int i = 0; i < n; i++) q[(int64_t)i * l + k] *= scale;
        total += scale > 0 ? norm : 0;
    }
    return total;
}

/* b [l, l] = q' y, both [n, l] */
static void inner_products(double *b, const double *q, const double *y, int n, int l)
{
    memset(b, 0, (size_t)l * (size_t)l * sizeof *b);
    for (int i = 0; i < n; i++)
        for (int r = 0; r < l; r++)
            for (int c = 0; c < l; c++)
                b[(int64_t)r * l + c] += q[(int64_t)i * l + r] * y[(int64_t)i * l + c];
}

/* Rotate rows and columns p, q of a, and columns p, q of v, so that a[p][q] becomes 0. */
static void rotate(double *a, double *v, int n, int p, int q)
{
    double apq = a[(int64_t)p * n + q];
    double theta = (a[(int64_t)q * n + q] - a[(int64_t)p * n + p]) / (2 * apq);
    double t = (theta < 0 ? -1 : 1) / (fabs(theta) + sqrt(theta * theta + 1));
    double c = 1 / sqrt(t * t + 1), s = t * c;
    for (int k = 0; k < n; k++) {
        double *row = a + (int64_t)k * n, x = row[p], y = row[q];
        row[p] = c * x - s * y;
        row[q] = s * x + c * y;
    }
    for (int k = 0; k < n; k++) {
        double *rp = a + (int64_t)p * n + k, *rq = a + (int64_t)q * n + k, x = *rp, y = *rq;
        *rp = c * x - s * y;
        *rq = s * x + c * y;
    }
    for (int k = 0; k < n; k++) {
        double *row = v + (int64_t)k * n, x = row[p], y = row[q];
        row[p] = c * x - s * y;
        row[q] = s * x + c * y;
    }
}

/* Order columns of v by falling magnitude of values: selection, n is small. */
static void order_columns(double *values, double *v, int n)
{
    for (int i = 0; i < n; i++) {
        int best = i;
        for (int j = i + 1; j < n; j++)
            if (fabs(values[j]) > fabs(values[best])) best = j;
        if (best == i) continue;
        double swap = values[i];
        values[i] = values[best];
        values[best] = swap;
        for (int k = 0; k < n; k++) {
            swap = v[(int64_t)k * n + i];
            v[(int64_t)k * n + i] = v[(int64_t)k * n + best];
            v[(int64_t)k * n + best] = swap;
        }
    }
}

void nd_symmetric_eigen(double *values_out, double *vectors_out, double *a, int n)
{
    double largest = 0;
    for (int64_t i = 0; i < (int64_t)n * n; i++) largest = fmax(largest, fabs(a[i]));
    for (int64_t i = 0; i < (int64_t)n * n; i++) vectors_out[i] = i / n == i % n;
    for (int sweep = 0; sweep < 60; sweep++) {
        double off = 0;
        for (int p = 0; p < n; p++)
            for (int q = p + 1; q < n; q++) {
                double size = fabs(a[(int64_t)p * n + q]);
                if (size <= 1e-15 * largest) continue;
                off = fmax(off, size);
                rotate(a, vectors_out, n, p, q);
            }
        if (off <= 1e-13 * largest) break;
    }
    for (int i = 0; i < n; i++) values_out[i] = a[(int64_t)i * n + i];
    order_columns(values_out, vectors_out, n);
}

/* ---- the iteration ---------------------------------------------------------------- */

typedef struct {
    double *q, *y;                 /* [n, l] */
    double *b, *v, *values, *dots; /* [l, l], [l, l], [l], [l] */
    int l;
} space;

static int space_init(space *s, int n, int k)
{
    int l = ND_MIN(n, k + SPARE_COLUMNS);
    size_t cells = (size_t)n * (size_t)l, small = (size_t)l * (size_t)l;
    *s = (space){.l = l,
                 .q = nd_calloc(cells, sizeof *s->q),
                 .y = nd_calloc(cells, sizeof *s->y),
                 .b = nd_calloc(small, sizeof *s->b),
                 .v = nd_calloc(small, sizeof *s->v),
                 .values = nd_calloc((size_t)l, sizeof *s->values),
                 .dots = nd_calloc((size_t)l, sizeof *s->dots)};
    return s->q && s->y && s->b && s->v && s->values && s->dots ? 0 : ND_ENOMEM;
}

static void space_deinit(space *s)
{
    free(s->q);
    free(s->y);
    free(s->b);
    free(s->v);
    free(s->values);
    free(s->dots);
}

static int iterate(space *s, const nd_sparse *m, const nd_progress *progress)
{
    nd_rng rng;
    nd_rng_init(&rng, 1, 0);
    int64_t cells = (int64_t)m->n * s->l;
    for (int64_t i = 0; i < cells; i++) s->q[i] = nd_rng_normal(&rng);
    orthonormalise(s->q, m->n, s->l, s->dots);
    double before = 0;
    for (int step = 0; step < MAX_ITERATIONS && s->l < m->n; step++) {
        if (nd_progress_update(progress, "learning tag vectors", step, MAX_ITERATIONS, NULL))
            return ND_ECANCELLED;
        multiply(s->y, m, s->q, s->l);
        multiply(s->q, m, s->y, s->l);
        double stretch = orthonormalise(s->q, m->n, s->l, s->dots);
        if (fabs(stretch - before) <= 1e-4 * stretch) break;
        before = stretch;
    }
    return 0;
}

/* Column c of u_out [n, k] = q v[:, c], its largest number positive. */
static void lift_column(double *u_out, const space *s, int n, int k, int c)
{
    double largest = 0;
    for (int i = 0; i < n; i++) {
        double sum = 0;
        for (int j = 0; j < s->l; j++)
            sum += s->q[(int64_t)i * s->l + j] * s->v[(int64_t)j * s->l + c];
        u_out[(int64_t)i * k + c] = sum;
        if (fabs(sum) > fabs(largest) * (1 + 1e-9)) largest = sum;
    }
    for (int i = 0; i < n && largest < 0; i++) u_out[(int64_t)i * k + c] *= -1;
}

int nd_sparse_svd(double *u_out, double *values_out, const nd_sparse *m, int k,
                  const nd_progress *progress)
{
    space s;
    int rc = space_init(&s, m->n, k);
    if (!rc) rc = iterate(&s, m, progress);
    if (!rc) {
        memset(u_out, 0, (size_t)m->n * (size_t)k * sizeof *u_out);
        memset(values_out, 0, (size_t)k * sizeof *values_out);
        multiply(s.y, m, s.q, s.l);
        inner_products(s.b, s.q, s.y, m->n, s.l);
        nd_symmetric_eigen(s.values, s.v, s.b, s.l);
        for (int c = 0; c < ND_MIN(k, s.l); c++) {
            if (fabs(s.values[c]) <= 1e-10 * fabs(s.values[0])) break;
            values_out[c] = s.values[c];
            lift_column(u_out, &s, m->n, k, c);
        }
    }
    space_deinit(&s);
    return rc;
}
