/* The shape of a spectrum in nine numbers, and zero crossings. */
#include <math.h>

#include "describe/statistics.h"

static const double rolloff = 0.85;

/* ---- the least-squares fit ------------------------------------------------------------ */

enum { MOST_TERMS = 3 };

/* Gauss-Jordan on a [m, m] and its inverse; a is symmetric and well conditioned (powers of -1 ..
 * 1), so no pivots. */
static void invert(double a[MOST_TERMS][MOST_TERMS], double inverse[MOST_TERMS][MOST_TERMS], int m)
{
    for (int i = 0; i < m; i++)
        for (int j = 0; j < m; j++) inverse[i][j] = i == j;
    for (int p = 0; p < m; p++) {
        double scale = 1 / a[p][p];
        for (int j = 0; j < m; j++) a[p][j] *= scale, inverse[p][j] *= scale;
        for (int i = 0; i < m; i++) {
            double factor = a[i][p];
            if (i == p) continue;
            for (int j = 0; j < m; j++) {
                a[i][j] -= factor * a[p][j];
                inverse[i][j] -= factor * inverse[p][j];
            }
        }
    }
}

/* Rows of a fit of `order` over u = -1 .. 1, each term's weight of one bin. */
static void fit_bin(double *out, double inverse[MOST_TERMS][MOST_TERMS], int m, double u)
{
    for (int i = 0; i < m; i++) {
        out[i] = 0;
        for (int j = 0; j < m; j++) out[i] += inverse[i][j] * pow(u, j);
    }
}

/* From terms of u = hz / middle - 1 to terms of hz. */
static void to_hz(double *c, int m, double middle)
{
    double square = m > 2 ? c[2] : 0;
    c[0] += square - c[1];
    c[1] = (c[1] - 2 * square) / middle;
    if (m > 2) c[2] = square / (middle * middle);
}

/* Fill the rows of order m - 1 from `row` on, the highest term first. */
static void fill_fit(nd_mel *fit, int row, int m, double bin_hz)
{
    double moments[MOST_TERMS][MOST_TERMS] = {{0}}, inverse[MOST_TERMS][MOST_TERMS];
    double c[MOST_TERMS];
    int n = fit->n_bins;
    for (int k = 0; k < n; k++)
        for (int i = 0; i < m; i++)
            for (int j = 0; j < m; j++) moments[i][j] += pow(2.0 * k / (n - 1) - 1, i + j);
    invert(moments, inverse, m);
    for (int k = 0; k < n; k++) {
        fit_bin(c, inverse, m, 2.0 * k / (n - 1) - 1);
        to_hz(c, m, (n - 1) * bin_hz / 2);
        for (int i = 0; i < m; i++)
            fit->weight[(row + i) * fit->length[0] + k] = (float)c[m - 1 - i];
    }
}

/* ---- the shape ------------------------------------------------------------------------ */

void nd_shape_destroy(nd_shape **shape)
{
    if (!shape || !*shape) return;
    nd_mel_destroy(&(*shape)->fit);
    free(*shape);
    *shape = NULL;
}

int nd_shape_create(nd_shape **out, int n_fft, int rate_hz)
{
    nd_shape *s = nd_calloc(1, sizeof *s);
    if (!s) return ND_ENOMEM;
    s->n_bins = n_fft / 2 + 1;
    s->bin_hz = (double)rate_hz / n_fft;
    if (nd_mel_create_wide(&s->fit, 5, s->n_bins)) {
        nd_shape_destroy(&s);
        return ND_ENOMEM;
    }
    fill_fit(s->fit, 0, 2, s->bin_hz);
    fill_fit(s->fit, 2, 3, s->bin_hz);
    *out = s;
    return 0;
}

void nd_shape_measure(const nd_shape *s, float *out, const float *magnitude)
{
    double sum = 0, squares = 0, moment = 0, spread = 0, below = 0;
    for (int k = 0; k < s->n_bins; k++) {
        double m = (double)magnitude[k];
        sum += m;
        squares += m * m;
        moment += m * k;
    }
    double centre = sum > 0 ? moment / sum : 0;
    int end = 0;
    for (int k = 0; k < s->n_bins; k++) {
        spread += (double)magnitude[k] * (k - centre) * (k - centre);
        below += (double)magnitude[k];
        end += below < rolloff * sum;
    }
    out[0] = (float)sqrt(squares / s->n_bins);
    out[1] = (float)(centre * s->bin_hz);
    out[2] = (float)(sum > 0 ? sqrt(spread / sum) * s->bin_hz : 0);
    out[3] = (float)(end * s->bin_hz);
    nd_mel_apply(s->fit, out + 4, magnitude);
}

float nd_zero_crossings(const float *x, int64_t n, int64_t centre, int n_frame)
{
    int64_t start = centre - n_frame / 2;
    int n_found = 0;
    bool was_negative = false;
    for (int i = 0; i < n_frame; i++) {
        bool is_negative = x[ND_CLAMP(start + i, 0, n - 1)] < -1e-10F;
        n_found += i && is_negative != was_negative;
        was_negative = is_negative;
    }
    return (float)n_found / (float)n_frame;
}
