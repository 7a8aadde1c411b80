/* What a track offers to a beat tracker: accents in five bands at 100 Hz, and
 * running chroma at 10 Hz.
 *
 * Accents are SuperFlux on Kaldi's log-mel frames: the rise over 20 ms against
 * the largest of three neighbouring bands, so that vibrato and slides do not
 * count. Levels more than 12 nepers of power (52 dB) below the track's loud parts
 * are raised to that floor first, so that noise between notes does not count.
 * Each band is measured in units of its own strength, half of it taken over 4 s
 * and half over the track: soft passages keep a pulse, rests stay quiet.
 * Source: Boeck, Widmer, Maximum filter vibrato suppression for onset detection,
 * DAFx 2013. The constants are set by hand. */
#include <math.h>
#include <string.h>

#include "describe/hearing.h"

enum { BANDS = ND_ACCENT_BANDS, MEL = ND_FBANK_BANDS, LAG = 2, HALF_WINDOW = 200 };

/* Mel bands of a group: below 175 Hz, 530 Hz, 1.35 kHz, 3 kHz, 8 kHz. */
static const int GROUP_END[BANDS] = {6, 16, 32, 52, MEL};
static const float GROUP_WEIGHT[BANDS] = {1.5F, 1, 1, 1, 1}; /* bass carries the beat */

static const float RANGE_NEPERS = 12;
static const double LEAST_RISE = 0.01;     /* nepers: below it a steady sound flickers */
static const double LEAST_DEVIATION = 0.1; /* of the normalised accents */
static const float FLOOR_LN = -15.942385F; /* of nd_fbank_compute */

/* ---- accents -------------------------------------------------------------------- */

/* The level that 1 in 100 values exceeds, by a histogram of 1/16 neper. */
static float loud_level(const float *mel, int64_t n)
{
    enum { BINS = 1024 };
    int64_t count[BINS] = {0}, above = 0;
    for (int64_t i = 0; i < n; i++) {
        int k = (int)((mel[i] - FLOOR_LN) * 16);
        count[ND_CLAMP(k, 0, BINS - 1)]++;
    }
    int k = BINS - 1;
    while (k > 0 && (above += count[k]) * 100 < n) k--;
    return FLOOR_LN + (float)k / 16;
}

/* out [80] = largest of in [80] among three neighbours. */
static void widest(float *out, const float *in)
{
    float padded[MEL + 2];
    padded[0] = in[0];
    padded[MEL + 1] = in[MEL - 1];
    memcpy(padded + 1, in, MEL * sizeof *in);
    for (int m = 0; m < MEL; m++) {
        float a = padded[m] > padded[m + 1] ? padded[m] : padded[m + 1];
        out[m] = a > padded[m + 2] ? a : padded[m + 2];
    }
}

static void group_rises(float *band, const float *now, const float *before)
{
    float rise[MEL], wide[MEL];
    widest(wide, before);
    for (int m = 0; m < MEL; m++) rise[m] = now[m] > wide[m] ? now[m] - wide[m] : 0;
    for (int g = 0, m = 0; g < BANDS; g++) {
        float sum = 0;
        int first = m;
        for (; m < GROUP_END[g]; m++) sum += rise[m];
        band[g] = sum / (float)(m - first);
    }
}

/* Divide column g of band by the mean of its local and its global power. */
static void normalise_band(float *band, int64_t t, int g, double *sum)
{
    sum[0] = 0;
    for (int64_t i = 0; i < t; i++)
        sum[i + 1] = sum[i] + (double)band[i * BANDS + g] * band[i * BANDS + g];
    double global = sum[t] / (double)t;
    for (int64_t i = 0; i < t; i++) {
        int64_t lo = ND_MAX(0, i - HALF_WINDOW), hi = ND_MIN(t, i + HALF_WINDOW);
        double local = (sum[hi] - sum[lo]) / (double)(hi - lo);
        band[i * BANDS + g] /= (float)sqrt((local + global) / 2 + LEAST_RISE * LEAST_RISE);
    }
}

static void combine_bands(nd_evidence *e)
{
    double sum = 0, squares = 0, total_weight = 0;
    for (int g = 0; g < BANDS; g++) total_weight += GROUP_WEIGHT[g];
    for (int64_t i = 0; i < e->t; i++) {
        double x = 0;
        for (int g = 0; g < BANDS; g++) x += GROUP_WEIGHT[g] * e->band[i * BANDS + g];
        e->accent[i] = (float)(x / total_weight);
        sum += e->accent[i];
        squares += (double)e->accent[i] * e->accent[i];
    }
    double mean = sum / (double)e->t;
    double deviation = sqrt(fmax(squares / (double)e->t - mean * mean, 0));
    if (!(deviation > LEAST_DEVIATION)) {
        memset(e->accent, 0, (size_t)e->t * sizeof *e->accent);
        return;
    }
    for (int64_t i = 0; i < e->t; i++) e->accent[i] /= (float)deviation;
    e->mean_accent = (float)(mean / deviation);
}

