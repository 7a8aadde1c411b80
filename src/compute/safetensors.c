/* Reading safetensors: the header is checked as if an enemy had written it.
 *
 * After the checks every tensor's bytes lie within the file, as many as its shape
 * and its type say, and the tensors fill the data from its first byte to its last.
 * Values are looked at when they are read.
 */
#include "compute/safetensors.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "compute/half.h"

enum { MAX_HEADER_BYTES = 100000000, NAME_SHOWN = 160 };

struct nd_safetensors {
    char *name; /* of the file, for messages */
    nd_file_map map;
    const uint8_t *data; /* [n_data], after the header */
    size_t n_data;
    json_t *root, *metadata; /* own the names and the metadata; metadata may be NULL */
    nd_stored_tensor *tensors;
    int n;
};

/* `return refuse(diag, code, s, name, "12 bytes expected, %d found", n)` */
#define refuse(diag, code, s, tensor, format, ...)                                             \
    nd_diag_set(diag, code, "reading %s: tensor %.*s: " format, (s)->name, NAME_SHOWN, tensor, \
                __VA_ARGS__)

/* ---- types and shapes ----------------------------------------------------------- */

static const struct {
    const char *name;
    size_t bytes;
} dtypes[] = {[ND_STORED_NONE] = {"", 0},
#define ROW(name, bytes) [ND_STORED_##name] = {#name, bytes},
              ND_STORED_DTYPES(ROW)
#undef ROW
};

/* Types that the format has and we do not read. */
static const char *const unsupported[] = {"F4",          "F6_E2M3",     "F6_E3M2",
                                          "F8_E4M3",     "F8_E5M2",     "F8_E8M0",
                                          "F8_E4M3FNUZ", "F8_E5M2FNUZ", "C64"};

/* "[3, 4]" */
static const char *shape_text(char out[176], int n_dims, const int64_t *dims)
{
    int used = snprintf(out, 176, "[");
    for (int i = 0; i < n_dims; i++)
        used += snprintf(out + used, 176 - (size_t)used, "%s%" PRId64, i ? ", " : "", dims[i]);
    snprintf(out + used, 176 - (size_t)used, "]");
    return out;
}

const char *nd_stored_dtype_name(nd_stored_dtype dtype)
{
    return (size_t)dtype < ND_COUNT(dtypes) ? dtypes[dtype].name : "";
}

static int read_dtype(nd_stored_tensor *t, const nd_safetensors *s, const json_t *info,
                      nd_diag *diag)
{
    const char *found = json_string_value(json_object_get(info, "dtype"));
    if (!found)
        return refuse(diag, ND_EFORMAT, s, t->name, "a text \"%s\" expected, none found", "dtype");
    for (size_t i = 1; i < ND_COUNT(dtypes); i++)
        if (!strcmp(found, dtypes[i].name)) t->dtype = (nd_stored_dtype)i;
    if (t->dtype) return 0;
    for (size_t i = 0; i < ND_COUNT(unsupported); i++)
        if (!strcmp(found, unsupported[i]))
            return refuse(diag, ND_EUNSUPPORTED, s, t->name, "type %s is not supported", found);
    return refuse(diag, ND_EFORMAT, s, t->name, "a type such as F32 expected, \"%.40s\" found",
                  found);
}

/* The dims and, of them and the type, the number of bytes. */
static int read_shape(nd_stored_tensor *t, const nd_safetensors *s, const json_t *info,
                      nd_diag *diag)
{
    const json_t *shape = json_object_get(info, "shape");
    size_t n = json_array_size(shape), bytes = dtypes[t->dtype].bytes;
    if (!json_is_array(shape))
        return refuse(diag, ND_EFORMAT, s, t->name, "a list \"%s\" expected, none found", "shape");
    if (n > ND_STORED_MAX_DIMS)
        return refuse(diag, ND_EUNSUPPORTED, s, t->name,
                      "%d dimensions at most expected, %zu found", ND_STORED_MAX_DIMS, n);
    for (size_t i = 0; i < n; i++) {
        const json_t *dim = json_array_get(shape, i);
        if (!json_is_integer(dim) || json_integer_value(dim) < 0)
            return refuse(diag, ND_EFORMAT, s, t->name,
                          "dimension %zu: an integer of 0 or more expected", i);
        t->dims[i] = json_integer_value(dim);
        if (!nd_size_mul(&bytes, bytes, (size_t)t->dims[i]))
            return refuse(diag, ND_EFORMAT, s, t->name, "%s", "the shape is too large to exist");
    }
    t->n_dims = (int)n;
    t->n_bytes = bytes;
    return 0;
}

