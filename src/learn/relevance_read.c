/* Judgements and rankings, a line at a time: a bad one costs itself alone. */
#include <math.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "learn/corpus_internal.h"
#include "learn/relevance.h"

enum { MAX_BYTES = 256 << 20, MAX_PROBLEMS = 100 };
static const double MOST_GRADE = 1e6;

void nd__problem_add(nd__problems *p, const char *path, int line, const char *format, ...)
{
    char text[512], whole[1024], printed[1024], place[32] = "";
    if (p->n++ >= MAX_PROBLEMS) return;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (line) snprintf(place, sizeof place, "line %d: ", line);
    snprintf(whole, sizeof whole, "%.400s: %s%s", path, place, text);
    nd_str_append(&p->lines, "%s\n", nd_text_print(printed, sizeof printed, whole, strlen(whole)));
}

/* ---- marks ---------- */

int nd__marks_add(nd__marks *m, const char *video, const char *track, double value, int line)
{
    nd__mark mark = {.line = line, .value = value};
    int rc = nd__names_add(&m->videos, video, &mark.video);
    if (!rc) rc = nd__names_add(&m->tracks, track, &mark.track);
    if (!rc) rc = nd_grow(&m->items, &m->capacity, m->n, 1, sizeof mark);
    if (!rc) m->items[m->n++] = mark;
    return rc;
}

void nd__marks_deinit(nd__marks *m)
{
    nd_tag_map_deinit(&m->videos);
    nd_tag_map_deinit(&m->tracks);
    free(m->items);
    *m = (nd__marks){.path = m->path, .value = m->value};
}

/* ---- lines ---------- */

enum { VIDEO, TRACK, VALUE, N_COLUMNS };

typedef struct reader {
    nd__marks *out;
    nd__problems *problems;
    int columns[N_COLUMNS]; /* where each stands */
    bool is_first;          /* no line was read yet: it may name the columns */
    int line;
} reader;

/* What a line says, borrowed. */
typedef struct entry {
    const char *video, *track; /* NULL or "": not there */
    double value;              /* NaN: no number */
} entry;

static int add_entry(reader *r, const entry *e)
{
    nd__marks *m = r->out;
    bool is_grade = !strcmp(m->value, "grade");
    m->n_lines++;
    r->is_first = false;
    if (!e->video || !*e->video || !e->track || !*e->track)
        nd__problem_add(r->problems, m->path, r->line, "video, track, %s expected", m->value);
    else if (!isfinite(e->value))
        nd__problem_add(r->problems, m->path, r->line, "%s: a number expected", m->value);
    else if (is_grade && (e->value < 0 || e->value > MOST_GRADE))
        nd__problem_add(r->problems, m->path, r->line, "grade: 0 .. %g expected, found %g",
                        MOST_GRADE, e->value);
    else return nd__marks_add(m, e->video, e->track, e->value, r->line);
    return 0;
}

static const char *either(const json_t *o, const char *key, const char *other)
{
    const char *text = json_string_value(json_object_get(o, key));
    return text ? text : json_string_value(json_object_get(o, other));
}

static int read_json(reader *r, const char *text, size_t n)
{
    json_error_t error;
    json_t *o = json_loadb(text, n, JSON_REJECT_DUPLICATES, &error);
    if (!o && json_error_code(&error) == json_error_out_of_memory) return ND_ENOMEM;
    const json_t *value = json_object_get(o, r->out->value);
    entry e = {either(o, "video", "path"), either(o, "track", "music"),
               json_is_number(value) ? json_number_value(value) : NAN};
    int rc = add_entry(r, &e);
    json_decref(o);
    return rc;
}

static double number_in(const char *text)
{
    char *end;
    double value = strtod(text, &end);
    return end == text || end[strspn(end, " ")] ? NAN : value;
}

/* @return whether the line names its columns: then they are where it has them */
static bool read_header(reader *r, const nd__table *t)
{
    int track = nd__table_column(t, "track");
    int columns[N_COLUMNS] = {nd__table_column(t, "video"),
                              track < 0 ? nd__table_column(t, "music") : track,
                              nd__table_column(t, r->out->value)};
    for (int c = 0; c < N_COLUMNS; c++)
        if (columns[c] < 0) return false;
    memcpy(r->columns, columns, sizeof columns);
    return true;
}

static const char *cell(const nd__table *t, int column)
{
    return t->n_rows && column < t->n_columns ? t->cells[column] : "";
}

static int read_fields(reader *r, const char *text, size_t n)
{
    nd__table t = {0};
    entry e = {.value = NAN};
    int rc = nd__table_parse(&t, text, n, r->out->path, NULL);
    if (rc == ND_ENOMEM) return rc;
    if (!rc && r->is_first && read_header(r, &t)) r->is_first = false;
    else {
        if (!rc)
            e = (entry){cell(&t, r->columns[VIDEO]), cell(&t, r->columns[TRACK]),
                        number_in(cell(&t, r->columns[VALUE]))};
        rc = add_entry(r, &e);
    }
    nd__table_deinit(&t);
    return rc;
}

static int read_line(reader *r, const char *text, size_t n)
{
    if (n && text[n - 1] == '\r') n--;
    size_t blank = 0;
    while (blank < n && text[blank] == ' ') blank++;
    if (blank == n || *text == '#') return 0;
    return text[blank] == '{' ? read_json(r, text, n) : read_fields(r, text, n);
}

int nd__marks_parse(nd__marks *out, const char *bytes, size_t n, nd__problems *problems,
                    nd_diag *diag)
{
    reader r = {.out = out, .problems = problems, .columns = {0, 1, 2}, .is_first = true};
    bool has_mark = n >= 3 && !memcmp(bytes, "\xEF\xBB\xBF", 3);
    int rc = 0;
    for (const char *at = bytes + 3 * has_mark, *end = bytes + n; at < end && !rc;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t bytes_of_line = (size_t)((newline ? newline : end) - at);
        r.line++;
        rc = read_line(&r, at, bytes_of_line);
        at += bytes_of_line + 1;
    }
    if (!rc) return 0;
    nd__marks_deinit(out);
    return nd_diag_set(diag, rc, "reading %s: line %d: %s", out->path, r.line, nd_error_text(rc));
}

int nd__marks_read(nd__marks *out, nd__problems *problems, nd_diag *diag)
{
    nd_bytes bytes = {0};
    int rc = nd_file_read(&bytes, out->path, MAX_BYTES, diag);
    if (!rc)
        rc = nd__marks_parse(out, bytes.n ? (const char *)bytes.data : "", bytes.n, problems, diag);
    nd_bytes_deinit(&bytes);
    return rc;
}
