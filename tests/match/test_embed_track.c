/* A model inside the index: what is kept of a track, when a file must be read again and when not,
 * tracks that no model can read, the same bytes on any number of threads.
 *
 * As "make FILE EXTRACTOR_SEED MATCH_SEED" it writes a small model, for the tests of commands. */
#include <math.h>

#include "../model_file.h"
#include "fixture.h"
#include "match/embed_track.h"

enum { STEPS = 398, BANDS = 80 };

static fixture_analyser fake;
static nd_analyser analyser = {.user = &fake};

/* ---- tracks ---- */

/* Clips that look like the file's text; "odd" in its name: values that are no numbers. */
static int add_fbank(nd_description *d, const char *path)
{
    int64_t C = nd_clip_count(d->analysed_s);
    nd_array *a = nd_description_add(d, "fbank", ND_F32, 3, (const int64_t[]){C, STEPS, BANDS});
    double tempo = nd_description_scalar(d, "tempo_bpm", 0);
    if (!a) return ND_ENOMEM;
    for (int64_t i = 0; i < C * STEPS * BANDS; i++)
        a->f32[i] = (float)sin(tempo * (double)(i % 977) + (double)(i / (STEPS * BANDS)));
    if (strstr(path, "odd")) a->f32[5] = NAN;
    return 0;
}

static int add_statistics(nd_description *d)
{
    const int64_t n = ND_STATISTICS;
    nd_array *a = nd_description_add(d, "statistics", ND_F32, 1, &n);
    double tempo = nd_description_scalar(d, "tempo_bpm", 0);
    for (int64_t i = 0; a && i < n; i++) a->f32[i] = (float)sin(tempo + (double)i);
    return a ? 0 : ND_ENOMEM;
}

static int analyse(nd_description **out, void *user, const char *path, const nd_log *log,
                   nd_diag *diag)
{
    nd_description *d = NULL;
    int rc = fixture_analyse(&d, user, path, log, diag);
    if (!rc && !strstr(path, "bare")) rc = add_fbank(d, path);
    if (!rc && analyser.embedder && strstr(nd_embedder_features(analyser.embedder), "statistics"))
        rc = add_statistics(d);
    if (rc) nd_description_destroy(&d);
    else *out = d;
    return rc;
}

static void write_tracks(const char *dir, int n)
{
    fixture_mkdir(dir);
    for (int i = 0; i < n; i++) {
        char name[64], text[64];
        snprintf(name, sizeof name, "%s/%02d.mp3", dir, i);
        snprintf(text, sizeof text, "%d %d 0 %d.%d Rock", 90 + i, i % 12, 5 + 4 * (i % 3), i);
        fixture_write(name, text);
    }
}

/* ---- models ---- */

static nd_embedder *open_model(const char *name, const model_file *f)
{
    nd_embedder *e = NULL;
    nd_diag diag = {0};
    if (!nd_embedder_open(&e, model_file_write(fixture_path(name), f), &diag)) return e;
    printf("FAIL opening %s: %s\n", name, diag.text);
    exit(1);
}

static nd_library *open_library(const char *name)
{
    nd_library *lib = NULL;
    nd_diag diag = {0};
    if (!nd_library_open(&lib, fixture_path(name), ND_OPEN_INDEX, &diag)) return lib;
    printf("FAIL opening %s: %s\n", name, diag.text);
    exit(1);
}

static int run_index(nd_library *lib, const char *name, nd_embedder *e, int n_workers,
                     nd_index_report *r, nd_diag *diag)
{
    const char *path = fixture_path(name);
    nd_index_params params = {.n_workers = n_workers};
    atomic_store(&fake.n_calls, 0);
    analyser.embedder = e;
    return nd__library_index_with(lib, &path, 1, &params, &analyser, r, diag);
}

