/* Running a matching model: items to rows, pairs to scores, texts. Each item goes through the model
 * alone, so that its rows are the same whatever is embedded beside it. */
#include <math.h>
#include <string.h>

#include "compute/gemm.h"
#include "embed/embed.h"
#include "embed/tape_jobs.h"

/* What jobs read and write. */
typedef struct {
    nd_params *params;
    const nd_matcher_ops *ops;
    const void *state;
    nd_matcher_size size;
    const nd_item *items;
    nd_rows *rows;
    const nd_item *video;
    const int32_t *offsets;
    int64_t n_pairs;
    float *out;
} run;

static int told(int rc, const char *what, nd_diag *diag)
{
    return rc ? nd_diag_set(diag, rc, "%s: %s", what, nd_error_text(rc)) : 0;
}

static run start_run(nd_matcher *m)
{
    return (run){.params = nd_matcher_params(m),
                 .ops = nd_matcher_ops_of(m),
                 .state = nd_matcher_state(m),
                 .size = nd_matcher_size_of(m)};
}

/* ---- rows ---------------------------------------------------------------------- */

/* n clips of an item, from the given one on. */
static nd_item stretch(const nd_item *item, int first, int n, int64_t D)
{
    nd_item s = *item;
    s.C = n;
    s.clips += first * D;
    if (s.pulse) s.pulse += 3 * (ptrdiff_t)first;
    if (s.classes) s.classes += 3 * (ptrdiff_t)first;
    return s;
}

/* Windows of max_clips, one after another. */
static int64_t count_rows(const run *r, int C)
{
    int64_t n = 0;
    for (int at = 0; at < C; at += r->size.max_clips)
        n += r->ops->rows(r->state, ND_MIN(C - at, r->size.max_clips));
    return n;
}

static void add_whole(float *sum, const nd_tensor *whole, int64_t U)
{
    for (int64_t u = 0; whole && u < U; u++) sum[u] += whole->data[u];
}

static int embed_item(void *user, nd_tape *t, int64_t index)
{
    run *r = user;
    const nd_item *item = &r->items[index];
    nd_matcher_size size = r->size;
    int64_t D = item->medium == ND_MUSIC ? size.D_music : size.D_video;
    float *rows = r->rows->rows + r->rows->first[index] * size.W;
    float *whole = r->rows->whole ? r->rows->whole + index * size.U : NULL;
    for (int at = 0; at < item->C; at += size.max_clips) {
        nd_item s = stretch(item, at, ND_MIN(item->C - at, size.max_clips), D);
        nd_joint joint = {0};
        nd_tape_begin(t, &(nd_pass){0});
        if (r->ops->embed(r->state, t, r->params, 0, &s, 1, &joint)) return nd_tape_status(t);
        int64_t n = r->ops->rows(r->state, s.C) * size.W;
        memcpy(rows, joint.rows->data, (size_t)n * sizeof(float));
        rows += n;
        if (whole) add_whole(whole, joint.whole, size.U);
    }
    if (whole) nd_vec_normalise(whole, (int)size.U);
    return 0;
}

static int allocate_rows(nd_rows *rows, const run *r, int64_t n)
{
    rows->n = n;
    rows->W = r->size.W;
    rows->U = r->size.U;
    rows->first = nd_calloc((size_t)n + 1, sizeof *rows->first);
    if (!rows->first) return ND_ENOMEM;
    for (int64_t i = 0; i < n; i++)
        rows->first[i + 1] = rows->first[i] + count_rows(r, r->items[i].C);
    rows->rows = nd_calloc((size_t)(rows->first[n] * rows->W) + 1, sizeof(float));
    if (rows->U) rows->whole = nd_calloc((size_t)(n * rows->U) + 1, sizeof(float));
    return rows->rows && (!rows->U || rows->whole) ? 0 : ND_ENOMEM;
}

void nd_rows_deinit(nd_rows *rows)
{
    free(rows->first);
    free(rows->rows);
    free(rows->whole);
    *rows = (nd_rows){0};
}

