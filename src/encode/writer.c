/* Writing media through FFmpeg: one picture stream, one sound stream, or both.
 *
 * Encoders are named, not guessed, and LGPL (FFmpeg's own, libvorbis, libmp3lame).
 * Everything that would put a date, a version or a random number into the file is off.
 */
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/audio_fifo.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>
#include <math.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "encode/encode.h"

typedef struct {
    const char *ending, *container, *video, *audio; /* NULL: the container has none */
} file_kind;

static const file_kind kinds[] = {
    {".mp4", "mp4", "mpeg4", "aac"},    {".mkv", "matroska", "mpeg4", "aac"},
    {".wav", "wav", NULL, "pcm_s16le"}, {".flac", "flac", NULL, "flac"},
    {".ogg", "ogg", NULL, "libvorbis"}, {".mp3", "mp3", NULL, "libmp3lame"},
    {".m4a", "ipod", NULL, "aac"},
};

/* One stream on its way into the file. */
typedef struct {
    AVStream *stream;
    AVCodecContext *codec;
    AVFrame *frame;
    int64_t n_done; /* frames or samples handed to the encoder */
} track;

struct nd_writer {
    char *path, *temporary;
    nd_writer_params params;
    AVFormatContext *format;
    AVPacket *packet;
    track video, audio;
    struct SwsContext *to_yuv;
    AVAudioFifo *waiting; /* samples that do not yet fill an encoder's frame */
    bool has_header;
};

static const file_kind *find_kind(const char *path)
{
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < ND_COUNT(kinds); i++)
        if (!strcasecmp(dot, kinds[i].ending)) return &kinds[i];
    return NULL;
}

/* FFmpeg hands errno through as a negative AVERROR. */
static int fail(const nd_writer *w, int av_error, const char *doing, nd_diag *diag)
{
    char text[AV_ERROR_MAX_STRING_SIZE] = "";
    av_strerror(av_error, text, sizeof text);
    int code = av_error == AVERROR(ENOSPC) || av_error == AVERROR(EDQUOT) ? ND_EFULL
               : av_error == AVERROR(ENOMEM)                              ? ND_ENOMEM
                                                                          : ND_EIO;
    return nd_diag_set(diag, code, "%s %s: %s", doing, w->path, text);
}

/* ---- opening --------------------------------------------------------------------- */

static int open_codec(nd_writer *w, track *t, const char *name, nd_diag *diag)
{
    const AVCodec *encoder = avcodec_find_encoder_by_name(name);
    if (!encoder)
        return nd_diag_set(diag, ND_EUNSUPPORTED, "writing %s: this FFmpeg has no encoder %s",
                           w->path, name);
    t->stream = avformat_new_stream(w->format, NULL);
    t->codec = avcodec_alloc_context3(encoder);
    t->frame = av_frame_alloc();
    if (!t->stream || !t->codec || !t->frame) return fail(w, AVERROR(ENOMEM), "writing", diag);
    t->codec->thread_count = 1;
    t->codec->flags |= AV_CODEC_FLAG_BITEXACT;
    if (w->format->oformat->flags & AVFMT_GLOBALHEADER)
        t->codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    return 0;
}

static int start_codec(nd_writer *w, track *t, nd_diag *diag)
{
    int rc = avcodec_open2(t->codec, NULL, NULL);
    if (rc >= 0) rc = avcodec_parameters_from_context(t->stream->codecpar, t->codec);
    if (rc < 0) return fail(w, rc, "starting the encoder of", diag);
    t->stream->time_base = t->codec->time_base;
    return 0;
}

