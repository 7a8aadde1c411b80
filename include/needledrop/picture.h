/* Pictures of what was seen and heard. */
#ifndef NEEDLEDROP_PICTURE_H
#define NEEDLEDROP_PICTURE_H

#include "needledrop/media.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The features that nd_picture_write wants for a medium, for
 *  nd_describe_params.features. Static. */
ND_API const char *nd_picture_features(nd_medium medium);

/** Draw a description as PNG: music as waveform with onset curve, beats and
 *  downbeats, loudness and clip rhythm; video as a strip of frames with motion
 *  curve, cuts, brightness and colour. A part whose feature is absent is left
 * out.
 *  @param title  shown on top, any bytes
 *  @return 0; ND_EIO, ND_EFULL (path untouched), ND_ENOMEM.
 *  Threads: safe. Cost: tens of ms. */
ND_API int nd_picture_write(const nd_description *d, const char *title, const char *path,
                            nd_diag *diag);

/** One line of a picture of curves. */
typedef struct nd_curve {
    const char *label;   /* borrowed, UTF-8 */
    const float *values; /* [n], borrowed; not finite: left out */
    int is_share;        /* 0 .. 1, shown as per cent in the lower panel; else in the upper one */
} nd_curve;

/** Draw how figures went, epoch by epoch, as PNG: two panels, one over the other, with numbers on
 *  their axes; a panel without curves is left out.
 *  @param path    written through a temporary file
 *  @param title, facts  two lines on top, any bytes; may be NULL
 *  @param curves  [n_curves], at most 8
 *  @param n       epochs, 1 or more, numbered from 1
 *  @param best    an epoch to mark, from 0; -1: none
 *  @return 0; ND_EARG (a count); ND_EIO, ND_EFULL (path untouched), ND_ENOMEM.
 *  Threads: distinct paths. Cost: tens of ms. */
ND_API int nd_picture_curves(const char *path, const char *title, const char *facts,
                             const nd_curve *curves, int n_curves, int n, int best, nd_diag *diag);

/** How a query, a video as a rule, meets a track: a map of cosines, query down, track to the right.
 *  All borrowed; texts are any bytes. */
typedef struct nd_match_picture {
    const float *cosines; /* [n_query_clips, n_track_clips], of clips of 4 s; not finite: grey */
    int n_query_clips, n_track_clips;
    int offset;     /* the query's clip k lies along the track's clip offset + k; past its last clip
                     * the track starts anew */
    double score;   /* -1 .. 1, shown; NAN: not known */
    double start_s; /* of the track, where that is known better than by offset; NAN: by offset */
    const char *query_name, *track_name;
    const char *note;            /* shown behind score and start; NULL: nothing */
    const nd_description *query; /* its `thumbnails` are drawn down the side; NULL: none */
    const nd_description *track; /* its `waveform` is drawn on top; NULL: none */
} nd_match_picture;

/** Draw it as PNG: the map with its scale of colours, the best place marked.
 *  @param path  written through a temporary file
 *  @return 0; ND_EARG (a count, an offset, no cosines); ND_EIO, ND_EFULL (path untouched),
 *     ND_ENOMEM.
 *  Threads: distinct paths. Cost: about 0.1 s. Checked by tests/render/test_match_picture.c. */
ND_API int nd_picture_match(const char *path, const nd_match_picture *match, nd_diag *diag);

#ifdef __cplusplus
}
#endif
#endif
