/* Which metrical level of a pulse is the beat: half, double, 3/2 of it, ..
 *
 * The first pulse bends with the music, so it is a ruler of musical time. Each of
 * its beats is cut in 12 cells, and the accents are read there. For a cycle of p
 * cells, R(p) is the share of the accents' variance (five bands, adjusted for the
 * degrees of freedom) that the mean over cycles explains. In music R climbs at
 * each level of the metre, tatum, beat, half bar, bar, and hardly beyond; lengths
 * that are no level explain nothing. Every candidate of beat and bar is scored by
 *   R(beat), R(bar), how much R gains up to the bar and not after it, a prior of the
 *   bar's length (log-normal about 2 s), and accents off the beat that outdo those on it.
 * Then the best candidate is weighed against its half and its double, because R and
 * the prior hardly tell octaves apart. Two beats in a row say more:
 *   a back-beat, the bass on one and the upper bands on the other, is at the beat;
 *   a second beat without bass, with nothing between the beats, is an off-beat.
 * The phase of a beat is where the accents are strongest, or half a beat away when
 * the harmony changes there instead (a strong off-beat bass).
 * The weights are set by hand from that reasoning; those of the octave on 120 tracks of
 * `needledrop synth` (seeds 101 to 103) and on plain drums at 60 to 200 bpm. */
#include <math.h>
#include <string.h>

#include "describe/hearing.h"

enum { BANDS = ND_ACCENT_BANDS, MAX_CELLS = 36, MAX_CYCLE = 2 * 4 * MAX_CELLS };

static const double SLOWEST_BPM = 52, FASTEST_BPM = 216;
static const double PRIOR_BAR_S = 2, PRIOR_OCTAVES = 0.8;
static const double BAR_WEIGHT = 0.5, BEAT_WEIGHT = 0.5, GAIN_WEIGHT = 2;
static const double OFF_WEIGHT = 0.5, EMPTY_WEIGHT = 1, EMPTY_SHARE = 0.2;
static const double BACK_BEAT_WEIGHT = 1, OFF_BEAT_WEIGHT = 5, LEAD_SHARE = 0.4,
                    BETWEEN_SHARE = 0.5;
static const double TRIPLE_COST = 0.3, HARMONY_WEIGHT = 2.5;

/* Beats of a candidate, in cells of the first pulse: x 1, 2, 1/2, 3/2, 2/3, .. */
static const int CANDIDATES[] = {12, 6, 24, 8, 18, 4, 36, 9, 16};

typedef struct ruler {
    int64_t n;               /* cells */
    double *time_s;          /* [n] */
    float *band;             /* [n, BANDS] accents there */
    float *accent;           /* [n] all bands */
    double bpm;              /* of the first pulse */
    double r[MAX_CYCLE + 1]; /* R(p), negative while unknown */
} ruler;

/* ---- accents in musical time -------------------------------------------------------- */

static double deviation(const float *x, int64_t n, int stride)
{
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < n; i++) {
        sum += x[i * stride];
        squares += (double)x[i * stride] * x[i * stride];
    }
    double mean = sum / (double)n;
    return sqrt(fmax(squares / (double)n - mean * mean, 0));
}

/* The largest of three frames about each cell, no more than six deviations. */
static void read_column(float *out, int out_stride, const ruler *r, const float *x, int stride,
                        int64_t t)
{
    float most = (float)(6 * deviation(x, t, stride));
    for (int64_t i = 0; i < r->n; i++) {
        double at = nearbyint((r->time_s[i] - ND_ACCENT_START_S) * ND_ACCENT_HZ);
        int64_t f = (int64_t)ND_CLAMP(at, 0, (double)(t - 1));
        float best = x[f * stride];
        if (f > 0) best = fmaxf(best, x[(f - 1) * stride]);
        if (f + 1 < t) best = fmaxf(best, x[(f + 1) * stride]);
        out[i * out_stride] = fminf(best, most);
    }
}

