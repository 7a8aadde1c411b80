/* Pictures and sounds as levels and as curves with one value a second.
 *
 * Levels are 0..1 on scales that people judge by: logarithmic for speed of motion, tempo
 * and spectral centroid. Their ends hold about nine in ten of a set of 14 videos and 62 pieces
 * of many kinds; they are not fitted to any listening test:
 *   motion      0.004 .. 0.3 frame widths a second (median over 4 s)
 *   cuts        none .. one a second, counted over 4 s
 *   brightness  0.05 .. 0.65, saturation 0 .. 0.6, warmth -0.3 .. 0.3, means of the clips
 *   tempo       50 .. 200 bpm, of the clip's own beats
 *   strength    mean onset strength at the beats, log(1 + s) up to s = 20
 *   centroid    150 .. 1,500 Hz, mean of the clip
 */
#include <math.h>

#include "rank/parts.h"

double nd_near(double a, double b, double width)
{
    double d = (a - b) / width;
    return 1 / (1 + d * d);
}

double nd_level_of(double x, double lo, double hi)
{
    if (!(x > lo)) return 0;
    return x >= hi ? 1 : log2(x / lo) / log2(hi / lo);
}

double nd_curve_step(double a_s, double b_s)
{
    return ND_MAX(1.0, ND_MAX(a_s, b_s) / ND_CURVE_MAX);
}

double nd_covered_s(const nd_description *d)
{
    double s = nd_description_analysed_s(d);
    if (!(s > 0)) s = nd_description_info(d)->duration_s;
    return s > 0 ? ND_MIN(s, 1e6) : 0;
}

double nd_correlation(const float *x, const float *y, int n)
{
    double sx = 0, sy = 0, sxx = 0, syy = 0, sxy = 0;
    for (int i = 0; i < n; i++) {
        sx += x[i];
        sy += y[i];
        sxx += (double)x[i] * x[i];
        syy += (double)y[i] * y[i];
        sxy += (double)x[i] * y[i];
    }
    double vx = n * sxx - sx * sx, vy = n * syy - sy * sy;
    if (!(vx > 1e-9 * n * n) || !(vy > 1e-9 * n * n)) return 0;
    return ND_CLAMP((n * sxy - sx * sy) / sqrt(vx * vy), -1.0, 1.0);
}

/* ---- sampling --------------------------------------------------------------- */

/* Mean of the finite values of x [n] at places from .. to; lo where there is none. */
static float mean_between(const float *x, int64_t n, double from, double to, float lo, float hi)
{
    int64_t first = ND_MIN((int64_t)from, n - 1);
    int64_t last = ND_CLAMP((int64_t)ceil(to), first + 1, n);
    double sum = 0;
    int count = 0;
    for (int64_t i = first; i < last; i++) {
        if (!isfinite(x[i])) continue;
        sum += ND_CLAMP(x[i], lo, hi);
        count++;
    }
    return count ? (float)(sum / count) : lo;
}

/* The named vector, hz values a second, as a curve of n steps within lo .. hi. */
static void sample(nd_curve *out, const nd_description *d, const char *name, double hz, int n,
                   double step_s, float lo, float hi)
{
    int64_t n_x;
    const float *x = nd_description_f32(d, name, &n_x);
    out->n = n_x > 0 ? n : 0;
    for (int i = 0; i < out->n; i++)
        out->x[i] = mean_between(x, n_x, i * step_s * hz, (i + 1) * step_s * hz, lo, hi);
}

/* Mean over 3 s, less at the ends. */
static void smooth(nd_curve *c, double step_s)
{
    int radius = (int)(1 / step_s + 0.5);
    if (radius < 1) return;
    float before = 0;
    for (int i = 0; i < c->n; i++) {
        float here = c->x[i];
        float sum = here + (i > 0 ? before : here) + (i + 1 < c->n ? c->x[i + 1] : here);
        c->x[i] = sum / 3;
        before = here;
    }
}

