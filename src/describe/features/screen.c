/* Colour pictures as people watch them: 25 a second, 640 px long side, for a film that is written
 * again with other music. Asked for a few seconds at a time, 30 at most: a second is
 * about 17 MB. */
#include "describe/album.h"

enum { RATE_HZ = 25, LONG_SIDE_PX = 640, MAX_PICTURES = 30 * RATE_HZ };

static int see(void *album, const nd_frame *frame, nd_diag *diag)
{
    return nd_album_add(album, frame, MAX_PICTURES, "screen", diag);
}

static int finish(void *album, nd_description *d, nd_diag *diag)
{
    return nd_album_store(album, d, "screen", diag);
}

static void stop(void *album)
{
    nd_album_deinit(album);
}

const nd_feature_ops nd_feature_screen = {
    .name = "screen",
    .summary = "colour pictures to watch, 25 a second, 640 px",
    .paper = "none",
    .medium = ND_VIDEO,
    .arrays = (const char *const[]){"screen", NULL},
    .frames = {.rate_hz = RATE_HZ, .long_side_px = LONG_SIDE_PX, .pixels = ND_RGB},
    .state_bytes = sizeof(nd_album),
    .see = see,
    .finish = finish,
    .stop = stop,
};
