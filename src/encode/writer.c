/* A media file written through FFmpeg's muxers and encoders.
 *
 * The muxer writes through our own AVIO callbacks into a temporary file beside the wanted one, so
 * that errno (disk full or not) survives, and the name changes only when all is on disk. Encoders
 * come by name from `kinds`: libavcodec may be built with GPL ones, which are never asked for.
 * Bit-exact flags keep versions and dates out; one thread keeps bytes the same everywhere. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/audio_fifo.h>
#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>

#include "encode/encode.h"

enum { MAX_SIDE_PX = 8192, MAX_RATE_HZ = 384000, MAX_CHANNELS = 8, IO_BYTES = 1 << 16 };

/* What a name's ending stands for; a NULL encoder: no such stream in it. */
typedef struct file_kind {
    const char *ending, *muxer, *video, *audio;
} file_kind;

static const file_kind kinds[] = {
    {".mp4", "mp4", "mpeg4", "aac"},       {".m4a", "ipod", NULL, "aac"},
    {".mkv", "matroska", "mpeg4", "flac"}, {".webm", "webm", "libvpx-vp9", "libopus"},
    {".wav", "wav", NULL, "pcm_s16le"},    {".flac", "flac", NULL, "flac"},
    {".ogg", "ogg", NULL, "libvorbis"},    {".opus", "opus", NULL, "libopus"},
    {".mp3", "mp3", NULL, "libmp3lame"},
};

typedef struct stream {
    AVCodecContext *codec;
    AVStream *stream;
    AVFrame *frame; /* what the encoder is given, reused */
    int64_t n_sent; /* pictures or sample frames so far */
} stream;

struct nd_writer {
    char *path, *temporary;
    int fd;
    int write_errno; /* of the first write that failed */
    int64_t at;      /* place in the file */
    AVFormatContext *muxer;
    AVPacket *packet;
    stream video, audio;
    struct SwsContext *scaler;
    SwrContext *converter;
    AVAudioFifo *fifo;
};

/* ---- the file ---------------------------------------------------------------------------- */

static int write_packet(void *user, uint8_t *data, int n)
{
    nd_writer *w = user;
    for (int done = 0; done < n;) {
        ssize_t written = pwrite(w->fd, data + done, (size_t)(n - done), w->at);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) {
            if (!w->write_errno) w->write_errno = written ? errno : EIO;
            return AVERROR(w->write_errno);
        }
        done += (int)written;
        w->at += written;
    }
    return n;
}

static int64_t seek_file(void *user, int64_t offset, int whence)
{
    nd_writer *w = user;
    struct stat st;
    if (fstat(w->fd, &st)) return AVERROR(errno);
    if (whence & AVSEEK_SIZE) return st.st_size;
    int64_t base = whence == SEEK_CUR ? w->at : whence == SEEK_END ? st.st_size : 0;
    if (base + offset < 0) return AVERROR(EINVAL);
    return w->at = base + offset;
}

/* The story of a failed call: a write that failed before is the cause of all after it. */
static int fail_av(nd_writer *w, int averror, const char *doing, nd_diag *diag)
{
    if (w->write_errno) {
        errno = w->write_errno;
        return nd_diag_errno(diag, "writing", w->path);
    }
    int code = averror == AVERROR(ENOMEM)   ? ND_ENOMEM
               : averror == AVERROR(EINVAL) ? ND_EARG
                                            : ND_EIO;
    return nd_diag_set(diag, code, "%s %s: %s", doing, w->path, av_err2str(averror));
}

static int open_file(nd_writer *w, const char *path, nd_diag *diag)
{
    nd_str name = {0};
    nd_str_append(&name, "%s.XXXXXX", path);
    w->temporary = nd_str_take(&name);
    w->path = strdup(path);
    if (!w->temporary || !w->path) return nd_diag_set(diag, ND_ENOMEM, "writing: out of memory");
    w->fd = mkostemp(w->temporary, O_CLOEXEC);
    if (w->fd < 0) {
        int rc = nd_diag_errno(diag, "creating", path);
        free(w->temporary);
        w->temporary = NULL;
        return rc;
    }
    return 0;
}

/* ---- encoders ---------------------------------------------------------------------------- */

