/* 3 x 3 convolution with stride 2, in fewer multiplications than it is written with.
 *
 * Along one axis, y[i] = w0 x[2i] + w1 x[2i+1] + w2 x[2i+2]. With e[i] = x[2i], o[i] = x[2i+1]
 * that is a filter of two taps (w0, w2) on e, and one of one tap (w1) on o. Four outputs of the
 * first take five products instead of eight (Winograd 1980; Lavin, Gray 2016, with the points
 * 0, 1, -1, 2 and infinity):
 *     y = At [(G (w0, w2)) * (Bt e)] + w1 o
 *          | 1/2   0  |        | 2 -1 -2  1  0 |
 *          |-1/2 -1/2 |        | 0 -2 -1  1  0 |        | 1  1  1  1  0 |
 *      G = |-1/6  1/6 |   Bt = | 0  2 -3  1  0 |   At = | 0  1 -1  2  0 |
 *          | 1/6  1/3 |        | 0 -1  0  1  0 |        | 0  1  1  4  0 |
 *          |  0    1  |        | 0  2 -1 -2  1 |        | 0  1 -1  8  1 |
 * So nine inputs become nine points (five, and four odd inputs as they are), three weights become
 * six (the last serves four points), and in two dimensions a tile of 4 x 4 outputs takes 81
 * products instead of 144. The products of a point over channels, for all tiles, are one matrix
 * product; points that share weights are one together: 36 in all.
 *
 * Backward uses the same products: the gradient of a linear map is its transpose, so weights get
 * G^T (..) G, inputs B (..) Bt. */
#include <string.h>

#include "compute/gemm.h"
#include "compute/ops.h"

enum { X, W, B };

static nd_conv_size conv_size(const nd_tensor *x, const nd_tensor *w)
{
    nd_conv_size s = {.H = x->dims[1], .W = x->dims[2], .C = x->dims[3], .K = w->dims[0]};
    s.h = (s.H - 3) / 2 + 1;
    s.w = (s.W - 3) / 2 + 1;
    s.th = (s.h + ND_WINO_OUT - 1) / ND_WINO_OUT;
    s.tw = (s.w + ND_WINO_OUT - 1) / ND_WINO_OUT;
    return s;
}

/* Tiles that are worked on at once: their points take about as much memory as the weights do, so
 * neither is read from far away more often than the other. */
static int64_t tiles_at_once(const nd_conv_size *s)
{
    int64_t n = ND_WINO_WEIGHTS * s->C * s->K / (ND_WINO_POINTS * (s->C + s->K));
    return ND_CLAMP(2 * n | 1, 15, s->th * s->tw);
}

/* Points before group g of the 36, and in it. */
static int64_t points_before(int g)
{
    int a = g / 6, b = g % 6;
    return a < 5 ? 9 * a + b : 45 + 4 * b;
}
static int64_t points_of(int g)
{
    return (g / 6 == 5 ? 4 : 1) * (g % 6 == 5 ? 4 : 1);
}

/* ---- one input channel --------------------------------------------------------- */

/* [K, 9] to [9, K] and back. */
static void transpose_taps(float *out, const float *in, int64_t rows, int64_t columns)
{
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++) out[j * rows + i] = in[i * columns + j];
}

static void first_forward(nd_tape *t, float *y, const nd_tensor *x, const nd_tensor *w,
                          const float *bias, const nd_conv_size *s, bool relu)
{
    nd_arena_mark mark = nd_arena_save(&t->arena);
    float *taps = nd_tape_floats(t, 9 * s->K);
    if (taps) transpose_taps(taps, w->data, s->K, 9);
    for (int64_t b = 0; taps && b < x->dims[0]; b++)
        t->kernels->conv_first(y + b * s->h * s->w * s->K, x->data + b * s->H * s->W, taps, bias, s,
                               relu);
    nd_arena_restore(&t->arena, mark);
}

static void first_backward(nd_tape *t, nd_node *node, const nd_conv_size *s)
{
    const nd_tensor *x = node->in[X];
    float *dw = nd_tape_grad_zeroed(t, node->in[W]);
    float *sums = nd_tape_floats(t, 9 * s->K), *back = nd_tape_floats(t, 9 * s->K);
    if (!dw || !sums || !back) return;
    memset(sums, 0, (size_t)(9 * s->K) * sizeof *sums);
    for (int64_t b = 0; b < x->dims[0]; b++)
        t->kernels->conv_first_grad_w(sums, node->out->grad + b * s->h * s->w * s->K,
                                      x->data + b * s->H * s->W, s);
    transpose_taps(back, sums, 9, s->K);
    t->kernels->add(dw, back, 9 * s->K);
}

/* ---- many ---------------------------------------------------------------------- */

void nd_conv2d_prepare(float *out, const nd_tensor *w)
{
    nd_kernels_get()->wino_weights(out, w->data, w->dims[0], w->dims[1], true);
}

