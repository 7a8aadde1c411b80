/* A model file: safetensors, whose metadata say what the tensors are:
 *     format  "needledrop-1"
 *     config  JSON {"music": {..}, "video": {..}, "match": {..}, "tags": [..], "training": {..}}
 * A part's parameters are named PART.NAME. A part that is absent is not in the file. */
#include <string.h>

#include "compute/safetensors.h"
#include "embed/embed.h"
#include "embed/model.h"

/* The JSON of the metadata. */
static int read_config(json_t **out, const nd_safetensors *file, const char *path, nd_diag *diag)
{
    const char *format = nd_safetensors_metadata(file, "format");
    const char *text = nd_safetensors_metadata(file, "config");
    if (!format || strcmp(format, ND_MODEL_FORMAT))
        return nd_diag_set(diag, ND_EFORMAT,
                           "reading %s: metadata \"format\": \"%s\" expected, found %s", path,
                           ND_MODEL_FORMAT, format ? format : "none");
    json_error_t error = {0};
    json_t *config = text ? json_loads(text, JSON_REJECT_DUPLICATES, &error) : NULL;
    if (!json_is_object(config)) {
        json_decref(config);
        return nd_diag_set(diag, ND_EFORMAT,
                           "reading %s: a JSON object expected in metadata \"config\": %s", path,
                           text ? error.text : "there is none");
    }
    *out = config;
    return 0;
}

int nd_model_open(nd_model **out, const char *path, nd_diag *diag)
{
    nd_model *m = nd_calloc(1, sizeof *m);
    if (!m) return nd_diag_set(diag, ND_ENOMEM, "opening %s: out of memory", path);
    int rc = (m->path = strdup(path))
                 ? nd_safetensors_open(&m->file, path, diag)
                 : nd_diag_set(diag, ND_ENOMEM, "opening %s: out of memory", path);
    if (!rc) rc = read_config(&m->config, m->file, path, diag);
    if (rc) nd_model_close(&m);
    else *out = m;
    return rc;
}

void nd_model_close(nd_model **model)
{
    nd_model *m = model ? *model : NULL;
    if (!m) return;
    for (size_t i = 0; i < m->n_networks; i++) nd_network_destroy(&m->networks[i]);
    nd_matcher_destroy(&m->matcher);
    nd_words_destroy(&m->words);
    nd_safetensors_close(&m->file);
    json_decref(m->config);
    free(m->networks);
    free(m->path);
    free(m);
    *model = NULL;
}

/* The configuration of a part. */
static int find_config(const json_t **out, const nd_model *m, const char *part, nd_diag *diag)
{
    *out = json_object_get(m->config, part);
    return *out ? 0
                : nd_diag_set(diag, ND_ENOTFOUND, "reading %s: a part \"%s\" expected, it has none",
                              m->path, part);
}

static int read_network(nd_network **out, nd_model *m, const char *part, nd_diag *diag)
{
    const json_t *config = NULL;
    nd_str prefix = {0};
    if (find_config(&config, m, part, diag)) return ND_ENOTFOUND;
    nd_str_append(&prefix, "%s.", part);
    int rc = prefix.failed ? nd_diag_set(diag, ND_ENOMEM, "reading %s: out of memory", m->path)
                           : nd_network_read(out, config, part, m->file, prefix.text, diag);
    nd_str_deinit(&prefix);
    return rc;
}

int nd_model_network(nd_network **out, nd_model *m, const char *part, nd_diag *diag)
{
    for (size_t i = 0; i < m->n_networks; i++)
        if (!strcmp(nd_network_part(m->networks[i]), part)) {
            *out = m->networks[i];
            return 0;
        }
    if (nd_grow(&m->networks, &m->capacity, m->n_networks, 1, sizeof *m->networks))
        return nd_diag_set(diag, ND_ENOMEM, "reading %s: out of memory", m->path);
    nd_network *n = NULL;
    int rc = read_network(&n, m, part, diag);
    if (!rc) *out = m->networks[m->n_networks++] = n;
    return rc;
}

int nd_model_matcher(nd_matcher **out, nd_model *m, nd_diag *diag)
{
    const json_t *config = NULL;
    int rc = m->matcher ? 0 : find_config(&config, m, "match", diag);
    if (!rc && !m->matcher) rc = nd_matcher_read(&m->matcher, config, m->file, "match.", diag);
    if (!rc) *out = m->matcher;
    return rc;
}

int nd_model_words(nd_words **out, nd_model *m, nd_diag *diag)
{
    const json_t *config = NULL;
    int rc = m->words ? 0 : find_config(&config, m, "text", diag);
    if (!rc && !m->words) rc = nd_words_read(&m->words, config, m->file, "text.", diag);
    if (!rc) *out = m->words;
    return rc;
}

const json_t *nd_model_tags(const nd_model *m)
{
    return json_object_get(m->config, "tags");
}

const json_t *nd_model_record(const nd_model *m)
{
    return json_object_get(m->config, "training");
}

/* Names, types, shapes and values of the part's tensors, and its configuration. */
int nd_model_fingerprint(uint64_t *out, nd_model *m, const char *part, nd_diag *diag)
{
    const json_t *config = NULL;
    if (find_config(&config, m, part, diag)) return ND_ENOTFOUND;
    char *text = json_dumps(config, JSON_COMPACT | JSON_SORT_KEYS);
    if (!text) return nd_diag_set(diag, ND_ENOMEM, "reading %s: out of memory", m->path);
    uint64_t hash = nd_hash(0, text, strlen(text));
    size_t n_part = strlen(part);
    free(text);
    for (int i = 0; i < nd_safetensors_count(m->file); i++) {
        const nd_stored_tensor *s = nd_safetensors_at(m->file, i);
        if (strncmp(s->name, part, n_part) || s->name[n_part] != '.') continue;
        hash = nd_hash(hash, s->name, strlen(s->name));
        hash = nd_hash(hash, s->dims, sizeof s->dims);
        hash = nd_hash(hash, s->data, s->n_bytes);
    }
    *out = hash ? hash : 1; /* 0 means not known */
    return 0;
}
