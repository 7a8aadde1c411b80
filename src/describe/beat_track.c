/* The beat tracker of `beat`: evidence, a first pulse, its level, the pulse again at
 * that level, then each beat moved to the attack that is heard, and places in the
 * bar. The pulse is steady; where a steady one explains little, one that bends more
 * easily has a try (expressive playing); where that fails too, there is no beat.
 *
 * Nothing is learned: every constant is set by hand, with the ten tunes of
 * bench/beat.c and tracks of clicks and drums (tests/describe/test_beat.c) in view.
 * ATTACK_DELAY_S lies between sharp clicks (1-2 ms from attack to peak) and the
 * notes of sampled instruments, which take about 10 ms to speak. */
#include <math.h>
#include <string.h>

#include "describe/hearing.h"

static const double FIRST_BPM = 120, FIRST_OCTAVES = 0.8; /* prior of the first pulse */
static const double LEVEL_OCTAVES = 0.15;                 /* and about the chosen level */
static const double THRESHOLD = 1.5; /* what a beat costs, in deviations of the accents */
static const double STEADY = 150, BENDING = 60; /* inertia; the second where the first fails */
static const double LEAST_PULSE = 0.03;         /* of R(beat): noise, rain, wind have less */
static const double LEAST_GAP_S = 0.05;         /* between two beats that moved */
static const double GRID_REWARD = 2;            /* for the chosen level's grid, in deviations */
static const double GRID_FRAMES = 2;            /* its width */
static const double ATTACK_DELAY_S = 0.004;     /* from an attack to the peak of its accent */

typedef struct tracker {
    nd_evidence *e;
    float *reward, *centre; /* [e->t] */
    int32_t *frames;        /* beats */
    double *time_s;
    int64_t n;
    nd_level level;
} tracker;

static double frame_time(double frame)
{
    return ND_ACCENT_START_S + frame / ND_ACCENT_HZ;
}

static int run_pulse(tracker *k, double octaves, double inertia)
{
    int rc = nd_pulse_track(k->frames, &k->n, k->reward, k->centre, k->e->t, octaves, inertia);
    for (int64_t i = 0; i < k->n && !rc; i++) k->time_s[i] = frame_time(k->frames[i]);
    return rc;
}

/* A first pulse and its level. */
static int first_pulse(tracker *k, double inertia)
{
    float centre = (float)log2(60 * ND_ACCENT_HZ / FIRST_BPM);
    for (int64_t i = 0; i < k->e->t; i++) {
        k->reward[i] = k->e->accent[i] - (float)THRESHOLD;
        k->centre[i] = centre;
    }
    k->level.pulse = 0;
    int rc = run_pulse(k, FIRST_OCTAVES, inertia);
    if (!rc && k->n >= 2) rc = nd_level_choose(&k->level, k->e, k->time_s, k->n);
    return rc;
}

/* Reward frames near the chosen level's grid. */
static void reward_grid(tracker *k)
{
    int64_t n_cells = (k->n - 1) * ND_CELLS;
    for (int64_t c = k->level.phase; c < n_cells; c += k->level.cells) {
        int64_t i = c / ND_CELLS;
        double part = (double)(c % ND_CELLS) / ND_CELLS;
        double at = k->frames[i] + part * (k->frames[i + 1] - k->frames[i]);
        int64_t first = (int64_t)ceil(at - 3 * GRID_FRAMES), last = (int64_t)(at + 3 * GRID_FRAMES);
        for (int64_t f = ND_MAX(first, 0); f <= last && f < k->e->t; f++) {
            double off = ((double)f - at) / GRID_FRAMES;
            k->reward[f] += (float)(GRID_REWARD * exp(-off * off / 2));
        }
    }
}

/* The interval to expect at each frame: the first pulse's, over eight beats, at the
 * level; where the first pulse ran an octave off the track's usual tempo, not there. */
static int expect_intervals(tracker *k)
{
    float *interval = nd_calloc((size_t)k->n, sizeof *interval);
    if (!interval) return ND_ENOMEM;
    for (int64_t i = 0; i + 1 < k->n; i++) interval[i] = (float)(k->frames[i + 1] - k->frames[i]);
    double usual = log2(nd_quantile(interval, (size_t)k->n - 1, 0.5) * k->level.cells / ND_CELLS);
    free(interval);
    int64_t f = 0;
    for (int64_t i = 0; i < k->n; i++) {
        int64_t lo = ND_MAX(0, i - 4), hi = ND_MIN(k->n - 1, i + 4);
        double mean = (double)(k->frames[hi] - k->frames[lo]) / (double)(hi - lo);
        double centre = log2(mean * k->level.cells / ND_CELLS);
        centre -= nearbyint(centre - usual);
        int64_t end = i + 1 < k->n ? k->frames[i + 1] : k->e->t;
        for (; f < end; f++) k->centre[f] = (float)centre;
    }
    return 0;
}

/* Frames from a beat to the accent's strongest peak within 30 ms, between frames by
 * a parabola; 0 where nothing peaks. */
