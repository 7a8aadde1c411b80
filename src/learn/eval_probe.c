/* Linear probes: how much of something is read out of one clip's embedding by ridge regression
 * on one-hot classes. Features are brought to mean 0, variance 1 over the fitted clips; lambda is
 * 0.01 a fitted clip. A clip's place should not be readable (a fade, a border), its concept
 * should; the place without the first clip tells whether it is the beginning of a file that gives
 * it away.
 *
 * Of a made corpus, truth.json says what each clip is about and how fast it is; of others the tag
 * of the whole file stands for its clips. */
#include <math.h>
#include <string.h>

#include "compute/gemm.h"
#include "learn/eval.h"

enum { CLIPS = 7, MAX_CLASSES = 4096 };
static const double RIDGE = 0.01;

/* ---- what a clip is ------------------------------------------------------------ */

typedef struct labels {
    nd__eval_truth truth;
    nd_tags *tags;    /* where there is no truth; NULL: none */
    const char *what; /* "concept", "tag", "pulse", "clip", "later_clip" */
    const nd_items *items;
} labels;

/* The entry of a list that holds at the middle of a clip; -1: none. */
static int truth_at(const labels *l, int file, const char *key, int clip)
{
    const json_t *item = nd__eval_truth_of(&l->truth, nd_items_name(l->items, file));
    const json_t *values = json_object_get(item, key), *starts = json_object_get(item, "starts_s");
    size_t at = 0, n = ND_MIN(json_array_size(values), json_array_size(starts));
    while (at + 1 < n &&
           json_number_value(json_array_get(starts, at + 1)) <= (clip + 0.5) * ND_CLIP_S)
        at++;
    const json_t *value = json_array_get(values, at);
    json_int_t label = json_integer_value(value);
    return at < n && json_is_integer(value) && label >= 0 && label < MAX_CLASSES ? (int)label : -1;
}

/* @return the class of a clip; -1: not known */
static int label_of(const labels *l, int file, int clip)
{
    const int32_t *tags;
    if (!strcmp(l->what, "clip")) return clip < CLIPS ? clip : -1;
    if (!strcmp(l->what, "later_clip")) return clip && clip < CLIPS ? clip : -1;
    if (!strcmp(l->what, "concept")) return truth_at(l, file, "concepts", clip);
    if (!strcmp(l->what, "pulse")) {
        bool is_music = nd_items_at(l->items, file)->medium == ND_MUSIC;
        return truth_at(l, file, is_music ? "pulses" : "motions", clip);
    }
    if (!l->tags || nd_tags_of_file(l->tags, nd_items_name(l->items, file), &tags) < 1) return -1;
    return tags[0] < MAX_CLASSES ? tags[0] : -1;
}

static int labels_open(labels *l, const nd_items *items, const char *dir, nd_diag *diag)
{
    *l = (labels){.items = items};
    int rc = nd__eval_truth_read(&l->truth, dir, diag);
    if (rc || l->truth.root) return rc;
    rc = nd_tags_open(&l->tags, dir, NULL, diag);
    return rc == ND_ENOTFOUND ? 0 : rc; /* then clips have a place alone */
}

static void labels_close(labels *l)
{
    nd__eval_truth_deinit(&l->truth);
    nd_tags_close(&l->tags);
}

/* ---- clips --------------------------------------------------------------------- */

/* The clips of a split that have a class. */
typedef struct samples {
    float *x; /* [n, D] */
    int32_t *classes;
    size_t n, capacity, class_capacity;
    int64_t D;
} samples;

static int add_file(samples *s, const labels *l, int file)
{
    const nd_item *item = nd_items_at(l->items, file);
    for (int k = 0; k < item->C; k++) {
        int label = label_of(l, file, k);
        if (label < 0) continue;
        if (nd_grow(&s->x, &s->capacity, s->n, 1, (size_t)s->D * sizeof *s->x) ||
            nd_grow(&s->classes, &s->class_capacity, s->n, 1, sizeof *s->classes))
            return ND_ENOMEM;
        memcpy(s->x + (int64_t)s->n * s->D, item->clips + k * s->D, (size_t)s->D * sizeof *s->x);
        s->classes[s->n++] = label;
    }
    return 0;
}

