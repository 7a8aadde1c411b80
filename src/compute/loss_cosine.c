/* Cosines of all pairs, and the loss on their order within one side. */
#include <math.h>
#include <string.h>

#include "compute/gemm.h"
#include "compute/losses.h"

static const double NOWHERE = 1e-8; /* a vector as short as this has no direction */

/* Rows at unit length, and one over the length; both 0 for a row without direction. */
typedef struct {
    float *rows;    /* [N, D]; NULL: no memory */
    float *inverse; /* [N] */
} units;

static units units_of(nd_tape *t, const float *x, int64_t N, int64_t D)
{
    units u = {nd_tape_floats(t, N * D), nd_tape_floats(t, N)};
    if (!u.inverse) u.rows = NULL;
    for (int64_t n = 0; u.rows && n < N; n++) {
        double length = sqrt(t->kernels->sum_squares(x + n * D, D));
        u.inverse[n] = length <= NOWHERE ? 0 : (float)(1 / length);
        t->kernels->scale_add(u.rows + n * D, 0, u.inverse[n], x + n * D, D);
    }
    return u;
}

/* With u = x / |x|: dx = beta dx + (du - u <u, du>) / |x|. */
static void units_grad(float *dx, float beta, const float *du, const units *u, int64_t N, int64_t D)
{
    for (int64_t n = 0; n < N; n++) {
        const float *unit = u->rows + n * D, *d = du + n * D;
        float *to = dx + n * D;
        double dot = 0;
        for (int64_t i = 0; i < D; i++) dot += (double)unit[i] * (double)d[i];
        for (int64_t i = 0; i < D; i++) {
            float v = (d[i] - unit[i] * (float)dot) * u->inverse[n];
            to[i] = beta != 0 ? to[i] + v : v;
        }
    }
}

/* ---- cosines ----------------------------------------------------------------------------- */

typedef struct {
    units x, y;
} saved_cosines;

/* d units of x = dout * units of y; of y, with dout transposed. */
static void cosines_backward(nd_tape *t, nd_node *node)
{
    const saved_cosines *s = node->saved;
    nd_tensor *x = node->in[0], *y = node->in[1];
    int64_t N = nd_tensor_rows(x), M = nd_tensor_rows(y), D = nd_tensor_width(x);
    const float *dout = node->out->grad;
    nd_arena_mark mark = nd_arena_save(&t->arena);
    float *du = nd_tape_floats(t, ND_MAX(N, M) * D), beta;
    if (!du) return;
    float *dx = nd_tape_grad(t, x, &beta);
    if (dx) {
        nd_gemm('N', 'N', N, D, M, 1, dout, M, s->y.rows, D, 0, du, D);
        units_grad(dx, beta, du, &s->x, N, D);
    }
    float *dy = nd_tape_grad(t, y, &beta);
    if (dy) {
        nd_gemm('T', 'N', M, D, N, 1, dout, M, s->x.rows, D, 0, du, D);
        units_grad(dy, beta, du, &s->y, M, D);
    }
    nd_arena_restore(&t->arena, mark);
}

nd_tensor *nd_cosines(nd_tape *t, nd_tensor *x, nd_tensor *y)
{
    if (!x || !y) return NULL;
    int64_t N = nd_tensor_rows(x), M = nd_tensor_rows(y), D = nd_tensor_width(x);
    ND_ASSERT_EQ(nd_tensor_width(y), D);
    nd_tensor *in[] = {x, y}, *out = nd_tape_tensor(t, 2, (const int64_t[]){N, M});
    saved_cosines s = {units_of(t, x->data, N, D), {0}};
    s.y = x == y ? s.x : units_of(t, y->data, M, D);
    if (!out || !s.x.rows || !s.y.rows) return NULL;
    nd_gemm('N', 'T', N, M, D, 1, s.x.rows, D, s.y.rows, D, 0, out->data, M);
    nd_node *node = nd_tape_record(t, cosines_backward, out, in, 2, sizeof s);
    if (node) *(saved_cosines *)node->saved = s;
    return t->status ? NULL : out;
}

/* ---- structure --------------------------------------------------------------------------- */

static const float SAME = 1e-6f; /* input cosines that differ by less are equal */

static int sign(float x, float same)
{
    return (x > same) - (x < -same);
}

/* The mean over triples from cosines e, f [n, n]; slope [n, n] for e. Distances are negative
 * cosines, so f_ij - f_ik of the formula is f[k] - f[j] here. */
static double structure_mean(float *slope, const float *e, const float *f, int64_t n)
{
    double sum = 0, share = 1 / (double)(n * (n - 1));
    memset(slope, 0, (size_t)(n * n) * sizeof *slope);
    for (int64_t i = 0; i < n * n; i += n)
        for (int64_t j = i; j < i + n - 1; j++) {
            float gap = e[j + 1] - e[j];
            int c = sign(f[j + 1] - f[j], SAME) - sign(gap, 0);
            sum -= (double)c * (double)gap;
            slope[j] += (float)(c * share);
            slope[j + 1] -= (float)(c * share);
        }
    return share * sum;
}

/* dx [n, D] from the slope of u u^T, which is used up: (slope + slope^T) u is that of u. */
static void structure_slope(nd_tape *t, float *dx, float *slope, const units *u, int64_t n,
                            int64_t D)
{
    float *du = nd_tape_floats(t, n * D);
    if (!du) return;
    nd_gemm('N', 'N', n, D, n, 1, slope, n, u->rows, D, 0, du, D);
    nd_gemm('T', 'N', n, D, n, 1, slope, n, u->rows, D, 1, du, D);
    units_grad(dx, 0, du, u, n, D);
}

static float *cosines_within(nd_tape *t, const units *u, int64_t n, int64_t D)
{
    float *out = u->rows ? nd_tape_floats(t, n * n) : NULL;
    if (out) nd_gemm('N', 'T', n, n, D, 1, u->rows, D, u->rows, D, 0, out, n);
    return out;
}

nd_tensor *nd_loss_structure(nd_tape *t, nd_tensor *x, const nd_tensor *low, int64_t block)
{
    if (!x || !low) return NULL;
    int64_t N = nd_tensor_rows(x), D = nd_tensor_width(x), F = nd_tensor_width(low);
    ND_ASSERT_EQ(nd_tensor_rows(low), N);
    ND_ASSERT(block >= 0);
    int64_t n = ND_MIN(block ? block : 100, N);
    float *dx = nd_loss_slope(t, x);
    nd_arena_mark mark = nd_arena_save(&t->arena);
    units u = units_of(t, x->data, n, D), v = units_of(t, low->data, n, F);
    float *e = cosines_within(t, &u, n, D), *f = cosines_within(t, &v, n, F);
    float *slope = nd_tape_floats(t, n * n);
    if (!e || !f || !slope) return NULL;
    double value = n > 1 ? structure_mean(slope, e, f, n) : 0;
    if (dx) {
        memset(dx, 0, (size_t)(N * D) * sizeof *dx);
        if (n > 1) structure_slope(t, dx, slope, &u, n, D);
    }
    nd_arena_restore(&t->arena, mark);
    nd_loss_part part = {x, dx, 1};
    return nd_loss_make(t, value, &part, 1);
}
