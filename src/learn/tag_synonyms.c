/* The synonyms file. A tag in two groups is refused, so that no order of lines matters. */
#include <string.h>

#include "learn/tag_synonyms.h"

typedef struct {
    nd_tag_synonyms s;
    const char *name; /* of the file */
    int line;
    const char *start; /* of the line */
    nd_diag *diag;
} reader;

static int refuse(const reader *r, const char *at, const char *what, int other_line)
{
    char more[48] = "";
    if (other_line) snprintf(more, sizeof more, " (it stands in line %d too)", other_line);
    return nd_diag_set(r->diag, ND_EFORMAT, "reading %s: line %d, column %d: %s%s", r->name,
                       r->line, (int)(at - r->start) + 1, what, more);
}

static const char *fault_text(nd_tag_fault fault)
{
    return fault == ND_TAG_NOT_UTF8   ? "a tag in UTF-8 expected"
           : fault == ND_TAG_TOO_LONG ? "a shorter tag expected"
                                      : "a tag with a letter in it expected";
}

static int no_memory(const reader *r)
{
    return nd_diag_set(r->diag, ND_ENOMEM, "reading %s: out of memory", r->name);
}

/* Put one tag into the last group. */
static int add_tag(reader *r, const char *text, size_t n)
{
    nd_tag_synonyms *s = &r->s;
    nd_tag_form form;
    nd_tag_fault fault = nd_tag_form_read(&form, text, n);
    if (fault == ND_TAG_NO_MEMORY) return no_memory(r);
    if (fault) return refuse(r, text, fault_text(fault), 0);
    nd_tag_group *group = &s->groups[s->n_groups - 1];
    if (!group->head.key[0]) group->head = form;
    int id, n_before = (int)s->keys.n;
    if (nd_tag_map_add(&s->keys, form.key, strlen(form.key), &id) ||
        nd_grow(&s->group_of, &s->of_capacity, (size_t)n_before, 1, sizeof *s->group_of))
        return no_memory(r);
    if (id < n_before && s->group_of[id] != (int)s->n_groups - 1)
        return refuse(r, text, "a tag of no other group expected", s->groups[s->group_of[id]].line);
    s->group_of[id] = (int)s->n_groups - 1;
    return 0;
}

static int add_group(reader *r, const char *text, size_t n)
{
    nd_tag_synonyms *s = &r->s;
    if (nd_grow(&s->groups, &s->capacity, s->n_groups, 1, sizeof *s->groups)) return no_memory(r);
    s->groups[s->n_groups++] = (nd_tag_group){.line = r->line, .is_dropped = n && *text == '!'};
    size_t from = n && *text == '!';
    for (size_t i = from; i <= n; i++) {
        if (i < n && text[i] != ',') continue;
        int rc = add_tag(r, text + from, i - from);
        if (rc) return rc;
        from = i + 1;
    }
    return 0;
}

/* A line without what ends it. */
static int read_line(reader *r, const char *text, size_t n)
{
    while (n && strchr(" \t\r", text[n - 1])) n--;
    while (n && (*text == ' ' || *text == '\t')) text++, n--;
    bool is_comment = n && *text == '#' && (n == 1 || text[1] == ' ');
    return n && !is_comment ? add_group(r, text, n) : 0;
}

int nd_tag_synonyms_parse(nd_tag_synonyms *out, const char *bytes, size_t n, const char *name,
                          nd_diag *diag)
{
    reader r = {.name = name, .diag = diag};
    int rc = 0;
    for (size_t from = 0; from < n && !rc;) {
        const char *end = memchr(bytes + from, '\n', n - from);
        size_t length = end ? (size_t)(end - bytes) - from : n - from;
        r.line++;
        r.start = bytes + from;
        rc = read_line(&r, bytes + from, length);
        from += length + 1;
    }
    if (rc) nd_tag_synonyms_deinit(&r.s);
    else *out = r.s;
    return rc;
}

int nd_tag_synonyms_read(nd_tag_synonyms *out, const char *path, nd_diag *diag)
{
    nd_bytes file = {0};
    int rc = nd_file_read(&file, path, ND_TAG_SYNONYMS_MAX_BYTES, diag);
    if (!rc) rc = nd_tag_synonyms_parse(out, (const char *)file.data, file.n, path, diag);
    nd_bytes_deinit(&file);
    return rc;
}

const nd_tag_group *nd_tag_synonyms_find(const nd_tag_synonyms *s, const char *key)
{
    int id = nd_tag_map_find(&s->keys, key, strlen(key));
    return id < 0 ? NULL : &s->groups[s->group_of[id]];
}

void nd_tag_synonyms_deinit(nd_tag_synonyms *s)
{
    nd_tag_map_deinit(&s->keys);
    free(s->group_of);
    free(s->groups);
    *s = (nd_tag_synonyms){0};
}
