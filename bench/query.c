/* What a video, or words, cost once asked of a large indexed library: each step of `recommend` from
 * the analysed video to hits with reasons, and `find` whole.
 *
 * results: Median milliseconds, wall and processor time on 2 threads. The library is made: 100,000
 * results: tracks of 28 s to 4 min in a SQLite file of 7 GB, just written, with the features that
 * results: `recommend` reads, and rows of the default model (of a small seeded one where there is
 * results: none). The video, of 20 clips, is described already: that comes before, in a process of
 * results: its own, while the rows of all tracks are read; the answer follows it by the last sum. A
 * results: second video of one call needs neither model nor rows again. 1,000,000 tracks are these
 * results: ten times, in memory. Then the scans of this query alone, beside NumPy and FAISS on the
 * results: same vectors (as in scan), and `find` whole.
 */
#include <time.h>
#include <unistd.h>

#include "../tests/model_file.h"
#include "made_rows.h"
#include "match/library.h"
#include "serve/search.h"

enum { N = 100000, MANY = 10, CLIPS = 20, REPEATS = 7, THREADS = 2, BEST = 100 };
enum { WIDTH = 32, WHOLE = 64 }; /* as bench/scan_numpy.py reads */

/* ---- a library and a model ------------------------------------------------------ */

typedef struct {
    char folder[64], library[96], model[512];
    nd_stored_model stored;
    int64_t D; /* width of a clip of music */
} made;

/* Values of lo .. hi, another stretch of the same ones for each seed. */
static void add_floats(nd_description *d, const char *name, int64_t n, double lo, double hi,
                       uint64_t seed)
{
    enum { POOL = 1 << 16 };
    static float pool[POOL];
    nd_array *a = nd_description_add(d, name, ND_F32, 1, &n);
    nd_rng rng;
    ND_ASSERT(a);
    nd_rng_init(&rng, 1, 1);
    for (int i = 0; !pool[0] && i < POOL; i++)
        pool[POOL - 1 - i] = (float)nd_rng_uniform(&rng, 0, 1);
    uint64_t from = seed * 7919 + strlen(name) * 104729;
    for (int64_t i = 0; i < n; i++)
        a->f32[i] = (float)(lo + (hi - lo) * (double)pool[(from + (uint64_t)i) % POOL]);
}

/* The same as rows. */
static void add_rows(nd_description *d, const char *name, int n_dims, const int64_t *dims,
                     uint64_t seed)
{
    int64_t n = 1;
    for (int i = 0; i < n_dims; i++) n *= dims[i];
    add_floats(d, name, n, -1, 1, seed);
    nd_array *a = &d->arrays[d->n_arrays - 1];
    a->n_dims = n_dims;
    memcpy(a->dims, dims, (size_t)n_dims * sizeof *dims);
}

/* 0, 1, .. n_values - 1, 0, .. */
static void add_counts(nd_description *d, const char *name, int64_t n, int n_values)
{
    nd_array *a = nd_description_add(d, name, ND_I32, 1, &n);
    ND_ASSERT(a);
    for (int64_t i = 0; i < n; i++) a->i32[i] = (int32_t)(i % n_values);
}

/* Times from 0.2 s on. */
static void add_times(nd_description *d, const char *name, int64_t n, double step_s)
{
    nd_array *a = nd_description_add(d, name, ND_F32, 1, &n);
    ND_ASSERT(a);
    for (int64_t i = 0; i < n; i++) a->f32[i] = (float)(0.2 + (double)i * step_s);
}

static void add_each_clip(nd_description *d, const char *const *names, int64_t C, uint64_t seed)
{
    for (; *names; names++) add_floats(d, *names, C, 0, 1, seed);
}

static nd_description *new_description(nd_medium medium, int64_t C)
{
    nd_description *d = nd_calloc(1, sizeof *d);
    ND_ASSERT(d);
    d->medium = medium;
    d->analysed_s = d->info.duration_s = (double)(4 * C);
    return d;
}

