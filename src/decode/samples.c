/* Sound as mono or stereo floats at one rate, and its loudness on the way.
 *
 * Channels are mixed by us, in whatever sample format the codec gives, so that
 * any number of channels in any layout works; libswresample then changes the rate.
 */
#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>
#include <libswresample/swresample.h>
#include <math.h>

#include "decode/internal.h"
#include "decode/loudness_meter.h"

enum { MIN_RATE_HZ = 1000, MAX_RATE_HZ = 1000000, MAX_CHANNELS = 1024, MAX_NAMED_CHANNELS = 64 };

typedef struct {
    const nd_media *m;
    const nd_sample_params *params;
    nd_diag *diag;
    SwrContext *resampler;
    int in_rate_hz; /* of the resampler */
    int n_channels; /* of what comes out */
    float *mixed;   /* one frame, [n_channels, its samples] */
    size_t mixed_capacity;
    float *out; /* [n_out, n_channels] */
    size_t n_out, capacity;
    int64_t n_skip, n_most; /* output samples to leave out at the start, to keep; 0: all */
    int64_t n_gone;         /* of those to leave out: not in out any more */
    bool is_cut;
    loudness_meter *meter; /* NULL: not asked for */
} sample_reading;

/* ---- mixing --------------------------------------------------------------------- */

static float finite_or_zero(float x)
{
    return isfinite(x) ? x : 0;
}

/* out[i] = weighted sum over channels of the samples at i, for one sample type. */
#define DEFINE_MIX(name, type, to_float)                                                      \
    static void name(float *out, const AVFrame *f, bool is_planar, const float *weights)      \
    {                                                                                         \
        int n_channels = f->ch_layout.nb_channels;                                            \
        for (int i = 0; i < f->nb_samples; i++) out[i] = 0;                                   \
        for (int c = 0; c < n_channels; c++) {                                                \
            const type *in = (const type *)f->extended_data[is_planar ? c : 0];               \
            int step = is_planar ? 1 : n_channels;                                            \
            float share = weights[c];                                                         \
            in += is_planar ? 0 : c;                                                          \
            for (int i = 0; i < f->nb_samples; i++, in += step) out[i] += share * (to_float); \
        }                                                                                     \
    }
DEFINE_MIX(mix_u8, uint8_t, ((float)*in - 128) * 0x1p-7f)
DEFINE_MIX(mix_s16, int16_t, (float)*in * 0x1p-15f)
DEFINE_MIX(mix_s32, int32_t, (float)*in * 0x1p-31f)
DEFINE_MIX(mix_s64, int64_t, (float)*in * 0x1p-63f)
DEFINE_MIX(mix_f32, float, finite_or_zero(*in))
DEFINE_MIX(mix_f64, double, finite_or_zero((float)*in))

static bool mix(float *out, const AVFrame *f, const float *weights)
{
    bool is_planar = av_sample_fmt_is_planar(f->format);
    switch (av_get_packed_sample_fmt(f->format)) {
    case AV_SAMPLE_FMT_U8: mix_u8(out, f, is_planar, weights); return true;
    case AV_SAMPLE_FMT_S16: mix_s16(out, f, is_planar, weights); return true;
    case AV_SAMPLE_FMT_S32: mix_s32(out, f, is_planar, weights); return true;
    case AV_SAMPLE_FMT_S64: mix_s64(out, f, is_planar, weights); return true;
    case AV_SAMPLE_FMT_FLT: mix_f32(out, f, is_planar, weights); return true;
    case AV_SAMPLE_FMT_DBL: mix_f64(out, f, is_planar, weights); return true;
    default: return false;
    }
}

/* What of each channel goes to the left and to the right.
 * @param out  the mean at first, which stays for one channel and where the layout is not known */
