/* What the tests of the baselines share: small models of tests/reference/baselines.py, a batch, the
 * comparison with PyTorch and with finite differences, and a made world that they learn. */
#ifndef TEST_BASELINE_H
#define TEST_BASELINE_H

#include "../uniform.h"
#include "compute/gemm.h"
#include "compute/losses.h"
#include "wrong_config.h"

enum { N = 8, D_MUSIC = 5, D_VIDEO = 4, S = 9, E = 6, MAX_C = 12 };

/* ---- models --------------------------------------------------------------------- */

typedef struct {
    const nd_matcher_ops *ops;
    void *state;
    nd_params *params;
    nd_tape *t;
} model;

static inline void model_deinit(model *m)
{
    if (m->state) m->ops->release(m->state);
    free(m->state);
    nd_params_destroy(&m->params);
    nd_tape_destroy(&m->t);
}

/* @param changes  of the configuration, JSON */
static inline void model_init(model *m, const nd_matcher_ops *ops, const char *setting,
                              const char *changes)
{
    *m = (model){.ops = ops, .state = nd_calloc(1, ops->state_bytes)};
    json_t *config = ops->preset("paper-s", setting, D_MUSIC, D_VIDEO, E);
    json_t *change = json_loads(changes, 0, NULL);
    ND_ASSERT(config && change && !json_object_update(config, change));
    ND_ASSERT(!nd_params_create(&m->params));
    ND_ASSERT(!ops->declare(m->state, m->params, config, NULL));
    ND_ASSERT(!nd_params_allocate(m->params) && !nd_params_train(m->params, 1));
    ND_ASSERT(!nd_tape_create(&m->t, NULL, 0, 0));
    nd_params_init(m->params, 5);
    json_decref(config);
    json_decref(change);
}

/* x [n] = factor (uniform(name) - 0.5) + shift. */
static inline void fill_uniform(float *x, int64_t n, const char *name, double factor, double shift)
{
    for (int64_t i = 0; i < n; i++) x[i] = (float)(factor * (test_uniform(name, i) - 0.5) + shift);
}

static inline void fill_parameters(nd_params *params)
{
    for (int i = 0; i < nd_params_count(params); i++) {
        nd_tensor *p = nd_params_tensor(params, 0, i);
        const char *name = nd_params_name(params, i), *last = strrchr(name, '.');
        bool is_about_1 = p->n_dims == 1 &&
                          (!strcmp(last, ".weight") || !strcmp(last, ".running_var"));
        fill_uniform(p->data, nd_tensor_count(p), name, 0.5, is_about_1);
    }
    nd_params_touch(params);
}

static inline int create_matcher(const json_t *config, bool *is_made_out, nd_diag *diag)
{
    nd_matcher *m = NULL;
    int rc = nd_matcher_create(&m, config, diag);
    *is_made_out = m;
    nd_matcher_destroy(&m);
    return rc;
}

static inline void check_presets(const nd_matcher_ops *ops)
{
    static const struct {
        const char *name, *setting;
        bool is_known;
    } cases[] = {{"paper", "ae", true},       {"paper", "se+r", true},    {"paper-s", "se+r", true},
                 {"recommended", "ae", true}, {"paper", "a-se", false},   {"paper", "se", false},
                 {"paper", "", false},        {"published", "ae", false}, {"", "ae", false}};
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        char name[64];
        json_t *config = ops->preset(cases[i].name, cases[i].setting, D_MUSIC, D_VIDEO, E);
        snprintf(name, sizeof name, "preset \"%s\" of \"%s\"", cases[i].name, cases[i].setting);
        CHECK(name, (config != NULL) == cases[i].is_known, "%s", config ? "one" : "none");
        json_decref(config);
    }
}

/* ---- a batch -------------------------------------------------------------------- */

typedef struct {
    float clips[2][N][MAX_C * D_MUSIC], pulse[2][N][MAX_C * 3], statistics[N][S], texts[N * E];
    nd_item items[2][N]; /* tracks, videos */
    int32_t ids[N];
    nd_pairs pairs;
} batch;

