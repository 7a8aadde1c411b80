/* How motion met beats: the video's motion and cuts over the beats and the loudness of the stretch
 * of the track that lies under it. */
#include <math.h>
#include <string.h>

#include "rank/rank.h"
#include "render/report.h"

enum { MOTION = 620, BEATS = 260, LOUDNESS = 400, GAP = 60, TOP = 110 };
enum { MAX_BEATS = 4096, MAX_ROWS = 200, DOT_GAP = 60, MOST_LOOKED_AT = 1 << 20 };

typedef struct {
    nd__under under;
    const float *cuts_s, *beats_s;
    const int32_t *cut_kind, *beat_position; /* NULL: not known */
    int64_t n_cuts, n_beats;
    bool any_hard; /* then fades are not counted */
} meeting;

static bool is_fade(const meeting *m, int64_t k)
{
    return m->cut_kind && m->cut_kind[k] == 1;
}

static bool is_inside(const meeting *m, int64_t k)
{
    return m->cuts_s[k] > 0 && (double)m->cuts_s[k] < m->under.video_s;
}

/* A column beside a vector of n values; NULL: absent, or of another length. */
static const int32_t *beside(const nd_description *d, const char *name, int64_t n)
{
    int64_t n_found;
    const int32_t *x = nd_description_i32(d, name, &n_found);
    return n_found == n ? x : NULL;
}

static meeting meeting_of(const nd_description *video, const nd_description *track, double start_s)
{
    meeting m = {.under = {start_s, nd__length_of(track), nd__length_of(video)}};
    m.cuts_s = nd_description_f32(video, "cuts_s", &m.n_cuts);
    m.beats_s = nd_description_f32(track, "beats_s", &m.n_beats);
    m.cut_kind = beside(video, "cut_kind", m.n_cuts);
    m.beat_position = beside(track, "beat_position", m.n_beats);
    for (int64_t k = 0; k < m.n_cuts; k++) m.any_hard |= is_inside(&m, k) && !is_fade(&m, k);
    return m;
}

/* ---- cuts and the beats nearest to them -------------------------------------------- */

typedef struct {
    double track_s; /* where in the track the cut falls */
    int64_t beat;   /* -1: there is none */
    double off_s;   /* beat minus cut */
    bool is_met, is_downbeat;
} cut_meeting;

static cut_meeting meet(const meeting *m, int64_t k)
{
    cut_meeting c = {nd__under_time(&m->under, (double)m->cuts_s[k]), -1, INFINITY, false, false};
    int64_t after = nd_first_beat(m->beats_s, m->n_beats, c.track_s);
    for (int64_t i = ND_MAX(after - 1, 0); i <= after && i < m->n_beats; i++) {
        double off_s = (double)m->beats_s[i] - c.track_s;
        if (!(fabs(off_s) < fabs(c.off_s))) continue;
        c.off_s = off_s;
        c.beat = i;
    }
    c.is_met = fabs(c.off_s) <= ND_ON_BEAT_S;
    c.is_downbeat = c.is_met && m->beat_position && m->beat_position[c.beat] == 1;
    return c;
}

/* "14 of 14 cuts fall on a beat (within 0.05 s), 5 of them on a downbeat." */
static void tell(nd_str *out, const meeting *m)
{
    int n = 0, n_met = 0, n_downbeats = 0;
    for (int64_t k = 0; k < m->n_cuts; k++) {
        if (!is_inside(m, k) || (m->any_hard && is_fade(m, k))) continue;
        cut_meeting c = meet(m, k);
        n++;
        n_met += c.is_met;
        n_downbeats += c.is_downbeat;
    }
    const char *kind = m->any_hard ? "cut" : "fade";
    if (!n) nd_str_append(out, "The video has no cuts.");
    else if (!m->n_beats) nd_str_append(out, "No beat was heard in the track.");
    else {
        nd_str_append(out, "%d of %d %s%s on a beat (within %.0f ms)", n_met, n, kind,
                      n == 1 ? " falls" : "s fall", 1e3 * ND_ON_BEAT_S);
        if (n_downbeats) nd_str_append(out, ", %d of them on a downbeat", n_downbeats);
        nd_str_append(out, ".");
    }
}

/* ---- the drawing ------------------------------------------------------------------- */

/* Beats under the video, in its time, as often as the track starts anew. @return how many */
static int64_t beats_under(double out[MAX_BEATS], const meeting *m, bool downbeats)
{
    const nd__under *u = &m->under;
    int64_t n = 0, n_passes = u->track_s < u->video_s ? (int64_t)(u->video_s / u->track_s) + 2 : 1;
    int64_t n_all = ND_MIN(n_passes * m->n_beats, (int64_t)MOST_LOOKED_AT);
    for (int64_t i = 0; i < n_all && n < MAX_BEATS; i++) {
        int64_t k = i % m->n_beats;
        bool is_downbeat = m->beat_position && m->beat_position[k] == 1;
        double t = (double)m->beats_s[k] + (double)(i / m->n_beats) * u->track_s - u->start_s;
        if (is_downbeat == downbeats && t >= 0 && t <= u->video_s) out[n++] = t;
    }
    return n;
}

