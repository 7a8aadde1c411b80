/* Small colour pictures, one a second, 96 px long side: for people. All have
 * the size of the first; where a stream changes its shape, later ones are cut
 * or stand on black.
 */
#include <string.h>

#include "describe/describe.h"

enum { LONG_SIDE_PX = 96, MAX_THUMBNAILS = 7200, CHANNELS = 3 };

typedef struct {
    nd_bytes pixels; /* [n, h, w, 3] */
    int64_t n;
    int w, h;
} state;

static int thumbnails_see(void *user, const nd_frame *frame, nd_diag *diag)
{
    state *s = user;
    if (s->n == 0) {
        s->w = ND_MIN(frame->width, LONG_SIDE_PX);
        s->h = ND_MIN(frame->height, LONG_SIDE_PX);
    }
    if (s->n >= MAX_THUMBNAILS)
        return nd_diag_set(diag, ND_ELIMIT, "keeping thumbnails: more than %d", MAX_THUMBNAILS);
    int rc = 0;
    for (int y = 0; y < s->h && !rc; y++) {
        uint8_t row[LONG_SIDE_PX * CHANNELS] = {0};
        if (y < frame->height)
            memcpy(row, frame->data + (size_t)y * frame->stride,
                   (size_t)ND_MIN(s->w, frame->width) * CHANNELS);
        rc = nd_bytes_append(&s->pixels, row, (size_t)s->w * CHANNELS);
    }
    if (rc) return nd_diag_set(diag, rc, "keeping thumbnails: out of memory");
    s->n++;
    return 0;
}

static int thumbnails_finish(void *user, nd_description *d, nd_diag *diag)
{
    const state *s = user;
    const int64_t dims[] = {s->n, s->h, s->w, CHANNELS};
    nd_array *a = nd_description_add(d, "thumbnails", ND_U8, 4, dims);
    if (!a) return nd_diag_set(diag, ND_ENOMEM, "storing thumbnails: out of memory");
    if (s->pixels.n) memcpy(a->u8, s->pixels.data, s->pixels.n);
    return 0;
}

static void thumbnails_stop(void *user)
{
    state *s = user;
    nd_bytes_deinit(&s->pixels);
}

const nd_feature_ops nd_feature_thumbnails = {
    .name = "thumbnails",
    .summary = "one small colour picture a second",
    .paper = "none",
    .medium = ND_VIDEO,
    .arrays = (const char *const[]){"thumbnails", NULL},
    .frames = {.rate_hz = 1, .long_side_px = LONG_SIDE_PX, .pixels = ND_RGB},
    .state_bytes = sizeof(state),
    .see = thumbnails_see,
    .finish = thumbnails_finish,
    .stop = thumbnails_stop,
};
