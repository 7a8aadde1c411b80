/* Adam against the formula in double, alone and in teams, and schedules. */
#include "../test.h"
#include "compute/kernels.h"
#include "compute/params.h"

enum { N_STEPS = 20, MAX_MEMBERS = 3, MAX_VALUES = 400 };

/* One parameter's size each: odd ones, so that a member's stretch begins within one. */
static const int64_t SIZES[] = {7, 100, 1, 33, 200};
enum { N_PARAMS = ND_COUNT(SIZES), UNTOUCHED = 3 }; /* has a gradient in even steps alone */

static nd_params *make_params(int n_shards)
{
    nd_params *p = NULL;
    ND_ASSERT(!nd_params_create(&p));
    for (int i = 0; i < N_PARAMS; i++) {
        char name[] = {(char)('a' + i), 0};
        nd_params_add(p, name, ND_INIT_NORMAL, 0, 1, &SIZES[i]);
    }
    nd_params_add_buffer(p, "mean", ND_INIT_ONES, 9);
    ND_ASSERT(!nd_params_allocate(p) && !nd_params_train(p, n_shards));
    nd_params_init(p, 1);
    return p;
}

static double grad_of(int64_t step, int shard, int i, int64_t j)
{
    if (i == UNTOUCHED && step % 2) return 0;
    double phase = (double)(step * 31 + shard * 7 + i * 3) + 0.37 * (double)j;
    return (double)(float)(sin(phase) * pow(10, i - 3)); /* sizes apart, as layers' are */
}

static void make_grads(nd_params *p, int64_t step, int shard)
{
    nd_params_begin(p, shard);
    for (int i = 0; i < N_PARAMS; i++) {
        nd_tensor *x = nd_params_tensor(p, shard, i);
        x->has_grad = i != UNTOUCHED || step % 2 == 0;
        for (int64_t j = 0; j < SIZES[i] && x->has_grad; j++)
            x->grad[j] = (float)grad_of(step, shard, i, j);
    }
}

/* ---- the formula ------------------------------------------------------------------------ */

typedef struct {
    int n;
    double x[MAX_VALUES], m[MAX_VALUES], v[MAX_VALUES], g[MAX_VALUES];
} formula;

static formula begin_formula(nd_params *p)
{
    formula f = {0};
    for (int i = 0; i < N_PARAMS; i++)
        for (int64_t j = 0; j < SIZES[i]; j++)
            f.x[f.n++] = (double)nd_params_tensor(p, 0, i)->data[j];
    return f;
}

/* @return length of the gradient */
static double formula_grads(formula *f, int64_t step, int n_shards)
{
    double squares = 0;
    for (int i = 0, at = 0; i < N_PARAMS; i++)
        for (int64_t j = 0; j < SIZES[i]; j++, at++) {
            f->g[at] = 0;
            for (int s = 0; s < n_shards; s++) f->g[at] += grad_of(step, s, i, j);
            squares += f->g[at] * f->g[at];
        }
    return sqrt(squares);
}

/* Kingma, Ba 2015, algorithm 1; Loshchilov, Hutter 2019, algorithm 2. */
static double formula_step(formula *f, const nd_adam *a, int64_t t, int n_shards)
{
    double b1 = a->b1 > 0 ? (double)a->b1 : 0.9, b2 = a->b2 > 0 ? (double)a->b2 : 0.999;
    double eps = a->eps > 0 ? (double)a->eps : 1e-8, rate = (double)a->rate;
    double norm = formula_grads(f, t, n_shards), most = (double)a->max_norm;
    double cut = most > 0 && norm > most ? most / norm : 1;
    for (int i = 0; i < f->n; i++) {
        double g = f->g[i] * cut;
        f->m[i] = b1 * f->m[i] + (1 - b1) * g;
        f->v[i] = b2 * f->v[i] + (1 - b2) * g * g;
        double m = f->m[i] / (1 - pow(b1, (double)t)), v = f->v[i] / (1 - pow(b2, (double)t));
        f->x[i] -= rate * (m / (sqrt(v) + eps) + (double)a->weight_decay * f->x[i]);
    }
    return norm;
}

/* ---- teams ------------------------------------------------------------------------------ */

typedef struct {
    nd_params *p;
    nd_team *team;
    const nd_adam *adam;
    int64_t step;
    double norms[MAX_MEMBERS];
} job;

static void step_member(void *user, int rank)
{
    job *j = user;
    make_grads(j->p, j->step, rank);
    j->norms[rank] = nd_adam_step(j->p, j->adam, j->step, j->team, rank);
}

/* Largest distance of a value from the formula's. */
static double distance(nd_params *p, const formula *f)
{
    double worst = 0;
    for (int i = 0, at = 0; i < N_PARAMS; i++)
        for (int64_t j = 0; j < SIZES[i]; j++, at++)
            worst = fmax(worst, fabs((double)nd_params_tensor(p, 0, i)->data[j] - f->x[at]));
    return worst;
}