int nd_matcher_embed(nd_rows *out, nd_matcher *m, const nd_item *items, int64_t n, int n_threads,
                     const nd_progress *progress, nd_diag *diag)
{
    run r = start_run(m);
    nd_rows rows = {0};
    r.items = items;
    r.rows = &rows;
    int rc = allocate_rows(&rows, &r, n);
    if (!rc) rc = nd__tape_jobs(n, n_threads, embed_item, &r, "embedding items", progress);
    rc = told(rc, "embedding items", diag);
    if (rc) nd_rows_deinit(&rows);
    else *out = rows;
    return rc;
}

/* ---- pairs ---------------------------------------------------------------------- */

enum { PAIRS_A_JOB = 16 };

static int score_pairs(void *user, nd_tape *t, int64_t index)
{
    run *r = user;
    nd_item videos[PAIRS_A_JOB];
    int64_t from = index * PAIRS_A_JOB;
    int n = (int)ND_MIN(PAIRS_A_JOB, r->n_pairs - from);
    for (int i = 0; i < n; i++) videos[i] = *r->video;
    nd_tape_begin(t, &(nd_pass){0});
    nd_tensor *logits = r->ops->pair(r->state, t, r->params, 0, videos, r->items + from,
                                     r->offsets + from, n);
    if (!logits) return nd_tape_status(t);
    for (int i = 0; i < n; i++) r->out[from + i] = 1 / (1 + expf(-logits->data[i]));
    return 0;
}

int nd_matcher_pair(float *out, nd_matcher *m, const nd_item *video, const nd_item *tracks,
                    const int32_t *offsets, int64_t n, int n_threads, nd_diag *diag)
{
    run r = start_run(m);
    if (!r.size.has_pair)
        return nd_diag_set(diag, ND_EARG, "scoring pairs: a model that looks at two expected");
    int64_t n_jobs = (n + PAIRS_A_JOB - 1) / PAIRS_A_JOB;
    r.video = video;
    r.items = tracks;
    r.offsets = offsets;
    r.n_pairs = n;
    r.out = out;
    int rc = nd__tape_jobs(n_jobs, n_threads, score_pairs, &r, "scoring pairs", NULL);
    return told(rc, "scoring pairs", diag);
}

/* ---- texts ---------------------------------------------------------------------- */

int nd_matcher_text(float *out, nd_matcher *m, const float *texts, int64_t n, nd_diag *diag)
{
    run r = start_run(m);
    nd_tape *t = NULL;
    if (!r.size.E)
        return nd_diag_set(diag, ND_EARG, "embedding texts: a model that knows texts expected");
    int rc = nd_tape_create(&t, NULL, 0, 0),
        threads = nd_gemm_threads(1); /* others would spin on */
    if (!rc) {
        nd_tape_begin(t, &(nd_pass){0});
        nd_tensor *y = r.ops->text(r.state, t, r.params, 0, texts, (int)n);
        if (y) memcpy(out, y->data, (size_t)(n * r.size.U) * sizeof(float));
        else rc = nd_tape_status(t);
    }
    nd_gemm_threads(threads);
    nd_tape_destroy(&t);
    return told(rc, "embedding texts", diag);
}

/* ---- scores --------------------------------------------------------------------- */

static double dot(const float *a, const float *b, int64_t n)
{
    float sum = 0;
    for (int64_t i = 0; i < n; i++) sum += a[i] * b[i];
    return (double)sum;
}

float nd_rows_score(const float *video, int64_t n, const float *track, int64_t r, int64_t W,
                    int64_t *offset_out)
{
    int64_t n_offsets = r >= n ? r - n + 1 : r, best_at = 0;
    double best = -INFINITY;
    for (int64_t o = 0; o < n_offsets; o++) {
        double sum = 0;
        for (int64_t k = 0; k < n; k++) sum += dot(video + k * W, track + (o + k) % r * W, W);
        if (sum <= best) continue;
        best = sum;
        best_at = o;
    }
    if (offset_out) *offset_out = best_at;
    return (float)(best / (double)n);
}
