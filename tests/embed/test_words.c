/* What a model file knows of texts. */
#include <jansson.h>

#include "../compute/failing_malloc.h"
#include "embed/words.h"
#include "tag_vectors_of_text.h"

static const char VECTORS[] = "5 4\ncalm 2 0 0 0\npiano 0 3 0 0\nhip_hop 0 0 1 0\n"
                              "Guitars 0 0 0.6 0.8\nvoid 0 0 0 0\n";

/* Write w to a file in memory's place, with whatever configuration, and read it again. */
static int through_file(nd_words **out, nd_words *w, const json_t *config, nd_stored_dtype dtype,
                        const char *read_prefix, nd_diag *diag)
{
    const char *path = getenv("TEST_WORDS_FILE");
    nd_stored_value *items = NULL;
    nd_safetensors *file = NULL;
    size_t n = 0, capacity = 0;
    int rc = nd_words_list(w, "text.", dtype, &items, &n, &capacity);
    if (!rc) rc = nd_safetensors_write(path, items, (int)n, NULL, 0, diag);
    if (!rc) rc = nd_safetensors_open(&file, path, diag);
    if (!rc) rc = nd_words_read(out, config, file, read_prefix, diag);
    nd_safetensors_close(&file);
    free(items);
    return rc;
}

static float cosine(const nd_words *a, const nd_words *b, const char *text)
{
    float x[ND_TAG_MAX_DIM], y[ND_TAG_MAX_DIM], dot = 0;
    if (nd_words_vector(x, NULL, a, text) || nd_words_vector(y, NULL, b, text)) return NAN;
    for (int d = 0; d < nd_words_dim(a); d++) dot += x[d] * y[d];
    return dot;
}

static void test_wrong(void)
{
    nd_tag_vectors v = tag_vectors_of_text(VECTORS), wide = {.dim = ND_TAG_MAX_DIM + 1},
                   none = {.dim = 4};
    nd_words *w = NULL;
    nd_diag diag = {0};
    const char *const twice[] = {"calm piano", "calm pianos"}, *const raw[] = {"#Calm"};
    CHECK("too many dims", nd_words_of_vectors(&w, &wide, NULL, 0, 9, &diag) == ND_EARG && !w, "%s",
          diag.text);
    CHECK("two of a key", nd_words_of_vectors(&w, &v, twice, 2, 0, &diag) == ND_EARG && !w, "%s",
          diag.text);
    CHECK("not in form", nd_words_of_vectors(&w, &v, raw, 1, 0, &diag) == ND_EARG && !w, "%s",
          diag.text);
    nd_tag_vectors_init(&none, 0, 4);
    CHECK("no word", nd_words_of_vectors(&w, &none, NULL, 0, 9, &diag) == ND_EEMPTY && !w, "%s",
          diag.text);
    nd_tag_vectors_deinit(&none);
    nd_tag_vectors_deinit(&v);
}

static void test_asking(void)
{
    static const char *const tags[] = {"calm piano", "guitars"};
    nd_tag_vectors v = tag_vectors_of_text(VECTORS);
    nd_words *w = NULL;
    nd_diag diag = {0};
    float a[4], b[4];
    bool is_known = false;
    CHECK("made", !nd_words_of_vectors(&w, &v, tags, 2, 2, &diag), "%s", diag.text);
    CHECK("dims", nd_words_dim(w) == 4, "%d", nd_words_dim(w));
    CHECK("tags", nd_words_tag_count(w) == 2 && !strcmp(nd_words_tag_name(w, 1), "guitars"), "%s",
          nd_words_tag_name(w, 1));
    CHECK_NEAR("a tag's vector", nd_words_tag_vector(w, 0)[0], sqrt(0.5), 1e-6);
    CHECK("a tag", !nd_words_vector(a, &is_known, w, "#CalmPianos") && is_known, "unknown");
    CHECK_NEAR("as its vector", a[1], sqrt(0.5), 1e-6);
    CHECK("a word that was kept", !nd_words_vector(a, &is_known, w, "piano") && is_known, "no");
    CHECK("one that was not", !nd_words_vector(a, &is_known, w, "hip hop") && !is_known, "known");
    nd_words_vector(a, &is_known, w, "zzyzx");
    nd_tag_vectors_text(b, NULL, &v, "zzyzx");
    CHECK("an unknown one as the vectors have it", !is_known && !memcmp(a, b, sizeof a), "%g %g",
          (double)a[0], (double)b[0]);
    CHECK("no text", nd_words_vector(a, NULL, w, " !! ") == ND_EFORMAT, "taken");
    nd_words_destroy(&w);
    nd_words_destroy(&w);
    nd_tag_vectors_deinit(&v);
}

