/* Writing safetensors: all is checked before a byte is written. */
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "compute/half.h"
#include "compute/safetensors.h"

enum { MAX_HEADER_BYTES = 100000000, NAME_SHOWN = 160, ALIGNMENT = 64 };

/* The largest value that does not become infinite: halfway to 2^16, which ties to it. */
static const float f16_limit = 65520;

/* Bytes of a value; 0 for a dtype that is not written. */
static size_t value_bytes(nd_stored_dtype dtype)
{
    return dtype == ND_STORED_F32 ? 4 : dtype == ND_STORED_F16 ? 2 : 0;
}

/* Number of values into *n, bytes they take into *bytes. */
static bool count_values(size_t *n, size_t *bytes, const nd_stored_value *v)
{
    size_t count = 1;
    if (v->n_dims < 0 || v->n_dims > ND_STORED_MAX_DIMS) return false;
    for (int i = 0; i < v->n_dims; i++)
        if (v->dims[i] < 0 || !nd_size_mul(&count, count, (size_t)v->dims[i])) return false;
    if (!nd_size_mul(bytes, count, sizeof(double))) return false; /* in any type */
    *bytes = count * value_bytes(v->dtype);
    *n = count;
    return true;
}

static int check_values(const char *path, const nd_stored_value *v, size_t n, nd_diag *diag)
{
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(v->f32[i]))
            return nd_diag_set(
                diag, ND_EARG,
                "writing %s: tensor %.*s: value %zu: a finite one expected, %g found", path,
                NAME_SHOWN, v->name, i, (double)v->f32[i]);
        if (v->dtype == ND_STORED_F16 && fabsf(v->f32[i]) >= f16_limit)
            return nd_diag_set(diag, ND_ELIMIT,
                               "writing %s: tensor %.*s: value %zu: %g is over the range of F16",
                               path, NAME_SHOWN, v->name, i, (double)v->f32[i]);
    }
    return 0;
}

/* What jansson would refuse, it refuses as if out of memory; so look before. */
static bool is_utf8(const char *text)
{
    for (size_t n = strlen(text); n;) {
        int length = nd_utf8_length(text, n);
        if (!length) return false;
        text += length;
        n -= (size_t)length;
    }
    return true;
}

/* object[key] = value, taken; a key comes once. */
static int add(json_t *object, const char *key, json_t *value, const char *path, nd_diag *diag)
{
    int rc = 0;
    if (!is_utf8(key) || json_object_get(object, key))
        rc = nd_diag_set(diag, ND_EARG, "writing %s: %.*s: %s", path, NAME_SHOWN, key,
                         is_utf8(key) ? "the name comes twice" : "the name is not UTF-8");
    else if (!value || json_object_set(object, key, value))
        rc = nd_diag_set(diag, ND_ENOMEM, "writing %s: out of memory", path);
    json_decref(value);
    return rc;
}

/* Even when there is none: so no tensor can take its name. */
static int add_metadata(json_t *root, const nd_text_pair *pairs, int n, const char *path,
                        nd_diag *diag)
{
    json_t *metadata = json_object();
    int rc = add(root, "__metadata__", json_incref(metadata), path, diag);
    for (int i = 0; i < n && !rc; i++) {
        if (!is_utf8(pairs[i].value))
            rc = nd_diag_set(diag, ND_EARG, "writing %s: __metadata__: %.*s: it is not UTF-8", path,
                             NAME_SHOWN, pairs[i].key);
        else rc = add(metadata, pairs[i].key, json_string(pairs[i].value), path, diag);
    }
    json_decref(metadata);
    return rc;
}

static json_t *tensor_entry(const nd_stored_value *v, size_t begin, size_t end)
{
    json_t *shape = json_array();
    for (int i = 0; i < v->n_dims && shape; i++)
        if (json_array_append_new(shape, json_integer(v->dims[i]))) {
            json_decref(shape);
            return NULL;
        }
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", v->dtype == ND_STORED_F32 ? "F32" : "F16",
                     "shape", shape, "data_offsets", (json_int_t)begin, (json_int_t)end);
}

/* Check item v and give it its entry, its data from *at on. */
static int add_tensor(json_t *root, const nd_stored_value *v, size_t *at, const char *path,
                      nd_diag *diag)
{
    size_t n, bytes, end;
    if (!count_values(&n, &bytes, v) || __builtin_add_overflow(*at, bytes, &end) || end > INT64_MAX)
        return nd_diag_set(diag, ND_EARG, "writing %s: tensor %.*s: its shape cannot be", path,
                           NAME_SHOWN, v->name);
    int rc = check_values(path, v, n, diag);
    if (!rc) rc = add(root, v->name, tensor_entry(v, *at, end), path, diag);
    if (!rc) *at = end;
    return rc;
}

