/* Motion as UT-CMVMR's code measures it (models.md 1.4): one frame a second at
 * 224 x 224, the mean displacement of the three pairs inside a clip's four
 * frames, in bins of 5 px. Its last frame repeated, a clip of three frames has
 * a third pair without motion. One deviation: the flow is this project's, where
 * the published code runs RAFT, so single values differ.
 */
#include <string.h>

#include "describe/describe.h"
#include "describe/flow_dis.h"

enum { SIDE_PX = 224, BIN_PX = 5, N_BINS = 64 };

typedef struct {
    nd_flow *flow;
    int64_t n_frames;
    double sum_px; /* of this clip's pairs so far */
    float *px;     /* [n] of the clips so far */
    size_t n, capacity;
    uint8_t before[SIDE_PX * SIDE_PX];
} state;

static int published_start(void *user, const nd_video_input *in, nd_diag *diag)
{
    (void)in;
    state *s = user;
    int rc = nd_flow_create(&s->flow, SIDE_PX, SIDE_PX);
    return rc ? nd_diag_set(diag, rc, "starting flow_published: out of memory") : 0;
}

static int add_clip(state *s, nd_diag *diag)
{
    if (nd_grow(&s->px, &s->capacity, s->n, 1, sizeof *s->px))
        return nd_diag_set(diag, ND_ENOMEM, "measuring flow_published: out of memory");
    s->px[s->n++] = (float)(s->sum_px / (ND_FRAMES_PER_CLIP - 1));
    s->sum_px = 0;
    return 0;
}

static int published_see(void *user, const nd_frame *frame, nd_diag *diag)
{
    state *s = user;
    ND_ASSERT_EQ(frame->width, SIDE_PX);
    ND_ASSERT_EQ(frame->height, SIDE_PX);
    int64_t place = s->n_frames++ % ND_FRAMES_PER_CLIP;
    if (place > 0) {
        nd_flow_run(s->flow, NULL, NULL, s->before, SIDE_PX, frame->data, frame->stride);
        s->sum_px += nd_flow_mean_px(s->flow);
    }
    for (int y = 0; y < SIDE_PX; y++)
        memcpy(s->before + y * SIDE_PX, frame->data + (size_t)y * frame->stride, SIDE_PX);
    return place == ND_FRAMES_PER_CLIP - 1 ? add_clip(s, diag) : 0;
}

static int published_finish(void *user, nd_description *d, nd_diag *diag)
{
    state *s = user;
    int64_t n_clips = nd_clip_count_frames(s->n_frames);
    int rc = (int64_t)s->n < n_clips ? add_clip(s, diag) : 0;
    if (rc) return rc;
    ND_ASSERT_EQ(s->n, n_clips);
    if (nd_description_add_f32(d, "published_clip_flow_px", s->px, n_clips)) goto fail;
    nd_array *a = nd_description_add(d, "published_clip_flow_class", ND_I32, 1, &n_clips);
    if (!a) goto fail;
    for (int64_t i = 0; i < n_clips; i++)
        a->i32[i] = (int32_t)ND_MIN(s->px[i] / BIN_PX, (float)(N_BINS - 1));
    return 0;
fail:
    return nd_diag_set(diag, ND_ENOMEM, "storing flow_published: out of memory");
}

static void published_stop(void *user)
{
    state *s = user;
    nd_flow_destroy(&s->flow);
    free(s->px);
}

const nd_feature_ops nd_feature_flow_published = {
    .name = "flow_published",
    .summary = "motion between frames 1 s apart in 5-px bins, as published",
    .paper = "Mao et al. 2024 (UT-CMVMR); flow: Kroeger et al. 2016 in place of RAFT",
    .medium = ND_VIDEO,
    .arrays = (const char *const[]){"published_clip_flow_px", "published_clip_flow_class", NULL},
    .frames = {.rate_hz = 1, .width = SIDE_PX, .height = SIDE_PX, .pixels = ND_LUMA},
    .state_bytes = sizeof(state),
    .start = published_start,
    .see = published_see,
    .finish = published_finish,
    .stop = published_stop,
};
