/* One model over the queries and the gallery: rows of all items, the score of every pair. */
#include <string.h>

#include "learn/eval.h"

static int check_widths(const nd__eval_system *s, const char *path, nd_diag *diag)
{
    nd_matcher_size size = nd_matcher_size_of(s->matcher);
    int music = nd_items_width(s->items, ND_MUSIC), video = nd_items_width(s->items, ND_VIDEO);
    if (size.D_music == music && size.D_video == video) return 0;
    return nd_diag_set(diag, ND_EFORMAT,
                       "evaluating %s: clips of %lld (music) and %lld (video) numbers expected by "
                       "its matching part, found %d and %d",
                       path, (long long)size.D_music, (long long)size.D_video, music, video);
}

int nd__eval_system_open(nd__eval_system *out, const nd__eval_task *task, const char *path,
                         nd_diag *diag)
{
    nd__eval_system s = {0};
    const nd_eval_params *p = task->params;
    nd_items_params params = {.n_threads = p->n_threads, .log = p->log, .progress = p->progress};
    params.splits = ND_SPLIT_BIT(task->split) | (p->probe ? ND_SPLIT_BIT(ND_TRAIN) : 0);
    int rc = nd_model_open(&s.model, path, diag);
    if (!rc) rc = nd_model_matcher(&s.matcher, s.model, diag);
    if (!rc) {
        params.published = nd_model_reads_published(s.model, s.matcher);
        params.features = nd_matcher_ops_of(s.matcher)->features;
        rc = nd_model_words(&s.words, s.model, diag);
        if (rc == ND_ENOTFOUND) rc = 0;
    }
    if (!rc) rc = nd_items_open(&s.items, task->corpus, s.model, &params, diag);
    if (!rc) rc = check_widths(&s, path, diag);
    if (rc) nd__eval_system_close(&s);
    else *out = s;
    return rc;
}

/* ---- scores ------------------------------------------------------------------------ */

typedef struct scoring {
    nd__eval_system *s;
    const nd__eval_set *set;
} scoring;

static int score_query(void *user, int64_t i)
{
    const scoring *job = user;
    const nd_rows *v = &job->s->video_rows, *m = &job->s->track_rows;
    for (int64_t j = 0; j < job->set->G; j++) {
        int64_t at;
        job->s->scores[i * job->set->G + j] = nd_rows_score(
            v->rows + v->first[i] * v->W, v->first[i + 1] - v->first[i],
            m->rows + m->first[j] * m->W, m->first[j + 1] - m->first[j], m->W, &at);
        if (j == job->set->track_of[i]) job->s->offsets[i] = (int32_t)at;
    }
    return 0;
}

static int embed(nd__eval_system *s, const nd__eval_task *task, nd_diag *diag)
{
    const nd_eval_params *p = task->params;
    const nd__eval_set *set = &task->set;
    int rc = nd__eval_view_make(&s->videos, s->items, set->videos, set->n, p->control, p->seed);
    if (!rc) /* two streams of draws */
        rc = nd__eval_view_make(&s->tracks, s->items, set->tracks, set->G, p->control,
                                p->seed + UINT64_C(0x9E3779B97F4A7C15));
    if (rc) return nd_diag_set(diag, rc, "evaluating: out of memory");
    rc = nd_matcher_embed(&s->video_rows, s->matcher, s->videos.items, set->n, p->n_threads,
                          p->progress, diag);
    return rc ? rc
              : nd_matcher_embed(&s->track_rows, s->matcher, s->tracks.items, set->G, p->n_threads,
                                 p->progress, diag);
}

int nd__eval_system_score(nd__eval_system *s, const nd__eval_task *task, nd_diag *diag)
{
    const nd__eval_set *set = &task->set;
    scoring job = {s, set};
    int n_threads = task->params->n_threads;
    size_t n_scores;
    int rc = embed(s, task, diag);
    if (rc) return rc;
    if (nd_size_mul(&n_scores, (size_t)set->n, (size_t)set->G))
        s->scores = nd_calloc(n_scores, sizeof *s->scores);
    s->offsets = nd_calloc((size_t)set->n, sizeof *s->offsets);
    if (!s->scores || !s->offsets)
        return nd_diag_set(diag, ND_ENOMEM, "evaluating: out of memory for %d x %d scores", set->n,
                           set->G);
    return nd_parallel(set->n, n_threads ? n_threads : nd_core_count(), score_query, &job);
}

void nd__eval_system_close(nd__eval_system *s)
{
    for (int r = 0; r < s->n_rows; r++) nd__eval_ranked_row_deinit(&s->rows[r]);
    nd_str_deinit(&s->missing);
    free(s->scores);
    free(s->offsets);
    nd_rows_deinit(&s->video_rows);
    nd_rows_deinit(&s->track_rows);
    nd__eval_view_deinit(&s->videos);
    nd__eval_view_deinit(&s->tracks);
    nd_items_close(&s->items);
    nd_model_close(&s->model);
    *s = (nd__eval_system){0};
}