static void weigh_stereo(float out[2][MAX_CHANNELS], const AVFrame *f)
{
    const AVChannelLayout stereo = AV_CHANNEL_LAYOUT_STEREO;
    AVChannelLayout named = {0};
    /* libswresample divides all of so many rows, whatever the layouts. */
    double matrix[MAX_NAMED_CHANNELS][MAX_NAMED_CHANNELS] = {{1, 0}, {0, 1}};
    int n = f->ch_layout.nb_channels;
    if (n == 1 || n > MAX_NAMED_CHANNELS) return;
    if (f->ch_layout.order == AV_CHANNEL_ORDER_UNSPEC) av_channel_layout_default(&named, n);
    else if (av_channel_layout_copy(&named, &f->ch_layout) < 0) return;
    bool is_known = n == 2 ||
                    swr_build_matrix2(&named, &stereo, M_SQRT1_2, M_SQRT1_2, 0, 1, 1, matrix[0],
                                      MAX_NAMED_CHANNELS, AV_MATRIX_ENCODING_NONE, NULL) >= 0;
    for (int c = 0; c < 2 * n && is_known; c++) out[c / n][c % n] = (float)matrix[c / n][c % n];
    av_channel_layout_uninit(&named);
}

/* A frame into r->mixed. @return 1; 0: a sample format that is not known; ND_ENOMEM */
static int mix_frame(sample_reading *r, const AVFrame *f)
{
    float weights[2][MAX_CHANNELS];
    int n = f->nb_samples, n_in = f->ch_layout.nb_channels;
    if (nd_grow(&r->mixed, &r->mixed_capacity, 0, (size_t)n * (size_t)r->n_channels,
                sizeof *r->mixed))
        return nd_diag_set(r->diag, ND_ENOMEM, "reading %s: out of memory", r->m->name);
    for (int c = 0; c < n_in; c++) weights[0][c] = weights[1][c] = 1.0f / (float)n_in;
    if (r->n_channels == 2) weigh_stereo(weights, f);
    bool is_known = true;
    for (int c = 0; c < r->n_channels && is_known; c++)
        is_known = mix(r->mixed + (size_t)c * (size_t)n, f, weights[c]);
    return is_known;
}

/* ---- resampling ------------------------------------------------------------------- */

/* Twice libswresample's usual filter: at 16 kHz flat within 0.1 dB to 7.2 kHz (usual:
 * -1 dB) and what folds back below 7.2 kHz under -80 dB (usual: -43 dB), for a tenth
 * more time of decoding and resampling an mp3. */

static int make_resampler(sample_reading *r, int in_rate_hz)
{
    AVChannelLayout layout;
    av_channel_layout_default(&layout, r->n_channels);
    swr_free(&r->resampler);
    if (swr_alloc_set_opts2(&r->resampler, &layout, AV_SAMPLE_FMT_FLT, r->params->rate_hz, &layout,
                            AV_SAMPLE_FMT_FLTP, in_rate_hz, 0, NULL) < 0 ||
        av_opt_set_int(r->resampler, "filter_size", 64, 0) < 0 ||
        av_opt_set_double(r->resampler, "cutoff", 0.98, 0) < 0 || swr_init(r->resampler) < 0)
        return nd_diag_set(r->diag, ND_EFORMAT, "reading %s: no conversion from %d Hz to %d Hz",
                           r->m->name, in_rate_hz, r->params->rate_hz);
    r->in_rate_hz = in_rate_hz;
    return 0;
}

/* Push the n samples of r->mixed (0: the tail that the filter still holds) through. */
static int resample(sample_reading *r, int n)
{
    size_t channels = (size_t)r->n_channels;
    int room = swr_get_out_samples(r->resampler, n);
    if (room < 0 ||
        nd_grow(&r->out, &r->capacity, r->n_out, (size_t)room, channels * sizeof *r->out))
        return nd_diag_set(r->diag, ND_ENOMEM, "reading %s: out of memory", r->m->name);
    uint8_t *to = (uint8_t *)(r->out + r->n_out * channels);
    const uint8_t *from[2] = {(const uint8_t *)r->mixed,
                              (const uint8_t *)(r->mixed + n * (channels - 1))};
    int got = swr_convert(r->resampler, &to, room, n ? from : NULL, n);
    if (got > 0) r->n_out += (size_t)got;
    if (r->n_gone + (int64_t)r->n_out <= r->n_skip) { /* a late start takes no memory */
        r->n_gone += (int64_t)r->n_out;
        r->n_out = 0;
    }
    return 0;
}