#define CHECK_INDEX(name, lib, path, e, expected)                                                  \
    do {                                                                                           \
        nd_index_report r_ = {0};                                                                  \
        nd_diag diag_ = {0};                                                                       \
        char line_[160];                                                                           \
        int rc_ = run_index(lib, path, e, 2, &r_, &diag_);                                         \
        snprintf(line_, sizeof line_, "%s: %d of %d, stored %d, again %d, analysed %d, failed %d", \
                 r_.model, (int)r_.n_embedded, (int)r_.n_tracks, (int)r_.n_reembedded,             \
                 (int)r_.n_reanalysed, atomic_load(&fake.n_calls), (int)r_.n_failed);              \
        CHECK(name, !rc_ && !strcmp(line_, expected), "%s, expected %s; %s", line_, expected,      \
              diag_.text);                                                                         \
    } while (0)

/* ---- checks ---- */

static void check_wrong_models(void)
{
    static const struct {
        const char *name;
        model_file file;
        int rc;
        const char *told;
    } cases[] = {
        {"without_match", {.without_match = true}, ND_ENOTFOUND, "match"},
        {"other_width", {.width = 24}, ND_EFORMAT, "24 numbers"},
    };
    nd_embedder *e = NULL;
    nd_diag diag = {0};
    int rc = nd_embedder_open(&e, fixture_path("absent"), &diag);
    CHECK("absent_model", rc == ND_EIO && !e && strstr(diag.text, "absent"), "%s: %s",
          nd_error_name(rc), diag.text);
    for (size_t i = 0; i < ND_COUNT(cases); i++) {
        diag = (nd_diag){0};
        rc = nd_embedder_open(&e, model_file_write(fixture_path("wrong"), &cases[i].file), &diag);
        CHECK(cases[i].name, rc == cases[i].rc && !e && strstr(diag.text, cases[i].told), "%s: %s",
              nd_error_name(rc), diag.text);
    }
    nd_library *lib = NULL;
    const char *path = fixture_path("x");
    nd_index_params params = {.model = fixture_path("absent")};
    nd_index_report r = {.n_found = 77};
    lib = open_library("wrong.nd");
    rc = nd_library_index(lib, &path, 1, &params, &r, &diag);
    CHECK("index_absent_model", rc == ND_EIO && r.n_found == 77, "%s: %s", nd_error_name(rc),
          diag.text);
    nd_library_close(&lib);
}

/* A stored row beside the one made here. */
typedef struct {
    const nd_rows *rows;
    int64_t i;
    double worst;
} comparison;

static int compare_joint(void *user, const nd_stored_joint *j)
{
    comparison *c = user;
    nd_packed p;
    int64_t W = c->rows->W, n = c->rows->first[c->i + 1] - c->rows->first[c->i];
    if (j->n_rows != n || nd_packed_read(&p, j->data, j->bytes, n, W, c->rows->U)) return 1;
    for (int64_t k = 0; k < n * W; k++) {
        double ours = (double)c->rows->rows[c->rows->first[c->i] * W + k];
        c->worst = fmax(c->worst, fabs((double)p.scale * p.rows[k] - ours));
    }
    c->i++;
    return 0;
}

