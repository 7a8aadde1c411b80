/* UT-CMVMR as published: the values of every output beside PyTorch's (tests/reference/ut_cmvmr.py),
 * what is refused, gradients beside finite differences, and that it learns. */
#include "../test.h"
#include "../uniform.h"

#include "compute/losses.h"
#include "embed/models/ut_cmvmr/structures.h"

enum { ROWS = 5 };
#define GOLDEN "tests/golden/ut_published/"

static nd_matcher *make(const char *text)
{
    nd_matcher *m = NULL;
    json_t *config = json_loads(text, 0, NULL);
    ND_ASSERT(config && !nd_matcher_create(&m, config, NULL));
    json_decref(config);
    return m;
}

/* ---- configurations --------------------------------------------------------------- */

static void test_config(void)
{
    static const struct {
        const char *name, *text, *expected;
    } wrong[] = {
        {"structure", "{\"structure\":\"other\"}", "structure: published or aligned expected"},
        {"width", "{\"dim_rho\":\"wide\"}", "dim_rho: a whole number in"},
        {"width of nothing", "{\"dim_theta\":0}", "dim_theta: a whole number in 2"},
        {"rhythm", "{\"add_rhythm\":1,\"a_enc_dmodel\":18}", "a_enc_dmodel: a multiple of 4"},
        {"rate", "{\"dropout_enc\":1.5}", "dropout_enc: a number in 0"},
        {"clips", "{\"clips\":\"some\"}", "clips: \"sequence\" or \"mean\" expected"},
        {"norm", "{\"clip_norm\":\"layer\"}", "clip_norm: \"none\" or \"batch\" expected"},
        {"loss", "{\"losses\":{\"xyz\":1}}", "losses"},
    };
    for (size_t i = 0; i < ND_COUNT(wrong); i++) {
        nd_matcher *m = NULL;
        nd_diag diag = {0};
        char name[64];
        json_t *config = json_loads(wrong[i].text, 0, NULL);
        int rc = nd_matcher_create(&m, config, &diag);
        snprintf(name, sizeof name, "wrong configuration: %s", wrong[i].name);
        CHECK(name, rc == ND_EFORMAT && !m && strstr(diag.text, wrong[i].expected), "%d, %s", rc,
              diag.text);
        json_decref(config);
    }
    CHECK("unknown preset", !nd__ut_published.preset("huge", "se", 512, 512, 768), "one");
    CHECK("unknown setting", !nd__ut_published.preset("paper", "sea", 512, 512, 768), "one");
}

static void test_presets(void)
{
    static const struct {
        const char *name, *setting;
        int64_t W, U;
    } presets[] = {{"paper", "se+r", 1024, 256}, {"paper-s", "a-se", 256, 64}};
    for (size_t i = 0; i < ND_COUNT(presets); i++) {
        nd_matcher *m = NULL;
        json_t *config = nd__ut_published.preset(presets[i].name, presets[i].setting, 144, 144, 64);
        int rc = nd_matcher_create(&m, config, NULL);
        nd_matcher_size size = rc ? (nd_matcher_size){0} : nd_matcher_size_of(m);
        CHECK(presets[i].name,
              size.W == presets[i].W && size.U == presets[i].U && size.E == 64 &&
                  size.D_music == 144,
              "%d, W %d, U %d", rc, (int)size.W, (int)size.U);
        nd_matcher_destroy(&m);
        json_decref(config);
    }
    nd_matcher *m = make("{\"add_rhythm\":1}");
    int64_t n = nd_params_size(nd_matcher_params(m));
    CHECK("published size", llabs((long long)n - 14900000) < 50000, "%lld", (long long)n);
    nd_matcher_destroy(&m);
}

/* ---- the published values ---------------------------------------------------------- */

typedef struct {
    nd_array music, rhythm, video, flow, tags;
    nd_model *model;
    nd_match_input in;
} fixture;

