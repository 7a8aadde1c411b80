/* Small colour pictures, one a second, 96 px long side: for people. */
#include "describe/album.h"

enum { LONG_SIDE_PX = 96, MAX_PICTURES = 7200 };

static int see(void *album, const nd_frame *frame, nd_diag *diag)
{
    return nd_album_add(album, frame, MAX_PICTURES, "thumbnails", diag);
}

static int finish(void *album, nd_description *d, nd_diag *diag)
{
    return nd_album_store(album, d, "thumbnails", diag);
}

static void stop(void *album)
{
    nd_album_deinit(album);
}

const nd_feature_ops nd_feature_thumbnails = {
    .name = "thumbnails",
    .summary = "one small colour picture a second",
    .paper = "none",
    .medium = ND_VIDEO,
    .arrays = (const char *const[]){"thumbnails", NULL},
    .frames = {.rate_hz = 1, .long_side_px = LONG_SIDE_PX, .pixels = ND_RGB},
    .state_bytes = sizeof(nd_album),
    .see = see,
    .finish = finish,
    .stop = stop,
};
