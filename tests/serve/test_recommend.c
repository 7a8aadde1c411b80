/* Rankings out of libraries of made tracks: order, ties, filters, several libraries, any number
 * of threads, tracks that cannot be used. nd_recommend's own part, the video, is tested end to
 * end by tests/cmd. */
#include <sqlite3.h>

#include "../test.h"

#include "match/library.h"
#include "needledrop/ranking.h"

static char root[] = "/tmp/needledrop-test-XXXXXX";

static void remove_root(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    if (system(command)) perror(command);
}

/* ---- libraries of made tracks ---------- */

/* A track whose features follow from a number: near numbers sound alike. */
static nd_description *make_track(int number)
{
    nd_description *d = nd_calloc(1, sizeof *d);
    float beats_s[64], onset[1200], chroma[12] = {0}, loudness[400];
    double bpm = 70 + 5 * number;
    d->medium = ND_MUSIC;
    d->info.has_audio = true;
    d->analysed_s = d->info.duration_s = 30 + number;
    snprintf(d->info.title, sizeof d->info.title, "Track %d", number);
    strcpy(d->info.artist, "Nobody");
    for (int i = 0; i < 32; i++) beats_s[i] = (float)(0.2 + i * 60 / bpm);
    for (int i = 0; i < 900; i++) onset[i] = (float)(1 + sin(i * 0.1 * (1 + number * 0.07)));
    for (int i = 0; i < 300; i++) loudness[i] = (float)(-14 - number + 3 * sin(i * 0.03 * number));
    chroma[number % 12] = 1;
    nd_description_add_f32(d, "beats_s", beats_s, 32);
    nd_description_add_f32(d, "onset", onset, 900);
    nd_description_add_f32(d, "chroma", chroma, 12);
    nd_description_add_f32(d, "loudness_lufs", loudness, 300);
    nd_description_add_scalar(d, "tempo_bpm", bpm);
    nd_description_add_scalar(d, "integrated_lufs", -14 - number);
    for (int i = 0; i < 4; i++) {
        static const char *const names[] = {"clip_centroid_hz", "clip_flatness", "clip_low_ratio",
                                            "clip_high_ratio"};
        float x[7];
        for (int k = 0; k < 7; k++) x[k] = (float)((i ? 0.001 : 20) * (50 + 3 * number + k));
        nd_description_add_f32(d, names[i], x, 7);
    }
    return d;
}

static void put(nd_library *lib, int64_t id, const char *name, nd_description *d)
{
    char path[64];
    static const char *const no_tags[] = {NULL};
    snprintf(path, sizeof path, "/music/%s", name);
    nd_record r = {.track = {.id = id,
                             .path = path,
                             .info = d->info,
                             .key = -1,
                             .is_minor = -1,
                             .tempo_bpm = nd_description_scalar(d, "tempo_bpm", 0),
                             .tags = no_tags},
                   .analysed_s = d->analysed_s,
                   .vocal = -1,
                   .file = {.hash = 1}};
    nd_diag diag = {0};
    if (lib->ops->put_track(lib->store, &r, d, &diag)) {
        printf("FAIL put %s: %s\n", name, diag.text);
        exit(1);
    }
    nd_description_destroy(&d);
}

/* Tracks 0 .. 29, of which `names` is the format. @return open for reading */
static nd_library *make_library(const char *file, const char *names)
{
    char where[64], name[32];
    snprintf(where, sizeof where, "%s/%s", root, file);
    nd_library *lib = NULL;
    nd_diag diag = {0};
    if (nd_library_open(&lib, where, ND_OPEN_INDEX, &diag)) {
        printf("FAIL open %s: %s\n", where, diag.text);
        exit(1);
    }
    for (int i = 0; i < 30; i++) {
        snprintf(name, sizeof name, names, i);
        put(lib, i + 1, name, make_track(i));
    }
    return lib;
}

/* ---- wrong parameters ---------- */

