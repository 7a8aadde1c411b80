/* Linear layers, norms, and ops on each value or row: the call, and the formula in double. */
#include <math.h>

#include "op_case.h"

/* ---- linear ----------------------------------------------------------------------------- */

static nd_tensor *run_linear(const op_case *c, nd_tape *t, nd_tensor *const *in)
{
    nd_linear_params p = c->params ? *(const nd_linear_params *)c->params : (nd_linear_params){0};
    p.residual = in[3];
    return nd_linear(t, in[0], in[1], in[2], c->params || in[3] ? &p : NULL);
}

static void linear(const op_case *c, double *out, const double *const *in)
{
    static const nd_linear_params plain;
    const nd_linear_params *p = c->params ? c->params : &plain;
    int64_t rows = op_rows(c->in[0]), D = op_width(c->in[0]), K = c->in[1][0];
    double factor = in[3] && p->factor != 0 ? (double)p->factor : 1;
    for (int64_t i = 0; i < rows * K; i++) {
        const double *x = in[0] + i / K * D, *w = in[1] + i % K * D;
        double sum = in[2] ? in[2][i % K] : 0;
        for (int64_t d = 0; d < D; d++) sum += x[d] * w[d];
        sum = op_act(sum, p->act);
        if (c->train && p->dropout > 0) sum *= op_kept(p->dropout, i);
        out[i] = factor * sum + (in[3] ? in[3][i] : 0);
    }
}

static double linear_multiplications(const op_case *c)
{
    return (double)op_count(c->in[0]) * (double)c->in[1][0];
}

const op_kind op_linear = {run_linear, linear, linear_multiplications};

/* Some row is asked for twice, some never. */
static int64_t id_of(const op_case *c, int64_t i)
{
    return i * 5 % (c->in[0][0] - 1);
}

static nd_tensor *run_embedding_rows(const op_case *c, nd_tape *t, nd_tensor *const *in)
{
    int32_t ids[64];
    int n = *(const int *)c->params;
    ND_ASSERT(n <= 64);
    for (int i = 0; i < n; i++) ids[i] = (int32_t)id_of(c, i);
    nd_tensor *out = nd_embedding_rows(t, in[0], ids, n);
    ids[0] = -1; /* they were copied */
    return out;
}

static void embedding_rows(const op_case *c, double *out, const double *const *in)
{
    int64_t D = op_width(c->in[0]), n = *(const int *)c->params;
    for (int64_t i = 0; i < n * D; i++) out[i] = in[0][id_of(c, i / D) * D + i % D];
}

const op_kind op_embedding_rows = {run_embedding_rows, embedding_rows, NULL};

/* ---- norms ------------------------------------------------------------------------------ */

static const float EPS = 1e-5f;

static nd_tensor *run_layer_norm(const op_case *c, nd_tape *t, nd_tensor *const *in)
{
    (void)c;
    return nd_layer_norm(t, in[0], in[1], in[2], EPS);
}

/* Mean and variance of n values that lie step apart. */
static void moments(double *mean, double *variance, const double *x, int64_t n, int64_t step)
{
    *mean = *variance = 0;
    for (int64_t i = 0; i < n; i++) *mean += x[i * step] / (double)n;
    for (int64_t i = 0; i < n; i++) *variance += pow(x[i * step] - *mean, 2) / (double)n;
}

static void layer_norm(const op_case *c, double *out, const double *const *in)
{
    int64_t D = op_width(c->in[0]);
    for (int64_t r = 0; r < op_rows(c->in[0]); r++) {
        const double *x = in[0] + r * D;
        double mean, variance;
        moments(&mean, &variance, x, D, 1);
        for (int64_t i = 0; i < D; i++)
            out[r * D + i] = (x[i] - mean) / sqrt(variance + (double)EPS) * in[1][i] + in[2][i];
    }
}

const op_kind op_layer_norm = {run_layer_norm, layer_norm, NULL};

static nd_tensor *run_batch_norm(const op_case *c, nd_tape *t, nd_tensor *const *in)
{
    return nd_batch_norm(t, in[0], in[1], in[2], in[3], in[4], c->params);
}

