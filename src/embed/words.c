/* What a model file knows of texts. */
#include <string.h>

#include "embed/words.h"

struct nd_words {
    nd_tag_map names; /* of the tags: as many as there are, in their order */
    nd_tag_vectors v; /* keys of the tags, then of other words; letters as listed */
    char *stored_rows, *stored_gram_rows; /* names that nd_words_list gave */
};

void nd_words_destroy(nd_words **words)
{
    nd_words *w = words ? *words : NULL;
    if (!w) return;
    nd_tag_map_deinit(&w->names);
    nd_tag_vectors_deinit(&w->v);
    free(w->stored_rows);
    free(w->stored_gram_rows);
    free(w);
    *words = NULL;
}

/* ---- words ---------------------------------------------------------------------- */

static int init_rows(nd_words *w, size_t n, int dim)
{
    size_t cells;
    w->v.dim = dim;
    w->v.rows = nd_size_mul(&cells, n, (size_t)dim) ? nd_calloc(cells, sizeof *w->v.rows) : NULL;
    return w->v.rows ? 0 : ND_ENOMEM;
}

/* Why a text cannot be the next word. */
typedef enum { WORD_FINE, WORD_NO_TAG, WORD_TWICE, WORD_NO_MEMORY } word_fault;

static word_fault add_key(nd_words *w, const char *key)
{
    int id, n_before = (int)w->v.keys.n;
    if (nd_tag_map_add(&w->v.keys, key, strlen(key), &id)) return WORD_NO_MEMORY;
    return id == n_before ? WORD_FINE : WORD_TWICE;
}

static word_fault add_tag(nd_words *w, const char *name)
{
    nd_tag_form form;
    int id;
    nd_tag_fault fault = nd_tag_form_read(&form, name, strlen(name));
    if (fault == ND_TAG_NO_MEMORY) return WORD_NO_MEMORY;
    if (fault || strcmp(form.name, name)) return WORD_NO_TAG;
    word_fault bad = add_key(w, form.key);
    if (bad) return bad;
    return nd_tag_map_add(&w->names, name, strlen(name), &id) ? WORD_NO_MEMORY : WORD_FINE;
}

static word_fault add_word(nd_words *w, const char *text, bool is_tag)
{
    if (is_tag) return add_tag(w, text);
    return *text && strlen(text) < ND_TAG_BYTES ? add_key(w, text) : WORD_NO_TAG;
}

/* ---- of vectors ------------------------------------------------------------------ */

static int no_memory(nd_diag *diag)
{
    return nd_diag_set(diag, ND_ENOMEM, "keeping the words of a model: out of memory");
}

static int copy_tags(nd_words *w, const nd_tag_vectors *v, const char *const *tags, int n,
                     nd_diag *diag)
{
    for (int i = 0; i < n; i++) {
        word_fault fault = add_word(w, tags[i], true);
        if (!fault && nd_tag_vectors_text(w->v.rows + (int64_t)i * v->dim, NULL, v, tags[i]))
            fault = WORD_NO_MEMORY;
        if (fault == WORD_NO_MEMORY) return no_memory(diag);
        if (fault)
            return nd_diag_set(diag, ND_EARG,
                               "keeping the words of a model: tag %d of another key, in form, "
                               "expected, found \"%.60s\"",
                               i, tags[i]);
    }
    return 0;
}

static int copy_others(nd_words *w, const nd_tag_vectors *v, int max_others)
{
    for (size_t i = 0, left = (size_t)max_others; i < v->keys.n && left; i++) {
        size_t row = w->v.keys.n, dim = (size_t)v->dim;
        word_fault fault = add_word(w, v->keys.texts[i], false);
        if (fault == WORD_NO_MEMORY) return ND_ENOMEM;
        if (fault) continue;
        memcpy(w->v.rows + row * dim, v->rows + i * dim, dim * sizeof *v->rows);
        left--;
    }
    return 0;
}

/* Which buckets are not as before they were learned. */
static int copy_grams(nd_words *w, const nd_tag_vectors *v)
{
    float prior[ND_TAG_MAX_DIM];
    nd_gram_list *list = &w->v.listed;
    size_t dim = (size_t)v->dim, bytes = dim * sizeof *v->grams;
    size_t capacity = 0, rows_capacity = 0;
    for (int b = 0; b < ND_GRAM_BUCKETS; b++) {
        const float *row = v->grams + (size_t)b * dim;
        nd_gram_prior_of(prior, b, v->dim);
        if (!memcmp(row, prior, bytes)) continue;
        size_t n = (size_t)list->n;
        if (nd_grow(&list->buckets, &capacity, n, 1, sizeof *list->buckets) ||
            nd_grow(&list->rows, &rows_capacity, n * dim, dim, sizeof *list->rows))
            return ND_ENOMEM;
        list->buckets[list->n++] = b;
        memcpy(list->rows + n * dim, row, bytes);
    }
    return 0;
}

