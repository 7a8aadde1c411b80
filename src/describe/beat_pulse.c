/* A steady or slowly bending pulse through a reward curve: exact Viterbi.
 *
 * A state is (frame of a beat, interval that led to it):
 *   best[t][k] = reward[t] + prior(k) + max_j (best[t - interval k][j] - |change j to k|)
 * where a change of interval costs `inertia` times the change of its logarithm.
 * That cost is additive along the row of intervals, so the maximum over j for all
 * k takes one sweep up and one sweep down. Only the last 114 rows are kept; the
 * choices of j, a byte each, are kept for the way back. */
#include <math.h>
#include <string.h>

#include "describe/hearing.h"

enum { SHORTEST = ND_PULSE_SHORTEST, INTERVALS = ND_PULSE_LONGEST - SHORTEST + 1, RING = 128 };

typedef struct pulse {
    double log2_interval[INTERVALS];
    double step_cost[INTERVALS];  /* from interval k - 1 to k */
    double ring[RING][INTERVALS]; /* rows after the sweeps */
    uint8_t *from;                /* [t, INTERVALS] */
    double end_score;
    int64_t end_frame;
    int end_interval;
} pulse;

/* row [k] = max_j row [j] - cost(j, k); from [k] = that j. */
static void spread(double *row, uint8_t *from, const double *step_cost)
{
    for (int k = 0; k < INTERVALS; k++) from[k] = (uint8_t)k;
    for (int k = 1; k < INTERVALS; k++)
        if (row[k - 1] - step_cost[k] > row[k])
            row[k] = row[k - 1] - step_cost[k], from[k] = from[k - 1];
    for (int k = INTERVALS - 2; k >= 0; k--)
        if (row[k + 1] - step_cost[k + 1] > row[k])
            row[k] = row[k + 1] - step_cost[k + 1], from[k] = from[k + 1];
}

static void advance(pulse *p, int64_t t, double reward, double centre, double precision,
                    bool is_end)
{
    double *row = p->ring[t % RING];
    for (int k = 0; k < INTERVALS; k++) {
        int64_t before = t - SHORTEST - k;
        double off = p->log2_interval[k] - centre;
        double past = before >= 0 ? p->ring[before % RING][k] : 0;
        row[k] = past + reward - precision * off * off;
    }
    for (int k = 0; k < INTERVALS && is_end; k++)
        if (row[k] > p->end_score) p->end_score = row[k], p->end_frame = t, p->end_interval = k;
    spread(row, p->from + t * INTERVALS, p->step_cost);
}

static int64_t walk_back(const pulse *p, int32_t *beats)
{
    int64_t n = 0, t = p->end_frame;
    for (int k = p->end_interval;;) {
        beats[n++] = (int32_t)t;
        t -= SHORTEST + k;
        if (t < 0) break;
        k = p->from[t * INTERVALS + k];
    }
    for (int64_t i = 0; i < n / 2; i++) {
        int32_t x = beats[i];
        beats[i] = beats[n - 1 - i];
        beats[n - 1 - i] = x;
    }
    return n;
}

int nd_pulse_track(int32_t *beats_out, int64_t *n_out, const float *reward, const float *centre,
                   int64_t t, double octaves, double inertia)
{
    if (t < 1) {
        *n_out = 0;
        return 0;
    }
    int rc = ND_ENOMEM;
    pulse *p = nd_calloc(1, sizeof *p);
    if (!p) return rc;
    p->from = nd_calloc((size_t)t, INTERVALS);
    if (!p->from) goto fail;
    for (int k = 0; k < INTERVALS; k++) {
        p->log2_interval[k] = log2(SHORTEST + k);
        if (k) p->step_cost[k] = inertia * M_LN2 * (p->log2_interval[k] - p->log2_interval[k - 1]);
    }
    p->end_score = -INFINITY;
    for (int64_t i = 0; i < t; i++)
        advance(p, i, reward[i], centre[i], 1 / (2 * octaves * octaves), i >= t - ND_PULSE_LONGEST);
    *n_out = walk_back(p, beats_out);
    rc = 0;
fail:
    free(p->from);
    free(p);
    return rc;
}