static void check_round_trip(const char *name, nd_words *w, nd_stored_dtype dtype, double tolerance)
{
    static const char *const texts[] = {"calm piano", "guitar", "piano", "zzyzx",   "calmly",
                                        "CalmPianos", "void",   "音樂",  "the calm"};
    json_t *config = nd_words_config(w), *again = NULL;
    nd_words *r = NULL;
    nd_diag diag = {0};
    CHECK(name, !through_file(&r, w, config, dtype, "text.", &diag), "%s", diag.text);
    double worst = 0;
    for (size_t i = 0; i < ND_COUNT(texts) && r; i++)
        worst = fmax(worst, fabs(1 - (double)cosine(w, r, texts[i])));
    CHECK_NEAR("vectors come back", worst, 0, tolerance);
    again = nd_words_config(r);
    CHECK("the configuration too", json_equal(config, again), "another");
    json_decref(config);
    json_decref(again);
    nd_words_destroy(&r);
}

static void test_round_trip(void)
{
    static const char *const tags[] = {"calm piano", "guitars"};
    nd_tag_vectors v = tag_vectors_of_text(VECTORS);
    nd_words *w = NULL;
    nd_words_of_vectors(&w, &v, tags, 2, 9, NULL);
    check_round_trip("whole floats", w, ND_STORED_F32, 1e-6);
    check_round_trip("half floats", w, ND_STORED_F16, 1e-3);
    nd_words_destroy(&w);
    nd_gram_prior(v.grams, v.dim);
    nd_words_of_vectors(&w, &v, NULL, 0, 9, NULL);
    check_round_trip("no tag, no letters learned", w, ND_STORED_F16, 1e-3);
    nd_words_destroy(&w);
    nd_tag_vectors_deinit(&v);
}

/* A vocabulary as a model has it: 24 tags in 64 dims. */
static void test_size(void)
{
    enum { N = 24, DIM = 64 };
    nd_str text = {0};
    nd_rng rng;
    nd_rng_init(&rng, 5, 0);
    for (int i = 0; i < N; i++) {
        nd_str_append(&text, "w%cstful_d%cmer%cng", 'a' + i, 'a' + i * 7 % 26, 'a' + i * 5 % 26);
        for (int d = 0; d < DIM; d++) nd_str_append(&text, " %.4f", nd_rng_normal(&rng));
        nd_str_append(&text, "\n");
    }
    nd_tag_vectors v = tag_vectors_of_text(text.text);
    nd_words *w = NULL;
    nd_stored_value *items = NULL;
    size_t n = 0, capacity = 0;
    nd_words_of_vectors(&w, &v, NULL, 0, N, NULL);
    nd_words_list(w, "text.", ND_STORED_F16, &items, &n, &capacity);
    json_t *config = nd_words_config(w);
    char *dump = json_dumps(config, JSON_COMPACT);
    size_t bytes = strlen(dump);
    for (size_t i = 0; i < n; i++) bytes += 2 * (size_t)(items[i].dims[0] * items[i].dims[1]);
    CHECK("24 tags in 64 dims are small", bytes < 120000, "%zu bytes", bytes);
    json_decref(config);
    free(dump);
    free(items);
    nd_words_destroy(&w);
    nd_tag_vectors_deinit(&v);
    nd_str_deinit(&text);
}

/* What a hostile file says: a line of JSON instead of a key's value. */
static const struct {
    const char *key, *value, *told;
} WRONG[] = {
    {"dim", "null", "\"dim\""},
    {"dim", "0", "\"dim\""},
    {"dim", "1e9", "\"dim\""},
    {"dim", "513", "\"dim\""},
    {"dim", "400", "[5, 4]"},
    {"n_tags", "-1", "\"n_tags\""},
    {"n_tags", "6", "\"n_tags\""},
    {"words", "null", "\"words\""},
    {"words", "[]", "\"words\""},
    {"words", "[\"calm piano\", \"guitars\", \"calm\", \"piano\"]", "[5, 4]"},
    {"words", "[\"calm piano\", \"Guitars\", \"calm\", \"piano\", \"hiphop\"]", "word 1"},
    {"words", "[\"calm piano\", \"guitars\", \"calm\", \"guitar\", \"hiphop\"]", "word 3"},
    {"words", "[\"calm piano\", \"guitars\", \"calm\", \"\", \"hiphop\"]", "word 3"},
    {"words", "[\"calm piano\", \"guitars\", \"calm\", 7, \"hiphop\"]", "word 3"},
    {"buckets", "{}", "\"buckets\""},
    {"buckets", "[1]", "gram_rows"},
};

