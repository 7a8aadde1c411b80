/* Extraction with a stand-in for the worker: what is done, what is left alone, what is told. */
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <time.h>

#include "../test.h"
#include "learn/extract.h"

static char root[64];
static atomic_int n_described;

static void remove_root(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    if (*root && system(command)) perror(command);
}

static const char *path_in(const char *name)
{
    static char paths[4][512];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", root, name);
    return path;
}

/* Times differ by a second from one write to the next, whatever the clock. */
static void set_time(const char *name)
{
    static time_t now = 1000000000;
    now++;
    struct timespec times[2] = {{.tv_sec = now}, {.tv_sec = now}};
    utimensat(AT_FDCWD, path_in(name), times, 0);
}

static void write_text(const char *name, const char *text)
{
    if (nd_file_write(path_in(name), text, strlen(text), NULL)) printf("FAIL write %s\n", name);
    set_time(name);
}

/* ---- a worker that reads files as text -------------------------------------------- */

static void fill(nd_array *a, unsigned seed)
{
    int64_t n = nd_array_count(a);
    for (int64_t i = 0; i < n && a->dtype == ND_F32; i++)
        a->f32[i] = (float)((seed + (unsigned)i * 2654435761u) >> 24);
    for (int64_t i = 0; i < n && a->dtype == ND_I32; i++)
        a->i32[i] = (int32_t)((seed + (unsigned)i) % 18);
}

static nd_description *describe_text(nd_medium medium, const char *features, const char *text)
{
    int64_t n = 1 + (int64_t)strlen(text) % 3;
    unsigned seed = 0;
    for (const char *c = text; *c; c++) seed = seed * 31 + (unsigned char)*c;
    nd_description *d = nd_calloc(1, sizeof *d);
    d->medium = medium;
    if (strstr(text, "short")) n = 0;
    d->analysed_s = n ? 4.0 * (double)n : 1.5;
    if (strstr(features, "fbank")) {
        nd_array *a = nd_description_add(d, "fbank", ND_F32, 3, (const int64_t[]){n, 398, 80});
        fill(a, seed);
        for (int64_t i = 0; i < nd_array_count(a); i++) a->f32[i] = sqrtf(a->f32[i]) - 16;
        fill(nd_description_add(d, "clip_rhythm_class", ND_I32, 2, (const int64_t[]){n, 3}), seed);
    }
    const int64_t n_statistics = ND_STATISTICS;
    if (strstr(features, "statistics"))
        fill(nd_description_add(d, "statistics", ND_F32, 1, &n_statistics), seed);
    if (strstr(text, "silent")) memset(d->arrays[0].f32, 0, (size_t)n * 398 * 80 * sizeof(float));
    if (strstr(features, "colour_frames"))
        fill(nd_description_add(d, "colour_frames", ND_F32, 3, (const int64_t[]){n, 32, 768}),
             seed);
    if (strncmp(features, "frames", 6) == 0)
        fill(nd_description_add(d, "frames", ND_F32, 3, (const int64_t[]){n, 224, 896}), seed);
    if (strstr(text, "wide")) nd_description_add(d, "frames", ND_F32, 1, &n);
    return d;
}

static int describe(nd_description **out, void *user, const char *path,
                    const nd_describe_params *params, nd_diag *diag)
{
    (void)user;
    n_described++;
    nd_bytes b = {0};
    if (nd_file_read(&b, path, 1 << 20, diag)) return ND_EIO;
    nd_bytes_append(&b, "", 1);
    const char *text = (const char *)b.data;
    int rc = 0;
    if (!strncmp(text, "bad", 3)) rc = nd_diag_set(diag, ND_EFORMAT, "%s: no media", path);
    else if (!strncmp(text, "plain", 5) && !strcmp(params->features, "statistics"))
        rc = nd_diag_set(diag, ND_EFORMAT, "%s: no statistics", path);
    else if (!strncmp(text, "later", 5)) rc = nd_diag_set(diag, ND_EIO, "%s: not now", path);
    else *out = describe_text(params->medium, params->features, text);
    if (!strncmp(text, "moving", 6)) write_text("m2", "moving again");
    nd_bytes_deinit(&b);
    return rc;
}

static const nd_extractor by = {.describe = describe};

static int extract(nd_extract_report *r, const nd_extract_params *p, nd_diag *diag)
{
    n_described = 0;
    *r = (nd_extract_report){0};
    return nd__extract_with(root, p, &by, r, diag);
}

