/* CBVMR's description of a whole track: 1,140 numbers without order.
 *
 * Of each half of the track (harmonic, percussive) blocks of rows over 1,366 frames: chroma 12,
 * chroma-CENS 12, mel 96, MFCC 20 with its slope 20 and the slope's slope 20, energy, centroid,
 * bandwidth, roll-off, fitted polynomials 2 + 3, zero crossings. Each block becomes decibels below
 * its own greatest magnitude; then rows become mean, variance and maximum.
 *
 * As published, with its oddities: the sign of what can be negative (MFCC, slopes, polynomials) is
 * lost to the logarithm; the maximum of a block of one row is always 0; mel bands are spaced as if
 * the samples had 22,050 Hz (the script names no rate there), which stretches the scale but covers
 * all bins. MFCC and CENS see 2,048 points, librosa's default, where the script says nothing. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "describe/statistics.h"

enum {
    T = ND_STATISTICS_FRAMES,
    N = ND_STATISTICS_SAMPLES,
    ROWS = ND_STATISTICS_ROWS,
    SHORT_BINS = ND_STATISTICS_FFT / 2 + 1,
    LONG_BINS = ND_STATISTICS_LONG_FFT / 2 + 1,
    MEL = 96,
    MEL_AS_IF_HZ = 22050
};

_Static_assert(ND_STATISTICS == 3 * 2 * ROWS, "of two parts, three numbers a row");

/* Blocks of rows that have one reference each; the rows of each, in the order of the file. */
static const int blocks[] = {12, 12, MEL, 20, 20, 20, 1, 1, 1, 1, 2, 3, 1};
enum { CHROMA = 0, CENS = 12, MELS = 24, MFCC = 120, SLOPES = 140, CURVES = 160, SHAPE = 180 };
enum { CROSSINGS = SHAPE + ND_SHAPE_ROWS };

typedef struct {
    nd_stft *stft, *long_stft;
    nd_mel *chroma, *long_chroma, *mel, *cepstrum_mel;
    nd_shape *shape;
    float *part[2];  /* [N] harmonic, percussive */
    float *energies; /* [T, ND_CEPSTRUM_BANDS] */
    float *rows;     /* [ROWS, T] of one part */
} hearing;

static int make_banks(hearing *h)
{
    int rc = nd_stft_create(&h->stft, ND_STATISTICS_FFT, false);
    if (!rc) rc = nd_stft_create(&h->long_stft, ND_STATISTICS_LONG_FFT, false);
    if (!rc) rc = nd_chroma_create(&h->chroma, ND_STATISTICS_FFT, ND_STATISTICS_HZ);
    if (!rc) rc = nd_chroma_create(&h->long_chroma, ND_STATISTICS_LONG_FFT, ND_STATISTICS_HZ);
    if (!rc)
        rc = nd_mel_create(&h->mel, ND_MEL_SLANEY, MEL, ND_STATISTICS_FFT, MEL_AS_IF_HZ, 0,
                           MEL_AS_IF_HZ / 2.0);
    if (!rc)
        rc = nd_mel_create(&h->cepstrum_mel, ND_MEL_SLANEY, ND_CEPSTRUM_BANDS,
                           ND_STATISTICS_LONG_FFT, ND_STATISTICS_HZ, 0, ND_STATISTICS_HZ / 2.0);
    return rc ? rc : nd_shape_create(&h->shape, ND_STATISTICS_FFT, ND_STATISTICS_HZ);
}

static int make_room(hearing *h)
{
    for (int i = 0; i < 2; i++) h->part[i] = nd_calloc(N, sizeof(float));
    h->energies = nd_calloc((size_t)T * ND_CEPSTRUM_BANDS, sizeof(float));
    h->rows = nd_calloc((size_t)ROWS * T, sizeof(float));
    return h->part[0] && h->part[1] && h->energies && h->rows ? make_banks(h) : ND_ENOMEM;
}

static void hearing_free(hearing *h)
{
    nd_stft_destroy(&h->stft);
    nd_stft_destroy(&h->long_stft);
    nd_mel_destroy(&h->chroma);
    nd_mel_destroy(&h->long_chroma);
    nd_mel_destroy(&h->mel);
    nd_mel_destroy(&h->cepstrum_mel);
    nd_shape_destroy(&h->shape);
    free(h->part[0]);
    free(h->part[1]);
    free(h->energies);
    free(h->rows);
}

/* ---- rows ------------------------------------------------------------------------------ */

static void put(hearing *h, int row, int64_t t, const float *values, int n)
{
    for (int i = 0; i < n; i++) h->rows[(row + i) * T + t] = values[i];
}

