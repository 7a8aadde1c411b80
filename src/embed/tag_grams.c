/* Character n-grams (Bojanowski, Grave, Joulin, Mikolov 2017), fitted to given vectors.
 *
 * A [n, buckets] has 1 / sqrt(parts) for each part of a text. With random Z0 and R = V - A Z0, the
 * ridge solution is Z = Z0 + A' (A A' + ridge)^-1 R: as many unknowns as texts, not buckets. */
#include <math.h>
#include <string.h>
#include <xxhash.h>

#include "embed/tag_grams.h"

static const double ridge = 0.1, prior_length = 0.25;
enum { MAX_STEPS = 50 };

/* ---- parts ---------------------------------------------------------------- */

typedef struct {
    int32_t *out;
    int n;
} part_list;

static void add_part(part_list *l, const char *text, size_t n)
{
    if (l->n == ND_GRAM_MAX_PARTS) return;
    l->out[l->n++] = (int32_t)(XXH3_64bits(text, n) & (ND_GRAM_BUCKETS - 1));
}

/* Starts of the letters of text [n], and n itself. @return letters */
static int find_letters(size_t starts[260], const char *text, size_t n)
{
    int letters = 0;
    for (size_t i = 0; i < n && letters < 258;) {
        starts[letters++] = i;
        i += (size_t)ND_MAX(nd_utf8_length(text + i, n - i), 1);
    }
    starts[letters] = n;
    return letters;
}

static void add_word(part_list *l, const char *word, size_t n)
{
    char text[258];
    size_t starts[260];
    n = ND_MIN(n, sizeof text - 3);
    text[0] = '<';
    memcpy(text + 1, word, n);
    text[n + 1] = '>';
    int letters = find_letters(starts, text, n + 2);
    add_part(l, text, n + 2);
    for (int size = ND_GRAM_MIN; size <= ND_GRAM_MAX; size++)
        for (int i = 0; i + size <= letters && size < letters; i++)
            add_part(l, text + starts[i], starts[i + size] - starts[i]);
}

int nd_gram_parts(int32_t out[ND_GRAM_MAX_PARTS], const char *text)
{
    part_list l = {.out = out};
    while (*text) {
        size_t n = strcspn(text, " ");
        if (n) add_word(&l, text, n);
        text += n + (text[n] == ' ');
    }
    return l.n;
}

void nd_gram_vector(float *out, const char *text, const float *grams, int dim)
{
    int32_t parts[ND_GRAM_MAX_PARTS];
    int n = nd_gram_parts(parts, text);
    memset(out, 0, (size_t)dim * sizeof *out);
    for (int i = 0; i < n; i++)
        for (int d = 0; d < dim; d++) out[d] += grams[(int64_t)parts[i] * dim + d];
    for (int d = 0; d < dim && n; d++) out[d] /= sqrtf((float)n);
}

/* @return the bucket's row; NULL: it has its prior */
static const float *find_listed(const nd_gram_list *list, int bucket, int dim)
{
    int lo = 0, hi = list->n;
    while (lo < hi) {
        int mid = (lo + hi) / 2;
        if (list->buckets[mid] < bucket) lo = mid + 1;
        else hi = mid;
    }
    return lo < list->n && list->buckets[lo] == bucket ? list->rows + (int64_t)lo * dim : NULL;
}

static void add_prior(float *out, int bucket, int dim)
{
    nd_rng rng;
    nd_rng_init(&rng, 1, (uint64_t)bucket);
    for (int d = 0; d < dim; d++)
        out[d] += (float)(nd_rng_uniform(&rng, -1, 1) * prior_length * sqrt(3.0 / (double)dim));
}

void nd_gram_vector_listed(float *out, const char *text, const nd_gram_list *list, int dim)
{
    int32_t parts[ND_GRAM_MAX_PARTS];
    int n = nd_gram_parts(parts, text);
    memset(out, 0, (size_t)dim * sizeof *out);
    for (int i = 0; i < n; i++) {
        const float *row = find_listed(list, parts[i], dim);
        if (!row) add_prior(out, parts[i], dim);
        for (int d = 0; d < dim && row; d++) out[d] += row[d];
    }
    for (int d = 0; d < dim && n; d++) out[d] /= sqrtf((float)n);
}

/* ---- fitting ---------------------------------------------------------------- */

typedef struct {
    int n, dim;
    int64_t *first;            /* [n + 1] */
    int32_t *parts;            /* [first[n]] */
    float *x, *r, *p, *kp, *z; /* [n, dim]; z [buckets, dim] */
    double *rr;                /* [dim], squared residuals */
} fit;

static int find_parts(fit *f, const char *const *texts, const float *rows)
{
    int32_t parts[ND_GRAM_MAX_PARTS];
    size_t capacity = 0;
    for (int i = 0; i < f->n; i++) {
        bool is_known = false;
        for (int d = 0; d < f->dim; d++) is_known |= rows[(int64_t)i * f->dim + d] != 0;
        int n = is_known ? nd_gram_parts(parts, texts[i]) : 0;
        size_t used = (size_t)f->first[i];
        if (nd_grow(&f->parts, &capacity, used, (size_t)n + 1, sizeof *f->parts)) return ND_ENOMEM;
        memcpy(f->parts + used, parts, (size_t)n * sizeof *parts);
        f->first[i + 1] = f->first[i] + n;
    }
    return 0;
}

