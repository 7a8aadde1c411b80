/* How a video meets a track: cosines of clips as a map, the video's time down, the track's to the
 * right, the place where it lies best outlined. */
#include <math.h>

#include "render/match_cells.h"
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
    nd_match_scale scale;
} drawing;

/* ---- the scale of colours ------------------------------------------------------------- */

/* The bar with its ends and its middle, and what the outline means. */
static void draw_scale(nd_canvas *c, const drawing *d, double y)
{
    nd_color muted = nd_color_of(ND_INK_MUTED), mark = nd_color_of(ND_INK_VERMILION);
    nd_font font = {19, false, ND_LEFT, muted};
    char text[32];
    double x = d->map.x + nd_canvas_text_width(c, font, "cosine") + 14;
    nd_canvas_text(c, d->map.x, y + 15, font, "cosine");
    for (int k = 0; k < SCALE_PX; k++)
        nd_canvas_block(c, x + k, y, 1, 20, nd_match_shade((k + 0.5) / SCALE_PX));
    font.align = ND_CENTER;
    for (int k = 0; k <= 2; k++)
        nd_canvas_text(
            c, x + k * SCALE_PX / 2.0, y + 44, font,
            nd_match_cosine_print(text, d->scale.lo + k * (d->scale.hi - d->scale.lo) / 2));
    font.align = ND_LEFT;
    nd_canvas_block(c, x + SCALE_PX + 50, y + 2, 26, 16, mark);
    nd_canvas_block(c, x + SCALE_PX + 53, y + 5, 20, 10, nd_match_shade(0.4));
    nd_canvas_text(c, x + SCALE_PX + 86, y + 15, font, "where it lies best");
}

/* ---- the map --------------------------------------------------------------------------- */

static void draw_cells(nd_canvas *c, const drawing *d)
{
    cairo_surface_t *cells = nd_match_cells(d->m, d->scale, (int)d->map.width, (int)d->map.height);
    cairo_set_source_surface(c->cr, cells, d->map.x, d->map.y);
    cairo_paint(c->cr);
    cairo_surface_destroy(cells);
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
            double v = nd_match_cosine(d->m, i, k),
                   share = (v - d->scale.lo) / (d->scale.hi - d->scale.lo);
            nd_font font = {19, false, ND_CENTER,
                            share > 0.33 ? (nd_color){1, 1, 1, 1} : nd_color_of(ND_INK_TEXT)};
            if (isfinite(v))
                nd_canvas_text(c, d->map.x + ((double)k + 0.5) * w,
                               d->map.y + ((double)i + 0.5) * h + 7, font,
                               nd_match_cosine_print(text, v));
        }
}

/* ---- the best place --------------------------------------------------------------------- */

/* A box around each cell of the diagonal; where cells are small, one line through them all. */
static void trace_place(nd_canvas *c, const drawing *d)
{
    double w = cell_width(d), h = cell_height(d);
    bool is_small = w < MIN_GRID_PX || h < MIN_GRID_PX;
    for (int row = 0, column, n; row < d->m->n_query_clips; row += n) {
        n = nd_match_run(d->m, row, &column);
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
        n = ND_MIN(nd_match_run(d->m, row, &column), n_under - row);
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
    if (isfinite(m->score)) nd_str_append(out, "match %s", nd_match_cosine_print(text, m->score));
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
    d->scale = nd_match_scale_of(m);
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
