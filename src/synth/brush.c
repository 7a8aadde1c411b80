/* Canvas, texture, colours and grading. */
#include <math.h>
#include <string.h>

#include "synth/scene.h"
#include "synth/song.h"

enum { N_SCHEMES = 3 };

/* Colour schemes of each mood, chosen by eye: sky above and at the horizon, light, far, near; four
 * accents. */
static const uint32_t schemes[ND_N_MOODS][N_SCHEMES][9] = {
    [ND_CALM] = {{0x8fb8de, 0xf6d8c0, 0xfff0d0, 0x9fb0c8, 0x6f8fa0, 0xf2b5a7, 0xa8d5ba, 0xf7e3af,
                  0xb8b5e0},
                 {0xa3c9c7, 0xf3ead3, 0xfff6df, 0x9bbfae, 0x6c9a8b, 0xe8a798, 0x86b3a6, 0xf0d9a0,
                  0x8fa8c9},
                 {0x9a9fd0, 0xf4c9cf, 0xffe3d6, 0xa79cc4, 0x7a76a3, 0xf0b8c0, 0x9fc5d8, 0xf3dcb0,
                  0xb59fd0}},
    [ND_HAPPY] = {{0x2f9be8, 0xbfe9ff, 0xfff3a0, 0x6fca7c, 0x2f9e4f, 0xff5a5f, 0xffc93c, 0x2ec4b6,
                   0xff8fab},
                  {0xff9f45, 0xffe29a, 0xfff7c2, 0xf27059, 0xb5446e, 0xffd23f, 0x3bceac, 0xee4266,
                   0xfff1d0},
                  {0x36c5d0, 0xfdf3c8, 0xffe066, 0xf78fb3, 0x3a86c8, 0xff6b6b, 0xffd93d, 0x6bcb77,
                   0xff9f1c}},
    [ND_TENSE] = {{0x0e1a2b, 0x35506b, 0x9fc0d0, 0x22384d, 0x0c141d, 0xb03a48, 0x4f7d94, 0x8aa39b,
                   0xd9c27a},
                  {0x14121f,
                   0x4a3f5c, 0xb9a7c9, 0x2b2540, 0x0d0b14, 0x8c2f4a, 0x5c6b9c, 0x6f8f8a, 0xc9b079},
                  {0x0b1f1f,
                   0x3c5f5a, 0xa8c9b5, 0x1d3937, 0x0a1413, 0xa6483d, 0x4a8a80, 0x7a8f6a, 0xcbb57a}},
    [ND_DRIVING] = {{0x1b1464, 0xff5e78, 0xffd26f, 0x5b2a86, 0x1a1038, 0x00e5ff, 0xff2e97, 0xffe45e,
                     0x7cff6b},
                    {0x04395e, 0xff9b54, 0xffe8a3, 0x31587a, 0x0d2233, 0xff5400, 0x00bbf9, 0xfee440,
                     0xf15bb5},
                    {0x2b2d42, 0xd8e2ec, 0xffffff, 0x57607a, 0x1e2030, 0xef233c, 0xffb703, 0x219ebc,
                     0x8ecae6}},
};

/* Saturation, contrast, brightness, warmth, vignette. */
static const float gradings[ND_N_MOODS][5] = {
    [ND_CALM] = {1.05f, .88f, 1.02f, .025f, .1f},
    [ND_HAPPY] = {1.18f, 1, 1.08f, .06f, 0},
    [ND_TENSE] = {.8f, .85f, 1.1f, -.07f, .45f},
    [ND_DRIVING] = {1.15f, 1.1f, 1.05f, .02f, .2f},
};

nd_palette nd_palette_make(const uint32_t colours[9], const float grading[5])
{
    const uint32_t *c = colours;
    const float *g = grading;
    return (nd_palette){.sky_top = c[0],
                        .sky_low = c[1],
                        .glow = c[2],
                        .far = c[3],
                        .near = c[4],
                        .accents = {c[5], c[6], c[7], c[8]},
                        .saturation = g[0],
                        .contrast = g[1],
                        .brightness = g[2],
                        .warmth = g[3],
                        .vignette = g[4]};
}

