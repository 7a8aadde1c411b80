/* What a build and a check found, as JSON. */
#include "base/json.h"
#include "learn/corpus_check.h"

/* ---- building ---------------------------------------------------------------------- */

static json_t *failures_json(const nd_failure *items, int n)
{
    json_t *list = json_array();
    for (int i = 0; i < n; i++) {
        if (!nd_json_add_failure(list, items[i].path, items[i].reason)) continue;
        json_decref(list);
        return NULL;
    }
    return list;
}

static json_t *splits_json(int train, int val, int test)
{
    return json_pack("{s:i, s:i, s:i}", "train", train, "val", val, "test", test);
}

int nd_corpus_report_json(char **json_out, const nd_corpus_report *r)
{
    json_t *missing = json_array();
    for (int i = 0; i < r->n_missing; i++)
        json_array_append_new(missing, json_string(r->missing[i]));
    json_t *root = json_pack(
        "{s:i, s:o, s:i, s:i, s:i, s:i, s:i, s:o, s:o, s:i, s:i, s:o, s:o, s:o}", "pairs",
        r->n_pairs, "splits", splits_json(r->n_train, r->n_val, r->n_test), "videos", r->n_videos,
        "tracks", r->n_tracks, "groups", r->n_groups, "tags", r->n_tags, "untagged", r->n_untagged,
        "video_s", nd_json_number(r->video_s, 3), "music_s", nd_json_number(r->music_s, 3),
        "listed", r->n_listed, "unused", r->n_unused, "missing", missing, "unpaired",
        failures_json(r->unpaired, r->n_unpaired), "failed",
        failures_json(r->failures, r->n_failures));
    return nd_json_print_take(json_out, root);
}

/* ---- checking ---------------------------------------------------------------------- */

static const char *name_of(const nd_corpus_check *c, int media)
{
    return c->media[media].path;
}

static json_t *lengths_json(const nd__lengths *l)
{
    return json_pack("{s:i, s:o, s:o, s:o, s:o, s:o, s:o}", "n", l->n, "total_s",
                     nd_json_number(l->total_s, 3), "min_s", nd_json_number(l->min_s, 3), "p10_s",
                     nd_json_number(l->p10_s, 3), "median_s", nd_json_number(l->median_s, 3),
                     "p90_s", nd_json_number(l->p90_s, 3), "max_s", nd_json_number(l->max_s, 3));
}

static json_t *split_names(int splits)
{
    json_t *list = json_array();
    for (int s = 0; s < ND_N_SPLITS; s++)
        if (splits >> s & 1) json_array_append_new(list, json_string(nd_split_name((nd_split)s)));
    return list;
}

static json_t *all_splits(const nd_corpus_check *c, json_t *empty)
{
    json_t *o = json_object();
    for (int s = 0; s < ND_N_SPLITS; s++) {
        const nd__split_count *n = &c->by_split[s];
        const char *name = nd_split_name((nd_split)s);
        json_object_set_new(o, name,
                            json_pack("{s:i, s:i, s:i}", "pairs", n->n_pairs, "videos", n->n_videos,
                                      "tracks", n->n_tracks));
        if (!n->n_pairs) json_array_append_new(empty, json_string(name));
    }
    return o;
}

static json_t *tags_json(const nd_corpus_check *c)
{
    enum { SHOWN = 100 };
    json_t *top = json_array();
    for (int i = 0; i < ND_MIN(c->n_tags, SHOWN); i++)
        json_array_append_new(
            top, json_pack("{s:s, s:i}", "tag", c->tags[i].tag, "pairs", c->tags[i].n_pairs));
    return json_pack("{s:i, s:i, s:i, s:o}", "distinct", c->n_tags, "mentions", c->n_mentions,
                     "untagged", c->n_untagged, "top", top);
}

