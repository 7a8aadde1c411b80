/* Reading NumPy's .npy: magic, version, header length, a Python dict, the values.
 *
 *   {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
 *
 * Of Python only that much is understood: three keys, each once, in any order.
 * Format: numpy/lib/format.py.
 */
#include "compute/npy.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "compute/half.h"

enum { MAX_HEADER_BYTES = 65536 };

static const size_t max_file_bytes = (size_t)4 << 30;

/* A cursor over the dict, and where to complain. */
typedef struct {
    const char *at, *end;
    const char *file;
    nd_diag *diag;
} parser;

/* ---- types: a value each from bytes that are aligned to nothing ---------------------- */

/* @return false when the value is outside the type that it becomes */
typedef bool (*convert_value)(void *out, int64_t i, const uint8_t *in);

static bool convert_f4(void *out, int64_t i, const uint8_t *in)
{
    memcpy((float *)out + i, in + 4 * i, 4);
    return true;
}

static bool convert_f2(void *out, int64_t i, const uint8_t *in)
{
    uint16_t bits;
    memcpy(&bits, in + 2 * i, sizeof bits);
    ((float *)out)[i] = nd_f32_from_f16(bits);
    return true;
}

/* Infinity and NaN are kept; only what becomes infinite here is outside. */
static bool convert_f8(void *out, int64_t i, const uint8_t *in)
{
    double x;
    memcpy(&x, in + 8 * i, sizeof x);
    float *to = (float *)out + i;
    *to = (float)x;
    return !isfinite(x) || isfinite(*to);
}

static bool convert_i4(void *out, int64_t i, const uint8_t *in)
{
    memcpy((int32_t *)out + i, in + 4 * i, 4);
    return true;
}

static bool convert_i8(void *out, int64_t i, const uint8_t *in)
{
    int64_t x;
    memcpy(&x, in + 8 * i, sizeof x);
    if (x < INT32_MIN || x > INT32_MAX) return false;
    ((int32_t *)out)[i] = (int32_t)x;
    return true;
}

static bool convert_u1(void *out, int64_t i, const uint8_t *in)
{
    ((uint8_t *)out)[i] = in[i];
    return true;
}

static bool convert_b1(void *out, int64_t i, const uint8_t *in)
{
    ((uint8_t *)out)[i] = in[i] != 0;
    return true;
}

typedef struct {
    char descr[4];
    nd_dtype dtype;
    size_t bytes;
    convert_value convert;
} npy_type;

static const npy_type types[] = {
    {"<f4", ND_F32, 4, convert_f4}, {"<f2", ND_F32, 2, convert_f2}, {"<f8", ND_F32, 8, convert_f8},
    {"<i4", ND_I32, 4, convert_i4}, {"<i8", ND_I32, 8, convert_i8}, {"|u1", ND_U8, 1, convert_u1},
    {"|b1", ND_U8, 1, convert_b1},
};

/* ---- the dict ------------------------------------------------------------------------ */

typedef struct {
    const npy_type *type;
    bool has_order, has_shape;
    bool is_columns_first;
    int n_dims;
    int64_t dims[ND_ARRAY_MAX_DIMS];
} header;

static int expected(const parser *p, const char *what)
{
    int n = (int)ND_MIN(p->end - p->at, 24);
    return nd_diag_set(p->diag, ND_EFORMAT, "reading %s: header: %s expected, \"%.*s\" found",
                       p->file, what, n, p->at);
}

static void skip_space(parser *p)
{
    while (p->at < p->end && isspace((unsigned char)*p->at)) p->at++;
}

/* Whether the next token is this character; it is passed then. */
static bool accept(parser *p, char c)
{
    skip_space(p);
    if (p->at == p->end || *p->at != c) return false;
    p->at++;
    return true;
}

static bool accept_word(parser *p, const char *word)
{
    size_t n = strlen(word);
    skip_space(p);
    if ((size_t)(p->end - p->at) < n || memcmp(p->at, word, n)) return false;
    p->at += n;
    return true;
}

/* A text in quotes of either kind, without escapes: no key and no type has one. */
static int read_text(parser *p, const char **text, int *n)
{
    char quote = accept(p, '\'') ? '\'' : accept(p, '"') ? '"' : 0;
    const char *end = quote ? memchr(p->at, quote, (size_t)(p->end - p->at)) : NULL;
    if (!end) return expected(p, "a text in quotes");
    *text = p->at;
    *n = (int)(end - p->at);
    p->at = end + 1;
    return 0;
}

