/* What a model file holds, as JSON. */
#include <string.h>
#include <sys/stat.h>

#include "base/json.h"
#include "embed/model.h"

static json_t *shape_json(const nd_stored_tensor *s)
{
    json_t *dims = json_array();
    for (int i = 0; i < s->n_dims; i++) json_array_append_new(dims, json_integer(s->dims[i]));
    return dims;
}

static int64_t value_count(const nd_stored_tensor *s)
{
    int64_t n = 1;
    for (int i = 0; i < s->n_dims; i++) n *= s->dims[i];
    return n;
}

static bool belongs(const nd_stored_tensor *s, const char *part)
{
    size_t n = strlen(part);
    return !strncmp(s->name, part, n) && s->name[n] == '.';
}

static json_t *tensors_json(const nd_model *m, int64_t *n_values)
{
    json_t *list = json_array();
    for (int i = 0; i < nd_safetensors_count(m->file); i++) {
        const nd_stored_tensor *s = nd_safetensors_at(m->file, i);
        *n_values += value_count(s);
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:o}", "name", s->name, "dtype",
                                        nd_stored_dtype_name(s->dtype), "shape", shape_json(s)));
    }
    return list;
}

/* One part: everything under its name. */
static json_t *part_json(const nd_model *m, const char *part, json_t *config)
{
    int64_t n_tensors = 0, n_values = 0;
    for (int i = 0; i < nd_safetensors_count(m->file); i++) {
        const nd_stored_tensor *s = nd_safetensors_at(m->file, i);
        if (!belongs(s, part)) continue;
        n_tensors++;
        n_values += value_count(s);
    }
    const char *kind = json_string_value(json_object_get(config, "model"));
    const char *usual = strcmp(part, "match") ? "conformer" : "ut_cmvmr"; /* as published */
    if (!strcmp(part, "text")) usual = "words";
    return json_pack("{s:s, s:I, s:I, s:O}", "model", kind ? kind : usual, "n_tensors",
                     (json_int_t)n_tensors, "n_parameters", (json_int_t)n_values, "config", config);
}

int nd_model_json(char **json_out, const nd_model *m)
{
    const char *key;
    json_t *value, *parts = json_object(), *tags = json_object_get(m->config, "tags");
    json_t *record = json_object_get(m->config, "training"), *result = json_object();
    int64_t n_values = 0;
    struct stat info = {0};
    stat(m->path, &info);
    json_t *tensors = tensors_json(m, &n_values);
    json_object_foreach(m->config, key, value) if (json_is_object(value) && strcmp(key, "training"))
        json_object_set_new(parts, key, part_json(m, key, value));
    nd_json_set_path(result, "path", m->path);
    json_object_update_new(
        result, json_pack("{s:s, s:I, s:i, s:I, s:o, s:i, s:O?, s:o, s:o}", "format",
                          nd_safetensors_metadata(m->file, "format"), "size_bytes",
                          (json_int_t)info.st_size, "n_tensors", nd_safetensors_count(m->file),
                          "n_values", (json_int_t)n_values, "parts", parts, "n_tags",
                          (int)json_array_size(tags), "tags", tags, "training",
                          record ? json_incref(record) : json_null(), "tensors", tensors));
    return nd_json_print_take(json_out, result);
}
