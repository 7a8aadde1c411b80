/* Convolutions, attention and alignment: the call, and the formula in double. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "op_case.h"

/* ---- convolutions ----------------------------------------------------------------------- */

static nd_tensor *run_conv2d(const op_case *c, nd_tape *t, nd_tensor *const *in)
{
    const op_conv2d_params *p = c->params;
    float *prepared = NULL;
    if (p->prepared) {
        prepared = nd_tape_floats(t, ND_WINO_WEIGHTS * c->in[1][0] * c->in[1][1]);
        nd_conv2d_prepare(prepared, in[1]);
    }
    return nd_conv2d(t, in[0], in[1], in[2], p->relu, prepared);
}

typedef struct {
    int64_t B, H, W, C, K, h, w;
} conv_sizes;

static conv_sizes conv2d_sizes(const op_case *c)
{
    const int64_t *x = c->in[0];
    return (conv_sizes){
        x[0], x[1], x[2], x[3], c->in[1][0], (x[1] - 3) / 2 + 1, (x[2] - 3) / 2 + 1};
}

/* One output: 3 x 3 inputs from (2 i, 2 j) on, all channels. */
static double conv2d_at(const conv_sizes *s, const double *x, const double *w, int64_t i, int64_t j)
{
    double sum = 0;
    for (int64_t di = 0; di < 3; di++)
        for (int64_t dj = 0; dj < 3; dj++)
            for (int64_t c = 0; c < s->C; c++)
                sum += x[((2 * i + di) * s->W + 2 * j + dj) * s->C + c] * w[c * 9 + di * 3 + dj];
    return sum;
}

static void conv2d(const op_case *c, double *out, const double *const *in)
{
    conv_sizes s = conv2d_sizes(c);
    bool relu = ((const op_conv2d_params *)c->params)->relu;
    for (int64_t b = 0; b < s.B; b++)
        for (int64_t i = 0; i < s.h; i++)
            for (int64_t j = 0; j < s.w; j++)
                for (int64_t k = 0; k < s.K; k++) {
                    const double *x = in[0] + b * s.H * s.W * s.C, *w = in[1] + k * s.C * 9;
                    double y = in[2][k] + conv2d_at(&s, x, w, i, j);
                    *out++ = relu ? fmax(y, 0) : y;
                }
}

static double conv2d_multiplications(const op_case *c)
{
    conv_sizes s = conv2d_sizes(c);
    return (double)(s.B * s.h * s.w) * (double)(s.K * s.C * 9);
}

const op_kind op_conv2d = {run_conv2d, conv2d, conv2d_multiplications};

static nd_tensor *run_depthwise(const op_case *c, nd_tape *t, nd_tensor *const *in)
{
    (void)c;
    return nd_depthwise(t, in[0], in[1]);
}

static void depthwise(const op_case *c, double *out, const double *const *in)
{
    int64_t T = c->in[0][1], D = c->in[0][2], K = c->in[1][2];
    for (int64_t r = 0; r < op_rows(c->in[0]); r++)
        for (int64_t d = 0; d < D; d++)
            for (int64_t k = 0; k < K; k++) {
                int64_t t = r % T + k - K / 2;
                if (t < 0 || t >= T) continue;
                out[r * D + d] += in[1][d * K + k] * in[0][(r / T * T + t) * D + d];
            }
}

static double depthwise_multiplications(const op_case *c)
{
    return (double)op_count(c->in[0]) * (double)c->in[1][2];
}

const op_kind op_depthwise = {run_depthwise, depthwise, depthwise_multiplications};

static nd_tensor *run_glu(const op_case *c, nd_tape *t, nd_tensor *const *in)
{
    (void)c;
    return nd_glu(t, in[0]);
}

static void glu(const op_case *c, double *out, const double *const *in)
{
    int64_t D = op_width(c->in[0]) / 2;
    for (int64_t r = 0; r < op_rows(c->in[0]); r++)
        for (int64_t i = 0; i < D; i++)
            out[r * D + i] = in[0][r * 2 * D + i] *
                             op_act(in[0][r * 2 * D + D + i], ND_ACT_SIGMOID);
}

const op_kind op_glu = {run_glu, glu, NULL};

/* ---- attention -------------------------------------------------------------------------- */

enum { Q, KEY, VALUE, R, U, V, MASK };

static nd_tensor *run_attention(const op_case *c, nd_tape *t, nd_tensor *const *in)
{
    nd_attention_params p = *(const nd_attention_params *)c->params;
    p.r = in[R];
    p.u = in[U];
    p.v = in[V];
    p.key_mask = in[MASK] ? in[MASK]->data : NULL;
    return nd_attention(t, in[Q], in[KEY], in[VALUE], &p);
}

typedef struct {
    int64_t T, S, D, E, n_r;
    int64_t item, head;
    double *scores, *position; /* [T, S], [T, n_r] */
    double *padded;            /* [T, n_r + 1] */
} head;

/* (q + bias) . k of this head, for time steps t and s. */
static double head_product(const head *h, const double *q, const double *bias, const double *k,
                           int64_t t, int64_t s)
{
    int64_t at = h->head * h->E;
    double sum = 0;
    for (int64_t e = at; e < at + h->E; e++)
        sum += (q[t * h->D + e] + (bias ? bias[e] : 0)) * k[s * h->D + e];
    return sum;
}

/* The published shift: a column of zeros before the scores, the rows' lengths changed from n_r + 1
 * to T, the first row left out, then rows of n_r again of which the first T columns count. */
