/* Matching models: configurations that lie; every model of the shelf in every setting, alone and in
 * a file; where a video's rows lie best along a track's. */
#include "wrong_config.h"

enum { D = 12, E = 8, N = 5, LONG = 150, STATISTICS = 1140 };

static const wrong_config wrong[] = {
    {"not an object", "[1]", "object"},
    {"no such kind", "{\"model\": \"siamese\"}", "siamese"},
    {"kind is a number", "{\"model\": 3}", "model"},
    {"no such structure", "{\"structure\": \"tower\"}", "tower"},
    {"structure is a number", "{\"structure\": 3}", "structure"},
    {"losses of another kind", "{\"losses\": 3}", "losses"},
    {"a loss that there is not", "{\"losses\": {\"joy\": 1}}", "losses"},
    {"a loss that pays", "{\"losses\": {\"av\": -1}}", "av"},
};

static int create_matcher(const json_t *config, bool *is_made_out, nd_diag *diag)
{
    nd_matcher *m = NULL;
    int rc = nd_matcher_create(&m, config, diag);
    *is_made_out = m;
    return rc;
}

static void test_wrong(void)
{
    check_wrong_configs(wrong, ND_COUNT(wrong), create_matcher, "match");
    CHECK("names with either dash", nd_matcher_find("ut-cmvmr") == nd_matcher_find("ut_cmvmr"),
          "two");
    CHECK("no such name", !nd_matcher_find("ut") && !nd_matcher_find("ut-cmvmr-2"), "found");
}

/* Items of 1 .. clips, the last of them long. */
typedef struct {
    nd_item items[N];
    float *clips, *pulse, *statistics;
} sample;

static sample make_sample(nd_medium medium)
{
    sample s = {.clips = malloc(sizeof(float) * N * LONG * D),
                .pulse = malloc(sizeof(float) * N * LONG * 3),
                .statistics = malloc(sizeof(float) * N * STATISTICS)};
    ND_ASSERT(s.clips && s.pulse && s.statistics);
    nd_rng rng;
    nd_rng_init(&rng, 7, (uint64_t)medium);
    for (int i = 0; i < N * LONG * D; i++) s.clips[i] = (float)nd_rng_uniform(&rng, -1, 1);
    for (int i = 0; i < N * LONG * 3; i++) s.pulse[i] = (float)nd_rng_uniform(&rng, 0, 1);
    for (int i = 0; i < N * STATISTICS; i++) s.statistics[i] = (float)nd_rng_uniform(&rng, -80, 0);
    for (int i = 0; i < N; i++)
        s.items[i] = (nd_item){.medium = medium,
                               .C = i == N - 1 ? LONG : 1 + 4 * i,
                               .clips = s.clips + (ptrdiff_t)i * LONG * D,
                               .pulse = s.pulse + (ptrdiff_t)i * LONG * 3,
                               .statistics = s.statistics + (ptrdiff_t)i * STATISTICS,
                               .S = STATISTICS};
    return s;
}

static void free_sample(sample *s)
{
    free(s->clips);
    free(s->pulse);
    free(s->statistics);
}

static double worst_length(const float *x, int64_t n, int64_t width)
{
    double worst = 0;
    for (int64_t i = 0; i < n; i++) {
        double sum = 0;
        for (int64_t k = 0; k < width; k++)
            sum += (double)x[i * width + k] * (double)x[i * width + k];
        worst = fmax(worst, fabs(sqrt(sum) - 1));
    }
    return worst;
}

static bool is_equal(const nd_rows *a, const nd_rows *b)
{
    size_t first = sizeof *a->first * (size_t)(a->n + 1), value = sizeof(float);
    return a->n == b->n && a->W == b->W && a->U == b->U && !memcmp(a->first, b->first, first) &&
           !memcmp(a->rows, b->rows, value * (size_t)(a->first[a->n] * a->W)) &&
           (!a->U || !memcmp(a->whole, b->whole, value * (size_t)(a->n * a->U)));
}

static void test_rows(nd_matcher *m, const char *name)
{
    sample s = make_sample(ND_MUSIC);
    nd_rows one = {0}, three = {0}, last = {0};
    nd_diag diag = {0};
    int rc = nd_matcher_embed(&one, m, s.items, N, 1, NULL, &diag);
    if (!rc) rc = nd_matcher_embed(&three, m, s.items, N, 3, NULL, &diag);
    if (!rc) rc = nd_matcher_embed(&last, m, s.items + 2, 1, 1, NULL, &diag);
    CHECK(name, !rc && is_equal(&one, &three), "%d, %s; or other bytes by three threads", rc,
          diag.text);
    if (rc) return;
    CHECK("unit length", worst_length(one.rows, one.first[N], one.W) < 1e-5, "off by %g",
          worst_length(one.rows, one.first[N], one.W));
    CHECK("an item is the same alone",
          !memcmp(last.rows, one.rows + one.first[2] * one.W,
                  sizeof(float) * (size_t)(last.first[1] * last.W)),
          "differs");
    if (one.U)
        CHECK("unit length of the whole", worst_length(one.whole, N, one.U) < 1e-5, "off by %g",
              worst_length(one.whole, N, one.U));
    nd_rows_deinit(&one);
    nd_rows_deinit(&three);
    nd_rows_deinit(&last);
    free_sample(&s);
}

