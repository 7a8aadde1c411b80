/* The picture as UT-CMVMR's network reads it (models.md 1.2): one grey frame a
 * second at 224 x 224, the four of a clip side by side, 0..255. A last clip of
 * three frames repeats its last.
 */
#include <string.h>

#include "describe/describe.h"

enum { SIDE_PX = 224, FRAME_BYTES = SIDE_PX * SIDE_PX, MAX_FRAMES = 3600 };
enum { ROW = SIDE_PX * ND_FRAMES_PER_CLIP };

typedef struct {
    nd_bytes frames; /* [n, 224, 224] */
} state;

static int frames_see(void *user, const nd_frame *frame, nd_diag *diag)
{
    state *s = user;
    ND_ASSERT_EQ(frame->width, SIDE_PX);
    ND_ASSERT_EQ(frame->height, SIDE_PX);
    if (s->frames.n >= (size_t)MAX_FRAMES * FRAME_BYTES)
        return nd_diag_set(diag, ND_ELIMIT, "keeping frames: more than %d of them", MAX_FRAMES);
    int rc = 0;
    for (int y = 0; y < SIDE_PX && !rc; y++)
        rc = nd_bytes_append(&s->frames, frame->data + (size_t)y * frame->stride, SIDE_PX);
    return rc ? nd_diag_set(diag, rc, "keeping frames: out of memory") : 0;
}

static void put_frame(float *clip, int place, const uint8_t *frame)
{
    for (int y = 0; y < SIDE_PX; y++)
        for (int x = 0; x < SIDE_PX; x++)
            clip[y * ROW + place * SIDE_PX + x] = frame[y * SIDE_PX + x];
}

static int frames_finish(void *user, nd_description *d, nd_diag *diag)
{
    const state *s = user;
    int64_t n = (int64_t)(s->frames.n / FRAME_BYTES), n_clips = nd_clip_count_frames(n);
    const int64_t dims[] = {n_clips, SIDE_PX, ROW};
    nd_array *a = nd_description_add(d, "frames", ND_F32, 3, dims);
    if (!a) return nd_diag_set(diag, ND_ENOMEM, "storing frames: out of memory");
    for (int64_t i = 0; i < n_clips * ND_FRAMES_PER_CLIP; i++)
        put_frame(a->f32 + i / ND_FRAMES_PER_CLIP * SIDE_PX * ROW, (int)(i % ND_FRAMES_PER_CLIP),
                  s->frames.data + ND_MIN(i, n - 1) * FRAME_BYTES);
    return 0;
}

static void frames_stop(void *user)
{
    state *s = user;
    nd_bytes_deinit(&s->frames);
}

const nd_feature_ops nd_feature_frames = {
    .name = "frames",
    .summary = "four grey frames a clip, as the published network reads them",
    .paper = "Mao et al. 2024 (UT-CMVMR)",
    .medium = ND_VIDEO,
    .arrays = (const char *const[]){"frames", NULL},
    .frames = {.rate_hz = 1, .width = SIDE_PX, .height = SIDE_PX, .pixels = ND_LUMA},
    .state_bytes = sizeof(state),
    .see = frames_see,
    .finish = frames_finish,
    .stop = frames_stop,
};
