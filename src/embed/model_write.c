/* Writing a model file: every part's values, and a configuration that says what they are. */
#include "embed/model.h"

/* {"music": {..}, .., "match": {..}, "text": {..}, "tags": [..], "training": {..}}.
 * @return new; NULL: out of memory */
static json_t *config_of(const nd_model_contents *c)
{
    json_t *all = json_object();
    int bad = !all;
    for (int i = 0; i < c->n_networks && !bad; i++)
        bad = json_object_set_new(all, nd_network_part(c->networks[i]),
                                  json_deep_copy(nd_network_config(c->networks[i])));
    if (!bad && c->matcher)
        bad = json_object_set_new(all, "match", json_deep_copy(nd_matcher_config(c->matcher)));
    if (!bad && c->words) bad = json_object_set_new(all, "text", nd_words_config(c->words));
    if (!bad && c->tags) bad = json_object_set_new(all, "tags", json_deep_copy(c->tags));
    if (!bad && c->record) bad = json_object_set_new(all, "training", json_deep_copy(c->record));
    if (!bad) return all;
    json_decref(all);
    return NULL;
}

/* Values to be written; prefixes are kept until nd_params_list has copied names from them. */
typedef struct {
    nd_stored_value *items;
    size_t n, capacity;
    nd_stored_dtype dtype;
} list;

static int list_params(list *l, nd_params *params, const char *part)
{
    nd_str prefix = {0};
    nd_str_append(&prefix, "%s.", part);
    int rc = prefix.failed
                 ? ND_ENOMEM
                 : nd_params_list(params, prefix.text, l->dtype, &l->items, &l->n, &l->capacity);
    nd_str_deinit(&prefix);
    return rc;
}

static int list_all(list *l, const nd_model_contents *c)
{
    int rc = 0;
    for (int i = 0; i < c->n_networks && !rc; i++)
        rc = list_params(l, nd_network_params(c->networks[i]), nd_network_part(c->networks[i]));
    if (!rc && c->matcher) rc = list_params(l, nd_matcher_params(c->matcher), "match");
    if (!rc && c->words)
        rc = nd_words_list(c->words, "text.", l->dtype, &l->items, &l->n, &l->capacity);
    return rc;
}

int nd_model_write(const char *path, const nd_model_contents *contents, nd_diag *diag)
{
    json_t *config = config_of(contents);
    char *text = config ? json_dumps(config, JSON_COMPACT) : NULL;
    list l = {.dtype = contents->half ? ND_STORED_F16 : ND_STORED_F32};
    int rc = text ? list_all(&l, contents) : ND_ENOMEM;
    const nd_text_pair metadata[] = {{"format", ND_MODEL_FORMAT}, {"config", text}};
    if (rc) nd_diag_set(diag, rc, "writing %s: out of memory", path);
    else rc = nd_safetensors_write(path, l.items, (int)l.n, metadata, 2, diag);
    json_decref(config);
    free(text);
    free(l.items);
    return rc;
}