static void test_wrong(nd_library *lib)
{
    nd_library *none = NULL;
    static const char *const bad_tags[] = {"x", NULL};
    const nd_filter bad_filter = {.key = "H major", .tags = bad_tags};
    const struct {
        const char *name;
        nd_library **libraries;
        int n;
        const char *query;
        nd_rank_params params;
        int rc;
        const char *words;
    } cases[] = {
        {"no library", &lib, 0, "x.ogg", {0}, ND_EARG, "at least one library"},
        {"closed library", &none, 1, "x.ogg", {0}, ND_EARG, "library 0 is not open"},
        {"no query", &lib, 1, NULL, {0}, ND_EARG, "a query"},
        {"negative hits", &lib, 1, "x.ogg", {.n_hits = -1}, ND_EARG, "0 or more"},
        {"no such ranker",
         &lib,
         1,
         "x.ogg",
         {.ranker = "magic"},
         ND_EARG,
         "magic; there is rhythm, both, model"},
        {"bad filter", &lib, 1, "x.ogg", {.filter = &bad_filter}, ND_EARG, "H major"},
        {"bad weight", &lib, 1, "x.ogg", {.like_weight = 1.5}, ND_EARG, "0 .. 1"},
        {"a model and none",
         &lib,
         1,
         "x.ogg",
         {.ranker = "both", .model = ""},
         ND_EARG,
         "expects a model"},
        {"no such model", &lib, 1, "x.ogg", {.model = "absent.st"}, ND_EIO, "absent.st"},
        {"absent", &lib, 1, "absent.ogg", {0}, ND_EIO, "absent.ogg"},
    };
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        nd_ranking *r = NULL;
        nd_diag like = {0}, video = {0};
        int a = nd_similar(&r, cases[i].libraries, cases[i].n, cases[i].query, &cases[i].params,
                           &like);
        int b = nd_recommend(&r, cases[i].libraries, cases[i].n, cases[i].query, &cases[i].params,
                             &video);
        CHECK(cases[i].name,
              a == cases[i].rc && b == a && !r && strstr(like.text, cases[i].words) &&
                  strstr(video.text, cases[i].words),
              "%d: %s; %d: %s", a, like.text, b, video.text);
    }
}

/* One that is kept: a video that cannot be ranked for leaves it as it was. */
static void test_searcher(nd_library *lib)
{
    nd_searcher *s = NULL;
    nd_ranking *r = NULL;
    nd_diag diag = {0};
    int rc = nd_searcher_open(&s, NULL, 1, NULL, &diag);
    CHECK("a searcher of none", rc == ND_EARG && !s, "%d", rc);
    rc = nd_searcher_open(&s, &lib, 1, &(nd_rank_params){.model = "absent.st"}, &diag);
    CHECK("a searcher without its model", rc == ND_EIO && !s && strstr(diag.text, "absent.st"),
          "%d: %s", rc, diag.text);
    nd_searcher_close(&s);
    rc = nd_searcher_open(&s, &lib, 1, &(nd_rank_params){.model = ""}, &diag);
    CHECK("a searcher", !rc && s, "%d: %s", rc, diag.text);
    for (int i = 0; i < 2; i++) {
        rc = nd_searcher_recommend(&r, s, i ? "absent.mp4" : NULL, &diag);
        CHECK("of no video", rc == (i ? ND_EIO : ND_EARG) && !r, "%d: %s", rc, diag.text);
    }
    nd_searcher_close(&s);
    CHECK("closed", !s, "open");
    nd_searcher_close(&s);
    nd_searcher_close(NULL);
}

/* ---- order ---------- */

static nd_ranking *rank_like(nd_library *const *libraries, int n, const char *track,
                             const nd_rank_params *params)
{
    nd_ranking *r = NULL;
    nd_diag diag = {0};
    int rc = nd_similar(&r, libraries, n, track, params, &diag);
    if (rc) {
        printf("FAIL similar to %s: %d, %s\n", track, rc, diag.text);
        exit(1);
    }
    return r;
}

static bool is_ordered(const nd_ranking *r)
{
    for (int i = 0; i < r->n_hits; i++) {
        const nd_hit *a = &r->hits[i], *b = a + 1;
        if (a->rank != i + 1) return false;
        if (i + 1 == r->n_hits) return true;
        if (a->score < b->score) return false;
        int by_path = strcmp(a->path, b->path);
        if (a->score == b->score && (by_path > 0 || (by_path == 0 && a->library >= b->library)))
            return false;
    }
    return true;
}

static void test_order(nd_library *lib)
{
    put(lib, 99, "twin/z.ogg", make_track(12));
    put(lib, 98, "twin/a.ogg", make_track(12));
    nd_ranking *r = rank_like(&lib, 1, "a-12.ogg", NULL);
    CHECK("ten by default", r->n_hits == 10 && r->n_passed == 31, "%d of %lld", r->n_hits,
          (long long)r->n_passed);
    CHECK("ordered", is_ordered(r), "%d", r->n_hits);
    CHECK("twins first, by path",
          !strcmp(r->hits[0].path, "/music/twin/a.ogg") &&
              !strcmp(r->hits[1].path, "/music/twin/z.ogg") && r->hits[0].score > 0.99,
          "%s, %s, %.4f", r->hits[0].path, r->hits[1].path, r->hits[0].score);
    CHECK("neighbours next",
          !strcmp(r->hits[2].path, "/music/a-11.ogg") ||
              !strcmp(r->hits[2].path, "/music/a-13.ogg"),
          "%s", r->hits[2].path);
    CHECK("texts",
          !strcmp(r->hits[0].title, "Track 12") && !strcmp(r->hits[0].artist, "Nobody") &&
              r->hits[0].tempo_bpm == 130 && r->hits[0].duration_s == 42,
          "%s, %s, %g", r->hits[0].title, r->hits[0].artist, r->hits[0].tempo_bpm);
    nd_ranking_destroy(&r);
    CHECK("destroyed", !r, "%p", (void *)r);
    const nd_filter slow = {.bpm_min = 60, .bpm_max = 81};
    r = rank_like(&lib, 1, "/music/a-12.ogg", &(nd_rank_params){.filter = &slow, .n_hits = 100});
    CHECK("a filter says how many", r->n_hits == 3 && r->n_passed == 3, "%d of %lld", r->n_hits,
          (long long)r->n_passed);
    nd_ranking_destroy(&r);
    nd_diag diag = {0};
    put(lib, 97, "twin/a-12.ogg", make_track(12));
    int rc = nd_similar(&r, &lib, 1, "a-12.ogg", NULL, &diag);
    CHECK("several end so", rc == ND_EARG && !r, "%d, %s", rc, diag.text);
}

