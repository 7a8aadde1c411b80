/* One tensor in many places: its gradients add up, whoever of the ops writes first. And what ops do
 * besides: nothing with NULL, running statistics. */
#include "../test.h"
#include "compute/params.h"
#include "op_case.h"

static void fill(float *out, int64_t n, uint64_t stream)
{
    nd_rng rng;
    nd_rng_init(&rng, 3, stream);
    for (int64_t i = 0; i < n; i++) out[i] = (float)nd_rng_uniform(&rng, -1, 1);
}

typedef nd_tensor *shared_work(nd_tape *t, nd_tensor *const *x); /* of three tensors of one shape */

static nd_tensor *add_both(nd_tape *t, nd_tensor *const *x)
{
    return nd_add(t, x[0], nd_add(t, x[1], x[2]));
}
static nd_tensor *concat_all(nd_tape *t, nd_tensor *const *x)
{
    return nd_concat(t, x, 3);
}
static nd_tensor *attend_itself(nd_tape *t, nd_tensor *const *x)
{
    return nd_attention(t, x[0], x[1], x[2], &(nd_attention_params){.n_heads = 2, .scale = 1});
}
static nd_tensor *own_residual(nd_tape *t, nd_tensor *const *x)
{
    nd_tensor *w = nd_transpose(t, nd_reshape(t, x[1], 2, (const int64_t[]){12, 4}));
    w = nd_linear(t, w, w, NULL, NULL);
    return nd_linear(t, x[0], w, NULL,
                     &(nd_linear_params){.act = ND_ACT_GELU, .residual = x[2], .factor = 0.5f});
}
static nd_tensor *several_ops(nd_tape *t, nd_tensor *const *x)
{
    nd_tensor *y = nd_add(t, nd_scale(t, x[0], 2), nd_activate(t, x[1], ND_ACT_SWISH));
    return nd_add(t, nd_reshape(t, nd_softmax(t, x[2]), 3, x[2]->dims), y);
}
static nd_tensor *reshaped_twice(nd_tape *t, nd_tensor *const *x)
{
    const int64_t flat[] = {1, 48};
    nd_tensor *y = nd_linear(t, nd_reshape(t, x[0], 2, flat), nd_reshape(t, x[1], 2, flat), NULL,
                             NULL);
    return nd_add(t, nd_reshape(t, x[2], 2, flat), nd_reshape(t, y, 1, (const int64_t[]){1}));
}

/* Run work on three tensors of the same values, or on one. grads [48] gets the sum. */
static int shared_grads(nd_tape *t, shared_work *work, bool is_shared, float *grads)
{
    nd_tape_begin(t, &(nd_pass){.record = true});
    nd_tensor *x[3];
    for (int i = 0; i < 3; i++) {
        x[i] = is_shared && i ? x[0] : nd_tape_input(t, 3, (const int64_t[]){2, 6, 4});
        fill(x[i]->data, 48, 4);
        x[i]->wants_grad = true;
    }
    nd_tensor *y = work(t, x);
    int64_t dims[] = {1, nd_tensor_count(y)};
    nd_tensor *w = nd_tape_input(t, 2, dims);
    fill(w->data, dims[1], 5);
    int rc = nd_tape_backward(t, nd_linear(t, nd_reshape(t, y, 2, dims), w, NULL, NULL), 1);
    memset(grads, 0, 48 * sizeof *grads);
    for (int i = 0; i < (is_shared ? 1 : 3); i++)
        for (int j = 0; j < 48; j++) grads[j] += x[i]->grad[j];
    return rc;
}

static void test_shared(void)
{
    static const struct {
        const char *name;
        shared_work *work;
    } cases[] = {{"x + x + x", add_both},
                 {"x beside x beside x", concat_all},
                 {"attention of x to x", attend_itself},
                 {"x as residual of its own", own_residual},
                 {"x in three ops", several_ops},
                 {"views of x", reshaped_twice}};
    nd_tape *t = NULL;
    ND_ASSERT(!nd_tape_create(&t, NULL, 0, 0));
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        float apart[48], together[48];
        int rc = shared_grads(t, cases[i].work, false, apart);
        if (!rc) rc = shared_grads(t, cases[i].work, true, together);
        double worst = rc ? INFINITY : 0;
        for (int j = 0; j < 48 && !rc; j++)
            worst = fmax(worst, fabs((double)apart[j] - (double)together[j]));
        CHECK(cases[i].name, worst < 1e-5, "error %d, %g apart", rc, worst);
    }
    nd_tape_destroy(&t);
}