/* Run and compare with what is expected. */
static void check_run(const char *name, const nd_extract_params *p, int extracted, int unchanged,
                      int failed, int described)
{
    nd_extract_report r;
    nd_diag diag = {0};
    int rc = extract(&r, p, &diag);
    CHECK(name,
          rc == 0 && r.n_extracted == extracted && r.n_unchanged == unchanged &&
              r.n_failed == failed && n_described == described,
          "%d %s: %d extracted, %d unchanged, %d failed, %d described", rc, diag.text,
          (int)r.n_extracted, (int)r.n_unchanged, (int)r.n_failed, n_described);
    nd_extract_report_deinit(&r);
}

static void write_corpus(void)
{
    write_text("corpus.jsonl",
               "{\"id\": \"1\", \"video\": \"v1\", \"music\": \"m1\", \"split\": \"train\"}\n"
               "{\"id\": \"2\", \"video\": \"v2\", \"music\": \"m2\", \"split\": \"train\"}\n"
               "{\"id\": \"3\", \"video\": \"v3\", \"music\": \"m1\", \"split\": \"test\"}\n"
               "{\"id\": \"4\", \"video\": \"v3\", \"music\": \"v3\", \"split\": \"test\"}\n");
    write_text("m1", "one");
    write_text("m2", "seven");
    write_text("v1", "a film");
    write_text("v2", "another");
    write_text("v3", "with sound");
}

/* ---- cases ------------------------------------------------------------------------ */

static void check_wrong(void)
{
    static const struct {
        const char *name;
        nd_extract_params p;
    } cases[] = {
        {"what_unknown", {.what = "musik"}},     {"what_empty", {.what = ""}},
        {"what_twice", {.what = "music,music"}}, {"layout_unknown", {.layout = "columns"}},
        {"workers_negative", {.n_workers = -1}}, {"length_negative", {.max_length_s = -1}},
    };
    nd_extract_report r = {.n_files = 77};
    nd_diag diag = {0};
    for (size_t i = 0; i < ND_COUNT(cases); i++)
        CHECK(cases[i].name,
              nd__extract_with(root, &cases[i].p, &by, &r, &diag) == ND_EARG && r.n_files == 77,
              "%s", diag.text);
    CHECK("no_folder", nd__extract_with(NULL, NULL, &by, &r, &diag) == ND_EARG, "%s", diag.text);
    CHECK("no_report", nd__extract_with(root, NULL, &by, NULL, &diag) == ND_EARG, "%s", diag.text);
    CHECK("no_corpus", nd__extract_with(path_in("none"), NULL, &by, &r, &diag) == ND_EIO, "%s",
          diag.text);
    CHECK("no_worker",
          nd_extract(root, &(nd_extract_params){.worker = "/nowhere"}, &r, &diag) == ND_EIO &&
              strstr(diag.text, "/nowhere"),
          "%s", diag.text);
    CHECK("verify_none",
          nd_extract_verify(path_in("none"), NULL, NULL, NULL, &diag) == ND_ENOTFOUND, "%s",
          diag.text);
    nd_extract_report_deinit(NULL);
    r = (nd_extract_report){0};
    nd_extract_report_deinit(&r);
}

static void check_steps(void)
{
    write_corpus();
    check_run("first", NULL, 6, 0, 0, 6);
    check_run("second", NULL, 0, 6, 0, 0);
    set_time("m1");
    check_run("touched", NULL, 0, 6, 0, 0);
    check_run("touched_is_kept", NULL, 0, 6, 0, 0);
    write_text("m1", "two");
    check_run("changed", NULL, 1, 5, 0, 1);
    unlink(path_in("v1"));
    check_run("gone_stays", NULL, 0, 6, 0, 0);
    check_run("music_alone", &(nd_extract_params){.what = "music"}, 0, 3, 0, 0);
    check_run("order_of_words", &(nd_extract_params){.what = "video,music"}, 0, 6, 0, 0);
}

static void check_settings(void)
{
    nd_extract_report r;
    nd_diag diag = {0};
    CHECK("other_layout",
          extract(&r, &(nd_extract_params){.layout = "time"}, &diag) == ND_EVERSION &&
              strstr(diag.text, "\"features frames,") &&
              strstr(diag.text, "\"features colour_frames,") && n_described == 0,
          "%s", diag.text);
    CHECK("other_encoding",
          extract(&r, &(nd_extract_params){.half = true}, &diag) == ND_EVERSION &&
              strstr(diag.text, "fbank half"),
          "%s", diag.text);
    CHECK("other_length",
          extract(&r, &(nd_extract_params){.max_length_s = 60}, &diag) == ND_EVERSION &&
              strstr(diag.text, "max_length_s 60"),
          "%s", diag.text);
    check_run("other_folder",
              &(nd_extract_params){.layout = "time", .half = true, .cache = path_in("other")}, 5, 0,
              1, 5);
}

