/* A library scanned for a video: the time of each step, and the scan beside NumPy and FAISS on the
 * same vectors, in the same run.
 *
 * results: Median milliseconds. First what `recommend` does with an indexed library of 100,000
 * results: tracks (a SQLite file, in the file cache; 7 to 60 rows of 32 a track, one whole of 64)
 * results: once the video is embedded to 8, 20 or 60 rows: all rows are read out of the library,
 * results: scanned on 2 threads, the best 100 chosen, and all that is known of these read. Then
 * results: scans of vectors that lie in memory. Ours are bytes; NumPy (matrix product by oneDNN
 * results: on 2 threads, then shifted sums) and FAISS (IndexFlatIP, which gives one query one
 * results: thread and knows nothing of aligned rows) are floats. Ratios: NumPy's time to ours on
 * results: 2 threads, FAISS's to ours on one. The last column: how many of NumPy's best 100 are in
 * results: ours.
 */
#include <unistd.h>

#include "compute/dot8.h"
#include "made_rows.h"
#include "match/library.h"

enum { N = 100000, MANY = 10, W = 32, U = 64, WIDE = WIDEST, REPEATS = 7 };
enum { BEST = 100, THREADS = 2, FEATURE_VALUES = 1000 };

static const nd_stored_model model = {.fingerprint = 12345, .name = "made", .W = W, .U = U};

/* ---- what is scanned ----------------------------------------------------------- */

/* A folder of our own, the library in it, and the same vectors as files for NumPy. */
typedef struct {
    char folder[64];
    nd_crate aligned, wide;
} made;

static void put_track(nd_library *lib, int64_t id, nd_description *features)
{
    static const char *const tags[] = {"made", NULL};
    char path[64];
    snprintf(path, sizeof path, "/music/artist %lld/track %lld.flac", (long long)(id / 12),
             (long long)id);
    nd_record r = {.track = {.id = id, .path = path, .info = features->info, .tags = tags},
                   .file = {.size_bytes = 1, .mtime_ns = id, .hash = (uint64_t)id}};
    ND_ASSERT(!lib->ops->put_track(lib->store, &r, features, NULL));
}

static void put_joint(nd_library *lib, nd_crate *wide, int64_t i, FILE *const files[4])
{
    float rows[MAX_ROWS * W], whole[U], one[WIDE];
    uint8_t packed[ND_PACKED_HEAD_BYTES + U + MAX_ROWS * W];
    int64_t n_rows = rows_of(i);
    make_rows(rows, n_rows, W, (uint64_t)i);
    make_rows(whole, 1, U, (uint64_t)i);
    make_rows(one, 1, WIDE, (uint64_t)i);
    nd_packed_write(packed, rows, n_rows, W, whole, U);
    nd_stored_joint joint = {.track_id = i + 1,
                             .model = model.fingerprint,
                             .n_rows = n_rows,
                             .data = packed,
                             .bytes = nd_packed_bytes(n_rows, W, U)};
    ND_ASSERT(!lib->ops->put_joint(lib->store, &joint, NULL));
    nd_packed_write(packed, one, 1, WIDE, NULL, 0);
    ND_ASSERT(!nd_crate_add(wide, i + 1, 1, packed, nd_packed_bytes(1, WIDE, 0)));
    fwrite(rows, sizeof *rows, (size_t)(n_rows * W), files[0]);
    fwrite(&n_rows, sizeof n_rows, 1, files[1]);
    fwrite(whole, sizeof whole, 1, files[2]);
    fwrite(one, sizeof one, 1, files[3]);
}

static nd_library *open_library(const made *m, nd_open_mode mode)
{
    char path[128];
    nd_library *lib = NULL;
    snprintf(path, sizeof path, "%s/library.nd", m->folder);
    ND_ASSERT(!nd_library_open(&lib, path, mode, NULL));
    return lib;
}

static void make_all(made *m)
{
    static const char *const names[] = {"rows.f32", "n_rows.i64", "whole.f32", "wide.f32"};
    FILE *files[4];
    strcpy(m->folder, "/tmp/needledrop-bench-XXXXXX");
    ND_ASSERT(mkdtemp(m->folder));
    m->wide.W = WIDE;
    for (int i = 0; i < 4; i++) files[i] = create_in(m->folder, names[i]);
    nd_library *lib = open_library(m, ND_OPEN_INDEX);
    nd_description *features = nd_calloc(1, sizeof *features);
    nd_description_add(features, "onset", ND_F32, 1, (const int64_t[]){FEATURE_VALUES});
    strcpy(features->info.title, "A made track");
    ND_ASSERT(!lib->ops->put_model(lib->store, &model, NULL));
    for (int64_t i = 0; i < N; i++) {
        put_track(lib, i + 1, features);
        put_joint(lib, &m->wide, i, files);
    }
    nd_description_destroy(&features);
    nd_library_close(&lib);
    for (int i = 0; i < 4; i++) ND_ASSERT(!fclose(files[i]));
}