static int count_steps(double length_s, double step_s)
{
    return (int)ND_CLAMP(length_s / step_s + 0.5, 1.0, (double)ND_CURVE_MAX);
}

double nd_curve_mean(const nd_curve *c, int first, int n)
{
    if (c->n == 0) return ND_UNKNOWN;
    first = ND_MIN(first, c->n - 1);
    int last = ND_MIN(first + ND_MAX(n, 1), c->n);
    double sum = 0;
    for (int i = first; i < last; i++) sum += c->x[i];
    return sum / (last - first);
}

/* ---- the video ---------------------------------------------------------------- */

/* Level of cutting at each step: cuts within 2 s of its middle, four of them are 1. */
static void count_cuts(nd_curve *out, const nd_seen *v, int n, double step_s)
{
    out->n = v->cuts_s ? n : 0;
    for (int i = 0; i < out->n; i++) out->x[i] = 0;
    for (int64_t k = 0; k < v->n_cuts && out->n; k++) {
        double at = v->cuts_s[k];
        if (!(at >= 0 && at <= v->length_s)) continue;
        int first = ND_MAX(0, (int)ceil((at - 2) / step_s - 0.5));
        int last = ND_MIN(n - 1, (int)floor((at + 2) / step_s - 0.5));
        for (int i = first; i <= last; i++) out->x[i] += 0.25f;
    }
    for (int i = 0; i < out->n; i++) out->x[i] = ND_MIN(out->x[i], 1.0f);
}

static void to_motion_level(nd_curve *c, double widths_s)
{
    for (int i = 0; i < c->n; i++) c->x[i] = (float)nd_level_of(c->x[i] * widths_s, 0.004, 0.3);
}

/* out += weight * c, where c is known; out takes its length. */
static void mix(nd_curve *out, const nd_curve *c, float weight)
{
    for (int i = 0; i < c->n && i >= out->n; i++) out->x[i] = 0;
    out->n = ND_MAX(out->n, c->n);
    for (int i = 0; i < c->n; i++) out->x[i] += weight * c->x[i];
}

static double mean_level(const nd_description *d, const char *name, double lo, double hi)
{
    int64_t n;
    const float *x = nd_description_f32(d, name, &n);
    if (n < 1) return ND_UNKNOWN;
    double mean = mean_between(x, n, 0, (double)n, -1, 1);
    return ND_CLAMP((mean - lo) / (hi - lo), 0.0, 1.0);
}

/* Motion at each step, finer (8 values a second) where that is known. */
static void see_motion(nd_curve *out, const nd_description *d, int n, double step_s)
{
    sample(out, d, "flow_px", 8, n, step_s, 0, 224);
    to_motion_level(out, 8.0 / 224);
    if (out->n) return;
    sample(out, d, "clip_flow_widths_s", 1 / ND_CLIP_S, n, step_s, 0, 100);
    to_motion_level(out, 1);
}

void nd_see(nd_seen *out, const nd_description *d, double step_s)
{
    nd_curve part;
    out->length_s = nd_covered_s(d);
    int n = count_steps(out->length_s, step_s);
    out->cuts_s = nd_description_f32(d, "cuts_s", &out->n_cuts);
    int64_t n_kinds;
    out->cut_kind = nd_description_i32(d, "cut_kind", &n_kinds);
    if (n_kinds < out->n_cuts) out->cut_kind = NULL;
    out->brightness = mean_level(d, "clip_brightness", 0.05, 0.65);
    out->saturation = mean_level(d, "clip_saturation", 0.0, 0.6);
    out->warmth = mean_level(d, "clip_warmth", -0.3, 0.3);

    sample(&part, d, "clip_flow_widths_s", 1 / ND_CLIP_S, n, step_s, 0, 100);
    to_motion_level(&part, 1);
    out->motion = nd_curve_mean(&part, 0, n);
    bool moves = part.n > 0;
    out->pace.n = out->energy.n = 0;
    mix(&out->pace, &part, 0.75f);
    see_motion(&part, d, n, step_s);
    mix(&out->energy, &part, 0.6f);
    count_cuts(&part, out, n, step_s);
    if (moves) mix(&out->pace, &part, 0.25f);
    mix(&out->energy, &part, 0.25f);
    sample(&part, d, "brightness", 8, n, step_s, 0, 1);
    mix(&out->energy, &part, 0.15f);
    smooth(&out->energy, step_s);
}

