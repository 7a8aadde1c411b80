/* Mel bands, sparse; a logarithm that vectorises; Kaldi's log-mel frames.
 *
 * A band touches few bins, so a row keeps its first bin and its weights. Rows
 * are summed in eight lanes, a fixed order that compilers turn into SIMD without
 * leave to reorder sums. */
#include <math.h>
#include <string.h>

#include "describe/hearing.h"

enum { LANES = 8 };

static double kaldi_mel(double hz)
{
    return 1127 * log(1 + hz / 700);
}

/* Slaney's Auditory Toolbox: 200/3 Hz a mel to 1 kHz, then 27 steps for 6.4. */
static double slaney_mel(double hz)
{
    return hz < 1000 ? hz * 3 / 200 : 15 + log(hz / 1000) * 27 / log(6.4);
}

static double slaney_hz(double mel)
{
    return mel < 15 ? mel * 200 / 3 : 1000 * exp((mel - 15) * log(6.4) / 27);
}

/* Semitones above 440 Hz. */
static double pitch_mel(double hz)
{
    return 12 * log2(fmax(hz, 1) / 440);
}

static double (*const TO_MEL[])(double) = {
    [ND_MEL_KALDI] = kaldi_mel, [ND_MEL_SLANEY] = slaney_mel, [ND_MEL_PITCH] = pitch_mel};

/* Height at x of the triangle with feet a, c and top b. */
static double triangle(double x, double a, double b, double c)
{
    return fmax(0, fmin((x - a) / (b - a), (c - x) / (c - b)));
}

typedef struct band_grid {
    nd_mel_scale scale;
    double low, step; /* mel of the first foot; mels between band centres */
    double bin_hz;
} band_grid;

static double grid_weight(const band_grid *g, int band, int bin)
{
    double hz = bin * g->bin_hz;
    double a = g->low + band * g->step, b = a + g->step, c = b + g->step;
    if (g->scale != ND_MEL_SLANEY) return triangle(TO_MEL[g->scale](hz), a, b, c);
    a = slaney_hz(a), b = slaney_hz(b), c = slaney_hz(c);
    return triangle(hz, a, b, c) * 2 / (c - a);
}

/* First bin and padded number of bins of a row. */
static void row_extent(int *first, int *length, const band_grid *g, int band, int n_bins)
{
    int lo = 0, hi;
    while (lo < n_bins && grid_weight(g, band, lo) <= 0) lo++;
    for (hi = lo; hi < n_bins && grid_weight(g, band, hi) > 0;) hi++;
    *first = lo < n_bins ? lo : 0;
    *length = (hi - lo + LANES - 1) / LANES * LANES;
}

/* Rows without weights yet. */
static int create_rows(nd_mel **out, int n_bands, int n_bins)
{
    nd_mel *mel = nd_calloc(1, sizeof *mel);
    if (!mel) return ND_ENOMEM;
    mel->n_bands = n_bands;
    mel->n_bins = n_bins;
    mel->first = nd_calloc((size_t)n_bands, sizeof *mel->first);
    mel->length = nd_calloc((size_t)n_bands, sizeof *mel->length);
    if (!mel->first || !mel->length) nd_mel_destroy(&mel);
    *out = mel;
    return mel ? 0 : ND_ENOMEM;
}

int nd_mel_create_wide(nd_mel **out, int n_bands, int n_bins)
{
    nd_mel *mel = NULL;
    int length = (n_bins + LANES - 1) / LANES * LANES;
    if (create_rows(&mel, n_bands, n_bins)) return ND_ENOMEM;
    for (int m = 0; m < n_bands; m++) mel->length[m] = length;
    mel->weight = nd_calloc((size_t)n_bands, (size_t)length * sizeof *mel->weight);
    if (!mel->weight) {
        nd_mel_destroy(&mel);
        return ND_ENOMEM;
    }
    *out = mel;
    return 0;
}

int nd_mel_create(nd_mel **out, nd_mel_scale scale, int n_bands, int n_fft, int rate_hz,
                  double low_hz, double high_hz)
{
    band_grid g = {.scale = scale, .low = TO_MEL[scale](low_hz), .bin_hz = (double)rate_hz / n_fft};
    g.step = (TO_MEL[scale](high_hz) - g.low) / (n_bands + 1);
    nd_mel *mel = NULL;
    if (create_rows(&mel, n_bands, n_fft / 2 + 1)) return ND_ENOMEM;
    size_t total = 0;
    for (int m = 0; m < n_bands; m++) {
        row_extent(&mel->first[m], &mel->length[m], &g, m, mel->n_bins);
        total += (size_t)mel->length[m];
    }
    mel->weight = nd_calloc(total, sizeof *mel->weight);
    if (!mel->weight) goto fail;
    float *w = mel->weight;
    for (int m = 0; m < n_bands; m++)
        for (int i = 0; i < mel->length[m]; i++) {
            int bin = mel->first[m] + i;
            *w++ = bin < mel->n_bins ? (float)grid_weight(&g, m, bin) : 0;
        }
    *out = mel;
    return 0;
fail:
    nd_mel_destroy(&mel);
    return ND_ENOMEM;
}

