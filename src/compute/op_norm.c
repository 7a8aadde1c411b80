/* Layer norm, batch norm over a team, unit length. */
#include <math.h>
#include <string.h>

#include "compute/ops.h"

/* ---- layer norm ---------------------------------------------------------------- */

static void layer_norm_backward(nd_tape *t, nd_node *node)
{
    nd_tensor *x = node->in[0], *g = node->in[1], *b = node->in[2];
    const float *stats = *(float **)node->saved;
    nd_arena_mark mark = nd_arena_save(&t->arena);
    int64_t rows = nd_tensor_rows(x), D = nd_tensor_width(x);
    /* Gradients that nobody wants still need a place: the kernel has no case for each. */
    float beta = 0, *dx = nd_tape_grad(t, x, &beta);
    float *dg = nd_tape_grad_zeroed(t, g), *db = nd_tape_grad_zeroed(t, b);
    if (!dx) dx = nd_tape_floats(t, rows * D);
    if (!dg) dg = nd_tape_floats(t, D);
    if (!db) db = nd_tape_floats(t, D);
    if (dx && dg && db)
        t->kernels->layer_norm_grad(dx, beta, dg, db, node->out->grad, x->data, stats, g->data,
                                    rows, D);
    nd_arena_restore(&t->arena, mark);
}

nd_tensor *nd_layer_norm(nd_tape *t, nd_tensor *x, nd_tensor *g, nd_tensor *b, float eps)
{
    if (!x || !g || !b) return NULL;
    int64_t rows = nd_tensor_rows(x), D = nd_tensor_width(x);
    ND_ASSERT_EQ(nd_tensor_count(g), D);
    ND_ASSERT_EQ(nd_tensor_count(b), D);
    nd_tensor *in[] = {x, g, b}, *out = nd_tape_like(t, x);
    float *stats = nd_tape_floats(t, 2 * rows);
    if (!out || !stats) return NULL;
    t->kernels->layer_norm(out->data, stats, x->data, g->data, b->data, rows, D, eps);
    nd_node *node = nd_tape_record(t, layer_norm_backward, out, in, 3, sizeof stats);
    if (node) *(float **)node->saved = stats;
    return t->status ? NULL : out;
}

/* ---- batch norm ---------------------------------------------------------------- */

/* The norm of a column is one multiplication and one addition: x a + shift. */
typedef struct {
    float *mean, *rstd, *a, *shift; /* [D] each */
    double n;                       /* rows in the whole batch; 0: running statistics were used */
    nd_act act;
} saved_batch_norm;

/* Column statistics of the whole batch from those of each member: of the means, and of squares
 * about 0, which add up. @return rows in all */
static double batch_stats(nd_tape *t, double *sums, float *mean, float *var, const nd_tensor *x)
{
    int64_t rows = nd_tensor_rows(x), D = nd_tensor_width(x);
    t->kernels->column_stats(mean, var, x->data, rows, D);
    sums[0] = (double)rows;
    for (int64_t i = 0; i < D; i++) {
        sums[1 + i] = (double)rows * (double)mean[i];
        sums[1 + D + i] = (double)var[i] + (double)rows * (double)mean[i] * (double)mean[i];
    }
    if (nd_tape_sum(t, sums, (int)(2 * D + 1))) return 1;
    double n = sums[0];
    for (int64_t i = 0; i < D; i++) {
        double m = sums[1 + i] / n;
        mean[i] = (float)m;
        var[i] = (float)fmax(0, sums[1 + D + i] / n - m * m);
    }
    return n;
}

static void move_running(float *running, const float *now, float momentum, float factor, int64_t D)
{
    for (int64_t i = 0; i < D; i++)
        running[i] = (1 - momentum) * running[i] + momentum * factor * now[i];
}

static void batch_norm_backward(nd_tape *t, nd_node *node)
{
    const saved_batch_norm *s = node->saved;
    nd_tensor *x = node->in[0], *g = node->in[1], *b = node->in[2];
    int64_t rows = nd_tensor_rows(x), D = nd_tensor_width(x);
    nd_arena_mark mark = nd_arena_save(&t->arena);
    float *work = nd_tape_floats(t, 4 * D), beta = 0;
    double *sums = nd_tape_bytes(t, (size_t)(2 * D) * sizeof *sums);
    if (!work || !sums) return;
    float *sum = work, *sum_x = work + D, *p = work + 2 * D, *q = work + 3 * D;
    memset(work, 0, (size_t)(4 * D) * sizeof *work);
    t->kernels->affine_act_sums(sum, sum_x, node->out->grad, x->data, s->a, s->shift, s->mean, rows,
                                D, s->act);
    float *dg = nd_tape_grad_zeroed(t, g), *db = nd_tape_grad_zeroed(t, b);
    for (int64_t i = 0; i < D; i++) {
        if (dg) dg[i] += sum_x[i] * s->rstd[i];
        if (db) db[i] += sum[i];
        sums[i] = (double)sum[i];
        sums[D + i] = (double)sum_x[i];
    }
    if (s->n > 0) {
        if (nd_tape_sum(t, sums, (int)(2 * D))) return;
        for (int64_t i = 0; i < D; i++) {
            p[i] = (float)((double)s->a[i] * sums[i] / s->n);
            q[i] = (float)((double)s->a[i] * (double)s->rstd[i] * (double)s->rstd[i] * sums[D + i] /
                           s->n);
        }
    }
    float *dx = nd_tape_grad(t, x, &beta);
    if (dx)
        t->kernels->affine_act_grad(dx, beta, node->out->grad, x->data, s->a, s->shift, s->mean, p,
                                    q, rows, D, s->act);
    nd_arena_restore(&t->arena, mark);
}