static void fixture_open(fixture *f)
{
    *f = (fixture){0};
    ND_ASSERT(!nd_model_open(&f->model, GOLDEN "model.safetensors", NULL));
    ND_ASSERT(!nd_array_read_npy(&f->music, GOLDEN "music.npy", NULL));
    ND_ASSERT(!nd_array_read_npy(&f->rhythm, GOLDEN "rhythm.npy", NULL));
    ND_ASSERT(!nd_array_read_npy(&f->video, GOLDEN "video.npy", NULL));
    ND_ASSERT(!nd_array_read_npy(&f->flow, GOLDEN "flow.npy", NULL));
    ND_ASSERT(!nd_array_read_npy(&f->tags, GOLDEN "tags.npy", NULL));
    f->in = (nd_match_input){&f->music, &f->video, &f->rhythm, &f->flow, &f->tags};
}

static void fixture_close(fixture *f)
{
    nd_array *arrays[] = {&f->music, &f->rhythm, &f->video, &f->flow, &f->tags};
    for (size_t i = 0; i < ND_COUNT(arrays); i++) nd_array_deinit(arrays[i]);
    nd_model_close(&f->model);
}

static double off(const nd_safetensors *golden, const nd_array *a)
{
    float expected[ROWS * 24];
    double worst = 0;
    if (!a->data || nd_safetensors_read_f32(golden, a->name, a->n_dims, a->dims, expected, NULL))
        return INFINITY;
    for (int64_t i = 0; i < nd_array_count(a); i++)
        worst = fmax(worst, fabs((double)a->f32[i] - (double)expected[i]));
    return worst;
}

static void test_golden(const fixture *f)
{
    nd_array out[ND_MATCH_OUTPUTS] = {0};
    nd_safetensors *golden = NULL;
    nd_diag diag = {0};
    ND_ASSERT(!nd_safetensors_open(&golden, GOLDEN "outputs.safetensors", NULL));
    int rc = nd_model_match(out, f->model, &f->in, &diag);
    CHECK("match", rc == 0, "%s", diag.text);
    for (int i = 0; i < ND_MATCH_OUTPUTS; i++) {
        char name[96];
        snprintf(name, sizeof name, "as PyTorch: %.32s", out[i].name);
        CHECK(name, off(golden, &out[i]) < 2e-6, "off by %g", off(golden, &out[i]));
        nd_array_deinit(&out[i]);
    }
    nd_safetensors_close(&golden);
}

static void check_refused(const fixture *f, const char *name, const nd_match_input *in,
                          const char *expected)
{
    nd_array out[ND_MATCH_OUTPUTS] = {0};
    nd_diag diag = {0};
    int rc = nd_model_match(out, f->model, in, &diag);
    CHECK(name, rc == ND_EARG && strstr(diag.text, expected) && !out[0].data, "%d, %s", rc,
          diag.text);
}

static void test_refused(fixture *f)
{
    nd_match_input in = f->in;
    in.video = NULL;
    check_refused(f, "no video", &in, "clips of music and of video expected");
    in = f->in;
    in.flow = NULL;
    check_refused(f, "no flow", &in, "rhythm and flow expected");
    in = f->in;
    in.video = &f->music;
    check_refused(f, "another width", &in, "video: f32 [5, 7, 18] expected, found f32 [5, 7, 16]");
    in = f->in;
    in.rhythm = &f->flow;
    check_refused(f, "another shape", &in, "rhythm: i32 [5, 7, 3] expected, found i32 [5, 7]");
    f->rhythm.i32[2 * 21 + 4] = 49;
    check_refused(f, "class past its table", &f->in,
                  "rhythm: a class in 0 .. 48 expected, row 2 has 49");
    f->rhythm.i32[2 * 21 + 4] = 0;
    f->flow.i32[28] = -1;
    check_refused(f, "class below 0", &f->in, "flow: a class in 0 .. 64 expected, row 4 has -1");
    f->flow.i32[28] = 0;
    f->tags.f32[24] = NAN;
    check_refused(f, "not finite", &f->in, "tags: finite values expected, row 1 has nan");
    f->tags.f32[24] = 0;
}