static double shift_to_peak(const nd_evidence *e, int64_t at)
{
    enum { REACH = 3 };
    const float *a = e->accent;
    int64_t best = -1;
    for (int64_t f = ND_MAX(1, at - REACH); f <= at + REACH && f + 1 < e->t; f++)
        if (a[f] > a[f - 1] && a[f] >= a[f + 1] && (best < 0 || a[f] > a[best])) best = f;
    if (best < 0 || a[best] <= e->mean_accent) return 0;
    double bend = a[best - 1] - 2 * a[best] + a[best + 1];
    return (double)(best - at) + (a[best - 1] - a[best + 1]) / (2 * bend);
}

static void move_to_attacks(tracker *k)
{
    double last = -LEAST_GAP_S;
    for (int64_t i = 0; i < k->n; i++) {
        double frame = (double)k->frames[i] + shift_to_peak(k->e, k->frames[i]);
        k->time_s[i] = last = fmax(frame_time(frame) - ATTACK_DELAY_S, last + LEAST_GAP_S);
    }
}

static int track(tracker *k)
{
    double inertia = STEADY;
    int rc = first_pulse(k, inertia);
    if (!rc && k->level.pulse < LEAST_PULSE) rc = first_pulse(k, inertia = BENDING);
    if (rc || k->level.pulse < LEAST_PULSE) {
        k->n = 0;
        return rc;
    }
    reward_grid(k);
    rc = expect_intervals(k);
    if (!rc) rc = run_pulse(k, LEVEL_OCTAVES, inertia);
    if (!rc) move_to_attacks(k);
    return rc;
}

/* Drop beats before the first and after the last sound; one beat alone is none. */
static void trim_silence(tracker *k)
{
    int64_t first = 0, last = k->e->t - 1, kept = 0;
    while (first <= last && !k->e->sounds[first]) first++;
    while (last > first && !k->e->sounds[last]) last--;
    for (int64_t i = 0; i < k->n; i++) {
        if (k->time_s[i] < frame_time((double)first - 5)) continue;
        if (k->time_s[i] > frame_time((double)last + 5)) continue;
        k->frames[kept] = k->frames[i];
        k->time_s[kept++] = k->time_s[i];
    }
    k->n = kept < 2 ? 0 : kept;
}

/* ---- what comes out ------------------------------------------------------------------- */

static float salience_at(const nd_evidence *e, double time_s)
{
    int64_t f = (int64_t)nearbyint((time_s - ND_ACCENT_START_S) * ND_ACCENT_HZ);
    float best = 0;
    for (int64_t i = ND_MAX(0, f - 2); i <= f + 2 && i < e->t; i++)
        best = fmaxf(best, e->accent[i]);
    return best > 0 ? best / (best + 3 * e->mean_accent) : 0;
}

/* Median over spans of many beats, since beats lie on frames of 10 ms: half the track, up
 * to 32 beats, which is within 0.1 % and still follows the longer part of a change. */
static double median_tempo(const double *time_s, int64_t n, float *scratch)
{
    int64_t span = n > 16 ? ND_MIN(32, (n - 1) / 2) : ND_MIN(8, n - 1);
    if (span < 1) return 0;
    for (int64_t i = 0; i + span < n; i++) scratch[i] = (float)(time_s[i + span] - time_s[i]);
    return 60 * (double)span / nd_quantile(scratch, (size_t)(n - span), 0.5);
}

static int fill_beats(nd_beats *b, const tracker *k)
{
    b->time_s = nd_calloc((size_t)k->n, sizeof *b->time_s);
    b->salience = nd_calloc((size_t)k->n, sizeof *b->salience);
    b->position = nd_calloc((size_t)k->n, sizeof *b->position);
    if (!b->time_s || !b->salience || !b->position) return ND_ENOMEM;
    b->n = k->n;
    memcpy(b->time_s, k->time_s, (size_t)k->n * sizeof *b->time_s);
    b->tempo_bpm = median_tempo(b->time_s, b->n, b->salience); /* salience as scratch */
    for (int64_t i = 0; i < b->n; i++) b->salience[i] = salience_at(k->e, b->time_s[i]);
    return nd_bar_track(b->position, &b->metre, k->e, b->time_s, b->n, k->level.lead_3);
}

int nd_beats_create(nd_beats **out, const float *x, int64_t n)
{
    tracker k = {0};
    nd_beats *b = nd_calloc(1, sizeof *b);
    int rc = b ? nd_evidence_create(&k.e, x, n) : ND_ENOMEM;
    if (rc) goto fail;
    size_t most = (size_t)k.e->t / ND_PULSE_SHORTEST + 2;
    k.reward = nd_calloc((size_t)k.e->t, sizeof *k.reward);
    k.centre = nd_calloc((size_t)k.e->t, sizeof *k.centre);
    k.frames = nd_calloc(most, sizeof *k.frames);
    k.time_s = nd_calloc(most, sizeof *k.time_s);
    rc = k.reward && k.centre && k.frames && k.time_s ? 0 : ND_ENOMEM;
    if (!rc && k.e->mean_accent > 0) rc = track(&k);
    if (rc) goto fail;
    trim_silence(&k);
    rc = fill_beats(b, &k);
fail:
    if (rc) nd_beats_destroy(&b);
    else *out = b;
    free(k.reward);
    free(k.centre);
    free(k.frames);
    free(k.time_s);
    nd_evidence_destroy(&k.e);
    return rc;
}

void nd_beats_destroy(nd_beats **b)
{
    if (!b || !*b) return;
    free((*b)->time_s);
    free((*b)->salience);
    free((*b)->position);
    free(*b);
    *b = NULL;
}
