/* The convolution's kernels, a part of kernels_body.h: the first layer directly, and the four
 * transforms of op_conv2d.c, which says what they compute. LANES channels at a time; a tile's
 * values stay in the first cache between the two axes. */

/* ---- one input channel --------------------------------------------------------- */

/* Four outputs of a row at once: each waits for its own sum only. */
INLINE void conv_first_run(float *y, const float *x, const vec *taps, vec first, int64_t W,
                           int64_t K, int n, int count, bool relu)
{
    vec sums[4];
    for (int j = 0; j < count; j++) sums[j] = first;
    for (int p = 0; p < 9; p++)
        for (int j = 0; j < count; j++) sums[j] += taps[p] * x[p / 3 * W + p % 3 + 2 * j];
    for (int j = 0; j < count; j++) store(y + j * K, relu ? relu_of(sums[j]) : sums[j], n);
}

static void conv_first(float *y, const float *x, const float *w, const float *bias,
                       const nd_conv_size *s, bool relu)
{
    for (int64_t k = 0; k < s->K; k += LANES) {
        int n = (int)ND_MIN(s->K - k, LANES);
        vec taps[9], first = load(bias + k, n);
        for (int i = 0; i < 9; i++) taps[i] = load(w + i * s->K + k, n);
        for (int64_t i = 0; i < s->h; i++) {
            const float *row = x + 2 * i * s->W;
            float *out = y + i * s->w * s->K + k;
            int64_t j = 0;
            for (; j + 4 <= s->w; j += 4)
                conv_first_run(out + j * s->K, row + 2 * j, taps, first, s->W, s->K, n, 4, relu);
            for (; j < s->w; j++)
                conv_first_run(out + j * s->K, row + 2 * j, taps, first, s->W, s->K, n, 1, relu);
        }
    }
}

static void conv_first_grad_w(float *dw, const float *dy, const float *x, const nd_conv_size *s)
{
    for (int64_t k = 0; k < s->K; k += LANES) {
        int n = (int)ND_MIN(s->K - k, LANES);
        vec sums[9];
        for (int p = 0; p < 9; p++) sums[p] = load(dw + p * s->K + k, n);
        for (int64_t i = 0; i < s->h; i++)
            for (int64_t j = 0; j < s->w; j++) {
                const float *at = x + 2 * i * s->W + 2 * j;
                vec d = load(dy + (i * s->w + j) * s->K + k, n);
                for (int p = 0; p < 9; p++) sums[p] += d * at[p / 3 * s->W + p % 3];
            }
        for (int p = 0; p < 9; p++) store(dw + p * s->K + k, sums[p], n);
    }
}

/* ---- one axis of each transform ------------------------------------------------ */

/* Nine values of an axis to its nine points: Bt on the five even ones, the odd ones as they are. */
INLINE void axis_input(vec *out, int64_t out_step, const vec *in, int64_t step)
{
    vec a = in[0], b = in[2 * step], c = in[4 * step], d = in[6 * step], e = in[8 * step];
    vec d_b = d - b;
    out[0] = 2.0f * (a - c) + d_b;
    out[1 * out_step] = d - c - 2.0f * b;
    out[2 * out_step] = 2.0f * b - 3.0f * c + d;
    out[3 * out_step] = d_b;
    out[4 * out_step] = e - c - 2.0f * d_b;
    for (int i = 0; i < 4; i++) out[(5 + i) * out_step] = in[(2 * i + 1) * step];
}

INLINE void axis_input_adjoint(vec *out, int64_t out_step, const vec *in, int64_t step)
{
    vec a = in[0], b = in[1 * step], c = in[2 * step], d = in[3 * step], e = in[4 * step];
    out[0] = 2.0f * a;
    out[2 * out_step] = 2.0f * (c - b + e) - a - d;
    out[4 * out_step] = -2.0f * a - b - 3.0f * c - e;
    out[6 * out_step] = a + b + c + d - 2.0f * e;
    out[8 * out_step] = e;
    for (int i = 0; i < 4; i++) out[(2 * i + 1) * out_step] = in[(5 + i) * step];
}

/* Nine points to four outputs: At on the first five, plus the last four. */
INLINE void axis_output(vec *out, int64_t out_step, const vec *in, int64_t step)
{
    vec a = in[0], b = in[1 * step], c = in[2 * step], d = in[3 * step], e = in[4 * step];
    vec sum = b + c, difference = b - c;
    out[0] = a + sum + d + in[5 * step];
    out[1 * out_step] = difference + 2.0f * d + in[6 * step];
    out[2 * out_step] = sum + 4.0f * d + in[7 * step];
    out[3 * out_step] = difference + 8.0f * d + e + in[8 * step];
}

