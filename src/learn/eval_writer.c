/* Tables of figures as text, for people or as Markdown. */
#include <math.h>

#include "learn/eval_writer.h"

enum { NAME_WIDTH = 31 };

void nd__writer_begin(nd__writer *w, const char *name)
{
    if (w->is_markdown) nd_str_append(&w->s, "| %s |", name);
    else nd_str_append(&w->s, "  %-*s", NAME_WIDTH, name);
}

void nd__writer_cell(nd__writer *w, int width, const char *text)
{
    if (w->is_markdown) nd_str_append(&w->s, " %s |", text);
    else nd_str_append(&w->s, " %*s", width, text);
}

void nd__writer_end(nd__writer *w)
{
    nd_str_append(&w->s, "\n");
}

void nd__writer_head(nd__writer *w, const char *title, const nd__column *columns, size_t n)
{
    nd_str_append(&w->s, "\n");
    nd__writer_begin(w, title);
    for (size_t i = 0; i < n; i++) nd__writer_cell(w, columns[i].width, columns[i].name);
    nd__writer_end(w);
    if (!w->is_markdown) return;
    nd_str_append(&w->s, "| --- |");
    for (size_t i = 0; i < n; i++) nd_str_append(&w->s, " ---: |");
    nd__writer_end(w);
}

/* -0.0 is 0.0. */
double nd__writer_rounded(double x)
{
    return round(x * 100) / 100 + 0.0;
}

void nd__writer_estimate(nd__writer *w, int width, const nd_estimate *e, double scale)
{
    char text[96];
    snprintf(text, sizeof text, "%.1f (%.1f .. %.1f)", nd__writer_rounded(e->value * scale),
             nd__writer_rounded(e->lo * scale), nd__writer_rounded(e->hi * scale));
    if (isnan(e->value)) text[0] = '\0';
    nd__writer_cell(w, width, text);
}

void nd__writer_number(nd__writer *w, int width, double x)
{
    char text[64];
    snprintf(text, sizeof text, "%.1f", nd__writer_rounded(x));
    nd__writer_cell(w, width, text);
}

void nd__writer_count(nd__writer *w, int width, int n)
{
    char text[16];
    snprintf(text, sizeof text, "%d", n);
    nd__writer_cell(w, width, text);
}

int nd__writer_take(char **text_out, nd__writer *w)
{
    char *text = nd_str_take(&w->s);
    if (!text) return ND_ENOMEM;
    *text_out = text;
    return 0;
}