static int ruler_init(ruler *r, const nd_evidence *e, const double *beats_s, int64_t n)
{
    r->n = (n - 1) * ND_CELLS;
    r->time_s = nd_calloc((size_t)r->n, sizeof *r->time_s);
    r->band = nd_calloc((size_t)r->n, BANDS * sizeof *r->band);
    r->accent = nd_calloc((size_t)r->n, sizeof *r->accent);
    float *interval = nd_calloc((size_t)n, sizeof *interval);
    if (!r->time_s || !r->band || !r->accent || !interval) {
        free(interval);
        return ND_ENOMEM;
    }
    for (int64_t i = 0; i + 1 < n; i++) {
        interval[i] = (float)(beats_s[i + 1] - beats_s[i]);
        for (int c = 0; c < ND_CELLS; c++)
            r->time_s[i * ND_CELLS + c] = beats_s[i] + (double)interval[i] * c / ND_CELLS;
    }
    r->bpm = 60 / nd_quantile(interval, (size_t)n - 1, 0.5);
    free(interval);
    for (int g = 0; g < BANDS; g++) read_column(r->band + g, BANDS, r, e->band + g, BANDS, e->t);
    read_column(r->accent, 1, r, e->accent, 1, e->t);
    for (int p = 0; p <= MAX_CYCLE; p++) r->r[p] = -1;
    return 0;
}

static void ruler_deinit(ruler *r)
{
    free(r->time_s);
    free(r->band);
    free(r->accent);
}

/* ---- cycles ------------------------------------------------------------------------- */

/* Adjusted share of column g's variance that its mean over cycles of p explains. */
static double explained(const ruler *r, int g, int p, int64_t n_cycles)
{
    double sum[MAX_CYCLE] = {0}, squares = 0, all = 0, between = 0;
    int64_t n = n_cycles * p;
    for (int64_t i = 0; i < n_cycles; i++)
        for (int c = 0; c < p; c++) {
            double x = r->band[(i * p + c) * BANDS + g];
            sum[c] += x;
            squares += x * x;
        }
    for (int c = 0; c < p; c++) {
        all += sum[c];
        between += sum[c] * sum[c];
    }
    double total = squares - all * all / (double)n, rest = squares - between / (double)n_cycles;
    if (!(total > 1e-9 * squares)) return 0;
    return 1 - (rest / (double)(n - p)) / (total / (double)(n - 1));
}

/* R(p): mean over bands, 0 when fewer than three cycles fit. */
static double cycle_strength(ruler *r, int p)
{
    if (r->r[p] >= 0) return r->r[p];
    int64_t n_cycles = r->n / p;
    double sum = 0;
    for (int g = 0; g < BANDS && n_cycles >= 3; g++) sum += explained(r, g, p, n_cycles);
    return r->r[p] = fmax(0, sum / BANDS);
}

static double strongest_divisor(ruler *r, int p)
{
    double best = 0;
    for (int q = 2; q <= 3; q++)
        if (p % q == 0) best = fmax(best, cycle_strength(r, p / q));
    return best;
}

/* ---- candidates ----------------------------------------------------------------------- */

/* profile [cycle]: mean of x [n] over cycles. */
static void fold(double *profile, const float *x, int64_t n, int cycle)
{
    int64_t n_cycles = n / cycle;
    memset(profile, 0, (size_t)cycle * sizeof *profile);
    for (int64_t i = 0; i < n_cycles * cycle; i++) profile[i % cycle] += x[i] / (double)n_cycles;
}

static int strongest_phase(const ruler *r, int cells)
{
    double profile[MAX_CELLS];
    fold(profile, r->accent, r->n, cells);
    int best = 0;
    for (int c = 1; c < cells; c++)
        if (profile[c] > profile[best]) best = c;
    return best;
}

/* How far the strongest cell off the beat outdoes the weaker of two beats. */
static double off_beat_excess(const ruler *r, int cells)
{
    double profile[2 * MAX_CELLS], off = 0;
    int phase = strongest_phase(r, cells);
    fold(profile, r->accent, r->n, 2 * cells);
    for (int c = 0; c < 2 * cells; c++)
        if (c % cells != phase) off = fmax(off, profile[c]);
    double one = profile[phase], other = profile[phase + cells];
    return one + other > 0 ? fmax(0, off - fmin(one, other)) * 2 / (one + other) : 0;
}

/* 0..1: some beat of the bar is (nearly) silent beside the loudest one. */
static double emptiness(const ruler *r, int cells, int metre)
{
    double profile[4 * MAX_CELLS], weakest = INFINITY, loudest = 0;
    int phase = strongest_phase(r, cells);
    fold(profile, r->accent, r->n, cells * metre);
    for (int c = phase; c < cells * metre; c += cells) {
        weakest = fmin(weakest, profile[c]);
        loudest = fmax(loudest, profile[c]);
    }
    return loudest > 0 ? fmax(0, 1 - weakest / loudest / EMPTY_SHARE) : 1;
}

