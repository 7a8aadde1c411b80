/* What a tape does with ops: gradients that meet, blocks, teams, memory. The ops one by one are in
 * test_ops.c. */
#include "compute/params.h"
#include "failing_malloc.h"
#include "op_case.h"

/* ---- a small network with one of everything that has a state ---------------------------- */

enum { B = 6, T = 7, D = 16, H = 2, N_LAYERS = 2, N_PARAMS = 17, MAX_MEMBERS = 3 };

/* One layer's parameters, in order of adding. */
enum {
    LN_G,
    LN_B,
    WQ,
    WK,
    WV,
    WR,
    BIAS_U,
    BIAS_V,
    WO,
    W1,
    B1,
    W2,
    DW,
    BN_G,
    BN_B,
    BN_MEAN,
    BN_VAR
};

typedef struct {
    nd_params *params;
    int shard, index;
    const float *positions; /* [T, D] */
} layer;

typedef struct {
    nd_tape *tape;
    nd_params *params;
    layer layers[N_LAYERS];
    const float *batch; /* [B, T, D], of all members */
} net;

static void add_layer(nd_params *p, int index)
{
    static const struct {
        nd_init init;
        int n_dims;
        int64_t dims[3];
    } items[] = {
        [LN_G] = {ND_INIT_ONES, 1, {D}},
        [LN_B] = {ND_INIT_ZEROS, 1, {D}},
        [WQ] = {ND_INIT_FAN_IN, 2, {D, D}},
        [WK] = {ND_INIT_FAN_IN, 2, {D, D}},
        [WV] = {ND_INIT_FAN_IN, 2, {D, D}},
        [WR] = {ND_INIT_FAN_IN, 2, {D, D}},
        [BIAS_U] = {ND_INIT_XAVIER, 2, {H, D / H}},
        [BIAS_V] = {ND_INIT_XAVIER, 2, {H, D / H}},
        [WO] = {ND_INIT_FAN_IN, 2, {D, D}},
        [W1] = {ND_INIT_KAIMING, 2, {2 * D, D}},
        [B1] = {ND_INIT_NORMAL, 1, {2 * D}},
        [W2] = {ND_INIT_FAN_IN, 2, {D, 2 * D}},
        [DW] = {ND_INIT_FAN_IN, 3, {D, 1, 3}},
        [BN_G] = {ND_INIT_ONES, 1, {D}},
        [BN_B] = {ND_INIT_ZEROS, 1, {D}},
    };
    char name[32];
    for (int i = 0; i < (int)ND_COUNT(items); i++) {
        snprintf(name, sizeof name, "layer.%d.%d", index, i);
        nd_params_add(p, name, items[i].init, 0, items[i].n_dims, items[i].dims);
    }
    snprintf(name, sizeof name, "layer.%d.mean", index);
    nd_params_add_buffer(p, name, ND_INIT_ZEROS, D);
    snprintf(name, sizeof name, "layer.%d.var", index);
    nd_params_add_buffer(p, name, ND_INIT_ONES, D);
}

static nd_params *make_params(int n_shards)
{
    nd_params *p = NULL;
    ND_ASSERT(!nd_params_create(&p));
    for (int i = 0; i < N_LAYERS; i++) add_layer(p, i);
    nd_params_add(p, "out", ND_INIT_FAN_IN, 0, 2, (const int64_t[]){1, D});
    ND_ASSERT(!nd_params_allocate(p) && !nd_params_train(p, n_shards));
    nd_params_init(p, 5);
    return p;
}

static nd_tensor *param(const layer *l, int i)
{
    return nd_params_tensor(l->params, l->shard, l->index * N_PARAMS + i);
}

static nd_tensor *attend(nd_tape *t, const layer *l, nd_tensor *x)
{
    nd_tensor *r = nd_tape_input(t, 2, (const int64_t[]){T, D});
    if (r) memcpy(r->data, l->positions, T * D * sizeof(float));
    nd_tensor *y = nd_layer_norm(t, x, param(l, LN_G), param(l, LN_B), 1e-5f);
    nd_tensor *q = nd_linear(t, y, param(l, WQ), NULL, NULL);
    nd_tensor *k = nd_linear(t, y, param(l, WK), NULL, NULL);
    nd_tensor *v = nd_linear(t, y, param(l, WV), NULL, NULL);
    nd_attention_params p = {
        .n_heads = H, .scale = 0.25f, .positions = ND_POSITIONS_SHIFTED, .dropout = 0.1f};
    p.r = nd_linear(t, r, param(l, WR), NULL, NULL);
    p.u = param(l, BIAS_U);
    p.v = param(l, BIAS_V);
    return nd_linear(t, nd_attention(t, q, k, v, &p), param(l, WO), NULL,
                     &(nd_linear_params){.dropout = 0.2f, .residual = x});
}