static int gather(samples *out, const labels *l, nd_medium medium, nd_split split)
{
    int rc = 0;
    *out = (samples){.D = nd_items_width(l->items, medium)};
    for (int f = 0; f < nd_items_count(l->items) && !rc; f++) {
        const nd_item *item = nd_items_at(l->items, f);
        if (item && item->medium == medium && nd_items_splits(l->items, f) & ND_SPLIT_BIT(split))
            rc = add_file(out, l, f);
    }
    return rc;
}

static void samples_deinit(samples *s)
{
    free(s->x);
    free(s->classes);
}

/* To mean 0 and variance 1 over the fitted ones. */
static void standardise(samples *fit, samples *other)
{
    for (int64_t d = 0; d < fit->D; d++) {
        double sum = 0, squares = 0;
        for (size_t i = 0; i < fit->n; i++) {
            double x = (double)fit->x[(int64_t)i * fit->D + d];
            sum += x, squares += x * x;
        }
        double mean = sum / (double)fit->n;
        double variance = squares / (double)fit->n - mean * mean;
        double scale = variance > 1e-12 ? 1 / sqrt(variance) : 0;
        samples *both[] = {fit, other};
        for (int k = 0; k < 2; k++)
            for (size_t i = 0; i < both[k]->n; i++) {
                float *x = &both[k]->x[(int64_t)i * fit->D + d];
                *x = (float)(((double)*x - mean) * scale);
            }
    }
}

/* ---- ridge regression ---------------------------------------------------------- */

/* Cholesky: a [D, D] becomes its lower factor. Positive definite, for the ridge is on it. */
static void factor(double *a, int64_t D)
{
    for (int64_t i = 0; i < D; i++)
        for (int64_t j = 0; j <= i; j++) {
            double sum = a[i * D + j];
            for (int64_t k = 0; k < j; k++) sum -= a[i * D + k] * a[j * D + k];
            a[i * D + j] = i == j ? sqrt(sum) : sum / a[j * D + j];
        }
}

/* b [D, K] becomes the solution. */
static void solve(const double *l, double *b, int64_t D, int64_t K)
{
    for (int64_t i = 0; i < D; i++) {
        for (int64_t k = 0; k < i; k++)
            for (int64_t c = 0; c < K; c++) b[i * K + c] -= l[i * D + k] * b[k * K + c];
        for (int64_t c = 0; c < K; c++) b[i * K + c] /= l[i * D + i];
    }
    for (int64_t i = D - 1; i >= 0; i--) {
        for (int64_t k = i + 1; k < D; k++)
            for (int64_t c = 0; c < K; c++) b[i * K + c] -= l[k * D + i] * b[k * K + c];
        for (int64_t c = 0; c < K; c++) b[i * K + c] /= l[i * D + i];
    }
}

/* @param gram  [D, D] f32 room  @param a  [D, D], b  [D, K] out: weights */
static void fit_ridge(const samples *s, int K, float *gram, double *a, double *b)
{
    int64_t D = s->D, n = (int64_t)s->n;
    nd_gemm('T', 'N', D, D, n, 1, s->x, D, s->x, D, 0, gram, D);
    for (int64_t i = 0; i < D * D; i++)
        a[i] = (double)gram[i] + (i % (D + 1) ? 0 : RIDGE * (double)n);
    for (int64_t i = 0; i < n; i++)
        for (int64_t d = 0; d < D; d++) b[d * K + s->classes[i]] += (double)s->x[i * D + d];
    factor(a, D);
    solve(a, b, D, K);
}

