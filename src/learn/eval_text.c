/* The report of an evaluation as tables, for people or as Markdown; shares in percent. */
#include <math.h>
#include <string.h>

#include "learn/eval_writer.h"

enum { WIDE = 18, NARROW = 8 };

/* ---- rows ---------------------------------------------------------------------------------- */

static const nd__column columns[] = {{"R@1", WIDE},      {"R@5", WIDE},         {"R@10", WIDE},
                                     {"R@25", WIDE},     {"median rank", WIDE}, {"MRR", NARROW},
                                     {"nDCG@10", NARROW}};

static void measures_row(nd__writer *w, const char *name, const nd_eval_measures *m)
{
    nd__writer_begin(w, name);
    for (int c = 0; c < ND_EVAL_N_CUTS; c++) nd__writer_estimate(w, WIDE, &m->recall[c], 100);
    nd__writer_estimate(w, WIDE, &m->median_rank, 1);
    nd__writer_number(w, NARROW, m->mrr.value * 100);
    nd__writer_number(w, NARROW, m->ndcg_10.value * 100);
    nd__writer_end(w);
}

static void chance_row(nd__writer *w, const nd_eval_measures *m)
{
    nd__writer_begin(w, "chance");
    for (int c = 0; c < ND_EVAL_N_CUTS; c++) nd__writer_number(w, WIDE, m->chance[c] * 100);
    for (size_t c = ND_EVAL_N_CUTS; c < ND_COUNT(columns); c++)
        nd__writer_cell(w, columns[c].width, "");
    nd__writer_end(w);
}

static const char *row_name(char out[96], const nd_eval_row *r)
{
    static const char *const names[] = {"no tags", "predicted tag", "user's tags",
                                        "true tag (oracle, as published)"};
    snprintf(out, 96, "%s%s", names[r->tags], r->is_reranked ? ", reranked" : "");
    return out;
}

static void rows_table(nd__writer *w, const char *title, const nd_eval_row *rows, int n,
                       bool is_difference)
{
    char name[96];
    if (!n) return;
    nd__writer_head(w, title, columns, ND_COUNT(columns));
    for (int r = 0; r < n; r++) measures_row(w, row_name(name, &rows[r]), &rows[r].video_to_music);
    if (!is_difference) chance_row(w, &rows[0].video_to_music);
    if (!rows[0].music_to_video.n_queries) return;
    measures_row(w, "music to video, no tags", &rows[0].music_to_video);
    if (!is_difference) chance_row(w, &rows[0].music_to_video);
}

static void tags_note(nd__writer *w, const char *name, const nd_eval_row *row)
{
    nd_str_append(&w->s, "%s: %d of %d videos have one, the rest as without; tags alone find", name,
                  row->n_tagged, row->video_to_music.n_queries);
    for (int c = 0; c < ND_EVAL_N_CUTS; c++)
        nd_str_append(&w->s, " %.1f", nd__writer_rounded(row->tags_alone[c] * 100));
    nd_str_append(&w->s, "\n");
}

static void notes(nd__writer *w, const nd_eval_report *r)
{
    for (int i = 0; i < r->n_rows; i++) {
        const nd_eval_row *row = &r->rows[i];
        char name[96];
        row_name(name, row);
        if (row->tags != ND_EVAL_NONE) tags_note(w, name, row);
        if (row->is_reranked)
            nd_str_append(&w->s, "%s: the first %d; the right track is among them for %.1f %%\n",
                          name, ND_MIN(r->rerank, r->n_tracks),
                          nd__writer_rounded(row->shortlist_recall * 100));
    }
    if (r->missing) nd_str_append(&w->s, "%s", r->missing);
}

/* ---- moments, probes ------------------------------------------------------------------ */

static void moment_text(nd__writer *w, const nd_eval_moment *m)
{
    static const nd__column names[] = {
        {"median error, s", WIDE}, {"within 2 s", WIDE}, {"within 4 s", WIDE}, {"IoU", WIDE}};
    if (!m->n) return;
    nd__writer_head(w, "start in the track", names, ND_COUNT(names));
    nd__writer_begin(w, "found");
    nd__writer_estimate(w, WIDE, &m->error_s, 1);
    nd__writer_estimate(w, WIDE, &m->within_2, 100);
    nd__writer_estimate(w, WIDE, &m->within_4, 100);
    nd__writer_estimate(w, WIDE, &m->iou, 100);
    nd__writer_end(w);
    nd_str_append(&w->s, "\nalways at the track's start: %.1f %% within 4 s\n",
                  nd__writer_rounded(m->start_within_4 * 100));
    for (int k = 0; k < ND_EVAL_N_MOR; k++)
        nd_str_append(&w->s, "moment and track, MoR@%d: %.1f at IoU > 0.5, %.1f at IoU > 0.7\n",
                      nd_eval_cut(k), nd__writer_rounded(m->mor_5[k] * 100),
                      nd__writer_rounded(m->mor_7[k] * 100));
}

static void ladder_text(nd__writer *w, const nd_eval_report *r)
{
    static const nd__column names[] = {
        {"of", NARROW}, {"right", NARROW}, {"percent", NARROW}, {"chance", NARROW}};
    if (!r->n_steps) return;
    nd__writer_head(w, "the first track has the right", names, ND_COUNT(names));
    for (int i = 0; i < r->n_steps; i++) {
        const nd_eval_step *step = &r->ladder[i];
        nd__writer_begin(w, step->name);
        nd__writer_count(w, NARROW, step->n);
        nd__writer_count(w, NARROW, step->n_right);
        nd__writer_number(w, NARROW, step->n ? 100.0 * step->n_right / step->n : 0);
        nd__writer_number(w, NARROW, step->chance * 100);
        nd__writer_end(w);
    }
}

static void probes_text(nd__writer *w, const nd_eval_report *r)
{
    static const nd__column names[] = {
        {"classes", NARROW}, {"clips", NARROW}, {"accuracy", NARROW}, {"chance", NARROW}};
    if (!r->n_probes) return;
    nd__writer_head(w, "read from one clip", names, ND_COUNT(names));
    for (int i = 0; i < r->n_probes; i++) {
        const nd_eval_probe *p = &r->probes[i];
        char name[96];
        snprintf(name, sizeof name, "%s: %s", p->medium, p->what);
        nd__writer_begin(w, name);
        nd__writer_count(w, NARROW, p->n_classes);
        nd__writer_count(w, NARROW, p->n);
        nd__writer_number(w, NARROW, p->accuracy * 100);
        nd__writer_number(w, NARROW, p->chance * 100);
        nd__writer_end(w);
    }
}

int nd_eval_report_text(char **text_out, const nd_eval_report *r, bool is_markdown)
{
    nd__writer w = {.is_markdown = is_markdown};
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
    return nd__writer_take(text_out, &w);
}
