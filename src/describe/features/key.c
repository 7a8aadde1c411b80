/* Key: major or minor on which note.
 *
 * Peaks of the spectrum (0.5 s windows, 55 to 2,200 Hz, parabolic
 * interpolation) fall into 120 bins of 10 cents round the octave. Their
 * common offset from A 440 (circular mean over the semitone) is the tuning; the
 * bins are folded to 12 around it. Each peak also speaks, more weakly, for the
 * notes of which it may be the 3rd or 5th harmonic (Gomez, Tonal description of
 * polyphonic audio for music content processing, 2006). A peak weighs the
 * root of its amplitude, so that no instrument decides alone. The key is the rotation
 * of a profile that correlates best (Krumhansl 1990). Silence gives C major
 * with strength 0 and a level chroma.
 */
#include <math.h>

#include "describe/describe.h"

enum { N_FFT = 8192, HOP = 4096, N_BINS = N_FFT / 2 + 1, PER_SEMITONE = 10, N_FINE = 120 };

static const double lowest_hz = 55, highest_hz = 2200;
static const float peak_floor = 1e-5f;    /* of the frame's greatest, power */
static const float loudest = 16;          /* of a sample: keeps powers finite */
static const float silence_power = 1e-4f; /* of a peak: a sine at -110 dB */

/* Shares of the twelve notes from the tonic up: Albrecht, Shanahan, The use of
 * large corpora to train a new type of key-finding algorithm, Music Perception
 * 31 (2013). Chosen for that paper's comparison, where they find minor keys
 * better than Krumhansl's and Temperley's; on our five pieces of known tonic
 * they do as well as Krumhansl's (4) and better than Temperley's (1 and 2). */
static const double profiles[2][12] = {
    {0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081},
    {0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052},
};

/* Add the peaks of one power spectrum to fine [N_FINE]; bin 0 is A. */
static void add_peaks(double *fine, const float *power, double bin_hz)
{
    int first = (int)ceil(lowest_hz / bin_hz), last = (int)(highest_hz / bin_hz);
    float greatest = 0;
    for (int k = first; k <= last; k++) greatest = fmaxf(greatest, power[k]);
    float least = fmaxf(greatest * peak_floor, silence_power);
    for (int k = first; k <= last; k++) {
        if (power[k] < least || power[k] <= power[k - 1] || power[k] < power[k + 1]) continue;
        double a = log(power[k - 1] + 1e-20), b = log(power[k]), c = log(power[k + 1] + 1e-20);
        double at = k + 0.5 * (a - c) / (a - 2 * b + c);
        double semitones = 12 * log2(at * bin_hz / 440);
        int bin = (int)floor(semitones * PER_SEMITONE + 0.5) % N_FINE;
        fine[bin < 0 ? bin + N_FINE : bin] += sqrtf(sqrtf(power[k]));
    }
}

/* The tuning's offset from A 440 in semitones, -0.5 .. 0.5. */
static double find_tuning(const double *fine)
{
    double x = 0, y = 0;
    for (int i = 0; i < N_FINE; i++) {
        x += fine[i] * cos(2 * M_PI * i / PER_SEMITONE);
        y += fine[i] * sin(2 * M_PI * i / PER_SEMITONE);
    }
    return atan2(y, x) / (2 * M_PI);
}

/* chroma [12] from C on, sum 1; cos^2 weight around each tuned note. */
static void fold(double *chroma, const double *fine)
{
    static const struct {
        double semitones, weight;
    } harmonics[] = {{0, 1}, {19.02, 0.3}, {27.86, 0.09}};
    double tuning = find_tuning(fine), sum = 0;
    for (int note = 0; note < 12; note++) {
        chroma[note] = 0;
        for (size_t h = 0; h < ND_COUNT(harmonics); h++)
            for (int i = 0; i < N_FINE; i++) {
                double from = (double)i / PER_SEMITONE - tuning - harmonics[h].semitones;
                double away = remainder(from - (note - 9), 12);
                if (fabs(away) >= 0.5) continue;
                double weight = cos(M_PI * away);
                chroma[note] += harmonics[h].weight * weight * weight * fine[i];
            }
        sum += chroma[note];
    }
    for (int note = 0; note < 12; note++) chroma[note] = sum > 0 ? chroma[note] / sum : 1.0 / 12;
}

/* Pearson's correlation of chroma, read from `key` on, with a profile. */
static double correlation(const double *chroma, const double *profile, int key)
{
    double mean = 0, product = 0, x2 = 0, y2 = 0;
    for (int i = 0; i < 12; i++) mean += profile[i] / 12;
    for (int i = 0; i < 12; i++) {
        double x = chroma[(key + i) % 12] - 1.0 / 12, y = profile[i] - mean;
        product += x * y;
        x2 += x * x;
        y2 += y * y;
    }
    return x2 > 1e-12 ? product / sqrt(x2 * y2) : 0;
}

static int find_fine(double *fine, const nd_samples *s)
{
    float *window = nd_calloc(N_FFT, sizeof *window), *frame = nd_calloc(N_FFT, sizeof *frame);
    float *power = nd_calloc(N_BINS, sizeof *power);
    nd_rfft *fft = NULL;
    int rc = window && frame && power ? nd_rfft_create(&fft, N_FFT) : ND_ENOMEM;
    for (int i = 0; i < N_FFT && !rc; i++)
        window[i] = (float)(0.5 - 0.5 * cos(2 * M_PI * i / N_FFT));
    for (int64_t at = 0; at < s->n && !rc; at += HOP) {
        int64_t n = ND_MIN(N_FFT, s->n - at);
        for (int i = 0; i < N_FFT; i++)
            frame[i] = i < n ? window[i] * ND_CLAMP(s->data[at + i], -loudest, loudest) : 0;
        nd_rfft_power(fft, power, frame);
        add_peaks(fine, power, (double)s->rate_hz / N_FFT);
    }
    nd_rfft_destroy(&fft);
    free(window);
    free(frame);
    free(power);
    return rc;
}

static int hear(nd_description *d, const nd_music_input *in, nd_diag *diag)
{
    double fine[N_FINE] = {0}, chroma[12], best = 0;
    int32_t key = 0, is_minor = 0;
    int rc = find_fine(fine, in->samples);
    if (rc) return nd_diag_set(diag, rc, "finding the key: out of memory");
    fold(chroma, fine);
    for (int mode = 0; mode < 2; mode++)
        for (int k = 0; k < 12; k++) {
            double r = correlation(chroma, profiles[mode], k);
            if (r <= best) continue;
            best = r;
            key = k;
            is_minor = mode;
        }
    nd_array *a = nd_description_add(d, "key", ND_I32, 0, NULL);
    if (a) a->i32[0] = key;
    if (a) a = nd_description_add(d, "key_is_minor", ND_I32, 0, NULL);
    if (a) a->i32[0] = is_minor;
    if (!a || nd_description_add_scalar(d, "key_strength", best)) rc = ND_ENOMEM;
    float shares[12];
    for (int i = 0; i < 12; i++) shares[i] = (float)chroma[i];
    if (!rc) rc = nd_description_add_f32(d, "chroma", shares, 12);
    return rc ? nd_diag_set(diag, rc, "keeping the key: out of memory") : 0;
}

const nd_feature_ops nd_feature_key = {
    .name = "key",
    .summary = "key, major or minor, and its strength",
    .paper = "Gomez 2006 (chroma); Krumhansl 1990 (correlation)",
    .medium = ND_MUSIC,
    .arrays = (const char *const[]){"key", "key_is_minor", "key_strength", "chroma", NULL},
    .is_default = true,
    .hear = hear,
};
