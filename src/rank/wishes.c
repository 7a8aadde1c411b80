/* Wishes for what is measured, and how well a track meets them. */
#include <math.h>
#include <string.h>

#include "rank/rank.h"

/* A step of the measure away is 0.88 of the way, and 0.12 on the other side: as wide as a step is
 * heard (embed/wish.h). */
static double logistic(double steps)
{
    return 1 / (1 + exp(-2 * steps));
}

/* Of a vector's finite values; of a scalar itself. */
static double mean_of(const nd_description *d, const char *name)
{
    int64_t n, count = 0;
    const float *x = nd_description_f32(d, name, &n);
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        if (isfinite(x[i])) {
            sum += x[i];
            count++;
        }
    if (count) return sum / (double)count;
    return x ? NAN : nd_description_scalar(d, name, NAN);
}

void nd_measures_read(nd_measures *out, const nd_description *track)
{
    const nd_wish_measure *measures = nd_wish_measures();
    for (int kind = 0; kind < ND_WISH_KINDS; kind++)
        out->of[kind] = measures[kind].array ? mean_of(track, measures[kind].array) : NAN;
    if (out->of[ND_WISH_TEMPO] <= 0) out->of[ND_WISH_TEMPO] = NAN; /* no beat */
    bool has_key = nd_description_scalar(track, "key_strength", 1) >= 0.5;
    if (!has_key || out->of[ND_WISH_MODE] < 0) out->of[ND_WISH_MODE] = NAN;
}

void nd_measure_arrays(const char *out[ND_MEASURE_ARRAYS])
{
    const nd_wish_measure *measures = nd_wish_measures();
    int n = 0;
    for (int kind = 0; kind < ND_WISH_KINDS; kind++)
        if (measures[kind].array) out[n++] = measures[kind].array;
    out[n++] = "key_strength";
    out[n] = NULL;
}

void nd_measures_of_track(nd_measures *out, double tempo_bpm, double loudness_lufs, int is_minor)
{
    for (int kind = 0; kind < ND_WISH_KINDS; kind++) out->of[kind] = NAN;
    if (tempo_bpm > 0) out->of[ND_WISH_TEMPO] = tempo_bpm;
    if (isfinite(loudness_lufs) && loudness_lufs != 0) out->of[ND_WISH_LOUDNESS] = loudness_lufs;
    if (is_minor >= 0) out->of[ND_WISH_MODE] = is_minor;
}

/* On the measure's own scale. Nothing at all (no beat) is infinitely little. */
static double scaled(const nd_wish_measure *m, double x)
{
    if (!m->is_log) return x;
    return x > 0 ? log2(x) : x == 0 ? -INFINITY : NAN;
}

double nd_wish_meet(const nd_wish *wish, double x, double from)
{
    const nd_wish_measure *m = &nd_wish_measures()[wish->kind];
    double base = wish->value > 0 ? wish->value : from;
    if (m->is_least) return isnan(x) ? NAN : (wish->sign > 0) == (x < 0.5);
    double steps = (scaled(m, x) - scaled(m, base)) / m->step;
    if (isnan(steps)) return NAN;
    return wish->sign ? logistic(wish->sign * steps) : 1 / (1 + steps * steps);
}
