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

#ifdef __cplusplus
}
#endif
#endif
