/* Recall over K of every system of a table, with its intervals: ours alone, no figure of others. */
#include <math.h>
#include <string.h>

#include "needledrop/tables.h"
#include "render/canvas.h"

enum { WIDTH_PX = 1600, TITLE_PX = 118, PANEL_PX = 820, HEIGHT_PX = TITLE_PX + PANEL_PX + 110 };
enum { LEFT_PX = 112, RIGHT_PX = 430, LABEL_PX = 27, MAX_LINES = 20 };

/* A system, or chance, in percent. */
typedef struct {
    const char *label;
    nd_color color;
    float values[ND_EVAL_N_CUTS];
    const nd_tables_figure *figures; /* NULL: without intervals */
    double y;                        /* of its label */
} line;

/* ---- what is drawn ------------------------------------------------------------------- */

/* One colour a family, paler for those before its last. */
static nd_color color_of(const nd_tables_report *r, int row)
{
    static const struct {
        const char *begin;
        nd_ink ink;
    } families[] = {{"cbvmr", ND_INK_ORANGE}, {"cmvae", ND_INK_GREEN}, {"paper", ND_INK_BLUE}};
    nd_ink ink = ND_INK_VERMILION;
    int n_after = 0;
    const char *name = r->rows[row].name;
    size_t n_family = strcspn(name, "-");
    for (size_t i = 0; i < ND_COUNT(families); i++)
        if (!strncmp(name, families[i].begin, strlen(families[i].begin))) ink = families[i].ink;
    for (int i = row + 1; i < r->n_rows; i++)
        n_after += !strncmp(name, r->rows[i].name, n_family + 1);
    return nd_color_mix(nd_color_of(ink), (nd_color){1, 1, 1, 1}, ND_MIN(0.22 * n_after, 0.66));
}

static int list_lines(line *out, const nd_tables_report *r)
{
    int n = 0;
    for (int i = 0; i < r->n_rows && n < MAX_LINES - 1; i++) {
        const nd_tables_row *row = &r->rows[i];
        if (!row->n_seeds) continue;
        line *l = &out[n++];
        *l = (line){.label = row->label, .color = color_of(r, i), .figures = row->recall};
        for (int c = 0; c < ND_EVAL_N_CUTS; c++) l->values[c] = (float)(100 * row->recall[c].mean);
    }
    if (isnan(r->chance[0])) return n;
    out[n] = (line){.label = "chance", .color = nd_color_of(ND_INK_MUTED)};
    for (int c = 0; c < ND_EVAL_N_CUTS; c++) out[n].values[c] = (float)(100 * r->chance[c]);
    return n + 1;
}

static double top_of(const line *lines, int n)
{
    double top = 1;
    for (int i = 0; i < n; i++)
        for (int c = 0; c < ND_EVAL_N_CUTS; c++)
            top = fmax(top, lines[i].figures ? 100 * lines[i].figures[c].hi
                                             : (double)lines[i].values[c]);
    return fmin(100, top * 1.05);
}

/* ---- drawing ------------------------------------------------------------------------- */

/* Systems stand beside one another at each K, so that no interval hides another. */
static double place(int i, int n, int cut)
{
    return cut + 1 + 0.6 * ((i + 0.5) / n - 0.5);
}

static void draw_line(nd_canvas *c, const nd_panel *p, const line *l, int i, int n)
{
    nd_series s = {l->values, ND_EVAL_N_CUTS, 1, place(i, n, 0), 1};
    nd_panel_curve(c, p, &s, 3, l->color, 0);
    for (int k = 0; k < ND_EVAL_N_CUTS; k++) {
        double x = nd_panel_x(p, place(i, n, k)), y = nd_panel_y(p, (double)l->values[k]);
        nd_canvas_block(c, x - 5, y - 5, 10, 10, l->color);
        if (!l->figures) continue;
        double top = nd_panel_y(p, 100 * l->figures[k].hi);
        double bottom = nd_panel_y(p, 100 * l->figures[k].lo);
        nd_canvas_block(c, x - 1, top, 3, bottom - top, l->color);
        nd_canvas_block(c, x - 6, top, 12, 2, l->color);
        nd_canvas_block(c, x - 6, bottom - 2, 12, 2, l->color);
    }
}

