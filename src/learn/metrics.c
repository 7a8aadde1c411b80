/* Ranks, gains and recalls with ties taken at their mean; bootstrap over groups. */
#include <math.h>

#include "learn/metrics.h"

/* NaN is the worst. */
static float score_of(float score)
{
    return isnan(score) ? -INFINITY : score;
}

/* ---- one query ------------------------------------------------------------------ */

static bool is_right(float grade)
{
    return grade >= 1;
}

/* Where the best right things stand: how many wrong ones are above them, how many things share
 * their score, right and wrong. */
typedef struct standing {
    int64_t n_above, n_right, n_wrong;
} standing;

/* @return whether anything is right */
static bool find_standing(standing *out, const float *scores, const float *grades, int64_t G)
{
    standing found = {0};
    float best = -INFINITY;
    bool has_right = false;
    for (int64_t i = 0; i < G; i++) {
        if (!is_right(grades[i])) continue;
        has_right = true;
        best = ND_MAX(best, score_of(scores[i]));
    }
    for (int64_t i = 0; i < G; i++) {
        float score = score_of(scores[i]);
        found.n_above += score > best;
        found.n_wrong += score == best && !is_right(grades[i]);
        found.n_right += score == best && is_right(grades[i]);
    }
    *out = found;
    return has_right;
}

double nd_metric_rank(const float *scores, const float *grades, int64_t G)
{
    standing s;
    if (!find_standing(&s, scores, grades, G)) return INFINITY;
    return 1.0 + (double)s.n_above + (double)s.n_wrong / (double)(s.n_right + 1);
}

double nd_metric_hit_chance(const float *scores, const float *grades, int64_t G, int64_t k)
{
    standing s;
    if (!find_standing(&s, scores, grades, G) || k <= s.n_above) return 0;
    return nd_metric_chance(s.n_right, s.n_right + s.n_wrong, k - s.n_above);
}

/* The highest score below a bound, how many have it and the sum of their grades. */
static int64_t next_tie(float *score, double *gain, const float *scores, const float *grades,
                        int64_t G, bool is_first)
{
    float found = -INFINITY, bound = *score;
    int64_t n = 0;
    double sum = 0;
    for (int64_t i = 0; i < G; i++) {
        float s = score_of(scores[i]);
        if (!is_first && s >= bound) continue;
        if (s > found || !n) found = s, n = 0, sum = 0;
        if (s == found) n++, sum += (double)grades[i];
    }
    *score = found;
    *gain = sum;
    return n;
}

/* Things of one score share their gains evenly over their places. */
static double gain_of(const float *scores, const float *grades, int64_t G, int64_t k)
{
    double total = 0, gain;
    float score = 0;
    for (int64_t place = 0, n; place < ND_MIN(k, G); place += n) {
        n = next_tie(&score, &gain, scores, grades, G, place == 0);
        total += gain / (double)n * nd_metric_discounts(place, ND_MIN(place + n, k));
    }
    return total;
}

double nd_metric_ndcg(const float *scores, const float *grades, int64_t G, int64_t k)
{
    double ideal = gain_of(grades, grades, G, k);
    return ideal > 0 ? gain_of(scores, grades, G, k) / ideal : 0;
}

double nd_metric_chance(int64_t P, int64_t G, int64_t k)
{
    double all_wrong = 1;
    for (int64_t j = 0; j < ND_MIN(k, G); j++)
        all_wrong *= (double)ND_MAX(G - P - j, 0) / (double)(G - j);
    return 1 - all_wrong;
}

double nd_metric_reciprocal_chance(int64_t n_above, int64_t P, int64_t N)
{
    double all_wrong = 1, mean = 0; /* chance that the first j of them are wrong */
    for (int64_t j = 0; j <= N && all_wrong > 0; j++) {
        double left = (double)(P + N - j);
        mean += all_wrong * (double)P / left / (double)(n_above + 1 + j);
        all_wrong *= (double)(N - j) / left;
    }
    return mean;
}

double nd_metric_discounts(int64_t first, int64_t end)
{
    double sum = 0;
    for (int64_t place = first; place < end; place++) sum += 1 / log2((double)place + 2);
    return sum;
}

double nd_metric_iou(double start_a, double end_a, double start_b, double end_b)
{
    double both = fmin(end_a, end_b) - fmax(start_a, start_b);
    double either = (end_a - start_a) + (end_b - start_b) - fmax(both, 0);
    return both > 0 && either > 0 ? both / either : 0;
}

/* ---- many ----------------------------------------------------------------------- */

void nd_metric_hits(double *out, const double *ranks, int64_t n, double k)
{
    for (int64_t i = 0; i < n; i++) out[i] = ranks[i] <= k;
}

void nd_metric_reciprocals(double *out, const double *ranks, int64_t n)
{
    for (int64_t i = 0; i < n; i++) out[i] = 1 / ranks[i];
}