/* ---- times --------------------------------------------------------------------- */

/* A query against a crate: rows in order, or a whole. */
typedef struct {
    const char *name; /* also of NumPy's case; without spaces */
    int64_t n;        /* rows; 0: a whole */
    int width;
} query_case;

enum { N_CASES = 5 };
static const query_case cases[N_CASES] = {{"8_rows_of_32", 8, W},
                                          {"20_rows_of_32", 20, W},
                                          {"60_rows_of_32", 60, W},
                                          {"one_row_of_256", 1, WIDE},
                                          {"whole_of_64", 0, U}};

static void make_query(float *query, const query_case *c)
{
    make_rows(query, ND_MAX(c->n, 1), c->width, (uint64_t)N + (uint64_t)c->n);
}

static void scan(float *scores, int32_t *offsets, const nd_crate *crate, const query_case *c,
                 const float *query, int threads)
{
    ND_ASSERT(!(c->n ? nd_scan_rows(scores, offsets, crate, query, c->n, threads, NULL)
                     : nd_scan_whole(scores, crate, query, threads, NULL)));
}

static double scan_ms(const nd_crate *crate, const query_case *c, const nd_dot8 *dot8, int threads,
                      int64_t *best)
{
    float query[MAX_ROWS * W];
    float *scores = nd_calloc((size_t)crate->n, sizeof *scores);
    int32_t *offsets = nd_calloc((size_t)crate->n, sizeof *offsets);
    double ms[REPEATS];
    ND_ASSERT(scores && offsets);
    make_query(query, c);
    nd_dot8_use(dot8);
    for (int i = 0; i < REPEATS; i++) {
        double start_s = nd_now_s();
        scan(scores, offsets, crate, c, query, threads);
        nd_scan_best(best, BEST, scores, crate->n);
        ms[i] = 1e3 * (nd_now_s() - start_s);
    }
    nd_dot8_use(NULL);
    free(scores);
    free(offsets);
    return median(ms, REPEATS);
}

/* ---- the steps of a query ------------------------------------------------------- */

enum { OPEN, LOAD, SCAN, CHOOSE, DETAILS, N_STEPS };
static const char *const step_names[N_STEPS] = {"open the library", "read all rows",
                                                "scan on 2 threads", "choose the best 100",
                                                "read all of the best 100"};

static int see_track(void *user, const nd_track *track)
{
    *(size_t *)user += strlen(track->path) + strlen(track->info.title);
    return 0;
}

static void read_details(nd_library *lib, const nd_crate *crate, const int64_t *best)
{
    size_t bytes = 0;
    for (int i = 0; i < BEST; i++) {
        nd_description *features = NULL;
        int64_t id = crate->tracks[best[i]].id;
        ND_ASSERT(!nd_library_track(lib, id, see_track, &bytes, NULL));
        ND_ASSERT(!nd_library_description(&features, lib, id, NULL));
        nd_description_destroy(&features);
    }
    ND_ASSERT(bytes);
}

static void step(double *ms, double *start_s)
{
    double now_s = nd_now_s();
    *ms = 1e3 * (now_s - *start_s);
    *start_s = now_s;
}

/* One query as a process that starts does it. */
static void run_query(double ms[N_STEPS], const made *m, const query_case *c)
{
    float query[MAX_ROWS * W];
    int64_t best[BEST];
    nd_crate crate = {0};
    make_query(query, c);
    double start_s = nd_now_s();
    nd_library *lib = open_library(m, ND_OPEN_READ);
    step(&ms[OPEN], &start_s);
    ND_ASSERT(!nd_crate_load(&crate, lib, NULL, &model, NULL, NULL) && crate.n == N);
    float *scores = malloc(N * sizeof *scores);
    int32_t *offsets = malloc(N * sizeof *offsets);
    step(&ms[LOAD], &start_s);
    scan(scores, offsets, &crate, c, query, THREADS);
    step(&ms[SCAN], &start_s);
    nd_scan_best(best, BEST, scores, crate.n);
    step(&ms[CHOOSE], &start_s);
    read_details(lib, &crate, best);
    step(&ms[DETAILS], &start_s);
    free(scores);
    free(offsets);
    nd_crate_deinit(&crate);
    nd_library_close(&lib);
}

