/* Rankings with a model, of made libraries: a small seeded model with words, tracks with clips. A
 * copy is its own nearest, the same bytes on any number of threads, each ranker's weight, models
 * that do not fit, words and tags. As "make FILE PRESET SEED" it writes the model, for the tests of
 * commands. */
#include "../test.h"

#include "../model_file.h"
#include "match/library.h"
#include "needledrop/ranking.h"

enum { E = 16, CLIPS = 9 };

static char root[] = "/tmp/needledrop-test-XXXXXX";

static void remove_root(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    if (system(command)) perror(command);
}

static const char *at(const char *name)
{
    static char paths[8][128];
    static int next;
    char *path = paths[next++ % 8];
    snprintf(path, 128, "%s/%s", root, name);
    return path;
}

static void must(int rc, const char *doing, const nd_diag *diag)
{
    if (!rc) return;
    printf("FAIL %s: %s\n", doing, diag->text);
    exit(1);
}

/* ---- a model ---------- */

/* Three tags, and a word beside them. */
static nd_words *make_words(void)
{
    static const char *const tags[] = {"calm piano", "rock band", "party"}, *const all[] = {
                                                                                "calm piano",
                                                                                "rock band",
                                                                                "party", "drum"};
    nd_tag_vectors v = {0};
    nd_words *words = NULL;
    nd_diag diag = {0};
    must(nd_tag_vectors_init(&v, 4, E), "vectors", &diag);
    for (int i = 0; i < 4; i++) {
        nd_tag_form form;
        ND_ASSERT_EQ(nd_tag_form_read(&form, all[i], strlen(all[i])), ND_TAG_FINE);
        int id;
        ND_ASSERT_EQ(nd_tag_map_add(&v.keys, form.key, strlen(form.key), &id), 0);
        ND_ASSERT(id == i);
        v.rows[i * E + 3 * i] = 1;
    }
    must(nd_words_of_vectors(&words, &v, tags, 3, 10, &diag), "words", &diag);
    nd_tag_vectors_deinit(&v);
    return words;
}

/* @param preset  of the matching part */
static const char *write_model(const char *path, const char *preset, uint64_t seed)
{
    nd_diag diag = {0};
    nd_network *networks[2] = {model_file_network("music", "fbank", 1, &diag),
                               model_file_network("video", "colour_frames", 1, &diag)};
    ND_ASSERT(networks[0] && networks[1]);
    int width = (int)nd_network_size_of(networks[0]).D;
    nd_matcher *matcher = NULL;
    json_t *config = nd_matcher_find("ut_cmvmr")->preset(preset, "se+r", width, width, E);
    must(nd_matcher_create(&matcher, config, &diag), "a matching part", &diag);
    nd_params_init(nd_matcher_params(matcher), seed);
    nd_words *words = make_words();
    json_t *record = json_pack("{s:{s:b}}", "match", "published", 0);
    nd_model_contents contents = {.networks = networks,
                                  .n_networks = 2,
                                  .matcher = matcher,
                                  .words = words,
                                  .record = record};
    must(nd_model_write(path, &contents, &diag), "writing a model", &diag);
    nd_network_destroy(&networks[0]);
    nd_network_destroy(&networks[1]);
    nd_matcher_destroy(&matcher);
    nd_words_destroy(&words);
    json_decref(record);
    json_decref(config);
    return path;
}

/* ---- libraries ---------- */

typedef struct {
    nd_model *model;
    nd_matcher *matcher;
    nd_stored_model stored;
} opened;

static opened open_model(const char *path)
{
    opened m = {0};
    nd_diag diag = {0};
    must(nd_model_open(&m.model, path, &diag), "opening a model", &diag);
    must(nd_model_matcher(&m.matcher, m.model, &diag), "its matching part", &diag);
    must(nd_model_stored(&m.stored, m.model, &diag), "its fingerprint", &diag);
    return m;
}