static int open_video(nd_writer *w, const char *encoder, nd_diag *diag)
{
    const nd_writer_params *p = &w->params;
    int rc = open_codec(w, &w->video, encoder, diag);
    if (rc) return rc;
    AVCodecContext *c = w->video.codec;
    AVRational rate = av_d2q(p->fps, 1001000);
    c->width = p->width, c->height = p->height;
    c->pix_fmt = AV_PIX_FMT_YUV420P;
    c->time_base = av_inv_q(rate);
    c->framerate = w->video.stream->avg_frame_rate = rate;
    c->gop_size = 2 * (int)ceil(p->fps);
    c->flags |= AV_CODEC_FLAG_QSCALE;
    c->global_quality = FF_QP2LAMBDA * (p->quality ? p->quality : 5);
    rc = start_codec(w, &w->video, diag);
    if (rc) return rc;
    AVFrame *f = w->video.frame;
    f->format = c->pix_fmt, f->width = c->width, f->height = c->height;
    f->quality = c->global_quality;
    w->to_yuv = sws_getContext(c->width, c->height, AV_PIX_FMT_RGB24, c->width, c->height,
                               c->pix_fmt, SWS_BILINEAR | SWS_ACCURATE_RND | SWS_BITEXACT, NULL,
                               NULL, NULL);
    if (!w->to_yuv || av_frame_get_buffer(f, 0) < 0)
        return fail(w, AVERROR(ENOMEM), "writing", diag);
    return 0;
}

static int open_audio(nd_writer *w, const char *encoder, nd_diag *diag)
{
    const nd_writer_params *p = &w->params;
    int rc = open_codec(w, &w->audio, encoder, diag);
    if (rc) return rc;
    AVCodecContext *c = w->audio.codec;
    c->sample_rate = p->rate_hz;
    c->time_base = (AVRational){1, p->rate_hz};
    c->sample_fmt = c->codec->sample_fmts[0];
    av_channel_layout_default(&c->ch_layout, p->n_channels);
    rc = start_codec(w, &w->audio, diag);
    if (rc) return rc;
    AVFrame *f = w->audio.frame;
    f->format = c->sample_fmt;
    f->sample_rate = c->sample_rate;
    f->nb_samples = c->frame_size ? c->frame_size : 4096; /* PCM takes any number */
    w->waiting = av_audio_fifo_alloc(AV_SAMPLE_FMT_FLT, p->n_channels, f->nb_samples);
    if (!w->waiting || av_channel_layout_copy(&f->ch_layout, &c->ch_layout) < 0 ||
        av_frame_get_buffer(f, 0) < 0)
        return fail(w, AVERROR(ENOMEM), "writing", diag);
    return 0;
}

static int open_file(nd_writer *w, nd_diag *diag)
{
    const nd_writer_params *p = &w->params;
    av_dict_set(&w->format->metadata, "title", p->title, 0);
    av_dict_set(&w->format->metadata, "artist", p->artist, 0);
    av_dict_set(&w->format->metadata, "genre", p->genre, 0);
    w->format->flags |= AVFMT_FLAG_BITEXACT;
    int rc = avio_open(&w->format->pb, w->temporary, AVIO_FLAG_WRITE);
    if (rc < 0) return fail(w, rc, "creating", diag);
    rc = avformat_write_header(w->format, NULL);
    if (rc < 0) return fail(w, rc, "writing the header of", diag);
    w->has_header = true;
    return 0;
}

static int check_params(const char *path, const nd_writer_params *p, const file_kind **kind,
                        nd_diag *diag)
{
    *kind = path ? find_kind(path) : NULL;
    if (!p || !path) return nd_diag_set(diag, ND_EARG, "writing media: a path expected");
    bool video = p->width || p->height, audio = p->rate_hz;
    if (!*kind)
        return nd_diag_set(diag, ND_EUNSUPPORTED,
                           "writing %s: a name that ends in .mp4 .mkv .wav .flac .ogg .mp3 or "
                           ".m4a expected",
                           path);
    if ((!video && !audio) || (video && !(*kind)->video) || (audio && !(*kind)->audio))
        return nd_diag_set(diag, ND_EARG, "writing %s: streams that a %s can hold expected", path,
                           (*kind)->container);
    if (video && (p->width < 2 || p->height < 2 || p->width % 2 || p->height % 2 ||
                  !(p->fps >= 1 && p->fps <= 240)))
        return nd_diag_set(diag, ND_EARG,
                           "writing %s: an even size and 1 to 240 frames a second "
                           "expected, found %d x %d at %g",
                           path, p->width, p->height, p->fps);
    if (p->quality < 0 || p->quality > 31 || p->n_channels < 0 || p->n_channels > 8 ||
        (audio && p->rate_hz < 8000))
        return nd_diag_set(diag, ND_EARG,
                           "writing %s: quality 1 to 31, up to 8 channels and "
                           "8000 Hz or more expected",
                           path);
    return 0;
}

