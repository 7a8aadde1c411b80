/* Opening: a demuxer that can reach nothing but one descriptor; streams and tags. */
#include <errno.h>
#include <libavutil/display.h>
#include <libavutil/imgutils.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "decode/internal.h"

enum { IO_BLOCK_BYTES = 65536 };

/* ---- bytes ------------------------------------------------------------------- */

static int read_block(void *opaque, uint8_t *out, int n)
{
    nd_media *m = opaque;
    ssize_t got;
    do got = pread(m->fd, out, (size_t)n, m->at);
    while (got < 0 && errno == EINTR);
    if (got < 0) m->read_failed = true;
    if (got <= 0) return got < 0 ? AVERROR(errno) : AVERROR_EOF;
    m->at += got;
    return (int)got;
}

static int64_t seek_bytes(void *opaque, int64_t offset, int whence)
{
    nd_media *m = opaque;
    if (whence & AVSEEK_SIZE) return m->size_bytes;
    whence &= ~AVSEEK_FORCE;
    int64_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? m->at : m->size_bytes, to;
    if (__builtin_add_overflow(base, offset, &to) || to < 0) return AVERROR(EINVAL);
    return m->at = to;
}

/* What a playlist or a reference inside a file gets. */
static int refuse_open(AVFormatContext *format, AVIOContext **io, const char *url, int flags,
                       AVDictionary **options)
{
    (void)format, (void)io, (void)url, (void)flags, (void)options;
    return AVERROR(EPERM);
}

/* ---- streams ------------------------------------------------------------------- */

int nd__stream_turns(const AVStream *stream)
{
    size_t bytes = 0;
    const uint8_t *matrix = av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, &bytes);
    if (!matrix || bytes < 9 * sizeof(int32_t)) return 0;
    int32_t copy[9];
    memcpy(copy, matrix, sizeof copy);
    double degrees = -av_display_rotation_get(copy); /* clockwise */
    if (!isfinite(degrees)) return 0;
    return ((int)lrint(degrees / 90) % 4 + 4) % 4;
}

int nd__shown_width(int width, AVRational pixel_aspect)
{
    double aspect = pixel_aspect.num > 0 && pixel_aspect.den > 0 ? av_q2d(pixel_aspect) : 1;
    return (int)ND_CLAMP(lrint(width * aspect), 1, ND_MAX_SIDE_PX);
}

double nd__stream_zero_s(const nd_media *m, int stream)
{
    const AVStream *s = m->format->streams[stream];
    bool has_start = s->start_time != AV_NOPTS_VALUE;
    bool file_has = m->format->start_time != AV_NOPTS_VALUE;
    double file_s = file_has ? (double)m->format->start_time / AV_TIME_BASE : 0;
    if (!has_start) return file_s;
    double start_s = (double)s->start_time * av_q2d(s->time_base);
    return file_has && start_s > file_s && start_s < file_s + 10 ? file_s : start_s;
}

/* Cover art is a stream of one still beside sound; so is a picture file. */
static bool is_moving(const nd_media *m, int index)
{
    const AVStream *s = m->format->streams[index];
    const char *container = m->format->iformat->name;
    if (s->nb_frames == 1 && m->audio >= 0) return false;
    return s->codecpar->codec_type == AVMEDIA_TYPE_VIDEO &&
           !(s->disposition & (AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS)) &&
           !strstr(container, "_pipe") && strncmp(container, "image2", 6);
}