/* A track of a number; the same number, the same clips. */
static nd_description *make_track(const opened *m, int number)
{
    nd_description *d = nd_calloc(1, sizeof *d);
    int64_t D = nd_matcher_size_of(m->matcher).D_music;
    float beats_s[64];
    uint64_t x = m->stored.extractor;
    int32_t halves[2] = {(int32_t)(uint32_t)x, (int32_t)(uint32_t)(x >> 32)};
    double bpm = 70 + 3 * number;
    d->medium = ND_MUSIC;
    d->analysed_s = d->info.duration_s = 4 * CLIPS;
    for (int i = 0; i < 32; i++) beats_s[i] = (float)(0.2 + i * 60 / bpm);
    nd_array *clips = nd_description_add(d, "clip", ND_F32, 2, (const int64_t[]){CLIPS, D});
    for (int64_t i = 0; i < CLIPS * D; i++)
        clips->f32[i] = (float)sin((double)(number + 1) * (double)(i + 1) * 0.7);
    nd_description_add_i32(d, "clip_extractor", halves, 2);
    nd_description_add_f32(d, "beats_s", beats_s, 32);
    nd_description_add_scalar(d, "tempo_bpm", bpm);
    return d;
}

static void put_rows(nd_library *lib, int64_t id, const opened *m, const nd_description *d)
{
    nd_described x = {0};
    nd_rows rows = {0};
    nd_diag diag = {0};
    uint8_t data[8192];
    must(nd_described_make(&x, d, nd_matcher_size_of(m->matcher).D_music, false, &diag), "an item",
         &diag);
    must(nd_matcher_embed(&rows, m->matcher, &x.item, 1, 1, NULL, &diag), "embedding", &diag);
    size_t bytes = nd_packed_bytes(rows.first[1], rows.W, rows.U);
    ND_ASSERT(bytes > 0 && bytes <= sizeof data);
    nd_packed_write(data, rows.rows, rows.first[1], rows.W, rows.whole, rows.U);
    nd_stored_joint joint = {id, m->stored.fingerprint, rows.first[1], data, bytes};
    must(lib->ops->put_joint(lib->store, &joint, &diag), "storing rows", &diag);
    nd_rows_deinit(&rows);
    nd_described_deinit(&x);
}

static void put(nd_library *lib, int64_t id, int number, const char *tag, const opened *m,
                bool is_embedded)
{
    char path[64];
    const char *const tags[] = {tag, NULL};
    nd_description *d = make_track(m, number);
    nd_diag diag = {0};
    snprintf(path, sizeof path, "/music/%02d-%lld.ogg", number, (long long)id);
    nd_record r = {.track = {.id = id,
                             .path = path,
                             .info = d->info,
                             .key = -1,
                             .is_minor = -1,
                             .tempo_bpm = nd_description_scalar(d, "tempo_bpm", 0),
                             .tags = tags},
                   .analysed_s = d->analysed_s,
                   .vocal = -1,
                   .file = {.hash = 1}};
    must(lib->ops->put_track(lib->store, &r, d, &diag), "storing a track", &diag);
    if (is_embedded) put_rows(lib, id, m, d);
    nd_description_destroy(&d);
}

/* Tracks 0 .. 29, and a copy of 12; 7 is tagged. */
static nd_library *make_library(const char *name, const opened *m, bool is_embedded)
{
    nd_library *lib = NULL;
    nd_diag diag = {0};
    must(nd_library_open(&lib, at(name), ND_OPEN_INDEX, &diag), "opening a library", &diag);
    if (is_embedded)
        must(lib->ops->put_model(lib->store, &m->stored, &diag), "storing the model", &diag);
    for (int i = 0; i < 30; i++) put(lib, i + 1, i, i == 7 ? "tango" : NULL, m, is_embedded);
    put(lib, 99, 12, NULL, m, is_embedded);
    return lib;
}