/* mel [t, 80] is changed. */
static int find_accents(nd_evidence *e, float *mel)
{
    float floor = fmaxf(loud_level(mel, e->t * MEL) - RANGE_NEPERS, FLOOR_LN + 1);
    double *sum = nd_calloc((size_t)e->t + 1, sizeof *sum);
    if (!sum) return ND_ENOMEM;
    for (int64_t i = 0; i < e->t; i++) {
        float *row = mel + i * MEL;
        bool sounds = false;
        for (int m = 0; m < MEL; m++) {
            sounds |= row[m] > floor;
            row[m] = row[m] > floor ? row[m] : floor;
        }
        e->sounds[i] = sounds;
        for (int m = 0; m < GROUP_END[0]; m++) e->bass[i] += row[m] / (float)GROUP_END[0];
        if (i >= LAG) group_rises(e->band + i * BANDS, row, row - LAG * MEL);
    }
    for (int g = 0; g < BANDS; g++) normalise_band(e->band, e->t, g, sum);
    combine_bands(e);
    free(sum);
    return 0;
}

/* ---- chroma ----------------------------------------------------------------------- */

enum { PITCHES = 48, HOP = ND_MUSIC_RATE_HZ / ND_CHROMA_HZ };

/* Power of the 48 semitones from A2 (110 Hz) on, centred frames. */
static int pitch_power(float *pitch, int64_t n_frames, const float *x, int64_t n)
{
    nd_mel *mel = NULL;
    double below = 440 * exp2(-25.0 / 12), above = 440 * exp2(24.0 / 12);
    int rc = nd_mel_create(&mel, ND_MEL_PITCH, PITCHES, ND_ONSET_FFT, ND_MUSIC_RATE_HZ, below,
                           above);
    if (!rc) rc = nd_mel_spectrogram(pitch, n_frames, HOP, mel, x, n);
    nd_mel_destroy(&mel);
    return rc;
}

/* Octaves folded after ln(1 + power / (mean / 300)): loud notes do not drown others. */
static int sum_chroma(nd_evidence *e, const float *x, int64_t n)
{
    int64_t n_values = e->n_chroma * PITCHES;
    float *pitch = nd_calloc((size_t)e->n_chroma, PITCHES * sizeof *pitch);
    int rc = pitch ? pitch_power(pitch, e->n_chroma, x, n) : ND_ENOMEM;
    if (rc) goto fail;
    double total = 0;
    for (int64_t i = 0; i < n_values; i++) total += pitch[i];
    float scale = total > 0 ? (float)(300 * (double)e->n_chroma / total) : 0;
    for (int64_t i = 0; i < n_values; i++) pitch[i] = 1 + scale * pitch[i];
    nd_log_floor(pitch, n_values, 1);
    for (int64_t k = 0; k < e->n_chroma; k++) {
        double *now = e->chroma_sum + k * 12;
        for (int c = 0; c < 12; c++) now[12 + c] = now[c];
        for (int p = 0; p < PITCHES; p++) now[12 + p % 12] += pitch[k * PITCHES + p];
    }
fail:
    free(pitch);
    return rc;
}

/* Integral of class c over chroma frames up to position at (in frames). */
static double chroma_until(const nd_evidence *e, double at, int c)
{
    at = ND_CLAMP(at, 0, (double)e->n_chroma);
    int64_t k = ND_MIN((int64_t)at, e->n_chroma - 1);
    const double *s = e->chroma_sum + k * 12 + c;
    return s[0] + (at - (double)k) * (s[12] - s[0]);
}

double nd_evidence_chord_change(const nd_evidence *e, double time_s, double span_s)
{
    double at = time_s * ND_CHROMA_HZ + 0.5, span = span_s * ND_CHROMA_HZ;
    double dot = 0, before = 0, after = 0;
    for (int c = 0; c < 12; c++) {
        double middle = chroma_until(e, at, c);
        double a = middle - chroma_until(e, at - span, c);
        double b = chroma_until(e, at + span, c) - middle;
        dot += a * b;
        before += a * a;
        after += b * b;
    }
    return before > 0 && after > 0 ? 1 - dot / sqrt(before * after) : 0;
}

/* ---- all of it ------------------------------------------------------------------------ */

int nd_evidence_create(nd_evidence **out, const float *x, int64_t n)
{
    nd_evidence *e = nd_calloc(1, sizeof *e);
    if (!e) return ND_ENOMEM;
    e->t = nd_fbank_frame_count(n);
    e->n_chroma = 1 + n / HOP;
    int rc = ND_ENOMEM;
    float *mel = nd_calloc((size_t)e->t, MEL * sizeof *mel);
    e->band = nd_calloc((size_t)e->t, BANDS * sizeof *e->band);
    e->accent = nd_calloc((size_t)e->t, sizeof *e->accent);
    e->bass = nd_calloc((size_t)e->t, sizeof *e->bass);
    e->sounds = nd_calloc((size_t)e->t, sizeof *e->sounds);
    e->chroma_sum = nd_calloc((size_t)e->n_chroma + 1, 12 * sizeof *e->chroma_sum);
    if (!mel || !e->band || !e->accent || !e->bass || !e->sounds || !e->chroma_sum) goto fail;
    rc = nd_fbank_compute(mel, x, n);
    if (!rc && e->t > 0) rc = find_accents(e, mel);
    if (!rc) rc = sum_chroma(e, x, n);
fail:
    free(mel);
    if (rc) nd_evidence_destroy(&e);
    else *out = e;
    return rc;
}

void nd_evidence_destroy(nd_evidence **e)
{
    if (!e || !*e) return;
    free((*e)->band);
    free((*e)->accent);
    free((*e)->bass);
    free((*e)->sounds);
    free((*e)->chroma_sum);
    free(*e);
    *e = NULL;
}