INLINE void axis_output_adjoint(vec *out, int64_t out_step, const vec *in, int64_t step)
{
    vec a = in[0], b = in[1 * step], c = in[2 * step], d = in[3 * step];
    vec even = a + c, odd = b + d;
    out[0] = a;
    out[1 * out_step] = even + odd;
    out[2 * out_step] = even - odd;
    out[3 * out_step] = a + 2.0f * b + 4.0f * c + 8.0f * d;
    out[4 * out_step] = d;
    for (int i = 0; i < 4; i++) out[(5 + i) * out_step] = in[i * step];
}

/* Three taps to their six weights: G on the outer two, the middle one as it is; and back. */
INLINE void axis_weights(vec *out, int64_t out_step, const vec *in, int64_t step)
{
    vec a = in[0], b = in[step], c = in[2 * step];
    out[0] = 0.5f * a;
    out[1 * out_step] = -0.5f * (a + c);
    out[2 * out_step] = (c - a) * (1.0f / 6);
    out[3 * out_step] = (a + 2.0f * c) * (1.0f / 6);
    out[4 * out_step] = c;
    out[5 * out_step] = b;
}

INLINE void axis_weights_adjoint(vec *out, int64_t out_step, const vec *in, int64_t step)
{
    vec a = in[0], b = in[1 * step], c = in[2 * step], d = in[3 * step];
    out[0] = 0.5f * (a - b) + (d - c) * (1.0f / 6);
    out[1 * out_step] = in[5 * step];
    out[2 * out_step] = -0.5f * b + (c + 2.0f * d) * (1.0f / 6) + in[4 * step];
}

/* ---- weights, LANES input channels at a time ----------------------------------- */

enum { TAPS = 9, SIDE = 6 };

static void wino_weights(float *u, const float *w, int64_t K, int64_t C, bool turned)
{
    int64_t rows = turned ? C : K, columns = turned ? K : C;
    int64_t row_step = turned ? TAPS : TAPS * C, column_step = turned ? TAPS * C : TAPS;
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < columns; c += LANES) {
            int n = (int)ND_MIN(columns - c, LANES);
            const float *from = w + r * row_step + c * column_step;
            vec taps[TAPS] = {0}, half[3 * SIDE], out[SIDE];
            for (int lane = 0; lane < n; lane++)
                for (int i = 0; i < TAPS; i++) taps[i][lane] = from[lane * column_step + i];
            for (int i = 0; i < 3; i++) axis_weights(half + i * SIDE, 1, taps + i * 3, 1);
            for (int j = 0; j < SIDE; j++) {
                axis_weights(out, 1, half + j, SIDE);
                for (int i = 0; i < SIDE; i++)
                    store(u + ((i * SIDE + j) * rows + r) * columns + c, out[i], n);
            }
        }
}

static void wino_weights_adjoint(float *dw, const float *du, int64_t K, int64_t C)
{
    for (int64_t k = 0; k < K; k++)
        for (int64_t c = 0; c < C; c += LANES) {
            int n = (int)ND_MIN(C - c, LANES);
            float *to = dw + (k * C + c) * TAPS;
            vec in[SIDE], half[3 * SIDE], taps[TAPS];
            for (int j = 0; j < SIDE; j++) {
                for (int i = 0; i < SIDE; i++)
                    in[i] = load(du + ((i * SIDE + j) * K + k) * C + c, n);
                axis_weights_adjoint(half + j, SIDE, in, 1);
            }
            for (int i = 0; i < 3; i++) axis_weights_adjoint(taps + i * 3, 1, half + i * SIDE, 1);
            for (int lane = 0; lane < n; lane++)
                for (int i = 0; i < TAPS; i++) to[lane * TAPS + i] += taps[i][lane];
        }
}

/* ---- a tile of LANES channels -------------------------------------------------- */

enum { IN = ND_WINO_IN, OUT = ND_WINO_OUT };

/* What of a tile lies inside the picture: rows and columns from its corner. */
typedef struct {
    int64_t row, column;
    int rows, columns, lanes;
} place;

INLINE place place_of(int64_t t, int64_t c, int64_t tw, int64_t step, int side, int64_t height,
                      int64_t width, int64_t channels)
{
    int64_t row = t / tw * step, column = t % tw * step;
    return (place){row, column, (int)ND_MIN(side, height - row), (int)ND_MIN(side, width - column),
                   (int)ND_MIN(LANES, channels - c)};
}

