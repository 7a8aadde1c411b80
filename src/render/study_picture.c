/* A study's shares with their intervals, a panel for each group of people. */
#include <math.h>
#include <string.h>

#include "needledrop/study.h"
#include "render/canvas.h"

enum { WIDTH_PX = 1200, TITLE_PX = 118, MARGIN_PX = 64, NAME_PX = 250, FIGURES_PX = 300 };
enum { ROW_PX = 56, HEAD_PX = 64, FOOT_PX = 52, BAR_PX = 26 };

static const nd_ink inks[] = {ND_INK_BLUE, ND_INK_VERMILION, ND_INK_GREEN, ND_INK_ORANGE};

/* The panel's time axis is the share, 0 .. 1. */
static nd_panel panel_at(double y, int n_rows)
{
    return (nd_panel){.x = MARGIN_PX + NAME_PX,
                      .y = y,
                      .width = WIDTH_PX - 2 * MARGIN_PX - NAME_PX - FIGURES_PX,
                      .height = ROW_PX * n_rows,
                      .t1_s = 1,
                      .hi = 1};
}

static void draw_axis(nd_canvas *c, const nd_panel *p)
{
    nd_font font = {18, false, ND_CENTER, nd_color_of(ND_INK_MUTED)};
    for (int tenths = 0; tenths <= 10; tenths += 2) {
        char text[16];
        double x = nd_panel_x(p, tenths / 10.0);
        nd_canvas_block(c, x, p->y, 1, p->height, nd_color_of(ND_INK_GRID));
        snprintf(text, sizeof text, "%d %%", 10 * tenths);
        nd_canvas_text(c, x, p->y + p->height + 26, font, text);
    }
}

static void draw_interval(nd_canvas *c, const nd_panel *p, const double range[2], double middle)
{
    nd_color color = nd_color_of(ND_INK_TEXT);
    double from = nd_panel_x(p, range[0]), to = nd_panel_x(p, range[1]);
    if (!isfinite(range[0]) || !isfinite(range[1])) return;
    nd_canvas_block(c, from, middle - 1, to - from, 2, color);
    nd_canvas_block(c, from - 1, middle - 8, 2, 16, color);
    nd_canvas_block(c, to - 1, middle - 8, 2, 16, color);
}

static void draw_row(nd_canvas *c, const nd_panel *p, const nd_study_score *s, int row, nd_ink ink)
{
    double middle = p->y + ROW_PX * (row + 0.5);
    nd_font name = {22, true, ND_RIGHT, nd_color_of(ND_INK_TEXT)};
    nd_font figures = {19, false, ND_LEFT, nd_color_of(ND_INK_MUTED)};
    char label[128], text[96];
    nd_text_clean(label, sizeof label, s->name, strlen(s->name));
    nd_canvas_text_fit(c, p->x - 16, middle + 7, NAME_PX - 24, name, label);
    if (!isfinite(s->share)) return;
    nd_canvas_block(c, p->x, middle - BAR_PX / 2.0, nd_panel_x(p, s->share) - p->x, BAR_PX,
                    nd_color_alpha(nd_color_of(ink), 0.75));
    draw_interval(c, p, s->wilson, middle);
    snprintf(text, sizeof text, "%.0f %%  [%.0f, %.0f]   %g of %d", 100 * s->share,
             100 * s->wilson[0], 100 * s->wilson[1], round(10 * s->wins) / 10, s->n_shown);
    nd_canvas_text(c, p->x + p->width + 20, middle + 7, figures, text);
}

/* Systems keep their colours in every group: by their order among all. */
static nd_ink ink_of(const nd_study_report *r, const char *name)
{
    int i = 0;
    while (i < r->n_systems - 1 && strcmp(r->groups[0].scores[i].name, name)) i++;
    return inks[i % (int)ND_COUNT(inks)];
}

/* @return height drawn */
static double draw_group(nd_canvas *c, const nd_study_report *r, const nd_study_group *g, double y)
{
    nd_panel p = panel_at(y + HEAD_PX, r->n_systems);
    nd_font heading = {24, true, ND_LEFT, nd_color_of(ND_INK_TEXT)};
    char text[160];
    snprintf(text, sizeof text, "%s: %d people, %d answers, %d without preference",
             g == r->groups       ? "All"
             : g == r->groups + 1 ? "With music theory"
                                  : "Without",
             g->n_people, g->n_answers, g->n_undecided);
    nd_canvas_text(c, MARGIN_PX, y + 40, heading, text);
    nd_panel_ground(c, &p, "");
    draw_axis(c, &p);
    for (int i = 0; i < r->n_systems; i++)
        draw_row(c, &p, &g->scores[i], i, ink_of(r, g->scores[i].name));
    return HEAD_PX + p.height + FOOT_PX;
}

static int draw(nd_bytes *png, const nd_study_report *r)
{
    int n_groups = 0;
    for (size_t i = 0; i < ND_COUNT(r->groups); i++) n_groups += r->groups[i].n_people > 0 || !i;
    nd_canvas c = {0};
    char facts[160];
    double y = TITLE_PX;
    int rc = nd_canvas_init(&c, WIDTH_PX,
                            TITLE_PX + n_groups * (HEAD_PX + FOOT_PX + r->n_systems * ROW_PX) + 16);
    snprintf(facts, sizeof facts, "%d of %d videos shown; share of answers, Wilson 95 %% intervals",
             r->n_shown, r->n_videos);
    if (!rc) nd_canvas_title(&c, MARGIN_PX, "Which music fits better?", facts);
    for (size_t i = 0; i < ND_COUNT(r->groups) && !rc; i++)
        if (r->groups[i].n_people > 0 || !i) y += draw_group(&c, r, &r->groups[i], y);
    if (!rc) rc = nd_canvas_png(png, &c);
    nd_canvas_deinit(&c);
    return rc;
}

int nd_study_picture(const nd_study_report *report, const char *path, nd_diag *diag)
{
    nd_bytes png = {0};
    if (!report || !path)
        return nd_diag_set(diag, ND_EARG, "drawing a study: a report and a path expected");
    int rc = draw(&png, report);
    if (rc) nd_diag_set(diag, rc, "drawing %s: out of memory", path);
    else rc = nd_file_write(path, png.data, png.n, diag);
    nd_bytes_deinit(&png);
    return rc;
}
