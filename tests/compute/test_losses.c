/* Losses: broken promises and edges first; then each against a plain double loop, its gradient
 * against finite differences of that loop, and both against PyTorch (tests/reference/losses.py). */
#include <signal.h>
#include <sys/wait.h>

#include "../test.h"
#include "../uniform.h"
#include "compute/safetensors.h"
#include "loss_cases.h"

/* ---- inputs, and one run ----------------------------------------------------------------- */

static const char *part_name(const loss_case *c, int i)
{
    static char name[64];
    snprintf(name, sizeof name, "%s/%d", c->name, i);
    return name;
}

static int n_dims(const loss_case *c, int i)
{
    int n = 0;
    while (c->dims[i][n]) n++;
    return n;
}

static int64_t in_count(const loss_case *c, int i)
{
    int64_t n = c->dims[i][0] != 0;
    for (int d = 0; d < n_dims(c, i); d++) n *= c->dims[i][d];
    return n;
}

static float in_value(const loss_case *c, int i, int64_t at)
{
    return (float)(c->lo + (c->hi - c->lo) * test_uniform(part_name(c, i), at));
}

/* Inputs on a tape; absent ones NULL. @return false: no memory */
static bool make_inputs(nd_tape *t, const loss_case *c, nd_tensor **in)
{
    for (int i = 0; i < LOSS_INPUTS; i++) {
        in[i] = NULL;
        if (!n_dims(c, i)) continue;
        in[i] = nd_tape_input(t, n_dims(c, i), c->dims[i]);
        if (!in[i]) return false;
        in[i]->wants_grad = i != c->fixed;
        for (int64_t j = 0; j < in_count(c, i); j++) in[i]->data[j] = in_value(c, i, j);
    }
    return true;
}

typedef struct {
    double value, grad[LOSS_INPUTS][LOSS_VALUES];
} outcome;

/* The case twice on one tape, at a quarter and three quarters of its weight: gradients add up. */
static outcome run_case(nd_tape *t, const loss_case *c)
{
    nd_tensor *in[LOSS_INPUTS];
    outcome o = {0};
    nd_tape_begin(t, &(nd_pass){.record = true, .train = true});
    make_inputs(t, c, in);
    nd_tensor *twice[] = {c->run(t, in), c->run(t, in)};
    nd_tensor *loss = nd_loss_sum(t, (const float[]){0.5f, 1.5f}, twice, 2);
    int status = nd_tape_backward(t, loss, 0.5f);
    o.value = status || !loss ? NAN : 0.5 * (double)loss->data[0];
    for (int i = 0; i < LOSS_INPUTS; i++)
        for (int64_t j = 0; in[i] && in[i]->has_grad && j < in_count(c, i); j++)
            o.grad[i][j] = (double)in[i]->grad[j];
    return o;
}

static double reference_at(const loss_case *c, double x[][LOSS_VALUES])
{
    const double *in[LOSS_INPUTS];
    double out = 0;
    for (int i = 0; i < LOSS_INPUTS; i++) in[i] = x[i];
    c->reference(&out, in);
    return out;
}

/* Value and finite differences of the reference; kink is that of the inputs themselves. */
static outcome run_reference(const loss_case *c)
{
    static double x[LOSS_INPUTS][LOSS_VALUES];
    const double step = 1e-5;
    outcome o = {0};
    for (int i = 0; i < LOSS_INPUTS; i++)
        for (int64_t j = 0; j < in_count(c, i); j++) x[i][j] = (double)in_value(c, i, j);
    for (int i = 0; i < LOSS_INPUTS; i++)
        for (int64_t j = 0; i != c->fixed && j < in_count(c, i); j++) {
            double here = x[i][j];
            x[i][j] = here + step;
            double above = reference_at(c, x);
            x[i][j] = here - step;
            o.grad[i][j] = (above - reference_at(c, x)) / (2 * step);
            x[i][j] = here;
        }
    kink = INFINITY;
    o.value = reference_at(c, x);
    return o;
}

