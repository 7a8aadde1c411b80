/* The decoding loop that samples and frames share. */
#include <math.h>

#include "decode/internal.h"

static int open_codec(AVCodecContext **out, nd_media *m, int stream, nd_diag *diag)
{
    const AVCodecParameters *p = m->format->streams[stream]->codecpar;
    const AVCodec *decoder = avcodec_find_decoder(p->codec_id);
    if (!decoder)
        return nd_diag_set(diag, ND_EFORMAT, "reading %s: no decoder for %s", m->name,
                           avcodec_get_name(p->codec_id));
    if (p->codec_type == AVMEDIA_TYPE_VIDEO && m->too_wide_px)
        return nd_diag_set(
            diag, ND_ELIMIT, "reading %s: a picture of at most %d x %d expected, found %d x %d",
            m->name, ND_MAX_SIDE_PX, ND_MAX_HEIGHT_PX, m->too_wide_px, m->too_high_px);
    AVCodecContext *codec = avcodec_alloc_context3(decoder);
    if (!codec) return nd_diag_set(diag, ND_ENOMEM, "reading %s: out of memory", m->name);
    codec->max_pixels = (int64_t)ND_MAX_SIDE_PX * ND_MAX_SIDE_PX;
    codec->thread_count = 1;
    codec->pkt_timebase = m->format->streams[stream]->time_base;
    if (avcodec_parameters_to_context(codec, p) < 0 || avcodec_open2(codec, decoder, NULL) < 0) {
        avcodec_free_context(&codec);
        return nd_diag_set(diag, ND_EFORMAT, "reading %s: the %s decoder refuses the stream",
                           m->name, decoder->name);
    }
    *out = codec;
    return 0;
}

/* Take all frames that the codec has ready. @return as the taker; 0 when it wants more */
static int drain(AVCodecContext *codec, AVFrame *frame, nd__frame_taker *take, void *user,
                 int64_t *n_frames)
{
    int rc = 0;
    while (!rc && avcodec_receive_frame(codec, frame) >= 0) {
        ++*n_frames;
        rc = take(user, frame);
        av_frame_unref(frame);
    }
    return rc;
}

/* Feed the packets of one stream; a damaged one is the codec's to pass over. */
static int decode_packets(nd_media *m, int stream, AVCodecContext *codec, nd__frame_taker *take,
                          void *user, int64_t *n_frames, nd_diag *diag)
{
    AVPacket *packet = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();
    int rc = 0;
    if (!packet || !frame) rc = nd_diag_set(diag, ND_ENOMEM, "reading %s: out of memory", m->name);
    while (!rc && av_read_frame(m->format, packet) >= 0) {
        if (packet->stream_index == stream) {
            avcodec_send_packet(codec, packet);
            rc = drain(codec, frame, take, user, n_frames);
        }
        av_packet_unref(packet);
    }
    if (!rc) {
        avcodec_send_packet(codec, NULL); /* the frames still inside */
        rc = drain(codec, frame, take, user, n_frames);
    }
    av_packet_free(&packet);
    av_frame_free(&frame);
    return rc < 0 ? rc : 0;
}

/* Packets of other streams are not even read where the container allows it. */
static void choose_stream(nd_media *m, int stream, double from_s)
{
    AVStream *s = m->format->streams[stream];
    for (unsigned i = 0; i < m->format->nb_streams; i++)
        m->format->streams[i]->discard = (int)i == stream ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
    double to_s = nd__stream_zero_s(m, stream) + ND_MIN(from_s, 1e9);
    double ticks = ND_CLAMP(floor(to_s / av_q2d(s->time_base)), -9e18, 9e18); /* int64_t's range */
    if (from_s > 0) av_seek_frame(m->format, stream, (int64_t)ticks, AVSEEK_FLAG_BACKWARD);
    m->is_used = true;
}

int nd__media_decode(nd_media *m, int stream, double from_s, nd__frame_taker *take, void *user,
                     int64_t *n_frames_out, nd_diag *diag)
{
    AVCodecContext *codec = NULL;
    *n_frames_out = 0;
    int rc = nd__media_rewind(m, diag);
    if (!rc) rc = open_codec(&codec, m, stream, diag);
    if (rc) return rc;
    choose_stream(m, stream, from_s);
    rc = decode_packets(m, stream, codec, take, user, n_frames_out, diag);
    avcodec_free_context(&codec);
    if (!rc && m->read_failed)
        return nd_diag_set(diag, ND_EIO, "reading %s: the disk gave an error", m->name);
    return rc;
}