static nd_tensor *run_layer(nd_tape *t, void *user, nd_tensor *x)
{
    const layer *l = user;
    x = attend(t, l, x);
    nd_tensor *y = nd_linear(t, x, param(l, W1), param(l, B1),
                             &(nd_linear_params){.act = ND_ACT_SWISH, .dropout = 0.2f});
    x = nd_linear(t, y, param(l, W2), NULL, &(nd_linear_params){.residual = x, .factor = 0.5f});
    y = nd_depthwise(t, x, param(l, DW));
    y = nd_batch_norm(t, y, param(l, BN_G), param(l, BN_B), param(l, BN_MEAN), param(l, BN_VAR),
                      &(nd_batch_norm_params){1e-5f, 0.1f, ND_ACT_SWISH});
    return nd_add(t, x, y);
}

/* A block for each layer, within a block. */
static nd_tensor *run_layers(nd_tape *t, void *user, nd_tensor *x)
{
    net *n = user;
    for (int i = 0; i < N_LAYERS; i++) x = nd_tape_block(t, run_layer, &n->layers[i], x);
    return x;
}

/* The sum over items of a number from each. */
static nd_tensor *item_sum(const net *n, nd_tape *t, nd_tensor *x)
{
    nd_tensor *w = nd_params_tensor(n->params, n->layers[0].shard, N_LAYERS * N_PARAMS);
    nd_tensor *y = nd_activate(t, nd_linear(t, nd_mean_pool(t, x, NULL), w, NULL, NULL),
                               ND_ACT_SIGMOID);
    nd_tensor *ones = y ? nd_tape_input(t, 2, (const int64_t[]){1, y->dims[0]}) : NULL;
    for (int64_t i = 0; ones && i < y->dims[0]; i++) ones->data[i] = 1;
    return ones ? nd_linear(t, nd_reshape(t, y, 2, ones->dims), ones, NULL, NULL) : NULL;
}

/* Forward over items pass->first_item and n_items - 1 more. @return loss, or NULL */
static nd_tensor *forward(net *n, const nd_pass *pass, int64_t n_items)
{
    nd_tape_begin(n->tape, pass);
    nd_params_begin(n->params, n->layers[0].shard);
    nd_tensor *x = nd_tape_input(n->tape, 3, (const int64_t[]){n_items, T, D});
    const float *from = n->batch + pass->first_item * T * D;
    if (x) memcpy(x->data, from, (size_t)(n_items * T * D) * sizeof *from);
    return item_sum(n, n->tape, nd_tape_block(n->tape, run_layers, n, x));
}

static nd_pass training(int64_t first_item)
{
    return (nd_pass){.record = true, .train = true, .drop_key = 77, .first_item = first_item};
}

/* Inputs of the whole batch, the same in every test. */
typedef struct {
    float batch[B * T * D], positions[T * D];
} inputs;

static void fill(float *out, int64_t n, uint64_t stream)
{
    nd_rng rng;
    nd_rng_init(&rng, 3, stream);
    for (int64_t i = 0; i < n; i++) out[i] = (float)nd_rng_uniform(&rng, -1, 1);
}

static net make_net(nd_params *p, nd_tape *t, int shard, const inputs *in)
{
    net n = {.tape = t, .params = p, .batch = in->batch};
    for (int i = 0; i < N_LAYERS; i++) n.layers[i] = (layer){p, shard, i, in->positions};
    return n;
}

/* ---- results of a step, and their comparison -------------------------------------------- */

/* Loss, gradients summed over members, and buffers after the step. */
typedef struct {
    int rc, n;
    double loss;
    float *values; /* [n] */
    size_t peak_bytes;
} step;

