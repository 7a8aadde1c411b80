/* The scenes. Each paints from back to front; a layer further off moves by a smaller share of the
 * camera's pan (parallax). */
#include <math.h>

#include "synth/scene.h"
#include "synth/song.h"

enum { MAX_WIDTH = 1024 };

/* Camera place in units at time t: the pan, a slow sway, a hand's shake. */
static float camera_x(const nd_scene *s, float t)
{
    return 1000 * nd_hash01(s->seed, 1) + s->pan * t +
           s->shake * (sinf(5.1f * t) + .6f * sinf(8.3f * t + 1));
}

static float camera_y(const nd_scene *s, float t)
{
    return s->shake * (.8f * sinf(4.3f * t + 2) + .5f * sinf(7.7f * t));
}

/* ---- layers ------------------------------------------------------------------------------ */

/* A gradient from the top to the horizon (and its light below), with drifting clouds. */
static void paint_sky(nd_canvas *c, const nd_scene *s, float t, float horizon, float clouds)
{
    const nd_palette *p = &s->palette;
    float x0 = .12f * camera_x(s, t) + 3 * t, speed = .12f * s->pan + 3;
    nd_pixel top = nd_paint(p->sky_top, 1, speed), low = nd_paint(p->sky_low, 1, speed);
    nd_pixel light = nd_paint(p->glow, 1, speed);
    for (int j = 0; j < c->height; j++) {
        float y = ((float)j + .5f) * c->unit, share = nd_clamp01(y / horizon);
        nd_pixel sky = nd_blend(top, low, share * share);
        float stretch = .5f + 1.1f * share; /* flatter towards the horizon */
        for (int i = 0; i < c->width; i++) {
            float x = ((float)i + .5f) * c->unit + x0;
            float n = nd_texture_at(s->texture, .35f * x, .9f * stretch * y);
            float cloud = nd_clamp01((n - .5f) * 4) * clouds * (1 - .5f * share);
            c->pixels[j * c->width + i] = nd_blend(sky, light, cloud);
        }
    }
}

static void paint_sun(nd_canvas *c, const nd_scene *s, float x, float y, float radius)
{
    nd_pixel light = nd_paint(s->palette.glow, 1.1f, 0);
    float reach = 5 * radius, soft = 1 / c->unit;
    int y1 = (int)ND_MIN((y + reach) * soft, (float)c->height);
    for (int j = ND_MAX(0, (int)((y - reach) * soft)); j < y1; j++)
        for (int i = 0; i < c->width; i++) {
            float d = hypotf(((float)i + .5f) * c->unit - x, ((float)j + .5f) * c->unit - y);
            float glow = nd_clamp01(1 - d / reach), disc = nd_clamp01((radius - d) * soft + .5f);
            nd_pixel *pixel = &c->pixels[j * c->width + i];
            *pixel = nd_blend(*pixel, light, ND_MAX(disc, .5f * glow * glow));
        }
}

typedef struct ridge {
    float base, height, scale; /* units from the top; of its hills; texels a unit */
    float parallax, rough, grain;
    nd_pixel top, low;
} ridge;

/* A range of hills: its line is a row of the texture, its slope the texture itself. */
static void paint_ridge(nd_canvas *c, const nd_scene *s, float t, const ridge *r, int number)
{
    float x0 = camera_x(s, t) * r->parallax + 777 * (float)number, y0 = camera_y(s, t);
    float line[MAX_WIDTH];
    int first = c->height;
    for (int i = 0; i < c->width; i++) {
        float x = ((float)i + .5f) * c->unit + x0;
        float n = nd_texture_at(s->texture, r->scale * x, 31 * (float)number);
        float teeth = nd_texture_at(s->texture, .55f * x, 97 * (float)number) - .5f;
        line[i] = r->base + y0 - r->height * (n - .5f) * 2 - r->rough * teeth;
        first = ND_MIN(first, (int)(line[i] / c->unit) - 1);
    }
    for (int j = ND_MAX(first, 0); j < c->height; j++) {
        float y = ((float)j + .5f) * c->unit;
        for (int i = 0; i < c->width; i++) {
            float share = nd_clamp01((y - line[i]) / c->unit + .5f);
            if (share <= 0) continue;
            float x = ((float)i + .5f) * c->unit + x0;
            float n = nd_texture_at(s->texture, .6f * x, .6f * (y - y0));
            float shade = nd_clamp01((y - line[i]) / 70 + r->grain * (n - .5f));
            nd_pixel *pixel = &c->pixels[j * c->width + i];
            *pixel = nd_blend(*pixel, nd_blend(r->top, r->low, shade), share);
        }
    }
}

