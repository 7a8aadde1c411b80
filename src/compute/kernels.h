/* The loops that take the time beside matrix products. One source (kernels_body.h), compiled for
 * plain x86-64 (or any other machine), AVX2 and AVX-512; the best that the processor has is chosen
 * once. They allocate nothing, check nothing, and run on the calling thread.
 *
 * Letters: R rows of D values; T time steps, K kernel taps or output channels, C channels.
 * beta: 0, the output is written; 1, it is added to. */
#ifndef ND_COMPUTE_KERNELS_H
#define ND_COMPUTE_KERNELS_H

#include "base/base.h"

/** swish(x) = x sigmoid(x) (Ramachandran 2017); gelu(x) = x Phi(x) (Hendrycks 2016), with erf. */
typedef enum nd_act { ND_ACT_NONE, ND_ACT_RELU, ND_ACT_SIGMOID, ND_ACT_SWISH, ND_ACT_GELU } nd_act;

/** Which values dropout keeps: value i is kept where a hash of (key, first + i) is at least
 *  threshold, and multiplied by scale = 1 / (1 - p). It depends on nothing but the number of the
 *  value in the whole batch: the same at any number of threads. threshold 0: everything. */
typedef struct nd_drop {
    uint32_t key, first, threshold;
    float scale;
} nd_drop;

/** The size of one stride-2 3 x 3 convolution, channels last: x [H, W, C], y [h, w, K] with
 *  h = (H - 3) / 2 + 1; th * tw tiles of 4 x 4 outputs, of which n from the first on are worked
 *  on. */
typedef struct nd_conv_size {
    int64_t H, W, C, h, w, K, th, tw, first, n;
} nd_conv_size;

/** Tile positions of the transformed convolution (op_conv2d.c): 9 x 9 a tile. */
enum { ND_WINO_IN = 9, ND_WINO_OUT = 4, ND_WINO_POINTS = 81, ND_WINO_WEIGHTS = 36 };