/* @param prior  [K] shares of the classes */
static int classify(const float *x, const double *weights, const double *prior, int64_t D, int K)
{
    int best = 0;
    double most = -INFINITY;
    for (int c = 0; c < K; c++) {
        double sum = prior[c];
        for (int64_t d = 0; d < D; d++) sum += (double)x[d] * weights[d * K + c];
        if (sum > most) most = sum, best = c;
    }
    return best;
}

/* The share of the commonest class, and how many classes there are. */
static double commonest(const samples *s, int K, double *counts, int *n_classes_out)
{
    double most = 0;
    *n_classes_out = 0;
    for (int c = 0; c < K; c++) counts[c] = 0;
    for (size_t i = 0; i < s->n; i++) counts[s->classes[i]]++;
    for (int c = 0; c < K; c++) {
        most = fmax(most, counts[c]);
        *n_classes_out += counts[c] > 0;
    }
    return most / (double)s->n;
}

static int measure(nd_eval_probe *out, samples *fit, samples *held, int K)
{
    size_t D = (size_t)fit->D;
    float *gram = nd_calloc(D * D, sizeof *gram);
    double *a = nd_calloc(D * D, sizeof *a), *b = nd_calloc(D * (size_t)K, sizeof *b);
    double *prior = nd_calloc((size_t)K, sizeof *prior);
    int rc = gram && a && b && prior ? 0 : ND_ENOMEM, n_right = 0;
    if (!rc) {
        out->chance = commonest(held, K, prior, &out->n_classes);
        commonest(fit, K, prior, &out->n_classes);
        for (int c = 0; c < K; c++) prior[c] /= (double)fit->n;
        standardise(fit, held);
        fit_ridge(fit, K, gram, a, b);
        for (size_t i = 0; i < held->n; i++)
            n_right += classify(held->x + i * D, b, prior, fit->D, K) == held->classes[i];
        out->accuracy = n_right / (double)held->n;
        out->n_fitted = (int)fit->n;
        out->n = (int)held->n;
    }
    free(gram);
    free(a);
    free(b);
    free(prior);
    return rc;
}

static int probe(nd_eval_probe *out, int *n_out, const labels *l, nd_medium medium, nd_split split)
{
    samples fit = {0}, held = {0};
    int K = 0, rc = gather(&fit, l, medium, ND_TRAIN);
    if (!rc) rc = gather(&held, l, medium, split);
    for (size_t i = 0; i < fit.n; i++) K = ND_MAX(K, fit.classes[i] + 1);
    for (size_t i = 0; i < held.n; i++) K = ND_MAX(K, held.classes[i] + 1);
    if (!rc && fit.n && held.n) {
        nd_eval_probe *p = &out[*n_out];
        *p = (nd_eval_probe){.medium = medium == ND_MUSIC ? "music" : "video", .what = l->what};
        rc = measure(p, &fit, &held, K);
        *n_out += !rc;
    }
    samples_deinit(&fit);
    samples_deinit(&held);
    return rc;
}

int nd__eval_probe(nd_eval_probe *out, int *n_out, const nd__eval_task *task, const nd_items *items,
                   nd_diag *diag)
{
    static const char *const made[] = {"concept", "pulse", "clip", "later_clip"}, *const found[] = {
                                                                                      "tag",
                                                                                      "clip"};
    labels l;
    int rc = labels_open(&l, items, nd_corpus_dir(task->corpus), diag), n = 0;
    const char *const *whats = l.truth.root ? made : found;
    int n_whats = l.truth.root ? (int)ND_COUNT(made) : (int)ND_COUNT(found);
    for (int m = 0; m < 2 && !rc; m++)
        for (int k = 0; k < n_whats && !rc; k++) {
            l.what = whats[k];
            rc = probe(out, &n, &l, m ? ND_VIDEO : ND_MUSIC, task->split);
            if (rc) nd_diag_set(diag, rc, "probing embeddings: out of memory");
        }
    if (!rc) *n_out = n;
    labels_close(&l);
    return rc;
}
