/* What a model file holds, for people. */
#include <string.h>

#include "embed/model.h"

static void put_config(nd_str *s, const json_t *config)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)config, key, value)
    {
        char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
        nd_str_append(s, "    %-30s %s\n", key, text ? text : "?");
        free(text);
    }
}

static void put_parts(nd_str *s, const json_t *parts)
{
    const char *part;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)parts, part, value)
    {
        long long n = json_integer_value(json_object_get(value, "n_parameters"));
        nd_str_append(s, "  %s: %s, %lld tensors, %.2f million values\n", part,
                      json_string_value(json_object_get(value, "model")),
                      (long long)json_integer_value(json_object_get(value, "n_tensors")),
                      (double)n / 1e6);
        put_config(s, json_object_get(value, "config"));
    }
}

static void put_tags(nd_str *s, const json_t *tags)
{
    enum { SHOWN = 12 };
    size_t n = json_array_size(tags);
    nd_str_append(s, "  tags: %zu%s", n, n ? ": " : "\n");
    for (size_t i = 0; i < n && i < SHOWN; i++) {
        const char *tag = json_string_value(json_array_get(tags, i));
        nd_str_append(s, "%s%s", i ? ", " : "", tag ? tag : "?");
    }
    if (n) nd_str_append(s, "%s\n", n > SHOWN ? ", ..." : "");
}

static void put_tensors(nd_str *s, const json_t *tensors)
{
    size_t i;
    json_t *t;
    json_array_foreach((json_t *)(uintptr_t)tensors, i, t)
    {
        char *shape = json_dumps(json_object_get(t, "shape"), 0);
        nd_str_append(s, "  %-4s %-18s %s\n", json_string_value(json_object_get(t, "dtype")),
                      shape ? shape : "?", json_string_value(json_object_get(t, "name")));
        free(shape);
    }
}

/* From its JSON, so that both say the same. */
int nd_model_text(char **text_out, const nd_model *model, bool with_tensors)
{
    char *json = NULL;
    int rc = nd_model_json(&json, model);
    if (rc) return rc;
    json_t *all = json_loads(json, 0, NULL);
    free(json);
    if (!all) return ND_ENOMEM;
    nd_str s = {0};
    const json_t *training = json_object_get(all, "training");
    nd_str_append(&s, "%s: %s, %.1f MB, %lld tensors\n", model->path,
                  json_string_value(json_object_get(all, "format")),
                  (double)json_integer_value(json_object_get(all, "size_bytes")) / 1e6,
                  (long long)json_integer_value(json_object_get(all, "n_tensors")));
    put_parts(&s, json_object_get(all, "parts"));
    put_tags(&s, json_object_get(all, "tags"));
    char *record = json_is_object(training) ? json_dumps(training, JSON_COMPACT) : NULL;
    nd_str_append(&s, "  training: %s\n",
                  record ? record : "not said; parameters may be untrained");
    free(record);
    if (with_tensors) put_tensors(&s, json_object_get(all, "tensors"));
    json_decref(all);
    *text_out = nd_str_take(&s);
    return *text_out ? 0 : ND_ENOMEM;
}
