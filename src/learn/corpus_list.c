/* Tables of texts (CSV, TSV), and lists of pairs in them or in JSON lines. */
#define _GNU_SOURCE
#include <jansson.h>
#include <math.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "learn/corpus_internal.h"

enum { MAX_LIST_BYTES = 256 << 20 };

/* ---- tables ------------------------------------------------------------------------ */

/* A table in the making. Fields are places in its text, which moves while it grows. */
typedef struct {
    const char *at, *end, *name;
    char comma;
    int line;
    nd_bytes text;
    struct field {
        size_t place;
        int row, column, line;
    } * fields;
    size_t n_fields, capacity;
    int n_rows, n_columns;
    nd_diag *diag;
} table_reader;

static int no_memory(const char *name, nd_diag *diag)
{
    return nd_diag_set(diag, ND_ENOMEM, "reading %s: out of memory", name);
}

/* A field in quotes, "" being a quote, its first quote passed; all it holds is kept. */
static int read_quoted(table_reader *r)
{
    int first = r->line;
    for (; r->at < r->end; r->at++) {
        bool is_quote = *r->at == '"';
        if (is_quote && (r->at + 1 == r->end || r->at[1] != '"')) {
            r->at++;
            return 0;
        }
        if (is_quote) r->at++;
        r->line += *r->at == '\n';
        if (nd_bytes_append(&r->text, r->at, 1)) return no_memory(r->name, r->diag);
    }
    return nd_diag_set(r->diag, ND_EFORMAT, "reading %s: the quote of line %d does not end",
                       r->name, first);
}

/* What stands up to the next comma or the line's end. */
static int read_plain(table_reader *r)
{
    const char *from = r->at;
    while (r->at < r->end && *r->at != r->comma && *r->at != '\n') r->at++;
    size_t n = (size_t)(r->at - from);
    if (n && from[n - 1] == '\r') n--;
    return nd_bytes_append(&r->text, from, n) ? no_memory(r->name, r->diag) : 0;
}

static int read_field(table_reader *r, int column)
{
    struct field f = {r->text.n, r->n_rows, column, r->line};
    if (column == ND__MAX_FIELDS)
        return nd_diag_set(r->diag, ND_ELIMIT, "reading %s: line %d: at most %d fields expected",
                           r->name, r->line, ND__MAX_FIELDS);
    int rc = 0;
    if (r->comma == ',' && r->at < r->end && *r->at == '"') {
        r->at++;
        rc = read_quoted(r);
    }
    if (!rc) rc = read_plain(r);
    if (rc) return rc;
    if (nd_bytes_append(&r->text, "", 1) ||
        nd_grow(&r->fields, &r->capacity, r->n_fields, 1, sizeof f))
        return no_memory(r->name, r->diag);
    r->fields[r->n_fields++] = f;
    r->n_columns = ND_MAX(r->n_columns, column + 1);
    return 0;
}

/* A line, which quotes may make several. An empty one is no row. */
static int read_row(table_reader *r)
{
    size_t first = r->n_fields;
    int rc = 0;
    for (int column = 0; !rc; column++) {
        rc = read_field(r, column);
        if (rc || r->at == r->end || *r->at == '\n') break;
        r->at++;
    }
    if (rc) return rc;
    bool is_empty = r->n_fields == first + 1 && !r->text.data[r->fields[first].place];
    if (is_empty) r->n_fields = first;
    else r->n_rows++;
    r->line++;
    if (r->at < r->end) r->at++;
    return 0;
}

static int make_cells(nd__table *t, table_reader *r)
{
    t->cells = nd_calloc((size_t)r->n_rows * (size_t)r->n_columns, sizeof *t->cells);
    t->lines = nd_calloc((size_t)r->n_rows, sizeof *t->lines);
    if (!t->cells || !t->lines) return no_memory(r->name, r->diag);
    for (size_t i = 0; i < (size_t)r->n_rows * (size_t)r->n_columns; i++) t->cells[i] = "";
    for (size_t i = 0; i < r->n_fields; i++) {
        const struct field *f = &r->fields[i];
        t->cells[(size_t)f->row * (size_t)r->n_columns + (size_t)f->column] =
            (const char *)r->text.data + f->place;
        if (f->column == 0) t->lines[f->row] = f->line;
    }
    t->n_rows = r->n_rows;
    t->n_columns = r->n_columns;
    return 0;
}

