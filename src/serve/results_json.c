/* Libraries and arrays as JSON. */
#include "base/json.h"
#include "needledrop/json.h"
#include "serve/failures_json.h"

static int add_track(void *user, const nd_track *t)
{
    json_t *o = json_object();
    int rc = nd_json_set_path(o, "path", t->path);
    json_object_set_new(o, "title", json_string(t->info.title));
    json_object_set_new(o, "artist", json_string(t->info.artist));
    json_object_set_new(o, "album", json_string(t->info.album));
    json_object_set_new(o, "duration_s", nd_json_number(t->info.duration_s, 3));
    json_object_set_new(o, "tempo_bpm", nd_json_number(t->tempo_bpm, 2));
    json_object_set_new(o, "key", json_string(nd_key_name(t->key, t->is_minor)));
    json_object_set_new(o, "loudness_lufs", nd_json_number(t->loudness_lufs, 1));
    json_t *tags = json_array();
    for (int i = 0; t->tags[i]; i++) json_array_append_new(tags, json_string(t->tags[i]));
    json_object_set_new(o, "tags", tags);
    if (json_array_append_new(user, o)) rc = ND_ENOMEM;
    return rc;
}

int nd__json_add_failure(void *user, const nd_failure *f)
{
    return nd_json_add_failure(user, f->path, f->reason);
}

int nd__json_print_results_take(char **json_out, const char *key, json_t *list, int rc,
                                const nd_failure *failures, int n_failures)
{
    json_t *root = json_object(), *failed = n_failures ? json_array() : NULL;
    for (int i = 0; i < n_failures && !rc; i++) rc = nd__json_add_failure(failed, &failures[i]);
    if (json_object_set_new(root, key, list)) rc = ND_ENOMEM;
    if (n_failures && json_object_set_new(root, "failed", failed)) rc = ND_ENOMEM;
    if (!rc) return nd_json_print_take(json_out, root);
    json_decref(root);
    return rc;
}

/* {key: value} printed, or the failure that the value's making met. */
static int print_take(char **json_out, const char *key, json_t *value, int rc, nd_diag *diag)
{
    rc = nd__json_print_results_take(json_out, key, value, rc, NULL, 0);
    return rc == ND_ENOMEM ? nd_diag_set(diag, rc, "printing JSON: out of memory") : rc;
}

int nd_error_json(char **json_out, const nd_diag *diag)
{
    json_t *o = json_object();
    json_object_set_new(o, "code", json_string(nd_error_name(diag->code)));
    json_object_set_new(o, "reason",
                        json_string(diag->text[0] ? diag->text : nd_error_text(diag->code)));
    return print_take(json_out, "error", o, 0, NULL);
}

/* Which model embedded a library. */
static void add_model(json_t *root, const char *name, int64_t n_embedded)
{
    json_object_set_new(root, "model", name[0] ? json_string(name) : json_null());
    json_object_set_new(root, "embedded", json_integer(n_embedded));
}

int nd_tracks_json(char **json_out, nd_library *lib, const nd_filter *filter, nd_diag *diag)
{
    json_t *root = json_object(), *list = json_array();
    nd_library_facts facts = {0};
    int rc = nd_library_each(lib, filter, add_track, list, diag);
    if (!rc) rc = nd_library_count(&facts, lib, diag);
    json_object_set_new(root, "tracks", list);
    add_model(root, facts.model, facts.n_embedded);
    if (!rc) rc = nd_json_print_take(json_out, root);
    else json_decref(root);
    return rc == ND_ENOMEM ? nd_diag_set(diag, rc, "printing JSON: out of memory") : rc;
}

int nd_failures_json(char **json_out, nd_library *lib, nd_diag *diag)
{
    json_t *list = json_array();
    int rc = nd_library_each_failure(lib, nd__json_add_failure, list, diag);
    return print_take(json_out, "failed", list, rc, diag);
}

int nd_index_report_json(char **json_out, const nd_index_report *r)
{
    json_t *root = json_object();
    json_object_set_new(root, "found", json_integer(r->n_found));
    json_object_set_new(root, "added", json_integer(r->n_added));
    json_object_set_new(root, "changed", json_integer(r->n_changed));
    json_object_set_new(root, "moved", json_integer(r->n_moved));
    json_object_set_new(root, "removed", json_integer(r->n_removed));
    json_object_set_new(root, "unchanged", json_integer(r->n_unchanged));
    json_object_set_new(root, "failed", json_integer(r->n_failed));
    json_object_set_new(root, "tracks", json_integer(r->n_tracks));
    json_object_set_new(root, "music_s", nd_json_number(r->music_s, 3));
    json_object_set_new(root, "elapsed_s", nd_json_number(r->elapsed_s, 3));
    add_model(root, r->model, r->n_embedded);
    json_object_set_new(root, "reembedded", json_integer(r->n_reembedded));
    json_object_set_new(root, "reanalysed", json_integer(r->n_reanalysed));
    return nd_json_print_take(json_out, root);
}

static int add_embedding(json_t *list, const nd_embedding *e)
{
    json_t *o = json_object(), *shape = json_array();
    int rc = nd_json_set_path(o, "path", e->path);
    if (!rc) rc = nd_json_set_path(o, "out", e->out);
    json_object_set_new(o, "name", json_string(e->shape.name));
    json_object_set_new(o, "dtype", json_string(nd_dtype_name(e->shape.dtype)));
    for (int i = 0; i < e->shape.n_dims; i++)
        json_array_append_new(shape, json_integer(e->shape.dims[i]));
    json_object_set_new(o, "shape", shape);
    if (json_array_append_new(list, o)) rc = ND_ENOMEM;
    return rc;
}

int nd_embeddings_json(char **json_out, const nd_embedding *items, int n,
                       const nd_failure *failures, int n_failures)
{
    json_t *list = json_array();
    int rc = 0;
    for (int i = 0; i < n && !rc; i++) rc = add_embedding(list, &items[i]);
    return nd__json_print_results_take(json_out, "arrays", list, rc, failures, n_failures);
}