static void keep_values(step *s, nd_params *p, int n_members)
{
    s->values = nd_calloc(1 << 16, sizeof *s->values);
    ND_ASSERT(s->values);
    for (int i = 0; i < nd_params_count(p); i++) {
        int64_t count = nd_tensor_count(nd_params_tensor(p, 0, i));
        for (int shard = 0; shard < n_members; shard++) {
            const nd_tensor *x = nd_params_tensor(p, shard, i);
            const float *from = nd_params_is_buffer(p, i) ? x->data : x->grad;
            if (shard > 0 && nd_params_is_buffer(p, i)) continue;
            for (int64_t j = 0; j < count; j++) s->values[s->n + j] += from[j];
        }
        s->n += (int)count;
    }
    ND_ASSERT(s->n <= 1 << 16);
}

typedef struct {
    net nets[MAX_MEMBERS];
    const int64_t *shares;
    bool checkpoint;
    double losses[MAX_MEMBERS];
    int codes[MAX_MEMBERS];
} team_job;

static void run_member(void *user, int rank)
{
    team_job *job = user;
    int64_t first = 0;
    for (int i = 0; i < rank; i++) first += job->shares[i];
    nd_pass pass = training(first);
    pass.checkpoint = job->checkpoint;
    nd_tensor *loss = forward(&job->nets[rank], &pass, job->shares[rank]);
    job->losses[rank] = loss ? (double)*loss->data : 0;
    job->codes[rank] = nd_tape_backward(job->nets[rank].tape, loss, 1);
}

/* One training step by members with so many items each. @param shares  [n], 6 in all */
static step run_step(const inputs *in, int n, const int64_t *shares, bool checkpoint)
{
    team_job job = {.shares = shares, .checkpoint = checkpoint};
    nd_team *team = NULL;
    nd_params *p = make_params(n);
    nd_tape *tapes[MAX_MEMBERS] = {0};
    step s = {0};
    ND_ASSERT(n == 1 || !nd_team_create(&team, n));
    for (int i = 0; i < n; i++) {
        ND_ASSERT(!nd_tape_create(&tapes[i], team, i, 0));
        job.nets[i] = make_net(p, tapes[i], i, in);
    }
    if (team) nd_team_run(team, run_member, &job);
    else run_member(&job, 0);
    for (int i = 0; i < n; i++) {
        s.loss += job.losses[i];
        if (job.codes[i]) s.rc = job.codes[i];
        s.peak_bytes = ND_MAX(s.peak_bytes, nd_tape_peak_bytes(tapes[i]));
        nd_tape_destroy(&tapes[i]);
    }
    keep_values(&s, p, n);
    nd_params_destroy(&p);
    nd_team_destroy(&team);
    return s;
}

static double difference(const step *a, const step *b)
{
    double worst = 0, largest = 0;
    for (int i = 0; i < a->n; i++) {
        largest = fmax(largest, fabs((double)a->values[i]));
        worst = fmax(worst, fabs((double)a->values[i] - (double)b->values[i]));
    }
    return worst / largest;
}

static void test_teams(const inputs *in, const step *alone)
{
    static const struct {
        const char *name;
        int n;
        int64_t shares[MAX_MEMBERS];
        bool checkpoint;
    } cases[] = {
        {"team of 1", 1, {6}, false},
        {"team of 2", 2, {3, 3}, false},
        {"team of 2, uneven", 2, {5, 1}, false},
        {"team of 3", 3, {2, 2, 2}, false},
        {"team of 3, uneven, checkpoints", 3, {1, 3, 2}, true},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        step s = run_step(in, cases[i].n, cases[i].shares, cases[i].checkpoint);
        double d = difference(alone, &s);
        CHECK(cases[i].name, !s.rc && fabs(s.loss - alone->loss) < 1e-5 && d < 1e-5,
              "error %d, loss %.8g for %.8g, gradients and statistics %.3g apart", s.rc, s.loss,
              alone->loss, d);
        free(s.values);
    }
}

static void test_checkpoint(const inputs *in, const step *alone)
{
    step s = run_step(in, 1, (const int64_t[]){B}, true);
    CHECK("checkpoints change no bit", !s.rc && !memcmp(s.values, alone->values, 4u * (size_t)s.n),
          "error %d, %.3g apart", s.rc, difference(alone, &s));
    CHECK("checkpoints take less memory", s.peak_bytes < alone->peak_bytes,
          "%zu bytes, %zu without", s.peak_bytes, alone->peak_bytes);
    free(s.values);
}

