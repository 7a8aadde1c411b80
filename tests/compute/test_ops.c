/* Every case of op_cases.c under every instruction set that this processor has: values against the
 * reference, gradients against finite differences of the reference, and both against "plain". */
#include "../test.h"
#include "op_case.h"

enum { N_SAMPLES = 24, MAX_KERNELS = 3 };

/* What a case should give, from the reference. */
typedef struct {
    const op_case *c;
    nd_arena arena;
    const float *values[ND_NODE_INPUTS];
    double *exact[ND_NODE_INPUTS];
    float *weights; /* [n_out]: loss = sum of out * weights */
    double *out, *work;
    int64_t n_out;
    /* Some entries of each input, and the slope of the loss there. */
    int n_samples[ND_NODE_INPUTS];
    int64_t at[ND_NODE_INPUTS][N_SAMPLES];
    double slope[ND_NODE_INPUTS][N_SAMPLES];
} expected;

/* What an instruction set gave. */
typedef struct {
    float *out, *grads[ND_NODE_INPUTS];
} found;

static void *room(expected *e, int64_t n, size_t size)
{
    void *p = nd_arena_alloc(&e->arena, (size_t)n * size);
    ND_ASSERT(p);
    return memset(p, 0, (size_t)n * size);
}

/* ---- the reference ---------------------------------------------------------------------- */

static double reference_loss(expected *e)
{
    memset(e->work, 0, (size_t)e->n_out * sizeof *e->work);
    e->c->op->reference(e->c, e->work, (const double *const *)e->exact);
    double sum = 0;
    for (int64_t i = 0; i < e->n_out; i++) sum += e->work[i] * (double)e->weights[i];
    return sum;
}

static double slope_at(expected *e, int input, int64_t at)
{
    double *x = &e->exact[input][at], kept = *x, h = 1e-5;
    *x = kept + h;
    double up = reference_loss(e);
    *x = kept - h;
    double down = reference_loss(e);
    *x = kept;
    return (up - down) / (2 * h);
}

/* All entries of a small input, an even choice of a large one's. */
static void sample_slopes(expected *e, int input)
{
    int64_t n = op_count(e->c->in[input]);
    int n_samples = (int)ND_MIN(n, N_SAMPLES);
    e->n_samples[input] = op_wants_grad(e->c, input) ? n_samples : 0;
    for (int i = 0; i < e->n_samples[input]; i++) {
        e->at[input][i] = (i * n + i * 7 % n_samples) / n_samples;
        e->slope[input][i] = slope_at(e, input, e->at[input][i]);
    }
}

static void make_inputs(expected *e)
{
    for (int i = 0; i < ND_NODE_INPUTS; i++) {
        int64_t n = op_count(e->c->in[i]);
        if (!n) continue;
        float *values = room(e, n, sizeof *values);
        op_fill_input(e->c, i, values);
        e->values[i] = values;
        e->exact[i] = room(e, n, sizeof *e->exact[i]);
        for (int64_t j = 0; j < n; j++) e->exact[i][j] = (double)values[j];
    }
}

static void make_expected(expected *e, const op_case *c, int64_t n_out)
{
    *e = (expected){.c = c, .n_out = n_out};
    make_inputs(e);
    e->weights = room(e, n_out, sizeof *e->weights);
    e->out = room(e, n_out, sizeof *e->out);
    e->work = room(e, n_out, sizeof *e->work);
    nd_rng rng;
    nd_rng_init(&rng, 2, 0);
    for (int64_t i = 0; i < n_out; i++) e->weights[i] = (float)nd_rng_uniform(&rng, -1, 1);
    reference_loss(e);
    memcpy(e->out, e->work, (size_t)n_out * sizeof *e->out);
    for (int i = 0; i < ND_NODE_INPUTS; i++)
        if (c->in[i][0]) sample_slopes(e, i);
}

/* ---- an instruction set ----------------------------------------------------------------- */

/* @return number of outputs, without keeping any. */
static int64_t output_count(const op_case *c, nd_tape *t)
{
    expected e = {.c = c};
    nd_tensor *in[ND_NODE_INPUTS];
    make_inputs(&e);
    op_begin(c, t, false, e.values, in);
    nd_tensor *out = c->op->run(c, t, in);
    int64_t n = out ? nd_tensor_count(out) : 0;
    nd_arena_deinit(&e.arena);
    return n;
}

static nd_tensor *weighted_sum(nd_tape *t, nd_tensor *out, const float *weights)
{
    int64_t dims[] = {1, nd_tensor_count(out)};
    nd_tensor *w = nd_tape_input(t, 2, dims);
    if (w) memcpy(w->data, weights, (size_t)dims[1] * sizeof *weights);
    return nd_linear(t, nd_reshape(t, out, 2, dims), w, NULL, NULL);
}

