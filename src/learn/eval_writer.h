/* Tables of figures as text, for people or as Markdown: a name, then cells. */
#ifndef ND_LEARN_EVAL_WRITER_H
#define ND_LEARN_EVAL_WRITER_H

#include "learn/eval.h"

/** Zeroed is empty. */
typedef struct nd__writer {
    nd_str s;
    bool is_markdown;
} nd__writer;

/** A column of a table. */
typedef struct nd__column {
    const char *name;
    int width; /* characters, of text for people */
} nd__column;

/** An empty line, and the head of a table. @param columns  [n], beside the names of rows */
void nd__writer_head(nd__writer *w, const char *title, const nd__column *columns, size_t n);

/** A row: its name, its cells, its end. */
void nd__writer_begin(nd__writer *w, const char *name);
void nd__writer_cell(nd__writer *w, int width, const char *text);
void nd__writer_number(nd__writer *w, int width, double x); /* one decimal */
void nd__writer_count(nd__writer *w, int width, int n);
void nd__writer_end(nd__writer *w);

/** "12.5 (10.1 .. 15.0)" of value, lo, hi times scale; NaN: empty. */
void nd__writer_estimate(nd__writer *w, int width, const nd_estimate *e, double scale);

/** @return x to two places; -0.0 is 0.0. */
double nd__writer_rounded(double x);

/** Hand over what was written. @param text_out  caller frees with free(3)
 *  @return 0; ND_ENOMEM (*text_out untouched). */
int nd__writer_take(char **text_out, nd__writer *w);

#endif