static int drain_packets(nd_writer *w, stream *s, nd_diag *diag)
{
    int rc;
    while ((rc = avcodec_receive_packet(s->codec, w->packet)) == 0) {
        w->packet->stream_index = s->stream->index;
        if (s == &w->video && !w->packet->duration) w->packet->duration = 1;
        av_packet_rescale_ts(w->packet, s->codec->time_base, s->stream->time_base);
        rc = av_interleaved_write_frame(w->muxer, w->packet);
        if (rc < 0) return fail_av(w, rc, "writing", diag);
    }
    return rc == AVERROR(EAGAIN) || rc == AVERROR_EOF ? 0 : fail_av(w, rc, "encoding", diag);
}

static int send_frame(nd_writer *w, stream *s, AVFrame *frame, nd_diag *diag)
{
    int rc = avcodec_send_frame(s->codec, frame);
    return rc < 0 ? fail_av(w, rc, "encoding", diag) : drain_packets(w, s, diag);
}

/* A codec context for a new stream, with what all encoders share. */
static int add_stream(nd_writer *w, stream *s, const char *name, nd_diag *diag)
{
    const AVCodec *encoder = avcodec_find_encoder_by_name(name);
    if (!encoder)
        return nd_diag_set(diag, ND_EUNSUPPORTED, "writing %s: FFmpeg has no encoder %s", w->path,
                           name);
    s->stream = avformat_new_stream(w->muxer, NULL);
    s->codec = avcodec_alloc_context3(encoder);
    s->frame = av_frame_alloc();
    if (!s->stream || !s->codec || !s->frame)
        return nd_diag_set(diag, ND_ENOMEM, "writing %s: out of memory", w->path);
    s->codec->thread_count = 1;
    s->codec->flags |= AV_CODEC_FLAG_BITEXACT;
    s->codec->log_level_offset = AV_LOG_TRACE; /* the library never prints */
    if (w->muxer->oformat->flags & AVFMT_GLOBALHEADER)
        s->codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    return 0;
}

static int open_stream(nd_writer *w, stream *s, AVDictionary **options, nd_diag *diag)
{
    const AVCodec *encoder = s->codec->codec; /* a failed open forgets it */
    int rc = avcodec_open2(s->codec, encoder, options);
    av_dict_free(options);
    if (rc < 0)
        return nd_diag_set(diag, rc == AVERROR(ENOMEM) ? ND_ENOMEM : ND_EUNSUPPORTED,
                           "writing %s: encoder %s does not take these sizes or rates: %s", w->path,
                           encoder->name, av_err2str(rc));
    s->stream->time_base = s->codec->time_base;
    rc = avcodec_parameters_from_context(s->stream->codecpar, s->codec);
    return rc < 0 ? fail_av(w, rc, "opening", diag) : 0;
}

static int open_video(nd_writer *w, const char *name, const nd_writer_params *p, nd_diag *diag)
{
    int rc = add_stream(w, &w->video, name, diag);
    if (rc) return rc;
    AVCodecContext *c = w->video.codec;
    AVDictionary *options = NULL;
    int quality = p->quality ? p->quality : 5;
    c->width = w->video.frame->width = p->width;
    c->height = w->video.frame->height = p->height;
    c->pix_fmt = w->video.frame->format = AV_PIX_FMT_YUV420P;
    c->colorspace = AVCOL_SPC_SMPTE170M; /* libswscale's own choice, below */
    c->color_primaries = AVCOL_PRI_SMPTE170M;
    c->color_trc = AVCOL_TRC_SMPTE170M;
    c->color_range = AVCOL_RANGE_MPEG;
    c->framerate = av_d2q(p->fps, 65535); /* MPEG-4 has 16 bits for it */
    c->time_base = av_inv_q(c->framerate);
    c->gop_size = ND_MAX(1, (int)(2 * p->fps));
    w->video.stream->avg_frame_rate = c->framerate;
    if (!strcmp(name, "mpeg4")) {
        c->flags |= AV_CODEC_FLAG_QSCALE;
        c->global_quality = FF_QP2LAMBDA * quality;
    } else {
        av_dict_set_int(&options, "crf", 2 * quality, 0);
        av_dict_set_int(&options, "cpu-used", 5, 0);
    }
    rc = open_stream(w, &w->video, &options, diag);
    if (rc) return rc;
    int flags = SWS_BILINEAR | SWS_ACCURATE_RND | SWS_BITEXACT | SWS_FULL_CHR_H_INP;
    w->scaler = sws_getContext(p->width, p->height, AV_PIX_FMT_RGB24, p->width, p->height,
                               c->pix_fmt, flags, NULL, NULL, NULL);
    if (!w->scaler || av_frame_get_buffer(w->video.frame, 0) < 0)
        return nd_diag_set(diag, ND_ENOMEM, "writing %s: out of memory", w->path);
    return 0;
}

