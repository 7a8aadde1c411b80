/* Sounds and moving pictures made for tests of features. */
#ifndef ND_TESTS_MADE_H
#define ND_TESTS_MADE_H

#include "../test.h"

#include "describe/describe.h"

/** Run one video feature over n frames that `paint` makes at `fps`.
 *  @param paint  fills rgb [h][w][3] for frame k */
static inline nd_description *made_see(const char *feature, int n, double fps,
                                       void (*paint)(uint8_t *rgb, int w, int h, int k, void *user),
                                       void *user)
{
    const nd_feature_ops *ops = nd_feature_find(feature);
    nd_description *d = nd_calloc(1, sizeof *d);
    void *state = nd_calloc(1, ops->state_bytes);
    int w = ops->frames.width, h = ops->frames.height, rc = 0;
    uint8_t *rgb = nd_calloc((size_t)w * (size_t)h, 3);
    nd_media_info info = {.has_video = true, .width = w, .height = h, .fps = fps};
    d->medium = ND_VIDEO;
    d->analysed_s = n / fps;
    if (ops->start) rc = ops->start(state, &(nd_video_input){.info = &info}, NULL);
    for (int k = 0; k < n && !rc; k++) {
        paint(rgb, w, h, k, user);
        nd_frame frame = {.index = k,
                          .time_s = k / fps,
                          .width = w,
                          .height = h,
                          .stride = (size_t)w * 3,
                          .pixels = ND_RGB,
                          .data = rgb};
        rc = ops->see(state, &frame, NULL);
    }
    if (!rc) rc = ops->finish(state, d, NULL);
    if (ops->stop) ops->stop(state);
    free(state);
    free(rgb);
    ND_ASSERT_EQ(rc, 0);
    return d;
}

/** Run one music feature over samples at hand. @return its code. */
static inline int made_hear(nd_description **out, const char *feature, float *x, int64_t n)
{
    nd_samples s = {.data = x, .n = n, .rate_hz = ND_MUSIC_RATE_HZ};
    return nd_describe_samples(out, &s, feature, NULL);
}

static inline void made_sine(float *x, int64_t n, double hz, double amplitude)
{
    for (int64_t i = 0; i < n; i++)
        x[i] += (float)(amplitude * sin(2 * M_PI * hz * (double)i / ND_MUSIC_RATE_HZ));
}

#endif
