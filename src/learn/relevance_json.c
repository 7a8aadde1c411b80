/* The report on human judgement as JSON. Keys are never renamed. */
#include "base/json.h"
#include "learn/eval.h"

enum { DECIMALS = 6 };

static json_t *row_json(const nd_relevance_row *row, int rerank)
{
    json_t *o = json_pack("{s:o, s:b, s:o, s:o}", "rerank",
                          row->is_reranked ? json_integer(rerank) : json_null(), "condensed",
                          row->is_condensed, "tracks", nd_json_number(row->n_tracks, 3),
                          "judged_10", nd_json_number(row->judged_10, DECIMALS));
    int bad = !o;
    for (int f = 0; f < ND_RELEVANCE_N_FIGURES && !bad; f++) {
        char chance[64];
        const char *name = nd_relevance_figure_name(f);
        snprintf(chance, sizeof chance, "%s_chance", name);
        bad = nd__eval_set_estimate(o, name, &row->figures[f]) ||
              json_object_set_new(o, chance, nd_json_number(row->chance[f], DECIMALS));
    }
    if (!bad) return o;
    json_decref(o);
    return NULL;
}

static json_t *rows_json(const nd_relevance_report *r)
{
    json_t *list = json_array();
    int bad = !list;
    for (int i = 0; i < r->n_rows && !bad; i++)
        bad = json_array_append_new(list, row_json(&r->rows[i], r->rerank));
    if (!bad) return list;
    json_decref(list);
    return NULL;
}

static int set_path(json_t *o, const char *key, const char *path)
{
    return path ? nd_json_set_path(o, key, path) : json_object_set_new(o, key, json_null());
}

int nd_relevance_report_json(char **json_out, const nd_relevance_report *r)
{
    json_t *o = json_pack(
        "{s:s?, s:s?, s:o, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:o, s:i, s:o, s:o, s:o}", "split",
        r->split, "control", r->control, "relevant", nd_json_number(r->relevant, DECIMALS), "lines",
        r->n_lines, "judgements", r->n_judgements, "left_out", r->n_left_out, "videos", r->n_videos,
        "without_relevant", r->n_without, "tracks", r->n_tracks, "not_found", r->n_not_found,
        "seed", json_sprintf("%llu", (unsigned long long)r->seed), "resamples", r->n_resamples,
        "elapsed_s", nd_json_number(r->elapsed_s, 3), "rows", rows_json(r), "problems",
        nd__eval_lines_json(r->problems));
    int bad = !o || set_path(o, "relevance", r->relevance) || set_path(o, "ranking", r->ranking) ||
              set_path(o, "model", r->model) || set_path(o, "corpus", r->corpus);
    if (bad) json_decref(o);
    return nd_json_print_take(json_out, bad ? NULL : o);
}