/* Everything from `base` down in one textured colour, seen in perspective: nearer rows go by
 * faster, sideways with the camera and forwards at `drive` units a second. */
typedef struct ground {
    float base, drive, contrast, stretch;
    nd_pixel far, near;
} ground;

static void paint_ground(nd_canvas *c, const nd_scene *s, float t, const ground *g)
{
    float x0 = camera_x(s, t), span = c->rows - g->base;
    for (int j = ND_MAX(0, (int)(g->base / c->unit)); j < c->height; j++) {
        float y = ((float)j + .5f) * c->unit, near = nd_clamp01((y - g->base) / span);
        float depth = 1 / (near + .06f), distance = 60 * depth - g->drive * t;
        float wide = .12f + .9f * near;
        /* dy/dt of what lies at that depth */
        float forwards = fabsf(g->drive) * span * (near + .06f) * (near + .06f) / 60;
        nd_pixel colour = nd_blend(g->far, g->near, near);
        colour[3] = hypotf(forwards, s->pan * near) / ND_SCENE_UNITS;
        for (int i = 0; i < c->width; i++) {
            float x = (((float)i + .5f) * c->unit - 160) / wide + x0;
            float n = nd_texture_at(s->texture, .5f * x / g->stretch, distance * .9f);
            float gain = 1 + g->contrast * (n - .5f) * (.35f + near);
            nd_pixel k = {gain, gain, gain, 1};
            nd_pixel *pixel = &c->pixels[j * c->width + i];
            *pixel = nd_blend(*pixel, colour * k, nd_clamp01((y - g->base) / c->unit));
        }
    }
}

/* ---- scenes ------------------------------------------------------------------------------ */

static void paint_boat(nd_canvas *c, const nd_scene *s, float t, int which, float horizon)
{
    const nd_shape *b = &s->shapes[which];
    float size = 5 + 9 * b->size * (float)(which + 1) / 3, y = horizon + 3 * size * b->y + 4;
    float go = .5f * s->pan, x = fmodf(b->x * 480 - go * t + 4800, 480) - 80;
    float tilt = .05f * sinf(1.6f * t + b->turn);
    y += .8f * sinf(1.3f * t + b->turn);
    nd_pixel hull = nd_paint(s->palette.near, .55f, go), sail = nd_paint(s->palette.glow, 1, go);
    nd_pixel second = nd_paint(s->palette.accents[b->accent], 1, go);
    nd_stamp(c, x + .32f * size, y - 1.15f * size, .3f * size, .95f * size, .22f + tilt, .9f, sail);
    nd_stamp(c, x - .38f * size, y - .95f * size, .24f * size, .7f * size, -.3f + tilt, .9f,
             second);
    nd_stamp(c, x, y, 1.1f * size, .26f * size, tilt, .9f, hull);
}