static void test_steps(const char *name, const nd_adam *adam, int n_members)
{
    job j = {.p = make_params(n_members), .adam = adam};
    formula f = begin_formula(j.p);
    ND_ASSERT(n_members == 1 || !nd_team_create(&j.team, n_members));
    double norm_error = 0;
    bool is_agreed = true;
    for (j.step = 1; j.step <= N_STEPS; j.step++) {
        if (j.team) nd_team_run(j.team, step_member, &j);
        else step_member(&j, 0);
        double norm = formula_step(&f, adam, j.step, n_members);
        norm_error = fmax(norm_error, fabs(j.norms[0] / norm - 1));
        for (int i = 1; i < n_members; i++) is_agreed &= j.norms[i] == j.norms[0];
    }
    double moved = fabs((double)nd_params_tensor(j.p, 0, 0)->data[0] - f.x[0]);
    CHECK(name, distance(j.p, &f) < 2e-5 * (double)adam->rate * N_STEPS + 4e-7,
          "team of %d, %s: %g from the formula, first value %g", n_members, nd_kernels_get()->name,
          distance(j.p, &f), moved);
    CHECK("length of the gradient", norm_error < 1e-6 && is_agreed, "%g off", norm_error);
    CHECK("buffers stay", nd_params_tensor(j.p, 0, N_PARAMS)->data[8] == 1, "%s", name);
    nd_team_destroy(&j.team);
    nd_params_destroy(&j.p);
}

static void test_formula(void)
{
    static const struct {
        const char *name;
        nd_adam adam;
    } cases[] = {
        {"adam", {.rate = 0.01f}},
        {"adam, other decays", {.rate = 0.01f, .b1 = 0.5f, .b2 = 0.9f, .eps = 1e-3f}},
        {"adam with weight decay", {.rate = 0.02f, .weight_decay = 0.3f}},
        {"adam, cut", {.rate = 0.01f, .max_norm = 1}},
        {"adam, cut and decay", {.rate = 0.01f, .max_norm = 0.1f, .weight_decay = 0.1f}},
        {"adam, not cut", {.rate = 0.01f, .max_norm = 1e6f}},
    };
    for (int k = 0; nd_kernels_at(k); k++) {
        nd_kernels_use(nd_kernels_at(k));
        for (size_t i = 0; i < ND_COUNT(cases); i++)
            for (int n = 1; n <= MAX_MEMBERS; n++) test_steps(cases[i].name, &cases[i].adam, n);
    }
    nd_kernels_use(NULL);
}

/* A gradient that is not finite changes nothing: the next step is as if it had not been. */
static void test_not_finite(void)
{
    const nd_adam adam = {.rate = 0.01f, .weight_decay = 0.1f};
    const float bad[] = {NAN, INFINITY, -INFINITY, 3e38f};
    for (size_t i = 0; i < ND_COUNT(bad); i++) {
        nd_params *p = make_params(1);
        formula f = begin_formula(p);
        make_grads(p, 1, 0);
        nd_params_tensor(p, 0, 1)->grad[50] = bad[i];
        double norm = nd_adam_step(p, &adam, 1, NULL, 0);
        CHECK("not finite: told", !isfinite(norm), "%g for %g", norm, (double)bad[i]);
        CHECK("not finite: nothing changed", distance(p, &f) == 0, "%g", distance(p, &f));
        make_grads(p, 1, 0);
        nd_adam_step(p, &adam, 1, NULL, 0);
        formula_step(&f, &adam, 1, 1);
        CHECK("not finite: no trace", distance(p, &f) < 1e-6, "%g", distance(p, &f));
        nd_params_destroy(&p);
    }
}

static void test_schedules(void)
{
    CHECK_NEAR("exponential", nd_schedule_exponential(0.1, 0.5, 6, 3), 0.025, 1e-12);
    CHECK_NEAR("exponential, in between", nd_schedule_exponential(1, 0.25, 1, 2), 0.5, 1e-12);
    CHECK_NEAR("exponential, every 0", nd_schedule_exponential(1, 0.9, 2, 0), 0.81, 1e-12);
    CHECK_NEAR("cosine, first", nd_schedule_cosine(1, 0, 10, 110), 0.1, 1e-12);
    CHECK_NEAR("cosine, warm", nd_schedule_cosine(1, 9, 10, 110), 1, 1e-12);
    CHECK_NEAR("cosine, top", nd_schedule_cosine(1, 10, 10, 110), 1, 1e-12);
    CHECK_NEAR("cosine, half way", nd_schedule_cosine(2, 60, 10, 110), 1, 1e-12);
    CHECK_NEAR("cosine, end", nd_schedule_cosine(1, 110, 10, 110), 0, 1e-12);
    CHECK_NEAR("cosine, after", nd_schedule_cosine(1, 999, 10, 110), 0, 1e-12);
    CHECK_NEAR("cosine, no warm-up", nd_schedule_cosine(1, 0, 0, 100), 1, 1e-12);
    CHECK_NEAR("cosine, nothing but warm-up", nd_schedule_cosine(1, 10, 10, 10), 0, 1e-12);
    CHECK_NEAR("inverse", nd_schedule_inverse(1, 3), 0.25, 1e-12);
}

int main(void)
{
    test_not_finite();
    test_formula();
    test_schedules();
    TEST_END();
}
