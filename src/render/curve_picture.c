/* How a training went: losses above, accuracies below, epochs to the right. */
#include <math.h>

#include "needledrop/picture.h"
#include "render/canvas.h"

enum { WIDTH_PX = 1600, PANEL_PX = 380, PART_PX = PANEL_PX + 100, TITLE_PX = 118 };
enum { MARGIN_PX = 112, FOOT_PX = 24, MAX_CURVES = 8 };

typedef struct {
    const nd_curve *curves;
    int n_curves, n, best;
} drawing;

static const nd_ink inks[] = {ND_INK_BLUE, ND_INK_VERMILION, ND_INK_GREEN, ND_INK_ORANGE};

static int count_kind(const drawing *d, bool is_share)
{
    int n = 0;
    for (int i = 0; i < d->n_curves; i++) n += !d->curves[i].is_share == !is_share;
    return n;
}

/* From 0 to a little above the largest value; shares to a round one. */
static double top_of(const drawing *d, bool is_share)
{
    double top = 0;
    for (int i = 0; i < d->n_curves; i++)
        for (int k = 0; k < d->n && !d->curves[i].is_share == !is_share; k++) {
            double v = (double)d->curves[i].values[k];
            if (isfinite(v)) top = fmax(top, v);
        }
    if (is_share) return fmin(100, 10 * ceil(10 * top * 1.05 + 1e-9));
    return top > 0 ? 1.08 * top : 1;
}

/* Round numbers of epochs below the panel, and their grid lines. */
static void draw_epochs(nd_canvas *c, const nd_panel *p, int n)
{
    static const int digits[] = {1, 2, 5};
    nd_font font = {19, false, ND_CENTER, nd_color_of(ND_INK_MUTED)};
    int step = 1;
    for (int k = 0, power = 1; n / step > 16; k++) {
        if (k % 3 == 0 && k) power *= 10;
        step = digits[k % 3] * power;
    }
    for (int e = step; e <= n; e += step) {
        char text[16];
        double x = nd_panel_x(p, e);
        nd_canvas_block(c, round(x), p->y, 1, p->height, nd_color_of(ND_INK_GRID));
        snprintf(text, sizeof text, "%d", e);
        nd_canvas_text(c, x, p->y + p->height + 28, font, text);
    }
    font.align = ND_RIGHT;
    nd_canvas_text(c, p->x - 10, p->y + p->height + 28, font, "epoch");
}

/* One curve, and a dot an epoch while there is room: a single epoch is seen too. */
static void draw_curve(nd_canvas *c, const nd_panel *p, const drawing *d, const float *values,
                       nd_color color)
{
    nd_series s = {.values = values, .n = d->n, .stride = 1, .first_s = 1, .rate_hz = 1};
    nd_panel_curve(c, p, &s, 3, color, 0);
    for (int k = 0; k < d->n && d->n <= 100; k++)
        if (isfinite(values[k]))
            nd_canvas_block(c, nd_panel_x(p, k + 1) - 4, nd_panel_y(p, (double)values[k]) - 4, 8, 8,
                            color);
}

/* Curves of one kind. @param room  [n]: a scaled curve */
static void draw_panel(nd_canvas *c, const drawing *d, bool is_share, double y, float *room)
{
    nd_key_item key[MAX_CURVES];
    int n_keys = 0;
    double edge = d->n > 1 ? 0.02 * d->n : 0.5;
    nd_panel p = {.x = MARGIN_PX,
                  .y = y + 44,
                  .width = WIDTH_PX - 2 * MARGIN_PX,
                  .height = PANEL_PX,
                  .t0_s = 1 - edge,
                  .t1_s = d->n + edge,
                  .hi = top_of(d, is_share)};
    nd_panel_ground(c, &p, is_share ? "Right, %" : "Loss");
    draw_epochs(c, &p, d->n);
    nd_panel_value_axis(c, &p, ND_LEFT, true, nd_color_of(ND_INK_MUTED));
    if (d->best >= 0) nd_panel_mark(c, &p, d->best + 1, 2, true, nd_color_of(ND_INK_MUTED));
    for (int i = 0; i < d->n_curves; i++) {
        if (!d->curves[i].is_share != !is_share) continue;
        nd_color color = nd_color_of(inks[n_keys % (int)ND_COUNT(inks)]);
        for (int k = 0; k < d->n; k++) room[k] = d->curves[i].values[k] * (is_share ? 100 : 1);
        draw_curve(c, &p, d, room, color);
        key[n_keys++] = (nd_key_item){d->curves[i].label, ND_KEY_LINE, color};
    }
    nd_panel_key(c, &p, key, n_keys);
}

static int draw(nd_bytes *png, const drawing *d, const char *title, const char *facts)
{
    bool has[2] = {count_kind(d, false) > 0, count_kind(d, true) > 0};
    float *room = nd_calloc((size_t)d->n, sizeof *room);
    nd_canvas c = {0};
    double y = TITLE_PX;
    int rc = room ? 0 : ND_ENOMEM;
    if (!rc) rc = nd_canvas_init(&c, WIDTH_PX, TITLE_PX + FOOT_PX + PART_PX * (has[0] + has[1]));
    if (!rc) nd_canvas_title(&c, MARGIN_PX, title, facts);
    for (int kind = 0; kind < 2 && !rc; kind++) {
        if (!has[kind]) continue;
        draw_panel(&c, d, kind, y, room);
        y += PART_PX;
    }
    if (!rc) rc = nd_canvas_png(png, &c);
    nd_canvas_deinit(&c);
    free(room);
    return rc;
}

int nd_picture_curves(const char *path, const char *title, const char *facts,
                      const nd_curve *curves, int n_curves, int n, int best, nd_diag *diag)
{
    drawing d = {curves, n_curves, n, best};
    nd_bytes png = {0};
    if (!path || !curves || n_curves < 1 || n_curves > MAX_CURVES || n < 1 || best >= n)
        return nd_diag_set(diag, ND_EARG,
                           "drawing curves: a path, 1 .. %d curves and an epoch or more expected",
                           MAX_CURVES);
    int rc = draw(&png, &d, title, facts);
    if (rc) nd_diag_set(diag, rc, "drawing %s: out of memory", path);
    else rc = nd_file_write(path, png.data, png.n, diag);
    nd_bytes_deinit(&png);
    return rc;
}
