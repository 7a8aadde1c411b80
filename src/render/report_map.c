/* Where in the track: its loudness with the stretch to use, and, where a model looked at clips, the
 * map of which clips met, over one axis of the track's time. */
#include <math.h>
#include <string.h>

#include "render/match_cells.h"
#include "render/report.h"

enum { TOP = 60, LOUDNESS = 480, GAP = 60, ROW = 260, MIN_MAP = 420, MAX_MAP = 3000, LEGEND = 420 };
enum {
    MAX_ACROSS = 400,
    MAX_DOWN = 240,
    MIN_CELL = 80,
    MIN_LABEL = 200,
    FRAME = 440,
    MAX_ROWS = 200,
    SHADES = 12
};

typedef struct {
    nd_match_picture match;
    nd_match_scale scale;
    nd_panel track, map;
    bool has_map, has_loudness, has_frames;
    int height;
} map_drawing;

static map_drawing set_up(const nd_ranking *r, const nd_hit *h)
{
    map_drawing d = {.match = {.cosines = h->cosines,
                               .n_query_clips = h->n_query_clips,
                               .n_track_clips = h->n_track_clips,
                               .offset = h->offset},
                     .has_map = h->cosines && h->n_query_clips > 0 && h->n_track_clips > 0 &&
                                h->offset >= 0 && h->offset < h->n_track_clips,
                     .has_loudness = nd__has_loudness(h->track)};
    double length_s = h->track ? nd_description_analysed_s(h->track) : h->duration_s;
    if (d.has_map) length_s = h->n_track_clips * ND_CLIP_S;
    d.has_frames = d.has_map && r->query && nd_picture_thumbnails(&(nd_picture){.d = r->query});
    d.track = nd__svg_panel(TOP, d.has_loudness ? LOUDNESS : LOUDNESS / 3, length_s);
    if (d.has_frames) d.track.x += FRAME;
    if (d.has_frames) d.track.width -= FRAME;
    d.map = d.track;
    d.height = (int)(d.track.y + d.track.height) + ND__SVG_AXIS;
    if (!d.has_map) return d;
    d.scale = nd_match_scale_of(&d.match);
    d.map.y += d.track.height + GAP;
    d.map.height = ND_CLAMP((double)ROW * h->n_query_clips, MIN_MAP, MAX_MAP);
    d.height += GAP + (int)d.map.height + LEGEND;
    return d;
}

/* ---- the track --------------------------------------------------------------------- */

static void shade(nd_str *out, const nd_panel *p, double from_s, double to_s)
{
    long x0 = lround(nd_panel_x(p, from_s)), x1 = lround(nd_panel_x(p, to_s));
    nd_str_append(out, "<rect class=\"window\" x=\"%ld\" y=\"%ld\" width=\"%ld\" height=\"%ld\"/>",
                  x0, lround(p->y), ND_MAX(x1 - x0, 20L), lround(p->height));
}

static void draw_track(nd_str *out, const map_drawing *d, const nd_hit *h)
{
    nd__svg_ground(out, &d->track);
    nd__svg_name(out, &d->track, d->has_loudness ? "loudness" : "track");
    nd__svg_loudness(out, &d->track, h->track, NULL);
    shade(out, &d->track, h->window_s[0], h->window_s[1]);
    nd_panel start = d->track;
    start.y -= 50;
    start.height += 50;
    nd__svg_lines(out, &start, &h->start_s, 1, "start");
}

/* ---- the map ----------------------------------------------------------------------- */

static void draw_cells(nd_str *out, const map_drawing *d)
{
    nd_canvas c;
    int width = ND_MIN(d->match.n_track_clips, MAX_ACROSS);
    int height = ND_MIN(d->match.n_query_clips, MAX_DOWN);
    int rc = nd_canvas_init(&c, width, height);
    cairo_surface_t *cells = nd_match_cells(&d->match, d->scale, width, height);
    cairo_set_source_surface(c.cr, cells, 0, 0);
    cairo_paint(c.cr);
    cairo_surface_destroy(cells);
    nd_str_append(out,
                  "<image class=\"cells\" x=\"%ld\" y=\"%ld\" width=\"%ld\" height=\"%ld\" "
                  "preserveAspectRatio=\"none\" href=\"",
                  lround(d->map.x), lround(d->map.y), lround(d->map.width), lround(d->map.height));
    nd__html_png_take(out, &c, rc);
    nd_str_append(out, "\"/>");
}

