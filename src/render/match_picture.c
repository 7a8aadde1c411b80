/* How a video meets a track: cosines of clips as a map, the video's time down, the track's to the
 * right, the place where it lies best outlined. */
#include <math.h>
#include <string.h>

#include "needledrop/picture.h"
#include "render/picture.h"

enum { LEFT_PX = 112, FRAME_PX = 132, RIGHT_PX = 40, TITLE_PX = 118 };
enum { WAVE_PX = 96, WAVE_PART_PX = WAVE_PX + 62 };
enum { ROW_PX = 56, MIN_MAP_PX = 168, MAX_MAP_PX = 1120, MAP_PART_PX = 142 };
enum { SCALE_PX = 320, MIN_GRID_PX = 10, MIN_TEXT_WIDTH_PX = 62, MIN_TEXT_HEIGHT_PX = 26 };

typedef struct {
    const nd_match_picture *m;
    nd_picture query, track; /* descriptions; NULL: none */
    nd_panel map;            /* t0_s .. t1_s of the track */
    double length_s;         /* of the query's clips */
    double lo, hi;           /* cosines at the ends of the scale */
} drawing;

static double cosine(const nd_match_picture *m, int64_t row, int64_t column)
{
    return (double)m->cosines[row * m->n_track_clips + column];
}

/* ---- the scale of colours ------------------------------------------------------------- */

/* White, blue, night: darker is closer, to any eye and on any printer. */
static nd_color shade_of(double share)
{
    static const nd_color night = {0.03, 0.09, 0.25, 1};
    nd_color blue = nd_color_of(ND_INK_BLUE);
    return share < 0.6 ? nd_color_mix(nd_color_of(ND_INK_PANEL), blue, share / 0.6)
                       : nd_color_mix(blue, night, (share - 0.6) / 0.4);
}

static nd_color color_of(const drawing *d, double value)
{
    if (!isfinite(value)) return nd_color_of(ND_INK_GRID);
    return shade_of(ND_CLAMP((value - d->lo) / (d->hi - d->lo), 0.0, 1.0));
}

/* Twentieths around all cosines, and one in the middle. */
static void choose_scale(drawing *d)
{
    const nd_match_picture *m = d->m;
    double lo = INFINITY, hi = -INFINITY;
    for (int64_t i = 0; i < (int64_t)m->n_query_clips * m->n_track_clips; i++) {
        double v = (double)m->cosines[i];
        if (!isfinite(v)) continue;
        lo = fmin(lo, v);
        hi = fmax(hi, v);
    }
    d->lo = lo <= hi ? floor(20 * ND_CLAMP(lo, -1e3, 1e3)) / 20 : 0;
    d->hi = lo <= hi ? ceil(20 * ND_CLAMP(hi, -1e3, 1e3)) / 20 : 1;
    if (d->hi - d->lo < 0.09) d->hi = d->lo + 0.1;
    if (lround(20 * (d->hi - d->lo)) % 2) d->hi += 0.05;
}

static char *print_cosine(char out[32], double value)
{
    snprintf(out, 32, "%s%.2f", value <= -0.005 ? "\xE2\x88\x92" : "", fabs(value));
    return out;
}

/* The bar with its ends and its middle, and what the outline means. */
static void draw_scale(nd_canvas *c, const drawing *d, double y)
{
    nd_color muted = nd_color_of(ND_INK_MUTED), mark = nd_color_of(ND_INK_VERMILION);
    nd_font font = {19, false, ND_LEFT, muted};
    char text[32];
    double x = d->map.x + nd_canvas_text_width(c, font, "cosine") + 14;
    nd_canvas_text(c, d->map.x, y + 15, font, "cosine");
    for (int k = 0; k < SCALE_PX; k++)
        nd_canvas_block(c, x + k, y, 1, 20, shade_of((k + 0.5) / SCALE_PX));
    font.align = ND_CENTER;
    for (int k = 0; k <= 2; k++)
        nd_canvas_text(c, x + k * SCALE_PX / 2.0, y + 44, font,
                       print_cosine(text, d->lo + k * (d->hi - d->lo) / 2));
    font.align = ND_LEFT;
    nd_canvas_block(c, x + SCALE_PX + 50, y + 2, 26, 16, mark);
    nd_canvas_block(c, x + SCALE_PX + 53, y + 5, 20, 10, shade_of(0.4));
    nd_canvas_text(c, x + SCALE_PX + 86, y + 15, font, "where it lies best");
}

