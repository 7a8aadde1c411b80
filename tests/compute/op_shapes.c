/* Ops that move values, and the mean over time: the call, and the formula in double. */
#include <string.h>

#include "op_case.h"

static nd_tensor *run_reshape(const op_case *c, nd_tape *t, nd_tensor *const *in)
{
    return nd_reshape(t, in[0], op_n_dims(c->params), c->params);
}

static void reshape(const op_case *c, double *out, const double *const *in)
{
    memcpy(out, in[0], (size_t)op_count(c->in[0]) * sizeof *out);
}

const op_kind op_reshape = {run_reshape, reshape, NULL};

static nd_tensor *run_transpose(const op_case *c, nd_tape *t, nd_tensor *const *in)
{
    (void)c;
    return nd_transpose(t, in[0]);
}

static void transpose(const op_case *c, double *out, const double *const *in)
{
    int n = op_n_dims(c->in[0]);
    int64_t columns = op_width(c->in[0]), rows = c->in[0][n - 2];
    for (int64_t i = 0; i < op_count(c->in[0]); i++) {
        int64_t at = i / (rows * columns) * rows * columns, row = i / columns % rows;
        out[at + i % columns * rows + row] = in[0][i];
    }
}

const op_kind op_transpose = {run_transpose, transpose, NULL};

static int n_inputs(const op_case *c)
{
    int n = 0;
    while (n < ND_NODE_INPUTS && c->in[n][0]) n++;
    return n;
}

static nd_tensor *run_concat(const op_case *c, nd_tape *t, nd_tensor *const *in)
{
    return nd_concat(t, in, n_inputs(c));
}

static void concat(const op_case *c, double *out, const double *const *in)
{
    for (int64_t r = 0; r < op_rows(c->in[0]); r++)
        for (int k = 0; k < n_inputs(c); k++) {
            int64_t D = op_width(c->in[k]);
            for (int64_t i = 0; i < D; i++) *out++ = in[k][r * D + i];
        }
}

const op_kind op_concat = {run_concat, concat, NULL};

static nd_tensor *run_slice(const op_case *c, nd_tape *t, nd_tensor *const *in)
{
    const int64_t *p = c->params;
    return nd_slice(t, in[0], p[0], p[1]);
}

static void slice(const op_case *c, double *out, const double *const *in)
{
    const int64_t *p = c->params, D = op_width(c->in[0]);
    for (int64_t r = 0; r < op_rows(c->in[0]); r++)
        for (int64_t i = p[0]; i < p[0] + p[1]; i++) *out++ = in[0][r * D + i];
}

const op_kind op_slice = {run_slice, slice, NULL};

static nd_tensor *run_mean_pool(const op_case *c, nd_tape *t, nd_tensor *const *in)
{
    (void)c;
    return nd_mean_pool(t, in[0], in[1] ? in[1]->data : NULL);
}

static void mean_pool(const op_case *c, double *out, const double *const *in)
{
    int64_t T = c->in[0][1], D = c->in[0][2];
    for (int64_t b = 0; b < c->in[0][0]; b++) {
        double n = 0;
        for (int64_t t = 0; t < T; t++) n += in[1] ? in[1][b * T + t] : 1;
        for (int64_t i = 0; i < T * D && n > 0; i++) {
            double weight = in[1] ? in[1][b * T + i / D] : 1;
            out[b * D + i % D] += weight / n * in[0][b * T * D + i];
        }
    }
}

const op_kind op_mean_pool = {run_mean_pool, mean_pool, NULL};