static void many_forward(nd_tape *t, float *y, const nd_tensor *x, const float *u,
                         const float *bias, nd_conv_size *s, bool relu)
{
    int64_t step = tiles_at_once(s), in = s->H * s->W * s->C, out = s->h * s->w * s->K;
    nd_arena_mark mark = nd_arena_save(&t->arena);
    float *v = nd_tape_floats(t, ND_WINO_POINTS * step * s->C);
    float *m = nd_tape_floats(t, ND_WINO_POINTS * step * s->K);
    for (int64_t b = 0; v && m && b < x->dims[0]; b++)
        for (s->first = 0; s->first < s->th * s->tw; s->first += s->n) {
            s->n = ND_MIN(step, s->th * s->tw - s->first);
            t->kernels->wino_input(v, x->data + b * in, s);
            for (int g = 0; g < ND_WINO_WEIGHTS; g++) {
                int64_t from = points_before(g) * s->n, rows = points_of(g) * s->n;
                nd_gemm('N', 'N', rows, s->K, s->C, 1, v + from * s->C, s->C, u + g * s->C * s->K,
                        s->K, 0, m + from * s->K, s->K);
            }
            t->kernels->wino_output(y + b * out, m, bias, s, relu);
        }
    nd_arena_restore(&t->arena, mark);
}

/* The gradient of some tiles' products: du += dm^T v, then dv = dm u into v's place. */
static void product_backward(float *v, float *du, float beta, const float *dm, const float *u,
                             const nd_conv_size *s)
{
    for (int g = 0; g < ND_WINO_WEIGHTS; g++) {
        int64_t from = points_before(g) * s->n, rows = points_of(g) * s->n, at = g * s->K * s->C;
        if (du)
            nd_gemm('T', 'N', s->K, s->C, rows, 1, dm + from * s->K, s->K, v + from * s->C, s->C,
                    beta, du + at, s->C);
        if (u)
            nd_gemm('N', 'N', rows, s->C, s->K, 1, dm + from * s->K, s->K, u + at, s->C, 0,
                    v + from * s->C, s->C);
    }
}

static void many_backward(nd_tape *t, nd_node *node, nd_conv_size *s)
{
    nd_tensor *x = node->in[X], *w = node->in[W];
    int64_t step = s->th * s->tw, in = s->H * s->W * s->C, out = s->h * s->w * s->K;
    int64_t n_weights = ND_WINO_WEIGHTS * s->K * s->C;
    float *dx = nd_tape_grad_zeroed(t, x), *dw = nd_tape_grad_zeroed(t, w);
    float *v = nd_tape_floats(t, ND_WINO_POINTS * step * s->C);
    float *dm = nd_tape_floats(t, ND_WINO_POINTS * step * s->K);
    float *du = dw ? nd_tape_floats(t, n_weights) : NULL;
    float *u = dx ? nd_tape_floats(t, n_weights) : NULL;
    if (t->status) return;
    if (u) t->kernels->wino_weights(u, w->data, s->K, s->C, false);
    for (int64_t b = 0; b < x->dims[0]; b++)
        for (s->first = 0; s->first < s->th * s->tw; s->first += s->n) {
            s->n = ND_MIN(step, s->th * s->tw - s->first);
            t->kernels->wino_output_adjoint(dm, node->out->grad + b * out, s);
            t->kernels->wino_input(v, x->data + b * in, s);
            product_backward(v, du, b + s->first > 0 ? 1 : 0, dm, u, s);
            if (dx) t->kernels->wino_input_adjoint(dx + b * in, v, s);
        }
    if (dw) t->kernels->wino_weights_adjoint(dw, du, s->K, s->C);
}

/* ---- the op -------------------------------------------------------------------- */

typedef struct {
    bool is_first, relu; /* one channel, done directly */
} saved_conv;

static void conv2d_backward(nd_tape *t, nd_node *node)
{
    const saved_conv *saved = node->saved;
    nd_tensor *out = node->out;
    nd_conv_size s = conv_size(node->in[X], node->in[W]);
    nd_arena_mark mark = nd_arena_save(&t->arena);
    t->kernels->bias_act_grad(out->grad, nd_tape_grad_zeroed(t, node->in[B]), out->grad, out->data,
                              1, nd_tensor_rows(out), s.K, saved->relu ? ND_ACT_RELU : ND_ACT_NONE,
                              (nd_drop){.scale = 1});
    if (saved->is_first) first_backward(t, node, &s);
    else many_backward(t, node, &s);
    nd_arena_restore(&t->arena, mark);
}

nd_tensor *nd_conv2d(nd_tape *t, nd_tensor *x, nd_tensor *w, nd_tensor *b, bool relu,
                     const float *prepared)
{
    if (!x || !w || !b) return NULL;
    nd_conv_size s = conv_size(x, w);
    ND_ASSERT_EQ(w->dims[1], s.C);
    ND_ASSERT(w->dims[2] == 3 && w->dims[3] == 3 && s.H >= 3 && s.W >= 3);
    bool is_first = s.C == 1 && !x->wants_grad;
    nd_tensor *in[] = {x, w, b};
    nd_tensor *out = nd_tape_tensor(t, 4, (const int64_t[]){x->dims[0], s.h, s.w, s.K});
    if (!out) return NULL;
    nd_node *node = nd_tape_record(t, conv2d_backward, out, in, 3, sizeof(saved_conv));
    float *made = NULL;
    if (!is_first && !prepared) {
        made = nd_tape_floats(t, ND_WINO_WEIGHTS * s.K * s.C);
        if (!made) return NULL;
        nd_conv2d_prepare(made, w);
    }
    const float *u = made ? made : prepared;
    if (is_first) first_forward(t, out->data, x, w, b->data, &s, relu);
    else many_forward(t, out->data, x, u, b->data, &s, relu);
    if (node) *(saved_conv *)node->saved = (saved_conv){is_first, relu};
    return t->status ? NULL : out;
}
