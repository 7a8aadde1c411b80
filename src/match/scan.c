/* Crates, and scans over them: a block of tracks is a job. */
#define _GNU_SOURCE
#include <math.h>
#include <string.h>
#include <sys/mman.h>

#include "compute/dot8.h"
#include "match/library.h"
#include "match/scan.h"

/* ---- crates ----------------------------------------------------------------- */

/* Rows are a hundred megabytes and more, all of them new memory: in pages of 4 kB, and moved as
 * they grow, a third of the time of loading went into that. */
enum { LARGE_PAGE = 2 << 20, BLOCK_BYTES = 8 * LARGE_PAGE };

static int add_block(nd_crate *c, size_t least)
{
    size_t bytes = ND_MAX(least, (size_t)BLOCK_BYTES);
    bytes = (bytes + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
    int rc = nd_grow(&c->blocks, &c->capacity_blocks, c->n_blocks, 1, sizeof *c->blocks);
    int8_t *block = rc ? NULL : aligned_alloc(LARGE_PAGE, bytes);
    if (!block) return ND_ENOMEM;
    madvise(block, bytes, MADV_HUGEPAGE); /* a hint: without it all is well, too */
    c->blocks[c->n_blocks++] = block;
    c->block_used = 0;
    c->block_bytes = bytes;
    return 0;
}

/* Room for a track of so many bytes more, and for what is read behind the last. */
static int reserve(nd_crate *c, size_t bytes)
{
    size_t n = (size_t)c->n, slack = ND_DOT8_STEP;
    int rc = nd_grow(&c->tracks, &c->capacity_tracks, n, 1, sizeof *c->tracks);
    if (!rc) rc = nd_grow(&c->whole, &c->capacity_whole, n * (size_t)c->U, (size_t)c->U + slack, 1);
    if (!rc && bytes + slack > c->block_bytes - c->block_used) rc = add_block(c, bytes + slack);
    return rc;
}

int nd_crate_add(nd_crate *c, int64_t id, int64_t n_rows, const void *packed, size_t bytes)
{
    nd_packed p;
    if (nd_packed_read(&p, packed, bytes, n_rows, c->W, c->U)) {
        c->n_refused++;
        return 0;
    }
    size_t row_bytes = (size_t)(n_rows * c->W);
    int rc = reserve(c, row_bytes);
    if (rc) return rc;
    int8_t *rows = c->blocks[c->n_blocks - 1] + c->block_used, *whole = c->whole + c->n * c->U;
    memcpy(rows, p.rows, row_bytes);
    memcpy(whole, p.whole, (size_t)c->U);
    memset(rows + row_bytes, 0, ND_DOT8_STEP);
    memset(whole + c->U, 0, ND_DOT8_STEP);
    c->tracks[c->n++] = (nd_crate_track){.id = id,
                                         .rows = rows,
                                         .n_rows = (int32_t)n_rows,
                                         .scale = p.scale,
                                         .whole_scale = p.whole_scale};
    c->block_used += row_bytes;
    return 0;
}

static int add_stored(void *user, const nd_stored_joint *joint)
{
    return nd_crate_add(user, joint->track_id, joint->n_rows, joint->data, joint->bytes);
}

int nd_crate_load(nd_crate *c, nd_library *lib, const nd_filter *filter,
                  const nd_stored_model *model, const nd_log *log, nd_diag *diag)
{
    int rc = nd_filter_check(filter, diag);
    c->W = model->W;
    c->U = model->U;
    if (!rc) rc = lib->ops->each_joint(lib->store, filter, model->fingerprint, add_stored, c, diag);
    if (rc == ND_ENOMEM) nd_diag_set(diag, rc, "reading a library for a scan: out of memory");
    if (!rc) nd_crate_warn(c, log);
    return rc;
}

void nd_crate_warn(const nd_crate *c, const nd_log *log)
{
    if (!c->n_refused) return;
    nd_log_line(log, ND_LOG_WARNING,
                "leaving out %lld tracks: %lld values a row of the model expected, found others",
                (long long)c->n_refused, (long long)c->W);
}

void nd_crate_deinit(nd_crate *c)
{
    for (size_t i = 0; i < c->n_blocks; i++) free(c->blocks[i]);
    free(c->blocks);
    free(c->tracks);
    free(c->whole);
    *c = (nd_crate){0};
}

/* ---- scans --------------------------------------------------------------------- */

enum { BLOCK_TRACKS = 1024, PLACES = 64 };

/* A scan under way. */
typedef struct {
    const nd_crate *c;
    const nd_dot8 *dot8;
    float *scores;
    int32_t *offsets;
    int8_t *query; /* [padded] its bytes, zeros behind */
    int64_t n, bytes, padded;
    float scale; /* of the query; of rows divided by n, for the mean */
} scan;

static int64_t padded_bytes(int64_t bytes)
{
    return (bytes + ND_DOT8_STEP - 1) / ND_DOT8_STEP * ND_DOT8_STEP;
}

/* The query as bytes. @return 0; ND_ELIMIT; ND_ENOMEM */
static int scan_init(scan *s, const nd_crate *c, const float *query, int64_t n, int64_t width,
                     nd_diag *diag)
{
    ND_ASSERT(n >= 1 && width >= 1);
    if (n > ND_DOT8_MAX / width)
        return nd_diag_set(diag, ND_ELIMIT,
                           "scanning: a query of at most %d rows expected, %lld found",
                           (int)(ND_DOT8_MAX / width), (long long)n);
    *s = (scan){.c = c, .dot8 = nd_dot8_get(), .n = n, .bytes = n * width};
    s->padded = padded_bytes(s->bytes);
    s->query = nd_calloc((size_t)s->padded, 1);
    if (!s->query) return nd_diag_set(diag, ND_ENOMEM, "scanning: out of memory");
    s->scale = nd_pack(s->query, query, s->bytes) / (float)n;
    return 0;
}

/* The best of n_places places along rows. */
static int32_t best_place(const scan *s, const int8_t *rows, int64_t n_places, int32_t *offset)
{
    int32_t best = INT32_MIN, sums[PLACES];
    for (int64_t at = 0; at < n_places; at += PLACES) {
        int64_t n = ND_MIN(n_places - at, PLACES), W = s->c->W;
        s->dot8->slide(sums, s->query, rows + at * W, s->padded, W, n);
        for (int64_t i = 0; i < n; i++)
            if (sums[i] > best) {
                best = sums[i];
                *offset = (int32_t)(at + i);
            }
    }
    return best;
}

/* A track of fewer rows than the query, repeated until the query fits at its last row. */
static void loop_track(const scan *s, int8_t *looped, const int8_t *rows, int64_t n_rows)
{
    int64_t W = s->c->W;
    for (int64_t row = 0; row < n_rows + s->n - 1; row++)
        memcpy(looped + row * W, rows + row % n_rows * W, (size_t)W);
}

static void scan_track(const scan *s, int64_t i, int8_t *looped)
{
    const nd_crate_track *t = &s->c->tracks[i];
    const int8_t *rows = t->rows;
    int64_t n_places = t->n_rows - s->n + 1;
    int32_t offset = 0;
    if (n_places < 1) {
        loop_track(s, looped, rows, t->n_rows);
        rows = looped;
        n_places = t->n_rows;
    }
    int32_t best = best_place(s, rows, n_places, &offset);
    s->scores[i] = s->scale * t->scale * (float)best;
    if (s->offsets) s->offsets[i] = offset;
}

/* A job of nd_parallel: a block of tracks. */
static int scan_block(void *user, int64_t block)
{
    const scan *s = user;
    int64_t end = ND_MIN((block + 1) * BLOCK_TRACKS, s->c->n);
    int8_t *looped = nd_calloc((size_t)(2 * s->bytes + ND_DOT8_STEP), 1);
    if (!looped) return ND_ENOMEM;
    for (int64_t i = block * BLOCK_TRACKS; i < end; i++) scan_track(s, i, looped);
    free(looped);
    return 0;
}

/* A job too: inner products with wholes, which follow one another. */
static int scan_wholes(void *user, int64_t block)
{
    const scan *s = user;
    int64_t U = s->c->U, end = ND_MIN((block + 1) * BLOCK_TRACKS, s->c->n);
    for (int64_t i = block * BLOCK_TRACKS; i < end; i += PLACES) {
        int32_t sums[PLACES];
        int64_t n = ND_MIN(end - i, PLACES);
        s->dot8->slide(sums, s->query, s->c->whole + i * U, s->padded, U, n);
        for (int64_t k = 0; k < n; k++)
            s->scores[i + k] = s->scale * s->c->tracks[i + k].whole_scale * (float)sums[k];
    }
    return 0;
}

static int run_scan(scan *s, int (*job)(void *user, int64_t block), int n_threads, nd_diag *diag)
{
    int64_t n_blocks = (s->c->n + BLOCK_TRACKS - 1) / BLOCK_TRACKS;
    int rc = nd_parallel(n_blocks, n_threads > 0 ? n_threads : nd_core_count(), job, s);
    free(s->query);
    return rc ? nd_diag_set(diag, rc, "scanning: out of memory") : 0;
}

int nd_scan_rows(float *scores, int32_t *offsets, const nd_crate *c, const float *query, int64_t n,
                 int n_threads, nd_diag *diag)
{
    scan s;
    if (!c->n) return 0;
    int rc = scan_init(&s, c, query, n, c->W, diag);
    if (rc) return rc;
    s.scores = scores;
    s.offsets = offsets;
    return run_scan(&s, scan_block, n_threads, diag);
}

int nd_scan_whole(float *scores, const nd_crate *c, const float *query, int n_threads,
                  nd_diag *diag)
{
    scan s;
    if (!c->n) return 0;
    int rc = scan_init(&s, c, query, 1, c->U, diag);
    if (rc) return rc;
    s.scores = scores;
    return run_scan(&s, scan_wholes, n_threads, diag);
}

/* ---- the best ------------------------------------------------------------------ */

static bool is_better(const float *scores, int64_t a, int64_t b)
{
    float x = isnan(scores[a]) ? -INFINITY : scores[a],
          y = isnan(scores[b]) ? -INFINITY : scores[b];
    return x != y ? x > y : a < b;
}

/* Let the index at `at` sink until none below it is worse: the worst is at the top. */
static void sink(int64_t *heap, int64_t n, int64_t at, const float *scores)
{
    int64_t index = heap[at];
    for (int64_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && is_better(scores, heap[child], heap[child + 1])) child++;
        if (is_better(scores, heap[child], index)) break;
        heap[at] = heap[child];
    }
    heap[at] = index;
}

int64_t nd_scan_best(int64_t *best, int64_t K, const float *scores, int64_t n)
{
    int64_t k = ND_MIN(K, n);
    if (k < 1) return 0;
    for (int64_t i = 0; i < k; i++) best[i] = i;
    for (int64_t i = k / 2; i-- > 0;) sink(best, k, i, scores);
    for (int64_t i = k; i < n; i++) {
        if (!is_better(scores, i, best[0])) continue;
        best[0] = i;
        sink(best, k, 0, scores);
    }
    for (int64_t left = k - 1; left > 0; left--) { /* the worst goes to the end */
        int64_t worst = best[0];
        best[0] = best[left];
        best[left] = worst;
        sink(best, left, 0, scores);
    }
    return k;
}
