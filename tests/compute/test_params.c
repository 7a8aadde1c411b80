/* Parameters: where they begin, who sees them, what is kept between runs. Adam: test_adam.c. */
#include "compute/ops.h"
#include "compute/params.h"
#include "failing_malloc.h"

enum { W, BIAS, CONV, NORMAL, KAIMING, GAMMA, BETA, MEAN, VAR, N_PARAMS };

static int add_all(nd_params *p, bool turned)
{
    static const struct {
        const char *name;
        nd_init init;
        int64_t fan_in;
        int n_dims;
        int64_t dims[ND_MAX_DIMS];
    } items[] = {
        [W] = {"w", ND_INIT_XAVIER, 0, 2, {120, 77}},
        [BIAS] = {"b", ND_INIT_FAN_IN, 77, 1, {5000}},
        [CONV] = {"conv", ND_INIT_FAN_IN, 0, 4, {50, 8, 3, 3}},
        [NORMAL] = {"normal", ND_INIT_NORMAL, 0, 2, {100, 101}},
        [KAIMING] = {"kaiming", ND_INIT_KAIMING, 0, 2, {130, 64}},
        [GAMMA] = {"gamma", ND_INIT_ONES, 0, 1, {33}},
        [BETA] = {"beta", ND_INIT_ZEROS, 0, 1, {1}},
    };
    for (int i = 0; i < MEAN; i++) {
        int k = turned ? MEAN - 1 - i : i;
        nd_params_add(p, items[k].name, items[k].init, items[k].fan_in, items[k].n_dims,
                      items[k].dims);
    }
    nd_params_add_buffer(p, "mean", ND_INIT_ZEROS, 33);
    nd_params_add_buffer(p, "var", ND_INIT_ONES, 33);
    return nd_params_allocate(p);
}

static nd_params *make_params(uint64_t seed, bool turned)
{
    nd_params *p = NULL;
    ND_ASSERT(!nd_params_create(&p) && !add_all(p, turned));
    nd_params_init(p, seed);
    return p;
}

/* ---- before training -------------------------------------------------------------------- */

static int count_equal(nd_params *a, nd_params *b)
{
    int n = 0;
    for (int i = 0; i < N_PARAMS; i++) {
        const nd_tensor *x = nd_params_tensor(a, 0, i);
        const nd_tensor *y = nd_params_tensor(b, 0, nd_params_find(b, nd_params_name(a, i)));
        size_t bytes = (size_t)nd_tensor_count(x) * sizeof(float);
        n += nd_tensor_count(x) == nd_tensor_count(y) && !memcmp(x->data, y->data, bytes);
    }
    return n;
}

/* Written down from the formula: row 3 of width 4 has angles 3 and 3 / 100. */
static void test_waves(void)
{
    nd_params *p = NULL;
    ND_ASSERT(!nd_params_create(&p));
    nd_params_add(p, "table", ND_INIT_WAVES, 0, 2, (const int64_t[]){5, 4});
    ND_ASSERT(!nd_params_allocate(p));
    nd_params_init(p, 1);
    const float *row = nd_params_tensor(p, 0, 0)->data + 12;
    const double expected[] = {sin(3.0), cos(3.0), sin(0.03), cos(0.03)};
    for (int i = 0; i < 4; i++) CHECK_NEAR("a wave", (double)row[i], expected[i], 1e-6);
    nd_params_destroy(&p);
}

static void test_deterministic(void)
{
    nd_params *a = make_params(1, false), *b = make_params(1, true), *c = make_params(2, false);
    CHECK("values come from seed and name", count_equal(a, b) == N_PARAMS, "%d of %d",
          count_equal(a, b), N_PARAMS);
    CHECK("another seed, other values", count_equal(a, c) == 4, "%d equal, expected the constant 4",
          count_equal(a, c));
    nd_params_destroy(&a);
    nd_params_destroy(&b);
    nd_params_destroy(&c);
}

/* Uniform ones: within the bound and near it; mean 0 and deviation as they have to be. */
static void check_spread(const char *name, const nd_tensor *x, double deviation, double bound)
{
    double sum = 0, squares = 0, most = 0, n = (double)nd_tensor_count(x);
    for (int64_t i = 0; i < nd_tensor_count(x); i++) {
        double v = (double)x->data[i];
        sum += v;
        squares += v * v;
        most = fmax(most, fabs(v));
    }
    bool is_within = bound > 0 ? most <= bound && most > 0.99 * bound : most > 3 * deviation;
    CHECK(name,
          fabs(sum / n) < 4 * deviation / sqrt(n) &&
              fabs(sqrt(squares / n) / deviation - 1) < 4 / sqrt(n) && is_within,
          "mean %g, deviation %g for %g, largest %g for %g", sum / n, sqrt(squares / n), deviation,
          most, bound);
}