/* Two backward passes with no nd_params_begin in between add up. */
static void test_accumulation(void)
{
    nd_params *p = NULL;
    nd_tape *t = NULL;
    ND_ASSERT(!nd_params_create(&p));
    nd_params_add(p, "w", ND_INIT_ONES, 0, 2, (const int64_t[]){1, 2});
    ND_ASSERT(!nd_params_allocate(p) && !nd_params_train(p, 1) && !nd_tape_create(&t, NULL, 0, 0));
    nd_params_init(p, 0);
    nd_tensor *w = nd_params_tensor(p, 0, 0);
    for (int round = 0; round < 2; round++) {
        nd_params_begin(p, 0);
        for (int pass = 0; pass < 2; pass++) {
            nd_tape_begin(t, &(nd_pass){.record = true});
            nd_tensor *x = nd_tape_input(t, 2, (const int64_t[]){1, 2});
            x->data[0] = 1;
            x->data[1] = 10 + (float)pass;
            nd_tape_backward(t, nd_linear(t, x, w, NULL, NULL), 0.5f);
        }
    }
    CHECK("passes add up until the next begin", w->grad[0] == 1.0f && w->grad[1] == 10.5f,
          "%g %g, expected 1 10.5", (double)w->grad[0], (double)w->grad[1]);
    nd_tape_destroy(&t);
    nd_params_destroy(&p);
}

/* ---- statistics, missing tensors -------------------------------------------------------- */

/* As PyTorch: running = (1 - momentum) running + momentum new, the variance by n - 1. */
static void test_running_values(void)
{
    nd_tape *t = NULL;
    ND_ASSERT(!nd_tape_create(&t, NULL, 0, 0));
    nd_tape_begin(t, &(nd_pass){.train = true});
    nd_tensor *x = nd_tape_input(t, 2, (const int64_t[]){4, 1});
    nd_tensor *one[4];
    for (int i = 0; i < 4; i++) {
        x->data[i] = (float)i; /* mean 1.5, variance 5 / 3 by n - 1 */
        one[i] = nd_tape_input(t, 1, (const int64_t[]){1});
        one[i]->data[0] = 1;
    }
    nd_batch_norm(t, x, one[0], one[1], one[2], one[3], &(nd_batch_norm_params){1e-5f, 0.1f, 0});
    CHECK_NEAR("running mean", one[2]->data[0], 0.9 + 0.15, 1e-6);
    CHECK_NEAR("running variance", one[3]->data[0], 0.9 + 0.1 * 5 / 3, 1e-6);
    nd_tape_destroy(&t);
}

/* Ops given nothing give nothing, and that alone is no error. */
static void test_missing(void)
{
    static nd_tensor *const none[ND_NODE_INPUTS];
    nd_tape *t = NULL;
    ND_ASSERT(!nd_tape_create(&t, NULL, 0, 0));
    nd_tape_begin(t, &(nd_pass){.record = true});
    for (int i = 0; i < op_n_cases; i++) {
        const op_case *c = &op_cases[i];
        if (c->op == &op_conv2d && ((const op_conv2d_params *)c->params)->prepared) continue;
        char name[96];
        snprintf(name, sizeof name, "%s of nothing", c->name);
        const nd_tensor *out = c->op->run(c, t, none);
        CHECK(name, !out && !nd_tape_status(t), "%p, status %d", (const void *)out,
              nd_tape_status(t));
    }
    CHECK("backward of nothing", !nd_tape_backward(t, NULL, 1), "%d", nd_tape_status(t));
    nd_tape_destroy(&t);
    nd_tape_destroy(&t);
    nd_tape_destroy(NULL);
}

int main(void)
{
    test_missing();
    test_shared();
    test_accumulation();
    test_running_values();
    TEST_END();
}
