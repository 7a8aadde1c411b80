/* Mean square, triplets, and how far a normal distribution is from the standard one. */
#include <math.h>
#include <string.h>

#include "compute/losses.h"

nd_tensor *nd_loss_mse(nd_tape *t, nd_tensor *a, nd_tensor *b)
{
    if (!a || !b) return NULL;
    int64_t n = nd_tensor_count(a);
    ND_ASSERT_EQ(nd_tensor_count(b), n);
    float *slope = nd_loss_slope(t, a->wants_grad ? a : b);
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        double d = (double)a->data[i] - (double)b->data[i];
        sum += d * d;
        if (slope) slope[i] = (float)(2 * d / (double)n);
    }
    nd_loss_part parts[] = {{a, slope, 1}, {b, slope, -1}};
    return nd_loss_make(t, sum / (double)n, parts, 2);
}

nd_tensor *nd_loss_kl_normal(nd_tape *t, nd_tensor *mean, nd_tensor *log_var)
{
    if (!mean || !log_var) return NULL;
    int64_t n = nd_tensor_count(mean);
    ND_ASSERT_EQ(nd_tensor_count(log_var), n);
    double share = 1 / (double)nd_tensor_rows(mean), sum = 0;
    float *dmean = nd_loss_slope(t, mean), *dlog_var = nd_loss_slope(t, log_var);
    for (int64_t i = 0; i < n; i++) {
        double m = (double)mean->data[i], l = (double)log_var->data[i], grown = expm1(l);
        sum += 0.5 * (m * m + grown - l);
        if (dmean) dmean[i] = (float)(share * m);
        if (dlog_var) dlog_var[i] = (float)(0.5 * share * grown);
    }
    nd_loss_part parts[] = {{mean, dmean, 1}, {log_var, dlog_var, 1}};
    return nd_loss_make(t, share * sum, parts, 2);
}

/* ---- triplets ---------------------------------------------------------------------------- */

static const double APART = 1e-6;   /* added to each difference */
static const double NOWHERE = 1e-8; /* a vector as short as this has no direction */

typedef struct {
    double a, b, cosine; /* the lengths; cosine 0 and is_defined false where one is 0 */
    bool is_defined;
} angle;

static angle angle_of(const float *a, const float *b, int64_t D)
{
    double aa = 0, bb = 0, ab = 0;
    for (int64_t i = 0; i < D; i++) {
        double x = (double)a[i], y = (double)b[i];
        aa += x * x;
        bb += y * y;
        ab += x * y;
    }
    angle v = {sqrt(aa), sqrt(bb), 0, false};
    v.is_defined = v.a > NOWHERE && v.b > NOWHERE;
    if (v.is_defined) v.cosine = ab / (v.a * v.b);
    return v;
}

static double euclidean(const float *a, const float *b, int64_t D)
{
    double sum = 0;
    for (int64_t i = 0; i < D; i++) {
        double d = (double)a[i] - (double)b[i] + APART;
        sum += d * d;
    }
    return sqrt(sum);
}

/* da += weight * slope, db likewise; either may be NULL. With q = a - b + APART the slope is
 * q / |q|, and its negative. */
static void euclidean_slope(float *da, float *db, const float *a, const float *b, int64_t D,
                            double weight)
{
    double length = euclidean(a, b, D);
    if (length == 0) return;
    for (int64_t i = 0; i < D; i++) {
        double q = weight * ((double)a[i] - (double)b[i] + APART) / length;
        if (da) da[i] += (float)q;
        if (db) db[i] -= (float)q;
    }
}

static double cosine_distance(const float *a, const float *b, int64_t D)
{
    return 1 - angle_of(a, b, D).cosine;
}

/* The slope of a cosine c for a is (b / |b| - c a / |a|) / |a|. */
static void cosine_slope(float *da, float *db, const float *a, const float *b, int64_t D,
                         double weight)
{
    angle v = angle_of(a, b, D);
    for (int64_t i = 0; v.is_defined && i < D; i++) {
        double x = (double)a[i] / v.a, y = (double)b[i] / v.b;
        if (da) da[i] -= (float)(weight * (y - v.cosine * x) / v.a);
        if (db) db[i] -= (float)(weight * (x - v.cosine * y) / v.b);
    }
}

typedef struct {
    double (*of)(const float *a, const float *b, int64_t D);
    void (*slope)(float *da, float *db, const float *a, const float *b, int64_t D, double weight);
} distance;

static const distance distances[] = {
    [ND_DISTANCE_EUCLIDEAN] = {euclidean, euclidean_slope},
    [ND_DISTANCE_COSINE] = {cosine_distance, cosine_slope},
};

static float *slope_zeroed(nd_tape *t, const nd_tensor *x)
{
    float *slope = nd_loss_slope(t, x);
    if (slope) memset(slope, 0, (size_t)nd_tensor_count(x) * sizeof *slope);
    return slope;
}

static float *row(float *x, int64_t at)
{
    return x ? x + at : NULL;
}

nd_tensor *nd_loss_triplet(nd_tape *t, nd_tensor *anchor, nd_tensor *positive, nd_tensor *negative,
                           float margin, nd_distance kind)
{
    if (!anchor || !positive || !negative) return NULL;
    int64_t rows = nd_tensor_rows(anchor), D = nd_tensor_width(anchor);
    ND_ASSERT_EQ(nd_tensor_count(positive), rows * D);
    ND_ASSERT_EQ(nd_tensor_count(negative), rows * D);
    ND_ASSERT(kind >= 0 && kind < (int)ND_COUNT(distances));
    const distance *d = &distances[kind];
    float *da = slope_zeroed(t, anchor), *dp = slope_zeroed(t, positive);
    float *dn = slope_zeroed(t, negative);
    double sum = 0, share = 1 / (double)rows;
    for (int64_t at = 0; at < rows * D; at += D) {
        const float *a = anchor->data + at, *p = positive->data + at, *n = negative->data + at;
        double h = d->of(a, p, D) - d->of(a, n, D) + (double)margin;
        if (h <= 0) continue;
        sum += h;
        d->slope(row(da, at), row(dp, at), a, p, D, share);
        d->slope(row(da, at), row(dn, at), a, n, D, -share);
    }
    nd_loss_part parts[] = {{anchor, da, 1}, {positive, dp, 1}, {negative, dn, 1}};
    return nd_loss_make(t, share * sum, parts, 3);
}