typedef struct nd_kernels {
    const char *name; /* "plain", "avx2", "avx512" */

    /* out = residual + factor * drop(act(in + bias)); in + bias goes to pre. [R, D] each, bias [D].
     * residual, pre, bias may be NULL; out and pre may be in. */
    void (*bias_act)(float *out, float *pre, const float *in, const float *bias,
                     const float *residual, float factor, int64_t R, int64_t D, nd_act act,
                     nd_drop drop);
    /* din = factor * dout * kept * act'(pre); dbias += its column sums. din may be dout, dbias
     * NULL. pre is read where act is not NONE; for RELU out serves as well. */
    void (*bias_act_grad)(float *din, float *dbias, const float *dout, const float *pre,
                          float factor, int64_t R, int64_t D, nd_act act, nd_drop drop);

    /* out = (x - mean) * rstd * g + b a row; stats [R, 2] gets mean and rstd. */
    void (*layer_norm)(float *out, float *stats, const float *x, const float *g, const float *b,
                       int64_t R, int64_t D, float eps);
    /* dg, db [D] are added to. dx may be dout where beta is 0. */
    void (*layer_norm_grad)(float *dx, float beta, float *dg, float *db, const float *dout,
                            const float *x, const float *stats, const float *g, int64_t R,
                            int64_t D);

    /* Column means of x [R, D], and sums of squares about them. */
    void (*column_stats)(float *mean, float *m2, const float *x, int64_t R, int64_t D);
    /* out = act(x * a + b) with a, b [D]. */
    void (*affine_act)(float *out, const float *x, const float *a, const float *b, int64_t R,
                       int64_t D, nd_act act);
    /* Of d = dout * act'(x * a + b): sum [D] += d, sum_x [D] += d * (x - mean). */
    void (*affine_act_sums)(float *sum, float *sum_x, const float *dout, const float *x,
                            const float *a, const float *b, const float *mean, int64_t R, int64_t D,
                            nd_act act);
    /* dx = beta dx + a d - p - q (x - mean), d as above. */
    void (*affine_act_grad)(float *dx, float beta, const float *dout, const float *x,
                            const float *a, const float *b, const float *mean, const float *p,
                            const float *q, int64_t R, int64_t D, nd_act act);

    /* out [R, D] = x[:, :D] * sigmoid(x[:, D:]), x [R, 2 D] (Dauphin 2017). */
    void (*glu)(float *out, const float *x, int64_t R, int64_t D);
    void (*glu_grad)(float *dx, float beta, const float *dout, const float *x, int64_t R,
                     int64_t D);

    /* out[t, d] = beta out + sum_k w[k, d] x[t + k - K / 2, d], zeros outside; K odd. */
    void (*depthwise)(float *out, float beta, const float *x, const float *w, int64_t T, int64_t D,
                      int64_t K);
    /* dw[k, d] += sum_t dout[t, d] x[t + k - K / 2, d]. */
    void (*depthwise_grad_w)(float *dw, const float *dout, const float *x, int64_t T, int64_t D,
                             int64_t K);

    /* Rows to their softmax, in place, after * scale. */
    void (*softmax)(float *p, float scale, int64_t R, int64_t D);
    /* ds = scale * p * (dp - <dp, p>) a row; ds may be dp. */
    void (*softmax_grad)(float *ds, const float *p, const float *dp, float scale, int64_t R,
                         int64_t D);

    /* out[i] = x[i] * scale where kept, else 0; out may be x. The kept ones are those that
     * bias_act keeps. */
    void (*dropout)(float *out, const float *x, int64_t n, nd_drop drop);
    void (*add)(float *out, const float *x, int64_t n); /* out += x */
    void (*scale_add)(float *out, float beta, float a, const float *x,
                      int64_t n); /* beta out + a x */
    double (*sum_squares)(const float *x, int64_t n);

    /* Adam (Kingma, Ba 2015) with decoupled weight decay (Loshchilov, Hutter 2019):
     * m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2, g = grad_scale * grad,
     * p = p (1 - decay) - rate m / (sqrt(v) * v_scale + eps). */
    void (*adam)(float *p, float *m, float *v, const float *grad, int64_t n, float grad_scale,
                 float b1, float b2, float rate, float v_scale, float eps, float decay);

    /* Convolution of one picture with one channel: x [H, W], w [9, K], bias [K], y [h, w, K];
     * relu too where asked. */
    void (*conv_first)(float *y, const float *x, const float *w, const float *bias,
                       const nd_conv_size *s, bool relu);
    /* dw [9, K] += ... */
    void (*conv_first_grad_w)(float *dw, const float *dy, const float *x, const nd_conv_size *s);

    /* The transforms of op_conv2d.c. Of weights: w [K, C, 3, 3] to u [36, K, C], or turned to
     * [36, C, K]; and back, dw +=. Of tiles of one picture: point (a, b) of tile first + t,
     * channel c lies at v[(nd_wino_place[a][b] * n + t) * C + c]. */
    void (*wino_weights)(float *u, const float *w, int64_t K, int64_t C, bool turned);
    void (*wino_weights_adjoint)(float *dw, const float *du, int64_t K, int64_t C);
    void (*wino_input)(float *v, const float *x, const nd_conv_size *s);
    void (*wino_output)(float *y, const float *m, const float *bias, const nd_conv_size *s,
                        bool relu);
    void (*wino_output_adjoint)(float *m, const float *dy, const nd_conv_size *s);
    void (*wino_input_adjoint)(float *dx, const float *v, const nd_conv_size *s); /* dx += */
} nd_kernels;

/** The kernels in use: those of this processor, unless a test chose others. Threads: safe. */
const nd_kernels *nd_kernels_get(void);

/** All that this processor can run, plain first, NULL past the last. */
const nd_kernels *nd_kernels_at(int index);

/** Use these from now on; NULL: the best. For tests and benches. Threads: none may compute. */
void nd_kernels_use(const nd_kernels *kernels);

/** Where points are kept: groups that share weights lie together, so that each group is one
 *  matrix product. place[a][b] in 0 .. 80. */
extern const uint8_t nd_wino_place[ND_WINO_IN][ND_WINO_IN];

#endif
