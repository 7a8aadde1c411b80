/* Searching the validation split: which place has the track of each video among all tracks. */
#include <string.h>

#include "compute/gemm.h"
#include "learn/metrics.h"
#include "learn/train.h"

/* ---- the gallery ----------------------------------------------------------------- */

static int no_memory(nd_diag *diag)
{
    return nd_diag_set(diag, ND_ENOMEM, "validating: out of memory");
}

static int add_tracks(nd_train_gallery *g, const nd_items *items, int32_t *place_of, int32_t *files)
{
    g->n_tracks = nd_items_tracks(items, ND_VAL, files);
    g->tracks = nd_calloc((size_t)g->n_tracks, sizeof *g->tracks);
    if (!g->tracks) return ND_ENOMEM;
    for (int i = 0; i < g->n_tracks; i++) {
        g->tracks[i] = *nd_items_at(items, files[i]);
        place_of[nd_items_same(items, files[i])] = i;
    }
    return 0;
}

static int add_videos(nd_train_gallery *g, const nd_items *items, const nd_train_pairs *pairs,
                      const int32_t *place_of)
{
    g->videos = nd_calloc((size_t)pairs->n, sizeof *g->videos);
    g->right = nd_calloc((size_t)pairs->n, sizeof *g->right);
    if (!g->videos || !g->right) return ND_ENOMEM;
    for (int i = 0; i < pairs->n; i++) {
        g->videos[i] = *nd_items_at(items, pairs->pairs[i].video);
        g->right[i] = place_of[pairs->pairs[i].track];
    }
    g->n_videos = pairs->n;
    return 0;
}

int nd__train_gallery_make(nd_train_gallery *out, const nd_corpus *corpus, const nd_items *items,
                           int *n_left_out, nd_diag *diag)
{
    nd_train_gallery g = {0};
    nd_train_pairs pairs = {0};
    int rc = nd_train_pairs_make(&pairs, corpus, items, NULL, ND_VAL, diag);
    if (rc) return rc;
    size_t n = (size_t)nd_items_count(items);
    int32_t *place_of = nd_calloc(n, 2 * sizeof *place_of);
    if (!place_of) rc = ND_ENOMEM;
    if (!rc) rc = add_tracks(&g, items, place_of, place_of + n);
    if (!rc) rc = add_videos(&g, items, &pairs, place_of);
    *n_left_out += pairs.n_left_out;
    free(place_of);
    nd_train_pairs_deinit(&pairs);
    if (!rc) *out = g;
    else nd__train_gallery_deinit(&g);
    return rc ? no_memory(diag) : 0;
}

void nd__train_gallery_deinit(nd_train_gallery *g)
{
    free(g->videos);
    free(g->right);
    free(g->tracks);
    *g = (nd_train_gallery){0};
}

/* ---- the search ------------------------------------------------------------------ */

typedef struct {
    const nd_train_gallery *gallery;
    nd_rows videos, tracks;
    float *scores, *grades; /* [n_videos, n_tracks] */
    double *ranks;          /* [n_videos] */
} search;

static int search_for(void *user, int64_t video)
{
    search *s = user;
    int64_t G = s->tracks.n, W = s->tracks.W;
    const int64_t *at = s->videos.first + video;
    float *scores = s->scores + video * G, *grades = s->grades + video * G;
    for (int64_t i = 0; i < G; i++) {
        const int64_t *first = s->tracks.first + i;
        scores[i] = nd_rows_score(s->videos.rows + at[0] * W, at[1] - at[0],
                                  s->tracks.rows + first[0] * W, first[1] - first[0], W, NULL);
        grades[i] = i == s->gallery->right[video];
    }
    s->ranks[video] = nd_metric_rank(scores, grades, G);
    return 0;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(nd_train_epoch *out, double *ranks, int64_t n)
{
    for (int k = 0; k < ND_EVAL_N_CUTS; k++)
        out->val_recall[k] = nd_metric_recall(ranks, n, nd_eval_cut(k));
    qsort(ranks, (size_t)n, sizeof *ranks, by_value);
    out->val_median_rank = (ranks[(n - 1) / 2] + ranks[n / 2]) / 2;
    nd_metric_reciprocals(ranks, ranks, n);
    out->val_mrr = nd_metric_mean(ranks, n);
}

int nd__train_validate(nd_training *x, nd_train_epoch *out)
{
    const nd_train_gallery *g = &x->gallery;
    nd_matcher *m = x->mean;
    search s = {.gallery = g};
    size_t n = (size_t)g->n_videos, cells = n * (size_t)g->n_tracks;
    int n_threads = x->p.run.n_threads ? x->p.run.n_threads : nd_core_count();
    s.scores = nd_calloc(cells, sizeof *s.scores);
    s.grades = nd_calloc(cells, sizeof *s.grades);
    s.ranks = nd_calloc(n, sizeof *s.ranks);
    int rc = s.scores && s.grades && s.ranks ? 0 : no_memory(x->run.diag);
    if (!rc)
        rc = nd_matcher_embed(&s.videos, m, g->videos, g->n_videos, n_threads, NULL, x->run.diag);
    if (!rc)
        rc = nd_matcher_embed(&s.tracks, m, g->tracks, g->n_tracks, n_threads, NULL, x->run.diag);
    if (!rc) rc = nd_parallel(g->n_videos, n_threads, search_for, &s);
    if (!rc) measure(out, s.ranks, g->n_videos);
    nd_rows_deinit(&s.videos);
    nd_rows_deinit(&s.tracks);
    free(s.scores);
    free(s.grades);
    free(s.ranks);
    return rc;
}

/* ---- the machine ------------------------------------------------------------------ */

double nd__train_peak(void)
{
    enum { N = 512, ROUNDS = 8 };
    float *m = nd_calloc(3, (size_t)N * N * sizeof *m);
    double best = 0;
    for (int i = 0; i < 2 * N * N && m; i++) m[i] = 0.5F;
    for (int i = 0; i < ROUNDS && m; i++) {
        double started_s = nd_now_s();
        nd_gemm('N', 'N', N, N, N, 1, m, N, m + N * N, N, 0, m + 2 * N * N, N);
        best = ND_MAX(best, 2e-9 * N * N * N / (nd_now_s() - started_s));
    }
    free(m);
    return best;
}
