/* Inner products of rows. */
#include "compute/ops.h"

static void dots_backward(nd_tape *t, nd_node *node)
{
    const float *d = node->out->grad;
    for (int i = 0; i < 2; i++) {
        nd_tensor *x = node->in[i], *other = node->in[1 - i];
        int64_t D = nd_tensor_width(x);
        float *dx = nd_tape_grad_zeroed(t, x);
        for (int64_t r = 0; dx && r < nd_tensor_rows(x); r++)
            t->kernels->scale_add(dx + r * D, 1, d[r], other->data + r * D, D);
    }
}

nd_tensor *nd_row_dots(nd_tape *t, nd_tensor *a, nd_tensor *b)
{
    if (!a || !b) return NULL;
    int64_t rows = nd_tensor_rows(a), D = nd_tensor_width(a);
    ND_ASSERT_EQ(nd_tensor_rows(b), rows);
    ND_ASSERT_EQ(nd_tensor_width(b), D);
    nd_tensor *in[] = {a, b}, *out = nd_tape_tensor(t, 2, (const int64_t[]){rows, 1});
    if (!out) return NULL;
    for (int64_t r = 0; r < rows; r++) {
        double sum = 0;
        for (int64_t i = 0; i < D; i++)
            sum += (double)a->data[r * D + i] * (double)b->data[r * D + i];
        out->data[r] = (float)sum;
    }
    nd_tape_record(t, dots_backward, out, in, 2, 0);
    return t->status ? NULL : out;
}
