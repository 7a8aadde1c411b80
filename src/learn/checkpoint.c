/* What training goes on from, in one file. */
#include <inttypes.h>
#include <string.h>

#include "compute/params_internal.h"
#include "learn/checkpoint.h"

typedef struct {
    nd_stored_value *items;
    size_t n, capacity, first_owned; /* items from there on own their names */
} list;

static int add_moments(list *l, const nd_params *p, const char *prefix, const float *block)
{
    for (size_t i = 0; i < p->n; i++) {
        const param *item = &p->items[i];
        nd_str name = {0};
        if (item->is_buffer) continue;
        nd_str_append(&name, "%s%s", prefix, item->name);
        if (name.failed || nd_grow(&l->items, &l->capacity, l->n, 1, sizeof *l->items)) {
            nd_str_deinit(&name);
            return ND_ENOMEM;
        }
        nd_stored_value v = {
            nd_str_take(&name), ND_STORED_F32, item->shape.n_dims, {0}, block + item->offset};
        memcpy(v.dims, item->shape.dims, sizeof item->shape.dims);
        l->items[l->n++] = v;
    }
    return 0;
}

/* nd_params_list lends names until it is asked again: each kind of values is of another object. */
static int add_values(list *l, nd_params *p, const char *prefix)
{
    return nd_params_list(p, prefix, ND_STORED_F32, &l->items, &l->n, &l->capacity);
}

static int make_list(list *l, const nd_checkpoint *all)
{
    nd_params *p = all->values;
    int rc = add_values(l, p, "value.");
    if (!rc && all->best != p) rc = add_values(l, all->best, "best.");
    if (!rc && all->mean) rc = add_values(l, all->mean, "mean.");
    l->first_owned = l->n;
    if (!rc) rc = add_moments(l, p, "m.", p->moments);
    if (!rc) rc = add_moments(l, p, "v.", p->moments + p->n_learned);
    return rc;
}

int nd_checkpoint_write(const char *path, const nd_checkpoint *all, int64_t step,
                        const json_t *settings, const json_t *progress, nd_diag *diag)
{
    ND_ASSERT(all->values->moments);
    list l = {0};
    char number[24];
    char *said = json_dumps(settings, JSON_COMPACT), *far = json_dumps(progress, JSON_COMPACT);
    snprintf(number, sizeof number, "%" PRId64, step);
    int rc = said && far ? make_list(&l, all) : ND_ENOMEM;
    const nd_text_pair metadata[] = {
        {"format", "needledrop-state-1"}, {"step", number}, {"settings", said}, {"progress", far}};
    if (rc) nd_diag_set(diag, rc, "writing %s: out of memory", path);
    else rc = nd_safetensors_write(path, l.items, (int)l.n, metadata, 4, diag);
    for (size_t i = l.first_owned; i < l.n; i++) free((char *)(uintptr_t)l.items[i].name);
    free(l.items);
    free(said);
    free(far);
    return rc;
}

/* ---- reading ------------------------------------------------------------------- */

static int refuse(const char *path, const char *key, const json_t *then, const json_t *now,
                  nd_diag *diag)
{
    char *texts[2] = {then ? json_dumps(then, JSON_ENCODE_ANY | JSON_REAL_PRECISION(9)) : NULL,
                      now ? json_dumps(now, JSON_ENCODE_ANY | JSON_REAL_PRECISION(9)) : NULL};
    nd_diag_set(diag, ND_EARG,
                "going on from %s: it was made with %s %.100s, now %.100s; the settings of then, "
                "or a restart, expected",
                path, key, texts[0] ? texts[0] : "none", texts[1] ? texts[1] : "none");
    free(texts[0]);
    free(texts[1]);
    return ND_EARG;
}

static int compare(const char *path, json_t *then, const json_t *now, nd_diag *diag)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)now, key, value)
    {
        const json_t *old = json_object_get(then, key);
        if (!json_equal(old, value)) return refuse(path, key, old, value, diag);
    }
    json_object_foreach(then, key, value)
    {
        if (!json_object_get(now, key)) return refuse(path, key, value, NULL, diag);
    }
    return 0;
}

/* An object of the metadata. @return new; NULL: there is none */
static json_t *object_of(const nd_safetensors *file, const char *key)
{
    const char *text = nd_safetensors_metadata(file, key);
    json_t *o = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (json_is_object(o)) return o;
    json_decref(o);
    return NULL;
}

int nd_checkpoint_read(json_t **progress_out, const char *path, const nd_checkpoint *all,
                       const json_t *settings, nd_diag *diag)
{
    nd_safetensors *file = NULL;
    int rc = nd_safetensors_open(&file, path, diag);
    if (rc) return rc;
    json_t *then = object_of(file, "settings"), *progress = object_of(file, "progress");
    if (!then || !progress)
        rc = nd_diag_set(diag, ND_EFORMAT,
                         "reading %s: a checkpoint with settings and progress expected, found none",
                         path);
    if (!rc) rc = compare(path, then, settings, diag);
    if (!rc) rc = nd_params_read(all->values, file, "value.", diag);
    if (!rc && all->best != all->values) rc = nd_params_read(all->best, file, "best.", diag);
    if (!rc && all->mean) rc = nd_params_read(all->mean, file, "mean.", diag);
    json_decref(then);
    if (rc) json_decref(progress);
    else *progress_out = progress;
    nd_safetensors_close(&file);
    return rc;
}
