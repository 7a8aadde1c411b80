/* word2vec's text format, of files that nobody vouches for. */
#include <math.h>
#include <string.h>

#include "embed/tag_vec.h"

enum { NUMBER_BYTES = 48 };

typedef struct {
    nd_vec v;
    const char *name, *at, *end; /* what is left */
    int64_t line, n_said;        /* rows that the first line says; -1: there is no such line */
    nd_diag *diag;
} reader;

/* One line's fields. */
typedef struct {
    const char *at, *end;
} line_reader;

/* @return bytes of the next field, at l->at; 0: there is none */
static size_t next_field(line_reader *l)
{
    while (l->at < l->end && (*l->at == ' ' || *l->at == '\t')) l->at++;
    size_t n = 0;
    while (l->at + n < l->end && l->at[n] != ' ' && l->at[n] != '\t') n++;
    return n;
}

static int count_fields(line_reader l)
{
    int count = 0;
    for (size_t n; count <= ND_VEC_MAX_DIM + 1 && (n = next_field(&l)); l.at += n) count++;
    return count;
}

static bool next_line(reader *r, line_reader *out)
{
    if (r->at >= r->end) return false;
    const char *feed = memchr(r->at, '\n', (size_t)(r->end - r->at));
    *out = (line_reader){.at = r->at, .end = feed ? feed : r->end};
    r->at = feed ? feed + 1 : r->end;
    if (out->end > out->at && out->end[-1] == '\r') out->end--;
    r->line++;
    return true;
}

/* Digits, sign, point and exponent alone: what strtof reads beside them (inf, 0x) is no number
 * here. */
static bool read_number(float *out, const char *text, size_t n)
{
    char copy[NUMBER_BYTES], *end;
    if (n == 0 || n >= sizeof copy) return false;
    memcpy(copy, text, n);
    copy[n] = '\0';
    if (strspn(copy, "0123456789+-.eE") != n) return false;
    float x = strtof(copy, &end);
    if (*end || !isfinite(x)) return false;
    *out = x;
    return true;
}

static bool is_word(const char *word, size_t n)
{
    if (n == 0 || n > ND_VEC_MAX_WORD_BYTES || memchr(word, '\0', n)) return false;
    for (size_t i = 0; i < n;) {
        int length = nd_utf8_length(word + i, n - i);
        if (!length) return false;
        i += (size_t)length;
    }
    return true;
}

static int fault(const reader *r, int code, const char *what)
{
    return nd_diag_set(r->diag, code, "reading %s: line %lld: %s", r->name, (long long)r->line,
                       what);
}

/* The numbers after a word into row [dim]. */
static int read_row(const reader *r, float *row, line_reader l)
{
    for (int i = 0; i < r->v.dim; i++) {
        size_t n = next_field(&l);
        if (!read_number(&row[i], l.at, n)) {
            char text[64];
            return nd_diag_set(r->diag, ND_EFORMAT,
                               "reading %s: line %lld: number %d of %d expected, \"%s\" found",
                               r->name, (long long)r->line, i + 1, r->v.dim,
                               nd_text_print(text, sizeof text, l.at, n));
        }
        l.at += n;
    }
    return next_field(&l) ? fault(r, ND_EFORMAT, "fewer numbers expected") : 0;
}

static int read_word(reader *r, line_reader l)
{
    nd_vec *v = &r->v;
    size_t n = next_field(&l), dim = (size_t)v->dim, used;
    if (n == 0) return 0;
    const char *word = l.at;
    l.at += n;
    if (v->words.n >= ND_VEC_MAX_ROWS) return fault(r, ND_ELIMIT, "fewer rows expected");
    if (!nd_size_mul(&used, v->words.n, dim) ||
        nd_grow(&v->rows, &v->capacity, used, dim, sizeof *v->rows))
        return fault(r, ND_ENOMEM, "out of memory");
    int rc = read_row(r, v->rows + used, l), id;
    if (rc) return rc;
    if (!is_word(word, n) || nd_tag_map_find(&v->words, word, n) >= 0) {
        v->n_skipped++;
        return 0;
    }
    rc = nd_tag_map_add(&v->words, word, n, &id);
    return rc ? fault(r, rc, "out of memory") : 0;
}