/* The largest difference of gradients, by the largest value. */
static double grad_off(const loss_case *c, const outcome *found, const outcome *expected)
{
    double off = 0, largest = 1e-30;
    for (int i = 0; i < LOSS_INPUTS; i++)
        for (int64_t j = 0; j < in_count(c, i); j++) {
            off = fmax(off, fabs(found->grad[i][j] - expected->grad[i][j]));
            largest = fmax(largest, fabs(expected->grad[i][j]));
        }
    return off / largest;
}

/* "CASE, WHAT". */
static const char *title(const loss_case *c, const char *what)
{
    static char name[96];
    snprintf(name, sizeof name, "%s, %s", c->name, what);
    return name;
}

static void check_outcome(const loss_case *c, const char *against, const outcome *found,
                          const outcome *expected)
{
    CHECK_NEAR(title(c, against), found->value, expected->value,
               1e-6 * fmax(1, fabs(expected->value)));
    CHECK_NEAR(title(c, "its gradient"), grad_off(c, found, expected), 0, 1e-5);
}

/* ---- broken promises, edges -------------------------------------------------------------- */

static nd_tensor *input2(nd_tape *t, int64_t n, int64_t m, float value)
{
    nd_tensor *x = nd_tape_input(t, 2, (const int64_t[]){n, m});
    for (int64_t i = 0; i < n * m; i++) x->data[i] = value;
    x->wants_grad = true;
    return x;
}

static void break_rows(nd_tape *t)
{
    nd_loss_mse(t, input2(t, 2, 3, 0), input2(t, 2, 4, 0));
}

static void break_target(nd_tape *t)
{
    nd_loss_cross_entropy(t, input2(t, 1, 3, 0), (const int32_t[]){3}, 0);
}

static void break_label(nd_tape *t)
{
    nd_loss_binary_cross_entropy(t, input2(t, 1, 1, 0), (const float[]){NAN});
}

static void break_width(nd_tape *t)
{
    nd_cosines(t, input2(t, 2, 3, 0), input2(t, 3, 2, 0));
}

static void break_square(nd_tape *t)
{
    nd_loss_infonce(t, input2(t, 2, 3, 0), NULL);
}

static void break_id(nd_tape *t)
{
    nd_loss_ranking_sims(t, input2(t, 2, 2, 0), &(nd_ranking_params){.same = (int32_t[]){0, -2}});
}

static void break_low(nd_tape *t)
{
    nd_loss_structure(t, input2(t, 2, 3, 0), input2(t, 3, 3, 0), 0);
}

static void break_negative(nd_tape *t)
{
    nd_loss_triplet(t, input2(t, 2, 3, 0), input2(t, 2, 3, 0), input2(t, 1, 3, 0), 0,
                    ND_DISTANCE_COSINE);
}

static void break_sum(nd_tape *t)
{
    nd_tensor *x = input2(t, 2, 1, 0);
    nd_loss_sum(t, (const float[]){1}, &x, 1);
}

static const struct {
    const char *name;
    void (*run)(nd_tape *t);
} broken[] = {
    {"mse of two sizes ends the program", break_rows},
    {"a target past the classes does", break_target},
    {"a label that is no number does", break_label},
    {"cosines of two widths do", break_width},
    {"infonce off the square does", break_square},
    {"an id under -1 does", break_id},
    {"low of other rows does", break_low},
    {"a triplet of two sizes does", break_negative},
    {"the sum of what is no loss does", break_sum},
};

static void check_broken(nd_tape *t)
{
    for (size_t i = 0; i < ND_COUNT(broken); i++) {
        int status = 0;
        pid_t child = fork();
        if (child == 0) {
            if (!freopen("/dev/null", "w", stderr)) _exit(2);
            broken[i].run(t);
            _exit(0);
        }
        waitpid(child, &status, 0);
        CHECK(broken[i].name, WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "status %d",
              status);
    }
}