static json_t *problems_json(const nd_corpus_check *c)
{
    static const char *const kinds[] = {"line", "id", "pair", "tag", "more"};
    json_t *list = json_array();
    for (int i = 0; i < nd_corpus_problem_count(c->corpus); i++) {
        const nd_corpus_problem *p = nd_corpus_problem_at(c->corpus, i);
        json_array_append_new(list,
                              json_pack("{s:s, s:i, s:i, s:s}", "kind", kinds[p->kind], "line",
                                        p->line, "column", p->column, "reason", p->reason));
    }
    return list;
}

static json_t *unreadable_json(const nd_corpus_check *c)
{
    json_t *list = json_array();
    for (int i = 0; i < c->n_media; i++) {
        if (!c->media[i].failure) continue;
        nd_json_add_failure(list, name_of(c, i), c->media[i].failure);
    }
    return list;
}

static json_t *two_paths(const nd_corpus_check *c, int a, int b)
{
    json_t *o = json_object();
    nd_json_set_path(o, "path", name_of(c, a));
    if (a != b) nd_json_set_path(o, "other", name_of(c, b));
    return o;
}

static json_t *twins_json(const nd_corpus_check *c)
{
    json_t *list = json_array();
    for (int i = 0; i < c->n_media; i++)
        if (c->same_bytes[i] != i) json_array_append_new(list, two_paths(c, c->same_bytes[i], i));
    return list;
}

static json_t *alike_json(const nd_corpus_check *c)
{
    json_t *list = json_array();
    for (int i = 0; i < c->n_alike; i++) {
        const nd__likeness *l = &c->alike[i];
        json_t *o = two_paths(c, l->a, l->b);
        json_object_set_new(o, "overlap_s", nd_json_number(l->overlap_s, 2));
        json_object_set_new(o, "offset_s", nd_json_number(l->offset_s, 2));
        json_object_set_new(o, "error", nd_json_number(l->error, 4));
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *leaks_json(const nd_corpus_check *c)
{
    json_t *list = json_array();
    for (int i = 0; i < c->n_leaks; i++) {
        const nd__leak *l = &c->leaks[i];
        json_t *o = two_paths(c, l->a, l->b);
        json_object_set_new(o, "kind", json_string(nd__leak_name(l->kind)));
        json_object_set_new(o, "splits", split_names(l->splits_a));
        if (l->a != l->b) json_object_set_new(o, "other_splits", split_names(l->splits_b));
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *duplicates_json(const nd_corpus_check *c)
{
    return json_pack("{s:i, s:i, s:o, s:o}", "ids", c->n_ids, "pairs", c->n_pairs, "same_bytes",
                     twins_json(c), "same_sound", alike_json(c));
}

int nd_corpus_check_json(char **json_out, const nd_corpus_check *c)
{
    json_t *root = json_object(), *empty = json_array();
    nd_json_set_path(root, "path", nd_corpus_dir(c->corpus));
    json_object_set_new(root, "pairs", json_integer(nd_corpus_count(c->corpus)));
    json_object_set_new(root, "splits", all_splits(c, empty));
    json_object_set_new(root, "empty_splits", empty);
    json_object_set_new(root, "videos", json_integer(c->n_videos));
    json_object_set_new(root, "music", json_integer(c->n_music));
    json_object_set_new(root, "own_sound", json_integer(c->n_own_sound));
    json_object_set_new(root, "most_videos_of_a_track", json_integer(c->most_videos));
    json_object_set_new(root, "video_lengths", lengths_json(&c->video));
    json_object_set_new(root, "music_lengths", lengths_json(&c->music));
    json_object_set_new(root, "tags", tags_json(c));
    json_object_set_new(root, "listened", json_boolean(c->listened));
    json_object_set_new(root, "duplicates", duplicates_json(c));
    json_object_set_new(root, "leaks", leaks_json(c));
    json_object_set_new(root, "problems", problems_json(c));
    int failed = json_object_set_new(root, "failed", unreadable_json(c));
    if (!failed) return nd_json_print_take(json_out, root);
    json_decref(root);
    return ND_ENOMEM;
}