static bool is_text(const char *text, int n, const char *wanted)
{
    return (size_t)n == strlen(wanted) && !memcmp(text, wanted, (size_t)n);
}

static int read_descr(header *h, parser *p)
{
    const char *text;
    int n;
    skip_space(p);
    if (h->type) return expected(p, "one descr");
    if (p->at < p->end && *p->at == '[')
        return nd_diag_set(p->diag, ND_EUNSUPPORTED,
                           "reading %s: one type expected, a record of several found", p->file);
    int rc = read_text(p, &text, &n);
    if (rc) return rc;
    for (size_t i = 0; i < ND_COUNT(types); i++)
        if (is_text(text, n, types[i].descr)) h->type = &types[i];
    if (h->type) return 0;
    const char *why = n && *text == '>'                                 ? " (big endian)"
                      : n > 1 && strchr("|<=", *text) && text[1] == 'O' ? " (Python objects)"
                                                                        : "";
    return nd_diag_set(p->diag, ND_EUNSUPPORTED,
                       "reading %s: values of <f4 <f2 <f8 <i4 <i8 |u1 |b1 expected, %.*s%s found",
                       p->file, ND_MIN(n, 24), text, why);
}

static int read_order(header *h, parser *p)
{
    if (h->has_order) return expected(p, "one fortran_order");
    h->has_order = true;
    h->is_columns_first = accept_word(p, "True");
    return h->is_columns_first || accept_word(p, "False") ? 0 : expected(p, "True or False");
}

static int read_dim(header *h, parser *p)
{
    int64_t x = 0;
    skip_space(p);
    if (p->at == p->end || !isdigit((unsigned char)*p->at))
        return expected(p, "a length of 0 or more");
    for (; p->at < p->end && isdigit((unsigned char)*p->at); p->at++)
        if (__builtin_mul_overflow(x, 10, &x) || __builtin_add_overflow(x, *p->at - '0', &x))
            return nd_diag_set(p->diag, ND_EFORMAT,
                               "reading %s: header: a length of under 2^63 expected", p->file);
    if (h->n_dims == ND_ARRAY_MAX_DIMS)
        return nd_diag_set(p->diag, ND_EUNSUPPORTED,
                           "reading %s: at most %d dimensions expected, more found", p->file,
                           ND_ARRAY_MAX_DIMS);
    h->dims[h->n_dims++] = x;
    return 0;
}

/* "()", "(3,)", "(3, 4)": the comma may end it, and must when there is one length. */
static int read_shape(header *h, parser *p)
{
    if (h->has_shape) return expected(p, "one shape");
    h->has_shape = true;
    if (!accept(p, '(')) return expected(p, "a shape in parentheses");
    while (!accept(p, ')')) {
        int rc = read_dim(h, p);
        if (rc) return rc;
        if (accept(p, ',')) continue;
        if (h->n_dims == 1 || !accept(p, ')')) return expected(p, "a comma");
        break;
    }
    return 0;
}

static int read_entry(header *h, parser *p)
{
    const char *key;
    int n;
    int rc = read_text(p, &key, &n);
    if (rc) return rc;
    if (!accept(p, ':')) return expected(p, "a colon");
    if (is_text(key, n, "descr")) return read_descr(h, p);
    if (is_text(key, n, "fortran_order")) return read_order(h, p);
    if (is_text(key, n, "shape")) return read_shape(h, p);
    return nd_diag_set(p->diag, ND_EFORMAT,
                       "reading %s: header: descr, fortran_order, shape expected, %.*s found",
                       p->file, ND_MIN(n, 24), key);
}

static int check_header(const header *h, const parser *p)
{
    const char *missing = !h->type        ? "descr"
                          : !h->has_order ? "fortran_order"
                          : !h->has_shape ? "shape"
                                          : NULL;
    if (missing)
        return nd_diag_set(p->diag, ND_EFORMAT, "reading %s: header: %s expected, not found",
                           p->file, missing);
    if (h->is_columns_first && h->n_dims > 1)
        return nd_diag_set(p->diag, ND_EUNSUPPORTED,
                           "reading %s: rows first expected, columns first (fortran_order) found",
                           p->file);
    return 0;
}

static int read_dict(header *h, parser *p)
{
    if (!accept(p, '{')) return expected(p, "{");
    while (!accept(p, '}')) {
        int rc = read_entry(h, p);
        if (rc) return rc;
        if (accept(p, ',')) continue;
        if (!accept(p, '}')) return expected(p, "a comma or }");
        break;
    }
    skip_space(p);
    return p->at < p->end ? expected(p, "the end") : check_header(h, p);
}