/* ---- the track ------------------------------------------------------------------ */

/* Beat density of the clip (0.6) and strength of its beats (0.4). */
static void hear_pace(nd_curve *out, const nd_description *d, int n, double step_s)
{
    nd_curve strength;
    sample(out, d, "clip_beat_interval_s", 1 / ND_CLIP_S, n, step_s, 0, 60);
    sample(&strength, d, "clip_beat_strength", 1 / ND_CLIP_S, n, step_s, 0, 1000);
    for (int i = 0; i < out->n; i++) {
        double interval_s = out->x[i];
        double level = interval_s > 0 ? nd_level_of(60 / interval_s, 50, 200) : 0;
        if (strength.n) level = 0.6 * level + 0.4 * ND_MIN(1.0, log1p(strength.x[i]) / log1p(20));
        out->x[i] = (float)level;
    }
}

static void hear_beats(nd_heard *out, const nd_description *d)
{
    int64_t n;
    out->beats_s = nd_description_f32(d, "beats_s", &out->n_beats);
    out->beat_position = nd_description_i32(d, "beat_position", &n);
    if (n < out->n_beats) out->beat_position = NULL;
    out->beat_salience = nd_description_f32(d, "beat_salience", &n);
    if (n < out->n_beats) out->beat_salience = NULL;
    double tempo = nd_description_scalar(d, "tempo_bpm", ND_UNKNOWN);
    out->tempo_bpm = tempo >= 0 && tempo < 1000 ? tempo : ND_UNKNOWN;
}

static void hear_key(nd_heard *out, const nd_description *d)
{
    double key = nd_description_scalar(d, "key", -1);
    double minor = nd_description_scalar(d, "key_is_minor", -1);
    double strength = nd_description_scalar(d, "key_strength", 0);
    bool known = key >= 0 && key <= 11 && (minor == 0 || minor == 1) && strength > 0;
    out->key = known ? (int)key : -1;
    out->is_minor = known ? (int)minor : -1;
    out->key_strength = known ? ND_MIN(strength, 1.0) : 0;
}

void nd_hear(nd_heard *out, const nd_description *d, double step_s)
{
    out->length_s = nd_covered_s(d);
    int n = count_steps(out->length_s, step_s);
    hear_beats(out, d);
    hear_key(out, d);
    hear_pace(&out->pace, d, n, step_s);
    sample(&out->loudness, d, "loudness_lufs", 10, n, step_s, -50, 10);
    if (!out->loudness.n)
        sample(&out->loudness, d, "clip_loudness_lufs", 1 / ND_CLIP_S, n, step_s, -50, 10);
    smooth(&out->loudness, step_s);
    sample(&out->centroid, d, "clip_centroid_hz", 1 / ND_CLIP_S, n, step_s, 0, 24000);
    for (int i = 0; i < out->centroid.n; i++)
        out->centroid.x[i] = (float)nd_level_of(out->centroid.x[i], 150, 1500);
}

static void loop_curve(nd_curve *c, int n)
{
    if (c->n == 0) return;
    for (int i = c->n; i < n; i++) c->x[i] = c->x[i - c->n];
    c->n = ND_MAX(c->n, n);
}

void nd_heard_loop(nd_heard *m, int n)
{
    loop_curve(&m->pace, n);
    loop_curve(&m->loudness, n);
    loop_curve(&m->centroid, n);
}