static void test_distributions(void)
{
    nd_params *p = make_params(1, false);
    double xavier = sqrt(6.0 / (77 + 120)), bias = 1 / sqrt(77), conv = 1 / sqrt(8 * 9);
    check_spread("xavier", nd_params_tensor(p, 0, W), xavier / sqrt(3), xavier);
    check_spread("bias", nd_params_tensor(p, 0, BIAS), bias / sqrt(3), bias);
    check_spread("fan in of a convolution", nd_params_tensor(p, 0, CONV), conv / sqrt(3), conv);
    check_spread("normal", nd_params_tensor(p, 0, NORMAL), 1, 0);
    check_spread("kaiming", nd_params_tensor(p, 0, KAIMING), sqrt(2.0 / 64), 0);
    int n_wrong = 0;
    for (int i = 0; i < 33; i++)
        n_wrong += nd_params_tensor(p, 0, GAMMA)->data[i] != 1 ||
                   nd_params_tensor(p, 0, MEAN)->data[i] != 0 ||
                   nd_params_tensor(p, 0, VAR)->data[i] != 1;
    CHECK("ones and zeros", n_wrong == 0, "%d wrong", n_wrong);
    nd_params_destroy(&p);
}

/* ---- views ------------------------------------------------------------------------------ */

static void test_names(nd_params *p)
{
    CHECK("count", nd_params_count(p) == N_PARAMS, "%d", nd_params_count(p));
    int64_t size = 120 * 77 + 5000 + 50 * 72 + 100 * 101 + 130 * 64 + 33 + 1;
    CHECK("size is what is learned", nd_params_size(p) == size, "%lld",
          (long long)nd_params_size(p));
    CHECK("find", nd_params_find(p, "conv") == CONV && nd_params_find(p, "con") == -1, "%d, %d",
          nd_params_find(p, "conv"), nd_params_find(p, "con"));
    CHECK("buffers", nd_params_is_buffer(p, VAR) && !nd_params_is_buffer(p, BETA), "%d %d",
          nd_params_is_buffer(p, VAR), nd_params_is_buffer(p, BETA));
}

static void test_views(void)
{
    nd_params *p = make_params(1, false);
    int n_wrong = 0;
    for (int i = 0; i < N_PARAMS; i++) {
        const nd_tensor *x = nd_params_tensor(p, 0, i);
        n_wrong += x->wants_grad || x->grad || !x->is_parameter || (uintptr_t)x->data % 64;
    }
    CHECK("before training nothing wants a gradient", n_wrong == 0, "%d wrong", n_wrong);
    test_names(p);
    const float *values = nd_params_tensor(p, 0, 0)->data;
    CHECK("train", !nd_params_train(p, 3), "%s", "failed");
    for (int i = n_wrong = 0; i < N_PARAMS; i++) {
        const nd_tensor *x = nd_params_tensor(p, 0, i), *y = nd_params_tensor(p, 2, i);
        n_wrong += x->data != y->data || x->wants_grad == nd_params_is_buffer(p, i);
        n_wrong += x->wants_grad && (x->grad == y->grad || !y->grad || x->has_grad);
    }
    CHECK("members share values, not gradients", n_wrong == 0, "%d wrong", n_wrong);
    CHECK("values stay where they are", values == nd_params_tensor(p, 1, 0)->data, "%s", "moved");
    nd_params_destroy(&p);
}

/* Weights turned round for inference give what the stored ones give. */
static void test_turned(void)
{
    nd_params *p = make_params(1, false);
    nd_tape *t = NULL;
    nd_tensor *w = nd_params_tensor(p, 0, W);
    float out[2][3 * 120];
    ND_ASSERT(!nd_tape_create(&t, NULL, 0, 0));
    int rc = 0;
    for (int turned = 0; turned < 2; turned++) {
        if (turned) rc = nd_params_turn(p);
        nd_tape_begin(t, &(nd_pass){0});
        nd_tensor *x = nd_tape_input(t, 2, (const int64_t[]){3, 77});
        for (int i = 0; i < 3 * 77; i++) x->data[i] = (float)(i % 19) - 9;
        memcpy(out[turned], nd_linear(t, x, w, NULL, NULL)->data, sizeof out[turned]);
    }
    double worst = 0;
    for (int i = 0; i < 3 * 120; i++)
        worst = fmax(worst, fabs((double)out[0][i] - (double)out[1][i]));
    CHECK("turned weights", !rc && w->turned && w->turned[120 + 3] == w->data[3 * 77 + 1], "%d",
          rc);
    CHECK("turned weights give the same", worst < 1e-5, "%g apart", worst);
    CHECK("vectors are not turned", !nd_params_tensor(p, 0, BIAS)->turned, "%s", "one is");
    nd_tape_destroy(&t);
    nd_params_destroy(&p);
}