double nd_metric_mean(const double *values, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += values[i];
    return n ? sum / (double)n : 0;
}

double nd_metric_recall(const double *ranks, int64_t n, double k)
{
    int64_t n_hits = 0;
    for (int64_t i = 0; i < n; i++) n_hits += ranks[i] <= k;
    return n ? (double)n_hits / (double)n : 0;
}

/* ---- bootstrap ------------------------------------------------------------------ */

typedef struct weighted {
    double value;
    int32_t group;
} weighted;

static int by_value(const void *a, const void *b)
{
    double x = ((const weighted *)a)->value, y = ((const weighted *)b)->value;
    return (x > y) - (x < y);
}

static double weighted_mean(const weighted *items, int64_t n, const int64_t *weights)
{
    double sum = 0, total = 0;
    for (int64_t i = 0; i < n; i++) {
        double weight = (double)weights[items[i].group];
        sum += weight * items[i].value;
        total += weight;
    }
    return sum / total;
}

/* Of sorted items, each as often as its group was drawn: the one at a place. */
static double at_place(const weighted *items, int64_t n, const int64_t *weights, int64_t place)
{
    int64_t i = 0;
    for (int64_t seen = weights[items[0].group]; seen <= place && i < n - 1;)
        seen += weights[items[++i].group];
    return items[i].value;
}

static double weighted_median(const weighted *items, int64_t n, const int64_t *weights)
{
    int64_t total = 0;
    for (int64_t i = 0; i < n; i++) total += weights[items[i].group];
    double a = at_place(items, n, weights, (total - 1) / 2);
    double b = at_place(items, n, weights, total / 2);
    return a == b ? a : (a + b) / 2; /* both may be infinite */
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of sorted values, linear between two. */
static double quantile(const double *sorted, int n, double q)
{
    double at = q * (n - 1), share = at - floor(at);
    int below = (int)at;
    if (below + 1 >= n || share == 0) return sorted[below];
    return sorted[below] + share * (sorted[below + 1] - sorted[below]);
}

typedef struct bootstrap {
    weighted *items;  /* [n]; sorted for the median */
    int64_t *weights; /* [n_groups] times that each was drawn */
    double *found;    /* [n_resamples] */
    int64_t n, n_groups;
    nd_statistic statistic;
} bootstrap;

static double measure(const bootstrap *b)
{
    return b->statistic == ND_STATISTIC_MEAN ? weighted_mean(b->items, b->n, b->weights)
                                             : weighted_median(b->items, b->n, b->weights);
}

static void draw_groups(bootstrap *b, nd_rng *rng)
{
    for (int64_t g = 0; g < b->n_groups; g++) b->weights[g] = 0;
    for (int64_t g = 0; g < b->n_groups; g++)
        b->weights[nd_rng_int(rng, 0, (int)b->n_groups - 1)]++;
}

static void resample(nd_estimate *out, bootstrap *b, int n_resamples, uint64_t seed)
{
    nd_rng rng;
    nd_rng_init(&rng, seed, 0);
    for (int64_t g = 0; g < b->n_groups; g++) b->weights[g] = 1;
    out->value = measure(b);
    for (int r = 0; r < n_resamples; r++) {
        draw_groups(b, &rng);
        b->found[r] = measure(b);
    }
    qsort(b->found, (size_t)n_resamples, sizeof *b->found, compare_doubles);
    out->lo = quantile(b->found, n_resamples, 0.025);
    out->hi = quantile(b->found, n_resamples, 0.975);
}

int nd_metric_bootstrap(nd_estimate *out, const double *values, const int32_t *groups, int64_t n,
                        nd_statistic statistic, int n_resamples, uint64_t seed)
{
    ND_ASSERT(n >= 1 && n_resamples >= 1);
    bootstrap b = {.n = n, .statistic = statistic};
    for (int64_t i = 0; i < n; i++) b.n_groups = ND_MAX(b.n_groups, groups[i] + 1);
    b.items = nd_calloc((size_t)n, sizeof *b.items);
    b.weights = nd_calloc((size_t)b.n_groups, sizeof *b.weights);
    b.found = nd_calloc((size_t)n_resamples, sizeof *b.found);
    int rc = b.items && b.weights && b.found ? 0 : ND_ENOMEM;
    for (int64_t i = 0; i < n && !rc; i++) {
        ND_ASSERT(groups[i] >= 0);
        b.items[i] = (weighted){values[i], groups[i]};
    }
    if (!rc && statistic == ND_STATISTIC_MEDIAN)
        qsort(b.items, (size_t)n, sizeof *b.items, by_value);
    if (!rc) resample(out, &b, n_resamples, seed);
    free(b.items);
    free(b.weights);
    free(b.found);
    return rc;
}