static void paint_sea(nd_canvas *c, const nd_scene *s, float t)
{
    const nd_palette *p = &s->palette;
    float horizon = .5f * c->rows + .4f * camera_y(s, t);
    float sun_x = 60 + 200 * nd_hash01(s->seed, 2),
          sun_y = horizon * (.45f + .4f * nd_hash01(s->seed, 3));
    paint_sky(c, s, t, horizon, .8f);
    paint_sun(c, s, sun_x, sun_y, 15);
    ground sea = {horizon, 8 + .12f * fabsf(s->pan),      .75f,
                  3,       nd_paint(p->sky_low, .85f, 0), nd_paint(p->near, 1, 0)};
    paint_ground(c, s, t, &sea);
    nd_pixel light = nd_paint(p->glow, 1.1f, 0);
    for (int i = 0; i < 40; i++) { /* the sun's path on the water */
        float near = nd_hash01(s->seed, 50 + i), twinkle = sinf(3 * t + 40 * near);
        float x = sun_x + (nd_hash01(s->seed, 90 + i) - .5f) * (14 + 70 * near);
        light[3] = fabsf(s->pan) * near / ND_SCENE_UNITS;
        if (twinkle > 0)
            nd_stamp(c, x, horizon + 3 + near * (c->rows - horizon), (2 + 7 * near) * twinkle,
                     .5f + near * twinkle, 0, 1, light);
    }
    for (int i = 0; i < 3; i++) paint_boat(c, s, t, i, horizon);
}

static void paint_hills(nd_canvas *c, const nd_scene *s, float t)
{
    const nd_palette *p = &s->palette;
    paint_sky(c, s, t, .7f * c->rows, .9f);
    paint_sun(c, s, 50 + 220 * nd_hash01(s->seed, 2), .28f * c->rows, 13);
    static const float parallax[4] = {.15f, .32f, .6f, 1};
    for (int k = 0; k < 4; k++) {
        float near = (float)k / 3, speed = parallax[k] * s->pan;
        nd_pixel far = nd_blend(nd_paint(p->sky_low, 1, speed), nd_paint(p->far, 1, speed), .6f);
        nd_pixel top = nd_blend(far, nd_paint(p->near, 1, speed), near);
        nd_pixel low = nd_blend(top, nd_paint(k % 2 ? p->far : p->sky_low, .9f, speed), .45f);
        ridge r = {c->rows * (.45f + .14f * (float)k),
                   36 - 5 * (float)k,
                   .10f + .05f * near,
                   parallax[k],
                   k == 0 ? 6 : 3 * near,
                   .5f + near,
                   top,
                   low};
        paint_ridge(c, s, t, &r, k + 1);
    }
}

/* One layer of houses: cells of equal width with heights and windows of their own. */
static void paint_houses(nd_canvas *c, const nd_scene *s, float t, int layer)
{
    static const float parallax[3] = {.25f, .5f, 1}, cells[3] = {17, 27, 44};
    const nd_palette *p = &s->palette;
    float speed = parallax[layer] * s->pan, cell = cells[layer], grid = cell / 5.5f;
    float x0 = camera_x(s, t) * parallax[layer], y0 = camera_y(s, t) * parallax[layer];
    nd_pixel wall = nd_blend(nd_paint(p->far, 1, speed), nd_paint(p->near, .9f, speed),
                             .5f * (float)layer);
    nd_pixel lit = nd_paint(p->accents[3], 1.1f, speed), warm = nd_paint(p->glow, 1, speed);
    uint32_t seed = s->seed + (uint32_t)layer * 7919;
    for (int i = 0; i < c->width; i++) {
        float x = ((float)i + .5f) * c->unit + x0, at = floorf(x / cell), in = x - at * cell;
        int house = (int)at;
        float top = c->rows * (.28f + .13f * (float)layer) +
                    cell * (1.5f - .2f * (float)layer) * nd_hash01(seed, house) + y0;
        float gap = nd_clamp01((ND_MIN(in, cell - in) - .03f * cell) / c->unit + .5f);
        float shade = .8f + .4f * nd_hash01(seed, house + 5000);
        nd_pixel k = {shade, shade, shade, 1};
        int column = (int)((in - .08f * cell) / grid);
        float across = nd_clamp01(
            (.32f * grid - fabsf(fmodf(in - .08f * cell, grid) - .5f * grid)) / c->unit + .5f);
        for (int j = ND_MAX(0, (int)((top - 1) / c->unit)); j < c->height; j++) {
            float y = ((float)j + .5f) * c->unit, below = y - top;
            int floor_number = (int)(below / (1.3f * grid));
            float up = fabsf(fmodf(below, 1.3f * grid) - .65f * grid);
            float on = nd_hash01(seed, house * 613 + column * 31 + floor_number);
            float window = across * nd_clamp01((.4f * grid - up) / c->unit + .5f) *
                           (below > grid && on > .5f);
            nd_pixel colour = nd_blend(wall * k, on > .8f ? warm : lit, window * (.35f + .6f * on));
            nd_pixel *pixel = &c->pixels[j * c->width + i];
            *pixel = nd_blend(*pixel, colour, gap * nd_clamp01(below / c->unit + .5f));
        }
    }
}

