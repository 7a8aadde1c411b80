/* Ops on Gaussians: the call, and the formula in double. */
#include <math.h>

#include "op_case.h"

static nd_tensor *run_clamp(const op_case *c, nd_tape *t, nd_tensor *const *in)
{
    const float *bounds = c->params;
    return nd_clamp(t, in[0], bounds[0], bounds[1]);
}

static void clamp(const op_case *c, double *out, const double *const *in)
{
    const float *bounds = c->params;
    for (int64_t i = 0; i < op_count(c->in[0]); i++)
        out[i] = fmin(fmax(in[0][i], (double)bounds[0]), (double)bounds[1]);
}

const op_kind op_clamp = {run_clamp, clamp, NULL};

static nd_tensor *run_product(const op_case *c, nd_tape *t, nd_tensor *const *in)
{
    const float *masks[] = {in[2] ? in[2]->data : NULL, in[3] ? in[3]->data : NULL};
    (void)c;
    return nd_gauss_product(t, in, in[2] ? masks : NULL, in[1] ? 2 : 1);
}

static void product(const op_case *c, double *out, const double *const *in)
{
    int64_t L = op_width(c->in[0]) / 2;
    for (int64_t i = 0; i < op_count(c->in[0]); i++) {
        double precision = 1, weighted = 0;
        if (i % (2 * L) >= L) continue;
        for (int k = 0; k < 2 && in[k]; k++) {
            double p = in[2 + k] && in[2 + k][i / (2 * L)] == 0 ? 0 : 1 / exp(in[k][i + L]);
            precision += p;
            weighted += p * in[k][i];
        }
        out[i] = weighted / precision;
        out[i + L] = log(1 / precision);
    }
}

const op_kind op_gauss_product = {run_product, product, NULL};

static nd_tensor *run_sample(const op_case *c, nd_tape *t, nd_tensor *const *in)
{
    (void)c;
    return in[1] ? nd_gauss_sample(t, in[0], in[1]->data) : NULL;
}

static void sample(const op_case *c, double *out, const double *const *in)
{
    int64_t L = op_width(c->in[1]);
    for (int64_t i = 0; i < op_count(c->in[1]); i++) {
        const double *mean = in[0] + i / L * 2 * L + i % L;
        out[i] = mean[0] + sqrt(exp(mean[L])) * in[1][i];
    }
}

const op_kind op_gauss_sample = {run_sample, sample, NULL};
