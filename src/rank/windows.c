/* Which stretch of the track lies best under the video, before beats meet cuts.
 *
 * motion: how near the pace of the picture (motion, cutting) is to the pace of the music
 * (beat density, beat strength), second by second. Listeners imagine faster motion for
 * higher attack rates and for growing loudness (Eitan, Granot 2006, "How music moves",
 * Music Perception 23); that a film's pace should be matched by it is Cohen's congruence
 * of structure (Congruence-Association Model, in Tan et al. 2013, "The Psychology of Music
 * in Multimedia"). The kernel's width of 0.25 is ours.
 *
 * energy: correlation of the picture's energy over time with the loudness. Loudness leads
 * perceived arousal over time (Dean, Bailes, Schubert 2011, PLoS ONE 6(4) e18591) and goes
 * with visual brightness (Marks 1974, Am. J. Psychology 87). r is shrunk where few
 * seconds or little dynamics speak for it: both are guards of ours against chance.
 */
#include <math.h>
#include <string.h>

#include "rank/parts.h"

static double fit_motion(const nd_curve *picture, const nd_curve *music, int first)
{
    if (!picture->n || !music->n) return ND_UNKNOWN;
    const float *x = picture->x, *y = music->x + first;
    float sum = 0;
    for (int i = 0; i < picture->n; i++) {
        float d = (x[i] - y[i]) * 4;
        sum += 1 / (1 + d * d);
    }
    return sum / (float)picture->n;
}

static double deviation(const float *x, int n)
{
    double sum = 0, squares = 0;
    for (int i = 0; i < n; i++) {
        sum += x[i];
        squares += (double)x[i] * x[i];
    }
    return sqrt(ND_MAX(0.0, squares / n - sum / n * (sum / n)));
}

static double fit_energy(const nd_curve *picture, const nd_curve *music, int first, double step_s)
{
    if (!music->n || picture->n * step_s < 8 || picture->n < 3) return ND_UNKNOWN;
    const float *loudness = music->x + first;
    double r = nd_correlation(picture->x, loudness, picture->n);
    double independent = picture->n * step_s / 3, range_lu = deviation(loudness, picture->n);
    r *= independent / (independent + 3) * range_lu / (range_lu + 0.5);
    return 0.5 + 0.5 * r;
}

void nd_window_fit(nd_window *out, const nd_seen *v, const nd_heard *m, int first, double step_s)
{
    out->first = first;
    out->motion = fit_motion(&v->pace, &m->pace, first);
    out->energy = fit_energy(&v->energy, &m->loudness, first, step_s);
    out->content = 0.30 * ND_MAX(out->motion, 0.0) + 0.20 * ND_MAX(out->energy, 0.0);
}

/* Insert w where it belongs in the first n of out; equal ones stay behind. */
static int keep_best(nd_window *out, int n, const nd_window *w)
{
    int at = n;
    while (at > 0 && w->content > out[at - 1].content) at--;
    if (at == ND_WINDOWS_KEPT) return n;
    int moved = ND_MIN(n, ND_WINDOWS_KEPT - 1) - at;
    memmove(out + at + 1, out + at, (size_t)moved * sizeof *out);
    out[at] = *w;
    return ND_MIN(n + 1, ND_WINDOWS_KEPT);
}

int nd_windows_find(nd_window out[ND_WINDOWS_KEPT], const nd_seen *v, const nd_heard *m,
                    double step_s, double near_s)
{
    double spare_s = ND_MAX(0.0, m->length_s - v->length_s);
    int hop = ND_MAX(1, (int)(2 / step_s + 0.5));
    int picture = ND_MAX(v->pace.n, v->energy.n), music = ND_MAX(m->pace.n, m->loudness.n);
    int last = (int)(spare_s / step_s);
    if (picture && music) last = ND_MIN(last, music - picture);
    int n = 0, begin = 0;
    if (isfinite(near_s)) begin = last = (int)ND_CLAMP(near_s / step_s + 0.5, 0.0, (double)last);
    for (int first = begin; first <= last; first += hop) {
        nd_window w;
        nd_window_fit(&w, v, m, first, step_s);
        n = keep_best(out, n, &w);
    }
    return n;
}
