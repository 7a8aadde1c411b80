/* Vectors of tags and of any text. */
#include <math.h>
#include <string.h>

#include "embed/tag_text.h"
#include "embed/tag_vectors.h"

bool nd_vec_normalise(float *x, int dim)
{
    double sum = 0;
    for (int d = 0; d < dim; d++) sum += (double)x[d] * (double)x[d];
    double scale = sum > 1e-24 ? 1 / sqrt(sum) : 0;
    for (int d = 0; d < dim; d++) x[d] = (float)((double)x[d] * scale);
    return scale > 0;
}

int nd_tag_vectors_init(nd_tag_vectors *v, size_t n, int dim)
{
    size_t cells;
    v->dim = dim;
    v->rows = nd_size_mul(&cells, n, (size_t)dim) ? nd_calloc(cells, sizeof *v->rows) : NULL;
    v->grams = nd_calloc((size_t)ND_GRAM_BUCKETS * (size_t)dim, sizeof *v->grams);
    return v->rows && v->grams ? 0 : ND_ENOMEM;
}

/* ---- of a file ---------------------------------------------------------------- */

/* Words in form, and their rows. @param names  gets the first ND_TAG_FIT_WORDS, to be fitted */
static int read_words(nd_tag_vectors *v, nd_tag_map *names, const nd_vec *from)
{
    size_t dim = (size_t)v->dim;
    for (size_t i = 0; i < from->words.n; i++) {
        nd_tag_form form;
        int id, name, n_before = (int)v->keys.n;
        nd_tag_fault fault = nd_tag_form_read(&form, from->words.texts[i],
                                              strlen(from->words.texts[i]));
        if (fault == ND_TAG_NO_MEMORY) return ND_ENOMEM;
        if (fault) continue;
        if (nd_tag_map_add(&v->keys, form.key, strlen(form.key), &id)) return ND_ENOMEM;
        if (id < n_before) continue;
        float *row = v->rows + (size_t)id * dim;
        memcpy(row, from->rows + i * dim, dim * sizeof *row);
        nd_vec_normalise(row, v->dim);
        if (id < ND_TAG_FIT_WORDS && nd_tag_map_add(names, form.name, strlen(form.name), &name))
            return ND_ENOMEM;
    }
    return 0;
}

int nd_tag_vectors_of_vec(nd_tag_vectors *out, const nd_vec *from, nd_diag *diag)
{
    nd_tag_vectors v = {0};
    nd_tag_map names = {0};
    int rc = nd_tag_vectors_init(&v, from->words.n, from->dim);
    if (!rc) rc = read_words(&v, &names, from);
    if (!rc && !v.keys.n) rc = ND_EEMPTY;
    /* names and keys have one number each: two keys never have one name */
    if (!rc)
        rc = nd_gram_fit(v.grams, (const char *const *)names.texts, v.rows, (int)names.n, v.dim);
    nd_tag_map_deinit(&names);
    if (!rc) {
        *out = v;
        return 0;
    }
    nd_tag_vectors_deinit(&v);
    if (rc == ND_ENOMEM) return nd_diag_set(diag, rc, "making tag vectors: out of memory");
    return nd_diag_set(diag, rc, "making tag vectors: a word with a letter in it expected");
}

/* ---- texts ---------------------------------------------------------------- */

static bool is_small_word(const char *word)
{
    static const char *const words[] = {"a",  "an", "and", "for", "in",
                                        "of", "on", "the", "to",  "with"};
    for (size_t i = 0; i < ND_COUNT(words); i++)
        if (!strcmp(word, words[i])) return true;
    return false;
}

/* @return the row of a word or phrase in form; NULL: none, or nothing is known of it */
static const float *find_row(const nd_tag_vectors *v, const char *name)
{
    char key[ND_TAG_BYTES];
    nd_tag_key(key, name);
    int id = nd_tag_map_find(&v->keys, key, strlen(key));
    const float *row = id < 0 ? NULL : v->rows + (int64_t)id * v->dim;
    for (int d = 0; row && d < v->dim; d++)
        if (row[d] != 0) return row;
    return NULL;
}

/* Add the words' vectors to sum. @return whether one has a row */
static bool add_words(float *sum, float *scratch, const nd_tag_vectors *v, const char *name,
                      bool with_small)
{
    char words[ND_TAG_BYTES], *rest = NULL;
    bool is_known = false;
    snprintf(words, sizeof words, "%s", name);
    for (char *w = strtok_r(words, " ", &rest); w; w = strtok_r(NULL, " ", &rest)) {
        if (!with_small && is_small_word(w)) continue;
        const float *row = find_row(v, w);
        is_known |= row != NULL;
        if (!row) {
            if (v->grams) nd_gram_vector(scratch, w, v->grams, v->dim);
            else nd_gram_vector_listed(scratch, w, &v->listed, v->dim);
            nd_vec_normalise(scratch, v->dim);
        }
        for (int d = 0; d < v->dim; d++) sum[d] += row ? row[d] : scratch[d];
    }
    return is_known;
}

int nd_tag_vectors_text(float *out, bool *is_known_out, const nd_tag_vectors *v, const char *text)
{
    nd_tag_form form;
    nd_tag_fault fault = nd_tag_form_read(&form, text, strlen(text));
    if (fault) return fault == ND_TAG_NO_MEMORY ? ND_ENOMEM : ND_EFORMAT;
    const float *row = find_row(v, form.name);
    bool is_known = row != NULL;
    size_t bytes = (size_t)v->dim * sizeof *out;
    if (row) {
        memcpy(out, row, bytes);
    } else {
        float *scratch = nd_calloc((size_t)v->dim, sizeof *scratch);
        if (!scratch) return ND_ENOMEM;
        memset(out, 0, bytes);
        is_known = add_words(out, scratch, v, form.name, false);
        if (!nd_vec_normalise(out, v->dim)) is_known = add_words(out, scratch, v, form.name, true);
        nd_vec_normalise(out, v->dim);
        free(scratch);
    }
    if (is_known_out) *is_known_out = is_known;
    return 0;
}

void nd_tag_vectors_deinit(nd_tag_vectors *v)
{
    nd_tag_map_deinit(&v->keys);
    free(v->rows);
    free(v->grams);
    free(v->listed.buckets);
    free(v->listed.rows);
    *v = (nd_tag_vectors){0};
}
