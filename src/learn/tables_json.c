/* A table and its plan as JSON and CSV. Keys and columns are never renamed. */
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "learn/eval.h"
#include "learn/tables.h"

enum { DECIMALS = 6 };

static json_t *number(double x)
{
    return nd_json_number(x, DECIMALS);
}

/* Add to o what pick gives at each cut, as "recall_K". @return 0 or -1, as jansson has it */
static int set_recalls(json_t *o, const void *values, json_t *(*pick)(const void *values, int c))
{
    int bad = !o;
    for (int c = 0; c < ND_EVAL_N_CUTS && !bad; c++) {
        char key[32];
        snprintf(key, sizeof key, "recall_%d", nd_eval_cut(c));
        bad = json_object_set_new(o, key, pick(values, c));
    }
    return bad ? -1 : 0;
}

static json_t *share_at(const void *shares, int c)
{
    return number(((const double *)shares)[c]);
}

static json_t *figure_at(const void *figures, int c)
{
    const nd_tables_figure *f = (const nd_tables_figure *)figures + c;
    return json_pack("{s:o, s:o, s:[o, o]}", "mean", number(f->mean), "deviation",
                     number(f->deviation), "interval", number(f->lo), number(f->hi));
}

/* o where nothing went wrong; NULL, and o is given up. */
static json_t *unless(int bad, json_t *o)
{
    if (!bad) return o;
    json_decref(o);
    return NULL;
}

/* null where the first is not known. */
static json_t *shares_json(const double *shares)
{
    if (isnan(shares[0])) return json_null();
    json_t *o = json_object();
    return unless(set_recalls(o, shares, share_at), o);
}

static json_t *figures_json(const nd_tables_figure *figures, bool is_there)
{
    if (!is_there) return json_null();
    json_t *o = json_object();
    return unless(set_recalls(o, figures, figure_at), o);
}

static json_t *row_json(const void *item)
{
    const nd_tables_row *r = item;
    json_t *o = json_pack("{s:s, s:s, s:b, s:b, s:i, s:o, s:o}", "name", r->name, "label", r->label,
                          "ours", r->is_ours, "rerank", r->is_reranked, "seeds", r->n_seeds,
                          "true_tag", figures_json(r->tagged, r->has_tagged), "theirs",
                          shares_json(r->theirs));
    return unless(!o || (r->n_seeds && set_recalls(o, r->recall, figure_at)), o);
}

static json_t *difference_json(const void *item)
{
    const nd_tables_difference *d = item;
    json_t *o = json_pack("{s:s, s:s, s:b, s:i}", "question", d->question, "label", d->label,
                          "rerank", d->is_reranked, "seeds", d->n_seeds);
    return unless(!o || (d->n_seeds && set_recalls(o, d->recall, figure_at)), o);
}

static json_t *ablation_json(const void *item)
{
    const nd_tables_ablation *a = item;
    json_t *o = json_pack("{s:s, s:s, s:s, s:b, s:i, s:o}", "name", a->name, "base", a->base,
                          "without", a->without, "rerank", a->is_reranked, "seeds", a->n_seeds,
                          "worth", figures_json(a->worth, a->n_seeds > 0));
    return unless(!o || (a->n_seeds && set_recalls(o, a->recall, figure_at)), o);
}

static json_t *list_json(const void *items, int n, size_t bytes, json_t *(*item)(const void *item))
{
    json_t *list = json_array();
    int bad = !list;
    for (int i = 0; i < n && !bad; i++)
        bad = json_array_append_new(list, item((const char *)items + (size_t)i * bytes));
    return unless(bad, list);
}

int nd_tables_report_json(char **json_out, const nd_tables_report *r)
{
    json_t *root = json_pack(
        "{s:s, s:s, s:i, s:i, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:o}", "table",
        nd_table_name(r->table), "theirs",
        "as printed by the paper, measured on other data with the true tag known", "seeds",
        r->n_seeds, "ablation_seeds", r->n_ablation_seeds, "videos", r->n_videos, "tracks",
        r->n_tracks, "chance", shares_json(r->chance), "true_tag_alone", shares_json(r->tag_alone),
        "rows", list_json(r->rows, r->n_rows, sizeof *r->rows, row_json), "differences",
        list_json(r->differences, r->n_differences, sizeof *r->differences, difference_json),
        "ablations", list_json(r->ablations, r->n_ablations, sizeof *r->ablations, ablation_json),
        "missing", nd__eval_lines_json(r->missing));
    int bad = !root || nd_json_set_path(root, "corpus", r->corpus) ||
              nd_json_set_path(root, "models", r->models);
    return nd_json_print_take(json_out, unless(bad, root));
}