static void add_shifted(const head *h)
{
    for (int64_t i = 0; i < h->T; i++) {
        h->padded[i * (h->n_r + 1)] = 0;
        for (int64_t j = 0; j < h->n_r; j++)
            h->padded[i * (h->n_r + 1) + 1 + j] = h->position[i * h->n_r + j];
    }
    const double *view = h->padded + h->T;
    for (int64_t i = 0; i < h->T; i++)
        for (int64_t j = 0; j < h->T; j++) h->scores[i * h->T + j] += view[i * h->n_r + j];
}

static void softmax_row(double *row, int64_t n, double scale)
{
    double top = row[0], sum = 0;
    for (int64_t i = 0; i < n; i++) top = fmax(top, row[i]);
    for (int64_t i = 0; i < n; i++) sum += row[i] = exp((row[i] - top) * scale);
    for (int64_t i = 0; i < n; i++) row[i] /= sum;
}

static void head_weights(const op_case *c, const head *h, const double *const *in)
{
    const nd_attention_params *p = c->params;
    const double *q = in[Q] + h->item * h->T * h->D, *k = in[KEY] + h->item * h->S * h->D;
    for (int64_t i = 0; i < h->T * h->S; i++)
        h->scores[i] = head_product(h, q, in[U], k, i / h->S, i % h->S);
    for (int64_t i = 0; i < h->T * h->n_r; i++)
        h->position[i] = head_product(h, q, in[V], in[R], i / h->n_r, i % h->n_r);
    if (in[R]) add_shifted(h);
    for (int64_t i = 0; i < h->T * h->S && in[MASK]; i++)
        if (in[MASK][h->item * h->S + i % h->S] == 0) h->scores[i] = -1e9;
    for (int64_t i = 0; i < h->T; i++) softmax_row(h->scores + i * h->S, h->S, (double)p->scale);
    int64_t first = (h->item * p->n_heads + h->head) * h->T * h->S;
    for (int64_t i = 0; i < h->T * h->S && c->train && p->dropout > 0; i++)
        h->scores[i] *= op_kept(p->dropout, first + i);
}

static void attention(const op_case *c, double *out, const double *const *in)
{
    const nd_attention_params *p = c->params;
    head h = {.T = c->in[Q][1], .S = c->in[KEY][1], .D = c->in[Q][2]};
    h.E = h.D / p->n_heads;
    h.n_r = in[R] ? c->in[R][0] : 0;
    h.scores = nd_calloc((size_t)(h.T * (h.S + 2 * h.n_r + 1)), sizeof *h.scores);
    ND_ASSERT(h.scores);
    h.position = h.scores + h.T * h.S;
    h.padded = h.position + h.T * h.n_r;
    for (h.item = 0; h.item < c->in[Q][0]; h.item++)
        for (h.head = 0; h.head < p->n_heads; h.head++) {
            head_weights(c, &h, in);
            for (int64_t i = 0; i < h.T * h.S; i++)
                for (int64_t e = h.head * h.E; e < (h.head + 1) * h.E; e++)
                    out[(h.item * h.T + i / h.S) * h.D + e] +=
                        h.scores[i] * in[VALUE][(h.item * h.S + i % h.S) * h.D + e];
        }
    free(h.scores);
}

static double attention_multiplications(const op_case *c)
{
    double each = (double)op_count(c->in[Q]);
    return each * (double)(2 * c->in[KEY][1] + c->in[R][0]);
}

const op_kind op_attention = {run_attention, attention, attention_multiplications};

/* ---- alignment -------------------------------------------------------------------------- */

static nd_tensor *run_align(const op_case *c, nd_tape *t, nd_tensor *const *in)
{
    return nd_aligned_scores(t, in[0], in[1], c->params);
}

/* The mean product of n rows of v with those of m from o on, of s, in a circle. */
static double align_at(const double *v, int64_t n, const double *m, int64_t s, int64_t o, int64_t W)
{
    double sum = 0;
    for (int64_t k = 0; k < n; k++)
        for (int64_t d = 0; d < W; d++) sum += v[k * W + d] * m[(o + k) % s * W + d];
    return sum / (double)n;
}

static double align_score(const double *v, int64_t n, const double *m, int64_t s, int64_t W,
                          double temperature)
{
    int64_t n_offsets = s < n ? s : s - n + 1;
    double largest = -INFINITY, total = 0, score = 0;
    for (int64_t o = 0; o < n_offsets; o++) largest = fmax(largest, align_at(v, n, m, s, o, W));
    for (int64_t o = 0; o < n_offsets && temperature > 0; o++) {
        double x = align_at(v, n, m, s, o, W), p = exp((x - largest) / temperature);
        total += p;
        score += p * x;
    }
    return temperature > 0 ? score / total : largest;
}

static void align(const op_case *c, double *out, const double *const *in)
{
    const nd_align_params *p = c->params;
    const int64_t *x = c->in[0], *y = c->in[1];
    for (int64_t i = 0; i < x[0] * y[0]; i++) {
        int64_t v = i / y[0], m = i % y[0];
        out[i] = align_score(in[0] + v * x[1] * x[2], p->video_rows ? p->video_rows[v] : x[1],
                             in[1] + m * y[1] * y[2], p->track_rows ? p->track_rows[m] : y[1], x[2],
                             (double)p->temperature);
    }
}

static double align_multiplications(const op_case *c)
{
    return (double)op_count(c->in[0]) * (double)op_rows(c->in[1]);
}

const op_kind op_align = {run_align, align, align_multiplications};