static void paint_city(nd_canvas *c, const nd_scene *s, float t)
{
    paint_sky(c, s, t, .8f * c->rows, .5f);
    paint_sun(c, s, 40 + 240 * nd_hash01(s->seed, 2), .22f * c->rows, 12);
    for (int layer = 0; layer < 3; layer++) paint_houses(c, s, t, layer);
}

/* One row of trunks: a trunk in each cell, its side and width by chance. */
static void paint_trunks(nd_canvas *c, const nd_scene *s, float t, int layer)
{
    static const float parallax[4] = {.2f, .4f, .65f, 1}, cells[4] = {17, 28, 47, 85};
    const nd_palette *p = &s->palette;
    float speed = parallax[layer] * s->pan, cell = cells[layer],
          x0 = camera_x(s, t) * parallax[layer];
    float near = (float)layer / 3, foot = c->rows * (.66f + .12f * (float)layer);
    nd_pixel mist = nd_paint(p->sky_low, 1, speed);
    nd_pixel bark = nd_blend(mist, nd_paint(p->near, .75f, speed), .3f + .7f * near);
    uint32_t seed = s->seed + (uint32_t)layer * 104729;
    for (int j = 0; j < ND_MIN(c->height, (int)(foot / c->unit)); j++) {
        float y = ((float)j + .5f) * c->unit;
        for (int i = 0; i < c->width; i++) {
            float x = ((float)i + .5f) * c->unit + x0, at = floorf(x / cell);
            float half = cell * (.07f + .08f * nd_hash01(seed, (int)at));
            float middle = cell * (.25f + .5f * nd_hash01(seed, (int)at + 999));
            float lean = .05f * (nd_hash01(seed, (int)at + 333) - .5f) * (y - foot);
            float off = x - at * cell - middle - lean;
            float share = nd_clamp01((half - fabsf(off)) / c->unit + .5f);
            if (share <= 0) continue;
            float n = nd_texture_at(s->texture, 1.1f * x, .25f * y);
            float round = 1.15f - .5f * (off / half + .6f) * near + .6f * (n - .5f);
            nd_pixel k = {round, round, round, 1};
            nd_pixel *pixel = &c->pixels[j * c->width + i];
            *pixel = nd_blend(*pixel, bark * k, share);
        }
    }
}