/* What is stored is what the networks give of the same clips. */
static void check_stored(nd_library *lib, const char *model_path)
{
    nd_model *model = NULL;
    nd_network *network = NULL;
    nd_matcher *matcher = NULL;
    nd_stored_model ours, known;
    uint64_t music = 0;
    if (nd_model_open(&model, model_path, NULL) ||
        nd_model_network(&network, model, "music", NULL) ||
        nd_model_matcher(&matcher, model, NULL) || nd_model_stored(&ours, model, NULL) ||
        nd_model_fingerprint(&music, model, "music", NULL) || nd_library_model(&known, lib, NULL)) {
        CHECK("stored_model", 0, "cannot be read");
        return;
    }
    CHECK("stored_model",
          ours.fingerprint == known.fingerprint && ours.extractor == known.extractor &&
              ours.W == known.W && ours.U == known.U && !strcmp(known.name, "a"),
          "%s", known.name);
    nd_rows rows = {0};
    nd_description *d = NULL;
    nd_description *fresh = fixture_description(90, 0, 0, 5.0, "Rock");
    int rc = nd_library_description(&d, lib, 1, NULL);
    add_fbank(fresh, "");
    if (!rc) rc = nd_clips_embed(fresh, network, music, 2, NULL, NULL);
    const nd_array *a = rc ? NULL : nd_description_find(d, "clip");
    const nd_array *b = rc ? NULL : nd_description_find(fresh, "clip");
    CHECK("stored_clips",
          a && b && a->n_dims == 2 && a->dims[0] == 1 && a->dims[1] == b->dims[1] &&
              !memcmp(a->data, b->data, (size_t)a->dims[1] * sizeof(float)) &&
              nd_clips_extractor(d) == music && !nd_description_find(d, "fbank"),
          "other clips");
    nd_described x = {0};
    comparison c = {.rows = &rows};
    if (!rc) rc = nd_described_make(&x, d, nd_matcher_size_of(matcher).D_music, false, NULL);
    if (!rc) rc = nd_matcher_embed(&rows, matcher, &x.item, 1, 1, NULL, NULL);
    int walk = rc ? rc
                  : lib->ops->each_joint(lib->store, &(nd_filter){.bpm_max = 90.5, .bpm_min = 89},
                                         known.fingerprint, compare_joint, &c, NULL);
    CHECK("stored_rows", !rc && !walk && c.i == 1 && c.worst < 0.005, "%d %d, off by %g", rc, walk,
          c.worst);
    nd_rows_deinit(&rows);
    nd_described_deinit(&x);
    nd_description_destroy(&d);
    nd_description_destroy(&fresh);
    nd_model_close(&model);
}

/* One library through models: matching parts over one extractor, and another extractor. */
static void check_models(void)
{
    nd_embedder *a = open_model("a.safetensors", &(model_file){.extractors = 1, .match = 1});
    nd_embedder *b = open_model("b.safetensors", &(model_file){.extractors = 1, .match = 2});
    nd_embedder *c = open_model("c.safetensors", &(model_file){.extractors = 2, .match = 2});
    nd_library *lib = open_library("models.nd");
    write_tracks("models", 7);
    CHECK_INDEX("first", lib, "models", a, "a: 7 of 7, stored 0, again 0, analysed 7, failed 0");
    check_stored(lib, fixture_path("a.safetensors"));
    CHECK_INDEX("again", lib, "models", a, "a: 7 of 7, stored 0, again 0, analysed 0, failed 0");
    CHECK_INDEX("other_match", lib, "models", b,
                "b: 7 of 7, stored 7, again 0, analysed 0, failed 0");
    nd_library_facts facts = {.n_tracks = 77};
    int rc = nd_library_count(&facts, NULL, NULL);
    CHECK("facts_of_nothing", rc == ND_EARG && facts.n_tracks == 77, "%s", nd_error_name(rc));
    rc = nd_library_count(&facts, lib, NULL);
    CHECK("facts",
          !rc && facts.n_tracks == 7 && !facts.n_failed && facts.n_embedded == 7 &&
              !strcmp(facts.model, "b"),
          "%s %d", facts.model, (int)facts.n_embedded);
    CHECK_INDEX("other_extractor", lib, "models", c,
                "c: 7 of 7, stored 0, again 7, analysed 7, failed 0");
    /* Where the files are away, what needs none of them is done all the same. */
    nd_index_report r = {0};
    nd_embedder *d = open_model("d.safetensors", &(model_file){.extractors = 2, .match = 4});
    const char *old = fixture_path("models"), *away = fixture_path("away");
    if (rename(old, away)) exit(1);
    analyser.embedder = d;
    rc = nd__library_index_with(lib, NULL, 0, NULL, &analyser, &r, NULL);
    int rc_facts = nd_library_count(&facts, lib, NULL);
    CHECK("files_away",
          rc == ND_EIO && !rc_facts && !strcmp(facts.model, "d") && facts.n_embedded == 7,
          "%s: %s %d", nd_error_name(rc), facts.model, (int)facts.n_embedded);
    if (rename(away, old)) exit(1);
    nd_library_close(&lib);
    nd_embedder_close(&a);
    nd_embedder_close(&b);
    nd_embedder_close(&c);
    nd_embedder_close(&d);
}

