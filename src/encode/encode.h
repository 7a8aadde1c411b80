/* Front of the encode room: samples and frames in, a media file out. */
#ifndef ND_ENCODE_ENCODE_H
#define ND_ENCODE_ENCODE_H

#include "base/base.h"

/** A media file being written. */
typedef struct nd_writer nd_writer;

typedef struct nd_writer_params {
    int width, height; /* of the picture; 0: no video stream. Even numbers */
    double fps;
    int quality;                        /* encoder's own scale, 1 best .. 31; 0: 5 */
    int rate_hz;                        /* of the sound; 0: no audio stream */
    int n_channels;                     /* 0: 1 */
    const char *title, *artist, *genre; /* tags; NULL: none */
} nd_writer_params;

/** Create path; the name's ending chooses the container (.mp4 .m4a .mkv .webm .wav
 *  .flac .ogg .opus .mp3) and with it LGPL or freer encoders of FFmpeg.
 *  The file has a temporary name until close, so that path never holds half.
 *  Output is bit-exact: same input, same bytes.
 *  @return 0; ND_EIO, ND_EFULL, ND_EUNSUPPORTED (no such ending, stream or encoder; a
 *     rate that the encoder does not take), ND_EARG (sizes and rates), ND_ENOMEM. */
int nd_writer_open(nd_writer **out, const char *path, const nd_writer_params *params,
                   nd_diag *diag);

/** One picture, rows of width * 3 bytes RGB, shown for 1 / fps s.
 *  @return 0; ND_EIO, ND_EFULL, ND_ENOMEM: give up then. */
int nd_writer_add_frame(nd_writer *w, const uint8_t *rgb, nd_diag *diag);

/** n sample frames, interleaved n_channels floats in -1..1. @return as above */
int nd_writer_add_samples(nd_writer *w, const float *samples, int64_t n, nd_diag *diag);

/** Finish and rename to path. @return 0; ND_EIO, ND_EFULL, ND_EEMPTY (neither picture
 *  nor sound was given): path untouched.
 *  *w is NULL after it, whatever it returns. */
int nd_writer_close(nd_writer **w, nd_diag *diag);

/** Give up: close and remove what was written. */
void nd_writer_abort(nd_writer **w);

#endif