/* @return 0, or why the tape failed. */
static int run(expected *e, nd_tape *t, found *f)
{
    nd_tensor *in[ND_NODE_INPUTS];
    op_begin(e->c, t, true, e->values, in);
    nd_tensor *out = e->c->op->run(e->c, t, in);
    if (!out || nd_tensor_count(out) != e->n_out) return nd_tape_status(t) ? nd_tape_status(t) : -1;
    f->out = room(e, e->n_out, sizeof *f->out);
    memcpy(f->out, out->data, (size_t)e->n_out * sizeof *f->out);
    int rc = nd_tape_backward(t, weighted_sum(t, out, e->weights), 1);
    for (int i = 0; i < ND_NODE_INPUTS && !rc; i++) {
        if (!e->n_samples[i]) continue;
        int64_t n = op_count(e->c->in[i]);
        if (!in[i]->has_grad) return -1;
        f->grads[i] = room(e, n, sizeof(float));
        memcpy(f->grads[i], in[i]->grad, (size_t)n * sizeof(float));
    }
    return rc;
}

/* ---- comparison ------------------------------------------------------------------------- */

/* The largest difference as a share of the largest magnitude, and where. NaN counts as 1e9. */
typedef struct {
    double share;
    int input; /* -1: the output */
    int64_t at;
    double found, expected;
} difference;

static void note(difference *worst, double f, double x, double largest, int input, int64_t at)
{
    double share = largest > 0 ? fabs(f - x) / largest : fabs(f - x);
    if (!isfinite(f)) share = 1e9;
    if (share > worst->share) *worst = (difference){share, input, at, f, x};
}

static difference compare_values(const expected *e, const found *f)
{
    difference worst = {.input = -1};
    double largest = 0;
    for (int64_t i = 0; i < e->n_out; i++) largest = fmax(largest, fabs(e->out[i]));
    for (int64_t i = 0; i < e->n_out; i++)
        note(&worst, (double)f->out[i], e->out[i], largest, -1, i);
    return worst;
}

static double largest_slope(const expected *e, int input)
{
    double largest = 0;
    for (int i = 0; i < e->n_samples[input]; i++) largest = fmax(largest, fabs(e->slope[input][i]));
    return largest;
}

/* Where an input makes no difference, rounding is measured against those that do. */
static difference compare_slopes(const expected *e, const found *f)
{
    difference worst = {0};
    double all = 0;
    for (int k = 0; k < ND_NODE_INPUTS; k++) all = fmax(all, largest_slope(e, k));
    for (int k = 0; k < ND_NODE_INPUTS; k++)
        for (int i = 0; i < e->n_samples[k]; i++)
            note(&worst, (double)f->grads[k][e->at[k][i]], e->slope[k][i],
                 fmax(largest_slope(e, k), 0.01 * all), k, e->at[k][i]);
    return worst;
}

static double largest_of(const float *x, int64_t n)
{
    double largest = 0;
    for (int64_t i = 0; i < n; i++) largest = fmax(largest, fabs((double)x[i]));
    return largest;
}

static difference compare_found(const expected *e, const found *f, const found *plain)
{
    difference worst = {0};
    double largest = largest_of(plain->out, e->n_out);
    for (int64_t i = 0; i < e->n_out; i++)
        note(&worst, (double)f->out[i], (double)plain->out[i], largest, -1, i);
    for (int k = 0; k < ND_NODE_INPUTS; k++) {
        if (!e->n_samples[k]) continue;
        int64_t n = op_count(e->c->in[k]);
        largest = fmax(largest_of(plain->grads[k], n), 0.01 * largest);
        for (int64_t i = 0; i < n; i++)
            note(&worst, (double)f->grads[k][i], (double)plain->grads[k][i], largest, k, i);
    }
    return worst;
}

static void check(const char *what, const op_case *c, const char *kernels, difference d,
                  double tolerance)
{
    char name[160];
    snprintf(name, sizeof name, "%s (%s): %s", c->name, kernels, what);
    CHECK(name, d.share <= tolerance,
          "input %d at %lld: found %.9g, expected %.9g, %.3g of the largest", d.input,
          (long long)d.at, d.found, d.expected, d.share);
}

static void test_case(const op_case *c, nd_tape *t)
{
    expected e;
    found results[MAX_KERNELS] = {0};
    make_expected(&e, c, output_count(c, t));
    for (int i = 0; nd_kernels_at(i); i++) {
        const char *kernels = nd_kernels_at(i)->name;
        nd_kernels_use(nd_kernels_at(i));
        int rc = run(&e, t, &results[i]);
        if (rc) {
            CHECK(c->name, !rc, "%s: error %d", kernels, rc);
            continue;
        }
        check("value", c, kernels, compare_values(&e, &results[i]),
              c->value_tolerance > 0 ? c->value_tolerance : 3e-6);
        check("gradient", c, kernels, compare_slopes(&e, &results[i]),
              c->grad_tolerance > 0 ? c->grad_tolerance : 1e-5);
        if (i) check("as plain", c, kernels, compare_found(&e, &results[i], &results[0]), 5e-6);
    }
    nd_kernels_use(NULL);
    nd_arena_deinit(&e.arena);
}

int main(int argc, char **argv)
{
    nd_tape *t = NULL;
    if (nd_tape_create(&t, NULL, 0, 0)) return 1;
    for (int i = 0; i < op_n_cases; i++)
        if (argc < 2 || strstr(op_cases[i].name, argv[1])) test_case(&op_cases[i], t);
    nd_tape_destroy(&t);
    TEST_END();
}