static void paint_forest(nd_canvas *c, const nd_scene *s, float t)
{
    const nd_palette *p = &s->palette;
    paint_sky(c, s, t, .9f * c->rows, .4f);
    paint_sun(c, s, 60 + 200 * nd_hash01(s->seed, 2), .3f * c->rows, 22);
    for (int layer = 0; layer < 4; layer++) {
        float near = (float)layer / 3, speed = (.2f + .8f * near) * s->pan;
        nd_pixel moss = nd_blend(nd_paint(p->sky_low, 1, speed), nd_paint(p->far, .8f, speed),
                                 .35f + .65f * near);
        ridge floor_ridge = {
            c->rows * (.64f + .11f * (float)layer), 6, .12f, .2f + .8f * near, 5, 1, moss,
            moss * (nd_pixel){.7f, .7f, .7f, 1}};
        paint_ridge(c, s, t, &floor_ridge, layer + 5);
        paint_trunks(c, s, t, layer);
    }
    for (int i = 0; i < 26; i++) { /* leaves */
        const nd_shape *l = &s->shapes[i];
        float fall = 14 + .2f * l->dy;
        float x = fmodf(l->x * 340 + (.6f * l->dx - .7f * s->pan) * t + 34000, 340) - 10;
        float y = fmodf(l->y * 220 + fall * t, 220) - 10;
        nd_stamp(c, x + 5 * sinf(1.7f * t + l->turn), y, 2.6f * l->size, 1.4f * l->size,
                 l->turn + (1 + l->dturn) * t, 1, nd_paint(p->accents[l->accent], 1, s->pan));
    }
}

/* A ball's height: parabolas of equal length, 0..1. */
static float bounce(float phase)
{
    float x = phase - floorf(phase);
    return 4 * x * (1 - x);
}

static void paint_blocks(nd_canvas *c, const nd_scene *s, float t)
{
    const nd_palette *p = &s->palette;
    float base = .62f * c->rows;
    paint_sky(c, s, t, base, .35f);
    ground floor_plane = {base, 0, .6f, 1, nd_paint(p->far, 1, 0), nd_paint(p->near, 1.1f, 0)};
    paint_ground(c, s, t, &floor_plane);
    for (int i = 0; i < 11; i++) {
        const nd_shape *b = &s->shapes[i];
        float near = ((float)i + .5f) / 11, size = (7 + 17 * near) * b->size;
        float go = .6f * b->dx - s->pan * (.3f + .5f * near), rate = .35f + .012f * b->dy;
        float x = fmodf(b->x * 440 + go * t + 44000, 440) - 60, high = bounce(rate * t + b->y);
        float y = base + (c->rows - base) * near * .9f - size, up = (30 + 60 * near) * high;
        nd_pixel shadow = nd_paint(p->near, .45f, go);
        nd_stamp(c, x, y + size, size * (1.1f - .4f * high), 2 + 3 * near, 0, 1, shadow);
        float turn = b->dturn * .5f * t, speed = hypotf(go, 2 * rate * (30 + 60 * near));
        nd_pixel face = nd_paint(p->accents[b->accent], 1, speed);
        nd_stamp(c, x, y - up, size, size, turn, .35f, face * (nd_pixel){.75f, .75f, .75f, 1});
        nd_stamp(c, x - .1f * size, y - up - .1f * size, .8f * size, .8f * size, turn, .4f, face);
    }
}

