/* What losses share: the slope that is kept from forward to backward; and their weighted sum. */
#include <math.h>
#include <string.h>

#include "compute/losses.h"

typedef struct {
    nd_loss_part parts[ND_NODE_INPUTS];
} saved_loss;

float *nd_loss_slope(nd_tape *t, const nd_tensor *x)
{
    if (!x || !x->wants_grad || !t->pass.record) return NULL;
    return nd_tape_floats(t, nd_tensor_count(x));
}

static void loss_backward(nd_tape *t, nd_node *node)
{
    const saved_loss *s = node->saved;
    float weight = node->out->grad[0], beta;
    for (int i = 0; i < ND_NODE_INPUTS; i++) {
        const nd_loss_part *p = &s->parts[i];
        float *dx = p->slope ? nd_tape_grad(t, p->of, &beta) : NULL;
        if (dx)
            t->kernels->scale_add(dx, beta, weight * p->factor, p->slope, nd_tensor_count(p->of));
    }
}

nd_tensor *nd_loss_make(nd_tape *t, double value, const nd_loss_part *parts, int n)
{
    ND_ASSERT(n <= ND_NODE_INPUTS);
    nd_tensor *in[ND_NODE_INPUTS] = {0}, *out = nd_tape_tensor(t, 1, (const int64_t[]){1});
    if (!out || t->status) return NULL;
    out->data[0] = (float)value;
    for (int i = 0; i < n; i++) in[i] = parts[i].of;
    nd_node *node = nd_tape_record(t, loss_backward, out, in, n, sizeof(saved_loss));
    if (node && n) memcpy(((saved_loss *)node->saved)->parts, parts, (size_t)n * sizeof *parts);
    return t->status ? NULL : out;
}

/* The largest value's share is at least 1 / n, so its logarithm is exact where others' is not. */
double nd_loss_softmax(const nd_tape *t, float *p, float scale, int64_t n)
{
    int64_t top = 0;
    for (int64_t i = 1; i < n; i++)
        if (p[i] > p[top]) top = i;
    double largest = (double)scale * (double)p[top];
    t->kernels->softmax(p, scale, 1, n);
    return largest - log((double)p[top]);
}

/* ---- the weighted sum -------------------------------------------------------------------- */

static const float one = 1;

static nd_tensor *sum_parts(nd_tape *t, const nd_loss_part *parts, int n)
{
    double value = 0;
    for (int i = 0; i < n; i++) value += (double)parts[i].factor * (double)parts[i].of->data[0];
    return nd_loss_make(t, value, parts, n);
}

/* As many as a node holds at a time; their sum is the first of the next. */
nd_tensor *nd_loss_sum(nd_tape *t, const float *weights, nd_tensor *const *losses, int n)
{
    nd_loss_part parts[ND_NODE_INPUTS];
    int n_parts = 0;
    for (int i = 0; i < n; i++) {
        if (weights[i] == 0) continue;
        if (!losses[i]) return NULL;
        ND_ASSERT_EQ(nd_tensor_count(losses[i]), 1);
        if (n_parts == ND_NODE_INPUTS) {
            parts[0] = (nd_loss_part){sum_parts(t, parts, n_parts), &one, 1};
            if (!parts[0].of) return NULL;
            n_parts = 1;
        }
        parts[n_parts++] = (nd_loss_part){losses[i], &one, weights[i]};
    }
    return sum_parts(t, parts, n_parts);
}
