/* Made tracks as a model sees them, for bench/scan and bench/query: the same vectors in both. Rows
 * wander about one of CENTRES directions. */
#ifndef ND_BENCH_MADE_ROWS_H
#define ND_BENCH_MADE_ROWS_H

#include <math.h>
#include <string.h>

#include "match/scan.h"

enum { CENTRES = 500, MIN_ROWS = 7, MAX_ROWS = 60, WIDEST = 256 };

static inline void unit(float *x, int n)
{
    float sum = 0;
    for (int i = 0; i < n; i++) sum += x[i] * x[i];
    for (int i = 0; i < n; i++) x[i] /= sqrtf(sum);
}

/* n unit rows: each keeps some of the one before, all lean towards a centre.
 * @param seed  the same gives the same */
static inline void make_rows(float *rows, int64_t n, int width, uint64_t seed)
{
    nd_rng rng, centre;
    nd_rng_init(&rng, seed, 1);
    nd_rng_init(&centre, (uint64_t)nd_rng_int(&rng, 1, CENTRES), 2);
    float lean[WIDEST], walk[WIDEST];
    for (int i = 0; i < width; i++) lean[i] = walk[i] = (float)nd_rng_normal(&centre);
    for (int64_t k = 0; k < n; k++, rows += width) {
        for (int i = 0; i < width; i++) {
            walk[i] = 0.7f * walk[i] + 0.7f * (float)nd_rng_normal(&rng);
            rows[i] = 0.8f * lean[i] + walk[i];
        }
        unit(rows, width);
    }
}

static inline int64_t rows_of(int64_t i)
{
    nd_rng rng;
    nd_rng_init(&rng, (uint64_t)i, 3);
    return nd_rng_int(&rng, MIN_ROWS, MAX_ROWS);
}

static inline int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static inline double median(double *x, int n)
{
    qsort(x, (size_t)n, sizeof *x, compare_doubles);
    return x[n / 2];
}

/* A crate of the tracks of another, `times` times. */
static inline void repeat_crate(nd_crate *out, const nd_crate *c, int64_t times)
{
    uint8_t packed[ND_PACKED_HEAD_BYTES + WIDEST + MAX_ROWS * WIDEST];
    out->W = c->W;
    out->U = c->U;
    for (int64_t i = 0; i < times * c->n; i++) {
        const nd_crate_track *t = &c->tracks[i % c->n];
        memcpy(packed, &t->scale, 4);
        memcpy(packed + 4, &t->whole_scale, 4);
        memcpy(packed + ND_PACKED_HEAD_BYTES, c->whole + i % c->n * c->U, (size_t)c->U);
        memcpy(packed + ND_PACKED_HEAD_BYTES + c->U, t->rows, (size_t)(t->n_rows * c->W));
        ND_ASSERT(
            !nd_crate_add(out, t->id, t->n_rows, packed, nd_packed_bytes(t->n_rows, c->W, c->U)));
    }
}

/* A file of a folder, to write. */
static inline FILE *create_in(const char *folder, const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    ND_ASSERT(file);
    return file;
}

/* What bench/scan_numpy.py found for a case. */
typedef struct {
    char numpy_ms[16], faiss_ms[16], shared[16]; /* "-": not there */
} others;

/* Run bench/scan_numpy.py on the vectors of a folder.
 * @param found  [n]  @param names, rows  [n] its cases */
static inline void run_others(others *found, const char *folder, const char *build, int threads,
                              int repeats, const char *const *names, const int64_t *rows, int n)
{
    char command[512], name[32];
    int at = snprintf(
        command, sizeof command,
        "OMP_NUM_THREADS=%d LD_PRELOAD=%s/bench/sgemm_shim.so bench/scan_numpy.py %s %d", threads,
        build, folder, repeats);
    for (int i = 0; i < n; i++) {
        found[i] = (others){"-", "-", "-"};
        at += snprintf(command + at, sizeof command - (size_t)at, " %s:%lld", names[i],
                       (long long)rows[i]);
    }
    FILE *pipe = popen(command, "r");
    for (int i = 0; pipe && i < n; i++) {
        others o;
        if (fscanf(pipe, "%31s %15s %15s %15s", name, o.numpy_ms, o.faiss_ms, o.shared) != 4) break;
        ND_ASSERT(!strcmp(name, names[i]));
        found[i] = o;
    }
    if (!pipe || pclose(pipe)) fprintf(stderr, "NumPy skipped: bench/scan_numpy.py failed\n");
}

static inline void print_ratio(const char *theirs_ms, double ours_ms)
{
    if (*theirs_ms == '-') printf("\t-");
    else printf("\t%.1f", strtod(theirs_ms, NULL) / ours_ms);
}

#endif