static int take_frame(void *user, AVFrame *f)
{
    sample_reading *r = user;
    int n_channels = f->ch_layout.nb_channels;
    if (f->nb_samples <= 0 || n_channels < 1 || n_channels > MAX_CHANNELS ||
        f->sample_rate < MIN_RATE_HZ || f->sample_rate > MAX_RATE_HZ)
        return 0;
    if (r->resampler && f->sample_rate != r->in_rate_hz) {
        int rc = resample(r, 0); /* the rate changes: out with the old tail */
        if (rc) return rc;
    }
    if (!r->resampler || f->sample_rate != r->in_rate_hz) {
        int rc = make_resampler(r, f->sample_rate);
        if (rc) return rc;
    }
    int rc = mix_frame(r, f);
    if (rc <= 0) return rc;
    rc = resample(r, f->nb_samples);
    if (rc) return rc;
    if (r->meter) rc = loudness_meter_add(r->meter, f, r->mixed);
    if (rc)
        return nd_diag_set(r->diag, rc, "measuring the loudness of %s: %s", r->m->name,
                           nd_error_text(rc));
    return r->n_most && r->n_gone + (int64_t)r->n_out > r->n_skip + r->n_most;
}

/* ---- the whole --------------------------------------------------------------------- */

/* Cut to what was wanted, and hand the values over. */
static int finish(nd_samples **out, sample_reading *r)
{
    int64_t first = r->n_skip - r->n_gone, n = ND_MAX((int64_t)r->n_out - first, 0);
    bool is_cut = r->n_most && n > r->n_most;
    if (is_cut) n = r->n_most;
    if (n == 0)
        return nd_diag_set(r->diag, ND_EEMPTY, "reading %s: no sound could be decoded", r->m->name);
    nd_samples *s = nd_calloc(1, sizeof *s);
    if (!s) return nd_diag_set(r->diag, ND_ENOMEM, "reading %s: out of memory", r->m->name);
    int channels = r->n_channels;
    for (int64_t i = 0; i < n * channels; i++)
        r->out[i] = finite_or_zero(r->out[i + first * channels]);
    *s = (nd_samples){.data = r->out,
                      .n = n,
                      .rate_hz = r->params->rate_hz,
                      .n_channels = channels,
                      .is_cut = is_cut};
    r->out = NULL;
    int rc = r->meter ? loudness_meter_finish(r->meter, s, (double)r->n_skip / s->rate_hz,
                                              (double)n / s->rate_hz)
                      : 0;
    if (!rc) *out = s;
    else nd_samples_destroy(&s);
    return rc ? nd_diag_set(r->diag, rc, "reading %s: out of memory", r->m->name) : 0;
}

int nd_media_read_samples(nd_samples **out, nd_media *m, const nd_sample_params *params,
                          nd_diag *diag)
{
    if (!out || !m || !params || params->rate_hz < MIN_RATE_HZ || params->rate_hz > MAX_RATE_HZ ||
        !(params->start_s >= 0) || !(params->length_s >= 0) || params->n_channels < 0 ||
        params->n_channels > 2 || (params->n_channels == 2 && params->loudness))
        return nd_diag_set(diag, ND_EARG,
                           "reading samples: a rate of 1000 Hz or more, start >= 0, length >= 0 "
                           "and 1 or 2 channels (loudness: 1) expected");
    if (m->audio < 0) return nd_diag_set(diag, ND_EEMPTY, "reading %s: no sound in it", m->name);
    sample_reading r = {.m = m, .params = params, .diag = diag};
    r.n_channels = ND_MAX(1, params->n_channels);
    r.n_skip = llrint(ND_MIN(params->start_s, 1e9) * params->rate_hz);
    r.n_most = llrint(ND_MIN(params->length_s, 1e9) * params->rate_hz);
    int64_t n_frames = 0;
    int rc = 0;
    if (params->loudness && loudness_meter_create(&r.meter))
        rc = nd_diag_set(diag, ND_ENOMEM, "reading %s: out of memory", m->name);
    /* Decoded from the start even for a later start_s: not every container can seek to
     * the sample, and sound decodes hundreds of times as fast as it plays. */
    if (!rc) rc = nd__media_decode(m, m->audio, 0, take_frame, &r, &n_frames, diag);
    if (!rc && r.resampler) rc = resample(&r, 0);
    if (!rc) rc = finish(out, &r);
    loudness_meter_destroy(&r.meter);
    swr_free(&r.resampler);
    free(r.mixed);
    free(r.out);
    return rc;
}

void nd_samples_destroy(nd_samples **s)
{
    if (!s || !*s) return;
    free((*s)->data);
    free((*s)->momentary_lufs);
    free(*s);
    *s = NULL;
}
