/* The report of an evaluation as JSON. Keys are never renamed. */
#include <string.h>

#include "base/json.h"
#include "learn/eval.h"

enum { DECIMALS = 6 };

static json_t *number(double x)
{
    return nd_json_number(x, DECIMALS);
}

/* o where nothing went wrong; NULL, and o is given up. */
static json_t *unless(int bad, json_t *o)
{
    if (!bad) return o;
    json_decref(o);
    return NULL;
}

/* A list of n of a report's things. */
static json_t *list_json(const nd_eval_report *r, int n,
                         json_t *(*item)(const nd_eval_report *r, int i))
{
    json_t *list = json_array();
    int bad = !list;
    for (int i = 0; i < n && !bad; i++) bad = json_array_append_new(list, item(r, i));
    return unless(bad, list);
}

int nd__eval_set_estimate(json_t *o, const char *key, const nd_estimate *e)
{
    char interval[64];
    snprintf(interval, sizeof interval, "%s_interval", key);
    return json_object_set_new(o, key, number(e->value)) ||
           json_object_set_new(o, interval, json_pack("[o, o]", number(e->lo), number(e->hi)));
}

static json_t *measures_json(const nd_eval_measures *m, bool is_difference)
{
    if (!m->n_queries) return json_null();
    json_t *o = json_pack("{s:i, s:i}", "queries", m->n_queries, "gallery", m->n_gallery);
    int bad = !o;
    for (int c = 0; c < ND_EVAL_N_CUTS && !bad; c++) {
        char key[64], chance[64];
        snprintf(key, sizeof key, "recall_%d", nd_eval_cut(c));
        snprintf(chance, sizeof chance, "recall_%d_chance", nd_eval_cut(c));
        bad = nd__eval_set_estimate(o, key, &m->recall[c]);
        if (!bad && !is_difference) bad = json_object_set_new(o, chance, number(m->chance[c]));
    }
    if (!bad && !is_difference) bad = nd__eval_set_estimate(o, "median_rank", &m->median_rank);
    if (!bad)
        bad = nd__eval_set_estimate(o, "mrr", &m->mrr) ||
              nd__eval_set_estimate(o, "ndcg_10", &m->ndcg_10);
    return unless(bad, o);
}

/* What tags find without a model; null without tags. */
static json_t *alone_json(const nd_eval_row *r, bool is_difference)
{
    if (r->tags == ND_EVAL_NONE || is_difference) return json_null();
    json_t *o = json_object();
    int bad = !o;
    for (int c = 0; c < ND_EVAL_N_CUTS && !bad; c++) {
        char key[64];
        snprintf(key, sizeof key, "recall_%d", nd_eval_cut(c));
        bad = json_object_set_new(o, key, number(r->tags_alone[c]));
    }
    return unless(bad, o);
}

static json_t *row_json(const nd_eval_row *r, int rerank, bool is_difference)
{
    return json_pack("{s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o}", "tags", nd_eval_tags_name(r->tags),
                     "rerank", r->is_reranked, "tagged",
                     r->tags == ND_EVAL_NONE ? json_null() : json_integer(r->n_tagged),
                     "tags_alone", alone_json(r, is_difference), "shortlist",
                     r->is_reranked ? json_integer(rerank) : json_null(), "shortlist_recall",
                     r->is_reranked ? number(r->shortlist_recall) : json_null(), "video_to_music",
                     measures_json(&r->video_to_music, is_difference), "music_to_video",
                     measures_json(&r->music_to_video, is_difference));
}

static json_t *row_item(const nd_eval_report *r, int i)
{
    return row_json(&r->rows[i], r->rerank, false);
}

static json_t *against_item(const nd_eval_report *r, int i)
{
    return row_json(&r->against_rows[i], r->rerank, false);
}

static json_t *difference_item(const nd_eval_report *r, int i)
{
    return row_json(&r->differences[i], r->rerank, true);
}

static json_t *moment_json(const nd_eval_moment *m)
{
    if (!m->n) return json_null();
    json_t *o = json_pack("{s:i, s:o}", "videos", m->n, "start_within_4_s",
                          number(m->start_within_4));
    int bad = !o || nd__eval_set_estimate(o, "error_s", &m->error_s) ||
              nd__eval_set_estimate(o, "within_2_s", &m->within_2) ||
              nd__eval_set_estimate(o, "within_4_s", &m->within_4) ||
              nd__eval_set_estimate(o, "iou", &m->iou);
    for (int k = 0; k < ND_EVAL_N_MOR && !bad; k++) {
        char at_5[64], at_7[64];
        snprintf(at_5, sizeof at_5, "mor_%d_iou_0.5", nd_eval_cut(k));
        snprintf(at_7, sizeof at_7, "mor_%d_iou_0.7", nd_eval_cut(k));
        bad = json_object_set_new(o, at_5, number(m->mor_5[k])) ||
              json_object_set_new(o, at_7, number(m->mor_7[k]));
    }
    return unless(bad, o);
}

static json_t *probe_item(const nd_eval_report *r, int i)
{
    const nd_eval_probe *p = &r->probes[i];
    return json_pack("{s:s, s:s, s:i, s:i, s:i, s:o, s:o}", "medium", p->medium, "what", p->what,
                     "classes", p->n_classes, "fitted", p->n_fitted, "clips", p->n, "accuracy",
                     number(p->accuracy), "chance", number(p->chance));
}

static json_t *step_item(const nd_eval_report *r, int i)
{
    const nd_eval_step *step = &r->ladder[i];
    return json_pack("{s:s, s:i, s:i, s:o, s:o}", "step", step->name, "of", step->n, "right",
                     step->n_right, "share", number((double)step->n_right / step->n), "chance",
                     number(step->chance));
}

json_t *nd__eval_lines_json(const char *lines)
{
    json_t *list = json_array();
    int bad = !list;
    for (const char *at = lines; at && *at && !bad;) {
        size_t n = strcspn(at, "\n");
        bad = json_array_append_new(list, json_stringn(at, n));
        at += n + (at[n] == '\n');
    }
    return unless(bad, list);
}

static json_t *against_json(const nd_eval_report *r)
{
    json_t *o = r->against ? json_object() : json_null();
    if (!r->against || !o) return o;
    int bad = nd_json_set_path(o, "model", r->against) ||
              json_object_set_new(o, "rows", list_json(r, r->n_against_rows, against_item));
    return unless(bad, o);
}

static json_t *report_json(const nd_eval_report *r)
{
    json_t *training = r->training ? json_loads(r->training, JSON_DECODE_ANY, NULL) : json_null();
    return json_pack(
        "{s:s, s:i, s:i, s:i, s:s, s:o, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "split",
        r->split, "videos", r->n_videos, "tracks", r->n_tracks, "left_out", r->n_left_out,
        "control", r->control, "seed", json_sprintf("%llu", (unsigned long long)r->seed),
        "resamples", r->n_resamples, "training", training, "elapsed_s",
        nd_json_number(r->elapsed_s, 3), "rows", list_json(r, r->n_rows, row_item), "moment",
        moment_json(&r->moment), "ladder", list_json(r, r->n_steps, step_item), "probes",
        list_json(r, r->n_probes, probe_item), "against", against_json(r), "differences",
        list_json(r, r->n_differences, difference_item), "missing",
        nd__eval_lines_json(r->missing));
}

int nd_eval_report_json(char **json_out, const nd_eval_report *report)
{
    json_t *root = report_json(report);
    int bad = !root || nd_json_set_path(root, "model", report->model) ||
              nd_json_set_path(root, "corpus", report->corpus);
    return nd_json_print_take(json_out, unless(bad, root));
}
