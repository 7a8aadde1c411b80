/* Reading corpus.jsonl: a line at a time, so that one that is broken costs itself and no more.
 * A pair's texts lie in one block of the corpus's arena. Repeats are found by sorting once all
 * lines are read: nobody's choice of names can make that slow. */
#define _GNU_SOURCE
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "base/arena.h"
#include "learn/corpus_internal.h"

enum {
    MAX_LINES = 16 << 20,
    MAX_PROBLEMS = 100000, /* listed; more are counted */
    MAX_TAG_BYTES = 1024   /* a longer one is no tag */
};

typedef struct {
    nd_pair pair;
    int video, music; /* files */
} kept_pair;

struct nd_corpus {
    char *dir;
    nd_arena texts;
    kept_pair *pairs;
    size_t n_pairs, pair_capacity;
    nd_corpus_file *files;
    int n_files;
    nd_corpus_problem *problems;
    size_t n_problems, problem_capacity;
    int n_unlisted; /* problems beyond MAX_PROBLEMS */
};

/* ---- problems ---------------------------------------------------------------------- */

static int add_problem(nd_corpus *c, nd_corpus_problem p, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* @return 0 or ND_ENOMEM */
static int add_problem(nd_corpus *c, nd_corpus_problem p, const char *format, ...)
{
    char text[512];
    va_list args;
    if (c->n_problems >= MAX_PROBLEMS) {
        c->n_unlisted++;
        return 0;
    }
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    nd_text_print(p.reason, sizeof p.reason, text, strlen(text));
    if (nd_grow(&c->problems, &c->problem_capacity, c->n_problems, 1, sizeof p)) return ND_ENOMEM;
    c->problems[c->n_problems++] = p;
    return 0;
}

static int by_line(const void *a, const void *b)
{
    const nd_corpus_problem *p = a, *q = b;
    if (p->line != q->line) return p->line < q->line ? -1 : 1;
    return (p->column > q->column) - (p->column < q->column);
}

static int finish_problems(nd_corpus *c)
{
    if (c->n_problems) qsort(c->problems, c->n_problems, sizeof *c->problems, by_line);
    if (!c->n_unlisted) return 0;
    nd_corpus_problem more = {.kind = ND_PROBLEM_MORE};
    more.line = c->problems[c->n_problems - 1].line;
    c->n_problems--; /* the last gives its place to the number of those that are not listed */
    return add_problem(c, more, "from here on %d more problems are not listed", c->n_unlisted + 1);
}

/* ---- a line ------------------------------------------------------------------------ */

typedef struct {
    nd_corpus *c;
    const char *text;
    size_t n;
    int line;
} line_reader;

/* Where "key" stands in the line, bytes from 1; 0: nowhere. */
static int column_of(const line_reader *r, const char *key)
{
    char quoted[32];
    int n = snprintf(quoted, sizeof quoted, "\"%s\"", key);
    const char *at = memmem(r->text, r->n, quoted, (size_t)n);
    return at ? (int)(at - r->text) + 1 : 0;
}

static nd_corpus_problem at_key(const line_reader *r, const char *key)
{
    return (nd_corpus_problem){.line = r->line, .column = column_of(r, key)};
}

/* A text that must be there and not be empty: NULL and a problem where it is not. */
static const char *need_text(const line_reader *r, const json_t *root, const char *key, int *rc)
{
    const json_t *value = json_object_get(root, key);
    const char *text = json_string_value(value);
    if (text && *text) return text;
    *rc = add_problem(r->c, at_key(r, key), "\"%s\": a text expected, found %s", key,
                      !value ? "none"
                      : text ? "an empty one"
                             : "something else");
    return NULL;
}

/* @return whether it is good; *rc: out of memory */
static bool read_start(double *out, const line_reader *r, const json_t *root, int *rc)
{
    const json_t *value = json_object_get(root, "start_s");
    if (!value || json_is_null(value)) return true;
    double start = json_is_number(value) ? json_number_value(value) : NAN;
    if (start >= 0 && isfinite(start)) return *out = start, true;
    *rc = add_problem(r->c, at_key(r, "start_s"), "\"start_s\": seconds, 0 or more, expected");
    return false;
}

static bool read_split(nd_split *out, const line_reader *r, const json_t *root, int *rc)
{
    const char *name = need_text(r, root, "split", rc);
    if (!name) return false;
    if (nd_split_parse(out, name)) return true;
    *rc = add_problem(r->c, at_key(r, "split"),
                      "\"split\": train, val or test expected, found \"%.60s\"", name);
    return false;
}

static bool are_tags(const line_reader *r, const json_t *tags, int *rc)
{
    bool good = !tags || json_is_null(tags) || json_is_array(tags);
    for (size_t i = 0; good && i < json_array_size(tags); i++)
        good = json_is_string(json_array_get(tags, i));
    if (!good) *rc = add_problem(r->c, at_key(r, "tags"), "\"tags\": a list of texts expected");
    return good;
}

static const char *put_text(char **at, const char *text)
{
    size_t n = strlen(text) + 1;
    char *copy = memcpy(*at, text, n);
    *at += n;
    return copy;
}

/* Tags [n] behind one another at *at, their pointers into list, NULL last. What is left of one
 * when it is cleaned may be nothing; what is too long for a tag is told of. */
static int put_tags(nd_pair *p, char **at, const char **list, const line_reader *r,
                    const json_t *tags)
{
    int rc = 0;
    nd_corpus_problem note = at_key(r, "tags");
    note.kind = ND_PROBLEM_TAG;
    for (size_t i = 0; i < json_array_size(tags) && !rc; i++) {
        const json_t *tag = json_array_get(tags, i);
        size_t n = json_string_length(tag);
        if (n > MAX_TAG_BYTES) {
            rc = add_problem(r->c, note, "tag %zu left out: %zu bytes, at most %d expected", i + 1,
                             n, MAX_TAG_BYTES);
            continue;
        }
        nd_text_clean(*at, n + 1, json_string_value(tag), n);
        if (!**at) continue;
        list[p->n_tags++] = *at;
        *at += strlen(*at) + 1;
    }
    p->tags = list;
    return rc;
}

/* Copy a pair with its texts into one block. */
static int keep_pair(const line_reader *r, nd_pair p, const json_t *tags)
{
    size_t n_tags = json_array_size(tags), list_bytes = (n_tags + 1) * sizeof(char *);
    size_t bytes = list_bytes + strlen(p.id) + strlen(p.video) + strlen(p.music) + 3;
    for (size_t i = 0; i < n_tags; i++)
        bytes += ND_MIN(json_string_length(json_array_get(tags, i)), MAX_TAG_BYTES) + 1;
    nd_corpus *c = r->c;
    const char **list = nd_arena_alloc(&c->texts, bytes);
    if (!list || nd_grow(&c->pairs, &c->pair_capacity, c->n_pairs, 1, sizeof *c->pairs))
        return ND_ENOMEM;
    memset(list, 0, list_bytes);
    char *at = (char *)list + list_bytes;
    p.id = put_text(&at, p.id);
    p.video = put_text(&at, p.video);
    p.music = put_text(&at, p.music);
    int rc = put_tags(&p, &at, list, r, tags);
    c->pairs[c->n_pairs++] = (kept_pair){.pair = p};
    return rc;
}

static int read_object(const line_reader *r, const json_t *root)
{
    nd_pair p = {.line = r->line};
    int rc = 0;
    if (!(p.id = need_text(r, root, "id", &rc))) return rc;
    if (!(p.video = need_text(r, root, "video", &rc))) return rc;
    if (!(p.music = need_text(r, root, "music", &rc))) return rc;
    if (!read_start(&p.start_s, r, root, &rc)) return rc;
    if (!read_split(&p.split, r, root, &rc)) return rc;
    const json_t *tags = json_object_get(root, "tags");
    return are_tags(r, tags, &rc) ? keep_pair(r, p, tags) : rc;
}

static bool is_blank(const char *text, size_t n)
{
    while (n && strchr(" \t\r", text[n - 1])) n--;
    return n == 0;
}

/* @return 0, also where the line is a problem; ND_ENOMEM */
static int read_line(nd_corpus *c, const char *text, size_t n, int line)
{
    if (is_blank(text, n)) return 0;
    line_reader r = {c, text, n, line};
    json_error_t error;
    json_t *root = json_loadb(text, n, JSON_REJECT_DUPLICATES, &error);
    int rc = 0;
    if (!root && !error.text[0]) return ND_ENOMEM; /* jansson has no story for it */
    if (!root) {
        nd_corpus_problem p = {.line = line, .column = ND_MAX(error.position, 1)};
        return add_problem(c, p, "not JSON: %s", error.text);
    }
    if (json_is_object(root)) rc = read_object(&r, root);
    else
        rc = add_problem(c, (nd_corpus_problem){.line = line, .column = 1},
                         "a JSON object expected");
    json_decref(root);
    return rc;
}

/* ---- all lines --------------------------------------------------------------------- */

/* Where lines come from: a file, or (NULL) bytes. */
typedef struct {
    FILE *file;
    const char *at, *end;
    const char *path; /* as it is told of */
} line_source;

static int next_byte(line_source *s)
{
    if (s->file) return getc_unlocked(s->file);
    return s->at < s->end ? (unsigned char)*s->at++ : EOF;
}

/* The next line without its end; one that is too long is skipped to its end and *n is more than
 * ND_CORPUS_MAX_LINE_BYTES.
 * @return 1; 0 at the end; ND_ENOMEM */
static int next_line(nd_bytes *line, line_source *from)
{
    line->n = 0;
    int byte = next_byte(from);
    if (byte == EOF) return 0;
    for (; byte != EOF && byte != '\n'; byte = next_byte(from)) {
        if (line->n > ND_CORPUS_MAX_LINE_BYTES) continue;
        if (nd_grow(&line->data, &line->capacity, line->n, 1, 1)) return ND_ENOMEM;
        line->data[line->n++] = (uint8_t)byte;
    }
    return 1;
}

static int read_one(nd_corpus *c, const nd_bytes *line, int number)
{
    const char *text = (const char *)line->data;
    size_t n = line->n;
    if (n > ND_CORPUS_MAX_LINE_BYTES)
        return add_problem(c, (nd_corpus_problem){.line = number},
                           "longer than %d bytes, which no pair is", ND_CORPUS_MAX_LINE_BYTES);
    bool has_mark = number == 1 && n >= 3 && !memcmp(text, "\xEF\xBB\xBF", 3);
    return n ? read_line(c, text + 3 * has_mark, n - 3 * has_mark, number) : 0;
}

static int read_lines(nd_corpus *c, line_source *from, nd_diag *diag)
{
    nd_bytes line = {0};
    int rc = 0, more, number = 0;
    while (!rc && (more = next_line(&line, from))) {
        rc = more < 0 ? more : read_one(c, &line, ++number);
        if (!rc && number == MAX_LINES)
            rc = nd_diag_set(diag, ND_ELIMIT, "reading %s: at most %d lines expected", from->path,
                             MAX_LINES);
    }
    nd_bytes_deinit(&line);
    if (!rc && from->file && ferror(from->file)) return nd_diag_errno(diag, "reading", from->path);
    return rc;
}

/* ---- repeats, files ---------------------------------------------------------------- */

/* Leave out the pairs that repeat an earlier one: first[i] is where it stands first. */
static int drop_repeats(nd_corpus *c, const int *first, bool is_id)
{
    size_t kept = 0;
    int rc = 0;
    /* Lines first: places move below. */
    for (size_t i = 0; i < c->n_pairs && !rc; i++) {
        const nd_pair *p = &c->pairs[i].pair, *before = &c->pairs[first[i]].pair;
        if (first[i] == (int)i) continue;
        nd_corpus_problem at = {is_id ? ND_PROBLEM_ID : ND_PROBLEM_PAIR, p->line, 0, ""};
        if (is_id) rc = add_problem(c, at, "id \"%.40s\" is that of line %d", p->id, before->line);
        else rc = add_problem(c, at, "the video and the music of line %d once more", before->line);
    }
    for (size_t i = 0; i < c->n_pairs; i++)
        if (first[i] == (int)i) c->pairs[kept++] = c->pairs[i];
    c->n_pairs = kept;
    return rc;
}

static int compare_ids(const void *items, int a, int b)
{
    const kept_pair *pairs = items;
    return strcmp(pairs[a].pair.id, pairs[b].pair.id);
}

static int compare_files(const void *items, int a, int b)
{
    const kept_pair *p = (const kept_pair *)items + a, *q = (const kept_pair *)items + b;
    if (p->video != q->video) return p->video < q->video ? -1 : 1;
    return (p->music > q->music) - (p->music < q->music);
}

static int find_repeats(nd_corpus *c, int (*compare)(const void *items, int a, int b), bool is_id)
{
    int *first = nd_calloc(c->n_pairs, sizeof *first), rc = ND_ENOMEM;
    if (first && !nd__group(first, (int)c->n_pairs, compare, c->pairs))
        rc = drop_repeats(c, first, is_id);
    free(first);
    return rc;
}

/* Mentions of files: 2 i is the video of pair i, 2 i + 1 its music. */
static const char *mention(const nd_corpus *c, int k)
{
    const nd_pair *p = &c->pairs[k / 2].pair;
    return k % 2 ? p->music : p->video;
}

/* What makes a file the same: its medium and its tidy path. */
static const char *make_key(nd_arena *a, const nd_corpus *c, int k)
{
    const char *name = mention(c, k);
    char *key = nd_arena_alloc(a, strlen(name) + 3);
    if (!key) return NULL;
    *key = k % 2 ? 'm' : 'v';
    nd__path_tidy(key + 1, name);
    return key;
}

/* files [n], indices in number [n]: one a group, in the order of first mention. */
static int number_files(nd_corpus *c, int *number, const char *const *keys, const int *first, int n)
{
    for (int k = 0; k < n; k++) {
        if (first[k] < k) {
            number[k] = number[first[k]];
            continue;
        }
        const char *path = nd__arena_path(&c->texts, c->dir, keys[k] + 1);
        nd_corpus_file f = {mention(c, k), path, k % 2 ? ND_MUSIC : ND_VIDEO};
        if (!f.path) return ND_ENOMEM;
        number[k] = c->n_files;
        c->files[c->n_files++] = f;
    }
    for (size_t i = 0; i < c->n_pairs; i++) {
        c->pairs[i].video = number[2 * i];
        c->pairs[i].music = number[2 * i + 1];
    }
    return 0;
}

static int find_files(nd_corpus *c)
{
    int n = 2 * (int)c->n_pairs, rc = 0;
    nd_arena scratch = {0};
    const char **keys = nd_calloc((size_t)n, sizeof *keys);
    int *first = nd_calloc((size_t)n, 2 * sizeof *first);
    c->files = nd_calloc((size_t)n, sizeof *c->files);
    if (!keys || !first || !c->files) rc = ND_ENOMEM;
    for (int k = 0; k < n && !rc; k++)
        if (!(keys[k] = make_key(&scratch, c, k))) rc = ND_ENOMEM;
    if (!rc) rc = nd__group(first, n, nd__compare_texts, keys);
    if (!rc) rc = number_files(c, first + n, keys, first, n);
    nd_arena_deinit(&scratch);
    free(keys);
    free(first);
    return rc;
}

static int finish(nd_corpus *c)
{
    int rc = find_repeats(c, compare_ids, true);
    if (!rc) rc = find_files(c);
    if (!rc) rc = find_repeats(c, compare_files, false);
    return rc ? rc : finish_problems(c);
}

/* ---- open, close, look ------------------------------------------------------------- */

static int read_corpus(nd_corpus **out, const char *dir, line_source *from, nd_diag *diag)
{
    nd_corpus *c = nd_calloc(1, sizeof *c);
    int rc = ND_ENOMEM;
    if (!c || !(c->dir = nd__arena_text(&c->texts, dir, strlen(dir)))) goto fail;
    rc = read_lines(c, from, diag);
    if (!rc) rc = finish(c);
    if (rc) goto fail;
    *out = c;
    return 0;
fail:
    nd_corpus_close(&c);
    if (rc != ND_ENOMEM) return rc;
    return nd_diag_set(diag, rc, "reading %s: out of memory", from->path);
}

int nd_corpus_open(nd_corpus **out, const char *dir, nd_diag *diag)
{
    char *path = nd_path_join(dir, "corpus.jsonl");
    if (!path) return nd_diag_set(diag, ND_ENOMEM, "opening %s: out of memory", dir);
    line_source from = {.file = fopen(path, "re"), .path = path};
    int rc = from.file ? read_corpus(out, dir, &from, diag) : nd_diag_errno(diag, "opening", path);
    if (from.file) fclose(from.file);
    free(path);
    return rc;
}

int nd_corpus_parse(nd_corpus **out, const char *dir, const char *bytes, size_t n, nd_diag *diag)
{
    line_source from = {.at = bytes, .end = n ? bytes + n : bytes, .path = "corpus.jsonl"};
    return read_corpus(out, dir, &from, diag);
}

void nd_corpus_close(nd_corpus **c)
{
    if (!c || !*c) return;
    nd_corpus *p = *c;
    nd_arena_deinit(&p->texts);
    free(p->pairs);
    free(p->files);
    free(p->problems);
    free(p);
    *c = NULL;
}

const char *nd_corpus_dir(const nd_corpus *c)
{
    return c->dir;
}

int nd_corpus_count(const nd_corpus *c)
{
    return (int)c->n_pairs;
}

const nd_pair *nd_corpus_pair(const nd_corpus *c, int i)
{
    ND_ASSERT(i >= 0 && i < (int)c->n_pairs);
    return &c->pairs[i].pair;
}

int nd_corpus_problem_count(const nd_corpus *c)
{
    return (int)c->n_problems;
}

const nd_corpus_problem *nd_corpus_problem_at(const nd_corpus *c, int i)
{
    ND_ASSERT(i >= 0 && i < (int)c->n_problems);
    return &c->problems[i];
}

int nd_corpus_file_count(const nd_corpus *c)
{
    return c->n_files;
}

const nd_corpus_file *nd_corpus_file_at(const nd_corpus *c, int i)
{
    ND_ASSERT(i >= 0 && i < c->n_files);
    return &c->files[i];
}

void nd_corpus_pair_files(const nd_corpus *c, int i, int *video_out, int *music_out)
{
    ND_ASSERT(i >= 0 && i < (int)c->n_pairs);
    *video_out = c->pairs[i].video;
    *music_out = c->pairs[i].music;
}
