/* Changes to clips that a network shall not mind. */
#include <math.h>
#include <string.h>

#include "learn/clip_batches.h"

static const double FRAME_S = 0.01, SHIFT_S = 0.25, STRETCH = 0.15, GAIN = 0.69; /* ln of 3 dB */
static const double BANDS = 3, MASK_SHARE = 0.2;

/* Read at another pace, from another moment; what lies outside repeats the edge. */
static void warp(float *clip, float *scratch, int64_t T, int64_t F, double shift, double pace)
{
    memcpy(scratch, clip, (size_t)(T * F) * sizeof *clip);
    double middle = (double)(T - 1) / 2;
    for (int64_t t = 0; t < T; t++) {
        double at = middle + ((double)t - middle) * pace + shift;
        at = ND_CLAMP(at, 0, (double)(T - 1));
        int64_t before = ND_MIN((int64_t)at, T - 2);
        float share = (float)(at - (double)before);
        const float *a = scratch + before * F, *b = a + F;
        for (int64_t f = 0; f < F; f++) clip[t * F + f] = a[f] + share * (b[f] - a[f]);
    }
}

/* Moved along the bands: another pitch, or another instrument's body. What comes in repeats the
 * edge. */
static void shift_bands(float *clip, float *scratch, int64_t T, int64_t F, double bands)
{
    for (int64_t t = 0; t < T; t++) {
        float *row = clip + t * F;
        memcpy(scratch, row, (size_t)F * sizeof *row);
        for (int64_t f = 0; f < F; f++) {
            double at = ND_CLAMP((double)f + bands, 0, (double)(F - 1));
            int64_t before = ND_MIN((int64_t)at, F - 2);
            float share = (float)(at - (double)before);
            row[f] = scratch[before] + share * (scratch[before + 1] - scratch[before]);
        }
    }
}

/* Up to width of n lines, from somewhere on. */
static void draw_mask(int64_t *from, int64_t *to, int64_t n, double width, nd_rng *rng)
{
    int64_t w = (int64_t)nd_rng_uniform(rng, 0, width);
    *from = (int64_t)nd_rng_uniform(rng, 0, (double)(n - w));
    *to = *from + w;
}

/* A stretch of time and one of bands to their clip's mean (SpecAugment: Park et al. 2019). */
static void mask(float *clip, int64_t T, int64_t F, nd_rng *rng)
{
    int64_t t0, t1, f0, f1;
    double mean = 0;
    for (int64_t i = 0; i < T * F; i++) mean += (double)clip[i] / (double)(T * F);
    draw_mask(&t0, &t1, T, MASK_SHARE * (double)T, rng);
    draw_mask(&f0, &f1, F, MASK_SHARE * (double)F, rng);
    for (int64_t t = 0; t < T; t++)
        for (int64_t f = 0; f < F; f++)
            if ((t >= t0 && t < t1) || (f >= f0 && f < f1)) clip[t * F + f] = (float)mean;
}

static void change_mel(float *clip, float *scratch, int64_t T, int64_t F, nd_rng *rng)
{
    double shift = nd_rng_uniform(rng, -SHIFT_S, SHIFT_S) / FRAME_S;
    double pace = exp(nd_rng_uniform(rng, -STRETCH, STRETCH));
    double gain = nd_rng_uniform(rng, -GAIN, GAIN), tilt = nd_rng_uniform(rng, -GAIN, GAIN);
    if (T > 1) warp(clip, scratch, T, F, shift, pace);
    for (int64_t t = 0; t < T; t++)
        for (int64_t f = 0; f < F; f++)
            clip[t * F + f] += (float)(gain + tilt * ((double)f / (double)F - 0.5));
    if (F > 1) shift_bands(clip, scratch, T, F, nd_rng_uniform(rng, -BANDS, BANDS));
    mask(clip, T, F, rng);
}

/* Rows of pictures [width, channels], each turned round; a row of the cache holds several. */
static void mirror(float *clip, int64_t n_rows, int width, int channels)
{
    for (int64_t r = 0; r < n_rows; r++) {
        float *row = clip + r * width * channels;
        for (int x = 0; x < width / 2; x++)
            for (int c = 0; c < channels; c++) {
                float *a = row + x * channels + c, *b = row + (width - 1 - x) * channels + c;
                float kept = *a;
                *a = *b;
                *b = kept;
            }
    }
}

/* value = gain (value - centre) + centre + offset a channel, then towards grey. */
typedef struct {
    float gain[3], offset[3], centre, grey;
} grading;

static void draw_grading(grading *g, bool jitter, float top, nd_rng *rng)
{
    double exposure = exp(nd_rng_uniform(rng, -0.2, 0.2));
    g->centre = 0;
    g->grey = 0;
    for (int c = 0; c < 3; c++) g->gain[c] = (float)exposure, g->offset[c] = 0;
    if (!jitter) return;
    double contrast = exp(nd_rng_uniform(rng, -0.7, 0.7));
    double light = nd_rng_uniform(rng, -0.25, 0.25);
    g->centre = top / 2;
    g->grey = (float)nd_rng_uniform(rng, 0, 1);
    for (int c = 0; c < 3; c++) {
        g->gain[c] = (float)(contrast * exp(nd_rng_uniform(rng, -0.3, 0.3)));
        g->offset[c] = (float)(light + nd_rng_uniform(rng, -0.15, 0.15)) * top;
    }
}

static void grade(float *pixels, int64_t n, int channels, float top, const grading *g)
{
    for (int64_t i = 0; i < n; i++) {
        float *p = pixels + i * channels, mean = 0;
        for (int c = 0; c < channels; c++) {
            float value = g->gain[c] * (p[c] - g->centre) + g->centre + g->offset[c];
            p[c] = ND_CLAMP(value, 0, top);
            mean += p[c] / (float)channels;
        }
        for (int c = 0; c < channels; c++) p[c] += g->grey * (mean - p[c]);
    }
}

void nd_clip_change(float *clip, float *scratch, const char *array, int64_t T, int64_t F,
                    bool jitter, nd_rng *rng)
{
    if (!strcmp(array, "fbank")) {
        change_mel(clip, scratch, T, F, rng);
        return;
    }
    bool is_colour = !strcmp(array, "colour_frames");
    int width = is_colour ? 16 : 224, channels = is_colour ? 3 : 1;
    float top = is_colour ? 1 : 255;
    ND_ASSERT_EQ(F % (width * channels), 0);
    grading g;
    if (nd_rng_next(rng) >> 63) mirror(clip, T * F / (width * channels), width, channels);
    draw_grading(&g, jitter, top, rng);
    grade(clip, T * F / channels, channels, top, &g);
}
