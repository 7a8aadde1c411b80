/* A video of a report: what was seen of it, the list of its tracks, and each of them. */
#include <math.h>
#include <string.h>

#include "render/report.h"

enum { FRAMES = 520, MOTION = 700, GAP = 60, TOP = 40, FRAME_PX = 96 };

/* ---- what was seen ----------------------------------------------------------------- */

void nd__report_cuts(nd_str *out, const nd_panel *p, const nd_description *video)
{
    enum { MAX = 2048 };
    double hard[MAX], fades[MAX];
    int64_t n, n_kinds, n_hard = 0, n_fades = 0;
    const float *cuts = nd_description_f32(video, "cuts_s", &n);
    const int32_t *kind = nd_description_i32(video, "cut_kind", &n_kinds);
    for (int64_t k = 0; k < ND_MIN(n, (int64_t)MAX); k++) {
        if (k < n_kinds && kind[k] == 1) fades[n_fades++] = (double)cuts[k];
        else hard[n_hard++] = (double)cuts[k];
    }
    nd__svg_lines(out, p, hard, n_hard, "cut");
    nd__svg_lines(out, p, fades, n_fades, "fade");
}

bool nd__report_motion(nd_str *out, nd_panel p, const nd_description *video)
{
    nd_series motion = nd_picture_motion(&(nd_picture){.d = video});
    float lo, hi = 0;
    if (!motion.n) return false;
    nd_series_range(&motion, 0, p.t1_s, &lo, &hi);
    if (!nd_picture_motion_top(&p.hi, &motion, (double)hi)) p.hi = ND_MAX((double)hi, 0.5);
    nd__svg_ground(out, &p);
    nd__svg_name(out, &p, "motion");
    nd__svg_curve(out, &p, &motion, NULL, "motion");
    return true;
}

/* Pictures side by side in one image, each the one on show in the middle of its stretch of time. */
typedef struct {
    const nd_array *a; /* NULL: there are none */
    int n, height_px;
    double length_s;
} strip;

/* As many as fill the width. */
static strip strip_of(const nd_description *video)
{
    strip s = {.a = nd_picture_thumbnails(&(nd_picture){.d = video}),
               .length_s = nd__length_of(video)};
    if (!s.a) return s;
    double width = nd__svg_panel(0, FRAMES, 1).width;
    double shape = (double)s.a->dims[2] / (double)s.a->dims[1];
    s.n = (int)ND_CLAMP(round(width / (FRAMES * shape)), 1.0, 40.0);
    s.height_px = (int)ND_CLAMP(round(s.n * FRAME_PX * FRAMES / width), 8.0, 256.0);
    return s;
}

static void draw_frames(nd_str *out, const nd_panel *p, const strip *s, int number)
{
    nd_canvas c;
    int rc = nd_canvas_init(&c, s->n * FRAME_PX, s->height_px);
    for (int k = 0; k < s->n; k++) {
        double time_s = (k + 0.5) / s->n * s->length_s;
        int64_t index = (int64_t)ND_MIN(time_s, (double)(s->a->dims[0] - 1));
        nd_picture_frame(&c, s->a, index, k * FRAME_PX, 0, FRAME_PX, s->height_px);
    }
    nd_str_append(
        out,
        "<svg x=\"%ld\" y=\"%ld\" width=\"%ld\" height=\"%ld\" viewBox=\"0 0 %d %d\" "
        "preserveAspectRatio=\"none\"><image id=\"v%df\" width=\"%d\" height=\"%d\" href=\"",
        lround(p->x), lround(p->y), lround(p->width), lround(p->height), s->n * FRAME_PX,
        s->height_px, number, s->n * FRAME_PX, s->height_px);
    nd__html_png_take(out, &c, rc);
    nd_str_append(out, "\"/></svg>");
}

void nd__report_frame(nd_str *out, const nd__report_place *place, double time_s,
                      const nd_panel *where)
{
    strip s = strip_of(place->ranking->query);
    int k = (int)ND_CLAMP(time_s / s.length_s * s.n, 0.0, s.n - 1.0);
    if (!s.a) return;
    nd_str_append(out,
                  "<svg x=\"%ld\" y=\"%ld\" width=\"%ld\" height=\"%ld\" viewBox=\"%d 0 %d %d\" "
                  "preserveAspectRatio=\"xMidYMid slice\"><use href=\"#v%df\"/></svg>",
                  lround(where->x), lround(where->y), lround(where->width), lround(where->height),
                  k * FRAME_PX, (int)FRAME_PX, s.height_px, place->number);
}

/* Pictures over motion, cuts through both. */
static void draw(nd_str *out, const nd__report_place *place, const char *facts)
{
    const nd_description *video = place->ranking->query;
    strip frames = strip_of(video);
    int above = frames.a ? FRAMES + GAP : 0;
    nd_panel pictures = nd__svg_panel(TOP, FRAMES, nd__length_of(video)), motion = pictures;
    motion.y += above;
    motion.height = MOTION;
    nd_str_append(out, "<figure>");
    nd__svg_label(out, TOP + above + MOTION + ND__SVG_AXIS);
    nd_str_append(out, "Pictures, motion and cuts of the video over its time: ");
    nd__html_text(out, facts);
    nd__svg_begin(out);
    if (frames.a) draw_frames(out, &pictures, &frames, place->number);
    if (!nd__report_motion(out, motion, video)) nd__svg_ground(out, &motion);
    nd__report_cuts(out, &motion, video);
    nd__svg_time_axis(out, &motion);
    nd__svg_end(out);
    nd_str_append(out,
                  "<figcaption class=\"key\">Pictures and motion over the time of the video; cuts "
                  "are lines, fades dashed ones.</figcaption></figure>\n");
}