static void batch_norm(const op_case *c, double *out, const double *const *in)
{
    const nd_batch_norm_params *p = c->params;
    int64_t D = op_width(c->in[0]), rows = op_rows(c->in[0]);
    for (int64_t i = 0; i < D; i++) {
        double mean = in[3][i], variance = in[4][i];
        if (c->train) moments(&mean, &variance, in[0] + i, rows, D);
        for (int64_t r = 0; r < rows; r++) {
            double y = (in[0][r * D + i] - mean) / sqrt(variance + (double)p->eps);
            out[r * D + i] = op_act(y * in[1][i] + in[2][i], p->act);
        }
    }
}

const op_kind op_batch_norm = {run_batch_norm, batch_norm, NULL};

static nd_tensor *run_l2_normalize(const op_case *c, nd_tape *t, nd_tensor *const *in)
{
    (void)c;
    return nd_l2_normalize(t, in[0]);
}

static void l2_normalize(const op_case *c, double *out, const double *const *in)
{
    int64_t D = op_width(c->in[0]);
    for (int64_t r = 0; r < op_rows(c->in[0]); r++) {
        double squares = 0;
        for (int64_t i = 0; i < D; i++) squares += in[0][r * D + i] * in[0][r * D + i];
        for (int64_t i = 0; i < D; i++)
            out[r * D + i] = in[0][r * D + i] / fmax(sqrt(squares), 1e-12);
    }
}

const op_kind op_l2_normalize = {run_l2_normalize, l2_normalize, NULL};

/* ---- each value, each row --------------------------------------------------------------- */

static nd_tensor *run_activate(const op_case *c, nd_tape *t, nd_tensor *const *in)
{
    return nd_activate(t, in[0], *(const nd_act *)c->params);
}

static void activate(const op_case *c, double *out, const double *const *in)
{
    for (int64_t i = 0; i < op_count(c->in[0]); i++)
        out[i] = op_act(in[0][i], *(const nd_act *)c->params);
}

const op_kind op_activate = {run_activate, activate, NULL};

static nd_tensor *run_dropout(const op_case *c, nd_tape *t, nd_tensor *const *in)
{
    return nd_dropout(t, in[0], *(const float *)c->params);
}

static void dropout(const op_case *c, double *out, const double *const *in)
{
    for (int64_t i = 0; i < op_count(c->in[0]); i++)
        out[i] = in[0][i] * (c->train ? op_kept(*(const float *)c->params, i) : 1);
}

const op_kind op_dropout = {run_dropout, dropout, NULL};

static nd_tensor *run_softmax(const op_case *c, nd_tape *t, nd_tensor *const *in)
{
    (void)c;
    return nd_softmax(t, in[0]);
}

static void softmax(const op_case *c, double *out, const double *const *in)
{
    int64_t D = op_width(c->in[0]);
    for (int64_t r = 0; r < op_rows(c->in[0]); r++) {
        double sum = 0;
        for (int64_t i = 0; i < D; i++) sum += exp(in[0][r * D + i]);
        for (int64_t i = 0; i < D; i++) out[r * D + i] = exp(in[0][r * D + i]) / sum;
    }
}

const op_kind op_softmax = {run_softmax, softmax, NULL};

static nd_tensor *run_add(const op_case *c, nd_tape *t, nd_tensor *const *in)
{
    (void)c;
    return nd_add(t, in[0], in[1]);
}

static void add(const op_case *c, double *out, const double *const *in)
{
    for (int64_t i = 0; i < op_count(c->in[0]); i++)
        out[i] = in[0][i] + in[1][i % op_count(c->in[1])];
}

const op_kind op_add = {run_add, add, NULL};

static nd_tensor *run_row_dots(const op_case *c, nd_tape *t, nd_tensor *const *in)
{
    (void)c;
    return nd_row_dots(t, in[0], in[1]);
}

static void row_dots(const op_case *c, double *out, const double *const *in)
{
    int64_t D = op_width(c->in[0]);
    for (int64_t r = 0; r < op_rows(c->in[0]); r++) {
        out[r] = 0;
        for (int64_t i = 0; i < D; i++) out[r] += in[0][r * D + i] * in[1][r * D + i];
    }
}

const op_kind op_row_dots = {run_row_dots, row_dots, NULL};

static nd_tensor *run_scale(const op_case *c, nd_tape *t, nd_tensor *const *in)
{
    return nd_scale(t, in[0], *(const float *)c->params);
}

static void scale(const op_case *c, double *out, const double *const *in)
{
    for (int64_t i = 0; i < op_count(c->in[0]); i++)
        out[i] = in[0][i] * (double)*(const float *)c->params;
}

const op_kind op_scale = {run_scale, scale, NULL};