/* ---- pairs of known truth ------------------------------------------------------------ */

/* A pair is a walk of latent points around that of its tag; each medium sees it through a matrix of
 * its own. */
enum { N = 32, CLIPS = 7, LATENT = 6, D = 16, E = 8, TAGS = 4, STEPS = 40 };

typedef struct {
    float latent[N][CLIPS * LATENT], clips[2][N][CLIPS * D], pulse[2][N][CLIPS * 3];
    float texts[N * E];
    nd_item items[2][N];
} side;

typedef struct {
    side own, other;
    int32_t track_ids[N];
    int32_t tags[N];
    nd_pairs pairs;
} batch;

static void make_pair(side *s, int i, int tag, nd_rng *rng)
{
    for (int k = 0; k < CLIPS * LATENT; k++)
        s->latent[i][k] = (float)(nd_rng_normal(rng) +
                                  2 * test_uniform("tag", tag * LATENT + k % LATENT));
    for (int medium = 0; medium < 2; medium++) {
        for (int k = 0; k < CLIPS * D; k++) {
            float v = 0;
            for (int j = 0; j < LATENT; j++)
                v += s->latent[i][k / D * LATENT + j] *
                     (float)(2 * test_uniform(medium ? "video" : "music", k % D * LATENT + j) - 1);
            s->clips[medium][i][k] = v;
        }
        for (int k = 0; k < CLIPS * 3; k++)
            s->pulse[medium][i][k] = (float)nd_rng_uniform(rng, 0, 1);
        s->items[medium][i] = (nd_item){.medium = medium ? ND_VIDEO : ND_MUSIC,
                                        .C = CLIPS,
                                        .clips = s->clips[medium][i],
                                        .pulse = s->pulse[medium][i]};
    }
    for (int k = 0; k < E; k++)
        s->texts[i * E + k] = (float)(test_uniform("text", tag * E + k) - 0.5 +
                                      0.1 * nd_rng_normal(rng));
}

static void make_batch(batch *b, int n, uint64_t seed)
{
    nd_rng rng;
    nd_rng_init(&rng, seed, 0);
    for (int i = 0; i < n; i++) {
        make_pair(&b->own, i, i % TAGS, &rng);
        make_pair(&b->other, i, (i + 1 + i / TAGS % (TAGS - 1)) % TAGS, &rng);
        b->track_ids[i] = i;
        b->tags[i] = i % TAGS;
    }
    memset(b->own.texts, 0, E * sizeof(float)); /* the first has none */
    b->pairs = (nd_pairs){n,
                          b->own.items[1],
                          b->own.items[0],
                          b->other.items[1],
                          b->other.items[0],
                          b->track_ids,
                          b->own.texts,
                          b->other.texts,
                          b->tags,
                          0,
                          seed};
}

static nd_matcher *make_toy_of(const char *setting, bool is_tiny, const char *clip_norm)
{
    json_t *config = nd__ut_published.preset("paper-s", setting, D, D, E);
    static const char *const widths[] = {
        "a_data_dim",     "v_data_dim",          "dim_theta",
        "dim_rho",        "encoder_hidden_size", "decoder_hidden_size",
        "enc_hidden_dim", "cross_hidden_dim",    "cross_head_dim"};
    for (size_t i = 0; i < ND_COUNT(widths); i++)
        json_object_set_new(config, widths[i], json_integer(is_tiny ? 8 : 32));
    json_object_set_new(config, "clip_norm", json_string(clip_norm));
    nd_matcher *m = NULL;
    ND_ASSERT(!nd_matcher_create(&m, config, NULL));
    json_decref(config);
    nd_params_init(nd_matcher_params(m), 7);
    ND_ASSERT(!nd_params_train(nd_matcher_params(m), 1));
    return m;
}

static nd_matcher *make_toy(const char *setting, bool is_tiny)
{
    return make_toy_of(setting, is_tiny, "batch");
}

/* ---- gradients ----------------------------------------------------------------------- */

enum { LOSSES = 6 };

