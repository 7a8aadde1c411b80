/* The plan of a table, and the table, for people or as Markdown; shares in percent. */
#include <math.h>
#include <string.h>

#include "learn/eval_writer.h"
#include "learn/tables.h"

enum { WIDE = 27, NARROW = 9, LAST = 31, MOST_MISSING = 8 };

/* ---- the plan ------------------------------------------------------------------------ */

/* "0:07:30" */
static const char *hours(char out[32], double seconds)
{
    long long s = llround(seconds);
    snprintf(out, 32, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
    return out;
}

int nd_tables_plan_text(char **text_out, const nd_tables_plan *plan)
{
    static const nd__column columns[] = {
        {"there", NARROW}, {"missing", NARROW}, {"s each", NARROW}};
    nd__writer w = {.is_markdown = false};
    char text[32];
    nd__writer_head(&w, "step", columns, ND_COUNT(columns));
    for (int i = 0; i < plan->n_kinds; i++) {
        const nd_tables_kind *k = &plan->kinds[i];
        nd__writer_begin(&w, k->name);
        nd__writer_count(&w, NARROW, k->n_there);
        nd__writer_count(&w, NARROW, k->n_missing);
        snprintf(text, sizeof text, "%s%.0f", k->is_by_general ? "~" : "", k->each_s);
        nd__writer_cell(&w, NARROW, !k->n_missing ? "" : isnan(k->each_s) ? "?" : text);
        nd__writer_end(&w);
    }
    nd_str_append(&w.s, "%d of %d steps to do in %s, %d at a time: about %s h", plan->n_missing,
                  plan->n_missing + plan->n_there, plan->models, plan->n_jobs,
                  hours(text, plan->left_s));
    if (plan->n_not_timed)
        nd_str_append(&w.s, ", and %d steps of which none like them was timed yet (?)",
                      plan->n_not_timed);
    nd_str_append(&w.s, "\n%s", plan->impossible ? plan->impossible : "");
    return nd__writer_take(text_out, &w);
}

/* ---- cells --------------------------------------------------------------------------- */

static double percent(double share)
{
    return nd__writer_rounded(100 * share);
}

/* "54.1 ± 0.4 (49.6 .. 58.7)". */
static void figure_cell(nd__writer *w, const nd_tables_figure *f, bool is_signed)
{
    char text[96], deviation[24] = "";
    if (isfinite(f->deviation))
        snprintf(deviation, sizeof deviation, " ± %.1f", percent(f->deviation));
    snprintf(text, sizeof text, is_signed ? "%+.1f%s (%+.1f .. %+.1f)" : "%.1f%s (%.1f .. %.1f)",
             percent(f->mean), deviation, percent(f->lo), percent(f->hi));
    /* printf counts bytes: the sign takes two. */
    nd__writer_cell(w, WIDE + (*deviation != '\0'), text);
}

static void figure_cells(nd__writer *w, const nd_tables_figure *figures, int n_seeds,
                         bool is_signed)
{
    for (int c = 0; c < ND_EVAL_N_CUTS; c++)
        if (n_seeds) figure_cell(w, &figures[c], is_signed);
        else nd__writer_cell(w, WIDE, "missing");
}

static void number_cells(nd__writer *w, const double *shares)
{
    for (int c = 0; c < ND_EVAL_N_CUTS; c++) nd__writer_number(w, WIDE, 100 * shares[c]);
}

static void theirs_cell(nd__writer *w, const double *theirs)
{
    nd_str text = {0};
    for (int c = 0; c < ND_EVAL_N_CUTS && isfinite(theirs[c]); c++)
        nd_str_append(&text, "%s%.2f", c ? " / " : "", 100 * theirs[c]);
    w->s.failed |= text.failed;
    nd__writer_cell(w, LAST, text.text ? text.text : "");
    nd_str_deinit(&text);
}

/* @param last  name of one more column; NULL: none */
static void head(nd__writer *w, const char *title, const char *last)
{
    const nd__column columns[] = {{"seeds", NARROW}, {"R@1", WIDE},  {"R@5", WIDE},
                                  {"R@10", WIDE},    {"R@25", WIDE}, {last, LAST}};
    nd__writer_head(w, title, columns, ND_COUNT(columns) - !last);
}

/* ---- systems ------------------------------------------------------------------------- */

static void number_row(nd__writer *w, const char *name, const double *shares)
{
    if (isnan(shares[0])) return;
    nd__writer_begin(w, name);
    nd__writer_cell(w, NARROW, "");
    number_cells(w, shares);
    nd__writer_cell(w, LAST, "");
    nd__writer_end(w);
}

/* @param is_tagged  the table of the paper's procedure */
static void systems_table(nd__writer *w, const nd_tables_report *r, bool is_tagged)
{
    head(w, is_tagged ? "true tag known" : "no tags", "theirs");
    number_row(w, is_tagged ? "the tag alone" : "chance", is_tagged ? r->tag_alone : r->chance);
    for (int i = 0; i < r->n_rows; i++) {
        const nd_tables_row *row = &r->rows[i];
        if (is_tagged && row->is_reranked) continue;
        int n = is_tagged && !row->has_tagged ? 0 : row->n_seeds;
        nd__writer_begin(w, row->label);
        nd__writer_count(w, NARROW, n);
        figure_cells(w, is_tagged ? row->tagged : row->recall, n, false);
        theirs_cell(w, row->theirs);
        nd__writer_end(w);
    }
}

static void line(nd__writer *w, const char *text)
{
    nd_str_append(&w->s, "%s\n", text);
}

static void introduce(nd__writer *w, const nd_tables_report *r)
{
    nd_str_append(&w->s,
                  "The paper's table of \"%s\" on %s: %d videos of the test split, %d tracks\n",
                  nd_table_name(r->table), r->corpus, r->n_videos, r->n_tracks);
    line(w,
         "Recall of the video's track in percent: mean over seeds ± deviation (95 % interval over "
         "tracks, mean of the seeds').");
    nd_str_append(
        &w->s,
        "\"theirs\" is as printed by the paper (Mao et al. 2024), R@1 / 5 / 10 / 25, "
        "measured on %s, with the true tag known; it is not ours and not of this corpus.\n",
        r->table == ND_TABLE_HIMV ? "HIMV-200K (YouTube)" : "its authors' own collection");
}

/* ---- questions and parts ------------------------------------------------------------- */

/* At which cuts the interval holds no 0: "above: 1 10, below: 25". */
static void shown_cell(nd__writer *w, const nd_tables_figure *figures, int n_seeds)
{
    char text[64] = "";
    size_t n = 0;
    for (int is_below = 0; is_below < 2 && n_seeds; is_below++) {
        const char *name = is_below ? "below:" : "above:";
        for (int c = 0; c < ND_EVAL_N_CUTS; c++) {
            if (!(is_below ? figures[c].hi < 0 : figures[c].lo > 0)) continue;
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%s %d", *name && n ? ", " : "",
                                  name, nd_eval_cut(c));
            name = "";
        }
    }
    nd__writer_cell(w, LAST, n || !n_seeds ? text : "not shown");
}