/* ---- statistics that move once ---------------------------------------------------------- */

/* The buffers lie between the parameters: the first layer's mean is what the batch's was, times the
 * momentum, and not twice that. */
static void test_running_statistics(const inputs *in)
{
    float moved[2][D];
    for (int checkpoint = 0; checkpoint < 2; checkpoint++) {
        nd_params *p = make_params(1);
        nd_tape *t = NULL;
        ND_ASSERT(!nd_tape_create(&t, NULL, 0, 0));
        net n = make_net(p, t, 0, in);
        nd_pass pass = training(0);
        pass.checkpoint = checkpoint;
        nd_tensor *loss = forward(&n, &pass, B);
        const float *mean = nd_params_tensor(p, 0, BN_MEAN)->data;
        memcpy(moved[0], mean, sizeof moved[0]);
        int rc = nd_tape_backward(t, loss, 1);
        memcpy(moved[1], mean, sizeof moved[1]);
        CHECK(checkpoint ? "statistics move once with checkpoints" : "statistics move once",
              !rc && moved[0][0] != 0 && !memcmp(moved[0], moved[1], sizeof moved[0]),
              "error %d, %g after forward, %g after backward", rc, (double)moved[0][0],
              (double)moved[1][0]);
        nd_tape_destroy(&t);
        nd_params_destroy(&p);
    }
}

/* ---- memory ----------------------------------------------------------------------------- */

/* What the tape has asked malloc for, as far as one can see from outside. */
typedef struct {
    const void *blocks, *grad_blocks;
    size_t n_spares, spares_capacity, grad_bytes;
    long malloc_calls_left;
} held;

static held what_is_held(const nd_tape *t)
{
    return (held){t->arena.blocks,    t->grad_arena.blocks, t->n_spares,
                  t->spares_capacity, t->grad_arena.used,   malloc_calls_left};
}

/* The first step finds its size, the second's begin makes one block of it. The arenas' blocks are
 * looked at, and malloc is counted where it is ours: oneDNN has to be content with that too. */
static void test_no_allocation(const inputs *in)
{
    nd_params *p = make_params(1);
    nd_tape *t = NULL;
    ND_ASSERT(!nd_tape_create(&t, NULL, 0, 0));
    net n = make_net(p, t, 0, in);
    held held_after[4] = {0};
    malloc_calls_left = 1000000;
    for (int i = 0; i < 4; i++) {
        nd_pass pass = training(0);
        pass.checkpoint = i % 2;
        nd_tape_backward(t, forward(&n, &pass, B), 1);
        held_after[i] = what_is_held(t);
    }
    malloc_calls_left = -1;
    held second = held_after[1], last = held_after[3];
    CHECK("no block after the second step",
          last.blocks == second.blocks && last.grad_blocks == second.grad_blocks &&
              last.n_spares == second.n_spares && last.spares_capacity == second.spares_capacity &&
              last.grad_bytes == second.grad_bytes,
          "%zu spares then %zu, %zu bytes then %zu", second.n_spares, last.n_spares,
          second.grad_bytes, last.grad_bytes);
    CHECK("no malloc after the second step", last.malloc_calls_left == second.malloc_calls_left,
          "%ld calls", second.malloc_calls_left - last.malloc_calls_left);
    nd_tape_destroy(&t);
    nd_params_destroy(&p);
}

/* Passes of ever larger batches hold what the largest takes, not the sum. */
static void test_growing(const inputs *in)
{
    nd_params *p = make_params(1);
    size_t peak[2];
    for (int is_growing = 0; is_growing < 2; is_growing++) {
        nd_tape *t = NULL;
        ND_ASSERT(!nd_tape_create(&t, NULL, 0, 0));
        net n = make_net(p, t, 0, in);
        nd_pass pass = training(0);
        for (int items = is_growing ? 2 : B; items <= B; items++)
            nd_tape_backward(t, forward(&n, &pass, items), 1);
        peak[is_growing] = nd_tape_peak_bytes(t);
        nd_tape_destroy(&t);
    }
    CHECK("growing batches do not pile up", peak[1] <= peak[0], "%zu bytes, %zu for the largest",
          peak[1], peak[0]);
    nd_params_destroy(&p);
}