static double score_candidate(ruler *r, int cells, int metre, double most)
{
    double beat = cycle_strength(r, cells), bar = cycle_strength(r, cells * metre);
    double gain = bar - strongest_divisor(r, cells * metre);
    double growth = fmax(0, cycle_strength(r, 2 * cells * metre) - bar);
    double bar_s = 60 / r->bpm * cells * metre / ND_CELLS;
    double octaves = log2(bar_s / PRIOR_BAR_S) / PRIOR_OCTAVES;
    return (BAR_WEIGHT * bar + BEAT_WEIGHT * beat + GAIN_WEIGHT * (gain - growth)) / most -
           octaves * octaves / 2 - OFF_WEIGHT * off_beat_excess(r, cells) -
           EMPTY_WEIGHT * emptiness(r, cells, metre) - (metre == 3 ? TRIPLE_COST : 0);
}

static bool is_candidate(const ruler *r, int cells)
{
    double bpm = r->bpm * ND_CELLS / cells;
    return bpm >= SLOWEST_BPM && bpm <= FASTEST_BPM && r->n >= 2 * cells;
}

/* ---- octaves --------------------------------------------------------------------------- */

/* Accents of a band on even beats and on odd ones. */
typedef struct pairs {
    double even, odd; /* means; 0 with fewer than two beats */
    double spread;    /* standard deviation of all */
} pairs;

static pairs read_pairs(const ruler *r, int g, int cells, int phase)
{
    double sum[2] = {0}, squares = 0;
    int64_t n[2] = {0}, beat = 0;
    for (int64_t i = phase; i < r->n; i += cells, beat++) {
        double x = r->band[i * BANDS + g];
        sum[beat % 2] += x;
        n[beat % 2]++;
        squares += x * x;
    }
    if (!n[1]) return (pairs){0};
    double mean = (sum[0] + sum[1]) / (double)beat;
    double spread = sqrt(fmax(squares / (double)beat - mean * mean, 0));
    return (pairs){sum[0] / (double)n[0], sum[1] / (double)n[1], spread};
}

/* -1..1: how steadily even beats outdo odd ones: the correlation of the accents with
 * +1, -1, +1, ..; a twentieth of their mean is no difference. */
static double alternation(pairs p)
{
    double half = (p.even - p.odd) / 2, spread = p.spread + 0.05 * (p.even + p.odd) / 2;
    return spread > 1e-9 ? ND_CLAMP(half / spread, -1, 1) : 0;
}

/* 0..1: the bass alternates one way, the bands above 530 Hz the other way. */
static double back_beat(const ruler *r, int cells, int phase)
{
    double bass = alternation(read_pairs(r, 0, cells, phase)), upper = 0;
    for (int g = 2; g < BANDS; g++)
        upper += alternation(read_pairs(r, g, cells, phase)) / (BANDS - 2);
    return sqrt(fmax(0, -bass * upper));
}

/* 0..1: one of two beats has (nearly) all the bass. */
static double bass_lead(const ruler *r, int cells, int phase)
{
    pairs p = read_pairs(r, 0, cells, phase);
    double most = fmax(p.even, p.odd), least = fmin(p.even, p.odd);
    return most > 0 ? fmax(0, 1 - least / most / LEAD_SHARE) : 0;
}

/* 0..1: hardly an accent between the beats, wherever swing may put it. */
static double bareness(const ruler *r, const nd_evidence *e, int cells, int phase)
{
    double on = 0, between = 0;
    for (int64_t i = phase; i + cells < r->n; i += cells) {
        double beat_s = r->time_s[i + cells] - r->time_s[i], from_s = r->time_s[i] + beat_s / 5;
        int64_t first = (int64_t)ceil((from_s - ND_ACCENT_START_S) * ND_ACCENT_HZ);
        int64_t last = first + (int64_t)(beat_s * ND_ACCENT_HZ * 3 / 5);
        float most = 0;
        for (int64_t f = ND_MAX(first, 0); f <= last && f < e->t; f++)
            most = fmaxf(most, e->accent[f]);
        between += most;
        on += r->accent[i];
    }
    return on > 0 ? fmax(0, 1 - between / on / BETWEEN_SHARE) : 0;
}

