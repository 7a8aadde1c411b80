/* Ops that move values and compute next to nothing. */
#include <string.h>

#include "compute/ops.h"

static void same_backward(nd_tape *t, nd_node *node)
{
    nd_tape_pass_grad(t, node->in[0], node->out);
}

nd_tensor *nd_reshape(nd_tape *t, nd_tensor *x, int n_dims, const int64_t *dims)
{
    nd_tensor *out = x ? nd_tape_bytes(t, sizeof *out) : NULL;
    if (!out) return NULL;
    *out = (nd_tensor){.data = x->data, .n_dims = n_dims, .dims = {1, 1, 1, 1}};
    for (int i = 0; i < n_dims; i++) out->dims[i] = dims[i];
    ND_ASSERT_EQ(nd_tensor_count(out), nd_tensor_count(x));
    nd_tape_record(t, same_backward, out, &x, 1, 0);
    return t->status ? NULL : out;
}

/* In square pieces that stay in the first cache. */
void nd_transpose_into(float *out, float beta, const float *in, int64_t rows, int64_t columns)
{
    enum { SIDE = 16 };
    for (int64_t i0 = 0; i0 < rows; i0 += SIDE)
        for (int64_t j0 = 0; j0 < columns; j0 += SIDE)
            for (int64_t j = j0; j < ND_MIN(j0 + SIDE, columns); j++)
                for (int64_t i = i0; i < ND_MIN(i0 + SIDE, rows); i++) {
                    float *to = out + j * rows + i, v = in[i * columns + j];
                    *to = beta != 0 ? *to + v : v;
                }
}

static void transpose_backward(nd_tape *t, nd_node *node)
{
    const nd_tensor *out = node->out;
    int64_t rows = out->dims[out->n_dims - 2], columns = nd_tensor_width(out);
    float beta, *dx = nd_tape_grad(t, node->in[0], &beta);
    for (int64_t at = 0; dx && at < nd_tensor_count(out); at += rows * columns)
        nd_transpose_into(dx + at, beta, out->grad + at, rows, columns);
}

nd_tensor *nd_transpose(nd_tape *t, nd_tensor *x)
{
    if (!x) return NULL;
    ND_ASSERT(x->n_dims >= 2);
    int64_t dims[ND_MAX_DIMS], rows = x->dims[x->n_dims - 2], columns = nd_tensor_width(x);
    memcpy(dims, x->dims, sizeof dims);
    dims[x->n_dims - 2] = columns;
    dims[x->n_dims - 1] = rows;
    nd_tensor *out = nd_tape_tensor(t, x->n_dims, dims);
    if (!out) return NULL;
    for (int64_t at = 0; at < nd_tensor_count(x); at += rows * columns)
        nd_transpose_into(out->data + at, 0, x->data + at, rows, columns);
    nd_tape_record(t, transpose_backward, out, &x, 1, 0);
    return t->status ? NULL : out;
}

static void concat_backward(nd_tape *t, nd_node *node)
{
    int64_t width = nd_tensor_width(node->out), rows = nd_tensor_rows(node->out), at = 0;
    for (int i = 0; i < ND_NODE_INPUTS && node->in[i]; i++) {
        int64_t D = nd_tensor_width(node->in[i]);
        float *dx = nd_tape_grad_zeroed(t, node->in[i]);
        for (int64_t r = 0; dx && r < rows; r++)
            t->kernels->add(dx + r * D, node->out->grad + r * width + at, D);
        at += D;
    }
}

nd_tensor *nd_concat(nd_tape *t, nd_tensor *const *xs, int n)
{
    int64_t width = 0, at = 0;
    for (int i = 0; i < n; i++) {
        if (!xs[i]) return NULL;
        ND_ASSERT_EQ(nd_tensor_rows(xs[i]), nd_tensor_rows(xs[0]));
        width += nd_tensor_width(xs[i]);
    }
    nd_tensor *out = nd_tape_wide(t, xs[0], width);
    if (!out) return NULL;
    for (int i = 0; i < n; i++) {
        int64_t D = nd_tensor_width(xs[i]);
        for (int64_t r = 0; r < nd_tensor_rows(out); r++)
            memcpy(out->data + r * width + at, xs[i]->data + r * D, (size_t)D * sizeof(float));
        at += D;
    }
    nd_tape_record(t, concat_backward, out, xs, n, 0);
    return t->status ? NULL : out;
}

static void slice_backward(nd_tape *t, nd_node *node)
{
    int64_t from = *(int64_t *)node->saved, D = nd_tensor_width(node->out);
    int64_t width = nd_tensor_width(node->in[0]);
    float *dx = nd_tape_grad_zeroed(t, node->in[0]);
    for (int64_t r = 0; dx && r < nd_tensor_rows(node->out); r++)
        t->kernels->add(dx + r * width + from, node->out->grad + r * D, D);
}

nd_tensor *nd_slice(nd_tape *t, nd_tensor *x, int64_t from, int64_t width)
{
    if (!x) return NULL;
    ND_ASSERT(from >= 0 && width > 0 && from + width <= nd_tensor_width(x));
    nd_tensor *out = nd_tape_wide(t, x, width);
    if (!out) return NULL;
    for (int64_t r = 0; r < nd_tensor_rows(x); r++)
        memcpy(out->data + r * width, x->data + r * nd_tensor_width(x) + from,
               (size_t)width * sizeof(float));
    nd_node *node = nd_tape_record(t, slice_backward, out, &x, 1, sizeof from);
    if (node) *(int64_t *)node->saved = from;
    return t->status ? NULL : out;
}

/* The weight of each row in its item's mean. */
static float pool_weight(const float *mask, int64_t b, int64_t t, int64_t T)
{
    if (!mask) return 1.0f / (float)T;
    float n = 0;
    for (int64_t i = 0; i < T; i++) n += mask[b * T + i];
    return n > 0 ? mask[b * T + t] / n : 0;
}

static void mean_pool_backward(nd_tape *t, nd_node *node)
{
    nd_tensor *x = node->in[0];
    const float *mask = *(const float **)node->saved;
    int64_t T = x->dims[1], D = x->dims[2];
    float beta, *dx = nd_tape_grad(t, x, &beta);
    for (int64_t r = 0; dx && r < nd_tensor_rows(x); r++)
        t->kernels->scale_add(dx + r * D, beta, pool_weight(mask, r / T, r % T, T),
                              node->out->grad + r / T * D, D);
}

nd_tensor *nd_mean_pool(nd_tape *t, nd_tensor *x, const float *mask)
{
    if (!x) return NULL;
    ND_ASSERT_EQ(x->n_dims, 3);
    int64_t T = x->dims[1], D = x->dims[2];
    nd_tensor *out = nd_tape_tensor(t, 2, (const int64_t[]){x->dims[0], D});
    if (!out) return NULL;
    memset(out->data, 0, (size_t)nd_tensor_count(out) * sizeof(float));
    for (int64_t r = 0; r < nd_tensor_rows(x); r++)
        t->kernels->scale_add(out->data + r / T * D, 1, pool_weight(mask, r / T, r % T, T),
                              x->data + r * D, D);
    nd_node *node = nd_tape_record(t, mean_pool_backward, out, &x, 1, sizeof mask);
    if (node) *(const float **)node->saved = mask;
    return t->status ? NULL : out;
}