/* FFmpeg's own choice where it is a moving picture, else the first that is. */
static int choose_video(const nd_media *m)
{
    int best = av_find_best_stream(m->format, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
    if (best >= 0 && is_moving(m, best)) return best;
    for (unsigned i = 0; i < m->format->nb_streams; i++)
        if (is_moving(m, (int)i)) return (int)i;
    return -1;
}

/* ---- info -------------------------------------------------------------------------- */

static void copy_tag(char *out, size_t out_bytes, const AVDictionary *tags, const char *const *keys)
{
    for (int i = 0; keys[i] && !out[0]; i++) {
        const AVDictionaryEntry *entry = av_dict_get(tags, keys[i], NULL, 0);
        if (entry) nd_text_clean(out, out_bytes, entry->value, strlen(entry->value));
    }
}

static void read_tags(nd_media_info *info, const AVDictionary *tags)
{
#define TAG(field, ...) \
    copy_tag(info->field, sizeof info->field, tags, (const char *const[]){__VA_ARGS__, NULL})
    TAG(title, "title");
    TAG(artist, "artist", "album_artist");
    TAG(album, "album");
    TAG(genre, "genre");
    TAG(mood, "mood", "TMOO");
    TAG(comment, "comment", "description");
#undef TAG
    char bpm[32] = "";
    copy_tag(bpm, sizeof bpm, tags, (const char *const[]){"TBPM", "bpm", "tempo", "tmpo", NULL});
    double value = strtod(bpm, NULL);
    if (info->tag_bpm == 0 && value > 0 && value < 1000) info->tag_bpm = value;
}

static double stream_duration_s(const nd_media *m, int index)
{
    const AVStream *s = m->format->streams[index];
    double seconds = 0;
    if (s->duration != AV_NOPTS_VALUE) seconds = (double)s->duration * av_q2d(s->time_base);
    else if (m->format->duration != AV_NOPTS_VALUE)
        seconds = (double)m->format->duration / AV_TIME_BASE;
    return isfinite(seconds) && seconds > 0 ? seconds : 0;
}

static void read_video_info(nd_media *m)
{
    AVStream *s = m->format->streams[m->video];
    nd_media_info *info = &m->info;
    AVRational aspect = av_guess_sample_aspect_ratio(m->format, s, NULL);
    AVRational rate = av_guess_frame_rate(m->format, s, NULL);
    info->has_video = true;
    info->width = nd__shown_width(s->codecpar->width, aspect);
    info->height = s->codecpar->height;
    if (nd__stream_turns(s) % 2) {
        info->width = s->codecpar->height;
        info->height = nd__shown_width(s->codecpar->width, aspect);
    }
    if (s->avg_frame_rate.num > 0 && s->avg_frame_rate.den > 0) rate = s->avg_frame_rate;
    info->fps = rate.num > 0 && rate.den > 0 ? av_q2d(rate) : 0;
    snprintf(info->video_codec, sizeof info->video_codec, "%s",
             avcodec_get_name(s->codecpar->codec_id));
    info->duration_s = stream_duration_s(m, m->video);
}

static void read_audio_info(nd_media *m)
{
    const AVCodecParameters *p = m->format->streams[m->audio]->codecpar;
    m->info.has_audio = true;
    m->info.rate_hz = p->sample_rate;
    m->info.n_channels = p->ch_layout.nb_channels;
    snprintf(m->info.audio_codec, sizeof m->info.audio_codec, "%s", avcodec_get_name(p->codec_id));
    m->info.duration_s = stream_duration_s(m, m->audio);
}

static int read_info(nd_media *m, nd_diag *diag)
{
    m->audio = av_find_best_stream(m->format, AVMEDIA_TYPE_AUDIO, -1, -1, NULL, 0);
    m->video = choose_video(m);
    if (m->audio < 0 && m->video < 0)
        return nd_diag_set(diag, ND_EEMPTY, "reading %s: no sound and no moving picture in it",
                           m->name);
    if (m->audio >= 0) read_audio_info(m);
    if (m->video >= 0) read_video_info(m);
    m->info.size_bytes = m->size_bytes;
    snprintf(m->info.container, sizeof m->info.container, "%s", m->format->iformat->name);
    m->info.container[strcspn(m->info.container, ",")] = '\0';
    read_tags(&m->info, m->format->metadata);
    if (m->audio >= 0) read_tags(&m->info, m->format->streams[m->audio]->metadata);
    return 0;
}

/* ---- opening ------------------------------------------------------------------------- */

/* Containers that only name other files. Nothing they name could be opened, but
 * saying what they are beats a decoder's riddle. */
static bool is_reference(const AVInputFormat *format)
{
    static const char *const names[] = {"hls", "concat", "dash", "sdp", "rtsp", "imf", "image2"};
    for (size_t i = 0; i < ND_COUNT(names); i++)
        if (!strcmp(format->name, names[i])) return true;
    return format->flags & AVFMT_NOFILE;
}

static int not_media(const nd_media *m, nd_diag *diag)
{
    if (m->read_failed)
        return nd_diag_set(diag, ND_EIO, "reading %s: the disk gave an error", m->name);
    return nd_diag_set(diag, ND_EFORMAT,
                       "reading %s: audio or video expected, its bytes are neither", m->name);
}

/* FFmpeg itself takes (8 width + 1024) (height + 128) < 2^31, so that 16384 x 16128 passes
 * and 16384 x 16384 does not. Asked before the decoders are, which forget such sizes. */
static void note_too_large(nd_media *m)
{
    for (unsigned i = 0; i < m->format->nb_streams; i++) {
        const AVCodecParameters *p = m->format->streams[i]->codecpar;
        if (p->codec_type != AVMEDIA_TYPE_VIDEO || (p->width <= 0 && p->height <= 0)) continue;
        if (p->width <= ND_MAX_SIDE_PX && p->height <= ND_MAX_SIDE_PX &&
            av_image_check_size((unsigned)p->width, (unsigned)p->height, 0, NULL) >= 0)
            continue;
        m->too_wide_px = p->width;
        m->too_high_px = p->height;
    }
}

static int open_format(nd_media *m, nd_diag *diag)
{
    const AVInputFormat *kind = NULL;
    uint8_t *block = av_malloc(IO_BLOCK_BYTES);
    if (block)
        m->io = avio_alloc_context(block, IO_BLOCK_BYTES, 0, m, read_block, NULL, seek_bytes);
    if (!m->io) av_free(block);
    m->format = avformat_alloc_context();
    if (!m->io || !m->format)
        return nd_diag_set(diag, ND_ENOMEM, "opening %s: out of memory", m->name);
    m->format->pb = m->io;
    m->format->flags |= AVFMT_FLAG_CUSTOM_IO;
    m->format->io_open = refuse_open;
    /* The name is not handed over: content decides what a file is. */
    if (av_probe_input_buffer2(m->io, &kind, "", NULL, 0, 0) < 0) return not_media(m, diag);
    if (is_reference(kind))
        return nd_diag_set(diag, ND_EFORMAT,
                           "reading %s: media expected, found a playlist (%s); what it names "
                           "is not opened",
                           m->name, kind->name);
    AVDictionary *options = NULL;
    av_dict_set(&options, "protocol_whitelist", "none", 0);
    int rc = avformat_open_input(&m->format, NULL, kind, &options);
    av_dict_free(&options);
    if (rc < 0) return not_media(m, diag);
    note_too_large(m);
    if (avformat_find_stream_info(m->format, NULL) < 0) return not_media(m, diag);
    return 0;
}

static void close_format(nd_media *m)
{
    avformat_close_input(&m->format);
    if (m->io) av_freep(&m->io->buffer);
    avio_context_free(&m->io);
}

/* Opened anew rather than sought back: not every demuxer finds its start again, and not
 * every one that does gives the same samples. */
int nd__media_rewind(nd_media *m, nd_diag *diag)
{
    if (!m->is_used) return 0;
    close_format(m);
    m->at = 0;
    m->is_used = false;
    int rc = open_format(m, diag);
    if (!rc && ND_MAX(m->audio, m->video) >= (int)m->format->nb_streams)
        rc = nd_diag_set(diag, ND_EIO, "reading %s: it changed while it was read", m->name);
    if (rc) m->audio = m->video = -1;
    return rc;
}

void nd_media_close(nd_media **m)
{
    if (!m || !*m) return;
    close_format(*m);
    free(*m);
    *m = NULL;
}

int nd_media_open(nd_media **out, int fd, const char *name, nd_diag *diag)
{
    off_t size_bytes = lseek(fd, 0, SEEK_END); /* behind the sandbox there is no stat */
    if (!out || !name || size_bytes < 0)
        return nd_diag_set(diag, ND_EARG,
                           "opening media: a seekable descriptor and a name expected");
    nd_media *m = nd_calloc(1, sizeof *m);
    if (!m) return nd_diag_set(diag, ND_ENOMEM, "opening media: out of memory");
    av_log_set_level(AV_LOG_QUIET); /* what is wrong is told through diag */
    m->fd = fd;
    m->size_bytes = size_bytes;
    m->audio = m->video = -1;
    nd_text_print(m->name, sizeof m->name, name, strlen(name));
    int rc = open_format(m, diag);
    if (!rc) rc = read_info(m, diag);
    if (rc) nd_media_close(&m);
    else *out = m;
    return rc;
}

const nd_media_info *nd_media_get_info(const nd_media *m)
{
    return &m->info;
}