static json_t *kind_json(const void *item)
{
    const nd_tables_kind *k = item;
    bool is_known = isfinite(k->each_s);
    return json_pack("{s:s, s:i, s:i, s:o, s:o}", "kind", k->name, "there", k->n_there, "missing",
                     k->n_missing, "each_s", nd_json_number(k->each_s, 1), "by",
                     is_known ? json_string(k->is_by_general ? "general" : "kind") : json_null());
}

int nd_tables_plan_json(char **json_out, const nd_tables_plan *plan)
{
    json_t *root = json_pack("{s:i, s:i, s:i, s:i, s:o, s:o, s:o}", "jobs", plan->n_jobs, "there",
                             plan->n_there, "missing", plan->n_missing, "not_timed",
                             plan->n_not_timed, "left_s", nd_json_number(plan->left_s, 1), "kinds",
                             list_json(plan->kinds, plan->n_kinds, sizeof *plan->kinds, kind_json),
                             "impossible", nd__eval_lines_json(plan->impossible));
    int bad = !root || nd_json_set_path(root, "models", plan->models);
    return nd_json_print_take(json_out, unless(bad, root));
}

/* ---- CSV ----------------------------------------------------------------------------- */

/* A label may have commas; none has a quotation mark. */
typedef struct {
    const char *part, *name, *label, *tags;
    int n_seeds;
    bool is_reranked;
} csv_head;

static void csv_number(nd_str *s, double share)
{
    nd_str_append(s, isfinite(share) ? ",%.4f" : ",", 100 * share + 0.0);
}

/* @param theirs  NULL: none */
static void csv_lines(nd_str *s, const csv_head *h, const nd_tables_figure *figures,
                      const double *theirs)
{
    for (int c = 0; c < ND_EVAL_N_CUTS; c++) {
        const nd_tables_figure none = {NAN, NAN, NAN, NAN};
        const nd_tables_figure *f = h->n_seeds ? &figures[c] : &none;
        nd_str_append(s, "%s,%s,\"%s\",%d,%s,%d,%d", h->part, h->name, h->label, h->n_seeds,
                      h->tags, h->is_reranked, nd_eval_cut(c));
        csv_number(s, f->mean);
        csv_number(s, f->deviation);
        csv_number(s, f->lo);
        csv_number(s, f->hi);
        csv_number(s, theirs ? theirs[c] : NAN);
        nd_str_append(s, "\n");
    }
}

int nd_tables_report_csv(char **csv_out, const nd_tables_report *r)
{
    nd_str s = {0};
    nd_str_append(&s, "part,name,label,seeds,tags,rerank,k,mean,deviation,lo,hi,theirs\n");
    for (int i = 0; i < r->n_rows; i++) {
        const nd_tables_row *row = &r->rows[i];
        csv_head h = {"system", row->name, row->label, "none", row->n_seeds, row->is_reranked};
        csv_lines(&s, &h, row->recall, row->theirs);
        h.tags = "true";
        if (row->has_tagged) csv_lines(&s, &h, row->tagged, row->theirs);
    }
    for (int i = 0; i < r->n_differences; i++) {
        const nd_tables_difference *d = &r->differences[i];
        csv_lines(
            &s,
            &(csv_head){"difference", d->question, d->label, "none", d->n_seeds, d->is_reranked},
            d->recall, NULL);
    }
    for (int i = 0; i < r->n_ablations; i++) {
        const nd_tables_ablation *a = &r->ablations[i];
        csv_head h = {"ablation", a->name, a->without, "none", a->n_seeds, a->is_reranked};
        csv_lines(&s, &h, a->recall, NULL);
        h.part = "worth";
        csv_lines(&s, &h, a->worth, NULL);
    }
    char *text = nd_str_take(&s);
    if (!text) return ND_ENOMEM;
    *csv_out = text;
    return 0;
}