static void paint_beams(nd_canvas *c, const nd_scene *s, float t)
{
    enum { N_BEAMS = 12 };
    const nd_palette *p = &s->palette;
    float cx = 160 + 40 * sinf(.4f * t), cy = .9f * c->rows, spin = s->pan / 400;
    nd_pixel dark = nd_paint(p->sky_top, .9f, 0), light = nd_paint(p->sky_low, 1, 0);
    nd_pixel glow = nd_paint(p->glow, 1, 0);
    for (int j = 0; j < c->height; j++)
        for (int i = 0; i < c->width; i++) {
            float x = ((float)i + .5f) * c->unit - cx, y = ((float)j + .5f) * c->unit - cy;
            float d = sqrtf(x * x + y * y) + 1;
            float beam = (atan2f(y, x) + spin * t) * N_BEAMS / 6.2831853f;
            float wave = fabsf(beam - floorf(beam) - .5f) * 2; /* 0 .. 1 .. 0 */
            float soft = d * 6.2831853f / N_BEAMS / (2 * c->unit);
            float share = nd_clamp01((wave - .5f) * soft * 2 + .5f);
            float n = nd_texture_at(s->texture, .5f * x + 9 * t, .5f * y + 5 * t);
            nd_pixel colour = nd_blend(dark, light, share * (.65f + .5f * n));
            colour = nd_blend(colour, glow, nd_clamp01(1 - d / 120) * .8f);
            colour[3] = fabsf(spin) * d / ND_SCENE_UNITS;
            c->pixels[j * c->width + i] = colour;
        }
    for (int i = 0; i < ND_MAX_SHAPES; i++) { /* confetti */
        const nd_shape *f = &s->shapes[i];
        float fall = 25 + .8f * f->dy;
        float x = fmodf(f->x * 350 + .3f * f->dx * t + 35000, 350) - 15;
        float y = fmodf(f->y * 220 + fall * t, 220) - 15;
        float flat = .25f + .75f * fabsf(sinf(3 * t * f->size + f->turn));
        nd_stamp(c, x + 4 * sinf(2 * t + f->turn), y, 4.2f * f->size, 2.6f * f->size * flat,
                 f->turn + f->dturn * t, .3f, nd_paint(p->accents[f->accent], 1.05f, fall));
    }
}

/* Posts beside the road, 100 units apart, come nearer as 1 / depth. */
static void paint_posts(nd_canvas *c, const nd_scene *s, float t, float base, float drive)
{
    enum { N_POSTS = 9 };
    float gone = drive * t / 100;
    gone -= floorf(gone);
    for (int i = 2 * N_POSTS - 1; i >= 0; i--) { /* the furthest first */
        float depth = .15f + .4f * ((float)(i / 2) + 1 - gone);
        float near = .24f / depth, side = i % 2 ? 1.0f : -1.0f;
        float x = 160 + side * 210 * near, foot = base + (c->rows - base) * near;
        nd_pixel post = nd_paint(s->palette.accents[i % 2], 1, drive * near);
        nd_stamp(c, x, foot - 45 * near, 2.4f * near, 45 * near, 0, .3f, post);
        nd_stamp(c, x, foot - 90 * near, 7 * near, 7 * near, 0, 1,
                 nd_paint(s->palette.glow, 1.1f, drive * near));
    }
}

static void paint_road(nd_canvas *c, const nd_scene *s, float t)
{
    const nd_palette *p = &s->palette;
    float base = .48f * c->rows + camera_y(s, t), drive = 40 + .9f * fabsf(s->pan);
    paint_sky(c, s, t, base, .7f);
    paint_sun(c, s, 160 + 60 * (nd_hash01(s->seed, 2) - .5f), base - 8, 24);
    ridge far = {base - 4,
                 16,
                 .1f,
                 .12f,
                 3,
                 .6f,
                 nd_paint(p->far, 1, .12f * s->pan),
                 nd_paint(p->far, .8f, .12f * s->pan)};
    paint_ridge(c, s, t, &far, 3);
    ground land = {base, drive, .9f, 1, nd_paint(p->far, .8f, 0), nd_paint(p->near, 1.25f, 0)};
    paint_ground(c, s, t, &land);
    nd_pixel asphalt = nd_paint(p->near, .8f, 0), paint = nd_paint(p->glow, 1, 0);
    for (int j = (int)(base / c->unit) + 1; j < c->height; j++) {
        float y = ((float)j + .5f) * c->unit, near = (y - base) / (c->rows - base) + .02f;
        float bend = 30 * sinf(.3f * t) * (1 - near) * (1 - near), half = 150 * near;
        float distance = 60 / near + drive * t, dash = fmodf(distance, 60);
        asphalt[3] = paint[3] = drive * near * near * (c->rows - base) / 60 / ND_SCENE_UNITS;
        for (int i = 0; i < c->width; i++) {
            float x = ((float)i + .5f) * c->unit - 160 - bend, away = fabsf(x);
            nd_pixel *pixel = &c->pixels[j * c->width + i];
            float n = nd_texture_at(s->texture, .5f * x / near + 128, .5f * distance);
            nd_pixel k = {.8f + .4f * n, .8f + .4f * n, .8f + .4f * n, 1};
            *pixel = nd_blend(*pixel, asphalt * k, nd_clamp01((half - away) / c->unit + .5f));
            float edge = 3.5f * near - fabsf(away - .9f * half);
            float middle = dash < 30 ? 3 * near - away : -1;
            *pixel = nd_blend(*pixel, paint, nd_clamp01(ND_MAX(edge, middle) / c->unit + .5f));
        }
    }
    paint_posts(c, s, t, base, drive);
}

