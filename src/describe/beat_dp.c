/* Beats by dynamic programming as librosa 0.11 finds them: rules 6-11 of
 * models.md 7. One tempo for the whole envelope from its autocorrelation, then
 * the chain of frames that best balances onset strength against even spacing.
 * Source: Ellis, "Beat tracking by dynamic programming", JNMR 36 (2007). */
#include <math.h>
#include <string.h>

#include "describe/hearing.h"

static const double FRAME_HZ = (double)ND_MUSIC_RATE_HZ / ND_ONSET_HOP;
enum { LAGS = 8 * ND_MUSIC_RATE_HZ / ND_ONSET_HOP }; /* 8 s of frames: 250 */
static const double TIGHTNESS = 100;

/* ---- rule 6: tempo ------------------------------------------------------------- */

/* The envelope between two linear ramps to zero. @param out  [t + 2 (LAGS / 2)] */
static void pad_with_ramps(float *out, const float *onset, int64_t t)
{
    const int pad = LAGS / 2;
    for (int i = 0; i < pad; i++) {
        out[i] = onset[0] * (float)i / pad;
        out[pad + t + i] = onset[t - 1] * (float)(pad - 1 - i) / pad;
    }
    memcpy(out + pad, onset, (size_t)t * sizeof *out);
}

/* mean [LAGS] += autocorrelation of x [LAGS] x window, divided by its maximum. */
static void add_autocorrelation(double *mean, const float *x, const float *window)
{
    enum { LANES = 8 };
    float frame[LAGS + LANES + LAGS] = {0}, ac[LAGS];
    for (int i = 0; i < LAGS; i++) frame[i] = x[i] * window[i];
    for (int lag = 0; lag < LAGS; lag++) {
        float lane[LANES] = {0}, sum = 0;
        for (int i = 0; i + lag < LAGS; i += LANES)
            for (int k = 0; k < LANES; k++) lane[k] += frame[i + k] * frame[i + k + lag];
        for (int k = 0; k < LANES; k++) sum += lane[k];
        ac[lag] = sum;
    }
    if (!(ac[0] > 0)) return;
    for (int lag = 0; lag < LAGS; lag++) mean[lag] += ac[lag] / ac[0];
}

/* The lag with the best of evidence and prior, as bpm. */
static double best_tempo(const double *mean)
{
    double best = -INFINITY, tempo = 0;
    for (int lag = 1; lag < LAGS; lag++) {
        double bpm = 60 * FRAME_HZ / lag, octaves = log2(bpm / 120);
        double score = log1p(1e6 * mean[lag]) - octaves * octaves / 2;
        if (bpm < 320 && score > best) best = score, tempo = bpm;
    }
    return tempo;
}

static int estimate_tempo(double *out, const float *onset, int64_t t)
{
    float window[LAGS];
    double mean[LAGS] = {0};
    float *padded = nd_calloc((size_t)t + LAGS, sizeof *padded);
    if (!padded) return ND_ENOMEM;
    for (int i = 0; i < LAGS; i++) window[i] = (float)(0.5 - 0.5 * cos(2 * M_PI * i / LAGS));
    pad_with_ramps(padded, onset, t);
    for (int64_t i = 0; i < t; i++) add_autocorrelation(mean, padded + i, window);
    for (int lag = 0; lag < LAGS; lag++) mean[lag] /= (double)t;
    *out = best_tempo(mean);
    free(padded);
    return 0;
}

/* ---- rules 7, 8: score, chain ----------------------------------------------------- */

static double standard_deviation(const float *x, int64_t n)
{
    double mean = 0, squares = 0;
    for (int64_t i = 0; i < n; i++) mean += x[i] / (double)n;
    for (int64_t i = 0; i < n; i++) squares += (x[i] - mean) * (x[i] - mean);
    return sqrt(squares / (double)ND_MAX(n - 1, 1));
}

/* Rule 7: the envelope blurred by a Gaussian of 1/32 of a beat.
 * @param weight  [2 period + 1] scratch */
static void local_score(double *score, const float *onset, int64_t t, int period, double *weight)
{
    double deviation = fmax(standard_deviation(onset, t), 1e-30);
    for (int k = -period; k <= period; k++)
        weight[k + period] = exp(-pow(32.0 * k / period, 2) / 2) / deviation;
    for (int64_t i = 0; i < t; i++) {
        int64_t lo = ND_MAX(0, i - period), hi = ND_MIN(t - 1, i + period);
        score[i] = 0;
        for (int64_t j = lo; j <= hi; j++) score[i] += weight[j - i + period] * onset[j];
    }
}

static double maximum(const double *x, int64_t n)
{
    double best = x[0];
    for (int64_t i = 1; i < n; i++) best = fmax(best, x[i]);
    return best;
}