/* What the default features and a model's clips say of a track of C clips. */
static nd_description *make_track(const made *m, int64_t C, uint64_t seed)
{
    static const char *const each_clip[] = {"clip_beat_strength",
                                            "clip_centroid_hz",
                                            "clip_flatness",
                                            "clip_high_ratio",
                                            "clip_loudness_lufs",
                                            "clip_low_ratio",
                                            NULL};
    nd_description *d = new_description(ND_MUSIC, C);
    double length_s = (double)(4 * C), bpm = 70 + (double)(seed % 80);
    int64_t n_beats = (int64_t)(length_s * bpm / 60);
    uint64_t x = m->stored.extractor;
    int32_t halves[2] = {(int32_t)(uint32_t)x, (int32_t)(uint32_t)(x >> 32)};
    add_rows(d, "clip", 2, (const int64_t[]){C, m->D}, seed);
    nd_description_add_i32(d, "clip_extractor", halves, 2);
    add_floats(d, "onset", (int64_t)(length_s * 31.25), 0, 3, seed);
    add_floats(d, "loudness_lufs", (int64_t)(length_s * 10), -40, -5, seed);
    add_floats(d, "chroma", 12, 0, 1, seed);
    add_times(d, "beats_s", n_beats, 60 / bpm);
    add_floats(d, "beat_salience", n_beats, 0, 1, seed);
    add_counts(d, "beat_position", n_beats, 4);
    add_each_clip(d, each_clip, C, seed);
    add_floats(d, "clip_beat_interval_s", C, 0.4, 0.9, seed);
    add_counts(d, "clip_n_beats", C, 8);
    nd_description_add_scalar(d, "tempo_bpm", bpm);
    nd_description_add_scalar(d, "integrated_lufs", -10 - (double)(seed % 20));
    nd_description_add_scalar(d, "key", (double)(seed % 12));
    nd_description_add_scalar(d, "key_is_minor", (double)(seed % 2));
    nd_description_add_scalar(d, "key_strength", 0.8);
    return d;
}

static nd_description *make_video(nd_model *model)
{
    static const char *const each_clip[] = {"clip_brightness", "clip_flow_px", "clip_flow_widths_s",
                                            "clip_saturation", "clip_warmth",  NULL};
    nd_network *network = NULL;
    nd_description *d = new_description(ND_VIDEO, CLIPS);
    ND_ASSERT(!nd_model_network(&network, model, "video", NULL));
    add_rows(d, nd_network_feature(network), 3,
             (const int64_t[]){CLIPS, nd_clip_steps(network), nd_network_size_of(network).F}, 1);
    add_each_clip(d, each_clip, CLIPS, 1);
    add_counts(d, "clip_flow_class", CLIPS, 3);
    add_times(d, "cuts_s", CLIPS, 3.7);
    add_counts(d, "cut_kind", CLIPS, 1);
    add_floats(d, "flow_px", (int64_t)8 * 4 * CLIPS, 0, 10, 1);
    add_floats(d, "brightness", (int64_t)8 * 4 * CLIPS, 0, 1, 1);
    return d;
}

static void open_model(made *m)
{
    nd_model *model = NULL;
    nd_matcher *matcher = NULL;
    char *path = nd_model_default_path();
    snprintf(m->model, sizeof m->model, "%s/model.safetensors", m->folder);
    if (path) snprintf(m->model, sizeof m->model, "%s", path);
    else model_file_write(m->model, &(model_file){.extractors = 1, .match = 1});
    free(path);
    nd_diag diag = {0};
    int rc = nd_model_open(&model, m->model, &diag);
    if (!rc) rc = nd_model_matcher(&matcher, model, &diag);
    if (!rc) rc = nd_model_stored(&m->stored, model, &diag);
    if (rc) fprintf(stderr, "query: %s\n", diag.text);
    ND_ASSERT(!rc && m->stored.W <= WIDEST && m->stored.U <= WIDEST);
    m->D = nd_matcher_size_of(matcher).D_music;
    nd_model_close(&model);
}