static void hear_short_frame(hearing *h, const float *y, int64_t t)
{
    float power[SHORT_BINS + ND_MEL_SLACK] = {0}, magnitude[SHORT_BINS + ND_MEL_SLACK] = {0};
    float values[MEL];
    int64_t centre = t * ND_STATISTICS_HOP;
    nd_stft_power(h->stft, power, y, N, centre);
    for (int k = 0; k < SHORT_BINS; k++) magnitude[k] = sqrtf(power[k]);
    nd_mel_apply(h->chroma, values, power);
    nd_chroma_normalise(values);
    put(h, CHROMA, t, values, 12);
    nd_mel_apply(h->mel, values, power);
    put(h, MELS, t, values, MEL);
    nd_shape_measure(h->shape, values, magnitude);
    put(h, SHAPE, t, values, ND_SHAPE_ROWS);
    values[0] = nd_zero_crossings(y, N, centre, ND_STATISTICS_FFT);
    put(h, CROSSINGS, t, values, 1);
}

/* Chroma of magnitudes stands in for that of a constant-Q transform. */
static void hear_long_frame(hearing *h, const float *y, int64_t t)
{
    float spectrum[LONG_BINS + ND_MEL_SLACK] = {0}, values[12];
    nd_stft_power(h->long_stft, spectrum, y, N, t * ND_STATISTICS_HOP);
    nd_mel_apply(h->cepstrum_mel, h->energies + t * ND_CEPSTRUM_BANDS, spectrum);
    for (int k = 0; k < LONG_BINS; k++) spectrum[k] = sqrtf(spectrum[k]);
    nd_mel_apply(h->long_chroma, values, spectrum);
    put(h, CENS, t, values, 12);
}

static int make_rows(hearing *h, const float *y)
{
    for (int64_t t = 0; t < T; t++) {
        hear_short_frame(h, y, t);
        hear_long_frame(h, y, t);
    }
    nd_cepstrum(h->rows + MFCC * T, h->energies, T);
    for (int c = 0; c < ND_CEPSTRUM; c++) {
        nd_slope(h->rows + (SLOPES + c) * T, h->rows + (MFCC + c) * T, T);
        nd_slope(h->rows + (CURVES + c) * T, h->rows + (SLOPES + c) * T, T);
    }
    return nd_chroma_cens(h->rows + CENS * T, T);
}

/* ---- numbers ---------------------------------------------------------------------------- */

void nd_log_amplitude(float *x, int64_t n)
{
    const float decibels = 4.34294482F, least = 1e-10F;
    float most = 0;
    for (int64_t i = 0; i < n; i++) {
        x[i] = fabsf(x[i]);
        most = fmaxf(most, x[i]);
    }
    nd_log_floor(&most, 1, least);
    nd_log_floor(x, n, least);
    for (int64_t i = 0; i < n; i++) x[i] = fmaxf(decibels * (x[i] - most), -80);
}

void nd_row_statistics(float out[3], const float *row, int64_t n)
{
    double sum = 0, squares = 0;
    float most = row[0];
    for (int64_t i = 0; i < n; i++) {
        sum += (double)row[i];
        most = fmaxf(most, row[i]);
    }
    for (int64_t i = 0; i < n; i++) {
        double away = (double)row[i] - sum / (double)n;
        squares += away * away;
    }
    out[0] = (float)(sum / (double)n);
    out[1] = (float)(squares / (double)n);
    out[2] = most;
}

/* @param out  means of the part; variances and maxima lie two parts further each */
static void sum_up(float *out, hearing *h)
{
    float *block = h->rows, three[3];
    for (size_t b = 0; b < ND_COUNT(blocks); block += blocks[b++] * T)
        nd_log_amplitude(block, (int64_t)blocks[b] * T);
    for (int r = 0; r < ROWS; r++) {
        nd_row_statistics(three, h->rows + (int64_t)r * T, T);
        for (int i = 0; i < 3; i++) out[i * 2 * ROWS + r] = three[i];
    }
}

/* The middle 29.12 s; a shorter track is followed by silence. */
static int take_middle(hearing *h, const float *x, int64_t n)
{
    int64_t n_there = (n * 3 + 3) / 4, first = ND_MAX(0, (n_there - N) / 2);
    float *middle = nd_calloc(N, sizeof *middle);
    if (!middle) return ND_ENOMEM;
    nd_resample_12k(middle, first, N, x, n);
    int rc = nd_hpss(h->part[0], h->part[1], middle, N);
    free(middle);
    return rc;
}

int nd_track_statistics(float *out, const float *x, int64_t n)
{
    hearing h = {0};
    float *found = nd_calloc(ND_STATISTICS, sizeof *found);
    int rc = found ? make_room(&h) : ND_ENOMEM;
    if (!rc) rc = take_middle(&h, x, n);
    for (int part = 0; part < 2 && !rc; part++) {
        rc = make_rows(&h, h.part[part]);
        if (!rc) sum_up(found + part * ROWS, &h);
    }
    if (!rc) memcpy(out, found, ND_STATISTICS * sizeof *out);
    hearing_free(&h);
    free(found);
    return rc;
}
