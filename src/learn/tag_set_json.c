/* tags.json. A tag or a file a line, so that a person can read it and diff shows what changed. */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "learn/tag_set.h"

json_t *nd_tag_json(const nd_tag *tag)
{
    return json_pack("{s:s, s:i, s:i}", "name", tag->name, "videos", tag->n_videos, "tracks",
                     tag->n_tracks);
}

json_t *nd_dropped_tag_json(const nd_dropped_tag *dropped)
{
    json_t *out = nd_tag_json(&dropped->tag);
    if (out && json_object_set_new(out, "reason", json_string(dropped->reason))) {
        json_decref(out);
        out = NULL;
    }
    return out;
}

/* ---- writing ---------------------------------------------------------------- */

/* Append a value and give it up; NULL sets s->failed. */
static void append_take(nd_str *s, json_t *value)
{
    char *text = value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;
    if (text) nd_str_append(s, "%s", text);
    else s->failed = true;
    free(text);
    json_decref(value);
}

static void append_file(nd_str *s, const nd_tag_set *set, int file)
{
    const nd_tag_lists *l = &set->labels;
    append_take(s, json_string(set->files.texts[file]));
    nd_str_append(s, ": [");
    for (int64_t i = l->first[file]; i < l->first[file + 1]; i++)
        nd_str_append(s, "%s%d", i > l->first[file] ? ", " : "", (int)l->values[i]);
    nd_str_append(s, "]");
}

int nd_tag_set_write(const nd_tag_set *set, const char *path, nd_diag *diag)
{
    nd_str s = {0};
    for (size_t i = 0; i < set->names.n; i++) {
        nd_str_append(&s, i ? ",\n  " : "{\"tags\": [\n  ");
        append_take(&s, nd_tag_json(&set->tags[i]));
    }
    nd_str_append(&s, "],\n\"dropped\": [");
    for (int i = 0; i < set->n_dropped; i++) {
        nd_str_append(&s, i ? ",\n  " : "\n  ");
        append_take(&s, nd_dropped_tag_json(&set->dropped[i]));
    }
    nd_str_append(&s, "],\n\"items\": {");
    for (int i = 0; i < (int)set->files.n; i++) {
        nd_str_append(&s, i ? ",\n  " : "\n  ");
        append_file(&s, set, i);
    }
    nd_str_append(&s, "}}\n");
    int rc = s.failed ? nd_diag_set(diag, ND_ENOMEM, "writing %s: out of memory", path)
                      : nd_file_write(path, s.text, s.n, diag);
    nd_str_deinit(&s);
    return rc;
}

/* ---- reading ---------------------------------------------------------------- */

typedef struct {
    nd_tag_set set;
    const char *path;
    nd_diag *diag;
} reader;

static int amiss(const reader *r, const char *where, long long index, const char *expected)
{
    return nd_diag_set(r->diag, ND_EFORMAT, "reading %s: %s %lld: %s expected", r->path, where,
                       index, expected);
}

static int no_memory(const reader *r)
{
    return nd_diag_set(r->diag, ND_ENOMEM, "reading %s: out of memory", r->path);
}

static bool read_counts(nd_tag *out, json_t *from)
{
    const char *name = json_string_value(json_object_get(from, "name"));
    json_t *videos = json_object_get(from, "videos"), *tracks = json_object_get(from, "tracks");
    json_int_t v = json_integer_value(videos), t = json_integer_value(tracks);
    if (!name || !json_is_integer(videos) || !json_is_integer(tracks)) return false;
    if (v < 0 || v > INT32_MAX || t < 0 || t > INT32_MAX) return false;
    *out = (nd_tag){name, (int)v, (int)t};
    return true;
}

static int read_tags(reader *r, json_t *list)
{
    nd_tag_set *set = &r->set;
    size_t n = json_array_size(list);
    set->tags = nd_calloc(n, sizeof *set->tags);
    if (!set->tags) return no_memory(r);
    for (size_t i = 0; i < n; i++) {
        nd_tag_form form;
        nd_tag tag;
        int id, key;
        bool is_fine = read_counts(&tag, json_array_get(list, i));
        nd_tag_fault fault = is_fine ? nd_tag_form_read(&form, tag.name, strlen(tag.name)) : 0;
        if (fault == ND_TAG_NO_MEMORY) return no_memory(r);
        if (!is_fine || fault || strcmp(form.name, tag.name))
            return amiss(r, "tag", (long long)i, "\"name\" in form, \"videos\" and \"tracks\"");
        if (nd_tag_map_add(&set->names, form.name, strlen(form.name), &id) ||
            nd_tag_map_add(&set->keys, form.key, strlen(form.key), &key))
            return no_memory(r);
        if (id != (int)i || key != (int)i) return amiss(r, "tag", (long long)i, "another name");
        set->tags[i] = (nd_tag){set->names.texts[id], tag.n_videos, tag.n_tracks};
    }
    return n ? 0 : amiss(r, "\"tags\" of", 0, "one or more");
}