/* ---- rankings ---------- */

typedef struct {
    int n;
    char last[512];
} log_book;

static void write_log(void *user, nd_log_level level, const char *text)
{
    log_book *b = user;
    if (level != ND_LOG_WARNING) return;
    b->n++;
    snprintf(b->last, sizeof b->last, "%s", text);
}

static nd_ranking *similar(nd_library *lib, const char *track, const nd_rank_params *params)
{
    nd_ranking *r = NULL;
    nd_diag diag = {0};
    must(nd_similar(&r, &lib, 1, track, params, &diag), "similar", &diag);
    return r;
}

static nd_ranking *find(nd_library *lib, const char *words, const nd_rank_params *params)
{
    nd_ranking *r = NULL;
    nd_diag diag = {0};
    must(nd_find(&r, &lib, 1, words, params, &diag), "find", &diag);
    return r;
}

static void test_wrong(nd_library *lib, nd_library *bare, const char *model, const char *other)
{
    const struct {
        const char *name;
        nd_library *lib;
        nd_rank_params params;
        int rc;
        const char *words;
    } cases[] = {
        {"no such model", lib, {.model = "/absent"}, ND_EIO, "/absent"},
        {"another model", lib, {.model = other}, ND_ENOTFOUND, "needledrop index LIBRARY --model"},
        {"a bare library",
         bare,
         {.model = model},
         ND_ENOTFOUND,
         "needledrop index LIBRARY --model"},
        {"a bare library, both",
         bare,
         {.ranker = "both", .model = model},
         ND_ENOTFOUND,
         "no model"},
        {"nothing is asked", lib, {.model = model, .like = " "}, ND_EARG, "expected"},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        nd_ranking *r = NULL;
        nd_diag diag = {0};
        int rc = nd_similar(&r, &cases[i].lib, 1, "12-99.ogg", &cases[i].params, &diag);
        CHECK(cases[i].name, rc == cases[i].rc && !r && strstr(diag.text, cases[i].words), "%d: %s",
              rc, diag.text);
    }
    nd_ranking *r = NULL;
    nd_diag diag = {0};
    int rc = nd_find(&r, &lib, 1, "", &(nd_rank_params){.model = model}, &diag);
    CHECK("no words", rc == ND_EARG && !r, "%d", rc);
    rc = nd_find(&r, &lib, 1, "calm \xFF", &(nd_rank_params){.model = model}, &diag);
    CHECK("words of any bytes", rc == ND_EARG && !r, "%d", rc);
}

static void test_twin(nd_library *lib, const char *model)
{
    nd_ranking *r = similar(lib, "/music/12-99.ogg", &(nd_rank_params){.model = model});
    const nd_hit *h = &r->hits[0];
    CHECK("the copy first", !strcmp(h->path, "/music/12-13.ogg") && h->score > 0.9, "%s, %g",
          h->path, h->score);
    CHECK("its own place", h->offset == 0 && h->n_query_clips == CLIPS && h->n_track_clips == CLIPS,
          "%d, %d x %d", h->offset, h->n_query_clips, h->n_track_clips);
    double least = 1;
    for (int i = 0; i < CLIPS; i++) least = ND_MIN(least, (double)h->cosines[i * CLIPS + i]);
    CHECK("clips meet their like", least > 0.98, "%g", least);
    CHECK("parts",
          h->n_parts == 3 && !strcmp(h->parts[0].name, "match") &&
              !strcmp(h->parts[1].name, "whole") && !strcmp(h->parts[2].name, "rhythm") &&
              h->n_details == 5,
          "%d, %d", h->n_parts, h->n_details);
    CHECK("who ranks, and of how many", !strcmp(r->model, "model") && r->n_passed == 30, "%s, %lld",
          r->model, (long long)r->n_passed);
    CHECK("tags", r->seen[0] && h->heard[0] && h->both[0] && !strcmp(h->both[0], h->heard[0]),
          "none");
    nd_ranking_destroy(&r);
    r = similar(lib, "/music/12-99.ogg", &(nd_rank_params){.model = model, .ranker = "model"});
    h = &r->hits[0];
    CHECK("the model alone", h->parts[2].weight == 0 && !strcmp(h->path, "/music/12-13.ogg"), "%g",
          h->parts[2].weight);
    nd_ranking_destroy(&r);
    r = similar(lib, "/music/12-99.ogg", &(nd_rank_params){.model = model, .ranker = "rhythm"});
    h = &r->hits[0];
    CHECK("rhythm alone",
          !r->model[0] && h->n_details == 0 && !strcmp(h->parts[0].name, "tempo") &&
              !h->n_query_clips,
          "%s", h->parts[0].name);
    nd_ranking_destroy(&r);
}

