/* Front of the decode room: a media file in, samples and frames out.
 *
 * Everything here runs inside the worker process (tests aside): it opens no
 * file and no URL, and reads only the descriptor it is given. The parent's
 * side is nd_worker_run.
 */
#ifndef ND_DECODE_DECODE_H
#define ND_DECODE_DECODE_H

#include "base/base.h"
#include "needledrop/media.h"

/* ---- in the worker ------------------------------------------------------- */

/** A demuxer over an open descriptor. */
typedef struct nd_media nd_media;

/** Find the streams, read the tags, decode nothing yet.
 *  Only the descriptor is read: playlists and references to other files get
 *  nothing. Streams: the best audio stream and the best video stream that is a
 *  moving picture (attached pictures do not count).
 *  @param fd    seekable, at any offset (which is left anywhere); stays the caller's, must
 *     stay open until close
 *  @param name  for messages only: content decides what a file is
 *  @return 0; ND_EARG (not seekable), ND_EFORMAT (not media), ND_EEMPTY (no audio and no moving
 *     picture), ND_EIO, ND_ENOMEM. *out untouched.
 *  Threads: distinct objects. */
int nd_media_open(nd_media **out, int fd, const char *name, nd_diag *diag);
void nd_media_close(nd_media **m);

/** Borrowed; valid until close. duration_s is the container's claim, 0 when it
 *  makes none. */
const nd_media_info *nd_media_get_info(const nd_media *m);

typedef struct nd_sample_params {
    int rate_hz;     /* required: the rate of the result */
    double start_s;  /* from here on; 0 is the first sample, as in ffmpeg's output */
    double length_s; /* at most this much; 0: to the end */
    int n_channels;  /* of the result: 1, or 2 without loudness; 0: 1 */
    bool loudness;   /* measure EBU R128 on the way (all channels, stored rate) */
} nd_sample_params;

/** Samples, resampled. Mono: the mean of the channels. Stereo: the file's own two; one is on both
 *  sides; more are mixed down as libswresample does (no LFE), and where it does not know their
 *  layout, their mean is on both sides. */
typedef struct nd_samples {
    float *data; /* [n, n_channels], finite, nominally -1..1 */
    int64_t n;
    int rate_hz;
    int n_channels;        /* 0: 1 */
    bool is_cut;           /* the stream goes on after the end */
    float *momentary_lufs; /* [n_momentary] EBU R128 momentary, 10 a second,
                              -120 for silence; NULL unless asked for */
    int64_t n_momentary;
    double integrated_lufs; /* gated, of what was read; -120 for silence */
} nd_samples;

/** Decode the audio stream, always from its first packet: a part is, sample for sample, the
 *  part of the whole, and a second reading gives the same bytes.
 *  Damage on the way is skipped as the codec does; NaN and infinities become 0.
 *  @param out  created; free with nd_samples_destroy
 *  @return 0; ND_EEMPTY (no audio stream, or no sample decoded), ND_EFORMAT
 *     (nothing could be decoded), ND_EUNSUPPORTED (loudness asked for, and not to be had),
 *     ND_EIO, ND_ENOMEM. *out untouched.
 *  Cost: decoding and one resampling pass, together less than `ffmpeg -f null` takes for an
 *  mp3; loudness doubles it. */
int nd_media_read_samples(nd_samples **out, nd_media *m, const nd_sample_params *params,
                          nd_diag *diag);
void nd_samples_destroy(nd_samples **s);

typedef enum nd_pixels { ND_LUMA = 1, ND_RGB = 3 } nd_pixels;

/** One wanted series of frames. */
typedef struct nd_frame_spec {
    double rate_hz; /* frames at k / rate_hz; 0: each frame as stored */
    int width;      /* exact size, > 0 both; or both 0: */
    int height;
    int long_side_px; /* aspect kept, longer side this, the other even */
    nd_pixels pixels;
} nd_frame_spec;

/** One frame, borrowed until the sink returns. */
typedef struct nd_frame {
    int series;    /* index into the specs */
    int64_t index; /* 0, 1, .. in its series */
    double time_s; /* from start_s; 0 is where the file starts, as ffmpeg counts */
    int width, height;
    size_t stride;    /* bytes a row */
    nd_pixels pixels; /* 1 or 3 bytes a pixel */
    const uint8_t *data;
} nd_frame;

typedef struct nd_frame_params {
    const nd_frame_spec *specs;
    int n_specs; /* 1 .. 8 */
    double start_s;
    double length_s; /* 0: to the end */
} nd_frame_params;

/** @return 0 to go on; a negative code ends the reading with it. */
typedef int nd_frame_sink(void *user, const nd_frame *frame);

/** Decode the video stream once and hand each series' frames to the sink in
 *  order of time. Luma and RGB are full range.
 *  Right after rotation metadata, pixel aspect, variable frame rates and
 *  missing time stamps. A frame of a fixed-rate series is the one on
 *  show at its moment.
 *  @param length_out  seconds of video seen; may be NULL
 *  @param is_cut_out  whether the stream goes on after length_s; may be NULL
 *  @return 0; ND_EEMPTY (no moving picture, or no frame), ND_EFORMAT, ND_ELIMIT
 *     (picture larger than 16384 x 16128, FFmpeg's own limit), what the sink returned. */
int nd_media_read_frames(nd_media *m, const nd_frame_params *params, nd_frame_sink *sink,
                         void *user, double *length_out, bool *is_cut_out, nd_diag *diag);

typedef struct nd_sandbox_limits {
    int64_t memory_bytes; /* address space */
    double cpu_s;
} nd_sandbox_limits;

/** Give up all rights but reading fd 3 and writing fd 4: resource limits, then
 *  a seccomp filter. No return from it but the process's end. Media are opened after it.
 *  Under the address and thread sanitizers memory is not limited (their shadow needs
 *  terabytes) and a few more calls are allowed; the filter stands.
 *  @param filter_out  false where the kernel refused the filter and the limits
 *     alone hold
 *  @return 0; ND_EIO (a limit was refused). */
int nd_sandbox_enter(const nd_sandbox_limits *limits, bool *filter_out, nd_diag *diag);

/* ---- in the parent ----------------------------------------------------------
 */

enum { ND_WORKER_MEDIA_FD = 3, ND_WORKER_RESULT_FD = 4 };

typedef struct nd_worker_params {
    const char *program; /* path of the worker */
    char *const *argv;   /* argv[0] .. NULL, as posix_spawn takes them */
    int media_fd;        /* becomes fd 3; stays the caller's */
    double wall_s;       /* killed after this; > 0 */
    size_t max_result_bytes;
    const nd_log *log; /* takes the worker's "warning: ..." lines; NULL: none */
} nd_worker_params;

/** Run the worker, collect what it writes to fd 4, wait for its end.
 *  Its environment is emptied but for what dynamic loading needs; stdin and
 *  stdout are /dev/null. A last line on its stderr is the reason it gives.
 *  @param result  appended to; on failure emptied
 *  @return 0; the worker's own failure code with its reason (exit status 1 and
 *     a line "CODE text" on stderr), ND_ETIMEOUT, ND_ECRASH (signal and meaning
 *     named), ND_ELIMIT (too much output), ND_EIO (cannot be started).
 *  Threads: safe; uses posix_spawn, never fork. */
int nd_worker_run(nd_bytes *result, const nd_worker_params *params, nd_diag *diag);

/** Where the worker program is: $NEEDLEDROP_WORKER, else beside the running
 *  program, else where `make install` put it.
 *  @return malloc'ed path; NULL when out of memory. */
char *nd_worker_find(const char *name);

#endif