static int read_dropped(reader *r, json_t *list)
{
    static const char *const reasons[] = {"not UTF-8",
                                          "too long",
                                          "no letter or digit in it",
                                          "dropped by the synonyms file",
                                          "in no training pair",
                                          "too few videos and tracks",
                                          "too few videos",
                                          "too few tracks"};
    nd_tag_set *set = &r->set;
    set->dropped = nd_calloc(json_array_size(list), sizeof *set->dropped);
    if (!set->dropped) return no_memory(r);
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *from = json_array_get(list, i);
        const char *reason = json_string_value(json_object_get(from, "reason"));
        nd_dropped_tag *out = &set->dropped[i];
        for (size_t k = 0; reason && k < ND_COUNT(reasons); k++)
            if (!strcmp(reason, reasons[k])) out->reason = reasons[k];
        if (!out->reason || !read_counts(&out->tag, from))
            return amiss(r, "dropped tag", (long long)i, "\"name\", counts and \"reason\"");
        if (!(out->tag.name = strdup(out->tag.name))) return no_memory(r);
        set->n_dropped = (int)i + 1;
    }
    return 0;
}

static int64_t count_labels(json_t *items)
{
    int64_t n = 0;
    void *at = json_object_iter(items);
    for (; at; at = json_object_iter_next(items, at))
        n += (int64_t)json_array_size(json_object_iter_value(at));
    return n;
}

static int read_items(reader *r, json_t *items)
{
    nd_tag_set *set = &r->set;
    nd_tag_lists *l = &set->labels;
    l->first = nd_calloc(json_object_size(items) + 1, sizeof *l->first);
    l->values = nd_calloc((size_t)count_labels(items), sizeof *l->values);
    if (!l->first || !l->values) return no_memory(r);
    void *at = json_object_iter(items);
    for (int64_t used = 0; at; at = json_object_iter_next(items, at)) {
        const char *name = json_object_iter_key(at);
        json_t *list = json_object_iter_value(at);
        int id;
        if (nd_tag_map_add(&set->files, name, strlen(name), &id)) return no_memory(r);
        if (!json_is_array(list)) return amiss(r, "item", id, "a list of tags");
        for (size_t i = 0; i < json_array_size(list); i++) {
            json_t *tag = json_array_get(list, i);
            json_int_t value = json_is_integer(tag) ? json_integer_value(tag) : -1;
            if (value < 0 || value >= (json_int_t)set->names.n)
                return amiss(r, "item", id, "numbers of tags");
            l->values[used++] = (int32_t)value;
        }
        l->first[++l->n] = used;
    }
    return 0;
}

static int read_all(reader *r, json_t *root)
{
    json_t *tags = json_object_get(root, "tags"), *dropped = json_object_get(root, "dropped");
    json_t *items = json_object_get(root, "items");
    if (!json_is_array(tags) || !json_is_array(dropped) || !json_is_object(items))
        return nd_diag_set(
            r->diag, ND_EFORMAT,
            "reading %s: an object with \"tags\", \"dropped\" and \"items\" expected", r->path);
    int rc = read_tags(r, tags);
    if (!rc) rc = read_dropped(r, dropped);
    return rc ? rc : read_items(r, items);
}

int nd_tag_set_read(nd_tag_set *out, const char *path, nd_diag *diag)
{
    reader r = {.path = path, .diag = diag};
    nd_bytes file = {0};
    json_error_t error = {0};
    int rc = nd_file_read(&file, path, ND_TAG_SET_MAX_BYTES, diag);
    if (rc) return rc;
    errno = 0; /* what jansson says when it runs out of memory differs */
    json_t *root = json_loadb((const char *)file.data, file.n, JSON_REJECT_DUPLICATES, &error);
    if (errno == ENOMEM || (!root && !error.text[0])) rc = no_memory(&r);
    else if (!root)
        rc = nd_diag_set(diag, ND_EFORMAT, "reading %s: line %d, column %d: %s", path, error.line,
                         error.column, error.text);
    nd_bytes_deinit(&file);
    if (!rc) rc = read_all(&r, root);
    json_decref(root);
    if (rc) nd_tag_set_deinit(&r.set);
    else *out = r.set;
    return rc;
}