static void put_track(nd_library *lib, const made *m, int64_t i, FILE *const files[3])
{
    float rows[MAX_ROWS * WIDEST], whole[WIDEST];
    uint8_t packed[ND_PACKED_HEAD_BYTES + WIDEST + MAX_ROWS * WIDEST];
    char path[64];
    int64_t C = rows_of(i), id = i + 1, W = m->stored.W, U = m->stored.U;
    const char *const tags[] = {i % 50 ? "made" : "tango", NULL};
    nd_description *d = make_track(m, C, (uint64_t)i);
    snprintf(path, sizeof path, "/music/artist %lld/track %lld.flac",
             (long long)(i / 12 * 7919 % N), (long long)id);
    nd_record r = {.track = {.id = id,
                             .path = path,
                             .info = d->info,
                             .tags = tags,
                             .tempo_bpm = nd_description_scalar(d, "tempo_bpm", 0),
                             .loudness_lufs = nd_description_scalar(d, "integrated_lufs", 0),
                             .key = (int)(i % 12),
                             .is_minor = (int)(i % 2)},
                   .analysed_s = d->analysed_s,
                   .vocal = -1,
                   .file = {.size_bytes = 1, .mtime_ns = id, .hash = (uint64_t)id}};
    ND_ASSERT(!lib->ops->put_track(lib->store, &r, d, NULL));
    nd_description_destroy(&d);
    make_rows(rows, C, (int)W, (uint64_t)i);
    make_rows(whole, 1, (int)U, (uint64_t)i);
    nd_packed_write(packed, rows, C, W, whole, U);
    nd_stored_joint joint = {id, m->stored.fingerprint, C, packed, nd_packed_bytes(C, W, U)};
    ND_ASSERT(!lib->ops->put_joint(lib->store, &joint, NULL));
    fwrite(rows, sizeof *rows, (size_t)(C * W), files[0]);
    fwrite(&C, sizeof C, 1, files[1]);
    fwrite(whole, sizeof *whole, (size_t)U, files[2]);
}

static nd_library *open_library(const made *m, nd_open_mode mode)
{
    nd_library *lib = NULL;
    ND_ASSERT(!nd_library_open(&lib, m->library, mode, NULL));
    return lib;
}

static void make_all(made *m)
{
    static const char *const names[] = {"rows.f32", "n_rows.i64", "whole.f32"};
    FILE *files[3];
    strcpy(m->folder, "/tmp/needledrop-bench-XXXXXX");
    ND_ASSERT(mkdtemp(m->folder));
    snprintf(m->library, sizeof m->library, "%s/library.nd", m->folder);
    open_model(m);
    for (int i = 0; i < 3; i++) files[i] = create_in(m->folder, names[i]);
    nd_library *lib = open_library(m, ND_OPEN_INDEX);
    ND_ASSERT(!lib->ops->put_model(lib->store, &m->stored, NULL));
    for (int64_t i = 0; i < N; i++) put_track(lib, m, i, files);
    nd_library_close(&lib);
    for (int i = 0; i < 3; i++) ND_ASSERT(!fclose(files[i]));
}

/* ---- time ------------------------------------------------------------------------- */

typedef struct {
    double wall_ms, cpu_ms;
} spent;

static spent now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (spent){1e3 * nd_now_s(), 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec};
}

/* Since *from, which is moved to now. */
static spent since(spent *from)
{
    spent to = now(), x = {to.wall_ms - from->wall_ms, to.cpu_ms - from->cpu_ms};
    *from = to;
    return x;
}

static spent median_spent(const spent *x)
{
    double wall[REPEATS], cpu[REPEATS];
    for (int i = 0; i < REPEATS; i++) {
        wall[i] = x[i].wall_ms;
        cpu[i] = x[i].cpu_ms;
    }
    return (spent){median(wall, REPEATS), median(cpu, REPEATS)};
}

/* ---- the steps of recommend ------------------------------------------------------- */

enum { OPEN, MODEL, READ, LOOK, SCAN, PAIRS, RHYTHM, HITS, N_STEPS };
static const char *const step_names[N_STEPS] = {
    "open the library",
    "open the model",
    "read all rows",
    "look at the video",
    "scan, and the details of the best 200",
    "their features, and the pair scorer",
    "the rhythm ranker on these",
    "ten hits with reasons",
};

/* A video that the search looks at, up to its hits. The crates are there. */
static void answer(spent x[N_STEPS], nd__search *s)
{
    nd_ranking *r = nd_calloc(1, sizeof *r);
    ND_ASSERT(r && !nd__search_ask(s, "made video", NULL));
    s->query = make_video(s->lens.model);
    spent at = now();
    ND_ASSERT(!nd__lens_look(s, NULL));
    x[LOOK] = since(&at);
    ND_ASSERT(!nd__list_best(s, NULL));
    x[SCAN] = since(&at);
    ND_ASSERT(!nd__pair_candidates(s, NULL));
    x[PAIRS] = since(&at);
    ND_ASSERT(!nd__score_candidates(s));
    x[RHYTHM] = since(&at);
    ND_ASSERT(!nd__take_hits(r, s) && r->n_hits == 10);
    x[HITS] = since(&at);
    nd_ranking_destroy(&r);
}

