/* Drawings of a report: panels over one axis of time, in units of a tenth of a pixel. */
#include <math.h>
#include <string.h>

#include "rank/rank.h"
#include "render/report.h"

enum { N_COLUMNS = 320, LINE_GAP = 18, LABEL_GAP = 700 };

double nd__length_of(const nd_description *d)
{
    double length_s = nd_description_analysed_s(d);
    return isfinite(length_s) ? ND_CLAMP(length_s, 0.1, 1e6) : 0.1;
}

nd_panel nd__svg_panel(double y, double height, double t1_s)
{
    return (nd_panel){.x = ND__SVG_LEFT,
                      .y = y,
                      .width = ND__SVG_WIDTH - ND__SVG_LEFT - ND__SVG_RIGHT,
                      .height = height,
                      .t1_s = isfinite(t1_s) ? ND_CLAMP(t1_s, 0.1, 1e6) : 1,
                      .hi = 1};
}

void nd__svg_label(nd_str *out, int height)
{
    nd_str_append(out,
                  "<div class=\"drawing\"><svg role=\"img\" viewBox=\"0 0 %d %d\" aria-label=\"",
                  ND__SVG_WIDTH, height);
}

void nd__svg_begin(nd_str *out)
{
    nd_str_append(out, "\">");
}

void nd__svg_end(nd_str *out)
{
    nd_str_append(out, "</svg></div>\n");
}

void nd__svg_name(nd_str *out, const nd_panel *p, const char *name)
{
    nd_str_append(out, "<text x=\"%ld\" y=\"%ld\" text-anchor=\"end\">%s</text>",
                  lround(p->x - 100), lround(p->y + p->height / 2 + 45), name);
}

void nd__svg_ground(nd_str *out, const nd_panel *p)
{
    nd_str_append(out, "<rect class=\"ground\" x=\"%ld\" y=\"%ld\" width=\"%ld\" height=\"%ld\"/>",
                  lround(p->x), lround(p->y), lround(p->width), lround(p->height));
}

void nd__svg_time_axis(nd_str *out, const nd_panel *p)
{
    double step = nd_time_step(p->t1_s, p->width, LABEL_GAP), bottom = p->y + p->height;
    for (int k = 0; k * step <= p->t1_s * (1 + 1e-6); k++) {
        char text[32];
        double x = nd_panel_x(p, k * step);
        if (step < 1) nd__html_time(text, k * step);
        else nd_time_print(text, k * step, false);
        nd_str_append(out,
                      "<path class=\"tick\" d=\"M%ld %ldv60\"/><text x=\"%ld\" y=\"%ld\" "
                      "text-anchor=\"middle\">%s</text>",
                      lround(x), lround(bottom), lround(x), lround(bottom + 190), text);
    }
}

/* ---- what is drawn over time ------------------------------------------------------- */

double nd__under_time(const nd__under *u, double t)
{
    return nd_time_under(u->start_s + t, u->track_s, u->video_s);
}

/* The highest value between two times; between two values, the one before. NAN: not known. */
static double value_at(const nd_series *s, double t0, double t1)
{
    float lo, hi;
    if (nd_series_range(s, t0, t1, &lo, &hi)) return (double)hi;
    double k = floor((t0 - s->first_s) * s->rate_hz);
    if (!(k < (double)s->n)) return NAN;
    return (double)s->values[k > 0 ? (int64_t)k * s->stride : 0];
}

void nd__svg_curve(nd_str *out, const nd_panel *p, const nd_series *s, const nd__under *under,
                   const char *kind)
{
    long bottom = lround(p->y + p->height);
    double step_s = p->t1_s / N_COLUMNS;
    nd_str_append(out, "<path class=\"%s\" d=\"M%ld %ld", kind, lround(p->x), bottom);
    for (int k = 0; k < N_COLUMNS; k++) {
        double t = under ? nd__under_time(under, k * step_s) : k * step_s;
        nd_str_append(out, "L%ld %ld", lround(p->x + (k + 0.5) * p->width / N_COLUMNS),
                      lround(nd_panel_y(p, value_at(s, t, t + step_s))));
    }
    nd_str_append(out, "L%ld %ldz\"/>", lround(p->x + p->width), bottom);
}

void nd__svg_lines(nd_str *out, const nd_panel *p, const double *times_s, int64_t n,
                   const char *kind)
{
    long last = -LINE_GAP, height = lround(p->height);
    nd_str_append(out, "<path class=\"%s\" d=\"", kind);
    for (int64_t k = 0; k < n; k++) {
        if (!(times_s[k] >= p->t0_s && times_s[k] <= p->t1_s)) continue;
        long x = lround(nd_panel_x(p, times_s[k]));
        if (labs(x - last) < LINE_GAP) continue;
        nd_str_append(out, "M%ld %ldv%ld", x, lround(p->y), height);
        last = x;
    }
    nd_str_append(out, "\"/>");
}

/* ---- loudness ---------------------------------------------------------------------- */

static nd_series loudness_of(const nd_description *track)
{
    return nd_picture_series(&(nd_picture){.d = track}, "loudness_lufs", 0, 10);
}

bool nd__has_loudness(const nd_description *track)
{
    return track && loudness_of(track).n > 0;
}

/* From 40 LU below its loudest moment. */
void nd__svg_loudness(nd_str *out, const nd_panel *p, const nd_description *track,
                      const nd__under *under)
{
    if (!nd__has_loudness(track)) return;
    nd_series s = loudness_of(track);
    nd_panel panel = *p;
    float lo, hi = 0;
    nd_series_range(&s, 0, 1e6, &lo, &hi);
    panel.hi = ND_CLAMP((double)hi, -60.0, 60.0);
    panel.lo = panel.hi - 40;
    nd__svg_curve(out, &panel, &s, under, "loudness");
}
