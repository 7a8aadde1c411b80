/* Video: a strip of frames, motion with the cuts across it, brightness, and the
 * colour of each clip, all over one time axis. */
#include <math.h>
#include <string.h>

#include "render/picture.h"

enum { MOTION_PX = 220, BRIGHTNESS_PX = 110, COLOR_PX = 90, FRAMES_PX = 104, MAX_FRAMES = 100 };

void nd_video_facts(nd_str *out, const nd_picture *p)
{
    const nd_media_info *info = nd_description_info(p->d);
    char text[32];
    int64_t n;
    nd_str_append(out, "%s%s", nd_description_is_cut(p->d) ? "first " : "",
                  nd_time_print(text, p->length_s, false));
    if (info->width > 0 && info->height > 0) {
        nd_fact_begin(out);
        nd_str_append(out, "%d\xC3\x97%d", info->width, info->height);
    }
    if (info->fps > 0 && info->fps < 1e4) {
        nd_fact_begin(out);
        nd_str_append(out, "%.4g fps", info->fps);
    }
    if (!nd_description_find(p->d, "cuts_s")) return;
    nd_description_f32(p->d, "cuts_s", &n);
    nd_fact_begin(out);
    nd_str_append(out, "%lld cut%s", (long long)n, n == 1 ? "" : "s");
}

static void draw_cut_lines(nd_canvas *c, const nd_picture *p, const nd_panel *panel, double width,
                           nd_color color)
{
    int64_t n, n_kinds;
    const float *cuts = nd_description_f32(p->d, "cuts_s", &n);
    const int32_t *kind = nd_description_i32(p->d, "cut_kind", &n_kinds);
    for (int64_t k = 0; k < n; k++)
        nd_panel_mark(c, panel, cuts[k], width, k < n_kinds && kind[k] == 1, color);
}

/* Cuts as lines through a panel: hard ones solid, fades dashed. */
static void draw_cuts(nd_canvas *c, const nd_picture *p, const nd_panel *panel)
{
    draw_cut_lines(c, p, panel, 2.5, nd_color_of(ND_INK_VERMILION));
}

/* ---- frames ------------------------------------------------------------------ */

const nd_array *nd_picture_thumbnails(const nd_picture *p)
{
    const nd_array *a = nd_description_find(p->d, "thumbnails");
    bool fits = a && a->dtype == ND_U8 && a->n_dims == 4 && a->dims[3] == 3 && a->dims[0] > 0;
    fits = fits && a->dims[1] > 0 && a->dims[1] <= 4096 && a->dims[2] > 0 && a->dims[2] <= 4096;
    return fits ? a : NULL;
}

static bool has_frames(const nd_picture *p)
{
    return nd_picture_thumbnails(p) != NULL;
}

static cairo_surface_t *surface_of(const nd_array *thumbnails, int64_t index)
{
    int height = (int)thumbnails->dims[1], width = (int)thumbnails->dims[2];
    const uint8_t *from = thumbnails->u8 + index * height * width * 3;
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    uint8_t *data = cairo_image_surface_get_data(surface);
    if (!data) return surface;
    cairo_surface_flush(surface);
    for (int y = 0; y < height; y++) {
        uint8_t *row = data + (ptrdiff_t)y * cairo_image_surface_get_stride(surface);
        for (int x = 0; x < width; x++, from += 3) {
            uint32_t pixel = (uint32_t)from[0] << 16 | (uint32_t)from[1] << 8 | from[2];
            memcpy(row + 4 * x, &pixel, sizeof pixel);
        }
    }
    cairo_surface_mark_dirty(surface);
    return surface;
}

