/* Drawing over cairo. Font options are fixed (grey antialiasing, no hinting), so
 * that neither a display nor a user's settings change the bytes. */
#include <math.h>
#include <string.h>

#include "render/canvas.h"

static const char font_family[] = "DejaVu Sans";
static const double axis_px = 19, heading_px = 20;

/* ---- colours --------------------------------------------------------------- */

nd_color nd_color_of(nd_ink ink)
{
    static const uint32_t rgb[ND_INK_N] = {
        [ND_INK_TEXT] = 0x1F2933,  [ND_INK_MUTED] = 0x5F6B76,     [ND_INK_GRID] = 0xDDE2E8,
        [ND_INK_PANEL] = 0xF6F8FA, [ND_INK_WAVE] = 0xA9BCCF,      [ND_INK_BLUE] = 0x0072B2,
        [ND_INK_GREEN] = 0x009E73, [ND_INK_VERMILION] = 0xD55E00, [ND_INK_ORANGE] = 0xE69F00,
    };
    uint32_t v = rgb[ink];
    return (nd_color){(v >> 16) / 255.0, (v >> 8 & 255) / 255.0, (v & 255) / 255.0, 1};
}

nd_color nd_color_mix(nd_color a, nd_color b, double share)
{
    double s = isfinite(share) ? ND_CLAMP(share, 0.0, 1.0) : 0, r = 1 - s;
    return (nd_color){a.r * r + b.r * s, a.g * r + b.g * s, a.b * r + b.b * s, a.a * r + b.a * s};
}

nd_color nd_color_alpha(nd_color color, double alpha)
{
    color.a = alpha;
    return color;
}

static void set_color(nd_canvas *c, nd_color color)
{
    cairo_set_source_rgba(c->cr, color.r, color.g, color.b, color.a);
}

/* ---- the sheet --------------------------------------------------------------- */

int nd_canvas_init(nd_canvas *c, int width, int height)
{
    c->width = width;
    c->height = height;
    c->surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    c->cr = cairo_create(c->surface);
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_set_font_options(c->cr, options);
    cairo_font_options_destroy(options);
    cairo_set_line_join(c->cr, CAIRO_LINE_JOIN_ROUND);
    cairo_set_source_rgb(c->cr, 1, 1, 1);
    cairo_paint(c->cr);
    return cairo_status(c->cr) ? ND_ENOMEM : 0;
}

void nd_canvas_deinit(nd_canvas *c)
{
    cairo_destroy(c->cr);
    cairo_surface_destroy(c->surface);
    *c = (nd_canvas){0};
}

static cairo_status_t append_png(void *user, const unsigned char *data, unsigned n)
{
    return nd_bytes_append(user, data, n) ? CAIRO_STATUS_NO_MEMORY : CAIRO_STATUS_SUCCESS;
}

int nd_canvas_png(nd_bytes *out, nd_canvas *c)
{
    if (cairo_status(c->cr)) return ND_ENOMEM;
    return cairo_surface_write_to_png_stream(c->surface, append_png, out) ? ND_ENOMEM : 0;
}

