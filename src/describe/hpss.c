/* Harmonic and percussive: what lasts is a ridge along time in the spectrogram, what strikes one
 * along frequency, and a median filter across a ridge keeps what runs along it. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "describe/statistics.h"

enum { HOP = ND_STATISTICS_LONG_FFT / 4, F = ND_STATISTICS_LONG_FFT / 2 + 1, SPAN = 31 };

/* ---- the median --------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Replace one value of a sorted window by another. */
static void replace(float *sorted, float old, float new)
{
    int at = 0;
    for (int i = 0; i < SPAN; i++) at += sorted[i] < old;
    for (; at + 1 < SPAN && sorted[at + 1] < new; at++) sorted[at] = sorted[at + 1];
    for (; at > 0 && sorted[at - 1] > new; at--) sorted[at] = sorted[at - 1];
    sorted[at] = new;
}

void nd_median_31(float *out, float *padded, int64_t n)
{
    enum { HALF = SPAN / 2 };
    float sorted[SPAN], *x = padded + HALF;
    ND_ASSERT(n >= HALF);
    for (int i = 1; i <= HALF; i++) {
        x[-i] = x[i - 1];
        x[n - 1 + i] = x[n - i];
    }
    memcpy(sorted, padded, sizeof sorted);
    qsort(sorted, SPAN, sizeof *sorted, by_value);
    out[0] = sorted[HALF];
    for (int64_t i = 1; i < n; i++) {
        replace(sorted, padded[i - 1], padded[i - 1 + SPAN]);
        out[i] = sorted[HALF];
    }
}

/* ---- the split ---------------------------------------------------------------------- */

typedef struct {
    nd_stft *stft;
    int64_t T;
    float *bins;      /* [T, F, 2] */
    float *magnitude; /* [T, F] */
    float *lasts;     /* [T, F] median along time, then its mask */
    float *strikes;   /* [T, F] median along frequency, then its mask */
    float *padded, *line;
    float masked[2 * F], *weight; /* weight: [n] sum of squared windows */
} split;

static int split_create(split *s, int64_t n)
{
    s->T = 1 + n / HOP;
    size_t T = (size_t)s->T, longest = (size_t)ND_MAX(s->T, F);
    s->bins = nd_calloc(T, 2 * F * sizeof(float));
    s->magnitude = nd_calloc(T, F * sizeof(float));
    s->lasts = nd_calloc(T, F * sizeof(float));
    s->strikes = nd_calloc(T, F * sizeof(float));
    s->padded = nd_calloc(longest + SPAN, sizeof(float));
    s->line = nd_calloc(longest, sizeof(float));
    s->weight = nd_calloc((size_t)n, sizeof(float));
    bool has_all = s->bins && s->magnitude && s->lasts && s->strikes && s->padded && s->line &&
                   s->weight;
    return has_all ? nd_stft_create(&s->stft, ND_STATISTICS_LONG_FFT, true) : ND_ENOMEM;
}

static void split_free(split *s)
{
    nd_stft_destroy(&s->stft);
    free(s->bins);
    free(s->magnitude);
    free(s->lasts);
    free(s->strikes);
    free(s->padded);
    free(s->line);
    free(s->weight);
}

static void read_spectra(split *s, const float *x, int64_t n)
{
    for (int64_t t = 0; t < s->T; t++) {
        float *bins = s->bins + t * 2 * F, *magnitude = s->magnitude + t * F;
        nd_stft_bins(s->stft, bins, x, n, t * HOP);
        for (int k = 0; k < F; k++)
            magnitude[k] = sqrtf(bins[2 * k] * bins[2 * k] + bins[2 * k + 1] * bins[2 * k + 1]);
    }
}

static void filter(split *s)
{
    float *from = s->padded + SPAN / 2;
    for (int64_t t = 0; t < s->T; t++) {
        memcpy(from, s->magnitude + t * F, F * sizeof *from);
        nd_median_31(s->strikes + t * F, s->padded, F);
    }
    for (int k = 0; k < F; k++) {
        for (int64_t t = 0; t < s->T; t++) from[t] = s->magnitude[t * F + k];
        nd_median_31(s->line, s->padded, s->T);
        for (int64_t t = 0; t < s->T; t++) s->lasts[t * F + k] = s->line[t];
    }
}

/* Shares of both in each bin, by the squares of the medians. */
static void make_masks(split *s)
{
    for (int64_t i = 0; i < s->T * F; i++) {
        float most = fmaxf(s->lasts[i], s->strikes[i]);
        float a = most < FLT_MIN ? 1 : s->lasts[i] / most;
        float b = most < FLT_MIN ? 1 : s->strikes[i] / most;
        s->lasts[i] = a * a / (a * a + b * b);
        s->strikes[i] = b * b / (a * a + b * b);
    }
}

static void sum_windows(split *s, int64_t n)
{
    const nd_stft *stft = s->stft;
    for (int64_t t = 0; t < s->T; t++)
        for (int i = 0; i < stft->n_fft; i++) {
            int64_t k = t * HOP - stft->n_fft / 2 + i;
            if (k >= 0 && k < n) s->weight[k] += stft->window[i] * stft->window[i];
        }
}

static void synthesise(float *y, int64_t n, split *s, const float *mask)
{
    memset(y, 0, (size_t)n * sizeof *y);
    for (int64_t t = 0; t < s->T; t++) {
        const float *bins = s->bins + t * 2 * F, *m = mask + t * F;
        for (int k = 0; k < F; k++) {
            s->masked[2 * k] = bins[2 * k] * m[k];
            s->masked[2 * k + 1] = bins[2 * k + 1] * m[k];
        }
        nd_stft_add(s->stft, y, n, t * HOP, s->masked);
    }
    for (int64_t i = 0; i < n; i++)
        if (s->weight[i] > FLT_MIN) y[i] /= s->weight[i];
}

int nd_hpss(float *harmonic, float *percussive, const float *x, int64_t n)
{
    split s = {0};
    int rc = split_create(&s, n);
    if (!rc) {
        read_spectra(&s, x, n);
        filter(&s);
        make_masks(&s);
        sum_windows(&s, n);
        synthesise(harmonic, n, &s, s.lasts);
        synthesise(percussive, n, &s, s.strikes);
    }
    split_free(&s);
    return rc;
}