/* Row i of a tile, zeros where it hangs over the edge. */
INLINE void read_row(vec *row, int side, const float *x, const place *p, int i, int64_t width,
                     int64_t channels, int64_t c)
{
    const float *from = x + ((p->row + i) * width + p->column) * channels + c;
    if (i < p->rows && p->columns == side && p->lanes == LANES) {
        for (int j = 0; j < side; j++) row[j] = load(from + j * channels, LANES);
        return;
    }
    for (int j = 0; j < side; j++)
        row[j] = i < p->rows && j < p->columns ? load(from + j * channels, p->lanes) : (vec){0};
}

static void wino_input(float *v, const float *x, const nd_conv_size *s)
{
    for (int64_t t = 0; t < s->n; t++)
        for (int64_t c = 0; c < s->C; c += LANES) {
            place p = place_of(s->first + t, c, s->tw, 2 * OUT, IN, s->H, s->W, s->C);
            vec tile[IN * IN], row[IN], points[IN];
            for (int i = 0; i < IN; i++) {
                read_row(row, IN, x, &p, i, s->W, s->C, c);
                axis_input(tile + i * IN, 1, row, 1);
            }
            for (int j = 0; j < IN; j++) {
                axis_input(points, 1, tile + j, IN);
                for (int i = 0; i < IN; i++)
                    store(v + (nd_wino_place[i][j] * s->n + t) * s->C + c, points[i], p.lanes);
            }
        }
}

static void wino_output(float *y, const float *m, const float *bias, const nd_conv_size *s,
                        bool relu)
{
    for (int64_t t = 0; t < s->n; t++)
        for (int64_t k = 0; k < s->K; k += LANES) {
            place p = place_of(s->first + t, k, s->tw, OUT, OUT, s->h, s->w, s->K);
            vec points[IN], half[OUT * IN], out[OUT], first = load(bias + k, p.lanes);
            for (int j = 0; j < IN; j++) {
                for (int i = 0; i < IN; i++)
                    points[i] = load(m + (nd_wino_place[i][j] * s->n + t) * s->K + k, p.lanes);
                axis_output(half + j, IN, points, 1);
            }
            for (int i = 0; i < p.rows; i++) {
                axis_output(out, 1, half + i * IN, 1);
                for (int j = 0; j < p.columns; j++) {
                    vec sum = out[j] + first;
                    if (relu) sum = relu_of(sum);
                    store(y + ((p.row + i) * s->w + p.column + j) * s->K + k, sum, p.lanes);
                }
            }
        }
}

static void wino_output_adjoint(float *m, const float *dy, const nd_conv_size *s)
{
    for (int64_t t = 0; t < s->n; t++)
        for (int64_t k = 0; k < s->K; k += LANES) {
            place p = place_of(s->first + t, k, s->tw, OUT, OUT, s->h, s->w, s->K);
            vec row[OUT], half[OUT * IN], points[IN];
            for (int i = 0; i < OUT; i++) {
                read_row(row, OUT, dy, &p, i, s->w, s->K, k);
                axis_output_adjoint(half + i * IN, 1, row, 1);
            }
            for (int j = 0; j < IN; j++) {
                axis_output_adjoint(points, 1, half + j, IN);
                for (int i = 0; i < IN; i++)
                    store(m + (nd_wino_place[i][j] * s->n + t) * s->K + k, points[i], p.lanes);
            }
        }
}

static void wino_input_adjoint(float *dx, const float *v, const nd_conv_size *s)
{
    for (int64_t t = 0; t < s->n; t++)
        for (int64_t c = 0; c < s->C; c += LANES) {
            place p = place_of(s->first + t, c, s->tw, 2 * OUT, IN, s->H, s->W, s->C);
            vec tile[IN * IN], points[IN];
            for (int j = 0; j < IN; j++) {
                for (int i = 0; i < IN; i++)
                    points[i] = load(v + (nd_wino_place[i][j] * s->n + t) * s->C + c, p.lanes);
                axis_input_adjoint(tile + j, IN, points, 1);
            }
            for (int i = 0; i < p.rows; i++) {
                axis_input_adjoint(points, 1, tile + i * IN, 1);
                for (int j = 0; j < p.columns; j++) {
                    float *to = dx + ((p.row + i) * s->W + p.column + j) * s->C + c;
                    store(to, load(to, p.lanes) + points[j], p.lanes);
                }
            }
        }
}