static int open_audio(nd_writer *w, const char *name, const nd_writer_params *p, nd_diag *diag)
{
    int rc = add_stream(w, &w->audio, name, diag);
    if (rc) return rc;
    AVCodecContext *c = w->audio.codec;
    AVDictionary *options = NULL;
    c->sample_rate = p->rate_hz;
    c->time_base = (AVRational){1, p->rate_hz};
    c->sample_fmt = c->codec->sample_fmts[0];
    if (!strcmp(name, "flac")) c->sample_fmt = AV_SAMPLE_FMT_S16;
    av_channel_layout_default(&c->ch_layout, ND_MAX(1, p->n_channels));
    if (!strcmp(name, "libvorbis") || !strcmp(name, "libmp3lame")) {
        c->flags |= AV_CODEC_FLAG_QSCALE; /* bit rates that suit any rate_hz */
        c->global_quality = FF_QP2LAMBDA * (!strcmp(name, "libvorbis") ? 5 : 2);
    } else {
        c->bit_rate = 96000 * (int64_t)c->ch_layout.nb_channels;
    }
    rc = open_stream(w, &w->audio, &options, diag);
    if (rc) return rc;
    rc = swr_alloc_set_opts2(&w->converter, &c->ch_layout, c->sample_fmt, c->sample_rate,
                             &c->ch_layout, AV_SAMPLE_FMT_FLT, c->sample_rate, 0, NULL);
    if (rc < 0 || (rc = swr_init(w->converter)) < 0) return fail_av(w, rc, "opening", diag);
    AVFrame *f = w->audio.frame;
    f->nb_samples = c->frame_size ? c->frame_size : 4096;
    f->format = c->sample_fmt;
    f->sample_rate = c->sample_rate;
    w->fifo = av_audio_fifo_alloc(c->sample_fmt, c->ch_layout.nb_channels, f->nb_samples);
    if (!w->fifo || av_channel_layout_copy(&f->ch_layout, &c->ch_layout) < 0 ||
        av_frame_get_buffer(f, 0) < 0)
        return nd_diag_set(diag, ND_ENOMEM, "writing %s: out of memory", w->path);
    return 0;
}

/* ---- opening ----------------------------------------------------------------------------- */

static const file_kind *find_kind(const char *path)
{
    size_t n = strlen(path);
    for (size_t i = 0; i < ND_COUNT(kinds); i++) {
        size_t length = strlen(kinds[i].ending);
        if (n > length && !strcasecmp(path + n - length, kinds[i].ending)) return &kinds[i];
    }
    return NULL;
}

static int check_params(const file_kind *kind, const char *path, const nd_writer_params *p,
                        nd_diag *diag)
{
    bool has_video = p->width || p->height, has_audio = p->rate_hz != 0;
    if (!kind)
        return nd_diag_set(diag, ND_EUNSUPPORTED,
                           "writing %s: the name should end in .mp4 .m4a .mkv .webm .wav .flac "
                           ".ogg .opus or .mp3",
                           path);
    if (!has_video && !has_audio)
        return nd_diag_set(diag, ND_EARG, "writing %s: neither picture nor sound asked for", path);
    if ((has_video && !kind->video) || (has_audio && !kind->audio))
        return nd_diag_set(diag, ND_EUNSUPPORTED, "writing %s: a %s file holds no %s", path,
                           kind->ending, has_video ? "picture" : "sound");
    if (has_video && (p->width < 2 || p->height < 2 || p->width % 2 || p->height % 2 ||
                      p->width > MAX_SIDE_PX || p->height > MAX_SIDE_PX))
        return nd_diag_set(diag, ND_EARG,
                           "writing %s: width and height should be even, 2 to %d px, not %d x %d",
                           path, MAX_SIDE_PX, p->width, p->height);
    if (has_video && !(p->fps >= 1 && p->fps <= 240))
        return nd_diag_set(diag, ND_EARG, "writing %s: fps should be 1 to 240, not %g", path,
                           p->fps);
    if (p->quality < 0 || p->quality > 31)
        return nd_diag_set(diag, ND_EARG, "writing %s: quality should be 0 to 31, not %d", path,
                           p->quality);
    if (has_audio && (p->rate_hz < 1000 || p->rate_hz > MAX_RATE_HZ || p->n_channels < 0 ||
                      p->n_channels > MAX_CHANNELS))
        return nd_diag_set(diag, ND_EARG,
                           "writing %s: expected 1000 to %d Hz and 1 to %d channels, not %d and %d",
                           path, MAX_RATE_HZ, MAX_CHANNELS, p->rate_hz, p->n_channels);
    return 0;
}