/* Rule 8. @param cost  [2 period + 1] by distance */
static void chain_frames(double *total, int64_t *back, const double *score, int64_t t, int period,
                         const double *cost)
{
    double threshold = 0.01 * maximum(score, t);
    bool started = false;
    int nearest = (int)nearbyint(period / 2.0);
    for (int64_t i = 0; i < t; i++) {
        double best = -INFINITY;
        int64_t from = -1;
        for (int step = nearest; step <= 2 * period && step <= i; step++)
            if (total[i - step] - cost[step] > best)
                best = total[i - step] - cost[step], from = i - step;
        total[i] = from >= 0 ? score[i] + best : score[i];
        started = started || score[i] >= threshold;
        back[i] = started ? from : -1;
    }
}

/* ---- rules 9, 10: the end, the trim -------------------------------------------------- */

static bool is_peak(const double *x, int64_t n, int64_t i)
{
    return i > 0 && x[i] > x[i - 1] && (i + 1 == n || x[i] >= x[i + 1]);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Rule 9. @param peaks  [t] scratch */
static int64_t last_beat(const double *total, int64_t t, double *peaks)
{
    size_t n = 0;
    for (int64_t i = 0; i < t; i++)
        if (is_peak(total, t, i)) peaks[n++] = total[i];
    if (!n) return t - 1;
    qsort(peaks, n, sizeof *peaks, by_value);
    double median = (peaks[(n - 1) / 2] + peaks[n / 2]) / 2;
    int64_t i = t - 1;
    while (i > 0 && !(is_peak(total, t, i) && total[i] >= median / 2)) i--;
    return i;
}

/* Half the root mean square of the scores at the beats, blurred by Hann(5). */
static double trim_threshold(const double *score, const int32_t *beats, int64_t n)
{
    double squares = 0;
    for (int64_t i = 0; i < n + 2; i++) {
        double mid = i < n ? score[beats[i]] : 0;
        double left = i >= 1 && i - 1 < n ? score[beats[i - 1]] : 0;
        double right = i + 1 < n ? score[beats[i + 1]] : 0;
        double blurred = mid + (left + right) / 2;
        squares += blurred * blurred;
    }
    return sqrt(squares / (double)(n + 2)) / 2;
}

/* Rule 10. @return beats left */
static int64_t trim_beats(int32_t *beats, int64_t n, const double *score, int64_t t)
{
    double threshold = trim_threshold(score, beats, n);
    int64_t first = 0, last = t - 1, kept = 0;
    while (first < t && score[first] <= threshold) first++;
    while (last >= 0 && score[last] <= threshold) last--;
    for (int64_t i = 0; i < n; i++)
        if (beats[i] >= first && beats[i] <= last) beats[kept++] = beats[i];
    return kept;
}

static int64_t follow_links(int32_t *beats, const int64_t *back, int64_t end)
{
    int64_t n = 0;
    for (int64_t i = end; i >= 0; i = back[i]) beats[n++] = (int32_t)i;
    for (int64_t i = 0; i < n / 2; i++) {
        int32_t x = beats[i];
        beats[i] = beats[n - 1 - i];
        beats[n - 1 - i] = x;
    }
    return n;
}

static int track_at(int32_t *beats_out, int64_t *n_out, const float *onset, int64_t t, int period)
{
    double *score = nd_calloc((size_t)t, sizeof *score),
           *total = nd_calloc((size_t)t, sizeof *total);
    double *scratch = nd_calloc((size_t)t, sizeof *scratch);
    double *cost = nd_calloc((size_t)period * 2 + 1, sizeof *cost);
    int64_t *back = nd_calloc((size_t)t, sizeof *back);
    int rc = ND_ENOMEM;
    if (!score || !total || !scratch || !cost || !back) goto fail;
    local_score(score, onset, t, period, cost);
    for (int step = 1; step <= 2 * period; step++)
        cost[step] = TIGHTNESS * pow(log(step) - log(period), 2);
    chain_frames(total, back, score, t, period, cost);
    int64_t n = follow_links(beats_out, back, last_beat(total, t, scratch));
    *n_out = trim_beats(beats_out, n, score, t);
    rc = 0;
fail:
    free(score);
    free(total);
    free(scratch);
    free(cost);
    free(back);
    return rc;
}

int nd_beat_track_published(int32_t *beats_out, int64_t *n_out, double *tempo_out,
                            const float *onset, int64_t t)
{
    bool sounds = false;
    for (int64_t i = 0; i < t; i++) sounds = sounds || onset[i] > 0;
    if (!sounds) {
        *n_out = 0;
        *tempo_out = 0;
        return 0;
    }
    double tempo;
    int rc = estimate_tempo(&tempo, onset, t);
    if (!rc) rc = track_at(beats_out, n_out, onset, t, (int)nearbyint(60 * FRAME_HZ / tempo));
    if (!rc) *tempo_out = tempo;
    return rc;
}
