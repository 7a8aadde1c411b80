/* Timbre: where the energy of each clip lies.
 *
 * Everything comes from the mean power spectrum of the clip (Hann windows of
 * 64 ms, side by side), so that loud moments count and pauses do not:
 * centroid = sum f P / sum P; flatness = geometric over arithmetic mean of P
 * (Peeters, A large set of audio features, 2004, 6.1.1 and 9.1, on power in
 * place of amplitude); the shares of the energy below 250 Hz and above 2 kHz.
 * White noise has a flatness near 1 since its mean spectrum is level. DC does
 * not count. Silence gives 0 throughout.
 */
#include <math.h>

#include "describe/describe.h"

enum { N_FFT = 1024, N_BINS = N_FFT / 2 + 1 };
static const double low_hz = 250, high_hz = 2000;
static const float loudest = 16;           /* of a sample: keeps powers finite */
static const double silence_power = 1e-12; /* mean square, -120 dB of full scale */

typedef struct {
    double centroid_hz, flatness, low_ratio, high_ratio;
} timbre;

/* sum [N_BINS] = power over the whole windows in x [n].
 * @return windows taken */
static int sum_spectra(double *sum, nd_rfft *fft, const float *window, const float *x, int64_t n)
{
    float frame[N_FFT], power[N_BINS];
    int n_windows = 0;
    for (int k = 0; k < N_BINS; k++) sum[k] = 0;
    for (int64_t at = 0; at + N_FFT <= n; at += N_FFT, n_windows++) {
        for (int i = 0; i < N_FFT; i++)
            frame[i] = window[i] * ND_CLAMP(x[at + i], -loudest, loudest);
        nd_rfft_power(fft, power, frame);
        for (int k = 0; k < N_BINS; k++) sum[k] += power[k];
    }
    return n_windows;
}

/* A Hann window spreads DC over bins 0 and 1: neither counts. */
static timbre read_spectrum(const double *sum, double bin_hz, int n_windows)
{
    enum { FIRST = 2 };
    double total = 0, moment = 0, low = 0, high = 0, logs = 0;
    for (int k = FIRST; k < N_BINS; k++) {
        double hz = k * bin_hz;
        total += sum[k];
        moment += hz * sum[k];
        if (hz < low_hz) low += sum[k];
        if (hz > high_hz) high += sum[k];
    }
    /* Parseval with a Hann window: sum P = 3/16 n^2 x mean square. */
    double mean_square = n_windows ? total / n_windows * 16 / 3 / ((double)N_FFT * N_FFT) : 0;
    if (mean_square < silence_power) return (timbre){0};
    double mean = total / (N_BINS - FIRST);
    for (int k = FIRST; k < N_BINS; k++) logs += log(sum[k] / mean + 1e-12);
    return (timbre){.centroid_hz = moment / total,
                    .flatness = fmin(exp(logs / (N_BINS - FIRST)), 1),
                    .low_ratio = low / total,
                    .high_ratio = high / total};
}

static int hear(nd_description *d, const nd_music_input *in, nd_diag *diag)
{
    static const char *const names[] = {"clip_centroid_hz", "clip_flatness", "clip_low_ratio",
                                        "clip_high_ratio"};
    const nd_samples *s = in->samples;
    int64_t n_clips = nd_clip_count(d->analysed_s), clip_n = (int64_t)(ND_CLIP_S * s->rate_hz);
    float window[N_FFT], *values[ND_COUNT(names)];
    double sum[N_BINS];
    nd_rfft *fft = NULL;
    int rc = nd_rfft_create(&fft, N_FFT);
    for (size_t i = 0; i < ND_COUNT(names) && !rc; i++) {
        nd_array *a = nd_description_add(d, names[i], ND_F32, 1, &n_clips);
        if (!a) rc = ND_ENOMEM;
        else values[i] = a->f32;
    }
    for (int i = 0; i < N_FFT; i++) window[i] = (float)(0.5 - 0.5 * cos(2 * M_PI * i / N_FFT));
    for (int64_t c = 0; c < n_clips && !rc; c++) {
        int64_t first = ND_MIN(c * clip_n, s->n), n = ND_MIN(clip_n, s->n - first);
        int n_windows = sum_spectra(sum, fft, window, s->data + first, n);
        timbre t = read_spectrum(sum, (double)s->rate_hz / N_FFT, n_windows);
        values[0][c] = (float)t.centroid_hz;
        values[1][c] = (float)t.flatness;
        values[2][c] = (float)t.low_ratio;
        values[3][c] = (float)t.high_ratio;
    }
    nd_rfft_destroy(&fft);
    return rc ? nd_diag_set(diag, rc, "measuring timbre: out of memory") : 0;
}

const nd_feature_ops nd_feature_timbre = {
    .name = "timbre",
    .summary = "spectral centroid, flatness, low and high share of each clip",
    .paper = "Peeters 2004, A large set of audio features for sound description",
    .medium = ND_MUSIC,
    .arrays = (const char *const[]){"clip_centroid_hz", "clip_flatness", "clip_low_ratio",
                                    "clip_high_ratio", NULL},
    .is_default = true,
    .hear = hear,
};