static void check_failures(void)
{
    write_text("m2", "bad");
    check_run("failed", NULL, 0, 5, 1, 1);
    check_run("failed_is_known", NULL, 0, 5, 1, 0);
    set_time("m2");
    check_run("failed_touched", NULL, 0, 5, 1, 0);
    check_run("failed_touched_is_kept", NULL, 0, 5, 1, 0);
    check_run("retried", &(nd_extract_params){.retry = true}, 0, 5, 1, 1);
    write_text("m2", "later");
    check_run("momentary", NULL, 0, 5, 1, 1);
    check_run("momentary_again", NULL, 0, 5, 1, 1);
    write_text("m2", "short");
    check_run("short", NULL, 0, 5, 1, 1);
    write_text("m2", "silent");
    check_run("silent", NULL, 0, 5, 1, 1);
    write_text("m2", "wide");
    check_run("wrong_shape", NULL, 0, 5, 1, 1);
    write_text("m2", "moving");
    check_run("changed_on_the_way", NULL, 0, 5, 1, 1);
    write_text("m2", "fine");
    check_run("mended", NULL, 1, 5, 0, 1);
    unlink(path_in("m2"));
    unlink(path_in("cache/features.index"));
    unlink(path_in("cache/features.data"));
    write_text("v1", "a film");
    check_run("absent", NULL, 5, 0, 1, 5);
    struct stat before = {0}, after = {0};
    stat(path_in("cache/features.index"), &before);
    check_run("absent_still", NULL, 0, 5, 1, 0);
    stat(path_in("cache/features.index"), &after);
    CHECK("same_failure_once", before.st_size == after.st_size, "%lld", (long long)after.st_size);
    write_text("m2", "seven");
    check_run("came", NULL, 1, 5, 0, 1);
}

static void check_report(void)
{
    write_text("m2", "bad");
    nd_extract_report r;
    nd_diag diag = {0};
    char *json = NULL;
    extract(&r, NULL, &diag);
    CHECK("report_failure",
          r.n_failed == 1 && !strcmp(r.failures[0].path, "m2") &&
              strstr(r.failures[0].reason, "no media"),
          "%d", (int)r.n_failed);
    CHECK("report_shares",
          r.music.n_files == 2 && r.video.n_files == 3 && r.video.media_s > 0 &&
              r.video.n_bytes >= 200704 * r.video.n_clips,
          "%lld bytes", (long long)r.video.n_bytes);
    CHECK("report_json",
          !nd_extract_report_json(&json, &r) && strstr(json, "\"bytes_per_hour\"") &&
              strstr(json, "\"path\": \"m2\""),
          "%s", json);
    free(json);
    nd_extract_report_deinit(&r);
    write_text("m2", "seven");
}

/* The same items, whoever was first. */
static bool is_same_cache(const char *a, const char *b)
{
    nd_cache *x = NULL, *y = NULL;
    bool is_same = !nd_cache_open(&x, path_in(a), NULL) && !nd_cache_open(&y, path_in(b), NULL) &&
                   nd_cache_count(x) == nd_cache_count(y) && nd_cache_count(x) > 0;
    float *p = nd_calloc(224 * 896, sizeof *p), *q = nd_calloc(224 * 896, sizeof *q);
    for (int i = 0; is_same && i < nd_cache_count(x); i++) {
        const nd_cache_item *m = nd_cache_at(x, i), *n = nd_cache_at(y, i);
        const char *array = m->source.medium == ND_MUSIC ? "fbank" : "frames";
        is_same = !strcmp(m->source.name, n->source.name) && m->n_bytes == n->n_bytes &&
                  m->n_clips == n->n_clips && m->source.hash == n->source.hash;
        for (int c = 0; is_same && c < m->n_clips; c++)
            is_same = !nd_cache_clip_f32(p, x, i, array, c) &&
                      !nd_cache_clip_f32(q, y, i, array, c) && !memcmp(p, q, 224 * 896 * sizeof *p);
    }
    free(p);
    free(q);
    nd_cache_close(&x);
    nd_cache_close(&y);
    return is_same;
}

static void check_workers(void)
{
    check_run("one_worker", &(nd_extract_params){.n_workers = 1, .cache = path_in("j1")}, 6, 0, 0,
              6);
    check_run("four_workers", &(nd_extract_params){.n_workers = 4, .cache = path_in("j4")}, 6, 0, 0,
              6);
    CHECK("same_at_any_number", is_same_cache("j1", "j4"), "differ");
}