static json_t *with_value(const json_t *config, const char *key, json_t *value)
{
    json_t *copy = json_deep_copy(config);
    json_object_set_new(copy, key, value);
    return copy;
}

static void check_refused(nd_words *w, json_t *config, const char *what, const char *told)
{
    nd_words *r = NULL;
    nd_diag diag = {0};
    int rc = through_file(&r, w, config, ND_STORED_F16, "text.", &diag);
    CHECK(what, rc == ND_EFORMAT && !r && strstr(diag.text, told), "%d %s", rc, diag.text);
    json_decref(config);
}

static void test_hostile(void)
{
    static const char *const tags[] = {"calm piano", "guitars"};
    nd_tag_vectors v = tag_vectors_of_text(VECTORS);
    nd_words *w = NULL, *r = NULL;
    nd_diag diag = {0};
    nd_words_of_vectors(&w, &v, tags, 2, 3, NULL);
    json_t *config = nd_words_config(w), *buckets = json_object_get(config, "buckets");
    for (size_t i = 0; i < ND_COUNT(WRONG); i++)
        check_refused(
            w, with_value(config, WRONG[i].key, json_loads(WRONG[i].value, JSON_DECODE_ANY, NULL)),
            WRONG[i].value, WRONG[i].told);
    json_t *falling = json_deep_copy(buckets), *beyond = json_deep_copy(buckets);
    json_array_set(falling, 1, json_array_get(buckets, 0));
    json_array_set_new(beyond, json_array_size(beyond) - 1, json_integer(ND_GRAM_BUCKETS));
    check_refused(w, with_value(config, "buckets", falling), "a bucket twice", "\"buckets\"");
    check_refused(w, with_value(config, "buckets", beyond), "a bucket too far", "\"buckets\"");
    check_refused(w, json_array(), "no object", "\"words\"");
    int rc = through_file(&r, w, config, ND_STORED_F32, "other.", &diag);
    CHECK("no tensor", rc == ND_ENOTFOUND && !r, "%d %s", rc, diag.text);
    json_decref(config);
    nd_words_destroy(&w);
    for (int i = 0; i < ND_GRAM_BUCKETS; i++) v.grams[4 * i] = i == 7 ? 3e30f : v.grams[4 * i];
    nd_words_of_vectors(&w, &v, tags, 2, 3, NULL);
    config = nd_words_config(w);
    rc = through_file(&r, w, config, ND_STORED_F32, "text.", &diag);
    CHECK("a value whose sums are infinite", rc == ND_EFORMAT && !r, "%d %s", rc, diag.text);
    json_decref(config);
    nd_words_destroy(&w);
    nd_tag_vectors_deinit(&v);
}

static int make_small(void *user)
{
    static const char *const tags[] = {"calm piano", "guitars"};
    nd_words *w = NULL;
    int rc = nd_words_of_vectors(&w, user, tags, 2, 2, NULL);
    nd_words_destroy(&w);
    return rc;
}

struct open_file {
    json_t *config;
    nd_safetensors *file;
};

static int read_small(void *user)
{
    struct open_file *f = user;
    nd_words *w = NULL;
    int rc = nd_words_read(&w, f->config, f->file, "text.", NULL);
    nd_words_destroy(&w);
    return rc;
}

static void test_no_memory(void)
{
    static const char *const tags[] = {"calm piano", "guitars"};
    nd_tag_vectors v = tag_vectors_of_text(VECTORS);
    nd_words *w = NULL, *r = NULL;
    struct open_file f = {0};
    check_malloc_failures("made without memory", make_small, &v);
    nd_words_of_vectors(&w, &v, tags, 2, 9, NULL);
    f.config = nd_words_config(w);
    through_file(&r, w, f.config, ND_STORED_F16, "text.", NULL);
    nd_safetensors_open(&f.file, getenv("TEST_WORDS_FILE"), NULL);
    check_malloc_failures("read without memory", read_small, &f);
    nd_safetensors_close(&f.file);
    json_decref(f.config);
    nd_words_destroy(&r);
    nd_words_destroy(&w);
    nd_tag_vectors_deinit(&v);
}

int main(void)
{
    char path[] = "/tmp/needledrop-words-XXXXXX";
    int fd = mkstemp(path);
    if (fd < 0 || setenv("TEST_WORDS_FILE", path, 1)) return 1;
    close(fd);
    test_wrong();
    test_asking();
    test_round_trip();
    test_size();
    test_hostile();
    test_no_memory();
    unlink(path);
    TEST_END();
}