static bool is_whole_number(int64_t *out, const char *text, size_t n)
{
    if (n == 0 || n > 12) return false;
    int64_t x = 0;
    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9') return false;
        x = 10 * x + (text[i] - '0');
    }
    *out = x;
    return true;
}

/* "rows dim", or the first row of a file that has no such line. */
static int read_first_line(reader *r)
{
    line_reader l, field;
    if (!next_line(r, &l)) return fault(r, ND_EFORMAT, "\"rows dim\" expected, nothing found");
    field = l;
    int n_fields = count_fields(l);
    int64_t rows = 0, dim = 0;
    size_t n = next_field(&field);
    bool has_head = n_fields == 2 && is_whole_number(&rows, field.at, n);
    field.at += n;
    n = next_field(&field);
    has_head = has_head && is_whole_number(&dim, field.at, n);
    if (!has_head) dim = n_fields - 1;
    if (dim < 1 && !has_head) return fault(r, ND_EFORMAT, "\"rows dim\" expected");
    if (dim < 1 || dim > ND_VEC_MAX_DIM)
        return nd_diag_set(r->diag, ND_ELIMIT, "reading %s: dim 1 .. %d expected, %lld found",
                           r->name, ND_VEC_MAX_DIM, (long long)dim);
    r->v.dim = (int)dim;
    r->n_said = has_head ? rows : -1;
    return has_head ? 0 : read_word(r, l);
}

static int check_rows(const reader *r)
{
    int64_t n = (int64_t)r->v.words.n + r->v.n_skipped;
    if (r->n_said >= 0 && r->n_said != n)
        return nd_diag_set(r->diag, ND_EFORMAT,
                           "reading %s: %lld rows expected, as its first line says, %lld found",
                           r->name, (long long)r->n_said, (long long)n);
    return r->v.words.n ? 0 : fault(r, ND_EFORMAT, "a word expected, none found");
}

int nd_vec_parse(nd_vec *out, const void *bytes, size_t n, const char *name, nd_diag *diag)
{
    const char *text = n ? bytes : "";
    reader r = {.name = name, .at = text, .end = text + n, .diag = diag};
    line_reader l;
    int rc = read_first_line(&r);
    while (!rc && next_line(&r, &l)) rc = read_word(&r, l);
    if (!rc) rc = check_rows(&r);
    if (rc) nd_vec_deinit(&r.v);
    else *out = r.v;
    return rc;
}

int nd_vec_read(nd_vec *out, const char *path, nd_diag *diag)
{
    nd_file_map file = {0};
    int rc = nd_file_map_open(&file, path, diag);
    if (!rc) rc = nd_vec_parse(out, file.bytes, file.n, path, diag);
    nd_file_map_deinit(&file);
    return rc;
}

static void print_row(nd_str *s, const char *word, const float *row, int dim)
{
    for (; *word; word += strcspn(word, " ") ? strcspn(word, " ") : 1) {
        if (*word == ' ') nd_str_append(s, "_");
        else nd_str_append(s, "%.*s", (int)strcspn(word, " "), word);
    }
    for (int i = 0; i < dim; i++) nd_str_append(s, " %.9g", (double)row[i]);
    nd_str_append(s, "\n");
}

int nd_vec_write(const nd_vec *v, const char *path, nd_diag *diag)
{
    nd_file_writer *w = NULL;
    nd_str s = {0};
    int rc = nd_file_writer_open(&w, path, diag);
    nd_str_append(&s, "%zu %d\n", v->words.n, v->dim);
    for (size_t i = 0; i < v->words.n && !rc; i++) {
        print_row(&s, v->words.texts[i], v->rows + i * (size_t)v->dim, v->dim);
        if (s.failed) rc = nd_diag_set(diag, ND_ENOMEM, "writing %s: out of memory", path);
        else if (s.n >= 1 << 20 || i + 1 == v->words.n) {
            rc = nd_file_writer_append(w, s.text, s.n, diag);
            s.n = 0;
        }
    }
    if (!rc) rc = nd_file_writer_commit(w, diag);
    nd_file_writer_close(&w);
    nd_str_deinit(&s);
    return rc;
}

void nd_vec_deinit(nd_vec *v)
{
    nd_tag_map_deinit(&v->words);
    free(v->rows);
    *v = (nd_vec){0};
}