static void check_null(nd_tape *t)
{
    nd_tape_begin(t, &(nd_pass){.record = true});
    nd_tensor *x = input2(t, 2, 2, 0), *none = NULL;
    int32_t ids[2] = {0};
    float labels[4] = {0};
    CHECK("NULL for a tensor gives NULL",
          !nd_loss_cross_entropy(t, NULL, ids, 0) &&
              !nd_loss_binary_cross_entropy(t, NULL, labels) && !nd_loss_mse(t, x, NULL) &&
              !nd_loss_mse(t, NULL, x) && !nd_loss_triplet(t, x, x, NULL, 0, ND_DISTANCE_COSINE) &&
              !nd_loss_kl_normal(t, x, NULL) && !nd_cosines(t, NULL, x) &&
              !nd_loss_ranking(t, x, NULL, NULL) && !nd_loss_ranking_sims(t, NULL, NULL) &&
              !nd_loss_infonce(t, NULL, NULL) && !nd_loss_structure(t, x, NULL, 0) &&
              !nd_loss_neighbours(t, x, NULL, 1) && !nd_loss_neighbours(t, NULL, x, 1) &&
              !nd_loss_sum(t, (const float[]){1}, &none, 1),
          "a tensor came");
    CHECK("and is no failure", nd_tape_status(t) == 0, "%d", nd_tape_status(t));
}

/* Under every limit of memory: NULL with a reason, until there is enough. */
static void check_memory(void)
{
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        nd_tensor *in[LOSS_INPUTS], *loss = NULL;
        int n_odd = 0;
        for (size_t limit = 64; !loss && limit < 1 << 20; limit += 64) {
            nd_tape *t = NULL;
            if (nd_tape_create(&t, NULL, 0, limit)) break;
            nd_tape_begin(t, &(nd_pass){.record = true});
            loss = make_inputs(t, &cases[i], in) ? cases[i].run(t, in) : NULL;
            n_odd += nd_tape_status(t) != (loss ? 0 : ND_ELIMIT);
            nd_tape_destroy(&t);
        }
        CHECK(title(&cases[i], "with little memory"), loss && !n_odd,
              "%d odd states without memory", n_odd);
    }
}

/* Every gradient of a loss that was just made. */
static bool is_finite(nd_tape *t, nd_tensor *loss, nd_tensor *const *in, int n)
{
    if (!loss || nd_tape_backward(t, loss, 1) || !isfinite(loss->data[0])) return false;
    for (int i = 0; i < n; i++)
        for (int64_t j = 0; in[i]->has_grad && j < nd_tensor_count(in[i]); j++)
            if (!isfinite(in[i]->grad[j])) return false;
    return true;
}

static double largest_grad(const nd_tensor *x)
{
    double largest = 0;
    for (int64_t i = 0; x->has_grad && i < nd_tensor_count(x); i++)
        largest = fmax(largest, fabs((double)x->grad[i]));
    return largest;
}

/* A loss is as expected, every gradient finite, that of the first input no larger than largest. */
static void edge(nd_tape *t, const char *name, nd_tensor *loss, nd_tensor *const *in, int n,
                 double expected, double largest)
{
    bool finite = is_finite(t, loss, in, n);
    double value = loss ? (double)loss->data[0] : NAN, grad = largest_grad(in[0]);
    CHECK(name, finite && fabs(value - expected) <= 1e-6 * fmax(1, expected) && grad <= largest,
          "finite %d, loss %g, expected %g, gradient %g", finite, value, expected, grad);
    nd_tape_begin(t, &(nd_pass){.record = true});
}

static void check_class_edges(nd_tape *t)
{
    const int32_t none[2] = {-1, -1}, first[2] = {0, 0};
    nd_tape_begin(t, &(nd_pass){.record = true});
    nd_tensor *x = input2(t, 2, 3, 1);
    edge(t, "every target left out", nd_loss_cross_entropy(t, x, none, 0.1f), &x, 1, 0, 0);
    x = input2(t, 2, 3, 0);
    x->data[1] = x->data[4] = 1e4f;
    edge(t, "logits of 10,000", nd_loss_cross_entropy(t, x, first, 0), &x, 1, 1e4, 0.5);
    x = input2(t, 2, 1, 7);
    edge(t, "one class", nd_loss_cross_entropy(t, x, first, 0.5f), &x, 1, 0, 0);
    x = input2(t, 1, 2, 0);
    x->data[0] = 1e4f;
    x->data[1] = -1e4f;
    edge(t, "multi-label logits of 10,000",
         nd_loss_binary_cross_entropy(t, x, (const float[]){0, 1}), &x, 1, 1e4, 0.5);
}

