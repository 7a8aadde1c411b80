/* Multi-head attention. Heads are columns of q, k, v: matrix products step over the others, so
 * nothing is copied to lie together. One block of scores [T, S] a clip and head, in place from
 * products through positions, mask and softmax to weights. */
#include <string.h>

#include "compute/gemm.h"
#include "compute/ops.h"

enum { Q, KEY, VALUE, R, U, V };

typedef struct {
    int64_t B, T, S, D, H, E; /* E = D / H */
    int64_t n_r;              /* rows of r */
    float scale;
    nd_positions positions;
    nd_drop drop;
    const float *key_mask;
    float *weights; /* [B, H, T, S] before dropout; recorded passes only */
} attention;

/* Where query i's scores by position lie among its products with r: `call(j, n, from)` for runs of
 * n keys from j on, whose scores start at pos + from. The one key that reads a zero is in no run.
 * */
#define EACH_RUN(a, i, call)                                                         \
    do {                                                                             \
        if ((a)->positions == ND_POSITIONS_FULL) {                                   \
            call(0, (a)->T, (i) * (a)->n_r + (a)->T - 1 - (i));                      \
        } else {                                                                     \
            call(0, (i) + 1, (i) * (a)->T + (a)->T - 1 - (i));                       \
            if ((i) + 2 < (a)->T) call((i) + 2, (a)->T - (i)-2, ((i) + 1) * (a)->T); \
        }                                                                            \
    } while (0)

static void add_positions(const nd_kernels *k, const attention *a, float *scores, const float *pos)
{
    for (int64_t i = 0; i < a->T; i++) {
#define ADD(j, n, from) k->add(scores + i * a->S + (j), pos + (from), n)
        EACH_RUN(a, i, ADD);
#undef ADD
    }
}

static void positions_backward(const nd_kernels *k, const attention *a, float *dpos,
                               const float *dscores)
{
    memset(dpos, 0, (size_t)(a->T * a->n_r) * sizeof *dpos);
    for (int64_t i = 0; i < a->T; i++) {
#define ADD(j, n, from) k->add(dpos + (from), dscores + i * a->S + (j), n)
        EACH_RUN(a, i, ADD);
#undef ADD
    }
}

/* Scores of keys that are not looked at, or their gradients, become value. */
static void mask_keys(const attention *a, float *scores, int64_t b, float value)
{
    const float *mask = a->key_mask + b * a->S;
    for (int64_t i = 0; i < a->T; i++)
        for (int64_t j = 0; j < a->S; j++)
            if (mask[j] == 0) scores[i * a->S + j] = value;
}

/* Queries of one clip plus what is added to each, u or v. NULL bias: the queries themselves. */
static const float *shifted_queries(const nd_kernels *k, const attention *a, float *out,
                                    const float *q, const nd_tensor *bias)
{
    if (!bias) return q;
    k->bias_act(out, NULL, q, bias->data, NULL, 1, a->T, a->D, ND_ACT_NONE, (nd_drop){.scale = 1});
    return out;
}

static nd_drop drop_block(const attention *a, int64_t b, int64_t h)
{
    nd_drop drop = a->drop;
    drop.first += (uint32_t)((b * a->H + h) * a->T * a->S);
    return drop;
}

static void attention_backward(nd_tape *t, nd_node *node);

/* One clip: qu, qv its queries for content and position. */
static void attend(nd_tape *t, const attention *a, nd_tensor *const *in, nd_tensor *out, int64_t b,
                   const float *qu, const float *qv, float *scores, float *pos)
{
    const float *k = in[KEY]->data + b * a->S * a->D, *v = in[VALUE]->data + b * a->S * a->D;
    for (int64_t h = 0; h < a->H; h++) {
        int64_t at = h * a->E;
        float *p = a->weights ? a->weights + (b * a->H + h) * a->T * a->S : scores;
        nd_gemm('N', 'T', a->T, a->S, a->E, 1, qu + at, a->D, k + at, a->D, 0, p, a->S);
        if (in[R]) {
            nd_gemm('N', 'T', a->T, a->n_r, a->E, 1, qv + at, a->D, in[R]->data + at, a->D, 0, pos,
                    a->n_r);
            add_positions(t->kernels, a, p, pos);
        }
        if (a->key_mask) mask_keys(a, p, b, -1e9f);
        t->kernels->softmax(p, a->scale, a->T, a->S);
        if (a->drop.threshold) {
            t->kernels->dropout(scores, p, a->T * a->S, drop_block(a, b, h));
            p = scores;
        }
        nd_gemm('N', 'N', a->T, a->E, a->S, 1, p, a->S, v + at, a->D, 0,
                out->data + b * a->T * a->D + at, a->D);
    }
}