/* ---- the map --------------------------------------------------------------------------- */

/* The mean of the finite cosines in a rectangle of clips; NAN: there is none. */
static double mean_of(const nd_match_picture *m, const int64_t rows[2], const int64_t columns[2])
{
    double sum = 0;
    int64_t n = 0;
    for (int64_t i = rows[0]; i < rows[1]; i++)
        for (int64_t k = columns[0]; k < columns[1]; k++) {
            double v = cosine(m, i, k);
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

static uint32_t pixel_of(nd_color color)
{
    return (uint32_t)(color.r * 255 + 0.5) << 16 | (uint32_t)(color.g * 255 + 0.5) << 8 |
           (uint32_t)(color.b * 255 + 0.5);
}

/* Cells as pixels of an image: there may be millions. A row that is as the one above is copied. */
static void draw_cells(nd_canvas *c, const drawing *d)
{
    int width = (int)d->map.width, height = (int)d->map.height;
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    uint8_t *data = cairo_image_surface_get_data(surface);
    int64_t rows[2], columns[2], last[2] = {-1, -1};
    for (int y = 0; data && y < height; y++) {
        ptrdiff_t stride = cairo_image_surface_get_stride(surface);
        uint8_t *row = data + y * stride;
        clips_under(rows, y, height, d->m->n_query_clips);
        bool is_same = rows[0] == last[0] && rows[1] == last[1];
        if (is_same) memcpy(row, row - stride, (size_t)width * 4);
        for (int x = 0; x < width && !is_same; x++) {
            clips_under(columns, x, width, d->m->n_track_clips);
            uint32_t pixel = pixel_of(color_of(d, mean_of(d->m, rows, columns)));
            memcpy(row + 4 * x, &pixel, sizeof pixel);
        }
        memcpy(last, rows, sizeof last);
    }
    cairo_surface_mark_dirty(surface);
    cairo_set_source_surface(c->cr, surface, d->map.x, d->map.y);
    cairo_paint(c->cr);
    cairo_surface_destroy(surface);
}

static double cell_width(const drawing *d)
{
    return d->map.width / d->m->n_track_clips;
}

static double cell_height(const drawing *d)
{
    return d->map.height / d->m->n_query_clips;
}

/* Thin lines between cells, and their values, while there is room. */
static void draw_grid(nd_canvas *c, const drawing *d)
{
    double w = cell_width(d), h = cell_height(d);
    nd_color line = nd_color_alpha((nd_color){1, 1, 1, 1}, 0.4);
    for (int k = 1; k < d->m->n_track_clips && w >= MIN_GRID_PX; k++)
        nd_canvas_block(c, d->map.x + k * w, d->map.y, 1, d->map.height, line);
    for (int k = 1; k < d->m->n_query_clips && h >= MIN_GRID_PX; k++)
        nd_canvas_block(c, d->map.x, d->map.y + k * h, d->map.width, 1, line);
}

static void draw_values(nd_canvas *c, const drawing *d)
{
    double w = cell_width(d), h = cell_height(d);
    char text[32];
    if (w < MIN_TEXT_WIDTH_PX || h < MIN_TEXT_HEIGHT_PX) return;
    for (int64_t i = 0; i < d->m->n_query_clips; i++)
        for (int64_t k = 0; k < d->m->n_track_clips; k++) {
            double v = cosine(d->m, i, k), share = (v - d->lo) / (d->hi - d->lo);
            nd_font font = {19, false, ND_CENTER,
                            share > 0.33 ? (nd_color){1, 1, 1, 1} : nd_color_of(ND_INK_TEXT)};
            if (isfinite(v))
                nd_canvas_text(c, d->map.x + ((double)k + 0.5) * w,
                               d->map.y + ((double)i + 0.5) * h + 7, font, print_cosine(text, v));
        }
}

/* ---- the best place --------------------------------------------------------------------- */

/* Clips from row on that lie along the track without its starting anew. @return how many; the
 * track's first of them in *column */
static int run_from(const nd_match_picture *m, int row, int *column)
{
    *column = (int)(((int64_t)m->offset + row) % m->n_track_clips);
    return ND_MIN(m->n_query_clips - row, m->n_track_clips - *column);
}

/* A box around each cell of the diagonal; where cells are small, one line through them all. */
static void trace_place(nd_canvas *c, const drawing *d)
{
    double w = cell_width(d), h = cell_height(d);
    bool is_small = w < MIN_GRID_PX || h < MIN_GRID_PX;
    for (int row = 0, column, n; row < d->m->n_query_clips; row += n) {
        n = run_from(d->m, row, &column);
        double x = d->map.x + column * w, y = d->map.y + row * h;
        cairo_move_to(c->cr, x, y);
        if (is_small) cairo_line_to(c->cr, x + n * w, y + n * h);
        for (int k = 0; k < n && !is_small; k++)
            cairo_rectangle(c->cr, round(x + k * w), round(y + k * h),
                            round(x + (k + 1) * w) - round(x + k * w),
                            round(y + (k + 1) * h) - round(y + k * h));
    }
}

/* On white, so that it is seen on any shade. */
static void draw_place(nd_canvas *c, const drawing *d)
{
    const nd_color inks[] = {{1, 1, 1, 1}, nd_color_of(ND_INK_VERMILION)};
    static const double widths[] = {6, 3};
    for (int k = 0; k < 2; k++) {
        cairo_save(c->cr);
        cairo_new_path(c->cr);
        trace_place(c, d);
        cairo_set_source_rgb(c->cr, inks[k].r, inks[k].g, inks[k].b);
        cairo_set_line_width(c->cr, widths[k]);
        cairo_stroke(c->cr);
        cairo_restore(c->cr);
    }
}

/* ---- what lies beside the map --------------------------------------------------------- */

/* One picture a clip where rows are high enough, else as many as there is room for. */
static void draw_frames(nd_canvas *c, const drawing *d)
{
    const nd_array *a = d->query.d ? nd_picture_thumbnails(&d->query) : NULL;
    double h = cell_height(d);
    if (!a) return;
    int n = h >= 36 ? d->m->n_query_clips : (int)(d->map.height / 72);
    double each = d->map.height / n;
    for (int k = 0; k < n; k++) {
        double time_s = (k + 0.5) / n * d->length_s, y = round(d->map.y + k * each);
        int64_t index = (int64_t)ND_MIN(time_s, (double)(a->dims[0] - 1));
        nd_picture_frame(c, a, index, d->map.x - FRAME_PX - 12, y, FRAME_PX,
                         round(d->map.y + (k + 1) * each) - y - 2);
    }
}

/* The waveform, and the stretches of it that lie under the query: all of it, where it is the
 * longer one. */
static void draw_track(nd_canvas *c, const drawing *d, double y)
{
    int n_under = ND_MIN(d->m->n_query_clips, d->m->n_track_clips);
    nd_panel panel = d->map;
    nd_color mark = nd_color_of(ND_INK_VERMILION);
    panel.y = y + 40;
    panel.height = WAVE_PX;
    nd_panel_ground(c, &panel, "The track, and the stretch of it that fits best");
    for (int row = 0, column, n; row < n_under; row += n) {
        n = ND_MIN(run_from(d->m, row, &column), n_under - row);
        double x0 = nd_panel_x(&panel, column * ND_CLIP_S);
        double width = nd_panel_x(&panel, (column + n) * ND_CLIP_S) - x0;
        nd_canvas_block(c, x0, panel.y, width, WAVE_PX, nd_color_alpha(mark, 0.12));
        nd_canvas_block(c, x0, panel.y + WAVE_PX - 4, width, 4, mark);
    }
    nd_picture_waveform(c, &d->track, panel);
}

static void draw_map(nd_canvas *c, const drawing *d)
{
    double labels_x = d->map.x - 14;
    if (d->query.d && nd_picture_thumbnails(&d->query)) labels_x -= FRAME_PX + 8;
    bool is_music = d->query.d && nd_description_medium(d->query.d) == ND_MUSIC;
    nd_panel_ground(c, &d->map,
                    is_music ? "Clips of 4 s: the first track downwards, the second to the right"
                             : "Clips of 4 s: the video downwards, the track to the right");
    nd_panel_time_axis(c, &d->map, true);
    draw_cells(c, d);
    draw_grid(c, d);
    draw_values(c, d);
    draw_place(c, d);
    nd_panel_time_axis_down(c, &d->map, 0, d->length_s, labels_x);
    draw_frames(c, d);
    draw_scale(c, d, d->map.y + d->map.height + 58);
}

/* ---- the sheet ------------------------------------------------------------------------- */

static void put_facts(nd_str *out, const nd_match_picture *m)
{
    char text[32];
    double start_s = isfinite(m->start_s) ? m->start_s : m->offset * ND_CLIP_S;
    if (isfinite(m->score)) nd_str_append(out, "match %s", print_cosine(text, m->score));
    nd_fact_begin(out);
    nd_str_append(out, "the track from %s on%s", nd_time_print(text, start_s, false),
                  (int64_t)m->offset + m->n_query_clips > m->n_track_clips
                      ? ", and again from its start"
                      : "");
    if (!m->note || !m->note[0]) return;
    nd_fact_begin(out);
    nd_str_append(out, "%s", m->note);
}

static void set_up(drawing *d, const nd_match_picture *m)
{
    *d = (drawing){.m = m, .query = {.d = m->query}, .track = {.d = m->track}};
    bool has_frames = m->query && nd_picture_thumbnails(&d->query);
    double left = LEFT_PX + (has_frames ? FRAME_PX : 0);
    d->length_s = m->n_query_clips * ND_CLIP_S;
    d->query.length_s = d->length_s;
    d->map = (nd_panel){
        .x = left,
        .width = ND_PICTURE_WIDTH - left - RIGHT_PX,
        .height = ND_CLAMP((double)ROW_PX * m->n_query_clips, MIN_MAP_PX, MAX_MAP_PX),
        .t1_s = m->n_track_clips * ND_CLIP_S,
        .hi = 1};
    d->track.length_s = d->map.t1_s;
    choose_scale(d);
}

static int draw(nd_bytes *png, const nd_match_picture *m, const char *title, const char *facts)
{
    drawing d;
    set_up(&d, m);
    bool has_wave = m->track && nd_picture_has_waveform(&d.track);
    d.map.y = TITLE_PX + (has_wave ? WAVE_PART_PX : 0) + 40;
    nd_canvas c;
    int rc = nd_canvas_init(&c, ND_PICTURE_WIDTH, (int)(d.map.y + d.map.height) + MAP_PART_PX);
    nd_canvas_title(&c, RIGHT_PX, title, facts);
    if (has_wave) draw_track(&c, &d, TITLE_PX);
    draw_map(&c, &d);
    if (!rc) rc = nd_canvas_png(png, &c);
    nd_canvas_deinit(&c);
    return rc;
}

int nd_picture_match(const char *path, const nd_match_picture *m, nd_diag *diag)
{
    nd_str title = {0}, facts = {0};
    nd_bytes png = {0};
    if (!path || !m || !m->cosines || m->n_query_clips < 1 || m->n_track_clips < 1 ||
        m->offset < 0 || m->offset >= m->n_track_clips)
        return nd_diag_set(diag, ND_EARG,
                           "drawing a match: a path, cosines of a clip or more of either side, and "
                           "an offset among the track's clips expected");
    nd_str_append(&title, "%s  \xC3\x97  %s", m->query_name ? m->query_name : "",
                  m->track_name ? m->track_name : "");
    put_facts(&facts, m);
    int rc = title.failed || facts.failed ? ND_ENOMEM : draw(&png, m, title.text, facts.text);
    if (rc) nd_diag_set(diag, rc, "drawing %s: out of memory", path);
    else rc = nd_file_write(path, png.data, png.n, diag);
    nd_bytes_deinit(&png);
    nd_str_deinit(&title);
    nd_str_deinit(&facts);
    return rc;
}