static void test_pair(nd_matcher *m)
{
    sample videos = make_sample(ND_VIDEO), tracks = make_sample(ND_MUSIC);
    const int32_t offsets[N] = {0, 1, 2, 0, 3};
    float one[N], two[N];
    int rc = nd_matcher_pair(one, m, &videos.items[1], tracks.items, offsets, N, 1, NULL);
    if (!rc) rc = nd_matcher_pair(two, m, &videos.items[1], tracks.items, offsets, N, 2, NULL);
    if (nd_matcher_size_of(m).has_pair) {
        CHECK("pairs by two threads", !rc && !memcmp(one, two, sizeof one), "%d", rc);
        for (int i = 0; i < N; i++)
            CHECK("a probability", one[i] >= 0 && one[i] <= 1, "%g", (double)one[i]);
    } else {
        CHECK("no pairs", rc == ND_EARG, "%d", rc);
    }
    free_sample(&videos);
    free_sample(&tracks);
}

/* Written, read and run again: the same values. */
static void test_file(nd_matcher *m, const char *path)
{
    nd_model_contents contents = {.matcher = m};
    nd_model *model = NULL;
    nd_matcher *again = NULL;
    nd_diag diag = {0};
    uint64_t before = 0, after = 0;
    int rc = nd_model_write(path, &contents, &diag);
    if (!rc) rc = nd_model_open(&model, path, &diag);
    if (!rc) rc = nd_model_matcher(&again, model, &diag);
    if (!rc) rc = nd_model_fingerprint(&before, model, "match", &diag);
    CHECK("a model file keeps it", !rc, "%d, %s", rc, diag.text);
    if (rc) return;
    sample s = make_sample(ND_VIDEO);
    nd_rows a = {0}, b = {0};
    ND_ASSERT(!nd_matcher_embed(&a, m, s.items, N, 1, NULL, NULL) &&
              !nd_matcher_embed(&b, again, s.items, N, 1, NULL, NULL));
    CHECK("and gives the same rows", is_equal(&a, &b), "others");
    CHECK("a part that is not there",
          nd_model_fingerprint(&after, model, "music", NULL) == ND_ENOTFOUND && !after, "found");
    nd_model_close(&model);
    nd_params_tensor(nd_matcher_params(m), 0, 0)->data[0] += 1;
    ND_ASSERT(!nd_model_write(path, &contents, NULL) && !nd_model_open(&model, path, NULL) &&
              !nd_model_fingerprint(&after, model, "match", NULL));
    CHECK("a fingerprint of the values", before && after && before != after, "the same");
    nd_model_close(&model);
    nd_rows_deinit(&a);
    nd_rows_deinit(&b);
    free_sample(&s);
    unlink(path);
}

/* @return 1; 0: the model has no such configuration */
static int test_preset(const nd_matcher_ops *ops, const char *preset, const char *setting,
                       const char *path)
{
    nd_matcher *m = NULL;
    nd_diag diag = {0};
    char name[96];
    json_t *config = ops->preset(preset, setting, D, D, E);
    if (!config) return 0;
    snprintf(name, sizeof name, "%s %s %s", ops->name, preset, setting);
    ND_ASSERT(!nd_matcher_create(&m, config, &diag));
    nd_params_init(nd_matcher_params(m), 1);
    test_rows(m, name);
    test_pair(m);
    test_file(m, path);
    nd_matcher_destroy(&m);
    json_decref(config);
    return 1;
}

static void test_shelf(const char *path)
{
    static const char *const presets[] = {"paper-s", "recommended"}; /* full widths take seconds */
    static const char *const settings[] = {"ae", "a-se", "se", "se+r"};
    for (int i = 0; nd_matcher_shelf[i]; i++) {
        int n = 0;
        for (size_t p = 0; p < ND_COUNT(presets); p++)
            for (size_t k = 0; k < ND_COUNT(settings); k++)
                n += test_preset(nd_matcher_shelf[i], presets[p], settings[k], path);
        CHECK(nd_matcher_shelf[i]->name, n >= 4, "%d configurations", n);
    }
}

static void test_score(void)
{
    const float track[] = {1, 0, 0, 1, -1, 0, 0, -1}, video[] = {0, 1, -1, 0};
    int64_t offset = -1;
    CHECK_NEAR("best place", nd_rows_score(video, 2, track, 4, 2, &offset), 1, 1e-6);
    CHECK("and where", offset == 1, "%lld", (long long)offset);
    const float looped[] = {0, 1, 1, 0, 0, 1};
    CHECK_NEAR("a shorter track is looped", nd_rows_score(looped, 3, track, 2, 2, &offset), 1,
               1e-6);
    CHECK("from its second row", offset == 1, "%lld", (long long)offset);
    CHECK_NEAR("worst place", nd_rows_score(track, 1, track + 4, 1, 2, NULL), -1, 1e-6);
}

int main(void)
{
    char folder[] = "/tmp/needledrop-test-XXXXXX", path[64];
    ND_ASSERT(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/m.safetensors", folder);
    test_wrong();
    test_shelf(path);
    test_score();
    rmdir(folder);
    TEST_END();
}
