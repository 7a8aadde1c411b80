/* Pictures at wanted rates and sizes, several series from one pass of decoding.
 *
 * A frame is on show from its time stamp to the next one's. When the next frame
 * arrives, each fixed-rate series gets the frame on show at every k / rate in
 * between; so gaps repeat a frame and a faster stream is thinned out.
 */
#include <math.h>
#include <string.h>

#include "decode/internal.h"
#include "decode/scaler.h"

enum { MAX_SERIES = 8, MAX_HOLD_S = 3600 };

typedef struct {
    nd_frame_spec spec;
    nd_scaler *scaler;
    int64_t n_emitted;
} frame_series;

typedef struct {
    nd_media *m;
    const nd_frame_params *params;
    nd_frame_sink *sink;
    void *user;
    nd_diag *diag;
    frame_series series[MAX_SERIES];
    AVFrame *shown; /* the frame on show; unset before the first */
    double shown_s; /* since when, from start_s on; < 0 before it */
    double frame_s; /* how long a frame lasts where nothing says */
    double zero_s;  /* the stream's time that is start_s */
    double shift_s; /* what breaks in its clock have added */
    int turns;
    bool may_be_late; /* a seek may have gone too far */
    bool is_late;     /* it has */
    bool is_cut;
} frame_reading;

/* Hand frame f to one series as its next picture. */
static int emit(frame_reading *r, int index, double time_s)
{
    frame_series *s = &r->series[index];
    nd_frame out = {.series = index, .index = s->n_emitted, .time_s = time_s};
    AVStream *stream = r->m->format->streams[r->m->video];
    AVRational aspect = av_guess_sample_aspect_ratio(r->m->format, stream, r->shown);
    int rc = nd_scaler_run(s->scaler, &out, r->shown, aspect, r->turns);
    if (rc) return nd_diag_set(r->diag, rc, "reading %s: a frame cannot be scaled", r->m->name);
    s->n_emitted++;
    return r->sink(r->user, &out);
}

/* The frame on show goes off at until_s: give each series what is due. */
static int show_until(frame_reading *r, double until_s)
{
    if (!r->shown->buf[0] || until_s <= 0) return 0;
    int rc = 0;
    for (int i = 0; i < r->params->n_specs && !rc; i++) {
        frame_series *s = &r->series[i];
        nd_scaler_forget(s->scaler); /* a new frame: nothing scaled yet */
        double rate_hz = s->spec.rate_hz;
        if (rate_hz <= 0) rc = emit(r, i, ND_MAX(r->shown_s, 0));
        /* A hundredth of a step of grace for rounded time stamps. */
        while (rate_hz > 0 && !rc && (double)s->n_emitted / rate_hz < until_s - 0.01 / rate_hz)
            rc = emit(r, i, (double)s->n_emitted / rate_hz);
    }
    return rc;
}

/* Presentation time from start_s on. Stamps are made to rise: without one, a frame comes
 * one frame's length after the last; a repeated or slightly late one falls in between;
 * a jump is taken as a break in the clock, after which time goes on as if without it. */
static double time_of(frame_reading *r, const AVFrame *f)
{
    const AVStream *s = r->m->format->streams[r->m->video];
    bool is_first = !r->shown->buf[0];
    double last_s = is_first ? -r->params->start_s : r->shown_s;
    double next_s = is_first ? last_s : last_s + r->frame_s;
    if (f->best_effort_timestamp == AV_NOPTS_VALUE) return next_s;
    double t = (double)f->best_effort_timestamp * av_q2d(s->time_base) - r->zero_s + r->shift_s;
    double most_s = r->m->format->iformat->flags & AVFMT_TS_DISCONT ? 10 : MAX_HOLD_S;
    if (is_first) most_s += r->params->start_s;
    if (t - last_s > most_s || last_s - t > 1) {
        r->shift_s += next_s - t;
        return next_s;
    }
    return is_first || t > last_s ? t : last_s + r->frame_s / 2;
}

static int take_frame(void *user, AVFrame *f)
{
    frame_reading *r = user;
    if (f->width > ND_MAX_SIDE_PX || f->height > ND_MAX_SIDE_PX || f->width < 1 || f->height < 1)
        return 0;
    double t = time_of(r, f), length_s = r->params->length_s;
    r->is_late = r->may_be_late && !r->shown->buf[0] && t > 1e-6;
    if (r->is_late) return 1;
    if (length_s > 0 && t >= length_s - 1e-6 && r->shown->buf[0]) {
        r->is_cut = true;
        return 1;
    }
    int rc = show_until(r, t);
    if (rc) return rc;
    av_frame_unref(r->shown);
    if (av_frame_ref(r->shown, f) < 0) return ND_ENOMEM;
    r->shown_s = t;
    return 0;
}

