/* Reading a feature cache. The index is checked as a whole when it is opened, so that reading a
 * clip is a look-up of a name and a pass over its bytes. */
#include <string.h>
#include <unistd.h>

#include "learn/cache_format.h"

struct nd_cache {
    nd_file_map index_map, data_map; /* zero where the bytes are the caller's */
    const uint8_t *data;
    nd_cache_list list;
};

/* ---- opening ---------------------------------------------------------------------- */

static int check_data(const nd_cache *c, size_t n_data, nd_diag *diag)
{
    int rc = nd__cache_head_check(c->data, n_data, ND_CACHE_DATA_MAGIC, ND_CACHE_DATA_NAME, diag);
    for (int i = 0; i < c->list.n_items && !rc; i++)
        if (!nd__cache_item_fits(&c->list.items[i], n_data))
            rc = nd_diag_set(diag, ND_EFORMAT,
                             "opening the feature cache: %s: features of %s expected, it ends "
                             "before them at %zu bytes; needledrop extract makes them again",
                             ND_CACHE_DATA_NAME, c->list.items[i].source.name, n_data);
    return rc;
}

/* Fill a zeroed cache over bytes. */
static int use_bytes(nd_cache *c, const uint8_t *index, size_t n_index, const uint8_t *data,
                     size_t n_data, nd_diag *diag)
{
    c->data = data;
    int rc = nd__cache_list_parse(&c->list, index, n_index, diag);
    return rc ? rc : check_data(c, n_data, diag);
}

int nd__cache_open_bytes(nd_cache **out, const uint8_t *index, size_t n_index, const uint8_t *data,
                         size_t n_data, nd_diag *diag)
{
    nd_cache *c = nd_calloc(1, sizeof *c);
    if (!c) return nd_diag_set(diag, ND_ENOMEM, "opening the feature cache: out of memory");
    int rc = use_bytes(c, index, n_index, data, n_data, diag);
    if (rc) nd_cache_close(&c);
    else *out = c;
    return rc;
}

/* The index first: what it points into was written before it. */
static int map_files(nd_cache *c, const char *dir, nd_diag *diag)
{
    char *index = nd_path_join(dir, ND_CACHE_INDEX_NAME);
    char *data = nd_path_join(dir, ND_CACHE_DATA_NAME);
    int rc = 0;
    if (!index || !data)
        rc = nd_diag_set(diag, ND_ENOMEM, "opening the feature cache: out of memory");
    else if (access(index, F_OK))
        rc = nd_diag_set(diag, ND_ENOTFOUND,
                         "opening the feature cache %s: none is there; needledrop extract makes it",
                         dir);
    if (!rc) rc = nd_file_map_open(&c->index_map, index, diag);
    if (!rc) rc = nd_file_map_open(&c->data_map, data, diag);
    free(index);
    free(data);
    return rc;
}

int nd_cache_open(nd_cache **out, const char *dir, nd_diag *diag)
{
    if (!out || !dir)
        return nd_diag_set(diag, ND_EARG, "opening a feature cache: a folder expected");
    nd_cache *c = nd_calloc(1, sizeof *c);
    if (!c) return nd_diag_set(diag, ND_ENOMEM, "opening the feature cache: out of memory");
    int rc = map_files(c, dir, diag);
    if (!rc)
        rc = use_bytes(c, c->index_map.bytes, c->index_map.n, c->data_map.bytes, c->data_map.n,
                       diag);
    if (rc) nd_cache_close(&c);
    else *out = c;
    return rc;
}

void nd_cache_close(nd_cache **cache)
{
    nd_cache *c = cache ? *cache : NULL;
    if (!c) return;
    nd__cache_list_deinit(&c->list);
    nd_file_map_deinit(&c->index_map);
    nd_file_map_deinit(&c->data_map);
    free(c);
    *cache = NULL;
}

/* ---- items ------------------------------------------------------------------------ */

int64_t nd_cache_bytes(const nd_cache *cache)
{
    return (int64_t)(cache->index_map.n + cache->data_map.n);
}

int nd_cache_count(const nd_cache *cache)
{
    return cache->list.n_items;
}

const nd_cache_item *nd_cache_at(const nd_cache *cache, int item)
{
    ND_ASSERT(item >= 0 && item < cache->list.n_items);
    return &cache->list.items[item];
}

int nd_cache_failure_count(const nd_cache *cache)
{
    return cache->list.n_failures;
}

const nd_cache_item *nd_cache_failure_at(const nd_cache *cache, int failure)
{
    bool is_there = failure >= 0 && failure < cache->list.n_failures;
    return is_there ? &cache->list.items[cache->list.n_items + failure] : NULL;
}