void nd_picture_frame(nd_canvas *c, const nd_array *thumbnails, int64_t index, double x, double y,
                      double width, double height)
{
    double w = (double)thumbnails->dims[2], h = (double)thumbnails->dims[1];
    double scale = ND_MAX(width / w, height / h);
    cairo_surface_t *surface = surface_of(thumbnails, index);
    cairo_save(c->cr);
    cairo_rectangle(c->cr, round(x), y, round(x + width) - round(x), height);
    cairo_clip(c->cr);
    cairo_translate(c->cr, x + (width - w * scale) / 2, y + (height - h * scale) / 2);
    cairo_scale(c->cr, scale, scale);
    cairo_set_source_surface(c->cr, surface, 0, 0);
    cairo_pattern_set_filter(cairo_get_source(c->cr), CAIRO_FILTER_BILINEAR);
    cairo_pattern_set_extend(cairo_get_source(c->cr), CAIRO_EXTEND_PAD);
    cairo_paint(c->cr);
    cairo_restore(c->cr);
    cairo_surface_destroy(surface);
}

/* As many frames as fill the width; each is the one on show in the middle of its
 * stretch of the time axis. */
static void draw_frames(nd_canvas *c, const nd_picture *p, double y)
{
    const nd_array *a = nd_picture_thumbnails(p);
    nd_panel panel = nd_picture_panel(p, y, FRAMES_PX);
    double shape = (double)a->dims[2] / (double)a->dims[1];
    int n = (int)ND_CLAMP(round(panel.width / (FRAMES_PX * shape)), 1.0, (double)MAX_FRAMES);
    panel.y = y;
    double width = panel.width / n;
    for (int k = 0; k < n; k++) {
        double time_s = (k + 0.5) / n * p->length_s;
        int64_t index = (int64_t)ND_MIN(time_s, (double)(a->dims[0] - 1));
        nd_picture_frame(c, a, index, panel.x + k * width, y, width, FRAMES_PX);
    }
    /* On white, so that they are seen on any picture. */
    panel.y = y + FRAMES_PX - 20;
    panel.height = 28;
    draw_cut_lines(c, p, &panel, 7, (nd_color){1, 1, 1, 1});
    draw_cuts(c, p, &panel);
}

/* ---- motion --------------------------------------------------------------------- */

nd_series nd_picture_motion(const nd_picture *p)
{
    return nd_picture_series(p, "flow_px", 1.0 / 16, 8);
}

static bool has_motion(const nd_picture *p)
{
    return nd_picture_motion(p).n > 0;
}

/* The kinds of cut that there are. */
static void draw_cuts_key(nd_canvas *c, const nd_picture *p, const nd_panel *panel)
{
    nd_color red = nd_color_of(ND_INK_VERMILION);
    nd_key_item key[] = {{"hard cut", ND_KEY_LINE, red}, {"fade", ND_KEY_DASHED, red}};
    int64_t n, n_kinds, n_fades = 0;
    nd_description_f32(p->d, "cuts_s", &n);
    const int32_t *kind = nd_description_i32(p->d, "cut_kind", &n_kinds);
    for (int64_t k = 0; k < ND_MIN(n, n_kinds); k++) n_fades += kind[k] == 1;
    bool hard = n > n_fades, fades = n_fades > 0;
    nd_panel_key(c, panel, key + !hard, hard + fades);
}

bool nd_picture_motion_top(double *top_out, const nd_series *motion, double highest)
{
    size_t n = 0;
    float *finite = nd_calloc((size_t)motion->n, sizeof *finite);
    if (!finite) return false;
    for (int64_t k = 0; k < motion->n; k++)
        if (isfinite(motion->values[k * motion->stride]))
            finite[n++] = motion->values[k * motion->stride];
    double usual = 3 * (double)nd_quantile(finite, n, 0.98);
    *top_out = ND_MAX(ND_MIN(1.04 * highest, usual), 0.5);
    free(finite);
    return true;
}