/* Beside path, hidden, and with its ending. */
static char *temporary_name(const char *path)
{
    const char *name = nd_path_name(path);
    nd_str s = {0};
    nd_str_append(&s, "%.*s.%d.%s", (int)(name - path), path, (int)getpid(), name);
    return nd_str_take(&s);
}

int nd_writer_open(nd_writer **out, const char *path, const nd_writer_params *params, nd_diag *diag)
{
    const file_kind *kind;
    int rc = check_params(path, params, &kind, diag);
    if (rc) return rc;
    nd_writer *w = nd_calloc(1, sizeof *w);
    if (!w) return nd_diag_set(diag, ND_ENOMEM, "writing %s: out of memory", path);
    av_log_set_level(AV_LOG_QUIET);
    w->params = *params;
    if (!w->params.n_channels) w->params.n_channels = 1;
    w->path = strdup(path);
    w->temporary = temporary_name(path);
    w->packet = av_packet_alloc();
    if (!w->path || !w->temporary || !w->packet ||
        avformat_alloc_output_context2(&w->format, NULL, kind->container, w->temporary) < 0)
        rc = nd_diag_set(diag, ND_ENOMEM, "writing %s: out of memory", path);
    if (!rc && params->width) rc = open_video(w, kind->video, diag);
    if (!rc && params->rate_hz) rc = open_audio(w, kind->audio, diag);
    if (!rc) rc = open_file(w, diag);
    if (rc) nd_writer_abort(&w);
    else *out = w;
    return rc;
}

/* ---- writing ------------------------------------------------------------------------ */

/* Encode a frame (NULL: what is still inside) and write the packets that come out. */
static int encode(nd_writer *w, track *t, const AVFrame *frame, nd_diag *diag)
{
    int rc = avcodec_send_frame(t->codec, frame);
    while (rc >= 0) {
        rc = avcodec_receive_packet(t->codec, w->packet);
        if (rc == AVERROR(EAGAIN) || rc == AVERROR_EOF) return 0;
        if (rc < 0) break;
        w->packet->stream_index = t->stream->index;
        av_packet_rescale_ts(w->packet, t->codec->time_base, t->stream->time_base);
        rc = av_interleaved_write_frame(w->format, w->packet);
        if (rc >= 0 && w->format->pb->error) rc = w->format->pb->error;
    }
    return fail(w, rc, "writing", diag);
}

int nd_writer_add_frame(nd_writer *w, const uint8_t *rgb, nd_diag *diag)
{
    AVFrame *f = w->video.frame;
    ND_ASSERT(w->to_yuv);
    if (av_frame_make_writable(f) < 0) return fail(w, AVERROR(ENOMEM), "writing", diag);
    int stride = w->params.width * 3;
    sws_scale(w->to_yuv, &rgb, &stride, 0, w->params.height, f->data, f->linesize);
    f->pts = w->video.n_done++;
    return encode(w, &w->video, f, diag);
}

/* Floats of one channel to the encoder's own format. */
static void convert(AVFrame *f, const float *in, int n, int n_channels)
{
    bool is_planar = av_sample_fmt_is_planar(f->format);
    int format = av_get_packed_sample_fmt(f->format);
    for (int c = 0; c < n_channels; c++) {
        for (int i = 0; i < n; i++) {
            float x = in[i * n_channels + c];
            int at = is_planar ? i : i * n_channels + c;
            uint8_t *plane = f->extended_data[is_planar ? c : 0];
            if (format == AV_SAMPLE_FMT_FLT) ((float *)plane)[at] = x;
            else ((int16_t *)plane)[at] = (int16_t)lrintf(ND_CLAMP(x, -1.0f, 1.0f) * 32767);
        }
    }
}