static void run_sql(const char *library, const char *sql)
{
    char command[256];
    snprintf(command, sizeof command, "sqlite3 '%s/%s' \"%s\"", fixture_root, library, sql);
    if (system(command)) printf("FAIL sqlite3: %s\n", sql);
}

/* New, copied and moved tracks, some indexed without a model, some that a kill left without rows or
 * another program spoilt. */
static void check_life(void)
{
    nd_embedder *a = open_model("a.safetensors", &(model_file){.extractors = 1, .match = 1});
    nd_embedder *p = open_model("p.safetensors",
                                &(model_file){.extractors = 1, .match = 1, .published = true});
    nd_library *lib = open_library("life.nd");
    write_tracks("life", 6);
    CHECK_INDEX("without", lib, "life", NULL, ": 0 of 6, stored 0, again 0, analysed 6, failed 0");
    CHECK_INDEX("with", lib, "life", a, "a: 6 of 6, stored 0, again 6, analysed 6, failed 0");
    fixture_write("life/new.mp3", "77 0 0 30 Folk");
    CHECK_INDEX("one_without", lib, "life", NULL,
                ": 0 of 7, stored 0, again 0, analysed 1, failed 0");
    CHECK_INDEX("one_with", lib, "life", a, "a: 7 of 7, stored 0, again 1, analysed 1, failed 0");
    fixture_write("life/copy.mp3", "90 0 0 5.0 Rock");
    rename(fixture_path("life/01.mp3"), fixture_path("life/moved.mp3"));
    CHECK_INDEX("moved_and_copied", lib, "life", a,
                "a: 8 of 8, stored 0, again 0, analysed 0, failed 0");
    run_sql("life.nd", "delete from joint where track_id % 2");
    CHECK_INDEX("rows_lost", lib, "life", a, "a: 8 of 8, stored 4, again 0, analysed 0, failed 0");
    run_sql("life.nd", "delete from joint where track_id = 2;"
                       "update features set dims = '9,9' where track_id = 2 and name = 'clip'");
    CHECK_INDEX("clips_spoilt", lib, "life", a,
                "a: 8 of 8, stored 0, again 1, analysed 1, failed 0");
    CHECK_INDEX("published_rhythm_is_not_stored", lib, "life", p,
                "p: 8 of 8, stored 0, again 7, analysed 7, failed 0");
    fixture_write("life/odd.mp3", "80 0 0 30 Noise");
    CHECK_INDEX("odd", lib, "life", a, "a: 8 of 9, stored 8, again 0, analysed 1, failed 0");
    CHECK_INDEX("odd_stays", lib, "life", a, "a: 8 of 9, stored 0, again 0, analysed 0, failed 0");
    fixture_write("life/bare.mp3", "81 0 0 30 Noise");
    CHECK_INDEX("features_missing", lib, "life", a,
                "a: 8 of 9, stored 0, again 0, analysed 1, failed 1");
    nd_library_close(&lib);
    nd_embedder_close(&a);
    nd_embedder_close(&p);
}

/* A matching part that reads statistics beside one that does not, over the same extractor. */
static void check_needs(void)
{
    nd_embedder *a = open_model("a.safetensors", &(model_file){.extractors = 1, .match = 1});
    nd_embedder *c = open_model("c.safetensors", &(model_file){.extractors = 1, .kind = "cbvmr"});
    nd_library *lib = open_library("needs.nd");
    write_tracks("needs", 5);
    CHECK_INDEX("needs_nothing", lib, "needs", a,
                "a: 5 of 5, stored 0, again 0, analysed 5, failed 0");
    CHECK_INDEX("needs_what_is_not_stored", lib, "needs", c,
                "c: 5 of 5, stored 0, again 5, analysed 5, failed 0");
    run_sql("needs.nd", "delete from joint");
    CHECK_INDEX("needs_what_is_stored", lib, "needs", c,
                "c: 5 of 5, stored 5, again 0, analysed 0, failed 0");
    CHECK_INDEX("needs_less", lib, "needs", a,
                "a: 5 of 5, stored 5, again 0, analysed 0, failed 0");
    run_sql("needs.nd", "delete from joint; update features set dims = '20,57' "
                        "where track_id = 2 and name = 'statistics'");
    CHECK_INDEX("statistics_spoilt", lib, "needs", c,
                "c: 5 of 5, stored 4, again 1, analysed 1, failed 0");
    nd_library_close(&lib);
    nd_embedder_close(&a);
    nd_embedder_close(&c);
}