/* Tracks of a cache that have statistics. */
static int count_statistics(const char *name)
{
    nd_cache *cache = NULL;
    int n = 0;
    if (nd_cache_open(&cache, path_in(name), NULL)) return -1;
    for (int i = 0; i < nd_cache_count(cache); i++)
        n += nd_cache_f32(cache, i, "statistics", NULL) != NULL;
    nd_cache_close(&cache);
    return n;
}

static uint64_t digest_of(const char *name)
{
    uint64_t digest = 0;
    nd_diag diag = {0};
    if (nd_extract_verify(path_in(name), NULL, &digest, NULL, &diag)) printf("%s\n", diag.text);
    return digest;
}

/* Made at once, or added to what is there. */
static void check_statistics(void)
{
    nd_extract_params plain = {.cache = path_in("added")}, with = plain;
    with.statistics = true;
    write_text("m2", "plain");
    check_run("statistics_not_unasked", &plain, 6, 0, 0, 6);
    CHECK("statistics_are_not_there", count_statistics("added") == 0, "%d",
          count_statistics("added"));
    check_run("statistics_added", &with, 2, 3, 1, 3);
    CHECK("what_failed_keeps_the_rest", count_statistics("added") == 2, "%d",
          count_statistics("added"));
    check_run("statistics_tried_again", &with, 0, 5, 1, 1);
    write_text("m2", "seven");
    check_run("statistics_stay_wanted", &plain, 1, 5, 0, 1);
    set_time("m1");
    check_run("statistics_touched", &plain, 0, 6, 0, 0);
    with.cache = path_in("at_once");
    check_run("statistics_at_once", &with, 6, 0, 0, 6);
    CHECK("statistics_of_all", count_statistics("added") == 3 && count_statistics("at_once") == 3,
          "%d, %d", count_statistics("added"), count_statistics("at_once"));
    CHECK("added_is_the_same", digest_of("added") == digest_of("at_once") && digest_of("added"),
          "another digest");
}

static int stop_at_third(void *user, const char *what, int64_t done, int64_t total,
                         const char *item)
{
    (void)user, (void)what, (void)total, (void)item;
    return done >= 3;
}

static void check_stop(void)
{
    nd_progress progress = {.update = stop_at_third};
    nd_extract_params p = {.n_workers = 1, .cache = path_in("stopped"), .progress = &progress};
    nd_extract_report r;
    nd_diag diag = {0};
    CHECK("stopped", extract(&r, &p, &diag) == ND_ECANCELLED && strstr(diag.text, "stopped"), "%s",
          diag.text);
    check_run("goes_on", &(nd_extract_params){.cache = path_in("stopped")}, 3, 3, 0, 3);
    CHECK("same_as_undisturbed", is_same_cache("j1", "stopped"), "differ");
    int64_t n = 0;
    uint64_t a = 0, b = 0;
    CHECK("verified", !nd_extract_verify(path_in("stopped"), &n, &a, NULL, &diag) && n == 6, "%s",
          diag.text);
    CHECK("same_digest", !nd_extract_verify(path_in("j4"), NULL, &b, NULL, &diag) && a == b,
          "%llx, %llx", (unsigned long long)a, (unsigned long long)b);
    CHECK("other_digest", !nd_extract_verify(path_in("other"), NULL, &b, NULL, &diag) && a != b,
          "equal");
}

static void check_measure(void)
{
    nd_extract_report r;
    nd_diag diag = {0};
    nd_extract_params p = {.measure = true, .cache = path_in("measured"), .layout = "rows,time"};
    CHECK("measure", extract(&r, &p, &diag) == 0 && r.n_losses >= 3, "%s: %d", diag.text,
          r.n_losses);
    const nd_extract_loss *bands = &r.losses[0], *half = &r.losses[1];
    CHECK("measure_bands",
          !strcmp(bands->encoding, "bands") && bands->is_kept && bands->max_error > 0.01 &&
              bands->max_error <= 0.0314,
          "%g", bands->max_error);
    CHECK("measure_half",
          !half->is_kept && half->max_error > 0 && half->max_error < bands->max_error, "%g",
          half->max_error);
    CHECK("measure_embeddings",
          bands->max_cosine_difference > 0 &&
              bands->max_cosine_difference < bands->neighbour_cosine_difference / 10,
          "%g of %g", bands->max_cosine_difference, bands->neighbour_cosine_difference);
    nd_extract_report_deinit(&r);
}

int main(void)
{
    strcpy(root, "/tmp/needledrop-test-XXXXXX");
    if (!mkdtemp(root)) return 1;
    atexit(remove_root);
    check_wrong();
    check_steps();
    check_settings();
    check_failures();
    check_report();
    check_workers();
    check_statistics();
    check_stop();
    check_measure();
    TEST_END();
}
