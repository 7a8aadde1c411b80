/* The camera: flicker, noise, a hand that shakes, a mark in the corner, bars, something that passes
 * before the lens. */
#include <math.h>
#include <string.h>

#include "synth/corpus_film.h"

void nd_made_camera_choose(nd_made_film *film, nd_rng *rng)
{
    nd_made_camera *c = &film->camera;
    *c = (nd_made_camera){.noise = (float)nd_rng_uniform(rng, 1, 7),
                          .flicker = (float)nd_rng_uniform(rng, .005, .03),
                          .shake_px = (float)nd_rng_uniform(rng, 0, .6),
                          .on_since_s = nd_rng_uniform(rng, 0, 100),
                          .has_mark = nd_rng_uniform(rng, 0, 1) < .2};
    if (nd_rng_uniform(rng, 0, 1) < .06) c->bars_px = film->height / 8;
    c->mark_px = ND_MAX(4, film->width / 9);
    c->mark_x = nd_rng_int(rng, 0, 1) ? 2 : film->width - 2 - c->mark_px;
    c->mark_y = nd_rng_int(rng, 0, 1) ? 2 : film->height - 2 - c->mark_px / 2;
    for (int k = 0; k < 3; k++) c->mark[k] = (uint8_t)nd_rng_int(rng, 60, 255);
    for (int k = 0; k < ND_SCRIPT_CLIPS; k++) c->is_hidden[k] = nd_rng_uniform(rng, 0, 1) < .1;
    c->state = nd_rng_next(rng) | 1;
}

static uint32_t next(nd_made_camera *c)
{
    c->state ^= c->state << 13;
    c->state ^= c->state >> 7;
    c->state ^= c->state << 17;
    return (uint32_t)(c->state >> 32);
}

/* A shift to the left by a share of a pixel. */
static void shift(uint8_t *rgb, int width, int height, float share)
{
    int weight = (int)(256 * share);
    for (int j = 0; j < height; j++) {
        uint8_t *row = rgb + (size_t)j * (size_t)width * 3;
        for (int i = 0; i < 3 * (width - 1); i++)
            row[i] = (uint8_t)((row[i] * (256 - weight) + row[i + 3] * weight) >> 8);
    }
}

/* A dark disc on its way across. */
static void hide(uint8_t *rgb, int width, int height, double time_s)
{
    double phase = time_s / 2.3;
    phase -= floor(phase);
    float x = (float)(phase * 1.6 - .3) * (float)width, y = .7f * (float)height;
    float radius = .22f * (float)width;
    for (int j = 0; j < height; j++)
        for (int i = 0; i < width; i++) {
            float dx = (float)i - x, dy = (float)j - y;
            if (dx * dx + dy * dy > radius * radius) continue;
            uint8_t *p = rgb + 3 * ((size_t)j * (size_t)width + (size_t)i);
            for (int k = 0; k < 3; k++) p[k] = (uint8_t)(p[k] / 5 + 14);
        }
}

static void print_mark(const nd_made_camera *c, uint8_t *rgb, int width)
{
    for (int j = 0; j < c->mark_px / 2; j++)
        for (int i = 0; i < c->mark_px; i++) {
            if (i % 4 == 3) continue; /* letters, from afar */
            uint8_t *p = rgb +
                         3 * ((size_t)(c->mark_y + j) * (size_t)width + (size_t)(c->mark_x + i));
            for (int k = 0; k < 3; k++) p[k] = (uint8_t)((p[k] + c->mark[k]) / 2);
        }
}

/* Gain, and noise of two uniform numbers for each value. */
static void expose(nd_made_camera *c, uint8_t *rgb, size_t n)
{
    float gain = 1 + c->flicker * (float)(int32_t)next(c) * 0x1p-31f;
    int fixed = (int)(gain * 4096), strength = (int)(c->noise * 2.45f * 16);
    for (size_t i = 0; i < n; i += 3) {
        uint32_t bits = next(c);
        for (int k = 0; k < 3; k++) {
            int noise = (int)(bits >> (10 * k) & 31) + (int)(bits >> (10 * k + 5) & 31) - 31;
            int x = (rgb[i + (size_t)k] * fixed >> 12) + ((noise * strength) >> 9);
            rgb[i + (size_t)k] = (uint8_t)ND_CLAMP(x, 0, 255);
        }
    }
}

void nd_made_camera_spoil(nd_made_camera *c, uint8_t *rgb, int width, int height, int clip,
                          double time_s)
{
    time_s += c->on_since_s;
    size_t bar = 3 * (size_t)width * (size_t)c->bars_px, n = 3 * (size_t)width * (size_t)height;
    float push = .5f + .5f * sinf(5.1f * (float)time_s) * sinf(2.3f * (float)time_s + 1);
    shift(rgb, width, height, c->shake_px * push);
    if (c->is_hidden[clip]) hide(rgb, width, height, time_s);
    expose(c, rgb, n);
    if (c->has_mark) print_mark(c, rgb, width);
    memset(rgb, 0, bar);
    memset(rgb + n - bar, 0, bar);
}