static float part_weight(const fit *f, int i)
{
    int64_t n = f->first[i + 1] - f->first[i];
    return n ? 1 / sqrtf((float)n) : 0;
}

/* z += A' x */
static void spread(float *z, const fit *f, const float *x)
{
    for (int i = 0; i < f->n; i++)
        for (int64_t e = f->first[i]; e < f->first[i + 1]; e++) {
            float w = part_weight(f, i), *to = z + (int64_t)f->parts[e] * f->dim;
            for (int d = 0; d < f->dim; d++) to[d] += w * x[(int64_t)i * f->dim + d];
        }
}

/* out [n, dim] = A z */
static void gather(float *out, const fit *f, const float *z)
{
    memset(out, 0, (size_t)f->n * (size_t)f->dim * sizeof *out);
    for (int i = 0; i < f->n; i++)
        for (int64_t e = f->first[i]; e < f->first[i + 1]; e++) {
            float w = part_weight(f, i);
            const float *from = z + (int64_t)f->parts[e] * f->dim;
            for (int d = 0; d < f->dim; d++) out[(int64_t)i * f->dim + d] += w * from[d];
        }
}

/* out[d] = sum over rows of a[.][d] b[.][d] */
static void column_dots(double *out, const fit *f, const float *a, const float *b)
{
    memset(out, 0, (size_t)f->dim * sizeof *out);
    for (int i = 0; i < f->n; i++)
        for (int d = 0; d < f->dim; d++)
            out[d] += (double)a[(int64_t)i * f->dim + d] * (double)b[(int64_t)i * f->dim + d];
}

/* One step of conjugate gradients, all dims side by side. @param dots  [dim], scratch
 * @return the largest squared residual of a dim */
static double step(fit *f, double *dots)
{
    int64_t cells = (int64_t)f->n * f->dim;
    double worst = 0;
    memset(f->z, 0, (size_t)ND_GRAM_BUCKETS * (size_t)f->dim * sizeof *f->z);
    spread(f->z, f, f->p);
    gather(f->kp, f, f->z);
    for (int64_t i = 0; i < cells; i++) f->kp[i] += (float)ridge * f->p[i];
    column_dots(dots, f, f->p, f->kp);
    for (int64_t i = 0; i < cells; i++) {
        int d = (int)(i % f->dim);
        float along = dots[d] > 0 ? (float)(f->rr[d] / dots[d]) : 0;
        f->x[i] += along * f->p[i];
        f->r[i] -= along * f->kp[i];
    }
    column_dots(dots, f, f->r, f->r);
    for (int64_t i = 0; i < cells; i++) {
        int d = (int)(i % f->dim);
        f->p[i] = f->r[i] + (f->rr[d] > 0 ? (float)(dots[d] / f->rr[d]) : 0) * f->p[i];
    }
    for (int d = 0; d < f->dim; d++) worst = fmax(worst, f->rr[d] = dots[d]);
    return worst;
}

void nd_gram_prior_of(float *out, int bucket, int dim)
{
    memset(out, 0, (size_t)dim * sizeof *out);
    add_prior(out, bucket, dim);
}

void nd_gram_prior(float *out, int dim)
{
    for (int b = 0; b < ND_GRAM_BUCKETS; b++) nd_gram_prior_of(out + (int64_t)b * dim, b, dim);
}

static int fit_init(fit *f)
{
    size_t cells = (size_t)f->n * (size_t)f->dim;
    f->first = nd_calloc((size_t)f->n + 1, sizeof *f->first);
    f->x = nd_calloc(cells, sizeof *f->x);
    f->r = nd_calloc(cells, sizeof *f->r);
    f->p = nd_calloc(cells, sizeof *f->p);
    f->kp = nd_calloc(cells, sizeof *f->kp);
    f->z = nd_calloc((size_t)ND_GRAM_BUCKETS * (size_t)f->dim, sizeof *f->z);
    f->rr = nd_calloc((size_t)f->dim * 2, sizeof *f->rr);
    return f->first && f->x && f->r && f->p && f->kp && f->z && f->rr ? 0 : ND_ENOMEM;
}

static void fit_deinit(fit *f)
{
    free(f->first);
    free(f->parts);
    free(f->x);
    free(f->r);
    free(f->p);
    free(f->kp);
    free(f->z);
    free(f->rr);
}

int nd_gram_fit(float *out, const char *const *texts, const float *rows, int n, int dim)
{
    fit f = {.n = n, .dim = dim};
    int rc = fit_init(&f);
    if (!rc) rc = find_parts(&f, texts, rows);
    if (!rc) {
        nd_gram_prior(out, dim);
        gather(f.r, &f, out);
        for (int64_t i = 0; i < (int64_t)n * dim; i++) f.p[i] = f.r[i] = rows[i] - f.r[i];
        column_dots(f.rr, &f, f.r, f.r);
        for (int k = 0; k < MAX_STEPS && step(&f, f.rr + dim) > 1e-6; k++)
            ;
        spread(out, &f, f.x);
    }
    fit_deinit(&f);
    return rc;
}
