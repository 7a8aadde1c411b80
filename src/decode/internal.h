/* What the files of the decode room share: the open demuxer and the decoding loop. */
#ifndef ND_DECODE_INTERNAL_H
#define ND_DECODE_INTERNAL_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include "decode/decode.h"

enum { ND_MAX_SIDE_PX = 16384, ND_MAX_HEIGHT_PX = 16128 };

struct nd_media {
    int fd;
    int64_t at, size_bytes; /* the read position is ours: the descriptor may be shared */
    bool read_failed;
    bool is_used; /* packets have been taken: rewind before the next reading */
    AVIOContext *io;
    AVFormatContext *format;
    int audio, video;             /* stream indices, -1: none */
    int too_wide_px, too_high_px; /* what a header claims that is over the limit; else 0 */
    nd_media_info info;
    char name[256]; /* printable, for messages */
};

/** Make the next packet the first one again. The format context may be another then.
 *  @return 0; ND_EFORMAT, ND_EIO, ND_ENOMEM: nothing can be read any more. */
int nd__media_rewind(nd_media *m, nd_diag *diag);

/** Called with each decoded frame. @return 0: go on; 1: enough; < 0: fail with it. */
typedef int nd__frame_taker(void *user, AVFrame *frame);

/** Decode one stream from its first packet, or from the last key frame before from_s.
 *  Packets and frames that are damaged are passed over.
 *  @param n_frames_out  frames handed on
 *  @return 0; ND_EFORMAT (no decoder, or it refuses the stream), ND_ENOMEM, ND_ELIMIT;
 *     what the taker returned. */
int nd__media_decode(nd_media *m, int stream, double from_s, nd__frame_taker *take, void *user,
                     int64_t *n_frames_out, nd_diag *diag);

/** The time, in the clock of a stream of pictures, at which the file starts: that of its
 *  first stream, as players and ffmpeg count, when that is less than 10 s earlier. */
double nd__stream_zero_s(const nd_media *m, int stream);

/** Clockwise turns of 90 degrees (0..3) that the stream's display matrix asks for. */
int nd__stream_turns(const AVStream *stream);

/** Width of a picture as shown for a pixel aspect; 1..16384. */
int nd__shown_width(int width, AVRational pixel_aspect);

#endif
