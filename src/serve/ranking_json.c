/* Rankings as JSON: the contract of `recommend --json` and `similar --json`. */
#include <string.h>

#include "base/json.h"
#include "embed/embed.h"
#include "needledrop/ranking.h"
#include "serve/failures_json.h"

enum { HITS_WITH_CLIPS = 10 };

static json_t *parts_json(const nd_score_part *list, int n)
{
    json_t *parts = json_object();
    for (int i = 0; i < n; i++) {
        json_t *part = json_object();
        json_object_set_new(part, "value", nd_json_number(list[i].value, 4));
        json_object_set_new(part, "weight", nd_json_number(list[i].weight, 4));
        json_object_set_new(parts, list[i].name, part);
    }
    return parts;
}

static json_t *wishes_json(const nd_ranking *r, const nd_hit *h)
{
    json_t *list = json_array();
    for (int i = 0; i < r->n_wishes; i++)
        json_array_append_new(list, json_pack("{s:s, s:o}", "wish", r->wishes[i], "met",
                                              nd_json_number(h->met[i], 4)));
    return list;
}

/* The ranker's own parts beneath its part, the wishes beneath theirs. */
static json_t *hit_parts_json(const nd_ranking *r, const nd_hit *h)
{
    json_t *parts = parts_json(h->parts, h->n_parts);
    if (h->n_details)
        json_object_set_new(json_object_get(parts, "rhythm"), "parts",
                            parts_json(h->details, h->n_details));
    if (h->met && json_object_get(parts, "like"))
        json_object_set_new(json_object_get(parts, "like"), "wishes", wishes_json(r, h));
    return parts;
}

static json_t *tags_json(const nd_shown_tags tags)
{
    json_t *list = json_array();
    for (int i = 0; tags[i]; i++) json_array_append_new(list, json_string(tags[i]));
    return list;
}

static json_t *clips_json(const nd_hit *h)
{
    json_t *clips = json_object(), *rows = json_array();
    for (int i = 0; i < h->n_query_clips; i++) {
        json_t *row = json_array();
        for (int k = 0; k < h->n_track_clips; k++)
            json_array_append_new(row, nd_json_number(h->cosines[i * h->n_track_clips + k], 3));
        json_array_append_new(rows, row);
    }
    json_object_set_new(clips, "offset", json_integer(h->offset));
    json_object_set_new(clips, "cosines", rows);
    return clips;
}

/* What a model says of it. */
static void set_model_json(json_t *o, const nd_hit *h)
{
    json_object_set_new(o, "heard", tags_json(h->heard));
    json_object_set_new(o, "both", tags_json(h->both));
    if (h->n_query_clips && h->rank <= HITS_WITH_CLIPS)
        json_object_set_new(o, "clips", clips_json(h));
}

static int add_hit(json_t *results, const nd_ranking *r, const nd_hit *h)
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
    json_object_set_new(o, "parts", hit_parts_json(r, h));
    json_object_set_new(o, "start_s", nd_json_number(h->start_s, 3));
    json_array_append_new(window, nd_json_number(h->window_s[0], 3));
    json_array_append_new(window, nd_json_number(h->window_s[1], 3));
    json_object_set_new(o, "window_s", window);
    json_object_set_new(o, "why", json_string(h->why));
    set_model_json(o, h);
    if (json_array_append_new(results, o)) rc = ND_ENOMEM;
    return rc;
}

static json_t *text_json(const char *text)
{
    return text && text[0] ? json_string(text) : json_null();
}

/* What all rankings say. @return 0 or ND_ENOMEM */
static int set_results(json_t *o, const nd_ranking *r)
{
    json_t *results = json_array();
    int rc = 0;
    json_object_set_new(o, "n_passed", json_integer(r->n_passed));
    json_object_set_new(o, "model", text_json(r->model));
    json_object_set_new(o, "unknown", text_json(r->unknown));
    for (int i = 0; i < r->n_hits && !rc; i++) rc = add_hit(results, r, &r->hits[i]);
    if (json_object_set_new(o, "results", results)) rc = ND_ENOMEM;
    return rc;
}

static int add_ranking(json_t *list, const nd_ranking *r)
{
    json_t *o = json_object();
    int rc = nd_json_set_path(o, "path", r->path);
    json_object_set_new(o, "seen", tags_json(r->seen));
    if (!rc) rc = set_results(o, r);
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

int nd_found_json(char **json_out, const nd_ranking *r)
{
    char words[ND_WISH_MAX_BYTES + 1];
    json_t *o = json_object();
    nd_text_clean(words, sizeof words, r->path, strlen(r->path));
    json_object_set_new(o, "words", json_string(words));
    int rc = set_results(o, r);
    if (rc) json_decref(o);
    return rc ? rc : nd_json_print_take(json_out, o);
}