static char *print(nd_library *lib, const char *model, int n_threads)
{
    char *json = NULL;
    nd_ranking *r = similar(lib, "/music/12-99.ogg",
                            &(nd_rank_params){.model = model,
                                              .like = "calm piano, slower, no drum",
                                              .n_hits = 31,
                                              .n_threads = n_threads});
    ND_ASSERT_EQ(nd_rankings_json(&json, "tracks", &r, 1, NULL, 0), 0);
    nd_ranking_destroy(&r);
    return json;
}

static void test_threads(nd_library *lib, const char *model)
{
    char *one = print(lib, model, 1), *three = print(lib, model, 3);
    CHECK("the same bytes", !strcmp(one, three), "%s\n%s", one, three);
    CHECK("each wish is told", strstr(one, "{\"wish\": \"calm piano\", \"met\": 0."), "%s", one);
    CHECK("all are ranked", strstr(one, "\"rank\": 30,") && !strstr(one, "\"rank\": 31,"), "%s",
          one);
    free(one);
    free(three);
}

static void test_without(nd_library *bare)
{
    log_book book = {0};
    nd_log log = {.write = write_log, .user = &book, .level = ND_LOG_INFO};
    nd_ranking *r = similar(bare, "/music/12-99.ogg", &(nd_rank_params){.log = &log});
    CHECK("without a model by rhythm", !r->model[0] && r->n_passed == 30 && r->n_hits == 10, "%s",
          r->model);
    CHECK("which is said once",
          book.n == 1 && strstr(book.last, "rhythm alone") && strstr(book.last, "needledrop index"),
          "%d: %s", book.n, book.last);
    nd_ranking_destroy(&r);
    r = similar(bare, "/music/12-99.ogg", &(nd_rank_params){.log = &log, .model = ""});
    CHECK("not where none is wanted", book.n == 1 && r->n_hits == 10, "%d", book.n);
    nd_ranking_destroy(&r);
    r = similar(bare, "/music/12-99.ogg",
                &(nd_rank_params){.model = "", .like = "slower", .like_weight = 0.9});
    CHECK("wishes without a model", r->hits[0].tempo_bpm < 100 && r->hits[0].n_parts == 2,
          "%g bpm, %d", r->hits[0].tempo_bpm, r->hits[0].n_parts);
    nd_ranking_destroy(&r);
}

/* ---- words ---------- */

