/* Colour pictures as people watch them: 25 a second, 640 px long side, for a film that is written
 * again with other music. Asked for a few seconds at a time: a second is about 17 MB. All have the
 * size of the first; where a stream changes its shape, later ones are cut or stand on black. */
#include <string.h>

#include "describe/describe.h"

enum { RATE_HZ = 25, LONG_SIDE_PX = 640, CHANNELS = 3, MAX_BYTES = 1 << 29 };

typedef struct {
    nd_bytes pixels; /* [n, h, w, 3] */
    int64_t n;
    int w, h;
} state;

static int screen_see(void *user, const nd_frame *frame, nd_diag *diag)
{
    state *s = user;
    if (s->n == 0) {
        s->w = ND_MIN(frame->width, LONG_SIDE_PX);
        s->h = ND_MIN(frame->height, LONG_SIDE_PX);
    }
    size_t row_bytes = (size_t)s->w * CHANNELS;
    if (s->pixels.n + row_bytes * (size_t)s->h > MAX_BYTES)
        return nd_diag_set(diag, ND_ELIMIT, "keeping pictures: more than %d MiB", MAX_BYTES >> 20);
    int rc = 0;
    for (int y = 0; y < s->h && !rc; y++) {
        uint8_t row[LONG_SIDE_PX * CHANNELS] = {0};
        if (y < frame->height)
            memcpy(row, frame->data + (size_t)y * frame->stride,
                   (size_t)ND_MIN(s->w, frame->width) * CHANNELS);
        rc = nd_bytes_append(&s->pixels, row, row_bytes);
    }
    if (rc) return nd_diag_set(diag, rc, "keeping pictures: out of memory");
    s->n++;
    return 0;
}

static int screen_finish(void *user, nd_description *d, nd_diag *diag)
{
    const state *s = user;
    const int64_t dims[] = {s->n, s->h, s->w, CHANNELS};
    nd_array *a = nd_description_add(d, "screen", ND_U8, 4, dims);
    if (!a) return nd_diag_set(diag, ND_ENOMEM, "storing pictures: out of memory");
    if (s->pixels.n) memcpy(a->u8, s->pixels.data, s->pixels.n);
    return 0;
}

static void screen_stop(void *user)
{
    state *s = user;
    nd_bytes_deinit(&s->pixels);
}

const nd_feature_ops nd_feature_screen = {
    .name = "screen",
    .summary = "colour pictures to watch, 25 a second, 640 px",
    .paper = "none",
    .medium = ND_VIDEO,
    .arrays = (const char *const[]){"screen", NULL},
    .frames = {.rate_hz = RATE_HZ, .long_side_px = LONG_SIDE_PX, .pixels = ND_RGB},
    .state_bytes = sizeof(state),
    .see = screen_see,
    .finish = screen_finish,
    .stop = screen_stop,
};