static void put_seen(nd_str *out, const nd__report_place *place)
{
    const nd_ranking *r = place->ranking;
    nd_str facts = {0};
    if (!r->query) return;
    nd_video_facts(&facts, &(nd_picture){.d = r->query, .length_s = nd__length_of(r->query)});
    nd_str_append(out, "<p>");
    nd__html_text(out, facts.text ? facts.text : "");
    nd_str_append(out, "</p>\n");
    draw(out, place, facts.text ? facts.text : "");
    nd_str_deinit(&facts);
}

/* ---- how it was ranked ------------------------------------------------------------- */

static double weight_of(const nd_hit *h, const char *part)
{
    for (int i = 0; i < h->n_parts; i++)
        if (!strcmp(h->parts[i].name, part)) return h->parts[i].weight;
    return NAN;
}

/* Why there are no maps, or why they count for nothing. */
static void put_doubts(nd_str *out, const nd_ranking *r)
{
    const nd_hit *h = r->hits;
    if (!r->n_hits) return;
    if (!r->model || !r->model[0])
        nd_str_append(out, " Which clips met is not known: no model ranked here, only what can be "
                           "measured. <code>needledrop index LIBRARY --model FILE</code> embeds a "
                           "library with one.");
    else if (!h->n_query_clips)
        nd_str_append(out, " This model compares a video and a track as wholes: there is no map of "
                           "clips.");
    else if (weight_of(h, "match") < 0.5 * weight_of(h, "rhythm"))
        nd_str_append(out,
                      " The model found hardly a pair that belongs together, so it stands back, "
                      "and what can be measured decides.");
}

static void put_wishes(nd_str *out, const nd_ranking *r)
{
    if (!r->n_wishes) return;
    nd_str_append(out, " Asked for beside it:");
    for (int i = 0; i < r->n_wishes; i++) {
        nd_str_append(out, " <span class=\"tag\">");
        nd__html_text(out, r->wishes[i]);
        nd_str_append(out, "</span>");
    }
    nd_str_append(out, ".");
    if (!r->unknown || !r->unknown[0]) return;
    nd_str_append(out, " Known by their letters alone: ");
    nd__html_name(out, r->unknown);
    nd_str_append(out, ".");
}

static void put_how(nd_str *out, const nd_ranking *r)
{
    nd_str_append(out, "<p>%lld track%s looked through", (long long)r->n_passed,
                  r->n_passed == 1 ? "" : "s");
    if (!r->n_passed) nd_str_append(out, ": none passes the filter, or the library is empty");
    if (r->model && r->model[0]) {
        nd_str_append(out, " with the model ");
        nd__html_name(out, r->model);
    }
    nd_str_append(out, ".");
    nd__html_tags(out, " It sees", r->seen);
    if (r->seen[0]) nd_str_append(out, ".");
    put_wishes(out, r);
    put_doubts(out, r);
    nd_str_append(out, "</p>\n");
}

/* ---- the list of tracks ------------------------------------------------------------ */

static void put_row(nd_str *out, const nd__report_place *place, const nd_hit *h)
{
    char start[32];
    nd_str_append(out, "<tr><td>%d</td><td><a href=\"#v%dt%d\">", h->rank, place->number, h->rank);
    nd__html_name(out, nd__hit_name(h));
    nd_str_append(out, "</a>");
    nd__html_by(out, h);
    nd_str_append(out, "</td><td class=\"score\">");
    nd__html_bar(out, h->score);
    nd_str_append(out, " %.3f</td><td>%s</td>", h->score, nd__html_time(start, h->start_s));
    if (h->tempo_bpm > 0) nd_str_append(out, "<td>%.0f</td><td>", h->tempo_bpm);
    else nd_str_append(out, "<td>no beat</td><td>");
    nd__html_text(out, h->key);
    nd_str_append(out, "</td></tr>\n");
}

static void put_list(nd_str *out, const nd__report_place *place)
{
    const nd_ranking *r = place->ranking;
    if (!r->n_hits) return;
    nd_str_append(out,
                  "<table class=\"list\"><caption>Tracks that fit, the best first</caption><thead>"
                  "<tr><th scope=\"col\">rank</th><th scope=\"col\">track</th>"
                  "<th scope=\"col\">score</th><th scope=\"col\">start at</th>"
                  "<th scope=\"col\">bpm</th><th scope=\"col\">key</th></tr></thead><tbody>\n");
    for (int i = 0; i < r->n_hits; i++) put_row(out, place, &r->hits[i]);
    nd_str_append(out, "</tbody></table>\n");
}

void nd__report_video(nd_str *out, const nd__report_place *place)
{
    const nd_ranking *r = place->ranking;
    nd_str_append(out, "<section id=\"v%d\" aria-labelledby=\"v%dh\">\n<h2 id=\"v%dh\">",
                  place->number, place->number, place->number);
    if (place->is_alone) nd_str_append(out, "What is seen");
    else nd__html_name(out, nd_path_name(r->path));
    nd_str_append(out, "</h2>\n<p class=\"file\">");
    nd__html_name(out, r->path);
    nd_str_append(out, "</p>\n");
    put_seen(out, place);
    put_how(out, r);
    put_list(out, place);
    for (int i = 0; i < r->n_hits; i++) nd__report_hit(out, place, &r->hits[i]);
    nd_str_append(out, "</section>\n");
}