static int create_all(void)
{
    nd_params *p = NULL;
    int rc = nd_params_create(&p);
    if (!rc) rc = add_all(p, false);
    if (!rc) rc = nd_params_train(p, 2);
    nd_params_destroy(&p);
    return rc;
}

/* The blocks themselves come from aligned_alloc, and names from strdup, which do not fail here. */
static void test_no_memory(void)
{
    int rc = ND_ENOMEM;
    long n = 0;
    for (; MALLOC_CAN_FAIL && rc == ND_ENOMEM; n++) {
        malloc_calls_left = n;
        rc = create_all();
        malloc_calls_left = -1;
    }
    if (!MALLOC_CAN_FAIL) SKIP("no memory", "this build's malloc does not fail");
    else CHECK("no memory", rc == 0 && n > 3, "call %ld: error %d", n, rc);
}

/* ---- files ------------------------------------------------------------------------------ */

/* The rank's gradients of a step, from the step's number. */
static void make_grads(nd_params *p, int64_t step)
{
    nd_rng rng;
    nd_rng_init(&rng, 9, (uint64_t)step);
    for (int i = 0; i < MEAN; i++) {
        nd_tensor *x = nd_params_tensor(p, 0, i);
        for (int64_t j = 0; j < nd_tensor_count(x); j++) x->grad[j] = (float)nd_rng_normal(&rng);
        x->has_grad = true;
    }
}

static void train(nd_params *p, int64_t from, int64_t to)
{
    const nd_adam adam = {.rate = 0.01f, .weight_decay = 0.1f, .max_norm = 50};
    for (int64_t step = from; step <= to; step++) {
        make_grads(p, step);
        nd_adam_step(p, &adam, step, NULL, 0);
    }
}

static int write_model(nd_params *p, const char *path)
{
    nd_stored_value *items = NULL;
    size_t n = 0, capacity = 0;
    int rc = nd_params_list(p, "net.", ND_STORED_F32, &items, &n, &capacity);
    if (!rc) rc = nd_safetensors_write(path, items, (int)n, NULL, 0, NULL);
    free(items);
    return rc;
}

static int read_model(nd_params *p, const char *path, const char *prefix, nd_diag *diag)
{
    nd_safetensors *file = NULL;
    int rc = nd_safetensors_open(&file, path, diag);
    if (!rc) rc = nd_params_read(p, file, prefix, diag);
    nd_safetensors_close(&file);
    return rc;
}

static void test_round_trip(const char *model, const char *state)
{
    nd_params *straight = make_params(1, false), *first = make_params(1, false);
    nd_params *second = make_params(2, true);
    int64_t step = -1;
    int rc = nd_params_train(straight, 1) || nd_params_train(first, 1) ||
             nd_params_train(second, 1);
    nd_params_tensor(first, 0, MEAN)->data[3] = nd_params_tensor(straight, 0, MEAN)->data[3] = 5;
    train(straight, 1, 10);
    train(first, 1, 5);
    if (!rc) rc = write_model(first, model);
    if (!rc) rc = nd_params_write_state(first, state, 5, NULL);
    nd_diag diag = {0};
    if (!rc) rc = read_model(second, model, "net.", &diag);
    if (!rc) rc = nd_params_read_state(second, state, &step, &diag);
    CHECK("write and read", rc == 0 && step == 5, "error %d, step %lld: %s", rc, (long long)step,
          diag.text);
    CHECK("what was written is read", count_equal(first, second) == N_PARAMS, "%d of %d",
          count_equal(first, second), N_PARAMS);
    nd_params_destroy(&second);
    second = make_params(3, false); /* in the order that make_grads goes by */
    rc = nd_params_train(second, 1);
    if (!rc) rc = read_model(second, model, "net.", NULL);
    if (!rc) rc = nd_params_read_state(second, state, &step, NULL);
    train(second, step + 1, 10);
    CHECK("it goes on as if it had not stopped",
          rc == 0 && count_equal(straight, second) == N_PARAMS, "error %d, %d of %d", rc,
          count_equal(straight, second), N_PARAMS);
    nd_params_destroy(&straight);
    nd_params_destroy(&first);
    nd_params_destroy(&second);
}

static void test_wrong_model(const char *model)
{
    nd_params *p = make_params(1, false);
    nd_diag diag = {0};
    int rc = read_model(p, model, "", &diag);
    CHECK("a prefix that is not there", rc == ND_ENOTFOUND && strstr(diag.text, "w"), "%d: %s", rc,
          diag.text);
    nd_params_destroy(&p);
    p = NULL;
    ND_ASSERT(!nd_params_create(&p));
    nd_params_add(p, "w", ND_INIT_ONES, 0, 2, (const int64_t[]){77, 120});
    rc = nd_params_allocate(p);
    if (!rc) rc = read_model(p, model, "net.", &diag);
    CHECK("another shape", rc == ND_EFORMAT && strstr(diag.text, "net.w"), "%d: %s", rc, diag.text);
    nd_params_destroy(&p);
}

