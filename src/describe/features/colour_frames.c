/* The picture with time as time, for a video Conformer of ours: small colour frames, eight a
 * second, each a row of values in 0..1. A last clip that is more than half there repeats its last
 * frame. models.md 1.9 (16) says what is wrong with the published layout.
 */
#include <string.h>

#include "describe/describe.h"

enum { SIDE_PX = 16, RATE_HZ = 8, CHANNELS = 3, ROW = SIDE_PX * SIDE_PX * CHANNELS };
enum { FRAMES_PER_CLIP = 4 * RATE_HZ, MAX_FRAMES = 3600 * RATE_HZ };

typedef struct {
    nd_bytes frames; /* [n, ROW] */
} state;

static int colour_frames_see(void *user, const nd_frame *frame, nd_diag *diag)
{
    state *s = user;
    ND_ASSERT_EQ(frame->width, SIDE_PX);
    ND_ASSERT_EQ(frame->height, SIDE_PX);
    if (s->frames.n >= (size_t)MAX_FRAMES * ROW)
        return nd_diag_set(diag, ND_ELIMIT, "keeping colour frames: more than %d of them",
                           MAX_FRAMES);
    int rc = 0;
    for (int y = 0; y < SIDE_PX && !rc; y++)
        rc = nd_bytes_append(&s->frames, frame->data + (size_t)y * frame->stride,
                             SIDE_PX * CHANNELS);
    return rc ? nd_diag_set(diag, rc, "keeping colour frames: out of memory") : 0;
}

static int colour_frames_finish(void *user, nd_description *d, nd_diag *diag)
{
    const state *s = user;
    int64_t n = (int64_t)(s->frames.n / ROW), n_clips = nd_clip_count((double)n / RATE_HZ);
    const int64_t dims[] = {n_clips, FRAMES_PER_CLIP, ROW};
    nd_array *a = nd_description_add(d, "colour_frames", ND_F32, 3, dims);
    if (!a) return nd_diag_set(diag, ND_ENOMEM, "storing colour frames: out of memory");
    for (int64_t i = 0; i < n_clips * FRAMES_PER_CLIP; i++) {
        const uint8_t *from = s->frames.data + ND_MIN(i, n - 1) * ROW;
        for (int k = 0; k < ROW; k++) a->f32[i * ROW + k] = (float)from[k] / 255;
    }
    return 0;
}

static void colour_frames_stop(void *user)
{
    state *s = user;
    nd_bytes_deinit(&s->frames);
}

const nd_feature_ops nd_feature_colour_frames = {
    .name = "colour_frames",
    .summary = "eight small colour frames a second, time as time",
    .paper = "none",
    .medium = ND_VIDEO,
    .arrays = (const char *const[]){"colour_frames", NULL},
    .frames = {.rate_hz = RATE_HZ, .width = SIDE_PX, .height = SIDE_PX, .pixels = ND_RGB},
    .state_bytes = sizeof(state),
    .see = colour_frames_see,
    .finish = colour_frames_finish,
    .stop = colour_frames_stop,
};