/* Among n items in order. @return its number; -1: none */
static int find_among(const nd_cache_item *items, int n, const char *name, nd_medium medium)
{
    int lo = 0, hi = n;
    while (lo < hi) {
        int mid = lo + (hi - lo) / 2;
        const nd_cache_source *s = &items[mid].source;
        int order = nd__cache_compare(s->name, s->medium, name, medium);
        if (order == 0) return mid;
        if (order < 0) lo = mid + 1;
        else hi = mid;
    }
    return -1;
}

int nd_cache_find(const nd_cache *cache, const char *name, nd_medium medium)
{
    return find_among(cache->list.items, cache->list.n_items, name, medium);
}

const nd_cache_item *nd_cache_find_failure(const nd_cache *cache, const char *name,
                                           nd_medium medium)
{
    const nd_cache_list *l = &cache->list;
    return nd_cache_failure_at(cache,
                               find_among(l->items + l->n_items, l->n_failures, name, medium));
}

const char *nd_cache_settings(const nd_cache *cache, nd_medium medium)
{
    return medium == ND_MUSIC || medium == ND_VIDEO ? cache->list.settings[medium] : NULL;
}

/* ---- arrays ----------------------------------------------------------------------- */

static const nd_cache_array *find_array(const nd_cache *cache, int item, const char *name)
{
    const nd_cache_item *i = nd_cache_at(cache, item);
    for (int k = 0; k < i->n_arrays; k++)
        if (!strcmp(i->arrays[k].name, name)) return &i->arrays[k];
    return NULL;
}

int nd_cache_shape(const nd_cache *cache, int item, const char *array, int64_t *dims)
{
    const nd_cache_array *a = find_array(cache, item, array);
    if (!a) return ND_ENOTFOUND;
    memcpy(dims, a->dims, sizeof a->dims);
    return (int)a->n_dims;
}

int nd_cache_clip_f32(float *out, const nd_cache *cache, int item, const char *array, int clip)
{
    const nd_cache_array *a = find_array(cache, item, array);
    if (!a) return ND_ENOTFOUND;
    if (a->encoding == ND_CACHE_RAW || clip < 0 || clip >= a->dims[0]) return ND_EARG;
    nd_cache_encoding encoding = (nd_cache_encoding)a->encoding;
    size_t n_clip = nd_cache_clip_bytes(encoding, a->dims[1], a->dims[2]);
    nd_cache_decode_clip(out, encoding, cache->data + a->offset + (size_t)clip * n_clip, a->dims[1],
                         a->dims[2]);
    return 0;
}

static const void *find_values(const nd_cache *cache, int item, const char *array, nd_dtype dtype,
                               int64_t *rows_out)
{
    const nd_cache_array *a = find_array(cache, item, array);
    bool found = a && a->encoding == ND_CACHE_RAW && a->dtype == (uint32_t)dtype;
    if (rows_out) *rows_out = !found ? 0 : a->n_dims ? a->dims[0] : 1;
    return found ? cache->data + a->offset : NULL;
}

const float *nd_cache_f32(const nd_cache *cache, int item, const char *array, int64_t *rows_out)
{
    return find_values(cache, item, array, ND_F32, rows_out);
}

const int32_t *nd_cache_i32(const nd_cache *cache, int item, const char *array, int64_t *rows_out)
{
    return find_values(cache, item, array, ND_I32, rows_out);
}

int nd_cache_verify(const nd_cache *cache, const nd_progress *progress, nd_diag *diag)
{
    int rc = 0;
    for (int i = 0; i < nd_cache_count(cache) && !rc; i++) {
        const nd_cache_item *item = nd_cache_at(cache, i);
        for (int k = 0; k < item->n_arrays && !rc; k++) {
            const nd_cache_array *a = &item->arrays[k];
            if (nd__cache_checksum(cache->data + a->offset, a->n_bytes) != a->checksum)
                rc = nd_diag_set(diag, ND_EFORMAT,
                                 "checking the feature cache: %s of %s is not what was written",
                                 a->name, item->source.name);
        }
        if (!rc && nd_progress_update(progress, "checking features", i + 1, nd_cache_count(cache),
                                      item->source.name))
            rc = nd_diag_set(diag, ND_ECANCELLED, "checking the feature cache: stopped on request");
    }
    return rc;
}

uint64_t nd_cache_digest(const nd_cache *cache)
{
    uint64_t digest = 0;
    for (int i = 0; i < nd_cache_count(cache); i++) {
        const nd_cache_item *item = nd_cache_at(cache, i);
        uint64_t parts[3] = {digest, item->source.medium,
                             nd__cache_checksum(item->source.name, strlen(item->source.name))};
        digest = nd__cache_checksum(parts, sizeof parts);
        for (int k = 0; k < item->n_arrays; k++) {
            struct {
                uint64_t before;
                nd_cache_array array;
            } link = {digest, item->arrays[k]};
            link.array.offset = 0;
            digest = nd__cache_checksum(&link, sizeof link);
        }
    }
    return digest;
}
