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
    nd__clips of;
    size_t capacities[4];
} samples;

static int add_clip(samples *s, const labels *l, int file, const float *clip, int label)
{
    nd__clips *c = &s->of;
    size_t row = (size_t)c->D * sizeof *c->x;
    if (nd_grow(&c->x, &s->capacities[0], c->n, 1, row) ||
        nd_grow(&c->classes, &s->capacities[1], c->n, 1, sizeof *c->classes) ||
        nd_grow(&c->files, &s->capacities[2], c->n, 1, sizeof *c->files) ||
        nd_grow(&c->contents, &s->capacities[3], c->n, 1, sizeof *c->contents))
        return ND_ENOMEM;
    memcpy(c->x + (int64_t)c->n * c->D, clip, row);
    c->classes[c->n] = label;
    c->files[c->n] = file;
    c->contents[c->n++] = nd_items_same(l->items, file);
    return 0;
}

static int add_file(samples *s, const labels *l, int file)
{
    const nd_item *item = nd_items_at(l->items, file);
    int rc = 0;
    for (int k = 0; k < item->C && !rc; k++) {
        int label = label_of(l, file, k);
        if (label >= 0) rc = add_clip(s, l, file, item->clips + k * s->of.D, label);
    }
    return rc;
}

static int gather(samples *out, const labels *l, nd_medium medium, nd_split split)
{
    int rc = 0;
    *out = (samples){.of.D = nd_items_width(l->items, medium)};
    for (int f = 0; f < nd_items_count(l->items) && !rc; f++) {
        const nd_item *item = nd_items_at(l->items, f);
        if (item && item->medium == medium && nd_items_splits(l->items, f) & ND_SPLIT_BIT(split))
            rc = add_file(out, l, f);
    }
    return rc;
}

static void samples_deinit(samples *s)
{
    free(s->of.x);
    free(s->of.classes);
    free(s->of.files);
    free(s->of.contents);
}

/* To mean 0 and variance 1 over the fitted ones. */
static void standardise(nd__clips *fit, nd__clips *other)
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
        nd__clips *both[] = {fit, other};
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
static void fit_ridge(const nd__clips *s, int K, float *gram, double *a, double *b)
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
static double commonest(const nd__clips *s, int K, double *counts, int *n_classes_out)
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

static int measure(nd_eval_probe *out, nd__clips *fit, nd__clips *held, int K)
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

static const char *name_of(nd_medium medium)
{
    return medium == ND_MUSIC ? "music" : "video";
}

static int most_class(const nd__clips *c)
{
    int most = -1;
    for (size_t i = 0; i < c->n; i++) most = ND_MAX(most, c->classes[i]);
    return most;
}

static int probe(nd_eval_probe *out, int *n_out, const labels *l, nd_medium medium, nd_split split)
{
    samples fit = {0}, held = {0};
    int rc = gather(&fit, l, medium, ND_TRAIN);
    if (!rc) rc = gather(&held, l, medium, split);
    int K = 1 + ND_MAX(most_class(&fit.of), most_class(&held.of));
    if (!rc && fit.of.n && held.of.n) {
        nd_eval_probe *p = &out[*n_out];
        *p = (nd_eval_probe){.medium = name_of(medium), .what = l->what};
        rc = measure(p, &fit.of, &held.of, K);
        *n_out += !rc;
    }
    samples_deinit(&fit);
    samples_deinit(&held);
    return rc;
}

/* By concept where it is known, else by tag. */
static int probe_identity(nd_eval_probe *out, int *n_out, labels *l, nd_medium medium,
                          const nd__eval_task *task)
{
    samples held = {0};
    nd_eval_probe *p = &out[*n_out];
    l->what = l->truth.root ? "concept" : "tag";
    int rc = gather(&held, l, medium, task->split);
    *p = (nd_eval_probe){.medium = name_of(medium), .what = "track"};
    if (!rc) rc = nd__eval_identity(p, &held.of, task->params->n_threads);
    *n_out += !rc && p->n;
    samples_deinit(&held);
    return rc;
}

static int probe_medium(nd_eval_probe *out, int *n_out, labels *l, nd_medium medium,
                        const nd__eval_task *task)
{
    static const char *const made[] = {"concept", "pulse", "clip", "later_clip", NULL};
    static const char *const found[] = {"tag", "clip", NULL};
    int rc = 0;
    for (const char *const *what = l->truth.root ? made : found; *what && !rc; what++) {
        l->what = *what;
        rc = probe(out, n_out, l, medium, task->split);
    }
    return rc ? rc : probe_identity(out, n_out, l, medium, task);
}

int nd__eval_probe(nd_eval_probe *out, int *n_out, const nd__eval_task *task, const nd_items *items,
                   nd_diag *diag)
{
    labels l;
    int rc = labels_open(&l, items, nd_corpus_dir(task->corpus), diag), n = 0;
    if (!rc) {
        rc = probe_medium(out, &n, &l, ND_MUSIC, task);
        if (!rc) rc = probe_medium(out, &n, &l, ND_VIDEO, task);
        if (rc) nd_diag_set(diag, rc, "probing embeddings: out of memory");
    }
    if (!rc) *n_out = n;
    labels_close(&l);
    return rc;
}