/* Every loss; and the gradient of one, where which is 0 or more. */
static void losses_of(double out[LOSSES], nd_matcher *m, nd_tape *t, const nd_pairs *pairs,
                      int which)
{
    static const float weights[LOSSES] = {1, 1, 1, 1, 1, 1};
    nd_params *p = nd_matcher_params(m);
    nd_tensor *losses[LOSSES] = {0};
    nd_params_begin(p, 0);
    nd_tape_begin(t, &(nd_pass){.record = which >= 0, .train = true, .no_dropout = true});
    ND_ASSERT(!nd__ut_published.learn(nd_matcher_state(m), t, p, 0, pairs, weights, losses));
    for (int i = 0; i < LOSSES; i++) out[i] = (double)losses[i]->data[0];
    if (which >= 0) nd_tape_backward(t, losses[which], 1);
}

/* The way that parameter i is moved. */
static double direction(const nd_params *p, int i, int64_t j)
{
    return test_uniform(nd_params_name(p, i), j) - 0.5;
}

/* How losses change as parameter i moves, by differences. */
static void differences_of(double out[LOSSES], nd_matcher *m, nd_tape *t, const nd_pairs *pairs,
                           int i, double step)
{
    nd_params *p = nd_matcher_params(m);
    nd_tensor *x = nd_params_tensor(p, 0, i);
    int64_t n = nd_tensor_count(x);
    float *kept = nd_calloc((size_t)n, sizeof *kept);
    double h = step / sqrt((double)n), at[2][LOSSES];
    ND_ASSERT(kept);
    memcpy(kept, x->data, (size_t)n * sizeof *kept);
    for (int k = 0; k < 2; k++) {
        for (int64_t j = 0; j < n; j++)
            x->data[j] = kept[j] + (float)((k ? h : -h) * direction(p, i, j));
        losses_of(at[k], m, t, pairs, -1);
    }
    memcpy(x->data, kept, (size_t)n * sizeof *kept);
    for (int k = 0; k < LOSSES; k++) out[k] = (at[1][k] - at[0][k]) / (2 * h);
    free(kept);
}

static double slope_of(nd_params *p, int i)
{
    nd_tensor *x = nd_params_tensor(p, 0, i);
    double sum = 0;
    for (int64_t j = 0; x->has_grad && j < nd_tensor_count(x); j++)
        sum += (double)x->grad[j] * direction(p, i, j);
    return sum;
}

/* A wide step may cross a corner (of a hinge, a ReLU), a narrow one is lost in rounding: the nearer
 * of two counts. */
static void test_gradients(void)
{
    enum { MAX_PARAMS = 256 };
    static batch b;
    static double slopes[LOSSES][MAX_PARAMS];
    double unused[LOSSES], far[LOSSES] = {0}, length[LOSSES] = {0}, found[2][LOSSES];
    nd_matcher *m = make_toy("se+r", true);
    nd_params *p = nd_matcher_params(m);
    nd_tape *t = NULL;
    ND_ASSERT(!nd_tape_create(&t, NULL, 0, 0) && nd_params_count(p) <= MAX_PARAMS);
    make_batch(&b, 12, 3);
    for (int k = 0; k < LOSSES; k++) {
        losses_of(unused, m, t, &b.pairs, k);
        for (int i = 0; i < nd_params_count(p); i++) slopes[k][i] = slope_of(p, i);
    }
    for (int i = 0; i < nd_params_count(p); i++) {
        if (nd_params_is_buffer(p, i)) continue;
        differences_of(found[0], m, t, &b.pairs, i, 2e-3);
        differences_of(found[1], m, t, &b.pairs, i, 5e-4);
        for (int k = 0; k < LOSSES; k++) {
            double slope = slopes[k][i], wide = found[0][k] - slope, narrow = found[1][k] - slope;
            far[k] += fmin(wide * wide, narrow * narrow);
            length[k] += slope * slope;
        }
    }
    for (int k = 0; k < LOSSES; k++) {
        char name[64];
        double off_by = sqrt(far[k] / length[k]);
        snprintf(name, sizeof name, "gradient: %s", nd__ut_published.losses[k].name);
        CHECK(name, off_by < 0.02, "off by %.3g of its length", off_by);
    }
    nd_tape_destroy(&t);
    nd_matcher_destroy(&m);
}