static void print_queries(const made *m)
{
    enum { N_ALIGNED = 3 };
    double ms[N_STEPS][N_ALIGNED][REPEATS], sum[N_ALIGNED] = {0};
    for (int i = 0; i < REPEATS; i++)
        for (int c = 0; c < N_ALIGNED; c++) {
            double once[N_STEPS];
            run_query(once, m, &cases[c]);
            for (int s = 0; s < N_STEPS; s++) ms[s][c][i] = once[s];
        }
    printf("step, %d tracks\t8 rows ms\t20 rows ms\t60 rows ms\n", N);
    for (int s = 0; s < N_STEPS; s++) {
        printf("%s", step_names[s]);
        for (int c = 0; c < N_ALIGNED; c++) {
            double x = median(ms[s][c], REPEATS);
            sum[c] += x;
            printf("\t%.1f", x);
        }
        printf("\n");
    }
    printf("sum");
    for (int c = 0; c < N_ALIGNED; c++) printf("\t%.1f", sum[c]);
    printf("\n\n");
    fflush(stdout);
}

/* ---- beside others ---------------------------------------------------------------- */

static void print_case(const nd_crate *crate, const query_case *c, const others *o)
{
    int64_t best[BEST];
    double two_ms = scan_ms(crate, c, NULL, THREADS, best);
    double one_ms = scan_ms(crate, c, NULL, 1, best);
    printf("%s\t%lld\t%.2f\t%.2f", c->name, (long long)crate->n, two_ms, one_ms);
    for (int i = 1; i >= 0; i--) {
        const nd_dot8 *dot8 = crate->n > N ? NULL : nd_dot8_at(i);
        if (dot8) printf("\t%.2f", scan_ms(crate, c, dot8, 1, best));
        else printf("\t-");
    }
    printf("\t%s\t%s", o->numpy_ms, o->faiss_ms);
    print_ratio(o->numpy_ms, two_ms);
    print_ratio(o->faiss_ms, one_ms);
    printf("\t%s\n", o->shared);
    fflush(stdout);
}

/* The queries, and what ours found, for NumPy. */
static void write_cases(const made *m)
{
    for (int i = 0; i < N_CASES; i++) {
        char name[64];
        float query[MAX_ROWS * W];
        int64_t best[BEST];
        const query_case *c = &cases[i];
        make_query(query, c);
        scan_ms(c->width == WIDE ? &m->wide : &m->aligned, c, NULL, THREADS, best);
        snprintf(name, sizeof name, "%s.query", c->name);
        FILE *file = create_in(m->folder, name);
        fwrite(query, sizeof *query, (size_t)(ND_MAX(c->n, 1) * c->width), file);
        ND_ASSERT(!fclose(file));
        snprintf(name, sizeof name, "%s.best", c->name);
        file = create_in(m->folder, name);
        fwrite(best, sizeof best, 1, file);
        ND_ASSERT(!fclose(file));
    }
}

static void print_scans(made *m, const char *build)
{
    nd_library *lib = open_library(m, ND_OPEN_READ);
    nd_crate many = {0};
    others found[N_CASES], none = {"-", "-", "-"};
    const char *names[N_CASES];
    int64_t counts[N_CASES];
    ND_ASSERT(!nd_crate_load(&m->aligned, lib, NULL, &model, NULL, NULL));
    nd_library_close(&lib);
    write_cases(m);
    for (int i = 0; i < N_CASES; i++) {
        names[i] = cases[i].name;
        counts[i] = cases[i].n;
    }
    run_others(found, m->folder, build, THREADS, REPEATS, names, counts, N_CASES);
    printf("query\ttracks\tours, 2 threads ms\t1 thread ms\t1 thread, AVX2 ms\t1 thread, plain ms\t"
           "NumPy ms\tFAISS flat ms\tNumPy / ours\tFAISS / ours\tof 100\n");
    for (int i = 0; i < N_CASES; i++)
        print_case(cases[i].width == WIDE ? &m->wide : &m->aligned, &cases[i], &found[i]);
    repeat_crate(&many, &m->aligned, MANY);
    for (int i = 0; i < N_CASES; i++)
        if (cases[i].width != WIDE) print_case(&many, &cases[i], &none);
    nd_crate_deinit(&many);
}

int main(int argc, char **argv)
{
    made m = {0};
    char command[128];
    make_all(&m);
    print_queries(&m);
    print_scans(&m, argc > 1 ? argv[1] : "build");
    nd_crate_deinit(&m.aligned);
    nd_crate_deinit(&m.wide);
    snprintf(command, sizeof command, "rm -rf '%s'", m.folder);
    return system(command) ? 1 : 0;
}
