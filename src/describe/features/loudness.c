/* Loudness: EBU R128 (ITU-R BS.1770-4), measured by FFmpeg's ebur128 filter while
 * decoding, on all channels at the stored rate. Here it becomes arrays, and the
 * mean power of each clip. A momentary value stands for the 0.4 s that end at
 * it; a clip takes the 40 that are written during it. */
#include <math.h>

#include "describe/describe.h"

enum { PER_CLIP = 40 };
static const float silence_lufs = -120, loudest_lufs = 120;

/* In range, whatever samples the file had. */
static float settle(double lufs)
{
    return lufs > silence_lufs ? (float)fmin(lufs, loudest_lufs) : silence_lufs;
}

/* 10 log10 of the mean of 10^(x / 10), from silence_lufs up. */
static float mean_lufs(const float *lufs, int64_t n)
{
    double power = 0;
    for (int64_t i = 0; i < n; i++)
        if (lufs[i] > silence_lufs) power += pow(10, lufs[i] / 10.0);
    return n > 0 && power > 0 ? settle(10 * log10(power / (double)n)) : silence_lufs;
}

static int hear(nd_description *d, const nd_music_input *in, nd_diag *diag)
{
    const nd_samples *s = in->samples;
    int64_t n = s->n_momentary, n_clips = nd_clip_count(d->analysed_s);
    if (!s->momentary_lufs && n_clips > 0)
        return nd_diag_set(diag, ND_EARG,
                           "reading loudness: expected samples that come with EBU R128 values");
    nd_array *curve = nd_description_add(d, "loudness_lufs", ND_F32, 1, &n);
    if (!curve) goto fail;
    for (int64_t i = 0; i < n; i++) curve->f32[i] = settle(s->momentary_lufs[i]);
    const float *curve_lufs = curve->f32; /* the array itself may move */
    double integrated = n ? settle(s->integrated_lufs) : silence_lufs;
    if (nd_description_add_scalar(d, "integrated_lufs", integrated)) goto fail;
    nd_array *clips = nd_description_add(d, "clip_loudness_lufs", ND_F32, 1, &n_clips);
    if (!clips) goto fail;
    for (int64_t c = 0; c < n_clips; c++) {
        int64_t first = ND_MIN(c * PER_CLIP, n), end = ND_MIN(first + PER_CLIP, n);
        clips->f32[c] = mean_lufs(curve_lufs + first, end - first);
    }
    return 0;
fail:
    return nd_diag_set(diag, ND_ENOMEM, "keeping loudness: out of memory");
}

const nd_feature_ops nd_feature_loudness = {
    .name = "loudness",
    .summary = "EBU R128 loudness, momentary, integrated and per clip",
    .paper = "EBU R 128 and Tech 3341; ITU-R BS.1770-4",
    .medium = ND_MUSIC,
    .arrays = (const char *const[]){"loudness_lufs", "integrated_lufs", "clip_loudness_lufs", NULL},
    .is_default = true,
    .wants_loudness = true,
    .hear = hear,
};