/* A loss of weight 0 is not computed; without texts those of tags are 0. */
static void test_weights(void)
{
    static batch b;
    const float weights[LOSSES] = {0, 1, 1, 0, 0, 0};
    nd_tensor *losses[LOSSES] = {0};
    nd_matcher *m = make_toy("se", true);
    nd_tape *t = NULL;
    ND_ASSERT(!nd_tape_create(&t, NULL, 0, 0));
    make_batch(&b, 4, 3);
    memset(b.own.texts, 0, sizeof b.own.texts);
    nd_tape_begin(t, &(nd_pass){.record = true, .train = true});
    int rc = nd__ut_published.learn(nd_matcher_state(m), t, nd_matcher_params(m), 0, &b.pairs,
                                    weights, losses);
    CHECK("weight 0: not computed", !rc && !losses[0] && !losses[3] && !losses[4] && !losses[5],
          "%d", rc);
    CHECK("no texts: 0", losses[1] && losses[2] && losses[1]->data[0] == 0, "not 0");
    nd_tape_destroy(&t);
    nd_matcher_destroy(&m);
}

/* Without cross-attention: no parameter of it, and losses all the same. */
static void test_alone(void)
{
    static batch b;
    const float weights[LOSSES] = {1, 0, 0, 0, 1, 1};
    nd_tensor *losses[LOSSES] = {0};
    json_t *config = nd__ut_published.preset("paper-s", "se+r", D, D, E);
    nd_matcher *m = NULL;
    nd_tape *t = NULL;
    json_object_set_new(config, "add_cross", json_integer(0));
    ND_ASSERT(!nd_matcher_create(&m, config, NULL) && !nd_tape_create(&t, NULL, 0, 0));
    nd_params *p = nd_matcher_params(m);
    int n = 0;
    for (int i = 0; i < nd_params_count(p); i++)
        n += !strncmp(nd_params_name(p, i), "cross_attention", 15) ||
             !strcmp(nd_params_name(p, i), "pos_emb1D");
    CHECK("no cross-attention: no parameter", n == 0 && nd_params_count(p) > 0, "%d", n);
    nd_params_init(p, 7);
    make_batch(&b, 4, 3);
    nd_tape_begin(t, &(nd_pass){.record = true, .train = true});
    int rc = nd__ut_published.learn(nd_matcher_state(m), t, p, 0, &b.pairs, weights, losses);
    CHECK("no cross-attention: losses",
          !rc && losses[0] && isfinite(losses[0]->data[0]) && losses[5] && losses[5]->data[0] > 0,
          "%d", rc);
    json_decref(config);
    nd_tape_destroy(&t);
    nd_matcher_destroy(&m);
}

/* ---- learning ------------------------------------------------------------------------ */

static void train(nd_matcher *m)
{
    static batch b;
    nd_params *p = nd_matcher_params(m);
    nd_tape *t = NULL;
    ND_ASSERT(!nd_tape_create(&t, NULL, 0, 0));
    for (int step = 1; step <= STEPS; step++) {
        nd_tensor *losses[ND_MAX_LOSSES] = {0};
        const float *weights = nd_matcher_weights(m);
        make_batch(&b, N, (uint64_t)step);
        nd_params_begin(p, 0);
        nd_tape_begin(t, &(nd_pass){.record = true, .train = true, .drop_key = (uint64_t)step});
        ND_ASSERT(!nd__ut_published.learn(nd_matcher_state(m), t, p, 0, &b.pairs, weights, losses));
        ND_ASSERT(!nd_tape_backward(t, nd_loss_sum(t, weights, losses, LOSSES), 1));
        nd_adam_step(p, &(nd_adam){.rate = 3e-3f, .max_norm = 3}, step, NULL, 0);
    }
    nd_tape_destroy(&t);
}

