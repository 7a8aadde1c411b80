/* Ops on each value, or on each row by itself. */
#include <string.h>

#include "compute/ops.h"

static void activate_backward(nd_tape *t, nd_node *node)
{
    nd_tensor *x = node->in[0];
    nd_act act = *(nd_act *)node->saved;
    float *d = node->out->grad;
    t->kernels->bias_act_grad(d, NULL, d, x->data, 1, nd_tensor_rows(x), nd_tensor_width(x), act,
                              (nd_drop){.scale = 1});
    nd_tape_pass_grad(t, x, node->out);
}

nd_tensor *nd_activate(nd_tape *t, nd_tensor *x, nd_act act)
{
    nd_tensor *out = x ? nd_tape_like(t, x) : NULL;
    if (!out) return NULL;
    t->kernels->bias_act(out->data, NULL, x->data, NULL, NULL, 1, nd_tensor_rows(x),
                         nd_tensor_width(x), act, (nd_drop){.scale = 1});
    nd_node *node = nd_tape_record(t, activate_backward, out, &x, 1, sizeof act);
    if (node) *(nd_act *)node->saved = act;
    return t->status ? NULL : out;
}

static void dropout_backward(nd_tape *t, nd_node *node)
{
    float *d = node->out->grad;
    t->kernels->dropout(d, d, nd_tensor_count(node->out), *(nd_drop *)node->saved);
    nd_tape_pass_grad(t, node->in[0], node->out);
}

nd_tensor *nd_dropout(nd_tape *t, nd_tensor *x, float p)
{
    if (!x) return NULL;
    nd_drop drop = nd_tape_drop(t, p, nd_tensor_count(x) / x->dims[0]);
    if (!drop.threshold) return x;
    nd_tensor *out = nd_tape_like(t, x);
    if (!out) return NULL;
    t->kernels->dropout(out->data, x->data, nd_tensor_count(x), drop);
    nd_node *node = nd_tape_record(t, dropout_backward, out, &x, 1, sizeof drop);
    if (node) *(nd_drop *)node->saved = drop;
    return t->status ? NULL : out;
}

static void softmax_backward(nd_tape *t, nd_node *node)
{
    nd_tensor *out = node->out;
    t->kernels->softmax_grad(out->grad, out->data, out->grad, 1, nd_tensor_rows(out),
                             nd_tensor_width(out));
    nd_tape_pass_grad(t, node->in[0], out);
}

nd_tensor *nd_softmax(nd_tape *t, nd_tensor *x)
{
    nd_tensor *out = x ? nd_tape_like(t, x) : NULL;
    if (!out) return NULL;
    memcpy(out->data, x->data, (size_t)nd_tensor_count(x) * sizeof(float));
    t->kernels->softmax(out->data, 1, nd_tensor_rows(x), nd_tensor_width(x));
    nd_tape_record(t, softmax_backward, out, &x, 1, 0);
    return t->status ? NULL : out;
}

static void add_backward(nd_tape *t, nd_node *node)
{
    nd_tensor *a = node->in[0], *b = node->in[1];
    int64_t n = nd_tensor_count(b);
    float *db = nd_tape_grad_zeroed(t, b);
    for (int64_t i = 0; db && i < nd_tensor_count(a); i += n)
        t->kernels->add(db, node->out->grad + i, n);
    nd_tape_pass_grad(t, a, node->out);
}

nd_tensor *nd_add(nd_tape *t, nd_tensor *a, nd_tensor *b)
{
    if (!a || !b) return NULL;
    int64_t n = nd_tensor_count(b);
    ND_ASSERT(n > 0 && nd_tensor_count(a) % n == 0);
    bool is_same = true; /* so far, from the last dimension on; then b has nothing but 1 */
    for (int i = 1; i <= b->n_dims; i++) {
        int64_t of_b = b->dims[b->n_dims - i];
        is_same &= of_b == (i > a->n_dims ? 1 : a->dims[a->n_dims - i]);
        ND_ASSERT(is_same || of_b == 1);
    }
    nd_tensor *in[] = {a, b}, *out = nd_tape_like(t, a);
    if (!out) return NULL;
    t->kernels->bias_act(out->data, NULL, a->data, b->data, NULL, 1, nd_tensor_count(a) / n, n,
                         ND_ACT_NONE, (nd_drop){.scale = 1});
    nd_tape_record(t, add_backward, out, in, 2, 0);
    return t->status ? NULL : out;
}

static void scale_backward(nd_tape *t, nd_node *node)
{
    float beta, *dx = nd_tape_grad(t, node->in[0], &beta);
    if (dx)
        t->kernels->scale_add(dx, beta, *(float *)node->saved, node->out->grad,
                              nd_tensor_count(node->out));
}

nd_tensor *nd_scale(nd_tape *t, nd_tensor *x, float factor)
{
    nd_tensor *out = x ? nd_tape_like(t, x) : NULL;
    if (!out) return NULL;
    t->kernels->scale_add(out->data, 0, factor, x->data, nd_tensor_count(x));
    nd_node *node = nd_tape_record(t, scale_backward, out, &x, 1, sizeof factor);
    if (node) *(float *)node->saved = factor;
    return t->status ? NULL : out;
}