/* Encode waiting samples in whole frames; at the end the rest too. */
static int encode_waiting(nd_writer *w, bool is_end, nd_diag *diag)
{
    AVFrame *f = w->audio.frame;
    int full = w->audio.codec->frame_size ? w->audio.codec->frame_size : 4096;
    float *block = nd_calloc((size_t)full * (size_t)w->params.n_channels, sizeof *block);
    if (!block) return fail(w, AVERROR(ENOMEM), "writing", diag);
    int rc = 0;
    while (!rc && (av_audio_fifo_size(w->waiting) >= full ||
                   (is_end && av_audio_fifo_size(w->waiting) > 0))) {
        int n = av_audio_fifo_read(w->waiting, (void **)&block, full);
        if (av_frame_make_writable(f) < 0) rc = fail(w, AVERROR(ENOMEM), "writing", diag);
        if (rc) break;
        f->nb_samples = n;
        f->pts = w->audio.n_done;
        w->audio.n_done += n;
        convert(f, block, n, w->params.n_channels);
        rc = encode(w, &w->audio, f, diag);
    }
    free(block);
    return rc;
}

int nd_writer_add_samples(nd_writer *w, const float *samples, int64_t n, nd_diag *diag)
{
    enum { BLOCK = 1 << 20 };
    ND_ASSERT(w->waiting);
    for (int64_t at = 0; at < n; at += BLOCK) {
        int count = (int)ND_MIN(n - at, BLOCK);
        const float *from = samples + at * w->params.n_channels;
        if (av_audio_fifo_write(w->waiting, (void **)&from, count) < count)
            return fail(w, AVERROR(ENOMEM), "writing", diag);
        int rc = encode_waiting(w, false, diag);
        if (rc) return rc;
    }
    return 0;
}

/* ---- closing -------------------------------------------------------------------------- */

static void destroy_track(track *t)
{
    avcodec_free_context(&t->codec);
    av_frame_free(&t->frame);
}

void nd_writer_abort(nd_writer **writer)
{
    if (!writer || !*writer) return;
    nd_writer *w = *writer;
    destroy_track(&w->video);
    destroy_track(&w->audio);
    sws_freeContext(w->to_yuv);
    if (w->waiting) av_audio_fifo_free(w->waiting);
    av_packet_free(&w->packet);
    if (w->format && w->format->pb) avio_closep(&w->format->pb);
    avformat_free_context(w->format);
    if (w->temporary) unlink(w->temporary);
    free(w->temporary);
    free(w->path);
    free(w);
    *writer = NULL;
}

static int finish_file(nd_writer *w, nd_diag *diag)
{
    int rc = 0;
    if (w->waiting) rc = encode_waiting(w, true, diag);
    if (!rc && w->audio.codec) rc = encode(w, &w->audio, NULL, diag);
    if (!rc && w->video.codec) rc = encode(w, &w->video, NULL, diag);
    if (rc) return rc;
    rc = av_write_trailer(w->format);
    avio_flush(w->format->pb);
    if (rc >= 0) rc = w->format->pb->error;
    int closed = avio_closep(&w->format->pb);
    if (rc >= 0) rc = closed;
    if (rc < 0) return fail(w, rc, "finishing", diag);
    if (rename(w->temporary, w->path)) return nd_diag_errno(diag, "renaming to", w->path);
    return 0;
}

int nd_writer_close(nd_writer **writer, nd_diag *diag)
{
    if (!writer || !*writer) return 0;
    int rc = finish_file(*writer, diag);
    nd_writer_abort(writer);
    return rc;
}
