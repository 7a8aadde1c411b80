/* Painted scenes: every pixel is a function of place and time, so that motion is smooth below a
 * pixel and known exactly. */
#ifndef ND_SYNTH_SCENE_H
#define ND_SYNTH_SCENE_H

#include "base/base.h"

/** Red, green, blue in 0..1, and how fast what is seen there moves, in frame widths a second. */
typedef float nd_pixel __attribute__((vector_size(16)));

/** Lengths are in units of 1/320 of the width, whatever the size in pixels. */
enum { ND_SCENE_UNITS = 320, ND_TEXTURE_SIDE = 256, ND_MAX_SHAPES = 48 };

typedef struct nd_canvas {
    int width, height; /* px */
    float unit;        /* units a pixel: 320 / width */
    float rows;        /* units from top to bottom */
    nd_pixel *pixels;  /* [height][width] */
} nd_canvas;

typedef struct nd_palette {
    uint32_t sky_top, sky_low, glow, far, near, accents[4]; /* 0xRRGGBB */
    float saturation, contrast, brightness, warmth, vignette;
} nd_palette;

/** A palette of a table's rows: sky at the top and low, glow, far, near, four accents; saturation,
 *  contrast, brightness, warmth, vignette. Threads: safe. */
nd_palette nd_palette_make(const uint32_t colours[9], const float grading[5]);

/** A thing that moves on its own: where it is at time 0, how it goes. Meaning of the fields is
 *  the scene's. */
typedef struct nd_shape {
    float x, y, dx, dy, size, turn, dturn;
    int accent;
} nd_shape;

typedef struct nd_scene nd_scene;

typedef struct nd_scene_kind {
    const char *name;
    unsigned moods; /* bit 1 << nd_mood for each that it suits */
    void (*paint)(nd_canvas *canvas, const nd_scene *scene, float t);
} nd_scene_kind;

/** One shot's picture and camera. */
struct nd_scene {
    const nd_scene_kind *kind;
    nd_palette palette;
    const float *texture; /* [256][256] in 0..1, seamless; borrowed */
    float pan;            /* of the nearest layer: units a second, sign is the way */
    float shake;          /* of a hand: units */
    uint32_t seed;
    nd_shape shapes[ND_MAX_SHAPES];
};

extern const nd_scene_kind nd_scene_kinds[];
extern const int nd_n_scene_kinds;

/** Fill a seamless texture with four octaves of value noise. */
void nd_texture_fill(float *texture, uint64_t seed);

/** Choose palette, shapes and place of a scene of that kind.
 *  @param mood   nd_mood
 *  @param speed  of camera and shapes, frame widths a second
 *  @param scheme any number: which of the mood's colour schemes */
void nd_scene_init(nd_scene *scene, const nd_scene_kind *kind, int mood, float speed, int scheme,
                   const float *texture, nd_rng *rng);

/** Paint and grade the picture at time t of the shot.
 *  @param rgb         [height][width][3]
 *  @param motion_out  mean displacement, frame widths a second
 *  Threads: distinct canvases. Cost: about 30 ns a pixel. */
void nd_scene_render(uint8_t *rgb, float *motion_out, nd_canvas *canvas, const nd_scene *scene,
                     float t);

/* ---- brushes, for the scenes ---------------------------------------------------------------- */

/** A colour 0xRRGGBB times gain, and a speed in units a second. */
nd_pixel nd_paint(uint32_t colour, float gain, float units_s);

/** a where share is 0, b where it is 1. */
static inline nd_pixel nd_blend(nd_pixel a, nd_pixel b, float share)
{
    return a + (b - a) * (nd_pixel){share, share, share, share};
}

static inline float nd_clamp01(float x)
{
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

/** The texture at (u, v) texels, bilinear, repeated. */
float nd_texture_at(const float *texture, float u, float v);

/** 0..1, the same for the same (seed, i). */
float nd_hash01(uint32_t seed, int i);

/** A rounded box with soft edges one pixel wide. Units; turn in radians; round: corner radius as
 *  a share of the smaller half side (1: an ellipse-like disc). */
void nd_stamp(nd_canvas *canvas, float x, float y, float half_w, float half_h, float turn,
              float round, nd_pixel colour);

#endif