static int stop_at_second_clip(void *user, const char *what, int64_t done, int64_t total,
                               const char *item)
{
    int *n = user;
    (void)done, (void)total;
    return !strcmp(what, "analysing music") && item && ++*n >= 2;
}

/* Stopped within a track: it is not there, and no failure. */
static void check_stop(void)
{
    nd_embedder *a = open_model("a.safetensors", &(model_file){.extractors = 1, .match = 1});
    nd_library *lib = open_library("stop.nd");
    fixture_mkdir("stop");
    fixture_write("stop/long.mp3", "100 0 0 40 Rock");
    const char *path = fixture_path("stop");
    int n = 0;
    nd_progress progress = {stop_at_second_clip, &n};
    nd_index_params params = {.progress = &progress};
    nd_index_report r = {0};
    nd_diag diag = {0};
    analyser.embedder = a;
    int rc = nd__library_index_with(lib, &path, 1, &params, &analyser, &r, &diag);
    CHECK("stopped", rc == ND_ECANCELLED && strstr(diag.text, "stopped on request"), "%s: %s",
          nd_error_name(rc), diag.text);
    CHECK_LIST("stopped_is_no_failure", lib, NULL, "");
    nd_library_close(&lib);
    nd_embedder_close(&a);
}

static char *dump_checksum(const char *library)
{
    static char out[2][64];
    static int next;
    char command[256];
    snprintf(command, sizeof command, "sqlite3 '%s/%s' .dump | cksum", fixture_root, library);
    FILE *f = popen(command, "r");
    char *line = out[next++ % 2];
    if (!f || !fgets(line, sizeof out[0], f)) strcpy(line, "nothing");
    if (f) pclose(f);
    return line;
}

/* Made at once or in two steps, on one thread or four. */
static void check_same(void)
{
    nd_embedder *a = open_model("a.safetensors", &(model_file){.extractors = 1, .match = 1});
    nd_embedder *b = open_model("b.safetensors", &(model_file){.extractors = 1, .match = 2});
    nd_index_report r;
    write_tracks("same", 9);
    for (int n = 1; n <= 4; n += 3) {
        nd_library *lib = open_library(n == 1 ? "one.nd" : "four.nd");
        nd_diag diag = {0};
        int rc = n == 4 ? run_index(lib, "same", b, n, &r, &diag) : 0;
        if (!rc) rc = run_index(lib, "same", a, n, &r, &diag);
        CHECK(n == 1 ? "same_one" : "same_four", !rc && r.n_embedded == 9, "%s", diag.text);
        nd_library_close(&lib);
    }
    const char *one = dump_checksum("one.nd"), *four = dump_checksum("four.nd");
    CHECK("same_bytes", !strcmp(one, four), "%s, %s", one, four);
    nd_embedder_close(&a);
    nd_embedder_close(&b);
}

int main(int argc, char **argv)
{
    if (argc == 5 && !strcmp(argv[1], "make")) {
        model_file_write(argv[2], &(model_file){.extractors = strtoull(argv[3], NULL, 10),
                                                .match = strtoull(argv[4], NULL, 10)});
        return 0;
    }
    analyser.analyse = analyse;
    fixture_start();
    check_wrong_models();
    check_models();
    check_life();
    check_needs();
    check_stop();
    check_same();
    TEST_END();
}