static void check_distance_edges(nd_tape *t)
{
    nd_tape_begin(t, &(nd_pass){.record = true});
    nd_tensor *x[] = {input2(t, 2, 3, 1), input2(t, 2, 3, 1), input2(t, 2, 3, 1)};
    edge(t, "mse of one tensor with itself", nd_loss_mse(t, x[0], x[0]), x, 1, 0, 0);
    for (int i = 0; i < 3; i++) x[i] = input2(t, 2, 3, 1);
    edge(t, "triplet of equal rows",
         nd_loss_triplet(t, x[0], x[1], x[2], 0.2f, ND_DISTANCE_EUCLIDEAN), x, 3, 0.2, 1);
    for (int i = 0; i < 3; i++) x[i] = input2(t, 2, 3, 0);
    edge(t, "triplet of zero rows, cosine",
         nd_loss_triplet(t, x[0], x[1], x[2], 0.2f, ND_DISTANCE_COSINE), x, 3, 0.2, 0);
    for (int i = 0; i < 3; i++) x[i] = input2(t, 2, 3, 1);
    edge(t, "triplet of a hinge of 0",
         nd_loss_triplet(t, x[0], x[1], x[2], 0, ND_DISTANCE_EUCLIDEAN), x, 3, 0, 0);
    x[0] = input2(t, 2, 3, 0);
    x[1] = input2(t, 2, 3, 0);
    edge(t, "divergence of the standard normal", nd_loss_kl_normal(t, x[0], x[1]), x, 2, 0, 0);
}

static void check_pair_edges(nd_tape *t)
{
    const int32_t equal[3] = {4, 4, 4}, none[3] = {-1, -1, -1};
    nd_ranking_params r = {.margin = 0.1f, .same = equal};
    nd_infonce_params c = {.same = equal};
    nd_tape_begin(t, &(nd_pass){.record = true});
    nd_tensor *x[] = {input2(t, 1, 3, 1), input2(t, 1, 3, 1)};
    edge(t, "ranking of one pair", nd_loss_ranking(t, x[0], x[1], NULL), x, 2, 0, 0);
    x[0] = input2(t, 1, 1, 1);
    edge(t, "infonce of one pair", nd_loss_infonce(t, x[0], NULL), x, 1, 0, 0);
    x[0] = input2(t, 3, 3, 1);
    edge(t, "ranking of one track", nd_loss_ranking_sims(t, x[0], &r), x, 1, 0, 0);
    x[0] = input2(t, 3, 3, 1);
    edge(t, "infonce of one track", nd_loss_infonce(t, x[0], &c), x, 1, 0, 0);
    r.same = c.same = none;
    x[0] = input2(t, 3, 3, 1);
    edge(t, "ranking with everything left out", nd_loss_ranking_sims(t, x[0], &r), x, 1, 0, 0);
    x[0] = input2(t, 3, 3, 1);
    edge(t, "infonce with everything left out", nd_loss_infonce(t, x[0], &c), x, 1, 0, 0);
    r = (nd_ranking_params){.margin = 0.1f, .top_k = 1};
    x[0] = input2(t, 3, 3, 1);
    edge(t, "ranking of ties takes as many as it says", nd_loss_ranking_sims(t, x[0], &r), x, 1,
         0.2, 2.0 / 3 + 1e-6);
    x[0] = input2(t, 3, 3, 0);
    x[0]->data[1] = 1e6f;
    edge(t, "infonce far off", nd_loss_infonce(t, x[0], &(nd_infonce_params){.temperature = 1}), x,
         1, (1e6 + 2 * log(3)) / 3, 1.0 / 3 + 1e-6);
}

