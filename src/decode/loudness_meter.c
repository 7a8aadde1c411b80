/* A filter graph abuffer -> ebur128 -> abuffersink. The filter cuts its output into
 * 100-ms frames and writes the loudness of each into the frame's metadata. */
#include "decode/loudness_meter.h"

#include <libavfilter/avfilter.h>
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/channel_layout.h>
#include <math.h>
#include <string.h>

enum { PER_SECOND = 10, MAX_LAYOUT_CHANNELS = 8 };
static const float silence_lufs = -120;

struct loudness_meter {
    AVFilterGraph *graph;
    AVFilterContext *source, *sink;
    AVFrame *out;
    int rate_hz, format, n_channels; /* that the graph was made for */
    float *momentary;                /* [n], one each 100 ms of the stream */
    size_t n, capacity;
    bool is_mono; /* the filter refuses the layout: the mean is measured */
};

int loudness_meter_create(loudness_meter **out)
{
    loudness_meter *m = nd_calloc(1, sizeof *m);
    if (!m) return ND_ENOMEM;
    m->out = av_frame_alloc();
    if (!m->out) {
        free(m);
        return ND_ENOMEM;
    }
    *out = m;
    return 0;
}

void loudness_meter_destroy(loudness_meter **meter)
{
    if (!meter || !*meter) return;
    avfilter_graph_free(&(*meter)->graph);
    av_frame_free(&(*meter)->out);
    free((*meter)->momentary);
    free(*meter);
    *meter = NULL;
}

/* abuffer -> ebur128 -> abuffersink for this kind of sound. @return 0 or an AVERROR */
static int make_graph(loudness_meter *m, const AVFrame *f)
{
    char layout[128], args[256];
    AVFilterContext *r128 = NULL;
    m->n_channels = 0; /* a graph that is made half fits no sound */
    avfilter_graph_free(&m->graph);
    m->graph = avfilter_graph_alloc();
    if (!m->graph) return AVERROR(ENOMEM);
    m->graph->nb_threads = 1;
    int rc = av_channel_layout_describe(&f->ch_layout, layout, sizeof layout);
    if (rc < 0) return rc;
    snprintf(args, sizeof args, "sample_rate=%d:sample_fmt=%s:channel_layout=%s:time_base=1/%d",
             f->sample_rate, av_get_sample_fmt_name(f->format), layout, f->sample_rate);
    if ((rc = avfilter_graph_create_filter(&m->source, avfilter_get_by_name("abuffer"), "in", args,
                                           NULL, m->graph)) < 0 ||
        (rc = avfilter_graph_create_filter(&r128, avfilter_get_by_name("ebur128"), "r128",
                                           "metadata=1", NULL, m->graph)) < 0 ||
        (rc = avfilter_graph_create_filter(&m->sink, avfilter_get_by_name("abuffersink"), "out",
                                           NULL, NULL, m->graph)) < 0 ||
        (rc = avfilter_link(m->source, 0, r128, 0)) < 0 ||
        (rc = avfilter_link(r128, 0, m->sink, 0)) < 0 ||
        (rc = avfilter_graph_config(m->graph, NULL)) < 0)
        return rc;
    m->rate_hz = f->sample_rate;
    m->format = f->format;
    m->n_channels = f->ch_layout.nb_channels;
    return 0;
}

static float momentary_of(const AVFrame *f)
{
    const AVDictionaryEntry *entry = av_dict_get(f->metadata, "lavfi.r128.M", NULL, 0);
    float lufs = entry ? strtof(entry->value, NULL) : silence_lufs;
    return isfinite(lufs) ? ND_MAX(lufs, silence_lufs) : silence_lufs;
}

static int collect(loudness_meter *m)
{
    int rc;
    while ((rc = av_buffersink_get_frame(m->sink, m->out)) >= 0) {
        float lufs = momentary_of(m->out);
        av_frame_unref(m->out);
        if (nd_grow(&m->momentary, &m->capacity, m->n, 1, sizeof *m->momentary)) return ND_ENOMEM;
        m->momentary[m->n++] = lufs;
    }
    return rc == AVERROR(ENOMEM) ? ND_ENOMEM : 0;
}

/* The mean of the channels as a frame of its own, for layouts of many channels. */
static AVFrame *mono_frame(const AVFrame *f, const float *mono)
{
    AVFrame *out = av_frame_alloc();
    if (!out) return NULL;
    out->format = AV_SAMPLE_FMT_FLT;
    out->sample_rate = f->sample_rate;
    out->nb_samples = f->nb_samples;
    av_channel_layout_default(&out->ch_layout, 1);
    if (av_frame_get_buffer(out, 0) < 0) av_frame_free(&out);
    else memcpy(out->data[0], mono, (size_t)f->nb_samples * sizeof *mono);
    return out;
}