/* Share of videos whose track is among the first five of N. */
static double recall(nd_matcher *m, const batch *b)
{
    nd_rows rows[2] = {0};
    int hits = 0;
    for (int i = 0; i < 2; i++)
        ND_ASSERT(!nd_matcher_embed(&rows[i], m, b->own.items[i], N, 1, NULL, NULL));
    for (int v = 0; v < N; v++) {
        int better = 0;
        float own = nd_rows_score(rows[1].rows + v * rows[1].W, 1, rows[0].rows + v * rows[0].W, 1,
                                  rows[0].W, NULL);
        for (int k = 0; k < N; k++)
            better += nd_rows_score(rows[1].rows + v * rows[1].W, 1, rows[0].rows + k * rows[0].W,
                                    1, rows[0].W, NULL) > own;
        hits += better < 5;
    }
    for (int i = 0; i < 2; i++) nd_rows_deinit(&rows[i]);
    return (double)hits / N;
}

/* Mean probability of true pairs and of false ones. */
static void pair_means(nd_matcher *m, const batch *b, double means[2])
{
    static const int32_t offsets[N] = {0};
    float p[N];
    means[0] = means[1] = 0;
    for (int v = 0; v < N; v++) {
        ND_ASSERT(
            !nd_matcher_pair(p, m, &b->own.items[1][v], b->own.items[0], offsets, N, 1, NULL));
        for (int k = 0; k < N; k++) means[k == v] += (double)p[k] / (k == v ? N : N * (N - 1));
    }
}

static void test_learning(void)
{
    static batch b;
    double means[2];
    nd_matcher *m = make_toy("se", false);
    make_batch(&b, N, 1000);
    double before = recall(m, &b);
    train(m);
    double after = recall(m, &b);
    CHECK("held-out pairs are found", after > 0.5, "%.2f of 5 in 32, %.2f before", after, before);
    pair_means(m, &b, means);
    CHECK("true pairs are surer", means[1] > means[0] + 0.2, "%.3f, false ones %.3f", means[1],
          means[0]);
    nd_matcher_destroy(&m);
}

/* ---- order, windows, what is missing ------------------------------------------------- */

static double rows_differ(nd_matcher *m, const nd_item *a, nd_matcher *n, const nd_item *b)
{
    nd_rows rows[2] = {0};
    double worst = 0;
    ND_ASSERT(!nd_matcher_embed(&rows[0], m, a, 1, 1, NULL, NULL));
    ND_ASSERT(!nd_matcher_embed(&rows[1], n, b, 1, 1, NULL, NULL));
    ND_ASSERT_EQ(rows[0].first[1], rows[1].first[1]);
    for (int64_t i = 0; i < rows[0].first[1] * rows[0].W; i++)
        worst = fmax(worst, fabs((double)(rows[0].rows[i] - rows[1].rows[i])));
    for (int i = 0; i < 2; i++) nd_rows_deinit(&rows[i]);
    return worst;
}

static void test_order(void)
{
    static batch b;
    float turned[CLIPS * D];
    make_batch(&b, 2, 5);
    nd_item item = b.own.items[0][0], backwards = item;
    for (int i = 0; i < CLIPS; i++)
        memcpy(turned + i * D, item.clips + (CLIPS - 1 - i) * D, D * sizeof(float));
    backwards.clips = turned;
    nd_matcher *mean = make_toy("a-se", false), *sequence = make_toy("se", false);
    double without = rows_differ(mean, &item, mean, &backwards);
    double with = rows_differ(sequence, &item, sequence, &backwards);
    CHECK("a-se: order does not matter", without < 1e-5, "off by %g", without);
    CHECK("se: order matters", with > 1e-3, "off by %g", with);
    nd_matcher_destroy(&mean);
    nd_matcher_destroy(&sequence);
}

/* Clips normed by hand, to a network that does not, give what the other gives of them as they
 * are. */