static int open_muxer(nd_writer *w, const file_kind *kind, const nd_writer_params *p, nd_diag *diag)
{
    int rc = avformat_alloc_output_context2(&w->muxer, NULL, kind->muxer, w->path);
    if (rc < 0)
        return nd_diag_set(diag, ND_EUNSUPPORTED, "writing %s: FFmpeg cannot write %s", w->path,
                           kind->muxer);
    uint8_t *block = av_malloc(IO_BYTES);
    w->packet = av_packet_alloc();
    w->muxer->pb = block ? avio_alloc_context(block, IO_BYTES, 1, w, NULL, write_packet, seek_file)
                         : NULL;
    if (!w->muxer->pb || !w->packet) {
        if (!w->muxer->pb) av_free(block);
        return nd_diag_set(diag, ND_ENOMEM, "writing %s: out of memory", w->path);
    }
    w->muxer->flags |= AVFMT_FLAG_BITEXACT | AVFMT_FLAG_CUSTOM_IO;
    if (p->title) av_dict_set(&w->muxer->metadata, "title", p->title, 0);
    if (p->artist) av_dict_set(&w->muxer->metadata, "artist", p->artist, 0);
    if (p->genre) av_dict_set(&w->muxer->metadata, "genre", p->genre, 0);
    return 0;
}

int nd_writer_open(nd_writer **out, const char *path, const nd_writer_params *params, nd_diag *diag)
{
    if (!out || !path || !params)
        return nd_diag_set(diag, ND_EARG, "writing a media file: a parameter is NULL");
    const file_kind *kind = find_kind(path);
    int rc = check_params(kind, path, params, diag);
    if (rc) return rc;
    nd_writer *w = nd_calloc(1, sizeof *w);
    if (!w) return nd_diag_set(diag, ND_ENOMEM, "writing %s: out of memory", path);
    w->fd = -1;
    if ((rc = open_file(w, path, diag)) || (rc = open_muxer(w, kind, params, diag))) goto fail;
    if (params->width && (rc = open_video(w, kind->video, params, diag))) goto fail;
    if (params->rate_hz && (rc = open_audio(w, kind->audio, params, diag))) goto fail;
    rc = avformat_write_header(w->muxer, NULL);
    if (rc < 0) {
        rc = fail_av(w, rc, "writing", diag);
        goto fail;
    }
    *out = w;
    return 0;
fail:
    nd_writer_abort(&w);
    return rc;
}

/* ---- pictures and sound ------------------------------------------------------------------ */

int nd_writer_add_frame(nd_writer *w, const uint8_t *rgb, nd_diag *diag)
{
    ND_ASSERT(w && rgb && w->video.codec);
    AVFrame *f = w->video.frame;
    int rc = av_frame_make_writable(f);
    if (rc < 0) return fail_av(w, rc, "encoding", diag);
    const uint8_t *planes[4] = {rgb};
    int strides[4] = {3 * f->width};
    sws_scale(w->scaler, planes, strides, 0, f->height, f->data, f->linesize);
    f->quality = w->video.codec->global_quality; /* MPEG-4 takes it from the frame */
    f->pts = w->video.n_sent++;
    return send_frame(w, &w->video, f, diag);
}