int nd_words_of_vectors(nd_words **out, const nd_tag_vectors *v, const char *const *tags,
                        int n_tags, int max_others, nd_diag *diag)
{
    if (v->dim < 1 || v->dim > ND_TAG_MAX_DIM)
        return nd_diag_set(diag, ND_EARG,
                           "keeping the words of a model: 1 .. %d dims expected, found %d",
                           ND_TAG_MAX_DIM, v->dim);
    max_others = (int)ND_MIN((size_t)ND_MAX(max_others, 0), v->keys.n);
    nd_words *w = nd_calloc(1, sizeof *w);
    if (!w) return no_memory(diag);
    int rc = init_rows(w, (size_t)n_tags + (size_t)max_others, v->dim);
    if (rc) no_memory(diag);
    else rc = copy_tags(w, v, tags, n_tags, diag);
    if (!rc && (copy_others(w, v, max_others) || copy_grams(w, v))) rc = no_memory(diag);
    if (!rc && !w->v.keys.n)
        rc = nd_diag_set(diag, ND_EEMPTY, "keeping the words of a model: one or more expected");
    if (rc) nd_words_destroy(&w);
    else *out = w;
    return rc;
}

/* ---- reading --------------------------------------------------------------------- */

enum { MAX_VALUE = 1000000 };

typedef struct {
    const json_t *words, *buckets;
    int n_words, n_tags, n_buckets, dim;
    const nd_safetensors *file;
    nd_str rows, gram_rows; /* names of the tensors */
    nd_diag *diag;
} reading;

static int expected(const reading *r, const char *what)
{
    return nd_diag_set(r->diag, ND_EFORMAT, "reading the words of a model: %s expected", what);
}

/* Whole number of a key in lo .. hi; -1: it is none. */
static int number_of(const json_t *object, const char *key, int lo, int hi)
{
    const json_t *v = json_object_get(object, key);
    json_int_t x = json_integer_value(v);
    return json_is_integer(v) && x >= lo && x <= hi ? (int)x : -1;
}

/* What the configuration says of sizes, against what the file holds. */
static int check_sizes(reading *r, const json_t *config)
{
    size_t n = json_array_size(r->words = json_object_get(config, "words"));
    if (!n || n > ND_VEC_MAX_ROWS) return expected(r, "\"words\", a list of one or more");
    r->n_words = (int)n;
    if ((r->dim = number_of(config, "dim", 1, ND_TAG_MAX_DIM)) < 0)
        return expected(r, "\"dim\", a whole number from 1 to 512");
    if ((r->n_tags = number_of(config, "n_tags", 0, r->n_words)) < 0)
        return expected(r, "\"n_tags\", a whole number of at most the words");
    r->buckets = json_object_get(config, "buckets");
    if (!json_is_array(r->buckets) || json_array_size(r->buckets) > ND_GRAM_BUCKETS)
        return expected(r, "\"buckets\", a list of at most 32768");
    r->n_buckets = (int)json_array_size(r->buckets);
    int rc = nd_safetensors_check(r->file, r->rows.text, 2, (const int64_t[]){r->n_words, r->dim},
                                  r->diag);
    if (!rc && r->n_buckets)
        rc = nd_safetensors_check(r->file, r->gram_rows.text, 2,
                                  (const int64_t[]){r->n_buckets, r->dim}, r->diag);
    return rc;
}

static int read_names(nd_words *w, const reading *r)
{
    for (int i = 0; i < r->n_words; i++) {
        const char *text = json_string_value(json_array_get(r->words, (size_t)i));
        word_fault fault = text ? add_word(w, text, i < r->n_tags) : WORD_NO_TAG;
        if (fault == WORD_NO_MEMORY) return no_memory(r->diag);
        if (fault)
            return nd_diag_set(r->diag, ND_EFORMAT,
                               "reading the words of a model: word %d: %s expected, found "
                               "\"%.60s\"",
                               i, i < r->n_tags ? "a new tag in form" : "a new key",
                               text ? text : "no text");
    }
    return 0;
}

static int read_rows(nd_words *w, const reading *r)
{
    int rc = nd_safetensors_read_f32(r->file, r->rows.text, 2,
                                     (const int64_t[]){r->n_words, r->dim}, w->v.rows, r->diag);
    for (int i = 0; i < r->n_words && !rc; i++)
        nd_vec_normalise(w->v.rows + (int64_t)i * r->dim, r->dim);
    return rc;
}

/* Sums of what is read stay finite. */
static int check_values(const nd_words *w, const reading *r)
{
    const float *x = w->v.listed.rows;
    for (size_t i = 0; i < (size_t)r->n_buckets * (size_t)r->dim; i++)
        if (x[i] > MAX_VALUE || x[i] < -MAX_VALUE)
            return nd_diag_set(r->diag, ND_EFORMAT,
                               "reading the words of a model: %s: values of at most %d expected, "
                               "found %g",
                               r->gram_rows.text, MAX_VALUE, (double)x[i]);
    return 0;
}