int nd__table_parse(nd__table *out, const char *bytes, size_t n, const char *name, nd_diag *diag)
{
    bool has_mark = n >= 3 && !memcmp(bytes, "\xEF\xBB\xBF", 3);
    table_reader r = {.at = bytes + 3 * has_mark, .end = bytes + n, .name = name, .line = 1};
    r.diag = diag;
    const char *newline = memchr(r.at, '\n', (size_t)(r.end - r.at));
    size_t first = (size_t)((newline ? newline : r.end) - r.at);
    r.comma = first && memchr(r.at, '\t', first) ? '\t' : ',';
    nd__table t = {0};
    int rc = 0;
    while (!rc && r.at < r.end) rc = read_row(&r);
    if (!rc) rc = make_cells(&t, &r);
    free(r.fields);
    t.text = r.text;
    if (rc) nd__table_deinit(&t);
    else *out = t;
    return rc;
}

int nd__table_read(nd__table *out, const char *path, nd_diag *diag)
{
    nd_bytes bytes = {0};
    int rc = nd_file_read(&bytes, path, MAX_LIST_BYTES, diag);
    if (!rc)
        rc = nd__table_parse(out, bytes.n ? (const char *)bytes.data : "", bytes.n, path, diag);
    nd_bytes_deinit(&bytes);
    return rc;
}

void nd__table_deinit(nd__table *t)
{
    nd_bytes_deinit(&t->text);
    free(t->cells);
    free(t->lines);
    *t = (nd__table){0};
}

int nd__table_column(const nd__table *t, const char *name)
{
    for (int i = 0; t->n_rows && i < t->n_columns; i++)
        if (!strcasecmp(t->cells[i], name)) return i;
    return -1;
}

/* ---- pairs ------------------------------------------------------------------------- */

typedef struct {
    nd_corpus_draft *d;
    const char *path, *videos, *music; /* of the list; folders */
} list_reader;

static int fail_line(const list_reader *l, int line, const char *why, const char *what)
{
    return nd__draft_fail(l->d, &l->d->failures, l->path, "line %d: %s%s", line, why, what);
}

/* Add a pair whose names stand in the list. *out NULL: it is a failure. */
static int add_pair(nd__draft_pair **out, const list_reader *l, int line, const char *video,
                    const char *music, double start_s)
{
    *out = NULL;
    l->d->n_listed++;
    if (!video || !*video || !music || !*music)
        return fail_line(l, line, "a video and a music expected", "");
    if (!(start_s >= 0 && isfinite(start_s)))
        return fail_line(l, line, "start_s: seconds, 0 or more, expected", "");
    const char *v = nd__arena_path(&l->d->texts, l->videos, video);
    const char *m = nd__arena_path(&l->d->texts, l->music, music);
    if (!v || !m) return ND_ENOMEM;
    if (access(v, F_OK)) return fail_line(l, line, "no such video: ", v);
    if (access(m, F_OK)) return fail_line(l, line, "no such music: ", m);
    nd__draft_pair *p = nd__draft_add(l->d, video, v, m);
    if (!p) return ND_ENOMEM;
    p->root_video = l->videos;
    p->root_music = l->music;
    p->start_s = start_s;
    *out = p;
    return 0;
}

static int add_tag_list(nd_corpus_draft *d, nd__draft_pair *p, const char *tags)
{
    int rc = 0;
    while (*tags && !rc) {
        size_t n = strcspn(tags, ";,|");
        rc = nd__draft_tag(d, p, tags, n);
        tags += n + (tags[n] != '\0');
    }
    return rc;
}

/* Which column is what; -1: none. */
typedef struct {
    int video, music, start, tags;
    bool has_names;
} columns;

