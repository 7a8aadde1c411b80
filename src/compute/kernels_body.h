/* The kernels' one source. A file that includes it defines ND_KERNELS, the name of its table, and
 * ND_KERNELS_NAME, and is compiled for one instruction set: the loops below are written so that the
 * compiler makes vectors of them. The transforms of the convolution are in kernels_conv.h. */
#include <math.h>
#include <string.h>

#include "compute/kernels.h"

#define INLINE static inline __attribute__((always_inline))

/* As many floats as a register holds: gcc keeps wider vectors in memory, 4 to 17 times slower. */
#if defined(__AVX512F__)
enum { LANES = 16 };
#elif defined(__AVX__)
enum { LANES = 8 };
#else
enum { LANES = 4 };
#endif
typedef float vec __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef int32_t bits __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

INLINE vec load(const float *p, int n)
{
    if (n >= LANES) return *(const vec *)p;
    float part[LANES] = {0};
    memcpy(part, p, (size_t)n * sizeof *p);
    return *(const vec *)part;
}

INLINE void store(float *p, vec v, int n)
{
    if (n >= LANES) *(vec *)p = v;
    else memcpy(p, &v, (size_t)n * sizeof *p);
}

INLINE vec relu_of(vec v)
{
    return (vec)((bits)v & (v > (vec){0}));
}

/* ---- functions of one value ---------------------------------------------------- */

/* exp to 2 units in the last place: x = n ln 2 + r, a polynomial (Cephes expf) for exp(r), n added
 * to the exponent. Rounding is by adding 1.5 * 2^23, whose low bits then hold n. */
INLINE float exp_of(float x)
{
    x = x < -87.0f ? -87.0f : x > 88.0f ? 88.0f : x;
    float shifted = x * 1.44269504088896341f + 12582912.0f, n = shifted - 12582912.0f;
    float r = x - n * 0.693359375f + n * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    uint32_t bits_p, add;
    memcpy(&bits_p, &p, sizeof bits_p);
    memcpy(&add, &shifted, sizeof add);
    bits_p += add << 23;
    memcpy(&p, &bits_p, sizeof p);
    return p;
}

INLINE float sigmoid_of(float x)
{
    return 1.0f / (1.0f + exp_of(-x));
}

/* erf to 2e-7: Abramowitz and Stegun 7.1.26. */
INLINE float erf_of(float x)
{
    float a = x < 0 ? -x : x, t = 1.0f / (1.0f + 0.3275911f * a);
    float p = 1.061405429f * t - 1.453152027f;
    p = p * t + 1.421413741f;
    p = p * t - 0.284496736f;
    p = p * t + 0.254829592f;
    float y = 1.0f - p * t * exp_of(-a * a);
    return x < 0 ? -y : y;
}

INLINE float act_of(float x, nd_act act)
{
    switch (act) {
    case ND_ACT_NONE: return x;
    case ND_ACT_RELU: return x > 0 ? x : 0;
    case ND_ACT_SIGMOID: return sigmoid_of(x);
    case ND_ACT_SWISH: return x * sigmoid_of(x);
    case ND_ACT_GELU: return 0.5f * x * (1.0f + erf_of(x * 0.70710678118654752f));
    }
    return x;
}

INLINE float act_slope(float x, nd_act act)
{
    float s;
    switch (act) {
    case ND_ACT_NONE: return 1;
    case ND_ACT_RELU: return x > 0 ? 1 : 0;
    case ND_ACT_SIGMOID: s = sigmoid_of(x); return s * (1 - s);
    case ND_ACT_SWISH: s = sigmoid_of(x); return s * (1 + x * (1 - s));
    case ND_ACT_GELU: /* Phi(x) + x phi(x) */
        return 0.5f * (1.0f + erf_of(x * 0.70710678118654752f)) +
               x * 0.39894228040143268f * exp_of(-0.5f * x * x);
    }
    return 1;
}

