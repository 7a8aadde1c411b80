/* Evaluation of a matching model: what is measured, in which order, and what the report holds. */
#include <string.h>

#include "learn/eval.h"

enum { RESAMPLES = 2000, MOST_RESAMPLES = 1000000, SHORTLIST = 100 };

const char *nd_eval_tags_name(nd_eval_tags tags)
{
    static const char *const names[] = {"none", "predicted", "user", "true"};
    return (int)tags >= 0 && tags < ND_EVAL_N_TAGS ? names[tags] : "";
}

const char *nd_eval_control_name(nd_eval_control control)
{
    static const char *const names[] = {"nothing", "clips", "rhythm", "first-clip", "last-clip"};
    return (int)control >= 0 && control < ND_EVAL_N_CONTROLS ? names[control] : "";
}

/* ---- parameters ------------------------------------------------------------------------ */

int nd__eval_params_fill(nd_eval_params *p, nd_split *split, nd_diag *diag)
{
    *split = ND_TEST;
    if (p->split && !nd_split_parse(split, p->split))
        return nd_diag_set(diag, ND_EARG, "evaluating: split train, val or test expected, found %s",
                           p->split);
    if ((int)p->control < 0 || p->control >= ND_EVAL_N_CONTROLS || p->tags >> ND_EVAL_N_TAGS)
        return nd_diag_set(diag, ND_EARG, "evaluating: no such control or tags");
    p->tags = p->tags ? p->tags : (1u << ND_EVAL_N_TAGS) - 1;
    p->rerank = p->rerank ? p->rerank : SHORTLIST;
    p->n_resamples = p->n_resamples ? p->n_resamples : RESAMPLES;
    if (p->n_resamples < 1 || p->n_resamples > MOST_RESAMPLES)
        return nd_diag_set(diag, ND_EARG, "evaluating: 1 .. %d resamples expected, found %d",
                           MOST_RESAMPLES, p->n_resamples);
    return 0;
}

/* ---- the report ------------------------------------------------------------------------ */

static int measure_rows(nd_eval_row *out, int *n_out, const nd__eval_system *s,
                        const nd_eval_params *p)
{
    int rc = 0;
    for (int r = 0; r < s->n_rows && !rc; r++) rc = nd__eval_measure(&out[r], &s->rows[r], p);
    if (!rc) *n_out = s->n_rows;
    return rc;
}

static int compare_rows(nd_eval_report *report, const nd__eval_system *a, const nd__eval_system *b,
                        const nd_eval_params *p)
{
    int rc = 0;
    for (int i = 0; i < a->n_rows && !rc; i++)
        for (int j = 0; j < b->n_rows && !rc; j++) {
            const nd__eval_ranked_row *x = &a->rows[i], *y = &b->rows[j];
            bool is_alike = x->is_reranked == y->is_reranked || p->against_rerank < 0;
            if (x->tags == y->tags && is_alike)
                rc = nd__eval_compare(&report->differences[report->n_differences++], x, y, p);
        }
    return rc;
}

static int describe_model(nd_eval_report *report, const nd__eval_system *s)
{
    const json_t *record = nd_model_record(s->model);
    if (record && !(report->training = json_dumps(record, JSON_COMPACT | JSON_ENCODE_ANY)))
        return ND_ENOMEM;
    if (s->missing.n && !(report->missing = strdup(s->missing.text))) return ND_ENOMEM;
    return 0;
}

static int describe_task(nd_eval_report *report, const nd__eval_task *task)
{
    const nd_eval_params *p = task->params;
    report->model = strdup(p->model);
    report->corpus = strdup(nd_corpus_dir(task->corpus));
    if (p->against) report->against = strdup(p->against);
    report->split = nd_split_name(task->split);
    report->control = nd_eval_control_name(p->control);
    report->n_videos = task->set.n;
    report->n_tracks = task->set.G;
    report->n_left_out = task->set.n_left_out;
    report->seed = p->seed;
    report->n_resamples = p->n_resamples;
    report->rerank = p->rerank;
    return report->model && report->corpus && (report->against || !p->against) ? 0 : ND_ENOMEM;
}