float nd_hash01(uint32_t seed, int i)
{
    uint32_t x = seed ^ ((uint32_t)i * 0x9E3779B9u);
    x = (x ^ (x >> 16)) * 0x7FEB352Du;
    x = (x ^ (x >> 15)) * 0x846CA68Bu;
    x ^= x >> 16;
    return (float)(x >> 8) * 0x1p-24f;
}

static float ease(float x)
{
    return x * x * (3 - 2 * x);
}

/* One octave: random values on a grid of n x n, smooth between. */
static void add_octave(float *texture, int n, float weight, uint32_t seed)
{
    for (int y = 0; y < ND_TEXTURE_SIDE; y++)
        for (int x = 0; x < ND_TEXTURE_SIDE; x++) {
            float u = (float)(x * n) / ND_TEXTURE_SIDE, v = (float)(y * n) / ND_TEXTURE_SIDE;
            int i = (int)u, j = (int)v, i1 = (i + 1) % n, j1 = (j + 1) % n;
            float a = ease(u - (float)i), b = ease(v - (float)j);
            float top = nd_hash01(seed, j * n + i) * (1 - a) + nd_hash01(seed, j * n + i1) * a;
            float low = nd_hash01(seed, j1 * n + i) * (1 - a) + nd_hash01(seed, j1 * n + i1) * a;
            texture[y * ND_TEXTURE_SIDE + x] += weight * (top * (1 - b) + low * b);
        }
}

void nd_texture_fill(float *texture, uint64_t seed)
{
    memset(texture, 0, sizeof(float) * ND_TEXTURE_SIDE * ND_TEXTURE_SIDE);
    for (int octave = 0; octave < 4; octave++)
        add_octave(texture, 8 << octave, .4f - .1f * (float)octave + .05f * (octave == 3),
                   (uint32_t)(seed >> 8) + (uint32_t)octave);
}

float nd_texture_at(const float *texture, float u, float v)
{
    enum { MASK = ND_TEXTURE_SIDE - 1 };
    float fu = floorf(u), fv = floorf(v), a = u - fu, b = v - fv;
    int i = (int)fu & MASK, j = (int)fv & MASK, i1 = (i + 1) & MASK, j1 = (j + 1) & MASK;
    const float *top = texture + j * ND_TEXTURE_SIDE, *low = texture + j1 * ND_TEXTURE_SIDE;
    float upper = top[i] + a * (top[i1] - top[i]), lower = low[i] + a * (low[i1] - low[i]);
    return upper + b * (lower - upper);
}

nd_pixel nd_paint(uint32_t colour, float gain, float units_s)
{
    float k = gain / 255;
    return (nd_pixel){k * (float)(colour >> 16), k * (float)(colour >> 8 & 255),
                      k * (float)(colour & 255), fabsf(units_s) / ND_SCENE_UNITS};
}

void nd_stamp(nd_canvas *canvas, float x, float y, float half_w, float half_h, float turn,
              float round, nd_pixel colour)
{
    float c = cosf(turn), s = sinf(turn), reach = hypotf(half_w, half_h) + canvas->unit;
    float radius = round * ND_MIN(half_w, half_h), soft = 1 / canvas->unit;
    int x0 = (int)ND_CLAMP((x - reach) * soft, 0.0f, (float)canvas->width);
    int x1 = (int)ND_CLAMP((x + reach) * soft + 1, 0.0f, (float)canvas->width);
    int y0 = (int)ND_CLAMP((y - reach) * soft, 0.0f, (float)canvas->height);
    int y1 = (int)ND_CLAMP((y + reach) * soft + 1, 0.0f, (float)canvas->height);
    for (int j = y0; j < y1; j++)
        for (int i = x0; i < x1; i++) {
            float px = ((float)i + .5f) * canvas->unit - x,
                  py = ((float)j + .5f) * canvas->unit - y;
            float a = fabsf(c * px + s * py) - half_w + radius;
            float b = fabsf(c * py - s * px) - half_h + radius;
            float outside = hypotf(ND_MAX(a, 0.0f), ND_MAX(b, 0.0f)) + ND_MIN(ND_MAX(a, b), 0.0f) -
                            radius;
            float share = nd_clamp01(.5f - outside * soft);
            nd_pixel *pixel = &canvas->pixels[j * canvas->width + i];
            if (share > 0) *pixel = nd_blend(*pixel, colour, share);
        }
}