/* f(..., act) with act a constant in each branch, so that the loop inlined there has none. */
#define BY_ACT(act, f, ...)                                     \
    switch (act) {                                              \
    case ND_ACT_NONE: f(__VA_ARGS__, ND_ACT_NONE); break;       \
    case ND_ACT_RELU: f(__VA_ARGS__, ND_ACT_RELU); break;       \
    case ND_ACT_SIGMOID: f(__VA_ARGS__, ND_ACT_SIGMOID); break; \
    case ND_ACT_SWISH: f(__VA_ARGS__, ND_ACT_SWISH); break;     \
    case ND_ACT_GELU: f(__VA_ARGS__, ND_ACT_GELU); break;       \
    }

/* A 32-bit mix (constants: Wellons, hash-prospector, 2018) of a value's number. */
INLINE uint32_t drop_hash(uint32_t key, uint32_t i)
{
    uint32_t h = (i * 0x9E3779B9u) ^ key;
    h = (h ^ (h >> 16)) * 0x21F0AAADu;
    h = (h ^ (h >> 15)) * 0x735A2D97u;
    return h ^ (h >> 15);
}

INLINE float kept(nd_drop drop, uint32_t i)
{
    return drop_hash(drop.key, drop.first + i) >= drop.threshold ? drop.scale : 0.0f;
}

static void dropout(float *out, const float *x, int64_t n, nd_drop drop)
{
#pragma omp simd
    for (int64_t i = 0; i < n; i++) out[i] = x[i] * kept(drop, (uint32_t)i);
}

/* ---- bias, activation, dropout, residual --------------------------------------- */

INLINE void act_row(float *out, const float *x, float factor, int64_t n, nd_act act)
{
#pragma omp simd
    for (int64_t i = 0; i < n; i++) out[i] = factor * act_of(x[i], act);
}

INLINE void add_row(float *out, const float *x, const float *y, int64_t n)
{
#pragma omp simd
    for (int64_t i = 0; i < n; i++) out[i] = x[i] + y[i];
}

/* Drop what the row's own numbers say. */
INLINE nd_drop drop_row(nd_drop drop, int64_t first)
{
    drop.first += (uint32_t)first;
    return drop;
}

INLINE void residual_row(float *out, const float *old, const float *x, float factor, int64_t n,
                         nd_drop drop)
{
#pragma omp simd
    for (int64_t i = 0; i < n; i++) out[i] = old[i] + factor * x[i] * kept(drop, (uint32_t)i);
}

/* Each row goes through the steps while it lies in the first cache. */
static void bias_act(float *out, float *pre, const float *in, const float *bias,
                     const float *residual, float factor, int64_t R, int64_t D, nd_act act,
                     nd_drop drop)
{
    for (int64_t r = 0; r < R; r++) {
        const float *x = in + r * D;
        float *to = out + r * D, *sum = pre ? pre + r * D : to;
        if (bias) add_row(sum, x, bias, D);
        else if (sum != x && pre) memcpy(sum, x, (size_t)D * sizeof *x);
        if (bias || pre) x = sum;
        if (act || !residual) {
            BY_ACT(act, act_row, to, x, residual ? 1.0f : factor, D);
            x = to;
        }
        if (residual) residual_row(to, residual + r * D, x, factor, D, drop_row(drop, r * D));
        else if (drop.threshold) dropout(to, to, D, drop_row(drop, r * D));
    }
}

INLINE void act_grad_row(float *din, const float *dout, const float *pre, float factor, int64_t n,
                         nd_act act)
{
#pragma omp simd
    for (int64_t i = 0; i < n; i++) din[i] = factor * dout[i] * act_slope(pre[i], act);
}

static void add(float *out, const float *x, int64_t n)
{
    add_row(out, out, x, n);
}

static void bias_act_grad(float *din, float *dbias, const float *dout, const float *pre,
                          float factor, int64_t R, int64_t D, nd_act act, nd_drop drop)
{
    for (int64_t r = 0; r < R; r++) {
        const float *d = dout + r * D, *at = act ? pre + r * D : d;
        float *to = din + r * D;
        if (drop.threshold) {
            dropout(to, d, D, drop_row(drop, r * D));
            d = to;
        }
        if (act || factor != 1 || to != d) BY_ACT(act, act_grad_row, to, d, at, factor, D);
        if (dbias) add(dbias, to, D);
    }
}