static void draw_beats(nd_str *out, nd_panel p, const meeting *m)
{
    double times_s[MAX_BEATS];
    nd__svg_lines(out, &p, times_s, beats_under(times_s, m, true), "downbeat");
    p.y += 0.25 * p.height;
    p.height *= 0.5;
    nd__svg_lines(out, &p, times_s, beats_under(times_s, m, false), "beat");
}

/* A disc where a cut meets a beat, a ring where it does not. */
static void draw_dots(nd_str *out, const nd_panel *p, const meeting *m)
{
    long last = -DOT_GAP, y = lround(p->y + p->height / 2);
    for (int64_t k = 0; k < m->n_cuts; k++) {
        if (!is_inside(m, k)) continue;
        long x = lround(nd_panel_x(p, (double)m->cuts_s[k]));
        if (labs(x - last) < DOT_GAP) continue;
        nd_str_append(out, "<circle class=\"%s\" cx=\"%ld\" cy=\"%ld\" r=\"48\"/>",
                      meet(m, k).is_met ? "met" : "missed", x, y);
        last = x;
    }
}

static void draw(nd_str *out, const nd_ranking *r, const nd_hit *h, const meeting *m)
{
    int height = TOP + MOTION + GAP + BEATS + ND__SVG_AXIS;
    bool has_loudness = nd__has_loudness(h->track);
    if (has_loudness) height += GAP + LOUDNESS;
    nd_panel motion = nd__svg_panel(TOP, MOTION, m->under.video_s), beats = motion;
    beats.y += MOTION + GAP;
    beats.height = BEATS;
    nd_panel below = beats;
    nd__svg_label(out, height);
    nd_str_append(out, "Motion and cuts of the video over the beats of the track. ");
    tell(out, m);
    nd__svg_begin(out);
    nd__report_motion(out, motion, r->query);
    nd__svg_ground(out, &beats);
    nd__svg_name(out, &beats, "beats");
    draw_beats(out, beats, m);
    if (has_loudness) {
        below.y += BEATS + GAP;
        below.height = LOUDNESS;
        nd__svg_ground(out, &below);
        nd__svg_name(out, &below, "loudness");
        nd__svg_loudness(out, &below, h->track, &m->under);
    }
    nd_panel through = motion;
    through.height = below.y + below.height - motion.y;
    nd__report_cuts(out, &through, r->query);
    if (m->n_beats) draw_dots(out, &beats, m);
    nd__svg_time_axis(out, &below);
    nd__svg_end(out);
}

/* ---- numbers ----------------------------------------------------------------------- */

static void put_row(nd_str *out, const meeting *m, int64_t k)
{
    char cut[32], under[32];
    cut_meeting c = meet(m, k);
    nd_str_append(out, "<tr><td>%s%s</td><td>%s</td>", nd__html_time(cut, (double)m->cuts_s[k]),
                  is_fade(m, k) ? " (fade)" : "", nd__html_time(under, c.track_s));
    if (c.beat < 0) nd_str_append(out, "<td>none</td><td></td></tr>");
    else
        nd_str_append(out, "<td>%+.0f ms</td><td>%s</td></tr>", 1e3 * c.off_s,
                      c.is_downbeat ? "on a downbeat"
                      : c.is_met    ? "on a beat"
                                    : "");
}

static void put_numbers(nd_str *out, const meeting *m)
{
    int n = 0;
    if (!m->n_cuts || !m->n_beats) return;
    nd_str_append(out,
                  "<details><summary>Each cut in numbers</summary><table class=\"numbers\">"
                  "<thead><tr><th scope=\"col\">cut of the video</th><th scope=\"col\">in the "
                  "track</th><th scope=\"col\">nearest beat</th><th scope=\"col\">met</th></tr>"
                  "</thead><tbody>");
    for (int64_t k = 0; k < m->n_cuts; k++)
        if (is_inside(m, k) && n++ < MAX_ROWS) put_row(out, m, k);
    nd_str_append(out, "</tbody></table>");
    if (n > MAX_ROWS) nd_str_append(out, "<p>The first %d of %d.</p>", (int)MAX_ROWS, n);
    nd_str_append(out, "</details>");
}

void nd__report_beats(nd_str *out, const nd_ranking *r, const nd_hit *h)
{
    if (!r->query || !h->track || !nd_description_find(h->track, "beats_s")) return;
    meeting m = meeting_of(r->query, h->track, h->start_s);
    nd_str_append(out, "<figure><figcaption><strong>How motion met beats.</strong> ");
    tell(out, &m);
    nd_str_append(out,
                  " <span class=\"key\">Time of the video; long lines are downbeats%s.</span>"
                  "</figcaption>",
                  m.n_cuts && m.n_beats
                      ? ", a cut is a disc where it meets a beat, a ring where it does not"
                      : "");
    draw(out, r, h, &m);
    put_numbers(out, &m);
    nd_str_append(out, "</figure>\n");
}
