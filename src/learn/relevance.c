/* A ranking beside what people judged: what is measured, in which order, and what the report
 * holds. */
#include <math.h>
#include <string.h>

#include "learn/relevance.h"

static int check_params(const char *dir, const nd_eval_params *p, const nd_relevance_params *r,
                        nd_diag *diag)
{
    if (!r->relevance)
        return nd_diag_set(diag, ND_EARG, "measuring relevance: a file of judgements expected");
    if (!(r->relevant > 0) || !isfinite(r->relevant))
        return nd_diag_set(diag, ND_EARG, "measuring relevance: a grade above 0 expected, found %g",
                           r->relevant);
    if (r->ranking ? dir || p->model : !dir || !p->model)
        return nd_diag_set(
            diag, ND_EARG,
            "measuring relevance: a corpus and a model, or a ranking alone, expected");
    return 0;
}

int nd__relevance_keep(nd_relevance_report *report, nd__relevance_task *task, nd_diag *diag)
{
    nd__lists *judged = &task->judged;
    const nd__marks *marks = &task->marks;
    report->n_left_out = marks->n_lines - (int)marks->n + judged->n_left_out;
    report->n_without = nd__lists_keep(judged, report->relevant);
    report->n_videos = judged->n;
    report->n_judgements = judged->first[judged->n];
    if (judged->n) return 0;
    const char *first = task->problems.lines.text ? task->problems.lines.text : "";
    int first_bytes = (int)strcspn(first, "\n");
    return nd_diag_set(
        diag, ND_EEMPTY,
        "measuring %s: judged videos with a track of grade %g or more expected, found "
        "%d videos without, and %d of %d lines left out%s%.*s",
        marks->path, report->relevant, report->n_without, report->n_left_out, marks->n_lines,
        first_bytes ? ": " : "", first_bytes, first);
}

static int copy_text(char **out, const char *text)
{
    *out = text ? strdup(text) : NULL;
    return *out || !text ? 0 : ND_ENOMEM;
}

static int describe(nd_relevance_report *report, const char *dir, nd__relevance_task *task)
{
    nd__problems *problems = &task->problems;
    int n_kept = 0;
    for (const char *at = problems->lines.text; at && *at; at++) n_kept += *at == '\n';
    if (problems->n > n_kept)
        nd_str_append(&problems->lines, "%d more of that kind\n", problems->n - n_kept);
    report->n_lines = task->marks.n_lines;
    report->seed = task->params->seed;
    report->n_resamples = task->params->n_resamples;
    if (problems->n && !(report->problems = nd_str_take(&problems->lines))) return ND_ENOMEM;
    int rc = copy_text(&report->relevance, task->relevance->relevance);
    if (!rc) rc = copy_text(&report->ranking, task->relevance->ranking);
    if (!rc) rc = copy_text(&report->model, task->params->model);
    return rc ? rc : copy_text(&report->corpus, dir);
}

void nd_relevance_report_deinit(nd_relevance_report *report)
{
    free(report->relevance);
    free(report->ranking);
    free(report->model);
    free(report->corpus);
    free(report->problems);
    *report = (nd_relevance_report){0};
}

static int run(nd_relevance_report *report, nd__relevance_task *task, const char *dir,
               nd_diag *diag)
{
    report->relevant = task->relevance->relevant;
    int rc = nd__marks_read(&task->marks, &task->problems, diag);
    if (rc) return rc;
    rc = dir ? nd__relevance_of_model(report, task, dir, diag)
             : nd__relevance_of_ranking(report, task, diag);
    if (!rc && (rc = describe(report, dir, task)))
        nd_diag_set(diag, rc, "measuring relevance: out of memory");
    return rc;
}

int nd_eval_relevance(const char *dir, const nd_eval_params *params,
                      const nd_relevance_params *relevance, nd_relevance_report *report_out,
                      nd_diag *diag)
{
    nd_eval_params p = params ? *params : (nd_eval_params){0};
    nd_relevance_params r = relevance ? *relevance : (nd_relevance_params){0};
    nd__relevance_task task = {
        .params = &p, .relevance = &r, .marks = {.path = r.relevance, .value = "grade"}};
    nd_relevance_report report = {0};
    double start_s = nd_now_s();
    if (r.relevant == 0) r.relevant = 1;
    int rc = nd__eval_params_fill(&p, &task.split, diag);
    if (!rc) rc = check_params(dir, &p, &r, diag);
    if (!rc) rc = run(&report, &task, dir, diag);
    nd__lists_deinit(&task.judged);
    nd__marks_deinit(&task.marks);
    nd_str_deinit(&task.problems.lines);
    report.elapsed_s = nd_now_s() - start_s;
    if (rc) nd_relevance_report_deinit(&report);
    else *report_out = report;
    return rc;
}