static void open_search(nd__search *s, nd_library **lib, const nd_rank_params *params)
{
    nd_diag diag = {0};
    int rc = nd__search_init(s, lib, 1, params, &diag);
    if (!rc) rc = nd__lens_open(s, &diag);
    if (rc) fprintf(stderr, "query: %s\n", diag.text);
    ND_ASSERT(!rc);
}

/* As a process that starts does it. */
static void run_once(spent x[N_STEPS], const made *m, const nd_rank_params *params)
{
    nd__search s;
    spent at = now();
    nd_library *lib = open_library(m, ND_OPEN_READ);
    x[OPEN] = since(&at);
    open_search(&s, &lib, params);
    x[MODEL] = since(&at);
    ND_ASSERT(!nd__crates_need(&s, NULL) && s.n_places == N);
    x[READ] = since(&at);
    answer(x, &s);
    nd__search_deinit(&s);
    nd_library_close(&lib);
}

/* Sums of steps from `first` on that are known. */
static spent sum_of(const spent x[N_STEPS], int first)
{
    spent sum = {0};
    for (int i = first; i < N_STEPS; i++) {
        sum.wall_ms += x[i].wall_ms;
        sum.cpu_ms += x[i].cpu_ms;
    }
    return sum;
}

static void print_row(const char *name, const spent *one, const spent *many)
{
    printf("%s\t%.1f\t%.1f", name, one->wall_ms, one->cpu_ms);
    if (many) printf("\t%.1f\t%.1f\n", many->wall_ms, many->cpu_ms);
    else printf("\t-\t-\n");
}

static void print_steps(const made *m, const nd_rank_params *params)
{
    spent x[REPEATS][N_STEPS], one[N_STEPS], many[N_STEPS], column[REPEATS];
    for (int i = 0; i < REPEATS; i++) run_once(x[i], m, params);
    for (int k = 0; k < N_STEPS; k++) {
        for (int i = 0; i < REPEATS; i++) column[i] = x[i][k];
        one[k] = median_spent(column);
    }
    nd__search s;
    nd_library *lib = open_library(m, ND_OPEN_READ);
    open_search(&s, &lib, params);
    ND_ASSERT(!nd__crates_need(&s, NULL));
    nd_crate many_tracks = {0}; /* their details are those of the library */
    repeat_crate(&many_tracks, &s.crates[0], MANY);
    nd_crate_deinit(&s.crates[0]);
    s.crates[0] = many_tracks;
    for (int i = 0; i < REPEATS; i++) answer(x[i], &s);
    for (int k = LOOK; k < N_STEPS; k++) {
        for (int i = 0; i < REPEATS; i++) column[i] = x[i][k];
        many[k] = median_spent(column);
    }
    nd__search_deinit(&s);
    nd_library_close(&lib);
    printf(
        "step of recommend, model %s\t100,000 tracks, wall ms\tprocessor ms\t1,000,000, wall ms\t"
        "processor ms\n",
        m->stored.name);
    for (int k = 0; k < N_STEPS; k++) print_row(step_names[k], &one[k], k < LOOK ? NULL : &many[k]);
    spent all = sum_of(one, 0), after_reading = sum_of(one, READ),
          after[2] = {sum_of(one, LOOK), sum_of(many, LOOK)};
    print_row("sum", &all, NULL);
    print_row("sum from reading the rows on", &after_reading, NULL);
    print_row("sum from the analysed video on", &after[0], &after[1]);
    printf("\n");
    fflush(stdout);
}

/* ---- scans beside others, and find ------------------------------------------------ */

static void write_array(const made *m, const char *name, const void *data, size_t bytes)
{
    FILE *file = create_in(m->folder, name);
    fwrite(data, 1, bytes, file);
    ND_ASSERT(!fclose(file));
}

/* The query's rows (n 1 or more), or a whole (n 0), over one crate.
 * @return median ms */