static int check_dtypes(const nd_stored_value *items, int n, const char *path, nd_diag *diag)
{
    for (int i = 0; i < n; i++)
        if (!value_bytes(items[i].dtype))
            return nd_diag_set(diag, ND_EARG, "writing %s: tensor %.*s: F32 or F16 expected", path,
                               NAME_SHOWN, items[i].name);
    return 0;
}

/* The header's text, padded with spaces so that the data start on ALIGNMENT bytes. */
static int print_header(nd_bytes *out, const json_t *root, const char *path, nd_diag *diag)
{
    uint8_t head[8], spaces[ALIGNMENT];
    char *text = json_dumps(root, JSON_COMPACT);
    size_t n = text ? strlen(text) : 0, padding = (ALIGNMENT - (8 + n) % ALIGNMENT) % ALIGNMENT;
    uint64_t total = n + padding;
    int rc = text ? 0 : ND_ENOMEM;
    memset(spaces, ' ', sizeof spaces);
    for (int i = 0; i < 8; i++) head[i] = (uint8_t)(total >> 8 * i);
    if (total > MAX_HEADER_BYTES) rc = ND_ELIMIT;
    if (!rc) rc = nd_bytes_append(out, head, sizeof head);
    if (!rc) rc = nd_bytes_append(out, text, n);
    if (!rc) rc = nd_bytes_append(out, spaces, padding);
    free(text);
    if (rc == ND_ELIMIT)
        nd_diag_set(diag, rc,
                    "writing %s: a header of %d bytes at most expected, %" PRIu64 " found", path,
                    MAX_HEADER_BYTES, total);
    else if (rc) nd_diag_set(diag, rc, "writing %s: out of memory", path);
    return rc;
}

static const nd_stored_dtype order[] = {ND_STORED_F32, ND_STORED_F16};

static int make_header(nd_bytes *out, const char *path, const nd_stored_value *items, int n,
                       const nd_text_pair *metadata, int n_metadata, nd_diag *diag)
{
    size_t at = 0;
    json_t *root = json_object();
    int rc = check_dtypes(items, n, path, diag);
    if (!rc) rc = add_metadata(root, metadata, n_metadata, path, diag);
    for (size_t k = 0; k < ND_COUNT(order); k++)
        for (int i = 0; i < n && !rc; i++)
            if (items[i].dtype == order[k]) rc = add_tensor(root, &items[i], &at, path, diag);
    if (!rc) rc = print_header(out, root, path, diag);
    json_decref(root);
    return rc;
}

static int append_f16(nd_file_writer *w, const float *f32, size_t n, nd_diag *diag)
{
    uint16_t block[16384];
    int rc = 0;
    for (size_t from = 0; from < n && !rc; from += ND_COUNT(block)) {
        size_t some = ND_MIN(n - from, ND_COUNT(block));
        for (size_t i = 0; i < some; i++) block[i] = nd_f16_from_f32(f32[from + i]);
        rc = nd_file_writer_append(w, block, some * sizeof *block, diag);
    }
    return rc;
}

static int append_values(nd_file_writer *w, const nd_stored_value *v, nd_diag *diag)
{
    size_t n, bytes;
    if (!count_values(&n, &bytes, v)) return ND_EARG; /* was checked */
    return v->dtype == ND_STORED_F16 ? append_f16(w, v->f32, n, diag)
                                     : nd_file_writer_append(w, v->f32, bytes, diag);
}

static int write_file(const char *path, const nd_bytes *header, const nd_stored_value *items, int n,
                      nd_diag *diag)
{
    nd_file_writer *w = NULL;
    int rc = nd_file_writer_open(&w, path, diag);
    if (!rc) rc = nd_file_writer_append(w, header->data, header->n, diag);
    for (size_t k = 0; k < ND_COUNT(order); k++)
        for (int i = 0; i < n && !rc; i++)
            if (items[i].dtype == order[k]) rc = append_values(w, &items[i], diag);
    if (!rc) rc = nd_file_writer_commit(w, diag);
    nd_file_writer_close(&w);
    return rc;
}

int nd_safetensors_write(const char *path, const nd_stored_value *items, int n,
                         const nd_text_pair *metadata, int n_metadata, nd_diag *diag)
{
    nd_bytes header = {0};
    int rc = make_header(&header, path, items, n, metadata, n_metadata, diag);
    if (!rc) rc = write_file(path, &header, items, n, diag);
    nd_bytes_deinit(&header);
    return rc;
}