/* ---- the file ------------------------------------------------------------------------ */

/* Find the dict and, after it, the values. */
static int find_parts(parser *p, const uint8_t **values, const uint8_t *bytes, size_t n)
{
    if (n < 10 || memcmp(bytes, "\x93NUMPY", 6))
        return nd_diag_set(p->diag, ND_EFORMAT, "reading %s: a .npy file expected", p->file);
    if (bytes[6] < 1 || bytes[6] > 3 || bytes[7] != 0)
        return nd_diag_set(p->diag, ND_EUNSUPPORTED,
                           "reading %s: .npy version 1.0, 2.0 or 3.0 expected, %d.%d found",
                           p->file, bytes[6], bytes[7]);
    size_t start = bytes[6] == 1 ? 10 : 12, n_dict = 0;
    for (size_t i = 8; i < start && i < n; i++) n_dict |= (size_t)bytes[i] << 8 * (i - 8);
    if (n < start || n_dict > n - start)
        return nd_diag_set(p->diag, ND_EFORMAT,
                           "reading %s: a header of %zu bytes expected, %zu found", p->file, n_dict,
                           n < start ? 0 : n - start);
    if (n_dict > MAX_HEADER_BYTES)
        return nd_diag_set(p->diag, ND_ELIMIT,
                           "reading %s: a header of at most %d bytes expected, %zu found", p->file,
                           MAX_HEADER_BYTES, n_dict);
    p->at = (const char *)bytes + start;
    p->end = p->at + n_dict;
    *values = bytes + start + n_dict;
    return 0;
}

/* The array without its values, if n_bytes are what its shape and its type say. */
static int make_array(nd_array *a, const header *h, const parser *p, size_t n_bytes)
{
    size_t wanted;
    a->dtype = h->type->dtype;
    a->n_dims = h->n_dims;
    memcpy(a->dims, h->dims, sizeof a->dims);
    int64_t n = nd_array_count(a);
    if (n < 0 || !nd_size_mul(&wanted, (size_t)n, h->type->bytes))
        return nd_diag_set(p->diag, ND_EFORMAT, "reading %s: the shape is too large to exist",
                           p->file);
    if (n == 0 && a->dims[0])
        return nd_diag_set(p->diag, ND_EFORMAT, "reading %s: %" PRId64 " rows without values found",
                           p->file, a->dims[0]);
    if (wanted != n_bytes)
        return nd_diag_set(p->diag, ND_EFORMAT,
                           "reading %s: %zu bytes of values expected (%" PRId64
                           " of %s), %zu found",
                           p->file, wanted, n, h->type->descr, n_bytes);
    a->data = nd_calloc((size_t)n, nd_dtype_bytes(a->dtype));
    return a->data ? 0 : nd_diag_set(p->diag, ND_ENOMEM, "reading %s: out of memory", p->file);
}

static int convert_values(nd_array *a, const header *h, const parser *p, const uint8_t *values)
{
    int64_t n = nd_array_count(a);
    for (int64_t i = 0; i < n; i++)
        if (!h->type->convert(a->data, i, values))
            return nd_diag_set(p->diag, ND_ELIMIT,
                               "reading %s: value %" PRId64 ": one within %s expected", p->file, i,
                               nd_dtype_name(a->dtype));
    return 0;
}

static void set_name(nd_array *a, const char *path)
{
    const char *name = nd_path_name(path);
    size_t n = strlen(name);
    if (n > 4 && !strcmp(name + n - 4, ".npy")) n -= 4;
    nd_text_clean(a->name, sizeof a->name, name, n);
}

int nd_npy_parse(nd_array *out, const void *bytes, size_t n, const char *name, nd_diag *diag)
{
    header h = {0};
    nd_array a = {0};
    const uint8_t *values = NULL;
    parser p = {.file = name, .diag = diag};
    int rc = find_parts(&p, &values, bytes, n);
    if (!rc) rc = read_dict(&h, &p);
    if (!rc) rc = make_array(&a, &h, &p, n - (size_t)(values - (const uint8_t *)bytes));
    if (!rc) rc = convert_values(&a, &h, &p, values);
    if (rc) {
        nd_array_deinit(&a);
        return rc;
    }
    set_name(&a, name);
    *out = a;
    return 0;
}

int nd_array_read_npy(nd_array *out, const char *path, nd_diag *diag)
{
    nd_bytes file = {0};
    int rc = nd_file_read(&file, path, max_file_bytes, diag);
    if (!rc) rc = nd_npy_parse(out, file.data, file.n, path, diag);
    nd_bytes_deinit(&file);
    return rc;
}
