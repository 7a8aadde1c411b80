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

#ifdef __cplusplus
}
#endif
#endif