static void test_clip_norm(void)
{
    static batch b;
    float normed[CLIPS * D];
    make_batch(&b, 2, 5);
    nd_matcher *with = make_toy("se", false), *without = make_toy_of("se", false, "none");
    nd_params *p = nd_matcher_params(with);
    float *mean = nd_params_tensor(p, 0, nd_params_find(p, "A.clip_norm.running_mean"))->data;
    float *variance = nd_params_tensor(p, 0, nd_params_find(p, "A.clip_norm.running_var"))->data;
    nd_item item = b.own.items[0][0], by_hand = item;
    for (int i = 0; i < D; i++) mean[i] = (float)i / 4, variance[i] = 1 + (float)i;
    for (int i = 0; i < CLIPS * D; i++)
        normed[i] = (item.clips[i] - mean[i % D]) / sqrtf(variance[i % D] + 1e-5f);
    by_hand.clips = normed;
    double off_by = rows_differ(with, &item, without, &by_hand);
    CHECK("clips are normed first", off_by < 1e-5, "off by %g", off_by);
    CHECK("else they are as they are", rows_differ(with, &item, without, &item) > 1e-3, "normed");
    nd_matcher_destroy(&with);
    nd_matcher_destroy(&without);
}

static void test_windows(void)
{
    static batch b;
    float twice[14 * D];
    make_batch(&b, 2, 5);
    nd_matcher *m = make_toy("se+r", false);
    const nd_matcher_ops *ops = &nd__ut_published;
    CHECK("rows of few clips", ops->rows(nd_matcher_state(m), 3) == 1, "not 1");
    CHECK("rows of many clips", ops->rows(nd_matcher_state(m), 10) == 4, "not 4");
    nd_item shorter = b.own.items[0][0], looped = shorter;
    shorter.C = 3;
    for (int i = 0; i < 7; i++) memcpy(twice + i * D, shorter.clips + i % 3 * D, D * sizeof(float));
    looped.clips = twice;
    shorter.pulse = looped.pulse = NULL;
    CHECK("short music loops", rows_differ(m, &shorter, m, &looped) < 1e-6, "it does not");
    shorter = looped = b.own.items[1][0];
    shorter.C = looped.C = 3;
    memcpy(twice, shorter.clips, sizeof(float) * 7 * D);
    for (int i = 3 * D; i < 7 * D; i++) twice[i] = 1e3f;
    looped.clips = twice;
    CHECK("what a short video lacks is not read", rows_differ(m, &shorter, m, &looped) == 0,
          "it is");
    looped.pulse = (const float[21]){0, NAN, 0, INFINITY, 0, -1, 1e30f};
    CHECK("strange motion is a class too", isfinite(rows_differ(m, &shorter, m, &looped)),
          "it is not");
    nd_matcher_destroy(&m);
}

static void test_texts(void)
{
    static batch b;
    float a[32], c[32], doubled[E];
    double sum = 0, far = 0;
    make_batch(&b, 2, 5);
    nd_matcher *m = make_toy("se", false);
    for (int i = 0; i < E; i++) doubled[i] = 2 * b.other.texts[i];
    ND_ASSERT(!nd_matcher_text(a, m, b.other.texts, 1, NULL));
    ND_ASSERT(!nd_matcher_text(c, m, doubled, 1, NULL));
    for (int i = 0; i < 32; i++) {
        sum += (double)a[i] * (double)a[i];
        far = fmax(far, fabs((double)(a[i] - c[i])));
    }
    CHECK_NEAR("texts have unit length", sum, 1, 1e-5);
    CHECK("a text's length does not matter", far < 1e-5, "off by %g", far);
    nd_matcher_destroy(&m);
}

int main(void)
{
    fixture f;
    test_config();
    test_presets();
    fixture_open(&f);
    test_golden(&f);
    test_refused(&f);
    fixture_close(&f);
    test_order();
    test_clip_norm();
    test_windows();
    test_texts();
    test_weights();
    test_alone();
    test_gradients();
    test_learning();
    TEST_END();
}
