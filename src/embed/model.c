/* A model file: safetensors, whose metadata say what the tensors are:
 *     format  "needledrop-1"
 *     config  JSON {"music": {..}, "video": {..}, "match": {..}, "tags": [..], "training": {..}}
 * A part's parameters are named PART.NAME. A part that is absent is not in the file. */
#include <string.h>

#include "compute/safetensors.h"
#include "embed/embed.h"
#include "embed/model.h"

static const char FORMAT[] = "needledrop-1";

/* The JSON of the metadata. */
static int read_config(json_t **out, const nd_safetensors *file, const char *path, nd_diag *diag)
{
    const char *format = nd_safetensors_metadata(file, "format");
    const char *text = nd_safetensors_metadata(file, "config");
    if (!format || strcmp(format, FORMAT))
        return nd_diag_set(diag, ND_EFORMAT,
                           "reading %s: metadata \"format\": \"%s\" expected, found %s", path,
                           FORMAT, format ? format : "none");
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
    nd_safetensors_close(&m->file);
    json_decref(m->config);
    free(m->networks);
    free(m->path);
    free(m);
    *model = NULL;
}

static int read_network(nd_network **out, nd_model *m, const char *part, nd_diag *diag)
{
    const json_t *config = json_object_get(m->config, part);
    nd_str prefix = {0};
    if (!config)
        return nd_diag_set(diag, ND_ENOTFOUND, "reading %s: a part \"%s\" expected, it has none",
                           m->path, part);
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

/* ---- writing ------------------------------------------------------------------- */

/* {"music": {..}, .., "tags": [..], "training": {..}}. @return new; NULL: out of memory */
static json_t *config_of(nd_network *const *networks, int n, const json_t *tags,
                         const json_t *record)
{
    json_t *all = json_object();
    int bad = !all;
    for (int i = 0; i < n && !bad; i++)
        bad = json_object_set_new(all, nd_network_part(networks[i]),
                                  json_deep_copy(nd_network_config(networks[i])));
    if (!bad && tags) bad = json_object_set_new(all, "tags", json_deep_copy(tags));
    if (!bad && record) bad = json_object_set_new(all, "training", json_deep_copy(record));
    if (!bad) return all;
    json_decref(all);
    return NULL;
}

static int list_values(nd_stored_value **items, size_t *n_items, nd_network *const *networks, int n,
                       bool half)
{
    size_t capacity = 0;
    int rc = 0;
    for (int i = 0; i < n && !rc; i++) {
        nd_str prefix = {0};
        nd_str_append(&prefix, "%s.", nd_network_part(networks[i]));
        rc = prefix.failed
                 ? ND_ENOMEM
                 : nd_params_list(nd_network_params(networks[i]), prefix.text,
                                  half ? ND_STORED_F16 : ND_STORED_F32, items, n_items, &capacity);
        nd_str_deinit(&prefix);
    }
    return rc;
}

int nd_model_write(const char *path, nd_network *const *networks, int n, const json_t *tags,
                   const json_t *record, bool half, nd_diag *diag)
{
    json_t *config = config_of(networks, n, tags, record);
    char *text = config ? json_dumps(config, JSON_COMPACT) : NULL;
    nd_stored_value *items = NULL;
    size_t n_items = 0;
    int rc = text ? list_values(&items, &n_items, networks, n, half) : ND_ENOMEM;
    const nd_text_pair metadata[] = {{"format", FORMAT}, {"config", text}};
    if (rc) nd_diag_set(diag, rc, "writing %s: out of memory", path);
    else rc = nd_safetensors_write(path, items, (int)n_items, metadata, 2, diag);
    json_decref(config);
    free(text);
    free(items);
    return rc;
}