static char *print_ranking(nd_library *const *libraries, int n, int n_threads)
{
    nd_ranking *r = rank_like(libraries, n, "a-07.ogg",
                              &(nd_rank_params){.n_hits = 50, .n_threads = n_threads});
    char *json = NULL;
    if (nd_rankings_json(&json, "tracks", &r, 1, NULL, 0)) exit(1);
    nd_ranking_destroy(&r);
    return json;
}

static void test_threads(nd_library *const *libraries, int n)
{
    static const int counts[] = {2, 7, 0};
    char *one = print_ranking(libraries, n, 1);
    for (size_t i = 0; i < ND_COUNT(counts); i++) {
        char *more = print_ranking(libraries, n, counts[i]);
        CHECK("same bytes at any number of threads", !strcmp(one, more), "%s\n%s", one, more);
        free(more);
    }
    free(one);
}

static void test_two_libraries(nd_library *const *libraries)
{
    nd_ranking *r = rank_like(libraries, 2, "b-03.ogg", &(nd_rank_params){.n_hits = 100});
    int n[2] = {0};
    bool has_query = false;
    for (int i = 0; i < r->n_hits; i++) {
        n[r->hits[i].library]++;
        has_query |= !strcmp(r->hits[i].path, "/music/b-03.ogg");
    }
    CHECK("hits of both", is_ordered(r) && n[0] == 33 && n[1] == 29 && r->n_passed == 62, "%d, %d",
          n[0], n[1]);
    CHECK("the query is left out", !has_query, "%d hits", r->n_hits);
    CHECK("its like in the other library first", !strcmp(r->hits[0].path, "/music/a-03.ogg"), "%s",
          r->hits[0].path);
    nd_ranking_destroy(&r);
}

/* ---- what cannot be used ---------- */

typedef struct {
    int n;
    char lines[4][256];
} log_book;

static void write_log(void *user, nd_log_level level, const char *text)
{
    log_book *b = user;
    if (level == ND_LOG_WARNING && b->n < 4) snprintf(b->lines[b->n++], 256, "%s", text);
}

static void damage(const char *file, const char *sql)
{
    char where[64];
    sqlite3 *db = NULL;
    snprintf(where, sizeof where, "%s/%s", root, file);
    if (sqlite3_open(where, &db) || sqlite3_exec(db, sql, NULL, NULL, NULL)) {
        printf("FAIL damage: %s\n", sqlite3_errmsg(db));
        exit(1);
    }
    sqlite3_close(db);
}

static void test_left_out(nd_library *lib)
{
    nd_description *empty = nd_calloc(1, sizeof *empty);
    empty->medium = ND_MUSIC;
    empty->analysed_s = 20;
    put(lib, 200, "empty.ogg", empty);
    damage("b.nd", "UPDATE features SET dims = '[12345]' WHERE track_id = 6 AND name = 'onset'");
    log_book book = {0};
    nd_log log = {.write = write_log, .user = &book, .level = ND_LOG_INFO};
    nd_ranking *r = rank_like(
        &lib, 1, "b-03.ogg",
        &(nd_rank_params){.n_hits = 100, .log = &log, .n_threads = 3, .ranker = "rhythm"});
    CHECK("the rest is ranked", r->n_hits == 28 && r->n_passed == 30, "%d of %lld", r->n_hits,
          (long long)r->n_passed);
    CHECK("two warnings", book.n == 2, "%d", book.n);
    CHECK("a damaged track is named", strstr(book.lines[0], "leaving out /music/b-05.ogg: "), "%s",
          book.lines[0]);
    CHECK("a bare track is named", strstr(book.lines[1], "/music/empty.ogg: it has nothing"), "%s",
          book.lines[1]);
    nd_ranking_destroy(&r);
}

int main(void)
{
    if (!mkdtemp(root)) return 1;
    atexit(remove_root);
    nd_library *libraries[2] = {make_library("a.nd", "a-%02d.ogg"),
                                make_library("b.nd", "b-%02d.ogg")};
    test_wrong(libraries[0]);
    test_searcher(libraries[0]);
    test_order(libraries[0]);
    test_threads(libraries, 2);
    test_two_libraries(libraries);
    test_left_out(libraries[1]);
    nd_library_close(&libraries[0]);
    nd_library_close(&libraries[1]);
    TEST_END();
}
