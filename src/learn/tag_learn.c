/* Vectors of tags, learned from which come together. */
#include <math.h>
#include <string.h>

#include "learn/tag_learn.h"
#include "learn/tag_svd.h"

/* rows [n, dim] = (U + V) sqrt(S), each to length 1, so that tags which come together are near, and
 * tags which come with the same others. Where a value is below 0, V is -U and nothing is left; the
 * first dim of the others are taken. */
static int embed(float *rows, const nd_sparse *m, int dim, const nd_progress *progress)
{
    int k = ND_MIN(2 * dim, m->n), used = 0;
    double *u = nd_calloc((size_t)m->n * (size_t)k, sizeof *u);
    double *values = nd_calloc((size_t)k, sizeof *values);
    int rc = u && values ? nd_sparse_svd(u, values, m, k, progress) : ND_ENOMEM;
    for (int c = 0; c < k && used < dim && !rc; c++) {
        if (values[c] <= 0) continue;
        for (int i = 0; i < m->n; i++)
            rows[(int64_t)i * dim + used] = (float)(u[(int64_t)i * k + c] * sqrt(values[c]));
        used++;
    }
    for (int i = 0; i < m->n && !rc; i++) nd_vec_normalise(rows + (int64_t)i * dim, dim);
    free(u);
    free(values);
    return rc;
}

static int copy_keys(nd_tag_map *out, const nd_tag_map *from)
{
    for (size_t i = 0; i < from->n; i++) {
        int id;
        if (nd_tag_map_add(out, from->texts[i], strlen(from->texts[i]), &id)) return ND_ENOMEM;
    }
    return 0;
}

/* Letters count too, a quarter: of tags that come with the same others, those that share a word are
 * nearest. Rows of zeroes stay. */
static void add_letters(nd_tag_vectors *v, char *const *names)
{
    float letters[ND_TAG_MAX_DIM];
    nd_gram_prior(v->grams, v->dim);
    for (size_t i = 0; i < v->keys.n; i++) {
        float *row = v->rows + i * (size_t)v->dim;
        if (!nd_vec_normalise(row, v->dim)) continue;
        nd_gram_vector(letters, names[i], v->grams, v->dim);
        for (int d = 0; d < v->dim; d++) row[d] += letters[d];
        nd_vec_normalise(row, v->dim);
    }
}

/* A row of zeroes gets the vector of its letters. */
static void fill_unknown(nd_tag_vectors *v, char *const *names)
{
    for (size_t i = 0; i < v->keys.n; i++) {
        float *row = v->rows + i * (size_t)v->dim;
        if (nd_vec_normalise(row, v->dim)) continue;
        nd_gram_vector(row, names[i], v->grams, v->dim);
        nd_vec_normalise(row, v->dim);
    }
}

int nd_tag_vectors_learn(nd_tag_vectors *out, const nd_tag_set *set, int dim,
                         const nd_progress *progress, nd_diag *diag)
{
    nd_tag_vectors v = {0};
    nd_sparse m = {0};
    int n = (int)set->names.n, rc = nd_tag_vectors_init(&v, set->names.n, dim);
    if (!rc) rc = nd_ppmi(&m, &set->pairs, n);
    if (!rc) rc = copy_keys(&v.keys, &set->keys);
    if (!rc) rc = embed(v.rows, &m, dim, progress);
    if (!rc) add_letters(&v, set->names.texts);
    if (!rc) rc = nd_gram_fit(v.grams, (const char *const *)set->names.texts, v.rows, n, dim);
    nd_sparse_deinit(&m);
    if (rc) {
        nd_tag_vectors_deinit(&v);
        return nd_diag_set(diag, rc, "learning tag vectors: %s", nd_error_text(rc));
    }
    fill_unknown(&v, set->names.texts);
    *out = v;
    return 0;
}