/* As tests/reference/baselines.py: two videos of a track, one of them longer than a window, a video
 * without pulse, a clip without an interval, a pair without a text. */
static inline void batch_init(batch *b)
{
    static const char *const media[] = {"music", "video"};
    static const int lengths[2][N] = {{7, 2, 5, 1, 8, 3, 12, 4}, {1, 2, 3, 4, 9, 1, 2, 7}};
    char name[32];
    for (int i = 0; i < 2 * N; i++) {
        int side = i / N, k = i % N, C = lengths[side][k];
        snprintf(name, sizeof name, "%s/%d", media[side], k);
        fill_uniform(b->clips[side][k], C * (side ? D_VIDEO : D_MUSIC), name, 1, 0);
        snprintf(name, sizeof name, "%s.pulse/%d", media[side], k);
        fill_uniform(b->pulse[side][k], 3 * (int64_t)C, name, 2, 1);
        snprintf(name, sizeof name, "statistics/%d", k);
        fill_uniform(b->statistics[k], S, name, 1, 0.5);
        b->items[side][k] = (nd_item){.medium = side ? ND_VIDEO : ND_MUSIC,
                                      .C = C,
                                      .clips = b->clips[side][k],
                                      .pulse = b->pulse[side][k],
                                      .statistics = side ? NULL : b->statistics[k],
                                      .S = side ? 0 : S};
        b->ids[k] = k == 1 ? 0 : k;
    }
    b->items[1][2].pulse = NULL;
    b->pulse[0][3][2] = 0;
    fill_uniform(b->texts, (int64_t)N * E, "texts", 2, 0);
    memset(b->texts + (ptrdiff_t)4 * E, 0, E * sizeof *b->texts);
    b->pairs = (nd_pairs){.n = N,
                          .videos = b->items[1],
                          .tracks = b->items[0],
                          .track_ids = b->ids,
                          .texts = b->texts,
                          .progress = 0.2,
                          .key = 77};
}

static inline int n_losses(const nd_matcher_ops *ops)
{
    int n = 0;
    while (ops->losses[n].name) n++;
    return n;
}

/* One loss alone in training without dropout, with gradients. NAN: failed, or others came too. */
static inline double loss_alone(model *m, const batch *b, int which)
{
    float weights[ND_MAX_LOSSES] = {0};
    nd_tensor *losses[ND_MAX_LOSSES];
    weights[which] = 1;
    nd_params_begin(m->params, 0);
    nd_tape_begin(m->t, &(nd_pass){.record = true, .train = true, .no_dropout = true});
    if (m->ops->learn(m->state, m->t, m->params, 0, &b->pairs, weights, losses)) return NAN;
    for (int i = 0; i < n_losses(m->ops); i++)
        if ((losses[i] != NULL) != (i == which)) return NAN;
    return nd_tape_backward(m->t, losses[which], 1) ? NAN : (double)losses[which]->data[0];
}

/* ---- PyTorch -------------------------------------------------------------------- */

static inline double apart(const float *a, const float *b, int64_t n)
{
    double worst = 0;
    for (int64_t i = 0; i < n; i++) {
        double d = fabs((double)a[i] - (double)b[i]);
        if (!(d <= worst)) worst = d;
    }
    return worst;
}

/* @param found  [rows, width]; rows 0: [width] */
static inline void check_golden(const nd_safetensors *file, const char *name, const float *found,
                                int64_t rows, int64_t width)
{
    float expected[N * 16];
    const int64_t dims[] = {rows, width};
    int rc = nd_safetensors_read_f32(file, name, rows ? 2 : 1, rows ? dims : dims + 1, expected,
                                     NULL);
    double worst = rc ? INFINITY : apart(found, expected, (rows ? rows : 1) * width);
    char full[64];
    snprintf(full, sizeof full, "PyTorch: %s", name);
    CHECK(full, worst < 1e-5, "%d: %g apart", rc, worst);
}

