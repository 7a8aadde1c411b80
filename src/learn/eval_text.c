/* The report of an evaluation as tables, for people or as Markdown; shares in percent. */
#include <math.h>
#include <string.h>

#include "learn/eval.h"

enum { NAME_WIDTH = 31, WIDE = 18, NARROW = 8 };

typedef struct writer {
    nd_str s;
    bool is_markdown;
} writer;

/* ---- tables ---------------------------------------------------------------------------- */

static void begin_row(writer *w, const char *name)
{
    if (w->is_markdown) nd_str_append(&w->s, "| %s |", name);
    else nd_str_append(&w->s, "  %-*s", NAME_WIDTH, name);
}

static void cell(writer *w, int width, const char *text)
{
    if (w->is_markdown) nd_str_append(&w->s, " %s |", text);
    else nd_str_append(&w->s, " %*s", width, text);
}

static void end_row(writer *w)
{
    nd_str_append(&w->s, "\n");
}

/* A column of a table. */
typedef struct column {
    const char *name;
    int width;
} column;

static void head_row(writer *w, const char *title, const column *columns, size_t n)
{
    nd_str_append(&w->s, "\n");
    begin_row(w, title);
    for (size_t i = 0; i < n; i++) cell(w, columns[i].width, columns[i].name);
    end_row(w);
    if (!w->is_markdown) return;
    nd_str_append(&w->s, "| --- |");
    for (size_t i = 0; i < n; i++) nd_str_append(&w->s, " ---: |");
    end_row(w);
}

/* -0.0 is 0.0. */
static double rounded(double x)
{
    return round(x * 100) / 100 + 0.0;
}

static void estimate_cell(writer *w, const nd_estimate *e, double scale)
{
    char text[96];
    snprintf(text, sizeof text, "%.1f (%.1f .. %.1f)", rounded(e->value * scale),
             rounded(e->lo * scale), rounded(e->hi * scale));
    if (isnan(e->value)) text[0] = '\0';
    cell(w, WIDE, text);
}

static void number_cell(writer *w, int width, double x)
{
    char text[64];
    snprintf(text, sizeof text, "%.1f", rounded(x));
    cell(w, width, text);
}

static void count_cell(writer *w, int n)
{
    char text[16];
    snprintf(text, sizeof text, "%d", n);
    cell(w, NARROW, text);
}

/* ---- rows ---------------------------------------------------------------------------------- */

static const column columns[] = {{"R@1", WIDE},      {"R@5", WIDE},         {"R@10", WIDE},
                                 {"R@25", WIDE},     {"median rank", WIDE}, {"MRR", NARROW},
                                 {"nDCG@10", NARROW}};

static void measures_row(writer *w, const char *name, const nd_eval_measures *m)
{
    begin_row(w, name);
    for (int c = 0; c < ND_EVAL_N_CUTS; c++) estimate_cell(w, &m->recall[c], 100);
    estimate_cell(w, &m->median_rank, 1);
    number_cell(w, NARROW, m->mrr.value * 100);
    number_cell(w, NARROW, m->ndcg_10.value * 100);
    end_row(w);
}

static void chance_row(writer *w, const nd_eval_measures *m)
{
    begin_row(w, "chance");
    for (int c = 0; c < ND_EVAL_N_CUTS; c++) number_cell(w, WIDE, m->chance[c] * 100);
    for (size_t c = ND_EVAL_N_CUTS; c < ND_COUNT(columns); c++) cell(w, columns[c].width, "");
    end_row(w);
}

static const char *row_name(char out[96], const nd_eval_row *r)
{
    static const char *const names[] = {"no tags", "predicted tag", "user's tags",
                                        "true tag (oracle, as published)"};
    snprintf(out, 96, "%s%s", names[r->tags], r->is_reranked ? ", reranked" : "");
    return out;
}

static void rows_table(writer *w, const char *title, const nd_eval_row *rows, int n,
                       bool is_difference)
{
    char name[96];
    if (!n) return;
    head_row(w, title, columns, ND_COUNT(columns));
    for (int r = 0; r < n; r++) measures_row(w, row_name(name, &rows[r]), &rows[r].video_to_music);
    if (!is_difference) chance_row(w, &rows[0].video_to_music);
    if (!rows[0].music_to_video.n_queries) return;
    measures_row(w, "music to video, no tags", &rows[0].music_to_video);
    if (!is_difference) chance_row(w, &rows[0].music_to_video);
}

static void tags_note(writer *w, const char *name, const nd_eval_row *row)
{
    nd_str_append(&w->s, "%s: %d of %d videos have one, the rest as without; tags alone find", name,
                  row->n_tagged, row->video_to_music.n_queries);
    for (int c = 0; c < ND_EVAL_N_CUTS; c++)
        nd_str_append(&w->s, " %.1f", rounded(row->tags_alone[c] * 100));
    nd_str_append(&w->s, "\n");
}