static void set_font(nd_canvas *c, nd_font font)
{
    cairo_select_font_face(c->cr, font_family, CAIRO_FONT_SLANT_NORMAL,
                           font.bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(c->cr, font.size_px);
}

double nd_canvas_text_width(nd_canvas *c, nd_font font, const char *text)
{
    cairo_text_extents_t extents;
    set_font(c, font);
    cairo_text_extents(c->cr, text, &extents);
    return extents.x_advance;
}

void nd_canvas_text(nd_canvas *c, double x, double y, nd_font font, const char *text)
{
    double width = nd_canvas_text_width(c, font, text);
    if (font.align == ND_CENTER) x -= width / 2;
    if (font.align == ND_RIGHT) x -= width;
    set_color(c, font.color);
    cairo_move_to(c->cr, x, y);
    cairo_show_text(c->cr, text);
}

void nd_canvas_text_fit(nd_canvas *c, double x, double y, double width_px, nd_font font,
                        const char *text)
{
    char cut[520];
    nd_text_clean(cut, sizeof cut - 4, text, strlen(text));
    size_t n = strlen(cut);
    while (n && nd_canvas_text_width(c, font, cut) > width_px) {
        do n--; /* back to the start of a character */
        while (n && ((unsigned char)cut[n] & 0xC0) == 0x80);
        strcpy(cut + n, "\xE2\x80\xA6");
    }
    nd_canvas_text(c, x, y, font, cut);
}

void nd_canvas_title(nd_canvas *c, double margin_px, const char *title, const char *facts)
{
    double width = c->width - 2 * margin_px;
    nd_font large = {34, true, ND_LEFT, nd_color_of(ND_INK_TEXT)};
    nd_font small = {24, false, ND_LEFT, nd_color_of(ND_INK_MUTED)};
    nd_canvas_text_fit(c, margin_px, 52, width, large, title ? title : "");
    nd_canvas_text_fit(c, margin_px, 92, width, small, facts ? facts : "");
}

void nd_canvas_block(nd_canvas *c, double x, double y, double width, double height, nd_color color)
{
    double left = round(x), top = round(y);
    set_color(c, color);
    cairo_rectangle(c->cr, left, top, round(x + width) - left, round(y + height) - top);
    cairo_fill(c->cr);
}

/* ---- panels and axes --------------------------------------------------------------- */

/* Where v lies between lo and hi: 0..1. */
static double share_between(double v, double lo, double hi)
{
    double share = (v - lo) / (hi - lo);
    return share > 0 ? ND_MIN(share, 1.0) : 0;
}

double nd_panel_x(const nd_panel *p, double time_s)
{
    return p->x + p->width * share_between(time_s, p->t0_s, p->t1_s);
}

double nd_panel_y(const nd_panel *p, double value)
{
    return p->y + p->height * (1 - share_between(value, p->lo, p->hi));
}

void nd_panel_ground(nd_canvas *c, const nd_panel *p, const char *heading)
{
    nd_canvas_block(c, p->x, p->y, p->width, p->height, nd_color_of(ND_INK_PANEL));
    nd_font font = {heading_px, true, ND_LEFT, nd_color_of(ND_INK_TEXT)};
    nd_canvas_text(c, p->x, p->y - 11, font, heading);
}

char *nd_time_print(char out[32], double time_s, bool tenths)
{
    long long s = (long long)(ND_CLAMP(time_s, 0.0, 1e9) + 0.5);
    if (tenths) snprintf(out, 32, "%.1f s", ND_MAX(time_s, 0.0));
    else if (s >= 3600) snprintf(out, 32, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
    else snprintf(out, 32, "%lld:%02lld", s / 60, s % 60);
    return out;
}

double nd_time_step(double length_s, double length_px, double label_px)
{
    static const double steps[] = {0.1, 0.2, 0.5, 1,   2,   5,   10,   15,
                                   30,  60,  120, 300, 600, 900, 1800, 3600};
    double least = length_s * label_px / length_px;
    for (size_t i = 0; i < ND_COUNT(steps); i++)
        if (steps[i] >= least) return steps[i];
    return 3600 * ceil(least / 3600);
}

void nd_panel_time_axis(nd_canvas *c, const nd_panel *p, bool labels)
{
    double step = nd_time_step(p->t1_s - p->t0_s, p->width, 90);
    nd_font font = {axis_px, false, ND_CENTER, nd_color_of(ND_INK_MUTED)};
    double k = ceil(p->t0_s / step - 1e-6);
    for (; k * step <= p->t1_s + 1e-6 * step; k++) {
        char text[32];
        double time_s = k * step + 0.0, x = nd_panel_x(p, time_s);
        nd_canvas_block(c, round(x), p->y, 1, p->height, nd_color_of(ND_INK_GRID));
        if (labels)
            nd_canvas_text(c, x, p->y + p->height + 30, font,
                           nd_time_print(text, time_s, step < 1));
    }
}

void nd_panel_time_axis_down(nd_canvas *c, const nd_panel *p, double t0_s, double t1_s,
                             double label_x)
{
    double step = nd_time_step(t1_s - t0_s, p->height, 40);
    nd_font font = {axis_px, false, ND_RIGHT, nd_color_of(ND_INK_MUTED)};
    for (double k = ceil(t0_s / step - 1e-6); k * step <= t1_s + 1e-6 * step; k++) {
        char text[32];
        double time_s = k * step + 0.0, y = p->y + p->height * (time_s - t0_s) / (t1_s - t0_s);
        nd_canvas_block(c, p->x - 8, round(y), 8, 1, nd_color_of(ND_INK_MUTED));
        nd_canvas_text(c, label_x, y + 7, font, nd_time_print(text, time_s, step < 1));
    }
}

/* The first of 1, 2, 5 times a power of ten that leaves label_px for each label. */
static double value_step(const nd_panel *p, double label_px)
{
    double least = (p->hi - p->lo) * label_px / p->height, power = pow(10, floor(log10(least)));
    double digit = least / power;
    return power * (digit > 5 ? 10 : digit > 2 ? 5 : digit > 1 ? 2 : 1);
}

void nd_panel_value_axis(nd_canvas *c, const nd_panel *p, nd_align side, bool grid, nd_color color)
{
    double step = value_step(p, 40), x = p->x - 10;
    nd_font font = {axis_px, false, ND_RIGHT, color};
    if (side == ND_RIGHT) {
        x = p->x + p->width + 10;
        font.align = ND_LEFT;
    }
    double k = ceil(p->lo / step - 1e-6);
    for (; k * step <= p->hi + 1e-6 * step; k++) {
        char text[32];
        double v = k * step, y = nd_panel_y(p, v);
        if (grid) nd_canvas_block(c, p->x, round(y), p->width, 1, nd_color_of(ND_INK_GRID));
        snprintf(text, sizeof text, "%s%g", v < -1e-9 * step ? "\xE2\x88\x92" : "",
                 fabs(v) < 1e-9 * step ? 0 : fabs(v));
        nd_canvas_text(c, x, y + 7, font, text);
    }
}

/* ---- what is drawn in a panel ---------------------------------------------------- */

static void clip_to(nd_canvas *c, const nd_panel *p)
{
    cairo_save(c->cr);
    cairo_rectangle(c->cr, p->x, p->y, p->width, p->height);
    cairo_clip(c->cr);
}

/* The values in view, one more at either side, in groups of equal size: at most
 * one group a pixel column. */
typedef struct {
    int64_t first, end, group;
} view_groups;

static view_groups groups_in_view(const nd_panel *p, const nd_series *s)
{
    double n = (double)s->n, from = (p->t0_s - s->first_s) * s->rate_hz - 1;
    double to = (p->t1_s - s->first_s) * s->rate_hz + 2;
    view_groups v = {.first = (int64_t)ND_CLAMP(from, 0.0, n),
                     .end = (int64_t)ND_CLAMP(to, 0.0, n)};
    v.group = 1 + (v.end - v.first) / (int64_t)(p->width + 1);
    return v;
}

static bool range_of(const nd_series *s, int64_t from, int64_t to, float *lo_out, float *hi_out)
{
    float lo = INFINITY, hi = -INFINITY;
    for (int64_t k = from; k < to; k++) {
        float v = s->values[k * s->stride];
        if (!isfinite(v)) continue;
        lo = ND_MIN(lo, v);
        hi = ND_MAX(hi, v);
    }
    if (!(lo <= hi)) return false;
    *lo_out = lo;
    *hi_out = hi;
    return true;
}

bool nd_series_range(const nd_series *s, double t0_s, double t1_s, float *lo_out, float *hi_out)
{
    double n = (double)s->n, from = ceil((t0_s - s->first_s) * s->rate_hz);
    double to = ceil((t1_s - s->first_s) * s->rate_hz);
    return range_of(s, (int64_t)ND_CLAMP(from, 0.0, n), (int64_t)ND_CLAMP(to, 0.0, n), lo_out,
                    hi_out);
}

/* x of the middle of a group: not clamped, the clip cuts what lies outside. */
static double group_x(const nd_panel *p, const nd_series *s, int64_t first, int64_t end)
{
    double time_s = s->first_s + 0.5 * (double)(first + end - 1) / s->rate_hz;
    return p->x + p->width * (time_s - p->t0_s) / (p->t1_s - p->t0_s);
}

void nd_panel_curve(nd_canvas *c, const nd_panel *p, const nd_series *s, double width_px,
                    nd_color color, double fill)
{
    view_groups v = groups_in_view(p, s);
    bool drawing = false;
    float lo, hi;
    clip_to(c, p);
    set_color(c, nd_color_alpha(color, fill));
    for (int64_t k = v.first; fill > 0 && k < v.end; k += v.group) {
        int64_t end = ND_MIN(k + v.group, v.end);
        double x = group_x(p, s, k, end);
        if (k == v.first) cairo_move_to(c->cr, x, p->y + p->height);
        bool some = range_of(s, k, end, &lo, &hi);
        cairo_line_to(c->cr, x, some ? nd_panel_y(p, hi) : p->y + p->height);
        if (end == v.end) cairo_line_to(c->cr, x, p->y + p->height);
    }
    cairo_fill(c->cr);
    set_color(c, color);
    cairo_set_line_width(c->cr, width_px);
    for (int64_t k = v.first; k < v.end; k += v.group) {
        int64_t end = ND_MIN(k + v.group, v.end);
        double x = group_x(p, s, k, end);
        bool some = range_of(s, k, end, &lo, &hi);
        if (some && drawing) cairo_line_to(c->cr, x, nd_panel_y(p, lo));
        else if (some) cairo_move_to(c->cr, x, nd_panel_y(p, lo));
        if (some && hi > lo) cairo_line_to(c->cr, x, nd_panel_y(p, hi));
        drawing = some;
    }
    cairo_stroke(c->cr);
    cairo_restore(c->cr);
}

void nd_panel_band(nd_canvas *c, const nd_panel *p, const nd_series *lo, const nd_series *hi,
                   nd_color color)
{
    view_groups v = groups_in_view(p, hi);
    clip_to(c, p);
    set_color(c, color);
    for (int64_t k = v.first; k < v.end; k += v.group) {
        int64_t end = ND_MIN(k + v.group, v.end);
        float top = 0, bottom = 0, other;
        double x0 = group_x(p, hi, k, k + 1), x1 = group_x(p, hi, end, end + 1);
        if (!range_of(hi, k, end, &other, &top) || !range_of(lo, k, end, &bottom, &other)) continue;
        double y = nd_panel_y(p, top), height = ND_MAX(nd_panel_y(p, bottom) - y, 1.0);
        cairo_rectangle(c->cr, x0, y, x1 - x0, height);
    }
    cairo_fill(c->cr);
    cairo_restore(c->cr);
}

void nd_panel_bar(nd_canvas *c, const nd_panel *p, double t0_s, double t1_s, double value,
                  nd_color color)
{
    double x = nd_panel_x(p, t0_s), y = nd_panel_y(p, value);
    nd_canvas_block(c, x, y, nd_panel_x(p, t1_s) - x, p->y + p->height - y, color);
}

void nd_panel_mark(nd_canvas *c, const nd_panel *p, double time_s, double width_px, bool dashed,
                   nd_color color)
{
    static const double dashes[] = {7, 5};
    if (!(time_s >= p->t0_s && time_s <= p->t1_s)) return;
    double x = nd_panel_x(p, time_s);
    cairo_save(c->cr);
    set_color(c, color);
    cairo_set_line_width(c->cr, width_px);
    if (dashed) cairo_set_dash(c->cr, dashes, ND_COUNT(dashes), 0);
    cairo_move_to(c->cr, x, p->y);
    cairo_line_to(c->cr, x, p->y + p->height);
    cairo_stroke(c->cr);
    cairo_restore(c->cr);
}

void nd_panel_key(nd_canvas *c, const nd_panel *p, const nd_key_item *items, int n)
{
    double x = p->x + p->width, y = p->y - 11;
    for (int i = n - 1; i >= 0; i--) {
        nd_font font = {axis_px, false, ND_RIGHT, nd_color_of(ND_INK_MUTED)};
        nd_canvas_text(c, x, y, font, items[i].label);
        x -= nd_canvas_text_width(c, font, items[i].label) + 8;
        if (items[i].kind == ND_KEY_BLOCK) {
            nd_canvas_block(c, x - 22, y - 13, 22, 13, items[i].color);
        } else if (items[i].kind == ND_KEY_LINE) {
            nd_canvas_block(c, x - 26, y - 8, 26, 3, items[i].color);
        } else {
            nd_canvas_block(c, x - 26, y - 8, 10, 3, items[i].color);
            nd_canvas_block(c, x - 10, y - 8, 10, 3, items[i].color);
        }
        x -= 26 + 28;
    }
}
