/* Linear layers with what follows them in one pass, and rows of a table. */
#include <string.h>

#include "compute/gemm.h"
#include "compute/ops.h"

typedef struct {
    float *pre; /* [rows, K] before the activation; NULL without one */
    float factor;
    nd_act act;
    nd_drop drop;
} saved_linear;

enum { X, W, B, RESIDUAL };

static void linear_backward(nd_tape *t, nd_node *node)
{
    const saved_linear *s = node->saved;
    nd_tensor *x = node->in[X], *w = node->in[W], *residual = node->in[RESIDUAL];
    int64_t rows = nd_tensor_rows(x), D = nd_tensor_width(x), K = w->dims[0];
    nd_arena_mark mark = nd_arena_save(&t->arena);
    float *dout = node->out->grad, beta;
    /* The residual takes dout as it is: what goes on needs a place of its own. */
    float *dh = residual && residual->wants_grad ? nd_tape_floats(t, rows * K) : dout;
    float *db = nd_tape_grad_zeroed(t, node->in[B]);
    if (!dh) return;
    t->kernels->bias_act_grad(dh, db, dout, s->pre, s->factor, rows, K, s->act, s->drop);
    float *dw = nd_tape_grad(t, w, &beta);
    if (dw) nd_gemm('T', 'N', K, D, rows, 1, dh, K, x->data, D, beta, dw, D);
    float *dx = nd_tape_grad(t, x, &beta);
    if (dx) nd_gemm('N', 'N', rows, D, K, 1, dh, K, w->data, D, beta, dx, D);
    if (residual) nd_tape_pass_grad(t, residual, node->out);
    nd_arena_restore(&t->arena, mark);
}

nd_tensor *nd_linear(nd_tape *t, nd_tensor *x, nd_tensor *w, nd_tensor *b,
                     const nd_linear_params *params)
{
    nd_linear_params p = params ? *params : (nd_linear_params){0};
    if (!x || !w) return NULL;
    int64_t rows = nd_tensor_rows(x), D = nd_tensor_width(x), K = w->dims[0];
    ND_ASSERT_EQ(w->dims[1], D);
    ND_ASSERT(!b || nd_tensor_count(b) == K);
    ND_ASSERT(!p.residual || nd_tensor_count(p.residual) == rows * K);
    nd_tensor *in[] = {x, w, b, p.residual}, *out = nd_tape_wide(t, x, K);
    if (!out) return NULL;
    nd_node *node = nd_tape_record(t, linear_backward, out, in, 4, sizeof(saved_linear));
    float factor = p.residual && p.factor != 0 ? p.factor : 1, *pre = NULL;
    nd_drop drop = nd_tape_drop(t, p.dropout, rows * K / x->dims[0]);
    if (node && p.act) pre = nd_tape_floats(t, rows * K);
    if (t->status) return NULL;
    float *h = pre ? pre : out->data;
    if (w->turned && !t->pass.record)
        nd_gemm('N', 'N', rows, K, D, 1, x->data, D, w->turned, K, 0, h, K);
    else nd_gemm('N', 'T', rows, K, D, 1, x->data, D, w->data, D, 0, h, K);
    t->kernels->bias_act(out->data, pre, h, b ? b->data : NULL,
                         p.residual ? p.residual->data : NULL, factor, rows, K, p.act, drop);
    if (node) *(saved_linear *)node->saved = (saved_linear){pre, factor, p.act, drop};
    return out;
}

typedef struct {
    int32_t *ids;
    int64_t n;
} saved_rows;

static void rows_backward(nd_tape *t, nd_node *node)
{
    const saved_rows *s = node->saved;
    int64_t D = nd_tensor_width(node->in[0]);
    float *dtable = nd_tape_grad_zeroed(t, node->in[0]);
    for (int64_t i = 0; dtable && i < s->n; i++)
        t->kernels->add(dtable + s->ids[i] * D, node->out->grad + i * D, D);
}

nd_tensor *nd_embedding_rows(nd_tape *t, nd_tensor *table, const int32_t *ids, int64_t n_ids)
{
    if (!table) return NULL;
    int64_t D = nd_tensor_width(table);
    nd_tensor *out = nd_tape_tensor(t, 2, (const int64_t[]){n_ids, D});
    if (!out) return NULL;
    for (int64_t i = 0; i < n_ids; i++) {
        ND_ASSERT(ids[i] >= 0 && ids[i] < table->dims[0]);
        memcpy(out->data + i * D, table->data + ids[i] * D, (size_t)D * sizeof(float));
    }
    nd_node *node = nd_tape_record(t, rows_backward, out, &table, 1, sizeof(saved_rows));
    if (!node) return t->status ? NULL : out;
    saved_rows *s = node->saved;
    s->n = n_ids;
    s->ids = nd_tape_bytes(t, (size_t)n_ids * sizeof *ids);
    if (!s->ids) return NULL;
    memcpy(s->ids, ids, (size_t)n_ids * sizeof *ids);
    return out;
}