static void notes(writer *w, const nd_eval_report *r)
{
    for (int i = 0; i < r->n_rows; i++) {
        const nd_eval_row *row = &r->rows[i];
        char name[96];
        row_name(name, row);
        if (row->tags != ND_EVAL_NONE) tags_note(w, name, row);
        if (row->is_reranked)
            nd_str_append(&w->s, "%s: the first %d; the right track is among them for %.1f %%\n",
                          name, ND_MIN(r->rerank, r->n_tracks),
                          rounded(row->shortlist_recall * 100));
    }
    if (r->missing) nd_str_append(&w->s, "%s", r->missing);
}

/* ---- moments, probes ------------------------------------------------------------------ */

static void moment_text(writer *w, const nd_eval_moment *m)
{
    static const column names[] = {
        {"median error, s", WIDE}, {"within 2 s", WIDE}, {"within 4 s", WIDE}, {"IoU", WIDE}};
    if (!m->n) return;
    head_row(w, "start in the track", names, ND_COUNT(names));
    begin_row(w, "found");
    estimate_cell(w, &m->error_s, 1);
    estimate_cell(w, &m->within_2, 100);
    estimate_cell(w, &m->within_4, 100);
    estimate_cell(w, &m->iou, 100);
    end_row(w);
    nd_str_append(&w->s, "\nalways at the track's start: %.1f %% within 4 s\n",
                  rounded(m->start_within_4 * 100));
    for (int k = 0; k < ND_EVAL_N_MOR; k++)
        nd_str_append(&w->s, "moment and track, MoR@%d: %.1f at IoU > 0.5, %.1f at IoU > 0.7\n",
                      nd_eval_cut(k), rounded(m->mor_5[k] * 100), rounded(m->mor_7[k] * 100));
}

static void ladder_text(writer *w, const nd_eval_report *r)
{
    static const column names[] = {
        {"of", NARROW}, {"right", NARROW}, {"percent", NARROW}, {"chance", NARROW}};
    if (!r->n_steps) return;
    head_row(w, "the first track has the right", names, ND_COUNT(names));
    for (int i = 0; i < r->n_steps; i++) {
        const nd_eval_step *step = &r->ladder[i];
        begin_row(w, step->name);
        count_cell(w, step->n);
        count_cell(w, step->n_right);
        number_cell(w, NARROW, step->n ? 100.0 * step->n_right / step->n : 0);
        number_cell(w, NARROW, step->chance * 100);
        end_row(w);
    }
}

static void probes_text(writer *w, const nd_eval_report *r)
{
    static const column names[] = {
        {"classes", NARROW}, {"clips", NARROW}, {"accuracy", NARROW}, {"chance", NARROW}};
    if (!r->n_probes) return;
    head_row(w, "read from one clip", names, ND_COUNT(names));
    for (int i = 0; i < r->n_probes; i++) {
        const nd_eval_probe *p = &r->probes[i];
        char name[96];
        snprintf(name, sizeof name, "%s: %s", p->medium, p->what);
        begin_row(w, name);
        count_cell(w, p->n_classes);
        count_cell(w, p->n);
        number_cell(w, NARROW, p->accuracy * 100);
        number_cell(w, NARROW, p->chance * 100);
        end_row(w);
    }
}

int nd_eval_report_text(char **text_out, const nd_eval_report *r, bool is_markdown)
{
    writer w = {.is_markdown = is_markdown};
    nd_str_append(&w.s, "%s on %s, split %s: %d videos, %d tracks", r->model, r->corpus, r->split,
                  r->n_videos, r->n_tracks);
    if (r->n_left_out) nd_str_append(&w.s, " (%d pairs without features left out)", r->n_left_out);
    if (strcmp(r->control, nd_eval_control_name(ND_CONTROL_NOTHING)))
        nd_str_append(&w.s, "; control: %s", r->control);
    nd_str_append(&w.s, "\npercent, with 95 %% intervals over tracks (%d resamples, seed %llu)\n",
                  r->n_resamples, (unsigned long long)r->seed);
    rows_table(&w, "video to music", r->rows, r->n_rows, false);
    nd_str_append(&w.s, "\n");
    notes(&w, r);
    moment_text(&w, &r->moment);
    ladder_text(&w, r);
    probes_text(&w, r);
    rows_table(&w, r->against ? r->against : "", r->against_rows, r->n_against_rows, false);
    rows_table(&w, "difference", r->differences, r->n_differences, true);
    char *text = nd_str_take(&w.s);
    if (!text) return ND_ENOMEM;
    *text_out = text;
    return 0;
}
