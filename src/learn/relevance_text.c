/* The report on human judgement as tables, for people or as Markdown; shares in percent. */
#include <string.h>

#include "learn/eval_writer.h"

enum { WIDE = 21 };

static const nd__column columns[ND_RELEVANCE_N_FIGURES] = {
    {"hit@1", WIDE}, {"hit@5", WIDE},   {"hit@10", WIDE}, {"hit@25", WIDE},
    {"MRR", WIDE},   {"nDCG@10", WIDE}, {"nDCG", WIDE}};

static void figures_row(nd__writer *w, const char *name, const nd_relevance_row *row)
{
    nd__writer_begin(w, name);
    for (int f = 0; f < ND_RELEVANCE_N_FIGURES; f++)
        nd__writer_estimate(w, WIDE, &row->figures[f], 100);
    nd__writer_end(w);
}

static void chance_row(nd__writer *w, const nd_relevance_row *row)
{
    nd__writer_begin(w, "random order");
    for (int f = 0; f < ND_RELEVANCE_N_FIGURES; f++)
        nd__writer_number(w, WIDE, row->chance[f] * 100);
    nd__writer_end(w);
}

/* Rows of whole lists, or of condensed ones; chance is theirs together. */
static void rows_table(nd__writer *w, const nd_relevance_report *r, const char *title,
                       bool is_condensed)
{
    const nd_relevance_row *first = NULL;
    nd__writer_head(w, title, columns, ND_COUNT(columns));
    for (int i = 0; i < r->n_rows; i++) {
        const nd_relevance_row *row = &r->rows[i];
        if (row->is_condensed != is_condensed) continue;
        first = first ? first : row;
        figures_row(w, row->is_reranked ? "model, reranked" : r->model ? "model" : "ranking", row);
    }
    if (first) chance_row(w, first);
}

static void head(nd__writer *w, const nd_relevance_report *r)
{
    if (r->model) nd_str_append(&w->s, "%s on %s, split %s", r->model, r->corpus, r->split);
    else nd_str_append(&w->s, "%s", r->ranking);
    nd_str_append(&w->s, " by the judgements of %s: %d of %d lines, %d videos, %d tracks\n",
                  r->relevance, r->n_judgements, r->n_lines, r->n_videos, r->n_tracks);
    if (r->control && strcmp(r->control, nd_eval_control_name(ND_CONTROL_NOTHING)))
        nd_str_append(&w->s, "control: %s\n", r->control);
    nd_str_append(&w->s,
                  "percent, with 95 %% intervals over videos (%d resamples, seed %llu); a hit has "
                  "grade %g or more\n",
                  r->n_resamples, (unsigned long long)r->seed, r->relevant);
}

static void notes(nd__writer *w, const nd_relevance_report *r)
{
    nd_str_append(&w->s, "\n");
    for (int i = 0; i < r->n_rows; i++) {
        const nd_relevance_row *row = &r->rows[i];
        if (row->is_condensed) continue;
        nd_str_append(&w->s, "%s%.1f %% of the first 10 tracks are judged, the others count as 0\n",
                      row->is_reranked ? "reranked: " : "",
                      nd__writer_rounded(row->judged_10 * 100));
    }
    if (r->n_rows > 1)
        nd_str_append(&w->s, "judged alone: %.1f tracks a video\n",
                      nd__writer_rounded(r->rows[1].n_tracks));
    if (r->rerank) nd_str_append(&w->s, "reranked: the first %d\n", r->rerank);
    if (r->n_not_found)
        nd_str_append(&w->s, "%d judged tracks are not in the ranking of their video: not found\n",
                      r->n_not_found);
    if (r->n_without)
        nd_str_append(&w->s, "%d videos without a track of grade %g or more are left out\n",
                      r->n_without, r->relevant);
    if (r->problems) nd_str_append(&w->s, "%s", r->problems);
}

int nd_relevance_report_text(char **text_out, const nd_relevance_report *r, bool is_markdown)
{
    nd__writer w = {.is_markdown = is_markdown};
    head(&w, r);
    rows_table(&w, r, "all tracks", false);
    rows_table(&w, r, "judged tracks alone", true);
    notes(&w, r);
    return nd__writer_take(text_out, &w);
}
