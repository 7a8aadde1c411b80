/* Rhythm of 4-s clips as numbers and as the published classes (models.md 1.4). */
#include <math.h>

#include "describe/hearing.h"

static const double INTERVAL_STEP_S = 0.0625;

void nd_rhythm_quantise(int32_t class_out[3], const nd_rhythm *r)
{
    double strength = nearbyint(r->strength), interval = floor(r->interval_s / INTERVAL_STEP_S);
    class_out[0] = ND_CLAMP(r->n_beats, 0, ND_RHYTHM_COUNTS - 1);
    class_out[1] = r->n_beats < 1 ? 0 : (int32_t)ND_CLAMP(strength, 0, ND_RHYTHM_STRENGTHS - 1);
    class_out[2] = r->n_beats < 2 ? ND_RHYTHM_INTERVALS - 1
                                  : (int32_t)ND_CLAMP(interval, 0, ND_RHYTHM_INTERVALS - 2);
}

static nd_array *add_column(nd_description *d, const char *prefix, const char *name, nd_dtype dtype,
                            int n_dims, int n_clips)
{
    char full[ND_ARRAY_NAME_BYTES];
    snprintf(full, sizeof full, "%sclip_%s", prefix, name);
    return nd_description_add(d, full, dtype, n_dims, (int64_t[]){n_clips, 3});
}

int nd_rhythm_add(nd_description *d, const char *prefix, const nd_rhythm *clips, int n_clips)
{
    nd_array *a = add_column(d, prefix, "n_beats", ND_I32, 1, n_clips);
    if (!a) return ND_ENOMEM;
    for (int c = 0; c < n_clips; c++) a->i32[c] = clips[c].n_beats;
    a = add_column(d, prefix, "beat_strength", ND_F32, 1, n_clips);
    if (!a) return ND_ENOMEM;
    for (int c = 0; c < n_clips; c++) a->f32[c] = clips[c].strength;
    a = add_column(d, prefix, "beat_interval_s", ND_F32, 1, n_clips);
    if (!a) return ND_ENOMEM;
    for (int c = 0; c < n_clips; c++) a->f32[c] = clips[c].interval_s;
    a = add_column(d, prefix, "rhythm_class", ND_I32, 2, n_clips);
    if (!a) return ND_ENOMEM;
    for (int c = 0; c < n_clips; c++) nd_rhythm_quantise(a->i32 + 3 * c, &clips[c]);
    return 0;
}