void nd_mel_destroy(nd_mel **mel)
{
    if (!mel || !*mel) return;
    free((*mel)->first);
    free((*mel)->length);
    free((*mel)->weight);
    free(*mel);
    *mel = NULL;
}

void nd_mel_apply(const nd_mel *mel, float *out, const float *power)
{
    const float *w = mel->weight;
    for (int m = 0; m < mel->n_bands; m++) {
        const float *p = power + mel->first[m];
        float lane[LANES] = {0};
        for (int i = 0; i < mel->length[m]; i += LANES, w += LANES, p += LANES)
            for (int k = 0; k < LANES; k++) lane[k] += w[k] * p[k];
        out[m] = ((lane[0] + lane[4]) + (lane[1] + lane[5])) +
                 ((lane[2] + lane[6]) + (lane[3] + lane[7]));
    }
}

/* x = 2^e m with m in [sqrt(1/2), sqrt(2)): ln x = e ln 2 + 2 atanh((m-1)/(m+1)),
 * five terms of the series (remainder under 1e-9). */
void nd_log_floor(float *x, int64_t n, float floor)
{
    for (int64_t i = 0; i < n; i++) {
        float v = x[i] > floor ? x[i] : floor;
        int32_t bits;
        memcpy(&bits, &v, sizeof bits);
        int32_t e = (bits - 0x3f3504f3) >> 23; /* 0x3f3504f3: sqrt(1/2) */
        bits -= e * (1 << 23);
        float m;
        memcpy(&m, &bits, sizeof m);
        float s = (m - 1) / (m + 1), z = s * s;
        float series = 2 + z * (2.0F / 3 + z * (2.0F / 5 + z * (2.0F / 7 + z * (2.0F / 9))));
        x[i] = (float)e * 0.693147182F + s * series;
    }
}

int64_t nd_fbank_frame_count(int64_t n_samples)
{
    return n_samples < ND_FBANK_WINDOW ? 0 : 1 + (n_samples - ND_FBANK_WINDOW) / ND_FBANK_HOP;
}

/* Symmetric Hann to the power 0.85. */
static void povey_window(float *w)
{
    for (int i = 0; i < ND_FBANK_WINDOW; i++)
        w[i] = (float)pow(0.5 - 0.5 * cos(2 * M_PI * i / (ND_FBANK_WINDOW - 1)), 0.85);
}

/* DC removal, pre-emphasis (the first sample is its own past), window. In double, as
 * the FFT after it: bands near the floor beside loud ones keep their digits. */
static void fbank_frame(double *frame, const float *x, const float *window)
{
    double lane[LANES] = {0}, sum = 0, centred[1 + ND_FBANK_WINDOW];
    for (int i = 0; i < ND_FBANK_WINDOW; i += LANES)
        for (int k = 0; k < LANES; k++) lane[k] += (double)x[i + k];
    for (int k = 0; k < LANES; k++) sum += lane[k];
    double mean = sum / ND_FBANK_WINDOW;
    for (int i = 0; i < ND_FBANK_WINDOW; i++) centred[1 + i] = (double)x[i] - mean;
    centred[0] = centred[1];
    for (int i = 0; i < ND_FBANK_WINDOW; i++)
        frame[i] = (centred[1 + i] - 0.97 * centred[i]) * (double)window[i];
    memset(frame + ND_FBANK_WINDOW, 0, (ND_FBANK_FFT - ND_FBANK_WINDOW) * sizeof *frame);
}

int nd_fbank_compute(float *out, const float *x, int64_t n)
{
    float window[ND_FBANK_WINDOW];
    double frame[ND_FBANK_FFT];
    float power[ND_FBANK_FFT / 2 + 1 + ND_MEL_SLACK] = {0};
    nd_mel *mel = NULL;
    nd_rfft *fft = NULL;
    int rc = nd_mel_create(&mel, ND_MEL_KALDI, ND_FBANK_BANDS, ND_FBANK_FFT, ND_MUSIC_RATE_HZ, 20,
                           8000);
    if (!rc) rc = nd_rfft_create_wide(&fft, ND_FBANK_FFT);
    if (rc) goto fail;
    povey_window(window);
    int64_t n_frames = nd_fbank_frame_count(n);
    for (int64_t t = 0; t < n_frames; t++) {
        fbank_frame(frame, x + t * ND_FBANK_HOP, window);
        nd_rfft_power_wide(fft, power, frame);
        nd_mel_apply(mel, out + t * ND_FBANK_BANDS, power);
    }
    nd_log_floor(out, n_frames * ND_FBANK_BANDS, 0x1p-23F);
fail:
    nd_rfft_destroy(&fft);
    nd_mel_destroy(&mel);
    return rc;
}