static void test_find(nd_library *lib, nd_library *bare, const char *model)
{
    nd_rank_params with = {.model = model}, none = {.model = ""};
    nd_ranking *r = find(lib, "tango", &with);
    CHECK("a file's tag first",
          !strcmp(r->hits[0].path, "/music/07-8.ogg") && r->hits[0].score == 1, "%s, %g",
          r->hits[0].path, r->hits[0].score);
    CHECK("an unknown word is told", !strcmp(r->unknown, "tango"), "%s", r->unknown);
    nd_ranking_destroy(&r);
    r = find(bare, "tango", &none);
    CHECK("by tags alone", !strcmp(r->hits[0].path, "/music/07-8.ogg") && r->hits[1].score == 0,
          "%s", r->hits[0].path);
    nd_ranking_destroy(&r);
    r = find(lib, "under 80 bpm", &with);
    CHECK("by what is measured", r->hits[0].tempo_bpm < 80 && r->n_passed == 31, "%g",
          r->hits[0].tempo_bpm);
    nd_ranking_destroy(&r);
    r = find(lib, "rock band", &with);
    char best[64];
    snprintf(best, sizeof best, "%s", r->hits[0].path);
    CHECK("a tag of the model", !r->unknown[0] && r->hits[0].heard[0] && r->hits[0].score > 0.7,
          "%s, %g", r->unknown, r->hits[0].score);
    nd_ranking_destroy(&r);
    r = find(lib, "no rock band", &(nd_rank_params){.model = model, .n_hits = 100});
    CHECK("the same turned round", r->n_hits == 31 && !strcmp(r->hits[30].path, best), "%s",
          r->hits[r->n_hits - 1].path);
    nd_ranking_destroy(&r);
}

/* A model whose item is one row has no place in the track. */
static void test_without_order(void)
{
    const char *model = write_model(at("plain.safetensors"), "paper-s", 3);
    opened m = open_model(model);
    nd_library *lib = make_library("plain.nd", &m, true);
    nd_ranking *r = similar(lib, "/music/12-99.ogg", &(nd_rank_params){.model = model});
    const nd_hit *h = &r->hits[0];
    CHECK("one row an item",
          !strcmp(h->path, "/music/12-13.ogg") && !h->n_query_clips && !h->cosines &&
              h->parts[0].value > 0.98,
          "%s, %g", h->path, h->parts[0].value);
    nd_ranking_destroy(&r);
    nd_library_close(&lib);
    nd_model_close(&m.model);
}

/* More tracks than are looked at closely: the list alone chooses these. */
static void test_many(const opened *m)
{
    enum { N = 1100 };
    nd_library *lib = NULL;
    nd_diag diag = {0};
    must(nd_library_open(&lib, at("many.nd"), ND_OPEN_INDEX, &diag), "opening a library", &diag);
    for (int i = 0; i < N; i++) put(lib, i + 1, (i * 7) % N, NULL, m, false);
    nd_ranking *r = find(lib, "slower", &(nd_rank_params){.model = "", .n_hits = 3});
    CHECK("the slowest of many",
          r->n_passed == N && r->n_hits == 3 && r->hits[0].tempo_bpm == 70 &&
              r->hits[2].tempo_bpm <= 76,
          "%lld, %g", (long long)r->n_passed, r->hits[0].tempo_bpm);
    nd_ranking_destroy(&r);
    r = find(lib, "slower", &(nd_rank_params){.model = "", .n_hits = N});
    CHECK("all of them where asked", r->n_hits == N, "%d", r->n_hits);
    nd_ranking_destroy(&r);
    nd_library_close(&lib);
}

int main(int argc, char **argv)
{
    if (argc == 5 && !strcmp(argv[1], "make"))
        return !write_model(argv[2], argv[3], strtoull(argv[4], NULL, 10));
    if (!mkdtemp(root)) return 1;
    atexit(remove_root);
    setenv("NEEDLEDROP_MODEL", "/absent", 1);
    const char *model = write_model(at("model.safetensors"), "recommended", 1);
    const char *other = write_model(at("other.safetensors"), "recommended", 2);
    opened m = open_model(model);
    nd_library *lib = make_library("a.nd", &m, true), *bare = make_library("b.nd", &m, false);
    test_wrong(lib, bare, model, other);
    test_twin(lib, model);
    test_threads(lib, model);
    test_without(bare);
    test_find(lib, bare, model);
    test_without_order();
    test_many(&m);
    nd_library_close(&lib);
    nd_library_close(&bare);
    nd_model_close(&m.model);
    TEST_END();
}