static void draw_motion(nd_canvas *c, const nd_picture *p, double y)
{
    nd_panel panel = nd_picture_panel(p, y, MOTION_PX);
    nd_series motion = nd_picture_motion(p);
    char heading[96] = "Motion: pixels in 1/8 s, the frame 224 long";
    float lo = 0, hi = 0;
    nd_series_range(&motion, 0, p->length_s, &lo, &hi);
    if (!nd_picture_motion_top(&panel.hi, &motion, hi)) panel.hi = ND_MAX((double)hi, 0.5);
    if ((double)hi > panel.hi)
        snprintf(heading + strlen(heading), 40, "; cut off, peak %.3g", (double)hi);
    nd_panel_ground(c, &panel, heading);
    nd_panel_time_axis(c, &panel, true);
    nd_panel_value_axis(c, &panel, ND_LEFT, true, nd_color_of(ND_INK_MUTED));
    nd_panel_curve(c, &panel, &motion, 2.2, nd_color_of(ND_INK_BLUE), 0.15);
    draw_cuts(c, p, &panel);
    draw_cuts_key(c, p, &panel);
}

/* ---- brightness and colour --------------------------------------------------------- */

static nd_series brightness_of(const nd_picture *p)
{
    return nd_picture_series(p, "brightness", 0, 8);
}

static bool has_brightness(const nd_picture *p)
{
    return brightness_of(p).n > 0;
}

static void draw_brightness(nd_canvas *c, const nd_picture *p, double y)
{
    nd_panel panel = nd_picture_panel(p, y, BRIGHTNESS_PX);
    nd_series brightness = brightness_of(p);
    nd_panel_ground(c, &panel, "Brightness, black to white");
    nd_panel_time_axis(c, &panel, false);
    nd_panel_value_axis(c, &panel, ND_LEFT, true, nd_color_of(ND_INK_MUTED));
    nd_panel_curve(c, &panel, &brightness, 2.2, nd_color_of(ND_INK_TEXT), 0.1);
    draw_cuts(c, p, &panel);
}

/* Blue through grey to orange; a warmth of 0.4 is already strong in pictures. */
static nd_color warmth_color(double warmth)
{
    nd_color grey = nd_color_of(ND_INK_WAVE);
    nd_ink ink = warmth < 0 ? ND_INK_BLUE : ND_INK_ORANGE;
    return nd_color_mix(grey, nd_color_of(ink), fabs(warmth) / 0.4);
}

static bool has_color(const nd_picture *p)
{
    int64_t n;
    nd_description_f32(p->d, "clip_warmth", &n);
    return n > 0;
}

static void draw_color(nd_canvas *c, const nd_picture *p, double y)
{
    nd_key_item key[] = {{"cool", ND_KEY_BLOCK, warmth_color(-1)},
                         {"neutral", ND_KEY_BLOCK, warmth_color(0)},
                         {"warm", ND_KEY_BLOCK, warmth_color(1)}};
    nd_panel panel = nd_picture_panel(p, y, COLOR_PX);
    int64_t n, n_saturation;
    const float *warmth = nd_description_f32(p->d, "clip_warmth", &n);
    const float *saturation = nd_description_f32(p->d, "clip_saturation", &n_saturation);
    nd_panel_ground(c, &panel, "Colour of each 4-second clip, height its saturation");
    nd_panel_value_axis(c, &panel, ND_LEFT, true, nd_color_of(ND_INK_MUTED));
    for (int64_t k = 0; k < n && (double)k * ND_CLIP_S < p->length_s; k++)
        nd_panel_bar(c, &panel, (double)k * ND_CLIP_S, (double)(k + 1) * ND_CLIP_S,
                     k < n_saturation ? saturation[k] : 1, warmth_color(warmth[k]));
    nd_panel_key(c, &panel, key, ND_COUNT(key));
}

const nd_picture_part nd_video_parts[] = {
    {FRAMES_PX + 16, has_frames, draw_frames},
    {MOTION_PX + 84, has_motion, draw_motion},
    {BRIGHTNESS_PX + 58, has_brightness, draw_brightness},
    {COLOR_PX + 58, has_color, draw_color},
    {0, NULL, NULL},
};