/* The place of the data, once the type and the shape are known. */
static int read_offsets(nd_stored_tensor *t, const nd_safetensors *s, const json_t *info,
                        nd_diag *diag)
{
    const json_t *offsets = json_object_get(info, "data_offsets");
    const json_t *from = json_array_get(offsets, 0), *to = json_array_get(offsets, 1);
    if (json_array_size(offsets) != 2 || !json_is_integer(from) || !json_is_integer(to))
        return refuse(diag, ND_EFORMAT, s, t->name, "\"%s\" of two integers expected",
                      "data_offsets");
    int64_t begin = json_integer_value(from), end = json_integer_value(to);
    if (begin < 0 || end < begin || (uint64_t)end > s->n_data)
        return refuse(diag, ND_EFORMAT, s, t->name,
                      "data within 0 .. %zu expected, %" PRId64 " .. %" PRId64 " found", s->n_data,
                      begin, end);
    char shape[176];
    if ((uint64_t)(end - begin) != t->n_bytes)
        return refuse(diag, ND_EFORMAT, s, t->name,
                      "%zu bytes of data expected (%s %s), %" PRId64 " found", t->n_bytes,
                      shape_text(shape, t->n_dims, t->dims), dtypes[t->dtype].name, end - begin);
    t->data = s->data + begin;
    return 0;
}

/* ---- the header -------------------------------------------------------------------- */

static int read_metadata(nd_safetensors *s, json_t *metadata, nd_diag *diag)
{
    const char *key;
    json_t *value;
    if (!json_is_object(metadata))
        return nd_diag_set(diag, ND_EFORMAT, "reading %s: __metadata__: an object expected",
                           s->name);
    json_object_foreach(metadata, key, value)
    {
        if (!json_is_string(value))
            return nd_diag_set(diag, ND_EFORMAT, "reading %s: __metadata__: %.*s: a text expected",
                               s->name, NAME_SHOWN, key);
    }
    s->metadata = metadata;
    return 0;
}

static int read_tensor(nd_safetensors *s, const char *name, const json_t *info, nd_diag *diag)
{
    nd_stored_tensor *t = &s->tensors[s->n];
    t->name = name;
    if (!json_is_object(info)) return refuse(diag, ND_EFORMAT, s, name, "%s", "an object expected");
    int rc = read_dtype(t, s, info, diag);
    if (!rc) rc = read_shape(t, s, info, diag);
    if (!rc) rc = read_offsets(t, s, info, diag);
    if (!rc) s->n++;
    return rc;
}

static int read_entries(nd_safetensors *s, nd_diag *diag)
{
    const char *key;
    json_t *value;
    s->tensors = nd_calloc(json_object_size(s->root), sizeof *s->tensors);
    if (!s->tensors) return nd_diag_set(diag, ND_ENOMEM, "reading %s: out of memory", s->name);
    json_object_foreach(s->root, key, value)
    {
        int rc = strcmp(key, "__metadata__") ? read_tensor(s, key, value, diag)
                                             : read_metadata(s, value, diag);
        if (rc) return rc;
    }
    return 0;
}

/* Empty tensors come before the one that begins where they lie. */
static int by_place(const void *a, const void *b)
{
    const nd_stored_tensor *x = a, *y = b;
    if (x->data != y->data) return x->data < y->data ? -1 : 1;
    return (x->n_bytes > y->n_bytes) - (x->n_bytes < y->n_bytes);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const nd_stored_tensor *)a)->name, ((const nd_stored_tensor *)b)->name);
}