/* Decode from the key frame before start_s; from the beginning where that cannot be
 * found, as in streams without an index. */
static int read_all(frame_reading *r, int64_t *n_frames)
{
    r->may_be_late = r->params->start_s > 0;
    int rc = nd__media_decode(r->m, r->m->video, r->params->start_s, take_frame, r, n_frames,
                              r->diag);
    if (rc || (!r->is_late && (*n_frames > 0 || !r->may_be_late))) return rc;
    r->may_be_late = r->is_late = false;
    r->shift_s = 0;
    return nd__media_decode(r->m, r->m->video, 0, take_frame, r, n_frames, r->diag);
}

/* The last frame lasts as long as it says, or as the others did; not past the end. */
static int show_last(frame_reading *r, double *length_out)
{
    const AVStream *s = r->m->format->streams[r->m->video];
    if (!r->shown->buf[0]) return 0;
    double lasts_s = (double)r->shown->pkt_duration * av_q2d(s->time_base);
    if (!(lasts_s > 0) || lasts_s > 10) lasts_s = r->frame_s;
    double end_s = r->shown_s + lasts_s;
    if (end_s <= 1e-6)
        return nd_diag_set(r->diag, ND_EEMPTY, "reading %s: the pictures end before %.3f s",
                           r->m->name, r->params->start_s);
    if (r->params->length_s > 0 && (r->is_cut || end_s > r->params->length_s))
        end_s = r->params->length_s;
    *length_out = end_s;
    return show_until(r, end_s);
}

static int check_params(const nd_media *m, const nd_frame_params *p, nd_diag *diag)
{
    if (!m || !p || p->n_specs < 1 || p->n_specs > MAX_SERIES || !(p->start_s >= 0) ||
        !(p->length_s >= 0))
        return nd_diag_set(diag, ND_EARG,
                           "reading frames: 1 to %d series, start >= 0 and "
                           "length >= 0 expected",
                           MAX_SERIES);
    for (int i = 0; i < p->n_specs; i++) {
        const nd_frame_spec *s = &p->specs[i];
        bool is_exact = s->width > 0 && s->height > 0 && s->long_side_px == 0;
        bool is_fitted = s->width == 0 && s->height == 0 && s->long_side_px > 0;
        int most = ND_MAX(ND_MAX(s->width, s->height), s->long_side_px);
        if ((!is_exact && !is_fitted) || most > 4096 || !(s->rate_hz >= 0 && s->rate_hz <= 1000) ||
            (s->pixels != ND_LUMA && s->pixels != ND_RGB))
            return nd_diag_set(diag, ND_EARG,
                               "reading frames: series %d asks for no valid size, "
                               "rate or pixels",
                               i);
    }
    if (m->video < 0)
        return nd_diag_set(diag, ND_EEMPTY, "reading %s: no moving picture in it", m->name);
    return 0;
}

static int reading_start(frame_reading *r)
{
    AVStream *s = r->m->format->streams[r->m->video];
    double fps = r->m->info.fps;
    r->frame_s = fps > 0.01 && fps < 1000 ? 1 / fps : 0.04;
    r->zero_s = nd__stream_zero_s(r->m, r->m->video) + r->params->start_s;
    r->turns = nd__stream_turns(s);
    r->shown = av_frame_alloc();
    if (!r->shown) return ND_ENOMEM;
    for (int i = 0; i < r->params->n_specs; i++) {
        r->series[i].spec = r->params->specs[i];
        if (nd_scaler_create(&r->series[i].scaler, &r->params->specs[i])) return ND_ENOMEM;
    }
    return 0;
}

static void reading_stop(frame_reading *r)
{
    for (int i = 0; i < MAX_SERIES; i++) nd_scaler_destroy(&r->series[i].scaler);
    av_frame_free(&r->shown);
}

int nd_media_read_frames(nd_media *m, const nd_frame_params *params, nd_frame_sink *sink,
                         void *user, double *length_out, bool *is_cut_out, nd_diag *diag)
{
    int rc = check_params(m, params, diag);
    if (rc) return rc;
    frame_reading r = {.m = m, .params = params, .sink = sink, .user = user, .diag = diag};
    int64_t n_frames = 0;
    double length_s = 0;
    rc = reading_start(&r);
    if (!rc) rc = read_all(&r, &n_frames);
    if (!rc) rc = show_last(&r, &length_s);
    reading_stop(&r);
    if (rc == ND_ENOMEM) return nd_diag_set(diag, rc, "reading %s: out of memory", m->name);
    if (rc) return rc;
    if (n_frames == 0)
        return nd_diag_set(diag, ND_EEMPTY, "reading %s: no frame could be decoded", m->name);
    if (length_out) *length_out = length_s;
    if (is_cut_out) *is_cut_out = r.is_cut;
    return 0;
}