/* In inference a block's memory is given back. */
static void test_inference_memory(const inputs *in)
{
    nd_params *p = make_params(1);
    size_t peak[2];
    float loss[2];
    for (int i = 0; i < 2; i++) {
        nd_tape *t = NULL;
        ND_ASSERT(!nd_tape_create(&t, NULL, 0, 0));
        net n = make_net(p, t, 0, in);
        nd_pass pass = {.record = i == 1};
        loss[i] = *forward(&n, &pass, B)->data;
        peak[i] = nd_tape_peak_bytes(t);
        nd_tape_destroy(&t);
    }
    CHECK("inference takes less memory", 2 * peak[0] < peak[1], "%zu bytes, %zu with a record",
          peak[0], peak[1]);
    CHECK("inference gives the same", loss[0] == loss[1], "%.9g, %.9g", (double)loss[0],
          (double)loss[1]);
    nd_params_destroy(&p);
}

/* Every limit below what a step needs gives ND_ELIMIT; the next pass starts afresh. */
static void test_limits(const inputs *in, bool checkpoint, size_t need_bytes)
{
    int n_failed = 0, n_passed = 0, n_wrong = 0;
    for (size_t limit = 64; limit < need_bytes; limit += need_bytes / 97) {
        nd_params *p = make_params(1);
        nd_tape *t = NULL;
        ND_ASSERT(!nd_tape_create(&t, NULL, 0, limit));
        net n = make_net(p, t, 0, in);
        nd_pass pass = training(0);
        pass.checkpoint = checkpoint;
        int rc = nd_tape_backward(t, forward(&n, &pass, B), 1);
        n_failed += rc == ND_ELIMIT;
        n_passed += rc == 0;
        n_wrong += (rc != ND_ELIMIT && rc) || rc != nd_tape_status(t) || t->arena.peak > limit;
        nd_tape_begin(t, &pass);
        n_wrong += nd_tape_status(t) != 0;
        nd_tape_destroy(&t);
        nd_params_destroy(&p);
    }
    CHECK(checkpoint ? "limits, with checkpoints" : "limits", n_failed > 20 && n_wrong == 0,
          "%d over the limit, %d within, %d neither", n_failed, n_passed, n_wrong);
}

/* One member runs out of memory, the others are not left waiting for it. */
typedef struct {
    net nets[2];
    int codes[2];
} broken_job;

static void run_broken(void *user, int rank)
{
    broken_job *job = user;
    nd_pass pass = training(3 * rank);
    nd_tensor *loss = forward(&job->nets[rank], &pass, 3);
    job->codes[rank] = nd_tape_backward(job->nets[rank].tape, loss, 1);
}

static void test_broken_team(const inputs *in)
{
    broken_job job;
    nd_team *team = NULL;
    nd_params *p = make_params(2);
    nd_tape *tapes[2] = {0};
    ND_ASSERT(!nd_team_create(&team, 2));
    for (int i = 0; i < 2; i++) {
        ND_ASSERT(!nd_tape_create(&tapes[i], team, i, i ? 20000 : 0));
        job.nets[i] = make_net(p, tapes[i], i, in);
    }
    for (int i = 0; i < 20; i++) nd_team_run(team, run_broken, &job);
    CHECK("a member without memory keeps nobody waiting",
          job.codes[0] == ND_ECANCELLED && job.codes[1] == ND_ELIMIT, "%d and %d", job.codes[0],
          job.codes[1]);
    for (int i = 0; i < 2; i++) nd_tape_destroy(&tapes[i]);
    nd_params_destroy(&p);
    nd_team_destroy(&team);
}

int main(void)
{
    static inputs in;
    fill(in.batch, B * T * D, 1);
    fill(in.positions, T * D, 2);
    step alone = run_step(&in, 1, (const int64_t[]){B}, false);
    CHECK("a step alone", !alone.rc && isfinite(alone.loss), "error %d", alone.rc);
    test_checkpoint(&in, &alone);
    test_teams(&in, &alone);
    test_running_statistics(&in);
    test_no_allocation(&in);
    test_growing(&in);
    test_inference_memory(&in);
    test_limits(&in, false, alone.peak_bytes);
    test_limits(&in, true, alone.peak_bytes);
    test_broken_team(&in);
    free(alone.values);
    TEST_END();
}
