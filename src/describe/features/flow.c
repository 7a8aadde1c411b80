/* How much the picture moves: the mean displacement between frames 1/8 s apart,
 * at 224 px long side, and each clip's median of it.
 *
 * Frames a second apart, as published, make fast motion look slower than
 * medium, and one cut spoils a mean (models.md 1.9, 13 and 14; 6.5): hence 8
 * frames a second, medians, and classes on a logarithmic scale.
 *
 * A pair across a cut has no motion: it holds the value before it. It is known
 * by what the flow cannot explain (nd_flow_residual) beside the contrast of
 * the two frames, and from the hard cuts that `cuts` found. A frame without
 * structure (black, one colour, a plain gradient) shows no motion: two of them
 * give 0, one of them beside another frame is a cut.
 */
#include <math.h>
#include <string.h>

#include "describe/describe.h"
#include "describe/flow_dis.h"

enum { RATE_HZ = 8, LONG_SIDE_PX = 224, MAX_BLOCKS = 28, N_CLASSES = 64 };
enum { PAIRS_PER_CLIP = RATE_HZ * (int)ND_CLIP_S };

/* A cut leaves more than this share of the contrast: 0.67 to 1.2 at the cuts of
 * real films, up to 0.55 in their fastest shots. */
#define CUT_SHARE 0.6
/* Mean difference of neighbouring 1/28 blocks of a frame without structure, in
 * grey levels: film grain gives 1.4, faint gradients 1, pictures over 5. */
#define LEAST_STRUCTURE 2.0

typedef struct {
    double contrast; /* standard deviation, grey levels */
    bool is_flat;    /* no structure that could show motion */
} look;

typedef struct {
    nd_flow *flow;
    uint8_t *before; /* [h, w] the frame before; NULL: none yet */
    int w, h;
    look look_before;
    float *px; /* [n] */
    size_t n, capacity;
} state;

/* Means of up to 28 x 28 blocks: noise goes, structure stays. */
static void block_means(double *out, int n_x, int n_y, const uint8_t *p, size_t stride, int w,
                        int h)
{
    for (int j = 0; j < n_y; j++)
        for (int i = 0; i < n_x; i++) {
            int x0 = i * w / n_x, x1 = (i + 1) * w / n_x;
            int y0 = j * h / n_y, y1 = (j + 1) * h / n_y;
            int64_t sum = 0;
            for (int y = y0; y < y1; y++)
                for (int x = x0; x < x1; x++) sum += p[(size_t)y * stride + (size_t)x];
            out[j * n_x + i] = (double)sum / ((x1 - x0) * (y1 - y0));
        }
}

/* Mean difference between neighbouring blocks, across plus down. */
static double structure_of(const double *blocks, int n_x, int n_y)
{
    double across = 0, down = 0;
    for (int j = 0; j < n_y; j++)
        for (int i = 0; i < n_x; i++) {
            const double *b = &blocks[j * n_x + i];
            if (i + 1 < n_x) across += fabs(b[1] - b[0]);
            if (j + 1 < n_y) down += fabs(b[n_x] - b[0]);
        }
    if (n_x > 1) across /= (double)(n_x - 1) * n_y;
    if (n_y > 1) down /= (double)(n_y - 1) * n_x;
    return across + down;
}

static look look_at(const nd_frame *frame)
{
    double blocks[MAX_BLOCKS * MAX_BLOCKS], sum = 0, squares = 0;
    int n_x = ND_CLAMP(frame->width / 8, 1, MAX_BLOCKS);
    int n_y = ND_CLAMP(frame->height / 8, 1, MAX_BLOCKS);
    block_means(blocks, n_x, n_y, frame->data, frame->stride, frame->width, frame->height);
    for (int y = 0; y < frame->height; y++)
        for (int x = 0; x < frame->width; x++) {
            double value = frame->data[(size_t)y * frame->stride + (size_t)x];
            sum += value;
            squares += value * value;
        }
    double n = (double)frame->width * frame->height, mean = sum / n;
    double variance = squares / n - mean * mean;
    return (look){.contrast = sqrt(variance > 0 ? variance : 0),
                  .is_flat = structure_of(blocks, n_x, n_y) < LEAST_STRUCTURE};
}

/* The displacement from the frame before to this one, px at 224 px. */
static float pair_px(state *s, const nd_frame *frame, const look *now)
{
    float held = s->n ? s->px[s->n - 1] : 0.f;
    const look *then = &s->look_before;
    if (then->is_flat || now->is_flat) return then->is_flat && now->is_flat ? 0.f : held;
    nd_flow_run(s->flow, NULL, NULL, s->before, (size_t)s->w, frame->data, frame->stride);
    double contrast = 0.5 * (then->contrast + now->contrast);
    if (nd_flow_residual(s->flow) > CUT_SHARE * contrast) return held;
    return (float)(nd_flow_mean_px(s->flow) * LONG_SIDE_PX / ND_MAX(s->w, s->h));
}

/* Make room for frames of this size: at the first one, and where a stream
 * changes its shape (the pair across that is a cut). */