/* Saturation, contrast about a middle grey, warmth, vignette; then to bytes. */
static void grade(uint8_t *rgb, float *motion_out, const nd_canvas *canvas, const nd_palette *p)
{
    double motion = 0;
    float tint[3] = {p->brightness * (1 + p->warmth), p->brightness,
                     p->brightness * (1 - p->warmth)};
    for (int j = 0; j < canvas->height; j++) {
        float v = 2 * ((float)j + .5f) / (float)canvas->height - 1;
        for (int i = 0; i < canvas->width; i++, rgb += 3) {
            float u = 2 * ((float)i + .5f) / (float)canvas->width - 1;
            const nd_pixel c = canvas->pixels[j * canvas->width + i];
            float grey = .299f * c[0] + .587f * c[1] + .114f * c[2];
            float shade = 255 * (1 - p->vignette * .5f * (u * u + v * v));
            for (int k = 0; k < 3; k++) {
                float x = grey + p->saturation * (c[k] - grey);
                x = (.5f + p->contrast * (x - .5f)) * tint[k] * shade + .5f;
                rgb[k] = (uint8_t)ND_CLAMP(x, 0.0f, 255.0f);
            }
            motion += (double)c[3];
        }
    }
    *motion_out = (float)(motion / ((double)canvas->width * canvas->height));
}

void nd_scene_render(uint8_t *rgb, float *motion_out, nd_canvas *canvas, const nd_scene *scene,
                     float t)
{
    scene->kind->paint(canvas, scene, t);
    grade(rgb, motion_out, canvas, &scene->palette);
}

void nd_scene_init(nd_scene *scene, const nd_scene_kind *kind, int mood, float speed, int scheme,
                   const float *texture, nd_rng *rng)
{
    *scene = (nd_scene){.kind = kind, .texture = texture};
    scene->palette = nd_palette_make(schemes[mood][scheme % N_SCHEMES], gradings[mood]);
    scene->palette.brightness *= (float)nd_rng_uniform(rng, .94, 1.06);
    scene->pan = speed * ND_SCENE_UNITS * (nd_rng_int(rng, 0, 1) ? 1 : -1);
    scene->shake = mood == ND_TENSE ? 1.2f : mood == ND_DRIVING ? .8f : 0;
    scene->seed = (uint32_t)nd_rng_next(rng);
    float pace = speed * ND_SCENE_UNITS;
    for (int i = 0; i < ND_MAX_SHAPES; i++) {
        nd_shape *s = &scene->shapes[i];
        s->x = (float)nd_rng_uniform(rng, 0, 1);
        s->y = (float)nd_rng_uniform(rng, 0, 1);
        s->dx = pace * (float)nd_rng_uniform(rng, -1, 1);
        s->dy = pace * (float)nd_rng_uniform(rng, .4, 1);
        s->size = (float)nd_rng_uniform(rng, .6, 1.4);
        s->turn = (float)nd_rng_uniform(rng, 0, 6.28);
        s->dturn = (float)nd_rng_uniform(rng, -1, 1) * pace / 30;
        s->accent = nd_rng_int(rng, 0, 3);
    }
}