/* ---- norms --------------------------------------------------------------------- */

static void layer_norm(float *out, float *stats, const float *x, const float *g, const float *b,
                       int64_t R, int64_t D, float eps)
{
    for (int64_t r = 0; r < R; r++) {
        const float *in = x + r * D;
        float *to = out + r * D, sum = 0, squares = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t i = 0; i < D; i++) sum += in[i];
        float mean = sum / (float)D;
#pragma omp simd reduction(+ : squares)
        for (int64_t i = 0; i < D; i++) squares += (in[i] - mean) * (in[i] - mean);
        float rstd = 1.0f / sqrtf(squares / (float)D + eps);
#pragma omp simd
        for (int64_t i = 0; i < D; i++) to[i] = (in[i] - mean) * rstd * g[i] + b[i];
        stats[2 * r] = mean;
        stats[2 * r + 1] = rstd;
    }
}

/* With y = (x - mean) rstd and e = dout g: dx = rstd (e - mean(e) - y mean(e y)). */
static void layer_norm_grad(float *dx, float beta, float *dg, float *db, const float *dout,
                            const float *x, const float *stats, const float *g, int64_t R,
                            int64_t D)
{
    for (int64_t r = 0; r < R; r++) {
        const float *in = x + r * D, *d = dout + r * D;
        float *to = dx + r * D, mean = stats[2 * r], rstd = stats[2 * r + 1], sum = 0, dot = 0;
#pragma omp simd reduction(+ : sum, dot)
        for (int64_t i = 0; i < D; i++) {
            float y = (in[i] - mean) * rstd;
            dg[i] += d[i] * y;
            db[i] += d[i];
            sum += d[i] * g[i];
            dot += d[i] * g[i] * y;
        }
        sum /= (float)D;
        dot /= (float)D;
#pragma omp simd
        for (int64_t i = 0; i < D; i++) {
            float v = rstd * (d[i] * g[i] - sum - (in[i] - mean) * rstd * dot);
            to[i] = beta != 0 ? to[i] + v : v;
        }
    }
}

static void column_stats(float *mean, float *m2, const float *x, int64_t R, int64_t D)
{
    memset(mean, 0, (size_t)D * sizeof *mean);
    memset(m2, 0, (size_t)D * sizeof *m2);
    for (int64_t r = 0; r < R; r++) add(mean, x + r * D, D);
    for (int64_t i = 0; i < D; i++) mean[i] /= (float)R;
    for (int64_t r = 0; r < R; r++) {
        const float *in = x + r * D;
#pragma omp simd
        for (int64_t i = 0; i < D; i++) m2[i] += (in[i] - mean[i]) * (in[i] - mean[i]);
    }
}

INLINE void affine_act_rows(float *out, const float *x, const float *a, const float *b, int64_t R,
                            int64_t D, nd_act act)
{
    for (int64_t r = 0; r < R; r++)
#pragma omp simd
        for (int64_t i = 0; i < D; i++) out[r * D + i] = act_of(x[r * D + i] * a[i] + b[i], act);
}

static void affine_act(float *out, const float *x, const float *a, const float *b, int64_t R,
                       int64_t D, nd_act act)
{
    BY_ACT(act, affine_act_rows, out, x, a, b, R, D);
}

INLINE void affine_sums_rows(float *sum, float *sum_x, const float *dout, const float *x,
                             const float *a, const float *b, const float *mean, int64_t R,
                             int64_t D, nd_act act)
{
    for (int64_t r = 0; r < R; r++) {
        const float *in = x + r * D, *d = dout + r * D;
#pragma omp simd
        for (int64_t i = 0; i < D; i++) {
            float v = d[i] * act_slope(in[i] * a[i] + b[i], act);
            sum[i] += v;
            sum_x[i] += v * (in[i] - mean[i]);
        }
    }
}

