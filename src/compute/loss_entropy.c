/* Cross-entropy of classes. */
#include <math.h>
#include <string.h>

#include "compute/losses.h"

/* Loss of one row; p [K] becomes share * its slope. With z the logits and L = log sum exp z, the
 * loss is L - (1 - e) z_target - e mean(z); the slope is softmax(z) - e / K, and at the target
 * 1 - e less. */
static double entropy_row(const nd_tape *t, float *p, const float *z, int64_t K, int32_t target,
                          float e, float share)
{
    double mean = 0;
    for (int64_t k = 0; e > 0 && k < K; k++) mean += (double)z[k] / (double)K;
    memcpy(p, z, (size_t)K * sizeof *p);
    double log_sum = nd_loss_softmax(t, p, 1, K);
    float even = e / (float)K;
    for (int64_t k = 0; k < K; k++) p[k] = share * (p[k] - even);
    p[target] -= share * (1 - e);
    return log_sum - (1 - (double)e) * (double)z[target] - (double)e * mean;
}

/* How many rows have a target; each is checked. */
static int64_t count_targets(const int32_t *targets, int64_t rows, int64_t K)
{
    int64_t n = 0;
    for (int64_t r = 0; r < rows; r++) {
        ND_ASSERT(targets[r] >= -1 && targets[r] < K);
        n += targets[r] != -1;
    }
    return n;
}

nd_tensor *nd_loss_cross_entropy(nd_tape *t, nd_tensor *logits, const int32_t *targets,
                                 float label_smoothing)
{
    if (!logits) return NULL;
    ND_ASSERT(label_smoothing >= 0 && label_smoothing < 1);
    int64_t rows = nd_tensor_rows(logits), K = nd_tensor_width(logits);
    int64_t n = count_targets(targets, rows, K);
    float *slope = nd_loss_slope(t, logits), share = 1 / (float)ND_MAX(n, 1);
    nd_arena_mark mark = nd_arena_save(&t->arena);
    float *spare = nd_tape_floats(t, K);
    double sum = 0;
    for (int64_t r = 0; spare && r < rows; r++) {
        float *p = slope ? slope + r * K : spare;
        if (targets[r] == -1) memset(p, 0, (size_t)K * sizeof *p);
        else sum += entropy_row(t, p, logits->data + r * K, K, targets[r], label_smoothing, share);
    }
    nd_arena_restore(&t->arena, mark);
    nd_loss_part part = {logits, slope, 1};
    return nd_loss_make(t, sum / (double)ND_MAX(n, 1), &part, 1);
}

/* With u = exp(-|z|), which is at most 1: the loss is max(z, 0) - z y + log(1 + u), its slope
 * sigmoid(z) - y. */
nd_tensor *nd_loss_binary_cross_entropy(nd_tape *t, nd_tensor *logits, const float *targets)
{
    if (!logits) return NULL;
    int64_t n = nd_tensor_count(logits);
    float *slope = nd_loss_slope(t, logits);
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        double z = (double)logits->data[i], y = (double)targets[i], u = exp(-fabs(z));
        ND_ASSERT(y >= 0 && y <= 1);
        sum += fmax(z, 0) - z * y + log1p(u);
        if (slope) slope[i] = (float)(((z > 0 ? 1 : u) / (1 + u) - y) / (double)n);
    }
    nd_loss_part part = {logits, slope, 1};
    return nd_loss_make(t, sum / (double)n, &part, 1);
}