/* Rows of book spines. */
static void paint_shelf(nd_canvas *c, const nd_scene *s, float t)
{
    const nd_palette *p = &s->palette;
    float x0 = camera_x(s, t), y0 = camera_y(s, t), shelf = 66, cell = 13;
    nd_pixel wood = nd_paint(p->near, .75f, s->pan), shadow = nd_paint(p->near, .35f, s->pan);
    for (int j = 0; j < c->height; j++) {
        float y = ((float)j + .5f) * c->unit - y0 + shelf, row = floorf(y / shelf);
        float in_y = y - row * shelf;
        for (int i = 0; i < c->width; i++) {
            float x = ((float)i + .5f) * c->unit + x0, at = floorf(x / cell), in = x - at * cell;
            int book = (int)at + 4099 * (int)row;
            float high = 36 + 16 * nd_hash01(s->seed, book);
            float half = cell * (.36f + .13f * nd_hash01(s->seed, book + 77));
            float off = in - .5f * cell, n = nd_texture_at(s->texture, 1.2f * x, .3f * y);
            float edge = (half - fabsf(off)) / c->unit + .5f;
            float top = (in_y - (60 - high)) / c->unit + .5f, foot = (60 - in_y) / c->unit + .5f;
            float share = nd_clamp01(edge) * nd_clamp01(top) * nd_clamp01(foot);
            float band = fabsf(in_y - 60 + high * .78f) < 2.2f || fabsf(in_y - 52) < 1.4f;
            float round = 1.1f - .5f * (off / cell + .35f) + .45f * (n - .5f);
            nd_pixel k = {round, round, round, 1};
            int accent = (int)(4 * nd_hash01(s->seed, book + 31));
            nd_pixel cloth = nd_paint(p->accents[accent & 3], .9f, s->pan);
            nd_pixel colour = nd_blend(cloth, nd_paint(p->glow, 1, s->pan), .8f * band);
            nd_pixel behind = nd_blend(shadow, wood * k, nd_clamp01((in_y - 60) / c->unit + .5f));
            c->pixels[j * c->width + i] = nd_blend(behind, colour * k, share);
        }
    }
}

#define MOOD(m) (1u << (m))

const nd_scene_kind nd_scene_kinds[] = {
    {"sea", MOOD(ND_CALM) | MOOD(ND_HAPPY), paint_sea},
    {"hills", MOOD(ND_CALM) | MOOD(ND_HAPPY) | MOOD(ND_TENSE), paint_hills},
    {"city", MOOD(ND_TENSE) | MOOD(ND_DRIVING), paint_city},
    {"forest", MOOD(ND_CALM) | MOOD(ND_TENSE), paint_forest},
    {"blocks", MOOD(ND_HAPPY) | MOOD(ND_DRIVING), paint_blocks},
    {"beams", MOOD(ND_HAPPY) | MOOD(ND_DRIVING), paint_beams},
    {"road", MOOD(ND_DRIVING) | MOOD(ND_TENSE), paint_road},
    {"shelf", MOOD(ND_CALM), paint_shelf},
};
const int nd_n_scene_kinds = (int)ND_COUNT(nd_scene_kinds);