/* Each tensor begins where the one before it ended; the last ends with the file. */
static int check_places(nd_safetensors *s, nd_diag *diag)
{
    size_t end = 0;
    if (s->n) qsort(s->tensors, (size_t)s->n, sizeof *s->tensors, by_place);
    for (int i = 0; i < s->n; i++) {
        const nd_stored_tensor *t = &s->tensors[i];
        size_t begin = (size_t)(t->data - s->data);
        if (begin != end)
            return refuse(diag, ND_EFORMAT, s, t->name,
                          "data from %zu on expected, from %zu on found (%s)", end, begin,
                          begin < end ? "an overlap" : "a hole");
        end = begin + t->n_bytes;
    }
    if (end == s->n_data) return 0;
    return nd_diag_set(diag, ND_EFORMAT, "reading %s: %zu bytes of data expected, %zu found",
                       s->name, end, s->n_data);
}

/* jansson without memory speaks of wrong syntax, or says nothing; errno knows better. */
static int parse_json(nd_safetensors *s, const char *text, size_t n, nd_diag *diag)
{
    json_error_t error = {0};
    if (n == 0 || text[0] != '{')
        return nd_diag_set(diag, ND_EFORMAT, "reading %s: header: '{' expected first", s->name);
    errno = 0;
    s->root = json_loadb(text, n, JSON_REJECT_DUPLICATES, &error);
    if (errno == ENOMEM || (!s->root && !error.text[0]))
        return nd_diag_set(diag, ND_ENOMEM, "reading %s: out of memory", s->name);
    if (s->root) return 0;
    return nd_diag_set(diag, ND_EFORMAT, "reading %s: header: byte %d: %s", s->name, error.position,
                       error.text);
}

static int read_header(nd_safetensors *s, const uint8_t *bytes, size_t n, nd_diag *diag)
{
    uint64_t n_header = 0;
    if (n < 8)
        return nd_diag_set(diag, ND_EFORMAT, "reading %s: 8 bytes at least expected, %zu found",
                           s->name, n);
    for (int i = 0; i < 8; i++) n_header |= (uint64_t)bytes[i] << 8 * i;
    if (n_header > n - 8)
        return nd_diag_set(diag, ND_EFORMAT,
                           "reading %s: a header of %" PRIu64 " bytes expected, %zu found", s->name,
                           n_header, n - 8);
    if (n_header > MAX_HEADER_BYTES)
        return nd_diag_set(diag, ND_ELIMIT,
                           "reading %s: a header of %d bytes at most expected, %" PRIu64 " found",
                           s->name, MAX_HEADER_BYTES, n_header);
    s->data = bytes + 8 + n_header;
    s->n_data = n - 8 - (size_t)n_header;
    return parse_json(s, (const char *)bytes + 8, (size_t)n_header, diag);
}

/* ---- opening and asking ---------------------------------------------------------------- */

static int fill(nd_safetensors *s, const void *bytes, size_t n, nd_diag *diag)
{
    int rc = read_header(s, bytes, n, diag);
    if (!rc) rc = read_entries(s, diag);
    if (!rc) rc = check_places(s, diag);
    if (!rc && s->n) qsort(s->tensors, (size_t)s->n, sizeof *s->tensors, by_name);
    return rc;
}

/* Takes the map, whatever comes of it; bytes are the map's or the caller's. */
static int create(nd_safetensors **out, nd_file_map *map, const void *bytes, size_t n,
                  const char *name, nd_diag *diag)
{
    nd_safetensors *s = nd_calloc(1, sizeof *s);
    int rc = 0;
    if (!s) nd_file_map_deinit(map);
    else s->map = *map;
    if (!s || !(s->name = strdup(name)))
        rc = nd_diag_set(diag, ND_ENOMEM, "reading %s: out of memory", name);
    if (!rc) rc = fill(s, bytes, n, diag);
    if (rc) nd_safetensors_close(&s);
    else *out = s;
    return rc;
}

int nd_safetensors_open(nd_safetensors **out, const char *path, nd_diag *diag)
{
    nd_file_map map = {0};
    int rc = nd_file_map_open(&map, path, diag);
    return rc ? rc : create(out, &map, map.bytes, map.n, path, diag);
}

int nd_safetensors_parse(nd_safetensors **out, const void *bytes, size_t n, const char *name,
                         nd_diag *diag)
{
    return create(out, &(nd_file_map){0}, bytes, n, name, diag);
}