static columns find_columns(const nd__table *t)
{
    columns c = {nd__table_column(t, "video"), nd__table_column(t, "music"),
                 nd__table_column(t, "start_s"), nd__table_column(t, "tags"), true};
    if (c.video >= 0 && c.music >= 0) return c;
    return (columns){0, t->n_columns > 1 ? 1 : -1, t->n_columns > 2 ? 2 : -1,
                     t->n_columns > 3 ? 3 : -1, false};
}

static const char *cell(const nd__table *t, int row, int column)
{
    return column < 0 ? "" : t->cells[(size_t)row * (size_t)t->n_columns + (size_t)column];
}

static int add_row(const list_reader *l, const nd__table *t, const columns *c, int row)
{
    const char *start = cell(t, row, c->start);
    char *end = NULL;
    double start_s = *start ? strtod(start, &end) : 0;
    if (*start && (end == start || *end)) start_s = NAN;
    nd__draft_pair *p = NULL;
    int rc = add_pair(&p, l, t->lines[row], cell(t, row, c->video), cell(t, row, c->music),
                      start_s);
    return rc || !p ? rc : add_tag_list(l->d, p, cell(t, row, c->tags));
}

static int read_table_pairs(const list_reader *l, const nd_bytes *bytes, nd_diag *diag)
{
    nd__table t = {0};
    int rc = nd__table_parse(&t, bytes->n ? (const char *)bytes->data : "", bytes->n, l->path,
                             diag);
    if (rc) return rc;
    columns c = find_columns(&t);
    for (int row = c.has_names; row < t.n_rows && !rc; row++) rc = add_row(l, &t, &c, row);
    nd__table_deinit(&t);
    return rc;
}

static int add_json(const list_reader *l, const json_t *root, int line)
{
    const json_t *start = json_object_get(root, "start_s"), *tags = json_object_get(root, "tags");
    double start_s = !start || json_is_null(start) ? 0
                     : json_is_number(start)       ? json_number_value(start)
                                                   : NAN;
    nd__draft_pair *p = NULL;
    int rc = add_pair(&p, l, line, json_string_value(json_object_get(root, "video")),
                      json_string_value(json_object_get(root, "music")), start_s);
    for (size_t i = 0; p && i < json_array_size(tags) && !rc; i++) {
        const json_t *tag = json_array_get(tags, i);
        if (json_is_string(tag))
            rc = nd__draft_tag(l->d, p, json_string_value(tag), json_string_length(tag));
    }
    return rc;
}

static int read_json_pairs(const list_reader *l, const nd_bytes *bytes)
{
    const char *at = (const char *)bytes->data, *end = at + bytes->n;
    int rc = 0;
    for (int line = 1; at < end && !rc; line++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at)), *stop = newline ? newline : end;
        json_error_t error = {.text = ""};
        bool is_empty = strspn(at, " \t\r") >= (size_t)(stop - at);
        json_t *root = is_empty
                           ? NULL
                           : json_loadb(at, (size_t)(stop - at), JSON_REJECT_DUPLICATES, &error);
        if (root) rc = add_json(l, root, line);
        else if (!is_empty) rc = fail_line(l, line, "not JSON: ", error.text);
        json_decref(root);
        at = newline ? newline + 1 : end;
    }
    return rc;
}

int nd__list_pairs(nd_corpus_draft *d, const char *path, const char *videos, const char *music,
                   nd_diag *diag)
{
    list_reader l = {d, path, videos, music};
    nd_bytes bytes = {0};
    int rc = nd_file_read(&bytes, path, MAX_LIST_BYTES, diag);
    if (rc) return rc;
    const char *dot = strrchr(nd_path_name(path), '.');
    bool is_json = dot && (!strcasecmp(dot, ".jsonl") || !strcasecmp(dot, ".ndjson"));
    rc = nd_bytes_append(&bytes, "", 1) ? ND_ENOMEM : 0; /* texts in it end */
    bytes.n -= rc == 0;
    if (!rc) rc = is_json ? read_json_pairs(&l, &bytes) : read_table_pairs(&l, &bytes, diag);
    nd_bytes_deinit(&bytes);
    return rc == ND_ENOMEM ? no_memory(path, diag) : rc;
}