nd_tensor *nd_batch_norm(nd_tape *t, nd_tensor *x, nd_tensor *g, nd_tensor *b,
                         nd_tensor *running_mean, nd_tensor *running_var,
                         const nd_batch_norm_params *params)
{
    if (!x || !g || !b || !running_mean || !running_var) return NULL;
    int64_t rows = nd_tensor_rows(x), D = nd_tensor_width(x);
    ND_ASSERT(nd_tensor_count(g) == D && nd_tensor_count(b) == D);
    ND_ASSERT(nd_tensor_count(running_mean) == D && nd_tensor_count(running_var) == D);
    nd_tensor *in[] = {x, g, b}, *out = nd_tape_like(t, x);
    float *stats = nd_tape_floats(t, 4 * D);
    double *sums = nd_tape_bytes(t, (size_t)(2 * D + 1) * sizeof *sums);
    if (!out || !stats || !sums) return NULL;
    saved_batch_norm s = {stats, stats + D, stats + 2 * D, stats + 3 * D, 0, params->act};
    float *var = s.rstd; /* becomes the reciprocal deviation */
    if (t->pass.train) {
        s.n = batch_stats(t, sums, s.mean, var, x);
        if (t->rank == 0 && !t->again) {
            float unbiased = (float)(s.n / fmax(1, s.n - 1));
            move_running(running_mean->data, s.mean, params->momentum, 1, D);
            move_running(running_var->data, var, params->momentum, unbiased, D);
        }
    } else {
        memcpy(s.mean, running_mean->data, (size_t)D * sizeof *s.mean);
        memcpy(var, running_var->data, (size_t)D * sizeof *var);
    }
    for (int64_t i = 0; i < D; i++) {
        s.rstd[i] = 1.0f / sqrtf(var[i] + params->eps);
        s.a[i] = g->data[i] * s.rstd[i];
        s.shift[i] = b->data[i] - s.mean[i] * s.a[i];
    }
    t->kernels->affine_act(out->data, x->data, s.a, s.shift, rows, D, params->act);
    nd_node *node = nd_tape_record(t, batch_norm_backward, out, in, 3, sizeof s);
    if (node) *(saved_batch_norm *)node->saved = s;
    return t->status ? NULL : out;
}

/* ---- unit length --------------------------------------------------------------- */

/* With y = x / |x|: dx = (dy - y <y, dy>) / |x|. */
static void l2_backward(nd_tape *t, nd_node *node)
{
    const float *inverse = *(float **)node->saved;
    int64_t rows = nd_tensor_rows(node->out), D = nd_tensor_width(node->out);
    float beta, *dx = nd_tape_grad(t, node->in[0], &beta);
    for (int64_t r = 0; dx && r < rows; r++) {
        const float *y = node->out->data + r * D, *dy = node->out->grad + r * D;
        float dot = 0, *to = dx + r * D;
        for (int64_t i = 0; i < D; i++) dot += y[i] * dy[i];
        for (int64_t i = 0; i < D; i++) {
            float v = (dy[i] - y[i] * dot) * inverse[r];
            to[i] = beta != 0 ? to[i] + v : v;
        }
    }
}

nd_tensor *nd_l2_normalize(nd_tape *t, nd_tensor *x)
{
    if (!x) return NULL;
    int64_t rows = nd_tensor_rows(x), D = nd_tensor_width(x);
    nd_tensor *out = nd_tape_like(t, x);
    float *inverse = nd_tape_floats(t, rows);
    if (!out || !inverse) return NULL;
    for (int64_t r = 0; r < rows; r++) {
        double squares = t->kernels->sum_squares(x->data + r * D, D);
        inverse[r] = (float)(1 / fmax(sqrt(squares), 1e-12));
        t->kernels->scale_add(out->data + r * D, 0, inverse[r], x->data + r * D, D);
    }
    nd_node *node = nd_tape_record(t, l2_backward, out, &x, 1, sizeof inverse);
    if (node) *(float **)node->saved = inverse;
    return t->status ? NULL : out;
}