static void check_zero_rows(nd_tape *t)
{
    nd_tape_begin(t, &(nd_pass){.record = true});
    nd_tensor *x[] = {input2(t, 3, 2, 0), input2(t, 3, 2, 0)};
    edge(t, "ranking of zero rows",
         nd_loss_ranking(t, x[0], x[1], &(nd_ranking_params){.margin = 0.1f}), x, 2, 0.2, 0);
    x[0] = input2(t, 3, 2, 0);
    x[1] = input2(t, 3, 2, 1);
    edge(t, "infonce of zero rows", nd_loss_infonce(t, nd_cosines(t, x[0], x[1]), NULL), x, 2,
         log(3), 0);
    x[0] = input2(t, 3, 2, 0);
    x[1] = input2(t, 3, 2, 0);
    edge(t, "structure of zero rows", nd_loss_structure(t, x[0], x[1], 0), x, 1, 0, 0);
    x[0] = input2(t, 3, 2, 1);
    x[1] = input2(t, 3, 2, 1);
    edge(t, "structure of equal rows", nd_loss_structure(t, x[0], x[1], 0), x, 1, 0, 1);
    x[0] = input2(t, 1, 2, 1);
    x[0] = input2(t, 2, 2, 3);
    x[1] = input2(t, 2, 2, 1);
    edge(t, "neighbours of two", nd_loss_neighbours(t, x[0], x[1], 1), x, 1, 0, 0);
    x[0] = input2(t, 3, 3, -1e6f);
    x[1] = input2(t, 3, 3, 1e6f);
    edge(t, "neighbours, all alike", nd_loss_neighbours(t, x[0], x[1], 0.1f), x, 1, 0, 1e-6);
    x[0] = input2(t, 1, 2, 1);
    edge(t, "structure of one row", nd_loss_structure(t, x[0], x[0], 0), x, 1, 0, 0);
}

/* A learned temperature beyond its bounds: the bound is used, and only the way back is open. The
 * positives of good pairs want it colder, those of bad ones hotter. */
static void check_bounds(nd_tape *t)
{
    static const struct {
        const char *name;
        float log_scale, positive;
        double temperature;
        int sign; /* of the gradient */
    } bounds[] = {
        {"inside, good pairs", 2, 1, 0.1353353, -1}, {"inside, bad pairs", 2, -1, 0.1353353, 1},
        {"too cold, good pairs", 9, 1, 0.02, 0},     {"too cold, bad pairs", 9, -1, 0.02, 1},
        {"too hot, good pairs", 0, 1, 0.2, -1},      {"too hot, bad pairs", 0, -1, 0.2, 0},
    };
    for (size_t i = 0; i < ND_COUNT(bounds); i++) {
        nd_tape_begin(t, &(nd_pass){.record = true});
        nd_tensor *s = input2(t, 2, 2, 0), *log_scale = input2(t, 1, 1, bounds[i].log_scale);
        s->wants_grad = false;
        s->data[0] = s->data[3] = 0.05f * bounds[i].positive;
        nd_infonce_params p = {.log_scale = log_scale, .coldest = 0.02f, .hottest = 0.2f};
        nd_tensor *loss = nd_loss_infonce(t, s, &p);
        nd_tape_backward(t, loss, 1);
        double expected = log1p(exp(-0.05 * (double)bounds[i].positive / bounds[i].temperature));
        int sign_found = (log_scale->grad[0] > 0) - (log_scale->grad[0] < 0);
        CHECK(bounds[i].name,
              fabs((double)loss->data[0] - expected) < 1e-5 && sign_found == bounds[i].sign,
              "loss %g, expected %g, gradient %g", (double)loss->data[0], expected,
              (double)log_scale->grad[0]);
    }
}

