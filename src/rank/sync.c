/* Cuts on beats: where to start the track, and how well the cuts then fall.
 *
 * Viewers judge picture and music as better matched where accents of both fall together,
 * most of all for simple material; with real film scenes alignment counts for less beside
 * the mood (Lipscomb, Kendall 1994, Psychomusicology 13; Lipscomb 2005, Selected Reports in
 * Ethnomusicology 12). Formal and semantic congruence each add to how music bears on the
 * picture (Bolivar, Cohen, Fentress 1994, Psychomusicology 13).
 *
 * A cut that meets a beat dt away counts exp(-dt^2 / (2 sigma^2)), sigma = 40 ms: about a
 * frame at 25 a second. A downbeat counts 1, another beat 0.85, less where it is hardly heard; a
 * fade counts 0.3 of a cut. The mean over the cuts is compared with what a random start
 * would give, the share of time that beats cover: value = (mean - chance) / (1 - chance).
 * Where no beat was heard both are 0, and so is the value; where none was looked for (the array
 * is absent) it is not known.
 *
 * The search: each pair of a cut and a near beat votes for the start beat - cut, in bins of
 * 10 ms over the range; the votes are smoothed by the same Gaussian; the highest bin, with
 * a parabola through its neighbours, is the start. Beats under a looping track repeat.
 */
#include <math.h>

#include "rank/parts.h"

enum { N_BINS = 512, N_TAPS = 12 };
#define SIGMA_S     0.040
#define BIN_S       0.010
#define MAX_RANGE_S 4.0

static double beat_weight(const nd_heard *m, int64_t k)
{
    double salience = m->beat_salience ? m->beat_salience[k] : 1;
    if (!(salience >= 0)) salience = 0;
    double weight = m->beat_position && m->beat_position[k] == 1 ? 1 : 0.85;
    return weight * (0.85 + 0.15 * ND_MIN(salience, 1.0));
}

static bool is_fade(const nd_seen *v, int64_t k)
{
    return v->cut_kind && v->cut_kind[k] == 1;
}

static bool is_inside(const nd_seen *v, int64_t k)
{
    return v->cuts_s[k] > 0 && v->cuts_s[k] < v->length_s;
}

double nd_time_under(double t, double track_s, double video_s)
{
    return track_s < video_s && t >= track_s ? fmod(t, track_s) : t;
}

int64_t nd_first_beat(const float *beats_s, int64_t n, double t)
{
    int64_t lo = 0, hi = n;
    while (lo < hi) {
        int64_t mid = lo + (hi - lo) / 2;
        if ((double)beats_s[mid] < t) lo = mid + 1;
        else hi = mid;
    }
    return lo;
}

static double track_time(const nd_seen *v, const nd_heard *m, double t)
{
    return nd_time_under(t, m->length_s, v->length_s);
}

static int64_t first_beat(const nd_heard *m, double t)
{
    return nd_first_beat(m->beats_s, m->n_beats, t);
}

/* ---- the search ---------------------------------------------------------------- */

/* Votes of one cut for the starts from_s + bin * BIN_S. */
static void vote(float *votes, const nd_seen *v, const nd_heard *m, int64_t cut, double from_s,
                 double to_s)
{
    double under_s = track_time(v, m, from_s + v->cuts_s[cut]);
    double weight = is_fade(v, cut) ? 0.3 : 1;
    for (int64_t k = first_beat(m, under_s); k < m->n_beats; k++) {
        double bin = (m->beats_s[k] - under_s) / BIN_S;
        if (!(bin >= 0 && bin <= (to_s - from_s) / BIN_S && bin < N_BINS - 1)) break;
        int below = (int)bin;
        double vote_weight = weight * beat_weight(m, k), above = bin - below;
        votes[below] += (float)(vote_weight * (1 - above));
        votes[below + 1] += (float)(vote_weight * above);
    }
}

/* out [first .. last] from votes [first - N_TAPS .. last + N_TAPS]. */
static void smooth_votes(float *out, const float *votes, int first, int last)
{
    for (int i = first; i <= last; i++) out[i] = votes[i];
    for (int k = 1; k <= N_TAPS; k++) {
        double d = k * BIN_S / SIGMA_S;
        float tap = (float)exp(-0.5 * d * d);
        for (int i = first; i <= last; i++) out[i] += tap * (votes[i - k] + votes[i + k]);
    }
}

/* Place of the top of the parabola through three values, -0.5 .. 0.5. */
static double parabola_top(double before, double top, double after)
{
    double bend = before - 2 * top + after;
    return bend < 0 ? ND_CLAMP(0.5 * (before - after) / bend, -0.5, 0.5) : 0;
}