nd_tensor *nd_attention(nd_tape *t, nd_tensor *q, nd_tensor *k, nd_tensor *v,
                        const nd_attention_params *params)
{
    bool by_position = params->positions != ND_POSITIONS_NONE;
    if (!q || !k || !v || (by_position && !params->r)) return NULL;
    attention a = {.B = q->dims[0], .T = q->dims[1], .S = k->dims[1], .D = q->dims[2]};
    a.H = params->n_heads;
    a.E = a.D / a.H;
    ND_ASSERT(q->n_dims == 3 && k->n_dims == 3 && v->n_dims == 3 && a.E * a.H == a.D);
    ND_ASSERT(k->dims[2] == a.D && v->dims[2] == a.D && v->dims[1] == a.S && k->dims[0] == a.B);
    a.scale = params->scale;
    a.positions = params->positions;
    a.key_mask = params->key_mask;
    nd_tensor *in[] = {q, k, v, by_position ? params->r : NULL, params->u, params->v};
    if (by_position) {
        a.n_r = params->r->dims[0];
        ND_ASSERT_EQ(a.S, a.T);
        ND_ASSERT_EQ(a.n_r, a.positions == ND_POSITIONS_FULL ? 2 * a.T - 1 : a.T);
    }
    nd_tensor *out = nd_tape_like(t, q);
    if (!out) return NULL;
    nd_node *node = nd_tape_record(t, attention_backward, out, in, 6, sizeof a);
    a.drop = nd_tape_drop(t, params->dropout, a.H * a.T * a.S);
    if (node) a.weights = nd_tape_floats(t, a.B * a.H * a.T * a.S);
    nd_arena_mark mark = nd_arena_save(&t->arena);
    float *scores = nd_tape_floats(t, a.T * a.S), *pos = nd_tape_floats(t, a.T * a.n_r);
    float *room = nd_tape_floats(t, 2 * a.T * a.D);
    if (t->status) return NULL;
    for (int64_t b = 0; b < a.B; b++) {
        const float *queries = q->data + b * a.T * a.D;
        attend(t, &a, in, out, b, shifted_queries(t->kernels, &a, room, queries, in[U]),
               shifted_queries(t->kernels, &a, room + a.T * a.D, queries, in[V]), scores, pos);
    }
    nd_arena_restore(&t->arena, mark);
    if (node) *(attention *)node->saved = a;
    return out;
}

/* ---- backward ------------------------------------------------------------------ */

/* Places of a backward pass over one clip, and the gradients of whole tensors (NULL: unwanted). */
typedef struct {
    float *dq, *dk, *dv, *dr, *du, *dvb;
    float *dqu, *dqv, *weights, *dscores, *dpos;
} gradients;

static void head_backward(nd_tape *t, const attention *a, nd_tensor *const *in, gradients *g,
                          const float *dout, int64_t b, int64_t h, const float *qu, const float *qv)
{
    int64_t at = h * a->E, item = b * a->S * a->D + at, T = a->T, S = a->S, D = a->D, E = a->E;
    const float *p = a->weights + (b * a->H + h) * T * S, *dropped = p;
    const float *k = in[KEY]->data + item, *v = in[VALUE]->data + item;
    if (a->drop.threshold) {
        t->kernels->dropout(g->weights, p, T * S, drop_block(a, b, h));
        dropped = g->weights;
    }
    if (g->dv) nd_gemm('T', 'N', S, E, T, 1, dropped, S, dout + at, D, 1, g->dv + item, D);
    nd_gemm('N', 'T', T, S, E, 1, dout + at, D, v, D, 0, g->dscores, S);
    if (a->drop.threshold) t->kernels->dropout(g->dscores, g->dscores, T * S, drop_block(a, b, h));
    t->kernels->softmax_grad(g->dscores, p, g->dscores, a->scale, T, S);
    if (a->key_mask) mask_keys(a, g->dscores, b, 0); /* where all are, weights are not 0 */
    nd_gemm('N', 'N', T, E, S, 1, g->dscores, S, k, D, 0, g->dqu + at, D);
    if (g->dk) nd_gemm('T', 'N', S, E, T, 1, g->dscores, S, qu + at, D, 1, g->dk + item, D);
    if (!in[R]) return;
    positions_backward(t->kernels, a, g->dpos, g->dscores);
    nd_gemm('N', 'N', T, E, a->n_r, 1, g->dpos, a->n_r, in[R]->data + at, D, 0, g->dqv + at, D);
    if (g->dr) nd_gemm('T', 'N', a->n_r, E, T, 1, g->dpos, a->n_r, qv + at, D, 1, g->dr + at, D);
}

static void add_columns(const nd_kernels *k, float *sums, const float *x, int64_t rows, int64_t D)
{
    for (int64_t i = 0; sums && i < rows; i++) k->add(sums, x + i * D, D);
}

static void attention_backward(nd_tape *t, nd_node *node)
{
    const attention *a = node->saved;
    nd_tensor **in = node->in;
    int64_t block = a->T * a->D;
    nd_arena_mark mark = nd_arena_save(&t->arena);
    gradients g = {0};
    g.dq = nd_tape_grad_zeroed(t, in[Q]); /* two of them may be one tensor: all is added */
    g.dk = nd_tape_grad_zeroed(t, in[KEY]);
    g.dv = nd_tape_grad_zeroed(t, in[VALUE]);
    g.dr = nd_tape_grad_zeroed(t, in[R]);
    g.du = nd_tape_grad_zeroed(t, in[U]);
    g.dvb = nd_tape_grad_zeroed(t, in[V]);
    float *room = nd_tape_floats(t, 4 * block);
    g.weights = nd_tape_floats(t, a->T * a->S);
    g.dscores = nd_tape_floats(t, a->T * a->S);
    g.dpos = nd_tape_floats(t, a->T * a->n_r);
    if (t->status) return;
    g.dqu = room + 2 * block;
    g.dqv = room + 3 * block;
    for (int64_t b = 0; b < a->B; b++) {
        const float *q = in[Q]->data + b * block;
        const float *qu = shifted_queries(t->kernels, a, room, q, in[U]);
        const float *qv = shifted_queries(t->kernels, a, room + block, q, in[V]);
        for (int64_t h = 0; h < a->H; h++)
            head_backward(t, a, in, &g, node->out->grad + b * block, b, h, qu, qv);
        add_columns(t->kernels, g.du, g.dqu, a->T, a->D);
        if (in[R]) {
            add_columns(t->kernels, g.dvb, g.dqv, a->T, a->D);
            t->kernels->add(g.dqu, g.dqv, block);
        }
        if (g.dq) t->kernels->add(g.dq + b * block, g.dqu, block);
    }
    nd_arena_restore(&t->arena, mark);
}