/* Cosines of a matrix with itself, off the square, and of one with no gradient to give. */
static void check_cosines(nd_tape *t)
{
    nd_tape_begin(t, &(nd_pass){.record = true});
    nd_tensor *x = input2(t, 3, 2, 1), *y = input2(t, 4, 2, 1);
    y->wants_grad = false;
    x->data[0] = -1;
    nd_tensor *s = nd_cosines(t, x, y), *own = nd_cosines(t, x, x);
    CHECK("cosines are [N, M]", s->n_dims == 2 && s->dims[0] == 3 && s->dims[1] == 4, "%d dims",
          s->n_dims);
    CHECK_NEAR("a right angle", s->data[0], 0, 1e-6);
    CHECK_NEAR("the same way", s->data[5], 1, 1e-6);
    CHECK_NEAR("within one", own->data[1], 0, 1e-6);
    nd_tape_backward(t, nd_loss_mse(t, s, input2(t, 3, 4, 0)), 1);
    CHECK("what wants no gradient gets none", x->has_grad && !y->has_grad, "%d %d", x->has_grad,
          y->has_grad);
}

/* ---- values, gradients ------------------------------------------------------------------- */

static void check_references(nd_tape *t, const nd_kernels *kernels)
{
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        outcome expected = run_reference(&cases[i]), found = run_case(t, &cases[i]);
        CHECK(title(&cases[i], "off its kinks"), kink > 1e-3, "an input is %g from a kink", kink);
        check_outcome(&cases[i], kernels->name, &found, &expected);
    }
}

/* Inference gives the same value, and records nothing. */
static void check_inference(nd_tape *t)
{
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        nd_tensor *in[LOSS_INPUTS];
        nd_tape_begin(t, &(nd_pass){0});
        make_inputs(t, &cases[i], in);
        nd_tensor *loss = cases[i].run(t, in);
        bool nothing = !t->last;
        double found = loss ? (double)loss->data[0] : NAN;
        outcome expected = run_case(t, &cases[i]);
        CHECK(title(&cases[i], "inference"), nothing && fabs(found - expected.value) < 1e-6,
              "%g, expected %g", found, expected.value);
    }
}

static bool read_golden(const nd_safetensors *s, const loss_case *c, outcome *o)
{
    float values[LOSS_VALUES];
    if (nd_safetensors_read_f32(s, c->name, 1, (const int64_t[]){1}, values, NULL)) return false;
    o->value = (double)values[0];
    for (int i = 0; i < LOSS_INPUTS; i++) {
        if (!n_dims(c, i) || i == c->fixed) continue;
        if (nd_safetensors_read_f32(s, part_name(c, i), n_dims(c, i), c->dims[i], values, NULL))
            return false;
        for (int64_t j = 0; j < in_count(c, i); j++) o->grad[i][j] = (double)values[j];
    }
    return true;
}

static void check_golden(nd_tape *t)
{
    nd_safetensors *s = NULL;
    int status = nd_safetensors_open(&s, "tests/golden/losses.safetensors", NULL);
    CHECK("golden file", !status, "%d", status);
    for (size_t i = 0; s && i < ND_COUNT(cases); i++) {
        outcome expected = {0}, found = run_case(t, &cases[i]);
        bool is_read = read_golden(s, &cases[i], &expected);
        CHECK(title(&cases[i], "has golden values"), is_read, "not in the golden file");
        check_outcome(&cases[i], "PyTorch", &found, &expected);
    }
    nd_safetensors_close(&s);
}

int main(void)
{
    nd_tape *t = NULL;
    if (nd_tape_create(&t, NULL, 0, 0)) return 1;
    check_broken(t);
    check_null(t);
    check_memory();
    check_class_edges(t);
    check_distance_edges(t);
    check_pair_edges(t);
    check_zero_rows(t);
    check_bounds(t);
    check_cosines(t);
    for (int i = 0; nd_kernels_at(i); i++) {
        nd_kernels_use(nd_kernels_at(i));
        check_references(t, nd_kernels_at(i));
    }
    nd_kernels_use(NULL);
    check_inference(t);
    check_golden(t);
    nd_tape_destroy(&t);
    TEST_END();
}