void nd_safetensors_close(nd_safetensors **s)
{
    if (!s || !*s) return;
    json_decref((*s)->root);
    free((*s)->tensors);
    nd_file_map_deinit(&(*s)->map);
    free((*s)->name);
    free(*s);
    *s = NULL;
}

int nd_safetensors_count(const nd_safetensors *s)
{
    return s->n;
}

const nd_stored_tensor *nd_safetensors_at(const nd_safetensors *s, int i)
{
    ND_ASSERT(i >= 0 && i < s->n);
    return &s->tensors[i];
}

const nd_stored_tensor *nd_safetensors_find(const nd_safetensors *s, const char *name)
{
    nd_stored_tensor key = {.name = name};
    return s->n ? bsearch(&key, s->tensors, (size_t)s->n, sizeof key, by_name) : NULL;
}

const char *nd_safetensors_metadata(const nd_safetensors *s, const char *key)
{
    return json_string_value(json_object_get(s->metadata, key));
}

/* ---- values ---------------------------------------------------------------------------- */

static uint16_t load_u16(const uint8_t *p)
{
    uint16_t x;
    memcpy(&x, p, sizeof x);
    return x;
}

static float load_f32(const uint8_t *p)
{
    float x;
    memcpy(&x, p, sizeof x);
    return x;
}

static float load_f64(const uint8_t *p)
{
    double x;
    memcpy(&x, p, sizeof x);
    return (float)x;
}

static bool is_float(nd_stored_dtype dtype)
{
    return dtype == ND_STORED_F32 || dtype == ND_STORED_F16 || dtype == ND_STORED_BF16 ||
           dtype == ND_STORED_F64;
}

/* Value i of a tensor of floats. */
static float value_at(const nd_stored_tensor *t, int64_t i)
{
    switch (t->dtype) {
    case ND_STORED_F32: return load_f32(t->data + 4 * i);
    case ND_STORED_F16: return nd_f32_from_f16(load_u16(t->data + 2 * i));
    case ND_STORED_BF16: return nd_f32_from_bf16(load_u16(t->data + 2 * i));
    case ND_STORED_F64: return load_f64(t->data + 8 * i);
    default: ND_ASSERT(!"a tensor of floats"); return 0;
    }
}

static int check_shape(const nd_safetensors *s, const nd_stored_tensor *t, int n_dims,
                       const int64_t *dims, nd_diag *diag)
{
    char expected[176], found[176];
    if (t->n_dims != n_dims || (n_dims && memcmp(t->dims, dims, (size_t)n_dims * sizeof *dims)))
        return refuse(diag, ND_EFORMAT, s, t->name, "shape %s expected, %s found",
                      shape_text(expected, n_dims, dims), shape_text(found, t->n_dims, t->dims));
    if (!is_float(t->dtype))
        return refuse(diag, ND_EFORMAT, s, t->name, "F32, F16, BF16 or F64 expected, %s found",
                      dtypes[t->dtype].name);
    return 0;
}

int nd_safetensors_check(const nd_safetensors *s, const char *name, int n_dims, const int64_t *dims,
                         nd_diag *diag)
{
    ND_ASSERT(n_dims >= 0 && n_dims <= ND_STORED_MAX_DIMS);
    const nd_stored_tensor *t = nd_safetensors_find(s, name);
    if (!t) return refuse(diag, ND_ENOTFOUND, s, name, "%s", "there is no such tensor");
    return check_shape(s, t, n_dims, dims, diag);
}

int nd_safetensors_read_f32(const nd_safetensors *s, const char *name, int n_dims,
                            const int64_t *dims, float *out, nd_diag *diag)
{
    int rc = nd_safetensors_check(s, name, n_dims, dims, diag);
    if (rc) return rc;
    const nd_stored_tensor *t = nd_safetensors_find(s, name);
    int64_t n = (int64_t)(t->n_bytes / dtypes[t->dtype].bytes);
    for (int64_t i = 0; i < n; i++)
        if (!isfinite(value_at(t, i)))
            return refuse(diag, ND_EFORMAT, s, name, "value %" PRId64 ": %s expected, %g found", i,
                          "a finite f32", (double)value_at(t, i));
    for (int64_t i = 0; i < n; i++) out[i] = value_at(t, i);
    return 0;
}