static int read_grams(nd_words *w, const reading *r)
{
    nd_gram_list *list = &w->v.listed;
    if (!r->n_buckets) return 0;
    list->buckets = nd_calloc((size_t)r->n_buckets, sizeof *list->buckets);
    list->rows = nd_calloc((size_t)r->n_buckets * (size_t)r->dim, sizeof *list->rows);
    if (!list->buckets || !list->rows) return no_memory(r->diag);
    list->n = r->n_buckets;
    int rc = nd_safetensors_read_f32(r->file, r->gram_rows.text, 2,
                                     (const int64_t[]){r->n_buckets, r->dim}, list->rows, r->diag);
    if (!rc) rc = check_values(w, r);
    for (int i = 0, last = -1; i < r->n_buckets && !rc; i++, last = list->buckets[i - 1]) {
        const json_t *v = json_array_get(r->buckets, (size_t)i);
        json_int_t b = json_integer_value(v);
        if (!json_is_integer(v) || b <= last || b >= ND_GRAM_BUCKETS)
            return expected(r, "\"buckets\", rising whole numbers from 0 to 32767,");
        list->buckets[i] = (int32_t)b;
    }
    return rc;
}

int nd_words_read(nd_words **out, const json_t *config, const nd_safetensors *file,
                  const char *prefix, nd_diag *diag)
{
    reading r = {.file = file, .diag = diag};
    nd_str_append(&r.rows, "%srows", prefix);
    nd_str_append(&r.gram_rows, "%sgram_rows", prefix);
    nd_words *w = nd_calloc(1, sizeof *w);
    int rc = w && !r.rows.failed && !r.gram_rows.failed ? check_sizes(&r, config) : no_memory(diag);
    if (!rc && init_rows(w, (size_t)r.n_words, r.dim)) rc = no_memory(diag);
    if (!rc) rc = read_names(w, &r);
    if (!rc) rc = read_rows(w, &r);
    if (!rc) rc = read_grams(w, &r);
    nd_str_deinit(&r.rows);
    nd_str_deinit(&r.gram_rows);
    if (rc) nd_words_destroy(&w);
    else *out = w;
    return rc;
}

/* ---- writing --------------------------------------------------------------------- */

static int list_one(char **name, const char *prefix, nd_stored_value value, nd_stored_value **items,
                    size_t *n, size_t *capacity)
{
    nd_str s = {0};
    nd_str_append(&s, "%s%s", prefix, value.name);
    free(*name);
    value.name = *name = nd_str_take(&s);
    if (!*name || nd_grow(items, capacity, *n, 1, sizeof **items)) return ND_ENOMEM;
    (*items)[(*n)++] = value;
    return 0;
}

int nd_words_list(nd_words *w, const char *prefix, nd_stored_dtype dtype, nd_stored_value **items,
                  size_t *n, size_t *capacity)
{
    const nd_stored_value rows = {"rows", dtype, 2, {(int64_t)w->v.keys.n, w->v.dim}, w->v.rows};
    const nd_stored_value grams = {
        "gram_rows", dtype, 2, {w->v.listed.n, w->v.dim}, w->v.listed.rows};
    int rc = list_one(&w->stored_rows, prefix, rows, items, n, capacity);
    if (!rc && w->v.listed.n)
        rc = list_one(&w->stored_gram_rows, prefix, grams, items, n, capacity);
    return rc;
}

json_t *nd_words_config(const nd_words *w)
{
    json_t *words = json_array(), *buckets = json_array();
    int bad = !words || !buckets;
    for (size_t i = 0; i < w->v.keys.n && !bad; i++)
        bad = json_array_append_new(
            words, json_string(i < w->names.n ? w->names.texts[i] : w->v.keys.texts[i]));
    for (int i = 0; i < w->v.listed.n && !bad; i++)
        bad = json_array_append_new(buckets, json_integer(w->v.listed.buckets[i]));
    json_t *config = json_pack("{s:i, s:i, s:o, s:o}", "dim", w->v.dim, "n_tags", (int)w->names.n,
                               "words", words, "buckets", buckets);
    if (!bad) return config;
    json_decref(config);
    return NULL;
}

/* ---- asking ---------------------------------------------------------------------- */

int nd_words_dim(const nd_words *w)
{
    return w->v.dim;
}

int nd_words_tag_count(const nd_words *w)
{
    return (int)w->names.n;
}

const char *nd_words_tag_name(const nd_words *w, int i)
{
    return w->names.texts[i];
}

const float *nd_words_tag_vector(const nd_words *w, int i)
{
    return w->v.rows + (int64_t)i * w->v.dim;
}

int nd_words_vector(float *out, bool *is_known_out, const nd_words *w, const char *text)
{
    return nd_tag_vectors_text(out, is_known_out, &w->v, text);
}