static int by_height(const void *a, const void *b)
{
    double x = (*(const line *const *)a)->y, y = (*(const line *const *)b)->y;
    return (x > y) - (x < y);
}

/* Labels at the right, each beside its last value as far as those above leave it room. */
static void draw_labels(nd_canvas *c, const nd_panel *p, line *lines, int n)
{
    line *order[MAX_LINES] = {NULL};
    double edge = p->x + p->width, least = p->y;
    for (int i = 0; i < n; i++) {
        order[i] = &lines[i];
        lines[i].y = nd_panel_y(p, (double)lines[i].values[ND_EVAL_N_CUTS - 1]);
    }
    qsort(order, (size_t)n, sizeof *order, by_height);
    for (int i = 0; i < n; i++) {
        order[i]->y = least = ND_MAX(order[i]->y, least);
        least += LABEL_PX;
    }
    for (int i = 0; i < n; i++) {
        nd_font font = {21, false, ND_LEFT, nd_color_of(ND_INK_TEXT)};
        nd_canvas_block(c, edge + 14, order[i]->y - 8, 22, 12, order[i]->color);
        nd_canvas_text_fit(c, edge + 44, order[i]->y + 5, RIGHT_PX - 60, font, order[i]->label);
    }
}

static void draw_cuts(nd_canvas *c, const nd_panel *p)
{
    nd_font font = {19, false, ND_CENTER, nd_color_of(ND_INK_MUTED)};
    for (int k = 0; k < ND_EVAL_N_CUTS; k++) {
        char text[16];
        snprintf(text, sizeof text, "K = %d", nd_eval_cut(k));
        nd_canvas_text(c, nd_panel_x(p, k + 1), p->y + p->height + 32, font, text);
    }
}

static void draw_panel(nd_canvas *c, const nd_tables_report *r)
{
    line lines[MAX_LINES];
    int n = list_lines(lines, r);
    nd_panel p = {.x = LEFT_PX,
                  .y = TITLE_PX + 44,
                  .width = WIDTH_PX - LEFT_PX - RIGHT_PX,
                  .height = PANEL_PX,
                  .t0_s = 0.6,
                  .t1_s = ND_EVAL_N_CUTS + 0.4,
                  .hi = top_of(lines, n)};
    nd_panel_ground(c, &p, "Recall@K, %");
    nd_panel_value_axis(c, &p, ND_LEFT, true, nd_color_of(ND_INK_MUTED));
    draw_cuts(c, &p);
    for (int i = 0; i < n; i++) draw_line(c, &p, &lines[i], i, n);
    draw_labels(c, &p, lines, n);
}

static int draw(nd_bytes *png, const nd_tables_report *r)
{
    nd_canvas c = {0};
    char title[128], facts[192];
    int rc = nd_canvas_init(&c, WIDTH_PX, HEIGHT_PX);
    snprintf(title, sizeof title, "Video to music, the table of \"%s\"", nd_table_name(r->table));
    snprintf(facts, sizeof facts,
             "%d videos, %d tracks, no tags; %d seed%s, 95 %% intervals over tracks", r->n_videos,
             r->n_tracks, r->n_seeds, r->n_seeds == 1 ? "" : "s");
    if (!rc) {
        nd_canvas_title(&c, LEFT_PX, title, facts);
        draw_panel(&c, r);
        rc = nd_canvas_png(png, &c);
    }
    nd_canvas_deinit(&c);
    return rc;
}

int nd_tables_report_picture(const char *path, const nd_tables_report *report, nd_diag *diag)
{
    nd_bytes png = {0};
    if (!path || !report)
        return nd_diag_set(diag, ND_EARG, "drawing a table: a path and a report expected");
    int rc = draw(&png, report);
    if (rc) nd_diag_set(diag, rc, "drawing %s: out of memory", path);
    else rc = nd_file_write(path, png.data, png.n, diag);
    nd_bytes_deinit(&png);
    return rc;
}