static inline void check_rows(const nd_safetensors *file, model *m, const char *setting,
                              const batch *b)
{
    for (int side = 0; side < 2; side++) {
        nd_joint joint = {0};
        char name[48];
        nd_tape_begin(m->t, &(nd_pass){0});
        ND_ASSERT(!m->ops->embed(m->state, m->t, m->params, 0, b->items[side], N, &joint));
        ND_ASSERT(joint.rows->dims[0] == N && joint.rows->dims[1] == 1);
        snprintf(name, sizeof name, "%s.%s/%s", m->ops->name, setting, side ? "video" : "music");
        check_golden(file, name, joint.rows->data, N, joint.rows->dims[2]);
        CHECK("the whole is the row",
              !joint.whole || !apart(joint.whole->data, joint.rows->data, joint.rows->dims[2] * N),
              "another");
    }
}

static inline void check_reference(const nd_matcher_ops *ops, const char *changes)
{
    static batch b;
    static const char *const settings[] = {"ae", "se+r"};
    nd_safetensors *file = NULL;
    batch_init(&b);
    int rc = nd_safetensors_open(&file, "tests/golden/baselines.safetensors", NULL);
    CHECK("golden file", !rc, "%d", rc);
    for (int i = 0; i < 2 && !rc; i++) {
        model m;
        char name[48];
        float losses[ND_MAX_LOSSES], texts[N * 16];
        model_init(&m, ops, settings[i], changes);
        fill_parameters(m.params);
        check_rows(file, &m, settings[i], &b);
        nd_tape_begin(m.t, &(nd_pass){0});
        nd_tensor *said = ops->text ? ops->text(m.state, m.t, m.params, 0, b.texts, N) : NULL;
        if (said) memcpy(texts, said->data, (size_t)nd_tensor_count(said) * sizeof *texts);
        snprintf(name, sizeof name, "%s.%s/texts", ops->name, settings[i]);
        if (said) check_golden(file, name, texts, N, nd_tensor_width(said));
        for (int k = 0; k < n_losses(ops); k++) losses[k] = (float)loss_alone(&m, &b, k);
        snprintf(name, sizeof name, "%s.%s/losses", ops->name, settings[i]);
        check_golden(file, name, losses, 0, n_losses(ops));
        model_deinit(&m);
    }
    nd_safetensors_close(&file);
}

/* ---- finite differences ---------------------------------------------------------- */

/* The worst of some values of each parameter, by the largest gradient. */
static inline double gradient_error(model *m, const batch *b, int which)
{
    double worst = 0, largest = 1e-3;
    for (int i = 0; i < nd_params_count(m->params); i++) {
        nd_tensor *p = nd_params_tensor(m->params, 0, i);
        for (int64_t j = i % 3; j < nd_tensor_count(p); j += nd_tensor_count(p) / 3 + 1) {
            float value = p->data[j], step = 5e-4f;
            loss_alone(m, b, which);
            double grad = p->has_grad ? (double)p->grad[j] : 0;
            if (nd_params_is_buffer(m->params, i)) continue;
            p->data[j] = value + step;
            double up = loss_alone(m, b, which);
            p->data[j] = value - step;
            double down = loss_alone(m, b, which);
            p->data[j] = value;
            double error = fabs(grad - (up - down) / (2 * (double)step));
            if (!(error <= worst)) worst = error;
            largest = fmax(largest, fabs(grad));
        }
    }
    return worst / largest;
}

static inline void check_gradients(const nd_matcher_ops *ops, const char *changes)
{
    static batch b;
    static const char *const settings[] = {"ae", "se+r"};
    batch_init(&b);
    for (int i = 0; i < 2; i++) {
        model m;
        model_init(&m, ops, settings[i], changes);
        fill_parameters(m.params);
        for (int k = 0; k < n_losses(ops); k++) {
            char name[64];
            double error = gradient_error(&m, &b, k);
            snprintf(name, sizeof name, "gradient of %s, %s", ops->losses[k].name, settings[i]);
            CHECK(name, error < 1e-2, "%g of the largest", error);
        }
        model_deinit(&m);
    }
}

