/* Rankings as JSON: the contract of `recommend --json` and `similar --json`. */
#include "base/json.h"
#include "needledrop/ranking.h"
#include "serve/failures_json.h"

static json_t *parts_json(const nd_hit *h)
{
    json_t *parts = json_object();
    for (int i = 0; i < h->n_parts; i++) {
        json_t *part = json_object();
        json_object_set_new(part, "value", nd_json_number(h->parts[i].value, 4));
        json_object_set_new(part, "weight", nd_json_number(h->parts[i].weight, 4));
        json_object_set_new(parts, h->parts[i].name, part);
    }
    return parts;
}

static int add_hit(json_t *results, const nd_hit *h)
{
    json_t *o = json_object(), *window = json_array();
    json_object_set_new(o, "rank", json_integer(h->rank));
    int rc = nd_json_set_path(o, "path", h->path);
    json_object_set_new(o, "library", json_integer(h->library));
    json_object_set_new(o, "title", json_string(h->title));
    json_object_set_new(o, "artist", json_string(h->artist));
    json_object_set_new(o, "duration_s", nd_json_number(h->duration_s, 3));
    json_object_set_new(o, "tempo_bpm", nd_json_number(h->tempo_bpm, 2));
    json_object_set_new(o, "key", json_string(h->key));
    json_object_set_new(o, "score", nd_json_number(h->score, 4));
    json_object_set_new(o, "parts", parts_json(h));
    json_object_set_new(o, "start_s", nd_json_number(h->start_s, 3));
    json_array_append_new(window, nd_json_number(h->window_s[0], 3));
    json_array_append_new(window, nd_json_number(h->window_s[1], 3));
    json_object_set_new(o, "window_s", window);
    json_object_set_new(o, "why", json_string(h->why));
    if (json_array_append_new(results, o)) rc = ND_ENOMEM;
    return rc;
}

static int add_ranking(json_t *list, const nd_ranking *r)
{
    json_t *o = json_object(), *results = json_array();
    int rc = nd_json_set_path(o, "path", r->path);
    json_object_set_new(o, "n_passed", json_integer(r->n_passed));
    for (int i = 0; i < r->n_hits && !rc; i++) rc = add_hit(results, &r->hits[i]);
    json_object_set_new(o, "results", results);
    if (json_array_append_new(list, o)) rc = ND_ENOMEM;
    return rc;
}

int nd_rankings_json(char **json_out, const char *kind, nd_ranking *const *rankings, int n_rankings,
                     const nd_failure *failures, int n_failures)
{
    json_t *list = json_array();
    int rc = 0;
    for (int i = 0; i < n_rankings && !rc; i++) rc = add_ranking(list, rankings[i]);
    return nd__json_print_results_take(json_out, kind, list, rc, failures, n_failures);
}
