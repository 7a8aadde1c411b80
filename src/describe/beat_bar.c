/* Places in the bar: where the harmony changes and the bass enters.
 *
 * Each beat has a score as a downbeat: how much the chroma of the beat after it
 * differs from that of the beat before it, and its accents in the bass and in all
 * bands, each as a deviation from the track's mean. For bars of 3 and of 4 beats, a
 * Viterbi over the place in the bar collects the scores of the downbeats, and pays
 * for each place where the count starts anew. The metre whose downbeats stand out
 * more (sum over the square root of their number) wins, with the lead of the
 * accents' cycles added. The weights are set by hand. */
#include <math.h>
#include <string.h>

#include "describe/hearing.h"

enum { MAX_METRE = 4 };

static const double CHORD_WEIGHT = 0.5; /* for a span of one beat and of two */
static const double BASS_WEIGHT = 0.8;
static const double BAND_WEIGHT[ND_ACCENT_BANDS] = {0.3, 0.1, 0, -0.1, -0.1};
static const double RESTART_COST = 8;
static const double CYCLE_WEIGHT = 6;

/* x [n] to mean 0, deviation 1, and no further than 3. */
static void standardise(double *x, int64_t n)
{
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < n; i++) sum += x[i];
    for (int64_t i = 0; i < n; i++) squares += pow(x[i] - sum / (double)n, 2);
    double deviation = sqrt(squares / (double)n);
    for (int64_t i = 0; i < n; i++)
        x[i] = deviation > 1e-9 ? ND_CLAMP((x[i] - sum / (double)n) / deviation, -3, 3) : 0;
}

static float largest_near(const float *x, int stride, int64_t t, double time_s)
{
    int64_t f = (int64_t)nearbyint((time_s - ND_ACCENT_START_S) * ND_ACCENT_HZ);
    float best = 0;
    for (int64_t i = ND_MAX(0, f - 2); i <= f + 2 && i < t; i++) best = fmaxf(best, x[i * stride]);
    return best;
}

/* The bass's level in the 60 ms after an attack. */
static float bass_after(const nd_evidence *e, double time_s)
{
    int64_t f = (int64_t)nearbyint((time_s - ND_ACCENT_START_S) * ND_ACCENT_HZ);
    float best = -INFINITY;
    for (int64_t i = ND_MAX(0, f); i <= f + 6 && i < e->t; i++) best = fmaxf(best, e->bass[i]);
    return best;
}

/* score [n] += weight x standardised scratch [n] */
static void add_evidence(double *score, double *scratch, int64_t n, double weight)
{
    standardise(scratch, n);
    for (int64_t i = 0; i < n; i++) score[i] += weight * scratch[i];
}

/* score [n], scratch [n] */
static void score_downbeats(double *score, double *scratch, const nd_evidence *e,
                            const double *beats_s, int64_t n)
{
    double interval_s = (beats_s[n - 1] - beats_s[0]) / (double)(n - 1);
    for (int span = 1; span <= 2; span++) {
        for (int64_t i = 0; i < n; i++)
            scratch[i] = nd_evidence_chord_change(e, beats_s[i], span * interval_s);
        add_evidence(score, scratch, n, CHORD_WEIGHT);
    }
    for (int g = 0; g < ND_ACCENT_BANDS; g++) {
        for (int64_t i = 0; i < n; i++)
            scratch[i] = largest_near(e->band + g, ND_ACCENT_BANDS, e->t, beats_s[i]);
        add_evidence(score, scratch, n, BAND_WEIGHT[g]);
    }
    for (int64_t i = 0; i < n; i++) scratch[i] = bass_after(e, beats_s[i]);
    add_evidence(score, scratch, n, BASS_WEIGHT);
    standardise(score, n);
}

/* position [n] 1..metre. @param from  [n, MAX_METRE] scratch
 * @return how far the downbeats stand out: their mean score in standard errors. */
static double count_bars(int32_t *position, const double *score, int64_t n, int metre,
                         uint8_t *from)
{
    double best[MAX_METRE];
    for (int64_t i = 0; i < n; i++) {
        double now[MAX_METRE] = {0};
        for (int p = 0; p < metre; p++) {
            int last = (p + metre - 1) % metre;
            now[p] = i ? best[last] : 0;
            from[i * MAX_METRE + p] = (uint8_t)last;
            for (int q = 0; q < metre && i && p == 0; q++)
                if (best[q] - RESTART_COST > now[0])
                    now[0] = best[q] - RESTART_COST, from[i * MAX_METRE] = (uint8_t)q;
            if (p == 0) now[p] += score[i];
        }
        memcpy(best, now, sizeof best);
    }
    int p = 0, n_bars = 0;
    for (int q = 1; q < metre; q++)
        if (best[q] > best[p]) p = q;
    double sum = 0;
    for (int64_t i = n - 1; i >= 0; p = from[i * MAX_METRE + p], i--) {
        position[i] = p + 1;
        if (p == 0) sum += score[i], n_bars++;
    }
    return n_bars ? sum / sqrt(n_bars) : 0;
}

int nd_bar_track(int32_t *position_out, int *metre_out, const nd_evidence *e, const double *beats_s,
                 int64_t n, double lead_3)
{
    if (n < 2) {
        *metre_out = 0;
        return 0;
    }
    int rc = ND_ENOMEM;
    double *score = nd_calloc((size_t)n, sizeof *score),
           *scratch = nd_calloc((size_t)n, sizeof *scratch);
    uint8_t *from = nd_calloc((size_t)n, MAX_METRE);
    int32_t *by_3 = nd_calloc((size_t)n, sizeof *by_3);
    if (!score || !scratch || !from || !by_3) goto fail;
    score_downbeats(score, scratch, e, beats_s, n);
    double stand_3 = count_bars(by_3, score, n, 3, from);
    double stand_4 = count_bars(position_out, score, n, 4, from);
    *metre_out = stand_3 + CYCLE_WEIGHT * lead_3 > stand_4 ? 3 : 4;
    if (*metre_out == 3) memcpy(position_out, by_3, (size_t)n * sizeof *by_3);
    rc = 0;
fail:
    free(score);
    free(scratch);
    free(from);
    free(by_3);
    return rc;
}
