/* Scans beside nd_rows_score, the formula in floats: scores, places, the best, what is refused. */
#include <math.h>

#include "../test.h"
#include "compute/dot8.h"
#include "match/match.h"

enum { W = 32, U = 64, MAX_ROWS = 61, N = 2500 };

typedef struct {
    int64_t n;
    float *rows;  /* [n, W] */
    float *whole; /* [U] */
} track;

static void unit(float *x, int n)
{
    float sum = 0;
    for (int i = 0; i < n; i++) sum += x[i] * x[i];
    for (int i = 0; i < n; i++) x[i] /= sqrtf(sum);
}

/* Rows about one of 40 centres, each near the one before. */
static track make_track(nd_rng *rng, int64_t n)
{
    track t = {n, nd_calloc((size_t)n * W, sizeof(float)), nd_calloc(U, sizeof(float))};
    nd_rng centre;
    nd_rng_init(&centre, 5, (uint64_t)nd_rng_int(rng, 0, 39));
    float base[W];
    for (int i = 0; i < W; i++) base[i] = (float)nd_rng_normal(&centre);
    for (int64_t k = 0; k < n; k++) {
        for (int i = 0; i < W; i++) t.rows[k * W + i] = base[i] + (float)nd_rng_normal(rng);
        unit(t.rows + k * W, W);
    }
    for (int i = 0; i < U; i++) t.whole[i] = (float)nd_rng_normal(rng);
    unit(t.whole, U);
    return t;
}

static int add(nd_crate *c, int64_t id, const track *t)
{
    size_t bytes = nd_packed_bytes(t->n, W, U);
    uint8_t *packed = malloc(bytes);
    nd_packed_write(packed, t->rows, t->n, W, t->whole, U);
    int rc = nd_crate_add(c, id, t->n, packed, bytes);
    free(packed);
    return rc;
}

static track tracks[N];
static nd_crate crate = {.W = W, .U = U};
static float scores[N], other_scores[N], expected[N];
static int32_t offsets[N];

static void make_crate(void)
{
    nd_rng rng;
    nd_rng_init(&rng, 3, 0);
    int rc = 0;
    for (int i = 0; i < N; i++) {
        tracks[i] = make_track(&rng, nd_rng_int(&rng, 1, MAX_ROWS));
        rc |= add(&crate, 2 * i + 1, &tracks[i]);
    }
    CHECK("crate", rc == 0 && crate.n == N && crate.tracks[7].id == 15, "%lld", (long long)crate.n);
}

static int n_shared(const int64_t *a, const int64_t *b, int n)
{
    int found = 0;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < n; k++) found += a[i] == b[k];
    return found;
}

/* Queries shorter and longer than the tracks: rounding aside, the formula. */
static void check_rows(int n_query)
{
    enum { TOP = 100 };
    char name[48];
    nd_rng rng;
    nd_rng_init(&rng, 4, (uint64_t)n_query);
    track query = make_track(&rng, n_query);
    int rc = nd_scan_rows(scores, offsets, &crate, query.rows, query.n, 2, NULL);
    double error = 0, misplaced = 0;
    for (int i = 0; i < N; i++) {
        int64_t offset = 0, found = offsets[i];
        expected[i] = nd_rows_score(query.rows, query.n, tracks[i].rows, tracks[i].n, W, &offset);
        error = fmax(error, fabs((double)(scores[i] - expected[i])));
        misplaced += found != offset;
    }
    snprintf(name, sizeof name, "score_of_%d_rows", n_query);
    CHECK(name, rc == 0 && error < 0.02 / sqrt(n_query), "%g", error);
    snprintf(name, sizeof name, "places_of_%d_rows", n_query);
    CHECK(name, misplaced < 0.02 * N, "%g of %d", misplaced, N);
    int64_t a[TOP], b[TOP];
    nd_scan_best(a, TOP, scores, N);
    nd_scan_best(b, TOP, expected, N);
    snprintf(name, sizeof name, "best_100_of_%d_rows", n_query);
    CHECK(name, n_shared(a, b, TOP) >= 97, "%d", n_shared(a, b, TOP));
    free(query.rows);
    free(query.whole);
}

