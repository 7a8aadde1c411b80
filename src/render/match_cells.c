/* Cells of a map of a match: their scale, their colours, and the place where it lies best. */
#include <math.h>
#include <string.h>

#include "render/match_cells.h"

double nd_match_cosine(const nd_match_picture *m, int64_t row, int64_t column)
{
    return (double)m->cosines[row * m->n_track_clips + column];
}

/* ---- the scale of colours ------------------------------------------------------------- */

nd_color nd_match_shade(double share)
{
    static const nd_color night = {0.03, 0.09, 0.25, 1};
    nd_color blue = nd_color_of(ND_INK_BLUE);
    return share < 0.6 ? nd_color_mix(nd_color_of(ND_INK_PANEL), blue, share / 0.6)
                       : nd_color_mix(blue, night, (share - 0.6) / 0.4);
}

static nd_color color_of(nd_match_scale s, double value)
{
    if (!isfinite(value)) return nd_color_of(ND_INK_GRID);
    return nd_match_shade(ND_CLAMP((value - s.lo) / (s.hi - s.lo), 0.0, 1.0));
}

nd_match_scale nd_match_scale_of(const nd_match_picture *m)
{
    double lo = INFINITY, hi = -INFINITY;
    for (int64_t i = 0; i < (int64_t)m->n_query_clips * m->n_track_clips; i++) {
        double v = (double)m->cosines[i];
        if (!isfinite(v)) continue;
        lo = fmin(lo, v);
        hi = fmax(hi, v);
    }
    nd_match_scale s = {0, 1};
    if (lo <= hi) s.lo = floor(20 * ND_CLAMP(lo, -1e3, 1e3)) / 20;
    if (lo <= hi) s.hi = ceil(20 * ND_CLAMP(hi, -1e3, 1e3)) / 20;
    if (s.hi - s.lo < 0.09) s.hi = s.lo + 0.1;
    if (lround(20 * (s.hi - s.lo)) % 2) s.hi += 0.05;
    return s;
}

char *nd_match_cosine_print(char out[32], double value)
{
    snprintf(out, 32, "%s%.2f", value <= -0.005 ? "\xE2\x88\x92" : "", fabs(value));
    return out;
}

/* ---- cells ------------------------------------------------------------------------------ */

/* The mean of the finite cosines in a rectangle of clips; NAN: there is none. */
static double mean_of(const nd_match_picture *m, const int64_t rows[2], const int64_t columns[2])
{
    double sum = 0;
    int64_t n = 0;
    for (int64_t i = rows[0]; i < rows[1]; i++)
        for (int64_t k = columns[0]; k < columns[1]; k++) {
            double v = nd_match_cosine(m, i, k);
            if (!isfinite(v)) continue;
            sum += v;
            n++;
        }
    return n ? sum / (double)n : NAN;
}

/* The clips under pixel k of n_px: one, or as many as share it. */
static void clips_under(int64_t out[2], int64_t k, int64_t n_px, int64_t n_clips)
{
    out[0] = k * n_clips / n_px;
    out[1] = ND_MAX(out[0] + 1, (k + 1) * n_clips / n_px);
}

uint32_t nd_match_pixel(nd_color color)
{
    return (uint32_t)(color.r * 255 + 0.5) << 16 | (uint32_t)(color.g * 255 + 0.5) << 8 |
           (uint32_t)(color.b * 255 + 0.5);
}

/* There may be millions: a row that is as the one above is copied. */
cairo_surface_t *nd_match_cells(const nd_match_picture *m, nd_match_scale scale, int width,
                                int height)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    uint8_t *data = cairo_image_surface_get_data(surface);
    int64_t rows[2], columns[2], last[2] = {-1, -1};
    for (int y = 0; data && y < height; y++) {
        ptrdiff_t stride = cairo_image_surface_get_stride(surface);
        uint8_t *row = data + y * stride;
        clips_under(rows, y, height, m->n_query_clips);
        bool is_same = rows[0] == last[0] && rows[1] == last[1];
        if (is_same) memcpy(row, row - stride, (size_t)width * 4);
        for (int x = 0; x < width && !is_same; x++) {
            clips_under(columns, x, width, m->n_track_clips);
            uint32_t pixel = nd_match_pixel(color_of(scale, mean_of(m, rows, columns)));
            memcpy(row + 4 * x, &pixel, sizeof pixel);
        }
        memcpy(last, rows, sizeof last);
    }
    cairo_surface_mark_dirty(surface);
    return surface;
}

int nd_match_run(const nd_match_picture *m, int row, int *column)
{
    *column = (int)(((int64_t)m->offset + row) % m->n_track_clips);
    return ND_MIN(m->n_query_clips - row, m->n_track_clips - *column);
}
