/* Nodes in a list, last first; backward walks it. A gradient buffer is taken when an op first adds
 * to it and is given back when the op that made its tensor has run backward, so only a few are
 * alive at once. */
#include <string.h>

#include "compute/tape.h"

/* A gradient buffer that was made, free or in use. */
typedef struct nd_spare {
    float *data;
    int64_t n;
    bool is_used;
} nd_spare;

int nd_tape_create(nd_tape **out, nd_team *team, int rank, size_t max_bytes)
{
    nd_tape *t = nd_calloc(1, sizeof *t);
    if (!t) return ND_ENOMEM;
    t->team = team;
    t->rank = rank;
    t->arena.limit = max_bytes;
    t->kernels = nd_kernels_get();
    *out = t;
    return 0;
}

void nd_tape_destroy(nd_tape **tape)
{
    if (!tape || !*tape) return;
    nd_arena_deinit(&(*tape)->arena);
    nd_arena_deinit(&(*tape)->grad_arena);
    free((*tape)->spares);
    free(*tape);
    *tape = NULL;
}

void nd_tape_begin(nd_tape *t, const nd_pass *pass)
{
    nd_arena_reset(&t->arena);
    nd_arena_reset(&t->grad_arena); /* buffers of other sizes would pile up */
    t->n_spares = 0;
    t->last = NULL;
    t->pass = *pass;
    t->n_drops = 0;
    t->status = 0;
    t->kernels = nd_kernels_get();
}

int nd_tape_status(const nd_tape *t)
{
    return t->status;
}

size_t nd_tape_peak_bytes(const nd_tape *t)
{
    return t->arena.peak + t->grad_arena.peak;
}

/* ---- what ops take ------------------------------------------------------------- */

/* This pass is over; the others of the team are not to wait for this tape. */
static void fail(nd_tape *t, int status)
{
    t->status = status;
    if (t->team) nd_team_break(t->team);
}

void *nd_tape_bytes(nd_tape *t, size_t bytes)
{
    void *p = nd_arena_alloc(&t->arena, bytes);
    if (!p) fail(t, t->arena.limit ? ND_ELIMIT : ND_ENOMEM);
    return p;
}

int nd_tape_sum(nd_tape *t, double *mine, int n)
{
    if (!t->team) return 0;
    int rc = nd_team_sum(t->team, t->rank, mine, n);
    if (rc && !t->status) t->status = rc;
    return rc;
}

float *nd_tape_floats(nd_tape *t, int64_t n)
{
    return nd_tape_bytes(t, (size_t)n * sizeof(float));
}

nd_tensor *nd_tape_tensor(nd_tape *t, int n_dims, const int64_t *dims)
{
    ND_ASSERT(n_dims >= 1 && n_dims <= ND_MAX_DIMS);
    nd_tensor *x = nd_tape_bytes(t, sizeof *x);
    if (!x) return NULL;
    *x = (nd_tensor){.n_dims = n_dims, .dims = {1, 1, 1, 1}};
    for (int i = 0; i < n_dims; i++) x->dims[i] = dims[i];
    x->data = nd_tape_floats(t, nd_tensor_count(x));
    return x->data ? x : NULL;
}

nd_tensor *nd_tape_input(nd_tape *t, int n_dims, const int64_t *dims)
{
    return nd_tape_tensor(t, n_dims, dims);
}

nd_tensor *nd_tape_like(nd_tape *t, const nd_tensor *x)
{
    return nd_tape_tensor(t, x->n_dims, x->dims);
}

nd_tensor *nd_tape_wide(nd_tape *t, const nd_tensor *x, int64_t width)
{
    int64_t dims[ND_MAX_DIMS];
    memcpy(dims, x->dims, sizeof dims);
    dims[x->n_dims - 1] = width;
    return nd_tape_tensor(t, x->n_dims, dims);
}

nd_node *nd_tape_record(nd_tape *t, void (*backward)(nd_tape *, nd_node *), nd_tensor *out,
                        nd_tensor *const *in, int n_in, size_t saved_bytes)
{
    ND_ASSERT(n_in <= ND_NODE_INPUTS);
    bool wanted = false;
    for (int i = 0; i < n_in; i++) wanted |= in[i] && in[i]->wants_grad;
    if (!wanted || !t->pass.record) return NULL;
    nd_node *node = nd_tape_bytes(t, sizeof *node);
    void *saved = nd_tape_bytes(t, saved_bytes);
    if (!node || !saved) return NULL;
    memset(saved, 0, saved_bytes);
    *node = (nd_node){.before = t->last, .backward = backward, .out = out, .saved = saved};
    for (int i = 0; i < n_in; i++) node->in[i] = in[i];
    out->wants_grad = true;
    t->last = node;
    return node;
}

nd_drop nd_tape_drop(nd_tape *t, float p, int64_t values_an_item)
{
    uint32_t number = t->n_drops++;
    if (!t->pass.train || t->pass.no_dropout || p <= 0) return (nd_drop){.scale = 1};
    nd_rng rng;
    nd_rng_init(&rng, t->pass.drop_key, number);
    return (nd_drop){.key = (uint32_t)nd_rng_next(&rng),
                     .first = (uint32_t)(t->pass.first_item * values_an_item),
                     .threshold = (uint32_t)((double)p * 4294967296.0),
                     .scale = 1.0f / (1.0f - p)};
}

/* ---- gradients ----------------------------------------------------------------- */

