/* What `inspect --json` prints: a description, and beside it what a model made of the file. */
#include <math.h>

#include "base/json.h"
#include "describe/describe.h"
#include "needledrop/model.h"

enum { TAGS_OF_WHOLE = 10, TAGS_OF_CLIP = 3 };

static json_t *shares_json(const nd_tag_shares *t, const float *shares, int most)
{
    int largest[TAGS_OF_WHOLE], n = nd_tags_largest(largest, shares, t->n_tags, most);
    json_t *list = json_array();
    for (int i = 0; i < n; i++)
        json_array_append_new(list, json_pack("{s:s, s:o}", "name", t->names[largest[i]], "share",
                                              nd_json_number((double)shares[largest[i]], 3)));
    return list;
}

static void add_tags(json_t *root, const nd_tag_shares *t)
{
    const char *key = t->medium == ND_MUSIC ? "heard" : "seen";
    json_t *clips = json_object_get(root, "clips"), *clip;
    size_t c;
    json_object_set_new(root, key, shares_json(t, t->whole, TAGS_OF_WHOLE));
    json_array_foreach(clips, c, clip)
    {
        if ((int64_t)c >= t->n_clips) break;
        json_object_set_new(clip, key,
                            shares_json(t, t->clips + (int64_t)c * t->n_tags, TAGS_OF_CLIP));
    }
}

static json_t *cosines_json(const nd_match_facts *f)
{
    if (!f->cosines) return json_null();
    json_t *rows = json_array();
    for (int64_t i = 0; i < f->n_query_clips; i++) {
        json_t *row = json_array();
        for (int64_t k = 0; k < f->n_track_clips; k++)
            json_array_append_new(row,
                                  nd_json_number((double)f->cosines[i * f->n_track_clips + k], 3));
        json_array_append_new(rows, row);
    }
    return rows;
}

static int add_match(json_t *root, const nd_inspection *x)
{
    const nd_match_facts *f = x->match;
    json_t *with = json_object();
    int rc = nd_json_set_path(with, "path", x->track_path);
    json_object_set_new(with, "score", nd_json_number(f->score, 3));
    json_object_set_new(with, "pair", nd_json_number(f->pair, 3));
    json_object_set_new(with, "offset", f->cosines ? json_integer(f->offset) : json_null());
    json_object_set_new(with, "start_s",
                        nd_json_number(f->cosines ? f->offset * ND_CLIP_S : NAN, 3));
    json_object_set_new(with, "cosines", cosines_json(f));
    if (x->track_tags)
        json_object_set_new(with, "heard",
                            shares_json(x->track_tags, x->track_tags->whole, TAGS_OF_WHOLE));
    return json_object_set_new(root, "with", with) ? ND_ENOMEM : rc;
}

int nd_inspection_json(char **json_out, const nd_inspection *x)
{
    char *plain = NULL;
    int rc = nd_description_json(&plain, x->description, x->path);
    if (rc) return rc;
    json_t *root = json_loads(plain, 0, NULL);
    free(plain);
    if (!root) return ND_ENOMEM;
    if (x->tags) add_tags(root, x->tags);
    if (x->match) rc = add_match(root, x);
    if (!rc) return nd_json_print_take(json_out, root);
    json_decref(root);
    return rc;
}