static void differences_table(nd__writer *w, const nd_tables_report *r)
{
    head(w, "difference, points", "by its interval");
    for (int i = 0; i < r->n_differences; i++) {
        const nd_tables_difference *d = &r->differences[i];
        nd__writer_begin(w, d->label);
        nd__writer_count(w, NARROW, d->n_seeds);
        figure_cells(w, d->recall, d->n_seeds, true);
        shown_cell(w, d->recall, d->n_seeds);
        nd__writer_end(w);
    }
}

/* Of one base: recall without each part, and what the part is worth. */
static void ablation_table(nd__writer *w, const nd_tables_report *r, const char *base,
                           bool is_worth)
{
    char title[160];
    snprintf(title, sizeof title, is_worth ? "%s: worth, points" : "%s without", base);
    head(w, title, is_worth ? "by its interval" : NULL);
    for (int i = 0; i < r->n_ablations; i++) {
        const nd_tables_ablation *a = &r->ablations[i];
        char name[96];
        if (strcmp(a->base, base)) continue;
        snprintf(name, sizeof name, "%s%s", a->without, a->is_reranked ? ", reranked" : "");
        nd__writer_begin(w, name);
        nd__writer_count(w, NARROW, a->n_seeds);
        figure_cells(w, is_worth ? a->worth : a->recall, a->n_seeds, is_worth);
        if (is_worth) shown_cell(w, a->worth, a->n_seeds);
        nd__writer_end(w);
    }
}

static void ablations_text(nd__writer *w, const nd_tables_report *r)
{
    const char *base = "";
    if (!r->n_ablations) return;
    line(w,
         "\nEach loss left out in training, and cross-attention: recall without it, and what it is "
         "worth, the whole model minus that, on the same videos.");
    for (int i = 0; i < r->n_ablations; i++) {
        if (!strcmp(r->ablations[i].base, base)) continue;
        base = r->ablations[i].base;
        ablation_table(w, r, base, false);
        ablation_table(w, r, base, true);
    }
}

/* The first of them, and how many more there are. */
static void missing_text(nd__writer *w, const char *missing)
{
    const char *sign = w->is_markdown ? "- " : "";
    int n_lines = 0;
    for (const char *at = missing; at && *at; n_lines++) {
        size_t n = strcspn(at, "\n");
        if (n_lines < MOST_MISSING)
            nd_str_append(&w->s, "%s%smissing: %.*s\n", n_lines ? "" : "\n", sign, (int)n, at);
        at += n + (at[n] == '\n');
    }
    if (n_lines > MOST_MISSING)
        nd_str_append(&w->s, "%smissing: %d more, which --json names\n", sign,
                      n_lines - MOST_MISSING);
}

int nd_tables_report_text(char **text_out, const nd_tables_report *r, bool is_markdown)
{
    nd__writer w = {.is_markdown = is_markdown};
    introduce(&w, r);
    systems_table(&w, r, false);
    line(&w, "\nAs the paper ranks: tracks of the query's true tag first. That is an oracle.");
    systems_table(&w, r, true);
    line(&w, "\nThe paper's questions, each as a difference on the same videos (paired).");
    differences_table(&w, r);
    ablations_text(&w, r);
    missing_text(&w, r->missing);
    return nd__writer_take(text_out, &w);
}