/* ---- hostile state ---------------------------------------------------------------------- */

/* A state of one parameter "x" [2] as a file might hold it. */
typedef struct {
    const char *name, *step;
    const char *m_name;
    int64_t m_count;
    float v;
    int code; /* expected */
} bad_state;

static int read_bad(const bad_state *b, const char *path, int64_t *step, nd_diag *diag)
{
    const float m[3] = {-1, 2, 3}, v[2] = {b->v, 1};
    const nd_stored_value items[] = {{b->m_name, ND_STORED_F32, 1, {b->m_count}, m},
                                     {"v.x", ND_STORED_F32, 1, {2}, v}};
    const nd_text_pair metadata[] = {{"step", b->step ? b->step : ""}};
    nd_params *p = NULL;
    ND_ASSERT(!nd_params_create(&p));
    nd_params_add(p, "x", ND_INIT_ONES, 0, 1, (const int64_t[]){2});
    ND_ASSERT(!nd_params_allocate(p) && !nd_params_train(p, 1));
    int rc = nd_safetensors_write(path, items, 2, metadata, b->step ? 1 : 0, NULL);
    ND_ASSERT(!rc);
    rc = nd_params_read_state(p, path, step, diag);
    nd_params_destroy(&p);
    return rc;
}

static void test_bad_state(const char *path)
{
    static const bad_state cases[] = {
        {"a good state", "12", "m.x", 2, 0.5f, 0},
        {"no step", NULL, "m.x", 2, 0.5f, ND_EFORMAT},
        {"an empty step", "", "m.x", 2, 0.5f, ND_EFORMAT},
        {"a negative step", "-1", "m.x", 2, 0.5f, ND_EFORMAT},
        {"a step and more", "12 ", "m.x", 2, 0.5f, ND_EFORMAT},
        {"a step of spaces", "  12", "m.x", 2, 0.5f, ND_EFORMAT},
        {"a step in hexadecimal", "0x12", "m.x", 2, 0.5f, ND_EFORMAT},
        {"a step too large", "99999999999999999999", "m.x", 2, 0.5f, ND_EFORMAT},
        {"a moment missing", "12", "m.y", 2, 0.5f, ND_ENOTFOUND},
        {"a moment of another size", "12", "m.x", 3, 0.5f, ND_EFORMAT},
        {"a negative mean square", "12", "m.x", 2, -0.5f, ND_EFORMAT},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        nd_diag diag = {0};
        int64_t step = -7;
        int rc = read_bad(&cases[i], path, &step, &diag);
        CHECK(cases[i].name, rc == cases[i].code && step == (rc ? -7 : 12) && (!rc || *diag.text),
              "%d, step %lld: %s", rc, (long long)step, diag.text);
    }
}

/* A state cut short at every length is refused. */
static void test_cut_state(const char *path)
{
    nd_params *p = make_params(1, false);
    nd_bytes file = {0};
    int64_t step = -7;
    int n_read = 0, rc = nd_params_train(p, 1);
    if (!rc) rc = nd_params_write_state(p, path, 3, NULL);
    if (!rc) rc = nd_file_read(&file, path, 1 << 24, NULL);
    for (size_t n = 0; n < file.n && !rc; n += 1 + file.n / 50) {
        FILE *f = fopen(path, "wb");
        ND_ASSERT(f && fwrite(file.data, 1, n, f) == n && !fclose(f));
        n_read += !nd_params_read_state(p, path, &step, NULL);
    }
    CHECK("a state cut short", !rc && n_read == 0 && step == -7, "error %d, %d were read", rc,
          n_read);
    CHECK("no state", nd_params_read_state(p, "/nonexistent", &step, NULL) == ND_EIO, "%d", rc);
    CHECK("no folder", nd_params_write_state(p, "/nonexistent/x", 3, NULL) == ND_EIO, "%d", rc);
    nd_bytes_deinit(&file);
    nd_params_destroy(&p);
}

int main(void)
{
    char folder[] = "/tmp/needledrop-params-XXXXXX", model[64], state[64];
    if (!mkdtemp(folder)) return 1;
    snprintf(model, sizeof model, "%s/model", folder);
    snprintf(state, sizeof state, "%s/state", folder);
    nd_params_destroy(NULL);
    test_waves();
    test_deterministic();
    test_distributions();
    test_views();
    test_turned();
    test_no_memory();
    test_round_trip(model, state);
    test_wrong_model(model);
    test_bad_state(state);
    test_cut_state(state);
    unlink(model);
    unlink(state);
    rmdir(folder);
    TEST_END();
}
