/* Hits, reciprocal rank and nDCG of graded judgements. Gain is the grade (Jaervelin, Kekaelaeinen
 * 2002). What has no judgement counts as grade 0; and once more is left out of the list, since
 * people never judge all (Sakai 2007). Tracks of equal score stand in no order: each figure is its
 * mean over all their orders, so that a system that makes no difference has what a random order
 * has. */
#include <math.h>
#include <string.h>

#include "learn/relevance.h"

enum { JUDGED_CUT = 10, NDCG_CUT = 10 };

const char *nd_relevance_figure_name(int index)
{
    static const char *const names[ND_RELEVANCE_N_FIGURES] = {
        "hit_1", "hit_5", "hit_10", "hit_25", "mrr", "ndcg_10", "ndcg"};
    ND_ASSERT(index >= 0 && index < ND_RELEVANCE_N_FIGURES);
    return names[index];
}

/* ---- one video ---------- */

static int by_grade_down(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* The most that is possible: the judged tracks, best grade first. */
typedef struct ideal {
    double dcg_10, dcg;
} ideal;

/* @param grades  [n] room */
static ideal ideal_of(double *grades, const nd__mark *judged, int n)
{
    ideal out = {0};
    for (int i = 0; i < n; i++) grades[i] = judged[i].value;
    qsort(grades, (size_t)n, sizeof *grades, by_grade_down);
    for (int i = 0; i < n; i++) {
        double gain = grades[i] * nd_metric_discounts(i, i + 1);
        out.dcg += gain;
        if (i < NDCG_CUT) out.dcg_10 += gain;
    }
    return out;
}

/* Tracks of one score: places first + 1 .. end. */
typedef struct tie {
    int first, end, n_relevant;
    double grades; /* their sum */
} tie;

static tie tie_at(const nd__placed *placed, int n, int first, double relevant)
{
    tie t = {first, first, 0, 0};
    for (; t.end < n && placed[t.end].score == placed[first].score; t.end++) {
        double grade = placed[t.end].grade;
        if (isnan(grade)) continue;
        t.n_relevant += grade >= relevant;
        t.grades += grade;
    }
    return t;
}

/* Of the tie with the best placed relevant tracks. */
static void set_hits(double *out, const tie *t)
{
    int n = t->end - t->first;
    for (int c = 0; c < ND_EVAL_N_CUTS; c++)
        out[c] = nd_metric_chance(t->n_relevant, n, ND_MAX(nd_eval_cut(c) - t->first, 0));
    out[ND_RELEVANCE_MRR] = nd_metric_reciprocal_chance(t->first, t->n_relevant, n - t->n_relevant);
}

/* A tie shares its gains evenly over its places. */
static void add_gains(double *out, const tie *t, const ideal *best)
{
    double gain = t->grades / (t->end - t->first);
    if (gain <= 0) return;
    out[ND_RELEVANCE_NDCG_10] += gain * nd_metric_discounts(t->first, ND_MIN(t->end, NDCG_CUT)) /
                                 best->dcg_10;
    out[ND_RELEVANCE_NDCG] += gain * nd_metric_discounts(t->first, t->end) / best->dcg;
}

static void measure(double *out, const nd__placed *placed, int n, double relevant,
                    const ideal *best)
{
    bool is_found = false;
    memset(out, 0, ND_RELEVANCE_N_FIGURES * sizeof *out);
    for (int at = 0; at < n;) {
        tie t = tie_at(placed, n, at, relevant);
        if (t.n_relevant && !is_found) set_hits(out, &t);
        is_found |= t.n_relevant > 0;
        add_gains(out, &t, best);
        at = t.end;
    }
}

/* What all orders of the whole gallery give: one tie of it. */
static void measure_chance(double *out, const nd__mark *judged, int n_judged, int n_gallery,
                           double relevant, const ideal *best)
{
    tie all = {.end = n_gallery};
    memset(out, 0, ND_RELEVANCE_N_FIGURES * sizeof *out);
    for (int i = 0; i < n_judged; i++) {
        all.n_relevant += judged[i].value >= relevant;
        all.grades += judged[i].value;
    }
    set_hits(out, &all);
    add_gains(out, &all, best);
}

/* NaN is the worst. */
static double score_of(const nd__placed *p)
{
    return isnan(p->score) ? -INFINITY : p->score;
}

static int best_first(const void *a, const void *b)
{
    double x = score_of(a), y = score_of(b);
    return (x < y) - (x > y);
}

/* Expected share of judged ones among the first 10. */
static double judged_share(const nd__placed *placed, int n)
{
    int cut = ND_MIN(n, JUDGED_CUT);
    double sum = 0;
    for (int first = 0, end; first < cut; first = end) {
        int n_judged = 0;
        for (end = first; end < n && placed[end].score == placed[first].score; end++)
            n_judged += !isnan(placed[end].grade);
        sum += (double)n_judged / (end - first) * (ND_MIN(end, cut) - first);
    }
    return cut ? sum / cut : 0;
}

/* ---- all videos ---------- */

enum { WHOLE, CONDENSED, N_KINDS };

typedef struct measuring {
    const nd__ranker *of;
    nd__placed *placed;                              /* [n_tracks] */
    double *grade_of;                                /* [n_tracks] NaN but for the video's */
    double *grades;                                  /* [most judged of a video] */
    double *values[N_KINDS][ND_RELEVANCE_N_FIGURES]; /* [videos] */
    int32_t *groups;                                 /* [videos] each its own */
    nd_relevance_row rows[N_KINDS];                  /* sums of what has no interval */
} measuring;

static int create(measuring *m)
{
    const nd__lists *judged = m->of->judged;
    int most = 0;
    bool ok = true;
    for (int q = 0; q < judged->n; q++)
        most = ND_MAX(most, judged->first[q + 1] - judged->first[q]);
    m->placed = nd_calloc((size_t)m->of->n_tracks, sizeof *m->placed);
    m->grade_of = nd_calloc((size_t)m->of->n_tracks, sizeof *m->grade_of);
    m->grades = nd_calloc((size_t)most, sizeof *m->grades);
    m->groups = nd_calloc((size_t)judged->n, sizeof *m->groups);
    for (int k = 0; k < N_KINDS; k++)
        for (int f = 0; f < ND_RELEVANCE_N_FIGURES; f++) {
            m->values[k][f] = nd_calloc((size_t)judged->n, sizeof(double));
            ok &= m->values[k][f] != NULL;
        }
    if (!ok || !m->placed || !m->grade_of || !m->grades || !m->groups) return ND_ENOMEM;
    for (int t = 0; t < m->of->n_tracks; t++) m->grade_of[t] = NAN;
    for (int q = 0; q < judged->n; q++) m->groups[q] = q;
    return 0;
}

static void destroy(measuring *m)
{
    free(m->placed);
    free(m->grade_of);
    free(m->grades);
    free(m->groups);
    for (int k = 0; k < N_KINDS; k++)
        for (int f = 0; f < ND_RELEVANCE_N_FIGURES; f++) free(m->values[k][f]);
}

/* The tracks of a video with what was judged of them, best first. @return how many */
static int list_tracks(measuring *m, int query, const nd__mark *judged, int n_judged)
{
    int n = m->of->list(m->placed, m->of->user, query);
    for (int i = 0; i < n_judged; i++) m->grade_of[judged[i].track] = judged[i].value;
    for (int i = 0; i < n; i++) {
        m->placed[i].grade = m->grade_of[m->placed[i].track];
        m->placed[i].score = score_of(&m->placed[i]);
    }
    for (int i = 0; i < n_judged; i++) m->grade_of[judged[i].track] = NAN;
    if (n) qsort(m->placed, (size_t)n, sizeof *m->placed, best_first);
    return n;
}

/* Leave judged tracks alone. @return how many */
static int condense(nd__placed *placed, int n)
{
    int n_kept = 0;
    for (int i = 0; i < n; i++)
        if (!isnan(placed[i].grade)) placed[n_kept++] = placed[i];
    return n_kept;
}

static void measure_kind(measuring *m, int kind, int query, int n, int n_gallery)
{
    const nd__lists *lists = m->of->judged;
    const nd__mark *judged = lists->items + lists->first[query];
    int n_judged = lists->first[query + 1] - lists->first[query];
    double found[ND_RELEVANCE_N_FIGURES], chance[ND_RELEVANCE_N_FIGURES];
    ideal best = ideal_of(m->grades, judged, n_judged);
    nd_relevance_row *row = &m->rows[kind];
    measure(found, m->placed, n, m->of->relevant, &best);
    measure_chance(chance, judged, n_judged, n_gallery, m->of->relevant, &best);
    for (int f = 0; f < ND_RELEVANCE_N_FIGURES; f++) {
        m->values[kind][f][query] = found[f];
        row->chance[f] += chance[f] / lists->n;
    }
    row->n_tracks += (double)n_gallery / lists->n;
    row->judged_10 += judged_share(m->placed, n) / lists->n;
}

static void measure_query(measuring *m, int query)
{
    const nd__lists *lists = m->of->judged;
    const nd__mark *judged = lists->items + lists->first[query];
    int n_judged = lists->first[query + 1] - lists->first[query];
    int n = list_tracks(m, query, judged, n_judged);
    measure_kind(m, WHOLE, query, n, m->of->n_gallery);
    measure_kind(m, CONDENSED, query, condense(m->placed, n), n_judged);
}

int nd__relevance_measure(nd_relevance_row rows[2], const nd__ranker *ranker,
                          const nd_eval_params *p)
{
    measuring m = {.of = ranker};
    int rc = create(&m);
    for (int q = 0; q < ranker->judged->n && !rc; q++) measure_query(&m, q);
    for (int k = 0; k < N_KINDS && !rc; k++) {
        m.rows[k].is_condensed = k == CONDENSED;
        for (int f = 0; f < ND_RELEVANCE_N_FIGURES && !rc; f++)
            rc = nd_metric_bootstrap(&m.rows[k].figures[f], m.values[k][f], m.groups,
                                     ranker->judged->n, ND_STATISTIC_MEAN, p->n_resamples, p->seed);
    }
    if (!rc) memcpy(rows, m.rows, sizeof m.rows);
    destroy(&m);
    return rc;
}