/* A box around each cell of the diagonal; where cells are small, one line through them all. */
static void trace_place(nd_str *out, const map_drawing *d)
{
    const nd_match_picture *m = &d->match;
    double w = d->map.width / m->n_track_clips, h = d->map.height / m->n_query_clips;
    bool is_small = w < MIN_CELL || h < MIN_CELL;
    for (int row = 0, column, n; row < m->n_query_clips; row += n) {
        n = nd_match_run(m, row, &column);
        double x = d->map.x + column * w, y = d->map.y + row * h;
        if (is_small)
            nd_str_append(out, "M%ld %ldL%ld %ld", lround(x), lround(y), lround(x + n * w),
                          lround(y + n * h));
        for (int k = 0; k < n && !is_small; k++)
            nd_str_append(out, "M%ld %ldh%ldv%ldh%ldz", lround(x + k * w), lround(y + k * h),
                          lround(w), lround(h), -lround(w));
    }
}

static void draw_place(nd_str *out, const map_drawing *d)
{
    static const char *const kinds[] = {"halo", "place"};
    for (size_t k = 0; k < ND_COUNT(kinds); k++) {
        nd_str_append(out, "<path class=\"%s\" d=\"", kinds[k]);
        trace_place(out, d);
        nd_str_append(out, "\"/>");
    }
}

/* A clip's time, and what was on show in its middle, before its row; where rows are low, before
 * every few. */
static void draw_rows(nd_str *out, const map_drawing *d, const nd__report_place *place)
{
    int n = d->match.n_query_clips;
    double height = d->map.height / n, x = d->map.x - (d->has_frames ? FRAME + 40 : 0);
    int every = (int)ceil(MIN_LABEL / height);
    for (int k = 0; k < n; k += every) {
        char text[32];
        double y = d->map.y + k * height;
        nd_str_append(out, "<text x=\"%ld\" y=\"%ld\" text-anchor=\"end\">%s</text>",
                      lround(x - 60), lround(y + ND_MIN(height, MIN_LABEL) / 2 + 45),
                      nd_time_print(text, k * ND_CLIP_S, false));
        if (d->has_frames)
            nd__report_frame(out, place, (k + 0.5) * ND_CLIP_S,
                             &(nd_panel){.x = x, .y = y, .width = FRAME, .height = height * every});
    }
}

/* The colours with the cosines at their ends and in the middle, and what the outline means. */
static void draw_legend(nd_str *out, const map_drawing *d)
{
    long x = lround(d->map.x) + 620, y = lround(d->map.y + d->map.height) + ND__SVG_AXIS + 60;
    nd_str_append(out, "<text x=\"%ld\" y=\"%ld\">cosine</text>", x - 620, y + 110);
    for (int k = 0; k < SHADES; k++) {
        nd_str_append(out,
                      "<rect class=\"cells\" x=\"%ld\" y=\"%ld\" width=\"161\" height=\"130\" "
                      "fill=\"#%06x\"/>",
                      x + 160 * k, y, nd_match_pixel(nd_match_shade((k + 0.5) / SHADES)));
    }
    for (int k = 0; k <= 2; k++) {
        char text[32];
        nd_match_cosine_print(text, d->scale.lo + k * (d->scale.hi - d->scale.lo) / 2);
        nd_str_append(out, "<text x=\"%ld\" y=\"%ld\" text-anchor=\"middle\">%s</text>",
                      x + 80 * SHADES * k, y + 270, text);
    }
    x += 160 * SHADES + 400;
    nd_str_append(out,
                  "<rect class=\"place\" x=\"%ld\" y=\"%ld\" width=\"200\" height=\"130\"/>"
                  "<text x=\"%ld\" y=\"%ld\">where the video lies best</text>",
                  x, y, x + 300, y + 110);
}

static void draw_map(nd_str *out, const map_drawing *d, const nd__report_place *place)
{
    draw_cells(out, d);
    draw_place(out, d);
    draw_rows(out, d, place);
    draw_legend(out, d);
}

/* ---- words and numbers ------------------------------------------------------------- */

