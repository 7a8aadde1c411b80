/* Pictures of descriptions made by hand; the PNGs are read back by ffmpeg. */
#include <sys/stat.h>

#include "../test.h"
#include "describe/describe.h"
#include "needledrop/picture.h"

static const double pi = 3.14159265358979323846;

/* ---- descriptions of known truth ----------------------------------------------- */

static nd_description *new_description(nd_medium medium, double length_s)
{
    nd_description *d = nd_calloc(1, sizeof *d);
    if (!d) abort();
    d->medium = medium;
    d->info.duration_s = d->analysed_s = length_s;
    return d;
}

static float *add_floats(nd_description *d, const char *name, int64_t n)
{
    nd_array *a = nd_description_add(d, name, ND_F32, 1, &n);
    if (!a) abort();
    return a->f32;
}

static int32_t *add_ints(nd_description *d, const char *name, int64_t n)
{
    nd_array *a = nd_description_add(d, name, ND_I32, 1, &n);
    if (!a) abort();
    return a->i32;
}

enum { BPM = 120 };

/* Loudness of the made track: quiet, rising, loudest in the third quarter. */
static double level_at(double share)
{
    return 0.15 + 0.75 * exp(-30 * (share - 0.66) * (share - 0.66)) + 0.1 * sin(9 * share);
}

static void add_sound(nd_description *d, double length_s)
{
    int64_t dims[2] = {(int64_t)(length_s * 100), 2}, n = (int64_t)(length_s * 31.25);
    nd_rng rng;
    nd_rng_init(&rng, 1, 0);
    nd_array *wave = nd_description_add(d, "waveform", ND_F32, 2, dims);
    if (!wave) abort();
    for (int64_t k = 0; k < dims[0]; k++) {
        double phase = fmod((double)k / 100, 60.0 / BPM);
        double a = level_at((double)k / (double)dims[0]) * (0.3 + 0.7 * exp(-9 * phase));
        wave->f32[2 * k] = (float)(-a * nd_rng_uniform(&rng, 0.7, 1));
        wave->f32[2 * k + 1] = (float)(a * nd_rng_uniform(&rng, 0.7, 1));
    }
    float *onset = add_floats(d, "onset", n);
    for (int64_t k = 0; k < n; k++) {
        double beat = (double)k / 31.25 * BPM / 60, phase = beat - floor(beat);
        bool is_strong = (int64_t)beat % 4 == 0;
        onset[k] = (float)((is_strong ? 9 : 5) * exp(-14 * phase) + nd_rng_uniform(&rng, 0, 0.8));
    }
    n = (int64_t)(length_s * 10);
    float *loudness = add_floats(d, "loudness_lufs", n);
    for (int64_t k = 0; k < n; k++)
        loudness[k] = (float)(20 * log10(level_at((double)k / (double)n)) - 8);
}

static void add_beats(nd_description *d, double length_s)
{
    int64_t n = (int64_t)(length_s * BPM / 60), n_clips = nd_clip_count(length_s);
    float *beats = add_floats(d, "beats_s", n);
    for (int64_t k = 0; k < n; k++) beats[k] = (float)k * 60 / BPM;
    int32_t *position = add_ints(d, "beat_position", n);
    for (int64_t k = 0; k < n; k++) position[k] = (int32_t)(1 + k % 4);
    float *salience = add_floats(d, "beat_salience", n);
    for (int64_t k = 0; k < n; k++) salience[k] = k % 2 ? 0.4f : 0.9f;
    int32_t *n_beats = add_ints(d, "clip_n_beats", n_clips);
    for (int64_t k = 0; k < n_clips; k++) n_beats[k] = 4 * BPM / 60;
    float *strength = add_floats(d, "clip_beat_strength", n_clips);
    for (int64_t k = 0; k < n_clips; k++)
        strength[k] = (float)level_at((k + 0.5) / (double)n_clips);
}

static nd_description *made_music(double length_s)
{
    nd_description *d = new_description(ND_MUSIC, length_s);
    add_sound(d, length_s);
    add_beats(d, length_s);
    nd_description_add_scalar(d, "tempo_bpm", BPM);
    nd_description_add_scalar(d, "integrated_lufs", -14.2);
    int32_t metre = 4, key = 9, is_minor = 1;
    nd_description_add_i32(d, "metre", &metre, 1);
    nd_description_add_i32(d, "key", &key, 1);
    nd_description_add_i32(d, "key_is_minor", &is_minor, 1);
    return d;
}

/* Each second is a flat colour of its own: red rises with time, blue falls. */
static void add_thumbnails(nd_description *d, int64_t n, int64_t height, int64_t width)
{
    int64_t dims[4] = {n, height, width, 3};
    nd_array *a = nd_description_add(d, "thumbnails", ND_U8, 4, dims);
    if (!a) abort();
    for (int64_t k = 0; k < n * height * width; k++) {
        int64_t second = k / (height * width);
        a->u8[3 * k] = (uint8_t)(255 * second / n);
        a->u8[3 * k + 1] = (uint8_t)(60 + k % width);
        a->u8[3 * k + 2] = (uint8_t)(255 - 255 * second / n);
    }
}

static nd_description *made_video(double length_s, int width, int height)
{
    static const float cuts[] = {3.5f, 8, 12.25f, 19, 24};
    static const int32_t kinds[] = {0, 0, 1, 0, 1};
    nd_description *d = new_description(ND_VIDEO, length_s);
    int64_t n = (int64_t)(length_s * 8), n_clips = nd_clip_count(length_s);
    d->info.width = width;
    d->info.height = height;
    d->info.fps = 24000 / 1001.0;
    add_thumbnails(d, (int64_t)length_s, width > height ? 54 : 96, width > height ? 96 : 54);
    float *flow = add_floats(d, "flow_px", n);
    for (int64_t k = 0; k < n; k++) flow[k] = (float)(2.5 + 2 * sin((double)k / 9));
    float *brightness = add_floats(d, "brightness", n);
    for (int64_t k = 0; k < n; k++) brightness[k] = (float)(0.5 + 0.4 * sin((double)k / 31));
    float *warmth = add_floats(d, "clip_warmth", n_clips);
    for (int64_t k = 0; k < n_clips; k++)
        warmth[k] = (float)(0.5 * sin(2 * pi * (double)k / (double)n_clips));
    float *saturation = add_floats(d, "clip_saturation", n_clips);
    for (int64_t k = 0; k < n_clips; k++) saturation[k] = 0.3f + 0.1f * (float)(k % 5);
    nd_description_add_f32(d, "cuts_s", cuts, ND_COUNT(cuts));
    nd_description_add_i32(d, "cut_kind", kinds, ND_COUNT(kinds));
    return d;
}