static void affine_act_sums(float *sum, float *sum_x, const float *dout, const float *x,
                            const float *a, const float *b, const float *mean, int64_t R, int64_t D,
                            nd_act act)
{
    BY_ACT(act, affine_sums_rows, sum, sum_x, dout, x, a, b, mean, R, D);
}

INLINE void affine_grad_rows(float *dx, float beta, const float *dout, const float *x,
                             const float *a, const float *b, const float *mean, const float *p,
                             const float *q, int64_t R, int64_t D, nd_act act)
{
    for (int64_t r = 0; r < R; r++) {
        const float *in = x + r * D, *d = dout + r * D;
        float *to = dx + r * D;
#pragma omp simd
        for (int64_t i = 0; i < D; i++) {
            float v = a[i] * d[i] * act_slope(in[i] * a[i] + b[i], act) - p[i] -
                      q[i] * (in[i] - mean[i]);
            to[i] = beta != 0 ? to[i] + v : v;
        }
    }
}

static void affine_act_grad(float *dx, float beta, const float *dout, const float *x,
                            const float *a, const float *b, const float *mean, const float *p,
                            const float *q, int64_t R, int64_t D, nd_act act)
{
    BY_ACT(act, affine_grad_rows, dx, beta, dout, x, a, b, mean, p, q, R, D);
}

/* ---- gates, depthwise convolution, softmax ------------------------------------- */

static void glu(float *out, const float *x, int64_t R, int64_t D)
{
    for (int64_t r = 0; r < R; r++) {
        const float *in = x + 2 * r * D, *gate = in + D;
#pragma omp simd
        for (int64_t i = 0; i < D; i++) out[r * D + i] = in[i] * sigmoid_of(gate[i]);
    }
}

static void glu_grad(float *dx, float beta, const float *dout, const float *x, int64_t R, int64_t D)
{
    for (int64_t r = 0; r < R; r++) {
        const float *in = x + 2 * r * D, *gate = in + D, *d = dout + r * D;
        float *din = dx + 2 * r * D, *dgate = din + D;
#pragma omp simd
        for (int64_t i = 0; i < D; i++) {
            float s = sigmoid_of(gate[i]), v = d[i] * s, w = d[i] * in[i] * s * (1 - s);
            din[i] = beta != 0 ? din[i] + v : v;
            dgate[i] = beta != 0 ? dgate[i] + w : w;
        }
    }
}

/* A register of channels at a time; the taps that fall inside are a range. */
static void depthwise(float *out, float beta, const float *x, const float *w, int64_t T, int64_t D,
                      int64_t K)
{
    for (int64_t d = 0; d < D; d += LANES) {
        int n = (int)ND_MIN(D - d, LANES);
        for (int64_t t = 0; t < T; t++) {
            int64_t from = ND_MAX(0, K / 2 - t), to = ND_MIN(K, T + K / 2 - t);
            vec sum = {0};
            for (int64_t k = from; k < to; k++)
                sum += load(w + k * D + d, n) * load(x + (t + k - K / 2) * D + d, n);
            if (beta != 0) sum += load(out + t * D + d, n);
            store(out + t * D + d, sum, n);
        }
    }
}

static void depthwise_grad_w(float *dw, const float *dout, const float *x, int64_t T, int64_t D,
                             int64_t K)
{
    for (int64_t d = 0; d < D; d += LANES) {
        int n = (int)ND_MIN(D - d, LANES);
        for (int64_t k = 0; k < K; k++) {
            int64_t from = ND_MAX(0, K / 2 - k), to = ND_MIN(T, T + K / 2 - k);
            vec sum = load(dw + k * D + d, n);
            for (int64_t t = from; t < to; t++)
                sum += load(dout + t * D + d, n) * load(x + (t + k - K / 2) * D + d, n);
            store(dw + k * D + d, sum, n);
        }
    }
}