/* ---- edges ----------------------------------------------------------------------- */

static inline int learn_all(model *m, nd_tape *t, const nd_pairs *pairs, nd_tensor **losses)
{
    float weights[ND_MAX_LOSSES];
    for (int i = 0; i < n_losses(m->ops); i++) weights[i] = m->ops->losses[i].weight;
    nd_params_begin(m->params, 0);
    nd_tape_begin(t, &(nd_pass){.record = true, .train = true});
    return m->ops->learn(m->state, t, m->params, 0, pairs, weights, losses);
}

static inline bool are_finite(nd_tensor *const *losses, int n)
{
    for (int i = 0; i < n; i++)
        if (!losses[i] || !isfinite(losses[i]->data[0])) return false;
    return true;
}

static inline void check_edges(const nd_matcher_ops *ops, const char *changes)
{
    static batch b;
    model m;
    nd_tensor *losses[ND_MAX_LOSSES];
    batch_init(&b);
    model_init(&m, ops, "se+r", changes);
    b.pairs.n = 1;
    b.pairs.texts = NULL;
    int rc = learn_all(&m, m.t, &b.pairs, losses), n_odd = 0;
    CHECK("a batch of one pair, without texts", !rc && are_finite(losses, n_losses(ops)), "%d", rc);
    batch_init(&b);
    b.pulse[0][1][1] = NAN;
    b.pulse[0][6][0] = -1e30f;
    b.pulse[1][4][0] = INFINITY;
    memset(b.texts, 0, sizeof b.texts);
    rc = learn_all(&m, m.t, &b.pairs, losses);
    CHECK("wild pulses, and no text at all", !rc && are_finite(losses, n_losses(ops)), "%d", rc);
    for (size_t limit = 1 << 8; limit < 1 << 20; limit *= 2) {
        nd_tape *t = NULL;
        ND_ASSERT(!nd_tape_create(&t, NULL, 0, limit));
        rc = learn_all(&m, t, &b.pairs, losses);
        n_odd += (rc != 0) != (nd_tape_status(t) == ND_ELIMIT);
        nd_tape_destroy(&t);
    }
    CHECK("with little memory", n_odd == 0, "%d odd states", n_odd);
    model_deinit(&m);
}

/* ---- a made world ----------------------------------------------------------------- */

enum { WORLD = 96, WORLD_C = 4, CAUSES = 4 };

typedef struct {
    float clips[2][WORLD][WORLD_C * D_MUSIC], statistics[WORLD][S];
    nd_item items[2][WORLD];
    int32_t ids[WORLD];
    nd_pairs pairs;
} world;

/* [width] of a pair's causes, seen in a way of its own: sines of mixtures, and noise. */
static inline void render(float *out, int width, const double *causes, int way, nd_rng *rng)
{
    for (int i = 0; i < width; i++) {
        double sum = 0;
        for (int k = 0; k < CAUSES; k++) sum += causes[k] * sin(3.0 * i + 5 * k + way);
        out[i] = (float)(tanh(sum) + 0.05 * nd_rng_normal(rng));
    }
}

static inline void world_init(world *w, uint64_t seed)
{
    nd_rng rng;
    nd_rng_init(&rng, seed, 0);
    for (int i = 0; i < WORLD; i++) {
        double causes[CAUSES];
        for (int k = 0; k < CAUSES; k++) causes[k] = nd_rng_normal(&rng);
        for (int side = 0; side < 2; side++) {
            int D = side ? D_VIDEO : D_MUSIC;
            for (int c = 0; c < WORLD_C; c++)
                render(w->clips[side][i] + (ptrdiff_t)c * D, D, causes, side, &rng);
            w->items[side][i] = (nd_item){.medium = side ? ND_VIDEO : ND_MUSIC,
                                          .C = WORLD_C,
                                          .clips = w->clips[side][i],
                                          .statistics = side ? NULL : w->statistics[i],
                                          .S = side ? 0 : S};
        }
        render(w->statistics[i], S, causes, 2, &rng);
        w->ids[i] = i;
    }
    w->pairs = (nd_pairs){
        .n = WORLD, .videos = w->items[1], .tracks = w->items[0], .track_ids = w->ids};
}