/* The smallest free buffer that holds n and is not twice as large; else a new one. */
static float *grad_take(nd_tape *t, int64_t n)
{
    nd_spare *best = NULL;
    for (size_t i = 0; i < t->n_spares; i++) {
        nd_spare *s = &t->spares[i];
        if (!s->is_used && s->n >= n && s->n <= 2 * n && (!best || s->n < best->n)) best = s;
    }
    if (!best) {
        float *data = nd_arena_alloc(&t->grad_arena, (size_t)n * sizeof *data);
        if (!data || nd_grow(&t->spares, &t->spares_capacity, t->n_spares, 1, sizeof *best)) {
            fail(t, ND_ENOMEM);
            return NULL;
        }
        best = &t->spares[t->n_spares++];
        *best = (nd_spare){data, n, false};
    }
    best->is_used = true;
    return best->data;
}

static void grad_give(nd_tape *t, nd_tensor *x)
{
    for (size_t i = 0; i < t->n_spares; i++)
        if (t->spares[i].data == x->grad) t->spares[i].is_used = false;
    x->grad = NULL;
    x->has_grad = false;
}

float *nd_tape_grad(nd_tape *t, nd_tensor *x, float *beta)
{
    if (!x || !x->wants_grad) return NULL;
    if (!x->grad) x->grad = grad_take(t, nd_tensor_count(x));
    *beta = x->has_grad ? 1 : 0;
    x->has_grad = x->grad != NULL;
    return x->grad;
}

float *nd_tape_grad_zeroed(nd_tape *t, nd_tensor *x)
{
    float beta = 0, *grad = nd_tape_grad(t, x, &beta);
    if (grad && beta == 0) memset(grad, 0, (size_t)nd_tensor_count(x) * sizeof *grad);
    return grad;
}

void nd_tape_pass_grad(nd_tape *t, nd_tensor *x, nd_tensor *out)
{
    if (!x || !x->wants_grad) return;
    if (!x->grad) {
        x->grad = out->grad;
        x->has_grad = true;
        out->grad = NULL;
        return;
    }
    float beta = 0, *grad = nd_tape_grad(t, x, &beta);
    t->kernels->scale_add(grad, beta, 1, out->grad, nd_tensor_count(x));
}

/* Run the nodes after stop backward, last first. */
static void run_back(nd_tape *t, const nd_node *stop)
{
    while (t->last != stop && !t->status) {
        nd_node *node = t->last;
        t->last = node->before;
        if (node->out->has_grad) node->backward(t, node);
        if (!node->out->is_parameter) grad_give(t, node->out);
    }
}

int nd_tape_backward(nd_tape *t, nd_tensor *loss, float weight)
{
    if (t->status || !loss) return t->status;
    ND_ASSERT_EQ(nd_tensor_count(loss), 1);
    float beta, *grad = nd_tape_grad(t, loss, &beta);
    if (grad) *grad = weight;
    run_back(t, NULL);
    return t->status;
}

/* ---- blocks -------------------------------------------------------------------- */

typedef struct {
    nd_tape_work *work;
    void *user;
    uint32_t n_drops; /* before it */
} block;

static void block_backward(nd_tape *t, nd_node *node)
{
    const block *b = node->saved;
    nd_arena_mark mark = nd_arena_save(&t->arena);
    nd_node *stop = t->last;
    uint32_t n_drops = t->n_drops;
    t->n_drops = b->n_drops;
    t->pass.record = t->again = true;
    nd_tensor *y = b->work(t, b->user, node->in[0]);
    t->again = false;
    t->n_drops = n_drops;
    if (!y) return;
    nd_tape_pass_grad(t, y, node->out);
    run_back(t, stop);
    nd_arena_restore(&t->arena, mark);
}

/* Run work without recording, and keep of its memory only the result, moved to where it began. */
static nd_tensor *block_alone(nd_tape *t, nd_tape_work *work, void *user, nd_tensor *x)
{
    bool record = t->pass.record;
    nd_arena_mark mark = nd_arena_save(&t->arena);
    t->pass.record = false;
    nd_tensor *y = work(t, user, x);
    t->pass.record = record;
    if (!y || y == x) return y;
    nd_tensor result = *y;
    nd_arena_restore(&t->arena, mark);
    nd_tensor *kept = nd_tape_bytes(t, sizeof *kept);
    if (!kept) return NULL;
    *kept = result;
    kept->data = nd_tape_floats(t, nd_tensor_count(kept));
    if (kept->data) /* what it held lies at or after its new place */
        memmove(kept->data, result.data, (size_t)nd_tensor_count(kept) * sizeof(float));
    return kept->data ? kept : NULL;
}

nd_tensor *nd_tape_block(nd_tape *t, nd_tape_work *work, void *user, nd_tensor *x)
{
    if (!x) return NULL;
    if (t->pass.record && !t->pass.checkpoint) return work(t, user, x);
    uint32_t n_drops = t->n_drops;
    nd_tensor *y = block_alone(t, work, user, x);
    if (!t->pass.record || !y || y == x) return y;
    bool wanted = x->wants_grad;
    x->wants_grad = true; /* parameters inside want theirs, whatever x does */
    nd_node *node = nd_tape_record(t, block_backward, y, &x, 1, sizeof(block));
    x->wants_grad = wanted;
    if (node) *(block *)node->saved = (block){work, user, n_drops};
    return y;
}
