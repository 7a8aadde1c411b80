/* Drive a video feature by hand: start, see made frames, finish. */
#ifndef ND_TESTS_DESCRIBE_SHOW_H
#define ND_TESTS_DESCRIBE_SHOW_H

#include "../test.h"
#include "describe/describe.h"

typedef struct {
    const nd_feature_ops *ops;
    void *state;
    nd_description *d;
    int64_t n;
    nd_diag diag;
} show;

static inline show show_start(const char *name)
{
    static const nd_media_info info;
    show s = {.ops = nd_feature_find(name)};
    ND_ASSERT(s.ops && s.ops->medium == ND_VIDEO);
    s.state = nd_calloc(1, s.ops->state_bytes);
    s.d = nd_calloc(1, sizeof *s.d);
    ND_ASSERT(s.state && s.d);
    nd_video_input in = {.info = &info};
    if (s.ops->start) ND_ASSERT_EQ(s.ops->start(s.state, &in, &s.diag), 0);
    return s;
}

static inline int show_frame(show *s, const uint8_t *data, size_t stride, int w, int h)
{
    nd_frame frame = {.index = s->n,
                      .time_s = (double)s->n / s->ops->frames.rate_hz,
                      .width = w,
                      .height = h,
                      .stride = stride,
                      .pixels = s->ops->frames.pixels,
                      .data = data};
    s->n++;
    return s->ops->see(s->state, &frame, &s->diag);
}

/* @return the description, the caller's; NULL when finishing failed. */
static inline nd_description *show_finish(show *s)
{
    s->d->analysed_s = (double)s->n / s->ops->frames.rate_hz;
    if (s->ops->finish(s->state, s->d, &s->diag)) nd_description_destroy(&s->d);
    if (s->ops->stop) s->ops->stop(s->state);
    free(s->state);
    return s->d;
}

#endif