static inline void train(model *m, const world *w, int n_steps)
{
    float weights[ND_MAX_LOSSES];
    for (int i = 0; i < n_losses(m->ops); i++) weights[i] = m->ops->losses[i].weight;
    for (int i = 0; i < n_steps; i++) {
        nd_tensor *losses[ND_MAX_LOSSES];
        nd_pairs pairs = w->pairs;
        pairs.progress = (double)i / n_steps;
        pairs.key = (uint64_t)i;
        nd_params_begin(m->params, 0);
        nd_tape_begin(m->t, &(nd_pass){.record = true, .train = true, .drop_key = (uint64_t)i});
        ND_ASSERT(!m->ops->learn(m->state, m->t, m->params, 0, &pairs, weights, losses));
        nd_tensor *loss = nd_loss_sum(m->t, weights, losses, n_losses(m->ops));
        ND_ASSERT(!nd_tape_backward(m->t, loss, 1));
        nd_adam_step(m->params, &(nd_adam){.rate = 3e-3f, .max_norm = 3}, i + 1, NULL, 0);
    }
}

static inline double recall_10(model *m, const world *w)
{
    nd_joint joint[2] = {0};
    int n_found = 0;
    nd_tape_begin(m->t, &(nd_pass){0});
    for (int side = 0; side < 2; side++)
        ND_ASSERT(
            !m->ops->embed(m->state, m->t, m->params, 0, w->items[side], WORLD, &joint[side]));
    const float *s = nd_cosines(m->t,
                                nd_reshape(m->t, joint[1].rows, 2,
                                           (const int64_t[]){WORLD, joint[1].rows->dims[2]}),
                                nd_reshape(m->t, joint[0].rows, 2,
                                           (const int64_t[]){WORLD, joint[0].rows->dims[2]}))
                         ->data;
    for (int i = 0; i < WORLD; i++) {
        int n_better = 0;
        for (int j = 0; j < WORLD; j++) n_better += j != i && s[i * WORLD + j] >= s[i * WORLD + i];
        n_found += n_better < 10;
    }
    return (double)n_found / WORLD;
}

/* @param least  [2] of recall at 10, by setting */
static inline void check_learning(const nd_matcher_ops *ops, const char *changes,
                                  const double *least)
{
    static const char *const settings[] = {"ae", "se+r"};
    static world seen, unseen;
    world_init(&seen, 1);
    world_init(&unseen, 2);
    for (int i = 0; i < 2; i++) {
        model m[2];
        char name[64];
        int n_other = 0;
        for (int k = 0; k < 2; k++) {
            model_init(&m[k], ops, settings[i], changes);
            train(&m[k], &seen, 150);
        }
        for (int p = 0; p < nd_params_count(m[0].params); p++) {
            const nd_tensor *a = nd_params_tensor(m[0].params, 0, p);
            const float *b = nd_params_tensor(m[1].params, 0, p)->data;
            n_other += memcmp(a->data, b, (size_t)nd_tensor_count(a) * sizeof *b) != 0;
        }
        double found = recall_10(&m[0], &unseen);
        snprintf(name, sizeof name, "pairs it has not seen, %s", settings[i]);
        CHECK(name, found > least[i], "R@10 %.2f, by chance %.2f", found, 10.0 / WORLD);
        CHECK("the same bytes again", n_other == 0, "%d other parameters", n_other);
        model_deinit(&m[0]);
        model_deinit(&m[1]);
    }
}

#endif
