/* Rhythm and motion of a media file, clip by clip. */
#include <math.h>
#include <string.h>

#include "describe/describe.h"
#include "embed/embed.h"

/* Where to look. A column is one of three, values 3 apart. */
typedef struct {
    nd_find_array *find;
    const void *user;
    int C;
    const char *prefix; /* "" or "published_" */
} place;

/* An array [rows, width]. @return false: there is none, or no row of it. */
static bool find(nd_array *out, const place *p, const char *name, nd_dtype dtype, int64_t width)
{
    char full[ND_ARRAY_NAME_BYTES];
    nd_array a = {0};
    snprintf(full, sizeof full, "%s%s", p->prefix, name);
    if (!p->find(p->user, full, &a) || a.dtype != dtype) return false;
    bool fits = width == 1 ? a.n_dims == 1 : a.n_dims == 2 && a.dims[1] == width;
    if (!fits || a.dims[0] < 1) return false;
    *out = a;
    return true;
}

/* @return whether there is such an array */
static bool read_floats(float *column, const place *p, const char *name, float scale)
{
    nd_array a;
    if (!find(&a, p, name, ND_F32, 1)) return false;
    for (int c = 0; c < p->C; c++) {
        float x = a.f32[ND_MIN(c, a.dims[0] - 1)] * scale;
        column[3 * c] = isfinite(x) ? x : 0;
    }
    return true;
}

static bool read_counts(float *column, const place *p, const char *name)
{
    nd_array a;
    if (!find(&a, p, name, ND_I32, 1)) return false;
    for (int c = 0; c < p->C; c++) column[3 * c] = (float)a.i32[ND_MIN(c, a.dims[0] - 1)];
    return true;
}

static bool read_classes(int32_t *classes, const place *p, const char *name, const int32_t *n,
                         int width)
{
    nd_array a;
    if (!find(&a, p, name, ND_I32, width)) return false;
    for (int c = 0; c < p->C; c++) {
        const int32_t *row = a.i32 + ND_MIN(c, a.dims[0] - 1) * width;
        for (int k = 0; k < width; k++) classes[3 * c + k] = ND_CLAMP(row[k], 0, n[k] - 1);
    }
    return true;
}

/* Where a track changes its tempo from clip to clip, a tracker that hears all of it goes on with
 * the tempo before, and one that hears a clip alone takes half or double of it. So: the interval
 * of the clip alone, at the octave nearest to that of the whole track's beats in the clip. */
static void settle_intervals(float *column, const place *p)
{
    nd_array a;
    place alone = *p;
    alone.prefix = "published_";
    if (!find(&a, &alone, "clip_beat_interval_s", ND_F32, 1)) return;
    for (int c = 0; c < p->C; c++) {
        float x = a.f32[ND_MIN(c, a.dims[0] - 1)], whole = column[3 * c];
        if (!(isfinite(x) && x > 0)) continue;
        float octaves = whole > 0 ? ND_CLAMP(roundf(log2f(whole / x)), -1, 1) : 0;
        column[3 * c] = x * exp2f(octaves);
    }
}

/* Cuts have a time each, and no published form. A file without any has an empty array. */
static void count_cuts(float *column, const place *p)
{
    nd_array a;
    if (!p->find(p->user, "cuts_s", &a) || a.dtype != ND_F32 || a.n_dims != 1) return;
    for (int64_t i = 0; i < a.dims[0]; i++) {
        double clip = floor((double)a.f32[i] / ND_CLIP_S);
        if (clip >= 0) column[3 * (int)fmin(clip, p->C - 1)]++;
    }
}

void nd_pulse_read(float *pulse, int32_t *classes, bool has_out[2], nd_find_array *find_array,
                   const void *user, nd_medium medium, int C, bool published)
{
    const int32_t rhythm[3] = {18, 49, 65}, flow[1] = {64}; /* classes (models.md 1.4) */
    place p = {find_array, user, C, published ? "published_" : ""};
    memset(pulse, 0, (size_t)C * 3 * sizeof *pulse);
    memset(classes, 0, (size_t)C * 3 * sizeof *classes);
    if (medium == ND_MUSIC) {
        has_out[0] = read_counts(pulse, &p, "clip_n_beats") &&
                     read_floats(pulse + 1, &p, "clip_beat_strength", 1) &&
                     read_floats(pulse + 2, &p, "clip_beat_interval_s", 1);
        if (has_out[0] && !published) settle_intervals(pulse + 2, &p);
        has_out[1] = read_classes(classes, &p, "clip_rhythm_class", rhythm, 3);
    } else {
        /* Published: pixels of 224 between frames 1 s apart. */
        has_out[0] = published ? read_floats(pulse, &p, "clip_flow_px", 1.f / 224)
                               : read_floats(pulse, &p, "clip_flow_widths_s", 1);
        count_cuts(pulse + 1, &p);
        has_out[1] = read_classes(classes, &p, "clip_flow_class", flow, 1);
    }
}

/* ---- as numbers ------------------------------------------------------------------------ */

float nd_pulse_log2(float x)
{
    return log2f(ND_CLAMP(x, 1e-3f, 1e3f));
}

static float count_of(float x)
{
    return ND_CLAMP(x, 0, 1e3f);
}

bool nd_pulse_show(float out[ND_PULSE_SHOWN], const float *pulse, nd_medium medium)
{
    float *values = out + ND_PULSE_VALUES;
    bool is_known = pulse && isfinite(pulse[0]) && isfinite(pulse[1]) && isfinite(pulse[2]);
    memset(out, 0, ND_PULSE_SHOWN * sizeof *out);
    if (!is_known) {
        out[ND_PULSE_MISSING] = 1;
    } else if (medium == ND_VIDEO) {
        values[0] = 0.3f * nd_pulse_log2(pulse[0]);
        values[1] = 0.2f * count_of(pulse[1]);
    } else {
        out[ND_PULSE_NO_INTERVAL] = pulse[2] <= 0;
        values[0] = 0.1f * count_of(pulse[0]);
        values[1] = 0.2f * nd_pulse_log2(pulse[1]);
        values[2] = pulse[2] > 0 ? nd_pulse_log2(pulse[2]) : 0;
    }
    return is_known;
}
