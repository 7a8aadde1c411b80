/* Look: brightness, warmth, saturation and contrast of each clip.
 *
 * With sums over the pixels that are not bars, 8 frames a second:
 *     brightness  mean luma (BT.709 weights on stored values) / 255
 *     contrast    2 x standard deviation of luma / 255, mean over the frames
 *                 (RMS contrast, Peli, Contrast in complex images, 1990; twice,
 *                 so that half black, half white is 1)
 *     saturation  sum (max - min) / sum max: HSV's saturation, each pixel
 *                 weighted by its value, since the hue of the dark is noise
 *     warmth      sum (R - B) / sum max: red, orange and yellow 1, blue and
 *                 cyan -1, grey, green and magenta 0
 * Bars are rows and columns at both edges that stay black all through. Black
 * adds nothing to any sum, so only the number of pixels depends on them, and
 * they need not be known before the end.
 */
#include <math.h>

#include "describe/describe.h"

enum {
    W = 64,
    H = 40,
    PER_SECOND = 8,
    PER_CLIP = 4 * PER_SECOND,
    BLACK = 24, /* a bar's luma, with noise and ringing */
};

/* Sums over one frame. */
typedef struct {
    float luma, square, max, range, red_blue;
} frame_sums;

typedef struct {
    frame_sums *frames;
    size_t n, capacity;
    int row_peak[H], column_peak[W];
} look_state;

static void add_pixel(look_state *s, double *sums, const uint8_t *rgb, int x, int y)
{
    double luma = 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2];
    int max = ND_MAX(ND_MAX(rgb[0], rgb[1]), rgb[2]);
    int min = ND_MIN(ND_MIN(rgb[0], rgb[1]), rgb[2]);
    sums[0] += luma;
    sums[1] += luma * luma;
    sums[2] += max;
    sums[3] += max - min;
    sums[4] += rgb[0] - rgb[2];
    s->row_peak[y] = ND_MAX(s->row_peak[y], max);
    s->column_peak[x] = ND_MAX(s->column_peak[x], max);
}

static int see(void *state, const nd_frame *frame, nd_diag *diag)
{
    look_state *s = state;
    ND_ASSERT_EQ(frame->width, W);
    ND_ASSERT_EQ(frame->height, H);
    ND_ASSERT_EQ(frame->pixels, ND_RGB);
    if (nd_grow(&s->frames, &s->capacity, s->n, 1, sizeof *s->frames))
        return nd_diag_set(diag, ND_ENOMEM, "measuring the look: out of memory");
    double sums[5] = {0};
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            add_pixel(s, sums, frame->data + (size_t)y * frame->stride + 3 * (size_t)x, x, y);
    s->frames[s->n++] = (frame_sums){(float)sums[0], (float)sums[1], (float)sums[2], (float)sums[3],
                                     (float)sums[4]};
    return 0;
}

/* Lines that are not bars, which are as wide on one side as on the other. */
static int count_lit(const int *peaks, int n)
{
    int bar = 0;
    while (bar < n / 2 && peaks[bar] <= BLACK && peaks[n - 1 - bar] <= BLACK) bar++;
    return 2 * bar < n ? n - 2 * bar : n;
}

typedef struct {
    double brightness, saturation, contrast, warmth;
} look;

static double frame_brightness(const frame_sums *f, double n_pixels)
{
    return fmin(f->luma / n_pixels / 255, 1);
}

static look look_at(const frame_sums *f, size_t n, double n_pixels)
{
    double max = 0, range = 0, red_blue = 0;
    look out = {0};
    for (size_t i = 0; i < n; i++) {
        double mean = f[i].luma / n_pixels, variance = f[i].square / n_pixels - mean * mean;
        out.brightness += frame_brightness(&f[i], n_pixels) / (double)n;
        out.contrast += fmin(2 * sqrt(fmax(variance, 0)) / 255, 1) / (double)n;
        max += f[i].max;
        range += f[i].range;
        red_blue += f[i].red_blue;
    }
    if (max > 0) {
        out.saturation = range / max;
        out.warmth = red_blue / max;
    }
    return out;
}

static int finish(void *state, nd_description *d, nd_diag *diag)
{
    static const char *const names[] = {"clip_brightness", "clip_saturation", "clip_contrast",
                                        "clip_warmth"};
    look_state *s = state;
    int64_t n = (int64_t)s->n, n_clips = nd_clip_count(d->analysed_s);
    double n_pixels = (double)count_lit(s->row_peak, H) * count_lit(s->column_peak, W);
    float *values[ND_COUNT(names)];
    nd_array *a = nd_description_add(d, "brightness", ND_F32, 1, &n);
    for (int64_t i = 0; a && i < n; i++)
        a->f32[i] = (float)frame_brightness(&s->frames[i], n_pixels);
    for (size_t i = 0; a && i < ND_COUNT(names); i++) {
        a = nd_description_add(d, names[i], ND_F32, 1, &n_clips);
        values[i] = a ? a->f32 : NULL;
    }
    if (!a) return nd_diag_set(diag, ND_ENOMEM, "keeping the look: out of memory");
    for (int64_t c = 0; c < n_clips; c++) {
        size_t first = ND_MIN((size_t)c * PER_CLIP, s->n);
        look l = look_at(s->frames + first, ND_MIN(PER_CLIP, s->n - first), n_pixels);
        values[0][c] = (float)l.brightness;
        values[1][c] = (float)l.saturation;
        values[2][c] = (float)l.contrast;
        values[3][c] = (float)l.warmth;
    }
    return 0;
}

static void stop(void *state)
{
    free(((look_state *)state)->frames);
}

const nd_feature_ops nd_feature_look = {
    .name = "look",
    .summary = "brightness, warmth, saturation and contrast of each clip",
    .paper = "Peli 1990, Contrast in complex images; HSV",
    .medium = ND_VIDEO,
    .arrays = (const char *const[]){"clip_brightness", "clip_saturation", "clip_contrast",
                                    "clip_warmth", "brightness", NULL},
    .is_default = true,
    .frames = {.rate_hz = PER_SECOND, .width = W, .height = H, .pixels = ND_RGB},
    .state_bytes = sizeof(look_state),
    .see = see,
    .finish = finish,
    .stop = stop,
};