INLINE float max_of(const float *x, int64_t n)
{
    vec top = (vec){0} - INFINITY;
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        vec v = load(x + i, LANES);
        bits more = v > top;
        top = (vec)(((bits)v & more) | ((bits)top & ~more));
    }
    float most = -INFINITY;
    for (int lane = 0; lane < LANES; lane++) most = top[lane] > most ? top[lane] : most;
    for (; i < n; i++) most = x[i] > most ? x[i] : most;
    return most;
}

static void softmax(float *p, float scale, int64_t R, int64_t D)
{
    for (int64_t r = 0; r < R; r++) {
        float *row = p + r * D, top = max_of(row, D), sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t i = 0; i < D; i++) {
            float e = exp_of((row[i] - top) * scale);
            row[i] = e;
            sum += e;
        }
        float inverse = 1.0f / sum;
#pragma omp simd
        for (int64_t i = 0; i < D; i++) row[i] *= inverse;
    }
}

static void softmax_grad(float *ds, const float *p, const float *dp, float scale, int64_t R,
                         int64_t D)
{
    for (int64_t r = 0; r < R; r++) {
        const float *q = p + r * D, *d = dp + r * D;
        float dot = 0;
#pragma omp simd reduction(+ : dot)
        for (int64_t i = 0; i < D; i++) dot += q[i] * d[i];
#pragma omp simd
        for (int64_t i = 0; i < D; i++) ds[r * D + i] = scale * q[i] * (d[i] - dot);
    }
}

/* ---- whole blocks -------------------------------------------------------------- */

static void scale_add(float *out, float beta, float a, const float *x, int64_t n)
{
#pragma omp simd
    for (int64_t i = 0; i < n; i++) out[i] = beta != 0 ? beta * out[i] + a * x[i] : a * x[i];
}

/* Blocks of floats, summed in double. */
static double sum_squares(const float *x, int64_t n)
{
    enum { BLOCK = 1024 };
    double total = 0;
    for (int64_t at = 0; at < n; at += BLOCK) {
        int64_t end = ND_MIN(at + BLOCK, n);
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t i = at; i < end; i++) sum += x[i] * x[i];
        total += (double)sum;
    }
    return total;
}

static void adam(float *p, float *m, float *v, const float *grad, int64_t n, float grad_scale,
                 float b1, float b2, float rate, float v_scale, float eps, float decay)
{
#pragma omp simd
    for (int64_t i = 0; i < n; i++) {
        float g = grad[i] * grad_scale;
        m[i] = b1 * m[i] + (1 - b1) * g;
        v[i] = b2 * v[i] + (1 - b2) * g * g;
        p[i] = p[i] * (1 - decay) - rate * m[i] / (sqrtf(v[i]) * v_scale + eps);
    }
}

#include "compute/kernels_conv.h"

extern const nd_kernels ND_KERNELS;
const nd_kernels ND_KERNELS = {
    .name = ND_KERNELS_NAME,
    .bias_act = bias_act,
    .bias_act_grad = bias_act_grad,
    .layer_norm = layer_norm,
    .layer_norm_grad = layer_norm_grad,
    .column_stats = column_stats,
    .affine_act = affine_act,
    .affine_act_sums = affine_act_sums,
    .affine_act_grad = affine_act_grad,
    .glu = glu,
    .glu_grad = glu_grad,
    .depthwise = depthwise,
    .depthwise_grad_w = depthwise_grad_w,
    .softmax = softmax,
    .softmax_grad = softmax_grad,
    .dropout = dropout,
    .add = add,
    .scale_add = scale_add,
    .sum_squares = sum_squares,
    .adam = adam,
    .conv_first = conv_first,
    .conv_first_grad_w = conv_first_grad_w,
    .wino_weights = wino_weights,
    .wino_weights_adjoint = wino_weights_adjoint,
    .wino_input = wino_input,
    .wino_output = wino_output,
    .wino_output_adjoint = wino_output_adjoint,
    .wino_input_adjoint = wino_input_adjoint,
};
