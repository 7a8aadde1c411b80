/* A sheet of white paper with time running to the right: text, panels, axes,
 * curves and marks over cairo. The pictures are made of it, and later the plots
 * of reports and scores.
 *
 * Coordinates are pixels from the top left corner. Values that are not finite
 * are left out, values outside a panel are cut at its edge. Nothing here fails:
 * cairo remembers its first error, nd_canvas_png reports it.
 */
#ifndef ND_RENDER_CANVAS_H
#define ND_RENDER_CANVAS_H

#include <cairo.h>

#include "base/base.h"

/* ---- colours --------------------------------------------------------------- */

typedef struct nd_color {
    double r, g, b, a; /* 0..1 */
} nd_color;

/** The palette: greys, and the colours of Okabe and Ito (2008) that people with
 *  any common colour blindness tell apart. */
typedef enum nd_ink {
    ND_INK_TEXT,
    ND_INK_MUTED,
    ND_INK_GRID,
    ND_INK_PANEL,
    ND_INK_WAVE,
    ND_INK_BLUE,
    ND_INK_VERMILION,
    ND_INK_GREEN,
    ND_INK_ORANGE,
    ND_INK_N
} nd_ink;

/** @return the opaque colour of that name. */
nd_color nd_color_of(nd_ink ink);

/** @param share  0 (all a) .. 1 (all b), clamped; not finite: a
 *  @return the mixture, each channel linear. */
nd_color nd_color_mix(nd_color a, nd_color b, double share);

/** @return color with opacity alpha, 0..1. */
nd_color nd_color_alpha(nd_color color, double alpha);

/* ---- the sheet --------------------------------------------------------------- */

typedef struct nd_canvas {
    cairo_surface_t *surface;
    cairo_t *cr;
    int width, height;
} nd_canvas;

/** White paper. @param width, height  px, 1 .. 16384
 *  @param c  the caller's storage; nd_canvas_deinit, after a failure too
 *  @return 0 or ND_ENOMEM. */
int nd_canvas_init(nd_canvas *c, int width, int height);
void nd_canvas_deinit(nd_canvas *c);

/** Append the sheet as PNG: the same drawing gives the same bytes.
 *  @return 0; ND_ENOMEM (also what any earlier drawing call ran into). */
int nd_canvas_png(nd_bytes *out, nd_canvas *c);

typedef enum nd_align { ND_LEFT, ND_CENTER, ND_RIGHT } nd_align;

typedef struct nd_font {
    double size_px;
    bool bold;
    nd_align align; /* which side of the text stands at x */
    nd_color color;
} nd_font;

/** Write one line with its baseline at y. @param text  valid UTF-8 */
void nd_canvas_text(nd_canvas *c, double x, double y, nd_font font, const char *text);

/** The same, cut with an ellipsis to at most width_px. */
void nd_canvas_text_fit(nd_canvas *c, double x, double y, double width_px, nd_font font,
                        const char *text);

/** @return width of the text in px. */
double nd_canvas_text_width(nd_canvas *c, nd_font font, const char *text);

/** Two lines on top of the sheet, within the margin at either side: 118 px.
 *  @param title, facts  any bytes; NULL: "" */
void nd_canvas_title(nd_canvas *c, double margin_px, const char *title, const char *facts);

/** A filled rectangle, its edges on whole pixels. */
void nd_canvas_block(nd_canvas *c, double x, double y, double width, double height, nd_color color);

/* ---- panels --------------------------------------------------------------------- */

/** A rectangle with time running from left to right and a value upwards. */
typedef struct nd_panel {
    double x, y, width, height; /* px */
    double t0_s, t1_s;          /* t0_s < t1_s */
    double lo, hi;              /* values at the bottom and the top, lo < hi */
} nd_panel;

/** Where a time or a value lies, clamped to the panel's edges. NaN: the left or
 *  bottom edge. */
double nd_panel_x(const nd_panel *p, double time_s);
double nd_panel_y(const nd_panel *p, double value);

/** Ground of the panel, and its heading above the top left corner. */
void nd_panel_ground(nd_canvas *c, const nd_panel *p, const char *heading);

/** Vertical grid lines at round times; with labels, "1:30" or "5 s", below. */
void nd_panel_time_axis(nd_canvas *c, const nd_panel *p, bool labels);

/** Horizontal marks at round times on the left side, t0_s at the top: for a panel whose other side
 *  is time, too. @param label_x  right edge of the labels */
void nd_panel_time_axis_down(nd_canvas *c, const nd_panel *p, double t0_s, double t1_s,
                             double label_x);

/** Labels at round values on the left or right side; the unit stands in the
 *  heading or the key.
 *  @param grid  draw horizontal grid lines too */
void nd_panel_value_axis(nd_canvas *c, const nd_panel *p, nd_align side, bool grid, nd_color color);

/** Evenly spaced values: number k stands at first_s + k / rate_hz. */
typedef struct nd_series {
    const float *values; /* [n * stride]; number k is values[k * stride] */
    int64_t n, stride;
    double first_s, rate_hz;
} nd_series;

/** The smallest and largest finite value between two times.
 *  @return false when there is none (outputs untouched). */
bool nd_series_range(const nd_series *s, double t0_s, double t1_s, float *lo_out, float *hi_out);

/** A curve; more values than pixel columns are drawn as their range in each.
 *  @param fill  opacity of the area below it, 0 for none
 *  Cost: O(values in view). */
void nd_panel_curve(nd_canvas *c, const nd_panel *p, const nd_series *s, double width_px,
                    nd_color color, double fill);

/** The area between two series of equal n and rate. */
void nd_panel_band(nd_canvas *c, const nd_panel *p, const nd_series *lo, const nd_series *hi,
                   nd_color color);

/** A bar from the bottom of the panel up to value, between two times. */
void nd_panel_bar(nd_canvas *c, const nd_panel *p, double t0_s, double t1_s, double value,
                  nd_color color);

/** A vertical line through the panel; times outside it draw nothing. */
void nd_panel_mark(nd_canvas *c, const nd_panel *p, double time_s, double width_px, bool dashed,
                   nd_color color);

typedef enum nd_key_kind { ND_KEY_BLOCK, ND_KEY_LINE, ND_KEY_DASHED } nd_key_kind;

typedef struct nd_key_item {
    const char *label;
    nd_key_kind kind;
    nd_color color;
} nd_key_item;

/** What the colours mean, in the heading's line, up to the right edge. */
void nd_panel_key(nd_canvas *c, const nd_panel *p, const nd_key_item *items, int n);

/** "3:02", "1:02:10" to the nearest second, or "48.5 s" where tenths is set.
 *  @return out */
char *nd_time_print(char out[32], double time_s, bool tenths);

/** The first round step of an axis of so many seconds and pixels that leaves label_px for each
 *  label: 0.1 s .. 30 min, or whole hours. @param length_s, length_px  above 0 */
double nd_time_step(double length_s, double length_px, double label_px);

#endif
