/* The divergence of whom items are near in two spaces. */
#include <math.h>
#include <string.h>

#include "compute/losses.h"

/* Softmax of scale * row without its own item i, into p. @return log of the sum of exponentials */
static double neighbours_of(const nd_tape *t, float *p, const float *row, int64_t N, int64_t i,
                            float scale)
{
    memcpy(p, row, (size_t)N * sizeof *p);
    p[i] = -INFINITY;
    double log_sum = nd_loss_softmax(t, p, scale, N);
    p[i] = 0;
    return log_sum;
}

/* KL of row i: sum_j p_j (scale (target_j - sim_j)) - log sums' difference; its slope is
 * scale (q - p), into q. */
static double divergence(const nd_tape *t, float *q, float *p, const float *sims,
                         const float *targets, int64_t N, int64_t i, float scale)
{
    double of_targets = neighbours_of(t, p, targets, N, i, scale);
    double sum = neighbours_of(t, q, sims, N, i, scale) - of_targets;
    for (int64_t j = 0; j < N; j++) {
        sum += (double)p[j] * (double)scale * ((double)targets[j] - (double)sims[j]);
        q[j] = scale * (q[j] - p[j]) / (float)N;
    }
    return sum;
}

nd_tensor *nd_loss_neighbours(nd_tape *t, nd_tensor *sims, const nd_tensor *targets,
                              float temperature)
{
    if (!sims || !targets) return NULL;
    int64_t N = sims->dims[0];
    ND_ASSERT(nd_tensor_count(sims) == N * N && nd_tensor_count(targets) == N * N);
    ND_ASSERT(temperature > 0);
    float *slope = nd_loss_slope(t, sims);
    if (slope) memset(slope, 0, (size_t)(N * N) * sizeof *slope);
    nd_arena_mark mark = nd_arena_save(&t->arena);
    float *p = nd_tape_floats(t, N), *spare = nd_tape_floats(t, N);
    if (!p || !spare) return NULL;
    double sum = 0;
    for (int64_t i = 0; N > 2 && i < N; i++)
        sum += divergence(t, slope ? slope + i * N : spare, p, sims->data + i * N,
                          targets->data + i * N, N, i, 1 / temperature);
    nd_arena_restore(&t->arena, mark);
    nd_loss_part part = {sims, slope, 1};
    return nd_loss_make(t, sum / (double)N, &part, 1);
}
