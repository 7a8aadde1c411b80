/* A library's tracks in memory as a matching model sees them, and a query against all of them.
 *
 * The rows of tracks follow one another as bytes, so the mean of aligned inner products at a place
 * is one sum of products over a stretch of bytes, and a library is scanned at the speed of memory.
 * Sums are exact integers: same scores at any number of threads, on any processor.
 *
 * How a ranking uses it:
 *     nd_crate c = {0};
 *     nd_crate_load(&c, library, filter, &model, log, diag);
 *     nd_scan_rows(scores, offsets, &c, video_rows, n_video_rows, n_threads, diag);
 *     n = nd_scan_best(best, 100, scores, c.n);
 *     for (i < n) store_ops.get_track(.. c.tracks[best[i]].id ..)   details of these alone
 *     nd_crate_deinit(&c);
 * and another pass of nd_scan_whole (words) may be added to the scores in between. */
#ifndef ND_MATCH_SCAN_H
#define ND_MATCH_SCAN_H

#include "match/joint.h"
#include "match/store.h"

/** A track to be scanned. */
typedef struct nd_crate_track {
    int64_t id;
    const int8_t *rows; /* [n_rows, W] of the crate's, and bytes that may be read behind them */
    int32_t n_rows;
    float scale, whole_scale;
} nd_crate_track;

/** Tracks to be scanned. Zeroed is empty; set W and U before the first nd_crate_add. */
typedef struct nd_crate {
    int64_t W, U;                             /* widths of a row, of a whole; U 0: it has none */
    int64_t n;                                /* tracks */
    int64_t n_refused;                        /* that did not fit: another program spoilt them */
    nd_crate_track *tracks;                   /* [n] */
    int8_t *whole;                            /* [n, U], and bytes that may be read behind them */
    int8_t **blocks;                          /* [n_blocks] where the rows lie */
    size_t n_blocks, block_used, block_bytes; /* of the last */
    size_t capacity_tracks, capacity_whole, capacity_blocks;
} nd_crate;

/** Add a track that nd_packed_write made.
 *  @param packed  [bytes], borrowed; one that does not fit is counted and left out
 *  @return 0; ND_ENOMEM (the crate as it was). */
int nd_crate_add(nd_crate *c, int64_t id, int64_t n_rows, const void *packed, size_t bytes);

/** Read all tracks that pass a filter and were embedded by a model, in order of id.
 *  @param c  empty
 *  @param model  fingerprint and widths: tracks of another model are not there, those of other
 *     widths are refused
 *  @param log  gets a warning where some were refused; NULL: none
 *  @return 0; as nd_library_each; ND_ENOMEM. c then holds some: deinit it.
 *  Threads: as the library. Cost: docs/storage.md. */
int nd_crate_load(nd_crate *c, nd_library *lib, const nd_filter *filter,
                  const nd_stored_model *model, const nd_log *log, nd_diag *diag);

/** What nd_crate_load says where some were refused: for one that was loaded without a log. */
void nd_crate_warn(const nd_crate *c, const nd_log *log);

void nd_crate_deinit(nd_crate *c);

/** How a query's rows lie best along every track's: nd_rows_score of embed/matcher.h, of bytes.
 *  @param scores  [c->n] -1 .. 1 (about: of rounded vectors)
 *  @param offsets  [c->n] row of the track where the query begins, the earliest of the best; NULL:
 *     not asked
 *  @param query  [n, W] unit rows, n 1 or more  @param n_threads  0: one a core
 *  @return 0; ND_ELIMIT: more than ND_DOT8_MAX bytes of query (2,048 rows of 32, over two hours);
 *  ND_ENOMEM. scores and offsets then hold anything.
 *  Threads: safe, crates are only read. Cost: rows of the crate * n * W. */
int nd_scan_rows(float *scores, int32_t *offsets, const nd_crate *c, const float *query, int64_t n,
                 int n_threads, nd_diag *diag);

/** Inner products of a query with every track's whole: for texts.
 *  @param scores  [c->n]  @param query  [U] unit, U of the crate 1 or more
 *  @return 0; ND_ENOMEM. Threads: safe. */
int nd_scan_whole(float *scores, const nd_crate *c, const float *query, int n_threads,
                  nd_diag *diag);

/** The K best of n scores, falling; where equal, the lower index first.
 *  @param best  [K] indexes  @return how many: the smaller of K and n. A score that is no number
 *  comes last. Threads: safe. Allocates: no. Cost: n, and log K for each that gets in. */
int64_t nd_scan_best(int64_t *best, int64_t K, const float *scores, int64_t n);

#endif
