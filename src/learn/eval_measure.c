/* Ranks to figures with intervals over tracks; and how two systems differ on the same queries. */
#include <math.h>
#include <string.h>

#include "learn/eval.h"

static const int cuts[ND_EVAL_N_CUTS] = {1, 5, 10, 25};

int nd_eval_cut(int index)
{
    ND_ASSERT(index >= 0 && index < ND_EVAL_N_CUTS);
    return cuts[index];
}

/* One figure of a direction: values of its queries, less those of another where there is one. */
typedef struct figure {
    const nd__eval_ranks *of, *less; /* less NULL: none */
    const nd_eval_params *params;
    double *values, *others; /* [n] */
} figure;

static void hits_at(double *out, const nd__eval_ranks *r, int cut)
{
    nd_metric_hits(out, r->ranks, r->n, cut);
}

static void reciprocals(double *out, const nd__eval_ranks *r, int unused)
{
    (void)unused;
    nd_metric_reciprocals(out, r->ranks, r->n);
}

static void gains(double *out, const nd__eval_ranks *r, int unused)
{
    (void)unused;
    for (int i = 0; i < r->n; i++) out[i] = r->ndcg[i];
}

static int mean_of(nd_estimate *out, figure *f,
                   void (*values)(double *out, const nd__eval_ranks *r, int cut), int cut)
{
    const nd__eval_ranks *r = f->of;
    values(f->values, r, cut);
    if (f->less) values(f->others, f->less, cut);
    for (int i = 0; i < r->n && f->less; i++) f->values[i] -= f->others[i];
    return nd_metric_bootstrap(out, f->values, r->groups, r->n, ND_STATISTIC_MEAN,
                               f->params->n_resamples, f->params->seed);
}

static int median_of(nd_estimate *out, const figure *f)
{
    *out = (nd_estimate){NAN, NAN, NAN};
    if (f->less) return 0;
    return nd_metric_bootstrap(out, f->of->ranks, f->of->groups, f->of->n, ND_STATISTIC_MEDIAN,
                               f->params->n_resamples, f->params->seed);
}

static int measure(nd_eval_measures *out, const nd__eval_ranks *r, const nd__eval_ranks *less,
                   const nd_eval_params *p)
{
    if (!r->n) return 0;
    ND_ASSERT(!less || less->n == r->n);
    figure f = {r, less, p, nd_calloc((size_t)r->n, sizeof(double)),
                nd_calloc((size_t)r->n, sizeof(double))};
    int rc = f.values && f.others ? 0 : ND_ENOMEM;
    out->n_queries = r->n;
    out->n_gallery = r->n_gallery;
    for (int c = 0; c < ND_EVAL_N_CUTS && !rc; c++) {
        rc = mean_of(&out->recall[c], &f, hits_at, nd_eval_cut(c));
        out->chance[c] = r->chance[c];
    }
    if (!rc) rc = median_of(&out->median_rank, &f);
    if (!rc) rc = mean_of(&out->mrr, &f, reciprocals, 0);
    if (!rc) rc = mean_of(&out->ndcg_10, &f, gains, 0);
    free(f.values);
    free(f.others);
    return rc;
}

int nd__eval_measure(nd_eval_row *out, const nd__eval_ranked_row *row, const nd_eval_params *p)
{
    *out = (nd_eval_row){.tags = row->tags,
                         .is_reranked = row->is_reranked,
                         .n_tagged = row->n_tagged,
                         .shortlist_recall = row->shortlist_recall};
    memcpy(out->tags_alone, row->tags_alone, sizeof out->tags_alone);
    int rc = measure(&out->video_to_music, &row->videos, NULL, p);
    return rc ? rc : measure(&out->music_to_video, &row->music, NULL, p);
}

int nd__eval_compare(nd_eval_row *out, const nd__eval_ranked_row *a, const nd__eval_ranked_row *b,
                     const nd_eval_params *p)
{
    *out = (nd_eval_row){.tags = a->tags,
                         .is_reranked = a->is_reranked,
                         .n_tagged = a->n_tagged,
                         .shortlist_recall = a->shortlist_recall - b->shortlist_recall};
    int rc = measure(&out->video_to_music, &a->videos, &b->videos, p);
    return rc ? rc : measure(&out->music_to_video, &a->music, &b->music, p);
}