/* The mean cosine along the place, and the closest two clips of all. */
static void tell(nd_str *out, const map_drawing *d)
{
    const nd_match_picture *m = &d->match;
    double sum = 0, best = -INFINITY;
    int64_t at = 0, n = 0, n_all = (int64_t)m->n_query_clips * m->n_track_clips;
    char cosine[32], in_video[32], in_track[32];
    for (int64_t i = 0; i < m->n_query_clips; i++) {
        double v = nd_match_cosine(m, i, (m->offset + i) % m->n_track_clips);
        if (!isfinite(v)) continue;
        sum += v;
        n++;
    }
    for (int64_t i = 0; i < n_all; i++) {
        if (!((double)m->cosines[i] > best)) continue;
        best = (double)m->cosines[i];
        at = i;
    }
    if (!n) return;
    nd_time_print(in_video, (double)(at / m->n_track_clips) * ND_CLIP_S, false);
    nd_time_print(in_track, (double)(at % m->n_track_clips) * ND_CLIP_S, false);
    nd_str_append(out, "The video lies best from %s of the track on: mean cosine ",
                  nd_time_print(cosine, m->offset * ND_CLIP_S, false));
    nd_str_append(out, "%s. ", nd_match_cosine_print(cosine, sum / (double)n));
    nd_str_append(out, "Closest are the video's clip at %s and the track's at %s: %s.", in_video,
                  in_track, nd_match_cosine_print(cosine, best));
}

static void put_row(nd_str *out, const nd_match_picture *m, int64_t row)
{
    char time[32], text[32];
    int64_t lies = (m->offset + row) % m->n_track_clips, best = lies;
    for (int64_t k = 0; k < m->n_track_clips; k++)
        if (nd_match_cosine(m, row, k) > nd_match_cosine(m, row, best)) best = k;
    nd_str_append(out, "<tr><td>%s</td>", nd_time_print(time, (double)row * ND_CLIP_S, false));
    for (int i = 0; i < 2; i++) {
        int64_t column = i ? best : lies;
        nd_str_append(out, "<td>%s</td><td>%s</td>",
                      nd_time_print(time, (double)column * ND_CLIP_S, false),
                      nd_match_cosine_print(text, nd_match_cosine(m, row, column)));
    }
    nd_str_append(out, "</tr>");
}

static void put_numbers(nd_str *out, const nd_match_picture *m)
{
    nd_str_append(out,
                  "<details><summary>Each clip in numbers</summary><table class=\"numbers\">"
                  "<thead><tr><th scope=\"col\">clip of the video</th><th scope=\"col\">lies on "
                  "</th><th scope=\"col\">cosine</th><th scope=\"col\">is closest to</th>"
                  "<th scope=\"col\">cosine</th></tr></thead><tbody>");
    for (int64_t row = 0; row < m->n_query_clips && row < MAX_ROWS; row++) put_row(out, m, row);
    nd_str_append(out, "</tbody></table>");
    if (m->n_query_clips > MAX_ROWS)
        nd_str_append(out, "<p>The first %d of %d.</p>", (int)MAX_ROWS, m->n_query_clips);
    nd_str_append(out, "</details>");
}

static void put_caption(nd_str *out, const map_drawing *d)
{
    if (d->has_map) {
        nd_str_append(out, "<strong>Which clips met.</strong> ");
        tell(out, d);
        nd_str_append(out,
                      " <span class=\"key\">Clips of 4 s: the video downwards, the track to the "
                      "right; stronger is closer. Above, the track and the stretch to use."
                      "</span>");
    } else {
        nd_str_append(out, "<strong>Where in the track.</strong> <span class=\"key\">Time of the "
                           "track; the stretch to use is marked.</span>");
    }
}

void nd__report_map(nd_str *out, const nd__report_place *place, const nd_hit *h)
{
    map_drawing d = set_up(place->ranking, h);
    char from[32], to[32];
    nd_str_append(out, "<figure><figcaption>");
    put_caption(out, &d);
    nd_str_append(out, "</figcaption>");
    nd__svg_label(out, d.height);
    nd_str_append(out, "The track, used from %s to %s. ", nd__html_time(from, h->window_s[0]),
                  nd__html_time(to, h->window_s[1]));
    if (d.has_map) tell(out, &d);
    nd__svg_begin(out);
    draw_track(out, &d, h);
    if (d.has_map) draw_map(out, &d, place);
    nd__svg_time_axis(out, &d.map);
    nd__svg_end(out);
    if (d.has_map) put_numbers(out, &d.match);
    nd_str_append(out, "</figure>\n");
}