/* A query cut out of a track lies where it was cut. */
static void check_part(void)
{
    int i = 0;
    while (tracks[i].n < 30) i++;
    int rc = nd_scan_rows(scores, offsets, &crate, tracks[i].rows + 11 * W, 9, 0, NULL);
    int64_t best;
    nd_scan_best(&best, 1, scores, N);
    CHECK("a_part_finds_its_track", rc == 0 && best == i && offsets[i] == 11, "%lld at %d",
          (long long)best, offsets[i]);
    CHECK_NEAR("a_part_is_equal", scores[i], 1, 0.01);
}

/* Same bytes at any number of threads, under any instruction set. */
static void check_same(void)
{
    const track *q = &tracks[5];
    nd_scan_rows(scores, offsets, &crate, q->rows, q->n, 1, NULL);
    nd_scan_rows(other_scores, NULL, &crate, q->rows, q->n, 7, NULL);
    CHECK("same_on_7_threads", !memcmp(scores, other_scores, sizeof scores), "others");
    for (int i = 0; nd_dot8_at(i); i++) {
        char name[32];
        nd_dot8_use(nd_dot8_at(i));
        nd_scan_rows(other_scores, NULL, &crate, q->rows, q->n, 2, NULL);
        snprintf(name, sizeof name, "same_under_%s", nd_dot8_at(i)->name);
        CHECK(name, !memcmp(scores, other_scores, sizeof scores), "others");
    }
    nd_dot8_use(NULL);
}

static void check_whole(void)
{
    int rc = nd_scan_whole(scores, &crate, tracks[9].whole, 2, NULL);
    double error = 0;
    for (int i = 0; i < N; i++) {
        double sum = 0;
        for (int k = 0; k < U; k++) sum += tracks[9].whole[k] * tracks[i].whole[k];
        error = fmax(error, fabs(sum - (double)scores[i]));
    }
    CHECK("whole", rc == 0 && error < 0.01, "%g", error);
}

static void check_refused(void)
{
    nd_crate c = {.W = W, .U = U};
    nd_diag diag = {0};
    float *query = nd_calloc(3000 * W, sizeof *query);
    CHECK("empty_crate", nd_scan_rows(NULL, NULL, &c, query, 1, 1, NULL) == 0, "failed");
    static uint8_t packed[8 + U + W];
    CHECK("refused_track",
          nd_crate_add(&c, 1, 2, packed, sizeof packed) == 0 && c.n == 0 && c.n_refused == 1,
          "%lld", (long long)c.n);
    nd_crate_add(&c, 1, 1, packed, sizeof packed);
    int rc = nd_scan_rows(scores, offsets, &c, query, 3000, 1, &diag);
    CHECK("query_too_long", rc == ND_ELIMIT && strstr(diag.text, "2048"), "%s", diag.text);
    for (int i = 0; i < W; i++) query[i] = NAN;
    rc = nd_scan_rows(scores, offsets, &c, query, 2048, 1, NULL);
    CHECK("query_of_no_numbers", rc == 0 && scores[0] == 0 && offsets[0] == 0, "%g", scores[0]);
    free(query);
    nd_crate_deinit(&c);
    CHECK("deinit_leaves_nothing", !c.tracks && !c.n, "something");
}

static void check_best(void)
{
    static const float x[] = {1, 3, NAN, 3, -INFINITY, 2, 3, 0};
    static const int64_t order[] = {1, 3, 6, 5, 0, 7, 2, 4};
    for (int64_t k = 0; k <= 9; k++) {
        int64_t best[9] = {0}, n = nd_scan_best(best, k, x, 8);
        char name[32];
        snprintf(name, sizeof name, "best_%lld", (long long)k);
        CHECK(name, n == ND_MIN(k, 8) && !memcmp(best, order, (size_t)n * sizeof *best),
              "%lld first %lld", (long long)n, (long long)best[0]);
    }
}

int main(void)
{
    make_crate();
    check_refused();
    check_best();
    check_rows(1);
    check_rows(2);
    check_rows(20);
    check_rows(75);
    check_part();
    check_same();
    check_whole();
    nd_crate_deinit(&crate);
    for (int i = 0; i < N; i++) {
        free(tracks[i].rows);
        free(tracks[i].whole);
    }
    TEST_END();
}