static double scan_ms(const made *m, const nd_crate *c, const char *name, const float *query,
                      int64_t n)
{
    float *scores = nd_calloc((size_t)c->n, sizeof *scores);
    int32_t *offsets = nd_calloc((size_t)c->n, sizeof *offsets);
    int64_t best[BEST];
    double ms[REPEATS];
    char file[64];
    ND_ASSERT(scores && offsets);
    for (int i = 0; i < REPEATS; i++) {
        double start_s = nd_now_s();
        ND_ASSERT(!(n ? nd_scan_rows(scores, offsets, c, query, n, THREADS, NULL)
                      : nd_scan_whole(scores, c, query, THREADS, NULL)));
        nd_scan_best(best, BEST, scores, c->n);
        ms[i] = 1e3 * (nd_now_s() - start_s);
    }
    snprintf(file, sizeof file, "%s.query", name);
    write_array(m, file, query, (size_t)(n ? n * c->W : c->U) * sizeof *query);
    snprintf(file, sizeof file, "%s.best", name);
    write_array(m, file, best, sizeof best);
    free(scores);
    free(offsets);
    return median(ms, REPEATS);
}

static void print_scans(const made *m, const nd_rank_params *params, const char *build)
{
    enum { N_SCANS = 2 };
    static const char *const names[N_SCANS] = {"recommend", "find"};
    spent unused[N_STEPS];
    nd__search s;
    nd_library *lib = open_library(m, ND_OPEN_READ);
    open_search(&s, &lib, params);
    ND_ASSERT(!nd__crates_need(&s, NULL));
    answer(unused, &s);
    const nd_rows *rows = &s.lens.rows;
    int64_t n[N_SCANS] = {rows->first[1], 0};
    double ms[N_SCANS] = {scan_ms(m, &s.crates[0], names[0], rows->rows, n[0]),
                          scan_ms(m, &s.crates[0], names[1], rows->whole, 0)};
    others found[N_SCANS] = {{"-", "-", "-"}, {"-", "-", "-"}};
    bool fits = m->stored.W == WIDTH && m->stored.U == WHOLE;
    if (!fits) fprintf(stderr, "query: NumPy skipped: rows of another width\n");
    else run_others(found, m->folder, build, THREADS, REPEATS, names, n, N_SCANS);
    printf("scan of 100,000 tracks\tours, 2 threads ms\tNumPy ms\tFAISS flat ms\tNumPy / ours\tof "
           "100\n");
    for (int i = 0; i < N_SCANS; i++) {
        printf("%s: %s\t%.2f\t%s\t%s", names[i], i ? "one text" : "20 rows", ms[i],
               found[i].numpy_ms, found[i].faiss_ms);
        print_ratio(found[i].numpy_ms, ms[i]);
        printf("\t%s\n", found[i].shared);
    }
    printf("\n");
    fflush(stdout);
    nd__search_deinit(&s);
    nd_library_close(&lib);
}

static void print_finds(const made *m, const nd_rank_params *params)
{
    static const char *const words[] = {"calm piano", "tango", "slower",
                                        "slower, in minor, brighter"};
    nd_library *lib = open_library(m, ND_OPEN_READ);
    printf("find in 100,000 tracks\twall ms\tprocessor ms\n");
    for (size_t w = 0; w < ND_COUNT(words); w++) {
        spent x[REPEATS];
        for (int i = 0; i < REPEATS; i++) {
            nd_ranking *r = NULL;
            spent at = now();
            ND_ASSERT(!nd_find(&r, &lib, 1, words[w], params, NULL));
            x[i] = since(&at);
            nd_ranking_destroy(&r);
        }
        spent middle = median_spent(x);
        printf("%s\t%.1f\t%.1f\n", words[w], middle.wall_ms, middle.cpu_ms);
    }
    nd_library_close(&lib);
}

int main(int argc, char **argv)
{
    made m = {0};
    char command[128];
    make_all(&m);
    nd_rank_params params = {.model = m.model, .n_threads = THREADS};
    print_steps(&m, &params);
    print_scans(&m, &params, argc > 1 ? argv[1] : "build");
    print_finds(&m, &params);
    snprintf(command, sizeof command, "rm -rf '%s'", m.folder);
    return system(command) ? 1 : 0;
}
