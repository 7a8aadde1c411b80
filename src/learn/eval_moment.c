/* Where in a track the music of a video was placed, beside where it was taken from. */
#include <math.h>

#include "learn/eval.h"

/* [n] of the queries */
typedef struct moments {
    int n;
    double *error_s, *iou, *within_2, *within_4, *ranks;
    int n_start; /* within 4 s of the track's start */
} moments;

static int create(moments *m, int n)
{
    size_t room = (size_t)n;
    m->error_s = nd_calloc(room, sizeof *m->error_s);
    m->iou = nd_calloc(room, sizeof *m->iou);
    m->within_2 = nd_calloc(room, sizeof *m->within_2);
    m->within_4 = nd_calloc(room, sizeof *m->within_4);
    m->ranks = nd_calloc(room, sizeof *m->ranks);
    return m->error_s && m->iou && m->within_2 && m->within_4 && m->ranks ? 0 : ND_ENOMEM;
}

static void deinit(moments *m)
{
    free(m->error_s);
    free(m->iou);
    free(m->within_2);
    free(m->within_4);
    free(m->ranks);
}

/* Seconds of the track's row from where the video goes best. */
static double found_start(const nd__eval_system *s, int query, int track)
{
    int64_t n_rows = s->track_rows.first[track + 1] - s->track_rows.first[track];
    return (double)s->offsets[query] * ND_CLIP_S * s->tracks.items[track].C / (double)n_rows;
}

static void add(moments *m, const nd__eval_system *s, const nd__eval_task *task, int query)
{
    const nd__eval_set *set = &task->set;
    int track = set->track_of[query], i = m->n++;
    double start = nd_corpus_pair(task->corpus, set->pairs[query])->start_s;
    double found = found_start(s, query, track);
    double length = (double)s->videos.items[query].C * ND_CLIP_S;
    m->error_s[i] = fabs(found - start);
    m->within_2[i] = m->error_s[i] <= 2;
    m->within_4[i] = m->error_s[i] <= 4;
    m->iou[i] = nd_metric_iou(found, found + length, start, start + length);
    m->ranks[i] = s->rows[0].videos.ranks[query];
    m->n_start += start <= 4;
}

/* Share of queries whose track is among the first k and whose stretch overlaps enough. */
static double mor(const moments *m, int k, double least_iou)
{
    int n = 0;
    for (int i = 0; i < m->n; i++) n += m->ranks[i] <= k && m->iou[i] > least_iou;
    return (double)n / m->n;
}

static int measure(nd_eval_moment *out, const moments *m, const int32_t *groups,
                   const nd_eval_params *p)
{
    const struct {
        nd_estimate *out;
        const double *values;
        nd_statistic statistic;
    } figures[] = {
        {&out->error_s, m->error_s, ND_STATISTIC_MEDIAN},
        {&out->within_2, m->within_2, ND_STATISTIC_MEAN},
        {&out->within_4, m->within_4, ND_STATISTIC_MEAN},
        {&out->iou, m->iou, ND_STATISTIC_MEAN},
    };
    int rc = 0;
    for (size_t k = 0; k < ND_COUNT(figures) && !rc; k++)
        rc = nd_metric_bootstrap(figures[k].out, figures[k].values, groups, m->n,
                                 figures[k].statistic, p->n_resamples, p->seed);
    for (int k = 0; k < ND_EVAL_N_MOR; k++) {
        out->mor_5[k] = mor(m, nd_eval_cut(k), 0.5);
        out->mor_7[k] = mor(m, nd_eval_cut(k), 0.7);
    }
    out->n = m->n;
    out->start_within_4 = (double)m->n_start / m->n;
    return rc;
}

/* A model of one row an item has no place in a track to tell; single clips neither. */
static bool has_order(const nd__eval_system *s, nd_eval_control control)
{
    return nd_matcher_ops_of(s->matcher)->rows(nd_matcher_state(s->matcher), 7) > 1 &&
           control < ND_CONTROL_FIRST;
}

int nd__eval_moment(nd_eval_moment *out, const nd__eval_system *s, const nd__eval_task *task)
{
    moments m = {0};
    *out = (nd_eval_moment){0};
    if (!has_order(s, task->params->control)) return 0;
    int rc = create(&m, task->set.n);
    for (int i = 0; i < task->set.n && !rc; i++) add(&m, s, task, i);
    if (!rc) rc = measure(out, &m, task->set.group_of, task->params);
    deinit(&m);
    return rc;
}