static int resize(state *s, const nd_frame *frame, nd_diag *diag)
{
    if (s->before && frame->width == s->w && frame->height == s->h) return 0;
    bool is_change = s->before != NULL;
    nd_flow_destroy(&s->flow);
    free(s->before);
    s->w = frame->width;
    s->h = frame->height;
    s->before = nd_calloc((size_t)s->w * (size_t)s->h, 1);
    int rc = s->before ? nd_flow_create(&s->flow, s->w, s->h) : ND_ENOMEM;
    if (rc) return nd_diag_set(diag, rc, "starting flow: frames of %d x %d", s->w, s->h);
    s->look_before = (look){.is_flat = is_change};
    return 0;
}

static int flow_see(void *user, const nd_frame *frame, nd_diag *diag)
{
    state *s = user;
    bool is_first = !s->before;
    int rc = resize(s, frame, diag);
    if (rc) return rc;
    look now = look_at(frame);
    if (!is_first) {
        if (nd_grow(&s->px, &s->capacity, s->n, 1, sizeof *s->px))
            return nd_diag_set(diag, ND_ENOMEM, "measuring flow: out of memory");
        s->px[s->n] = pair_px(s, frame, &now);
        s->n++;
    }
    for (int y = 0; y < s->h; y++)
        memcpy(s->before + (size_t)y * (size_t)s->w, frame->data + (size_t)y * frame->stride,
               (size_t)s->w);
    s->look_before = now;
    return 0;
}

/* An eighth of an octave each, from a quarter of a pixel on:
 * min(63, round(8 log2(1 + px / 0.25))). */
static int class_of(float px)
{
    double c = round(8 * log2(1 + (double)px / 0.25));
    return (int)ND_CLAMP(c, 0.0, (double)(N_CLASSES - 1));
}

static float clip_median(const state *s, int64_t clip)
{
    float pairs[PAIRS_PER_CLIP];
    int64_t first = clip * PAIRS_PER_CLIP;
    if (first >= (int64_t)s->n) return 0.f;
    size_t n = (size_t)ND_MIN((int64_t)s->n - first, PAIRS_PER_CLIP);
    memcpy(pairs, s->px + first, n * sizeof *pairs);
    return nd_quantile(pairs, n, 0.5);
}

/* Two shots of like grey can pass for motion in one pair of small frames; the cuts
 * were found with more to go by. A cut at t lies in the pair that ends at or after t. */
static void hold_across_cuts(state *s, const nd_description *d)
{
    int64_t n_cuts, n_kinds;
    const float *cuts_s = nd_description_f32(d, "cuts_s", &n_cuts);
    const int32_t *kinds = nd_description_i32(d, "cut_kind", &n_kinds);
    for (int64_t i = 0; i < ND_MIN(n_cuts, n_kinds); i++) {
        double pair = ceil((double)cuts_s[i] * RATE_HZ - 0.01) - 1;
        if (kinds[i] == 0 && pair >= 0 && pair < (double)s->n)
            s->px[(size_t)pair] = pair > 0 ? s->px[(size_t)pair - 1] : 0;
    }
}

static int flow_finish(void *user, nd_description *d, nd_diag *diag)
{
    state *s = user;
    hold_across_cuts(s, d);
    int64_t n_clips = nd_clip_count(d->analysed_s);
    if (nd_description_add_f32(d, "flow_px", s->px, (int64_t)s->n)) goto fail;
    if (!nd_description_add(d, "clip_flow_px", ND_F32, 1, &n_clips)) goto fail;
    if (!nd_description_add(d, "clip_flow_widths_s", ND_F32, 1, &n_clips)) goto fail;
    if (!nd_description_add(d, "clip_flow_class", ND_I32, 1, &n_clips)) goto fail;
    nd_array *a = &d->arrays[d->n_arrays - 3];
    for (int64_t i = 0; i < n_clips; i++) {
        a[0].f32[i] = clip_median(s, i);
        a[1].f32[i] = a[0].f32[i] * ((float)RATE_HZ / LONG_SIDE_PX);
        a[2].i32[i] = class_of(a[0].f32[i]);
    }
    return 0;
fail:
    return nd_diag_set(diag, ND_ENOMEM, "storing flow: out of memory");
}

static void flow_stop(void *user)
{
    state *s = user;
    nd_flow_destroy(&s->flow);
    free(s->before);
    free(s->px);
}

const nd_feature_ops nd_feature_flow = {
    .name = "flow",
    .summary = "how much the picture moves, per clip",
    .paper = "Kroeger et al. 2016, dense inverse search; median and classes: this project",
    .medium = ND_VIDEO,
    .arrays = (const char *const[]){"flow_px", "clip_flow_px", "clip_flow_widths_s",
                                    "clip_flow_class", NULL},
    .needs = (const char *const[]){"cuts", NULL},
    .is_default = true,
    .frames = {.rate_hz = RATE_HZ, .long_side_px = LONG_SIDE_PX, .pixels = ND_LUMA},
    .state_bytes = sizeof(state),
    .see = flow_see,
    .finish = flow_finish,
    .stop = flow_stop,
};
