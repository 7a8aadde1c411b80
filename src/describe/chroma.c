/* Chroma: spectra folded onto the twelve pitch classes, and CENS, its slow and coarse form. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "describe/statistics.h"

enum { CLASSES = 12, SMOOTH = 41 };

static const double centre_octave = 5, octave_width = 2;

/* Semitones from the A of 27.5 Hz up; the bin of no frequency lies an octave and a half below the
 * first. */
static double semitones(int bin, double bin_hz)
{
    return bin ? CLASSES * log2(bin * bin_hz / 27.5) : semitones(1, bin_hz) - 1.5 * CLASSES;
}

/* One bin's shares [12], from C on. */
static void fold_bin(double *share, int bin, double bin_hz)
{
    double at = semitones(bin, bin_hz), sum = 0;
    double width = fmax(semitones(bin + 1, bin_hz) - at, 1);
    double octave = (at / CLASSES - centre_octave) / octave_width;
    for (int c = 0; c < CLASSES; c++) {
        double away = remainder(at - (c - 9), CLASSES);
        share[c] = exp(-0.5 * pow(2 * away / width, 2));
        sum += share[c] * share[c];
    }
    for (int c = 0; c < CLASSES; c++) share[c] *= exp(-0.5 * octave * octave) / sqrt(sum);
}

int nd_chroma_create(nd_mel **out, int n_fft, int rate_hz)
{
    nd_mel *m = NULL;
    double share[CLASSES];
    if (nd_mel_create_wide(&m, CLASSES, n_fft / 2 + 1)) return ND_ENOMEM;
    for (int k = 0; k < m->n_bins; k++) {
        fold_bin(share, k, (double)rate_hz / n_fft);
        for (int c = 0; c < CLASSES; c++) m->weight[c * m->length[0] + k] = (float)share[c];
    }
    *out = m;
    return 0;
}

void nd_chroma_normalise(float *chroma)
{
    float most = 0;
    for (int c = 0; c < CLASSES; c++) most = fmaxf(most, chroma[c]);
    for (int c = 0; c < CLASSES && most > FLT_MIN; c++) chroma[c] /= most;
}

/* A frame in steps, from its shares. */
static void quantise(float *rows, int64_t n, int64_t t)
{
    static const float steps[] = {0.4F, 0.2F, 0.1F, 0.05F};
    float sum = 0;
    for (int c = 0; c < CLASSES; c++) sum += rows[c * n + t];
    for (int c = 0; c < CLASSES; c++) {
        float share = sum > FLT_MIN ? rows[c * n + t] / sum : rows[c * n + t], q = 0;
        for (size_t i = 0; i < ND_COUNT(steps); i++) q += share > steps[i] ? 0.25F : 0;
        rows[c * n + t] = q;
    }
}

/* @param padded  [n + SMOOTH - 1], zeros but for the row in its middle */
static void smooth(float *out, const float *padded, int64_t n)
{
    float window[SMOOTH];
    for (int i = 0; i < SMOOTH; i++) /* 43 points of sum 21, of which the ends are 0 */
        window[i] = (float)((0.5 - 0.5 * cos(2 * M_PI * (i + 1) / (SMOOTH + 1))) / 21);
    for (int64_t t = 0; t < n; t++) {
        float sum = 0;
        for (int i = 0; i < SMOOTH; i++) sum += window[i] * padded[t + i];
        out[t] = sum;
    }
}

static void to_length_one(float *rows, int64_t n, int64_t t)
{
    float sum = 0;
    for (int c = 0; c < CLASSES; c++) sum += rows[c * n + t] * rows[c * n + t];
    for (int c = 0; c < CLASSES && sum > FLT_MIN; c++) rows[c * n + t] /= sqrtf(sum);
}

int nd_chroma_cens(float *rows, int64_t n)
{
    float *padded = nd_calloc((size_t)n + SMOOTH - 1, sizeof *padded);
    if (!padded) return ND_ENOMEM;
    for (int64_t t = 0; t < n; t++) quantise(rows, n, t);
    for (int c = 0; c < CLASSES; c++) {
        memcpy(padded + SMOOTH / 2, rows + c * n, (size_t)n * sizeof *padded);
        smooth(rows + c * n, padded, n);
    }
    for (int64_t t = 0; t < n; t++) to_length_one(rows, n, t);
    free(padded);
    return 0;
}