/* What two beats in a row say for this octave; against it only if it can be halved. */
static double score_octave(const ruler *r, const nd_evidence *e, int cells)
{
    int phase = strongest_phase(r, cells);
    double back = back_beat(r, cells, phase);
    if (!is_candidate(r, 2 * cells)) return BACK_BEAT_WEIGHT * back;
    double bare_off = fmax(0, bass_lead(r, cells, phase) - back) * bareness(r, e, cells, phase);
    return BACK_BEAT_WEIGHT * back - OFF_BEAT_WEIGHT * bare_off;
}

/* ---- the choice ------------------------------------------------------------------------ */

static double strongest_cycle(ruler *r)
{
    static const int MULTIPLES[] = {3, 4, 8};
    double most = 1e-6;
    for (size_t i = 0; i < ND_COUNT(CANDIDATES); i++)
        for (size_t k = 0; k < ND_COUNT(MULTIPLES) && is_candidate(r, CANDIDATES[i]); k++)
            most = fmax(most, cycle_strength(r, CANDIDATES[i] * MULTIPLES[k]));
    return most;
}

/* Harmony's change one beat about cell c + phase, mean over the track. */
static double chord_change_at(const ruler *r, const nd_evidence *e, int cells, int phase)
{
    double span_s = fmin(1, 60 / (r->bpm * ND_CELLS / cells)), sum = 0;
    int64_t n = 0;
    for (int64_t i = phase; i < r->n; i += cells, n++)
        sum += nd_evidence_chord_change(e, r->time_s[i], span_s);
    return n ? sum / (double)n : 0;
}

static double share(double a, double b)
{
    return a + b > 0 ? a / (a + b) : 0.5;
}

/* The strongest phase, or the one half a beat away if the harmony wants it more. */
static int choose_phase(const ruler *r, const nd_evidence *e, int cells)
{
    double profile[MAX_CELLS];
    int on = strongest_phase(r, cells), off = (on + cells / 2) % cells;
    fold(profile, r->accent, r->n, cells);
    double accents = share(profile[on], profile[off]);
    double harmony = share(chord_change_at(r, e, cells, on), chord_change_at(r, e, cells, off));
    return accents + HARMONY_WEIGHT * harmony >= (1 + HARMONY_WEIGHT) / 2 ? on : off;
}

typedef struct candidate {
    int cells;
    double by_3, by_4, score; /* score: the better metre's */
} candidate;

/* @return how many are in range */
static int score_candidates(candidate *out, ruler *r)
{
    int n = 0;
    double most = strongest_cycle(r);
    for (size_t i = 0; i < ND_COUNT(CANDIDATES); i++) {
        if (!is_candidate(r, CANDIDATES[i])) continue;
        candidate *c = &out[n++];
        c->cells = CANDIDATES[i];
        c->by_3 = score_candidate(r, c->cells, 3, most);
        c->by_4 = score_candidate(r, c->cells, 4, most);
        c->score = fmax(c->by_3, c->by_4);
    }
    return n;
}

static const candidate *best_candidate(const candidate *c, int n)
{
    int best = 0;
    for (int i = 1; i < n; i++)
        if (c[i].score > c[best].score) best = i;
    return n ? &c[best] : NULL;
}

/* The best, its half and its double once more, by what tells octaves apart. */
static const candidate *best_octave(candidate *c, int n, const ruler *r, const nd_evidence *e)
{
    const candidate *best = best_candidate(c, n);
    int cells = best ? best->cells : 0;
    for (int i = 0; i < n; i++) {
        bool is_octave = c[i].cells == cells || c[i].cells == 2 * cells || 2 * c[i].cells == cells;
        c[i].score += is_octave ? score_octave(r, e, c[i].cells) : -INFINITY;
    }
    return best_candidate(c, n);
}

int nd_level_choose(nd_level *out, const nd_evidence *e, const double *beats_s, int64_t n)
{
    ruler r = {0};
    nd_level level = {.cells = ND_CELLS, .metre = 4};
    int rc = ruler_init(&r, e, beats_s, n);
    if (rc) goto fail;
    candidate candidates[ND_COUNT(CANDIDATES)];
    int n_candidates = score_candidates(candidates, &r);
    const candidate *best = best_octave(candidates, n_candidates, &r, e);
    if (best) {
        level.cells = best->cells;
        level.lead_3 = best->by_3 - best->by_4;
    }
    level.metre = level.lead_3 > 0 ? 3 : 4;
    level.phase = choose_phase(&r, e, level.cells);
    level.pulse = cycle_strength(&r, level.cells);
    *out = level;
fail:
    ruler_deinit(&r);
    return rc;
}