void nd_eval_report_deinit(nd_eval_report *report)
{
    free(report->model);
    free(report->corpus);
    free(report->against);
    free(report->training);
    free(report->missing);
    *report = (nd_eval_report){0};
}

/* ---- the work --------------------------------------------------------------------------- */

static int run_system(nd__eval_system *s, nd__eval_task *task, nd_diag *diag)
{
    int rc = nd__eval_system_score(s, task, diag);
    return rc ? rc : nd__eval_rank(s, task, diag);
}

/* The other model, whose short list may be another. */
static int run_other(nd__eval_system *s, nd__eval_task *task, nd_diag *diag)
{
    const nd_eval_params *own = task->params;
    nd_eval_params p = *own;
    if (p.against_rerank) p.rerank = p.against_rerank;
    int rc = nd__eval_system_open(s, task, p.against, diag);
    task->params = &p;
    if (!rc) rc = run_system(s, task, diag);
    task->params = own;
    return rc;
}

static int report_on(nd_eval_report *report, const nd__eval_system *s, const nd__eval_system *other,
                     const nd__eval_task *task, nd_diag *diag)
{
    const nd_eval_params *p = task->params;
    int rc = describe_task(report, task);
    if (!rc) rc = describe_model(report, s);
    if (!rc) rc = measure_rows(report->rows, &report->n_rows, s, p);
    if (!rc) rc = nd__eval_moment(&report->moment, s, task);
    if (!rc) rc = measure_rows(report->against_rows, &report->n_against_rows, other, p);
    if (!rc) rc = compare_rows(report, s, other, p);
    if (rc) return nd_diag_set(diag, rc, "evaluating: out of memory");
    rc = nd__eval_ladder(report->ladder, &report->n_steps, s, task, diag);
    if (rc || !p->probe) return rc;
    return nd__eval_probe(report->probes, &report->n_probes, task, s->items, diag);
}

static int evaluate(nd_eval_report *report, nd__eval_task *task, nd_diag *diag)
{
    nd__eval_system s = {0}, other = {0};
    const nd_eval_params *p = task->params;
    int rc = nd__eval_system_open(&s, task, p->model, diag);
    if (!rc) rc = nd__eval_set_make(&task->set, task->corpus, s.items, task->split, diag);
    if (!rc)
        rc = nd__eval_words_read(&task->words, task->corpus, s.items, &task->set, p->synonyms,
                                 diag);
    if (!rc) rc = run_system(&s, task, diag);
    if (!rc && p->against) rc = run_other(&other, task, diag);
    if (!rc) rc = report_on(report, &s, &other, task, diag);
    nd__eval_system_close(&other);
    nd__eval_system_close(&s);
    return rc;
}

int nd_eval(const char *dir, const nd_eval_params *params, nd_eval_report *report_out,
            nd_diag *diag)
{
    nd_eval_params p = params ? *params : (nd_eval_params){0};
    nd__eval_task task = {.params = &p};
    nd_corpus *corpus = NULL;
    nd_eval_report report = {0};
    double start_s = nd_now_s();
    int rc = nd__eval_params_fill(&p, &task.split, diag);
    if (!rc && !p.model) rc = nd_diag_set(diag, ND_EARG, "evaluating: a model file expected");
    if (!rc) rc = nd_corpus_open(&corpus, dir, diag);
    task.corpus = corpus;
    if (!rc) rc = evaluate(&report, &task, diag);
    nd__eval_words_deinit(&task.words);
    nd__eval_set_deinit(&task.set);
    nd_corpus_close(&corpus);
    report.elapsed_s = nd_now_s() - start_s;
    if (rc) nd_eval_report_deinit(&report);
    else *report_out = report;
    return rc;
}