static double search(const nd_seen *v, const nd_heard *m, double from_s, double to_s)
{
    float votes[N_BINS] = {0}, score[N_BINS];
    int margin = N_TAPS + 1, best = margin, last = margin + (int)((to_s - from_s) / BIN_S);
    double base_s = from_s - margin * BIN_S;
    for (int64_t k = 0; k < v->n_cuts; k++)
        if (is_inside(v, k)) vote(votes, v, m, k, base_s, to_s + margin * BIN_S);
    smooth_votes(score, votes, margin - 1, last + 1);
    for (int i = best + 1; i <= last; i++)
        if (score[i] > score[best]) best = i;
    if (score[best] <= 0) return from_s;
    double top = parabola_top(score[best - 1], score[best], score[best + 1]);
    return ND_CLAMP(base_s + (best + top) * BIN_S, from_s, to_s);
}

/* The first downbeat in the range, else the first beat, else its beginning. */
static double first_downbeat(const nd_heard *m, double from_s, double to_s)
{
    double start_s = -1;
    for (int64_t k = first_beat(m, from_s); k < m->n_beats; k++) {
        double beat_s = m->beats_s[k];
        if (!(beat_s >= from_s && beat_s <= to_s)) break;
        if (start_s < 0) start_s = beat_s;
        if (m->beat_position && m->beat_position[k] == 1) return beat_s;
    }
    return start_s < 0 ? from_s : start_s;
}

/* ---- the measure ----------------------------------------------------------------- */

/* What a cut at time t of the track counts; *nearest_out is the beat that gives it. */
static double meet(const nd_heard *m, double t, int64_t *nearest_out)
{
    int64_t after = first_beat(m, t);
    double best = 0;
    *nearest_out = -1;
    for (int64_t k = ND_MAX(after - 1, 0); k <= after && k < m->n_beats; k++) {
        double d = (m->beats_s[k] - t) / SIGMA_S;
        double counts = beat_weight(m, k) * exp(-0.5 * d * d);
        if (!(counts > best)) continue;
        best = counts;
        *nearest_out = k;
    }
    return best;
}

/* What a cut at a random moment of the window counts on average. */
static double chance(const nd_seen *v, const nd_heard *m, double start_s)
{
    bool loops = m->length_s < v->length_s;
    double from_s = loops ? 0 : start_s, to_s = loops ? m->length_s : start_s + v->length_s;
    double sum = 0;
    for (int64_t k = first_beat(m, from_s); k < m->n_beats && m->beats_s[k] <= to_s; k++)
        sum += beat_weight(m, k);
    double mean = sum * SIGMA_S * sqrt(2 * 3.14159265358979323846) / ND_MAX(to_s - from_s, 1e-3);
    return ND_MIN(mean, 0.9);
}

/* Hard cuts are counted for people; fades too where there is nothing else. */
static void count_one(nd_sync *s, const nd_heard *m, double t, int64_t nearest)
{
    s->n_cuts++;
    if (nearest < 0 || fabs(m->beats_s[nearest] - t) > ND_ON_BEAT_S) return;
    s->n_on_beat++;
    if (m->beat_position && m->beat_position[nearest] == 1) s->n_on_downbeat++;
}

static void measure(nd_sync *s, const nd_seen *v, const nd_heard *m)
{
    double sum = 0, weights = 0;
    bool any_hard = false;
    for (int64_t k = 0; k < v->n_cuts; k++) any_hard |= is_inside(v, k) && !is_fade(v, k);
    for (int64_t k = 0; k < v->n_cuts; k++) {
        if (!is_inside(v, k)) continue;
        int64_t nearest;
        double t = track_time(v, m, s->start_s + v->cuts_s[k]), weight = is_fade(v, k) ? 0.3 : 1;
        sum += weight * meet(m, t, &nearest);
        weights += weight;
        if (!any_hard || !is_fade(v, k)) count_one(s, m, t, nearest);
    }
    if (weights <= 0) return;
    double by_chance = m->n_beats ? chance(v, m, s->start_s) : 0;
    s->value = ND_CLAMP((sum / weights - by_chance) / (1 - by_chance), 0.0, 1.0);
    s->reliability = weights / (weights + 1);
}

void nd_sync_find(nd_sync *out, const nd_seen *v, const nd_heard *m, double from_s, double to_s)
{
    *out = (nd_sync){.start_s = from_s, .value = ND_UNKNOWN};
    if (!m->beats_s) return;
    to_s = ND_CLAMP(to_s, from_s, from_s + MAX_RANGE_S);
    bool cut = false;
    for (int64_t k = 0; k < v->n_cuts && !cut; k++) cut = is_inside(v, k);
    out->start_s = cut ? search(v, m, from_s, to_s) : first_downbeat(m, from_s, to_s);
    if (cut) measure(out, v, m);
}