/* Encode what has gathered: whole frames of the encoder, at the end the rest too. */
static int send_sound(nd_writer *w, bool at_end, nd_diag *diag)
{
    AVFrame *f = w->audio.frame;
    int wanted = w->audio.codec->frame_size ? w->audio.codec->frame_size : 4096;
    for (;;) {
        int n = ND_MIN(av_audio_fifo_size(w->fifo), wanted);
        if (n == 0 || (n < wanted && !at_end)) return 0;
        f->nb_samples = wanted;
        int rc = av_frame_make_writable(f);
        if (rc < 0) return fail_av(w, rc, "encoding", diag);
        av_audio_fifo_read(w->fifo, (void **)f->extended_data, n);
        f->nb_samples = n;
        f->pts = w->audio.n_sent;
        w->audio.n_sent += n;
        if ((rc = send_frame(w, &w->audio, f, diag))) return rc;
    }
}

int nd_writer_add_samples(nd_writer *w, const float *samples, int64_t n, nd_diag *diag)
{
    enum { BLOCK = 4096 };
    ND_ASSERT(w && (samples || n == 0) && n >= 0 && w->audio.codec);
    int channels = w->audio.codec->ch_layout.nb_channels, rc = 0;
    uint8_t *planes[MAX_CHANNELS] = {NULL};
    if (av_samples_alloc(planes, NULL, channels, BLOCK, w->audio.codec->sample_fmt, 0) < 0)
        return nd_diag_set(diag, ND_ENOMEM, "writing %s: out of memory", w->path);
    for (int64_t at = 0; at < n && !rc; at += BLOCK) {
        int count = (int)ND_MIN(n - at, BLOCK);
        const uint8_t *in = (const uint8_t *)(samples + at * channels);
        int got = swr_convert(w->converter, planes, BLOCK, &in, count);
        if (got >= 0) got = av_audio_fifo_write(w->fifo, (void **)planes, got);
        rc = got < 0 ? fail_av(w, got, "encoding", diag) : send_sound(w, false, diag);
    }
    av_freep(&planes[0]);
    return rc;
}

/* ---- the end ----------------------------------------------------------------------------- */

static int finish(nd_writer *w, nd_diag *diag)
{
    int rc = 0;
    if (w->video.codec && (rc = send_frame(w, &w->video, NULL, diag))) return rc;
    if (w->audio.codec &&
        ((rc = send_sound(w, true, diag)) || (rc = send_frame(w, &w->audio, NULL, diag))))
        return rc;
    rc = av_write_trailer(w->muxer);
    avio_flush(w->muxer->pb);
    if (rc < 0 || w->write_errno) return fail_av(w, rc, "finishing", diag);
    if (fchmod(w->fd, 0644) || fsync(w->fd)) return nd_diag_errno(diag, "writing", w->path);
    int fd = w->fd;
    w->fd = -1;
    if (close(fd)) return nd_diag_errno(diag, "writing", w->path);
    if (rename(w->temporary, w->path))
        return nd_diag_errno(diag, "renaming the new file to", w->path);
    free(w->temporary);
    w->temporary = NULL;
    return 0;
}

int nd_writer_close(nd_writer **w, nd_diag *diag)
{
    if (!w || !*w) return 0;
    nd_writer *writer = *w;
    int rc = writer->video.n_sent == 0 && writer->audio.n_sent == 0 &&
                     (!writer->fifo || av_audio_fifo_size(writer->fifo) == 0)
                 ? nd_diag_set(diag, ND_EEMPTY, "writing %s: neither picture nor sound was given",
                               writer->path)
                 : finish(writer, diag);
    nd_writer_abort(w);
    return rc;
}

static void deinit_stream(stream *s)
{
    avcodec_free_context(&s->codec);
    av_frame_free(&s->frame);
}

void nd_writer_abort(nd_writer **handle)
{
    if (!handle || !*handle) return;
    nd_writer *w = *handle;
    deinit_stream(&w->video);
    deinit_stream(&w->audio);
    sws_freeContext(w->scaler);
    swr_free(&w->converter);
    if (w->fifo) av_audio_fifo_free(w->fifo);
    av_packet_free(&w->packet);
    if (w->muxer && w->muxer->pb) {
        av_freep(&w->muxer->pb->buffer);
        avio_context_free(&w->muxer->pb);
    }
    avformat_free_context(w->muxer);
    if (w->fd >= 0) close(w->fd);
    if (w->temporary) unlink(w->temporary);
    free(w->temporary);
    free(w->path);
    free(w);
    *handle = NULL;
}
