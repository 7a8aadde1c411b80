/* Adam over the block of parameters, and schedules. A member takes a stretch of the block: adds the
 * shards' gradients there, and their squares to the team's sum; then all know the length. */
#include <math.h>
#include <string.h>

#include "compute/kernels.h"
#include "compute/params.h"
#include "compute/params_internal.h"

/* A parameter that no op touched has what the last step left: it counts as 0. */
static void clear_untouched(nd_params *p, int shard)
{
    for (size_t i = 0; i < p->n; i++) {
        nd_tensor *view = nd_params_tensor(p, shard, (int)i);
        if (view->wants_grad && !view->has_grad)
            memset(view->grad, 0, (size_t)nd_tensor_count(view) * sizeof(float));
    }
}

double nd_adam_step(nd_params *p, const nd_adam *adam, int64_t step, nd_team *team, int rank)
{
    const nd_kernels *k = nd_kernels_get();
    int members = team ? nd_team_size(team) : 1;
    ND_ASSERT_EQ(members, p->n_shards);
    clear_untouched(p, rank);
    if (team && nd_team_barrier(team)) return NAN;
    int64_t from = p->n_learned * rank / members / 16 * 16;
    int64_t to = rank + 1 == members ? p->n_learned : p->n_learned * (rank + 1) / members / 16 * 16;
    float *grad = p->grads + from;
    for (int s = 1; s < p->n_shards; s++) k->add(grad, grad + s * p->n_learned, to - from);
    double squares = k->sum_squares(grad, to - from);
    if (team && nd_team_sum(team, rank, &squares, 1)) return NAN;
    double norm = sqrt(squares);
    if (!isfinite(norm)) return norm;
    if (rank == 0) nd_params_touch(p);
    float b1 = adam->b1 != 0 ? adam->b1 : 0.9f, b2 = adam->b2 != 0 ? adam->b2 : 0.999f;
    double c1 = 1 - pow(b1, (double)step), c2 = 1 - pow(b2, (double)step);
    bool is_cut = adam->max_norm > 0 && norm > (double)adam->max_norm;
    k->adam(p->values + from, p->moments + from, p->moments + p->n_learned + from, grad, to - from,
            is_cut ? (float)((double)adam->max_norm / (norm + 1e-6)) : 1, b1, b2,
            (float)((double)adam->rate / c1), (float)(1 / sqrt(c2)),
            adam->eps != 0 ? adam->eps : 1e-8f, adam->rate * adam->weight_decay);
    if (team) nd_team_barrier(team);
    return norm;
}

double nd_schedule_exponential(double rate, double decay, int64_t e, int64_t every)
{
    return rate * pow(decay, (double)e / (double)ND_MAX(every, 1));
}

double nd_schedule_cosine(double rate, int64_t step, int64_t warm_up, int64_t total)
{
    if (step < warm_up) return rate * (double)(step + 1) / (double)warm_up;
    if (step >= total) return 0;
    double x = (double)(step - warm_up) / (double)(total - warm_up);
    return rate * 0.5 * (1 + cos(3.14159265358979323846 * x));
}

double nd_schedule_inverse(double rate, int64_t e)
{
    return rate / (double)(e + 1);
}