/* x * 0 is 0 for a finite x and NaN for any other, and NaN stays in a sum. */
static bool frame_is_finite(const AVFrame *f)
{
    bool is_planar = av_sample_fmt_is_planar(f->format);
    int format = av_get_packed_sample_fmt(f->format);
    int n_planes = is_planar ? f->ch_layout.nb_channels : 1;
    int64_t n = (int64_t)f->nb_samples * (is_planar ? 1 : f->ch_layout.nb_channels);
    double sum = 0;
    for (int c = 0; c < n_planes; c++) {
        const float *f32 = (const float *)f->extended_data[c];
        const double *f64 = (const double *)f->extended_data[c];
        for (int64_t i = 0; i < n && format == AV_SAMPLE_FMT_FLT; i++) sum += f32[i] * 0;
        for (int64_t i = 0; i < n && format == AV_SAMPLE_FMT_DBL; i++) sum += f64[i] * 0;
    }
    return sum == 0;
}

/* The frame as the graph may keep it: with a layout that has a name, and without
 * infinities, which would stay in the filter's memory for good. */
static AVFrame *measurable_frame(const AVFrame *f, const float *mono)
{
    if (f->ch_layout.nb_channels > MAX_LAYOUT_CHANNELS || !frame_is_finite(f))
        return mono_frame(f, mono);
    AVFrame *out = av_frame_clone(f);
    if (out && out->ch_layout.order == AV_CHANNEL_ORDER_UNSPEC)
        av_channel_layout_default(&out->ch_layout, out->ch_layout.nb_channels);
    return out;
}

/* Feed a frame to the graph, made again when the kind of sound changes.
 * @return 0; an AVERROR: ENOMEM, else the filter does not take it */
static int feed(loudness_meter *m, AVFrame *in)
{
    bool is_same = m->graph && in->sample_rate == m->rate_hz && in->format == m->format &&
                   in->ch_layout.nb_channels == m->n_channels;
    in->pts = AV_NOPTS_VALUE;
    int rc = is_same ? 0 : make_graph(m, in);
    return rc < 0 ? rc : av_buffersrc_add_frame(m->source, in);
}

int loudness_meter_add(loudness_meter *m, AVFrame *f, const float *mono)
{
    for (int try = 0; try < 2; try++) {
        AVFrame *in = m->is_mono ? mono_frame(f, mono) : measurable_frame(f, mono);
        if (!in) return ND_ENOMEM;
        int rc = feed(m, in);
        av_frame_free(&in);
        if (rc >= 0) return collect(m);
        if (rc == AVERROR(ENOMEM)) return ND_ENOMEM;
        m->is_mono = true; /* a layout that the filter refuses: its mean from now on */
    }
    return ND_EUNSUPPORTED;
}

/* Mean power of the blocks above a gate, as LUFS. */
static double gated_lufs(const float *block_lufs, size_t n, double gate_lufs)
{
    double power = 0;
    size_t n_in = 0;
    for (size_t i = 0; i < n; i++) {
        if (block_lufs[i] <= gate_lufs) continue;
        power += pow(10, block_lufs[i] / 10);
        n_in++;
    }
    return n_in ? 10 * log10(power / (double)n_in) : silence_lufs;
}

/* ITU-R BS.1770-4: momentary values each 100 ms are its gating blocks (400 ms, three
 * quarters overlapping). The first gate is at -70 LUFS, the second 10 LU below the mean
 * of what passes it. */
static double integrate(const float *block_lufs, size_t n)
{
    double passing = gated_lufs(block_lufs, n, -70);
    return passing > silence_lufs ? gated_lufs(block_lufs, n, ND_MAX(passing - 10, -70)) : passing;
}

int loudness_meter_finish(loudness_meter *m, nd_samples *s, double start_s, double length_s)
{
    size_t first = (size_t)(start_s * PER_SECOND), n = (size_t)(length_s * PER_SECOND);
    s->momentary_lufs = nd_calloc(n, sizeof *s->momentary_lufs);
    if (!s->momentary_lufs) return ND_ENOMEM;
    s->n_momentary = (int64_t)n;
    for (size_t i = 0; i < n; i++)
        s->momentary_lufs[i] = first + i < m->n ? m->momentary[first + i] : silence_lufs;
    s->integrated_lufs = integrate(s->momentary_lufs, n);
    return 0;
}
