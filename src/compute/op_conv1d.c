/* Depthwise convolution over time, and gates. */
#include <string.h>

#include "compute/ops.h"

/* Filters are stored as PyTorch has them, [D, 1, K]; the kernels want a tap's channels together.
 * Turned round they are the filter of the gradient. */
static void taps_of(float *out, const nd_tensor *w, bool turned)
{
    int64_t D = w->dims[0], K = w->dims[2];
    for (int64_t d = 0; d < D; d++)
        for (int64_t k = 0; k < K; k++) out[(turned ? K - 1 - k : k) * D + d] = w->data[d * K + k];
}

static void depthwise_backward(nd_tape *t, nd_node *node)
{
    nd_tensor *x = node->in[0], *w = node->in[1];
    int64_t items = x->dims[0], T = x->dims[1], D = x->dims[2], K = w->dims[2];
    nd_arena_mark mark = nd_arena_save(&t->arena);
    float *taps = nd_tape_floats(t, K * D), *sums = nd_tape_floats(t, K * D), beta;
    if (!taps || !sums) return;
    taps_of(taps, w, true);
    memset(sums, 0, (size_t)(K * D) * sizeof *sums);
    float *dx = nd_tape_grad(t, x, &beta), *dw = nd_tape_grad_zeroed(t, w);
    for (int64_t b = 0; b < items; b++) {
        const float *dout = node->out->grad + b * T * D;
        if (dx) t->kernels->depthwise(dx + b * T * D, beta, dout, taps, T, D, K);
        if (dw) t->kernels->depthwise_grad_w(sums, dout, x->data + b * T * D, T, D, K);
    }
    for (int64_t d = 0; dw && d < D; d++)
        for (int64_t k = 0; k < K; k++) dw[d * K + k] += sums[k * D + d];
    nd_arena_restore(&t->arena, mark);
}

nd_tensor *nd_depthwise(nd_tape *t, nd_tensor *x, nd_tensor *w)
{
    if (!x || !w) return NULL;
    int64_t items = x->dims[0], T = x->dims[1], D = x->dims[2], K = w->dims[2];
    ND_ASSERT_EQ(x->n_dims, 3);
    ND_ASSERT(w->dims[0] == D && w->dims[1] == 1 && K % 2 == 1);
    nd_tensor *in[] = {x, w}, *out = nd_tape_like(t, x);
    if (!out) return NULL;
    nd_arena_mark mark = nd_arena_save(&t->arena);
    float *taps = nd_tape_floats(t, K * D);
    if (!taps) return NULL;
    taps_of(taps, w, false);
    for (int64_t b = 0; b < items; b++)
        t->kernels->depthwise(out->data + b * T * D, 0, x->data + b * T * D, taps, T, D, K);
    nd_arena_restore(&t->arena, mark);
    nd_tape_record(t, depthwise_backward, out, in, 2, 0);
    return t->status ? NULL : out;
}

static void glu_backward(nd_tape *t, nd_node *node)
{
    float beta, *dx = nd_tape_grad(t, node->in[0], &beta);
    if (dx)
        t->kernels->glu_grad(dx, beta, node->out->grad, node->in[0]->data,
                             nd_tensor_rows(node->out), nd_tensor_width(node->out));
}

nd_tensor *nd_glu(nd_tape *t, nd_tensor *x)
{
    if (!x) return NULL;
    int64_t D = nd_tensor_width(x) / 2;
    ND_ASSERT_EQ(nd_tensor_width(x), 2 * D);
    nd_tensor *out = nd_tape_wide(t, x, D);
    if (!out) return NULL;
    t->kernels->glu(out->data, x->data, nd_tensor_rows(x), D);
    nd_tape_record(t, glu_backward, out, &x, 1, 0);
    return t->status ? NULL : out;
}
