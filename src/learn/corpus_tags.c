/* Raw tags: what people and programs wrote about a file. What becomes of them is for the tag set
 * to decide; here they are only found and cleaned. */
#define _GNU_SOURCE
#include <jansson.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "learn/corpus_internal.h"

enum { MAX_SIDECAR_BYTES = 8 << 20, MAX_LISTED_BYTES = 40 };

/* ---- hashtags ---------------------------------------------------------------------- */

/* Bytes of a hash sign at s, "#" or its wide form; 0: none. */
static size_t hash_bytes(const char *s, size_t n)
{
    if (n && *s == '#') return 1;
    return n >= 3 && !memcmp(s, "\xEF\xBC\x83", 3) ? 3 : 0;
}

static bool is_word_byte(unsigned char c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_' || c >= 0x80;
}

/* Bytes of the character at s where it may stand in a hashtag, else 0. Outside of ASCII all do but
 * spaces and general punctuation, of which the joiners are part of words. */
static size_t word_character(const char *s, size_t n)
{
    int length = nd_utf8_length(s, n);
    if (length < 2) return length == 1 && is_word_byte((unsigned char)*s);
    bool is_joiner = !memcmp(s, "\xE2\x80\x8C", ND_MIN(length, 3)) ||
                     !memcmp(s, "\xE2\x80\x8D", ND_MIN(length, 3));
    bool is_mark = !memcmp(s, "\xC2\xA0", 2) || !memcmp(s, "\xE2\x80", 2) ||
                   !memcmp(s, "\xE2\x81", 2) || !memcmp(s, "\xE3\x80", 2);
    bool is_kana_mark = length == 3 && !memcmp(s, "\xE3\x80\x85", 3); /* repeats a character */
    if (hash_bytes(s, n) || (is_mark && !is_joiner && !is_kana_mark)) return 0;
    return (size_t)length;
}

static bool has_letter(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s[i] != '_' && !(s[i] >= '0' && s[i] <= '9')) return true;
    return false;
}

/* A "#" inside a word, an address or an "&#39;" begins no tag. */
static bool may_begin(const char *text, size_t at)
{
    if (at == 0) return true;
    unsigned char before = (unsigned char)text[at - 1];
    return before >= 0x80 || !(is_word_byte(before) || before == '/' || before == '&');
}

int nd__each_hashtag(const char *text, size_t n, int (*add)(void *user, const char *tag, size_t n),
                     void *user)
{
    int rc = 0;
    for (size_t i = 0; i < n && !rc;) {
        size_t hash = hash_bytes(text + i, n - i), length = 0, step;
        bool begins = hash && may_begin(text, i);
        i += hash ? hash : 1;
        if (!begins) continue;
        while ((step = word_character(text + i + length, n - i - length))) length += step;
        if (has_letter(text + i, length)) rc = add(user, text + i, length);
        i += length;
    }
    return rc;
}

/* ---- metadata ---------------------------------------------------------------------- */

static int add_line(void *user, const char *tag, size_t n)
{
    nd_str *s = user;
    nd_str_append(s, "%.*s\n", (int)n, tag);
    return 0;
}

static void add_list_lines(nd_str *s, const char *text)
{
    while (*text) {
        size_t n = strcspn(text, ",;/|");
        if (n) add_line(s, text, n);
        text += n + (text[n] != '\0');
    }
}

char *nd__tags_of_info(const nd_media_info *info)
{
    nd_str s = {0};
    add_list_lines(&s, info->genre);
    add_list_lines(&s, info->mood);
    nd__each_hashtag(info->title, strlen(info->title), add_line, &s);
    nd__each_hashtag(info->comment, strlen(info->comment), add_line, &s);
    return nd_str_take(&s);
}

/* ---- texts ------------------------------------------------------------------------- */

typedef struct {
    nd_corpus_draft *d;
    nd__draft_pair *p;
} target;

static int add_tag(void *user, const char *tag, size_t n)
{
    target *t = user;
    return nd__draft_tag(t->d, t->p, tag, n);
}

static int add_list(target *t, const char *text, size_t n)
{
    int rc = 0;
    for (size_t i = 0; i < n && !rc;) {
        size_t length = 0;
        while (i + length < n && !strchr(",;|\n", text[i + length])) length++;
        size_t skipped = 0;
        while (skipped < length && (text[i + skipped] == ' ' || text[i + skipped] == '#'))
            skipped++;
        rc = add_tag(t, text + i + skipped, length - skipped);
        i += length + 1;
    }
    return rc;
}

/* Bytes of "tags:" and its like at the start of a line; 0: it starts otherwise. */
static size_t list_key(const char *line, size_t n)
{
    static const char *const keys[] = {"tags",   "tag",   "keywords", "hashtags",
                                       "genres", "genre", "moods",    "mood"};
    for (size_t i = 0; i < ND_COUNT(keys); i++) {
        size_t length = strlen(keys[i]);
        if (n > length && line[length] == ':' && !strncasecmp(line, keys[i], length))
            return length + 1;
    }
    return 0;
}

/* Whether a text is nothing but short lines: words, no sentences, addresses, hashtags. */
static bool is_list(const char *text, size_t n)
{
    size_t length = 0;
    for (size_t i = 0; i < n; i++) {
        length = text[i] == '\n' || text[i] == ',' ? 0 : length + 1;
        if (length > MAX_LISTED_BYTES || strchr(":/.#", text[i])) return false;
    }
    return n > 0;
}

int nd__tags_of_text(nd_corpus_draft *d, nd__draft_pair *p, const char *text, size_t n)
{
    target t = {d, p};
    if (is_list(text, n)) return add_list(&t, text, n);
    int rc = nd__each_hashtag(text, n, add_tag, &t);
    for (size_t i = 0; i < n && !rc;) {
        const char *newline = memchr(text + i, '\n', n - i);
        size_t length = newline ? (size_t)(newline - text) - i : n - i;
        size_t key = list_key(text + i, length);
        if (key) rc = add_list(&t, text + i + key, length - key);
        i += length + 1;
    }
    return rc;
}

/* ---- sidecar files ----------------------------------------------------------------- */

static int add_json_value(target *t, const json_t *value)
{
    int rc = 0;
    if (json_is_string(value))
        return add_list(t, json_string_value(value), json_string_length(value));
    for (size_t i = 0; i < json_array_size(value) && !rc; i++) {
        const json_t *item = json_array_get(value, i);
        if (json_is_string(item))
            rc = add_tag(t, json_string_value(item), json_string_length(item));
    }
    return rc;
}

/* The keys that downloaders and tag editors write. */
static int add_json(target *t, const json_t *root)
{
    static const char *const lists[] = {"tags",   "keywords", "hashtags", "categories",
                                        "genres", "genre",    "moods",    "mood"};
    static const char *const texts[] = {"title", "description", "comment"};
    int rc = 0;
    for (size_t i = 0; i < ND_COUNT(lists) && !rc; i++)
        rc = add_json_value(t, json_object_get(root, lists[i]));
    for (size_t i = 0; i < ND_COUNT(texts) && !rc; i++) {
        const json_t *text = json_object_get(root, texts[i]);
        if (json_is_string(text))
            rc = nd__each_hashtag(json_string_value(text), json_string_length(text), add_tag, t);
    }
    return rc;
}

static int read_json(target *t, const char *path, const nd_bytes *bytes)
{
    json_error_t error;
    json_t *root = json_loadb((const char *)bytes->data, bytes->n, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        return nd__draft_fail(t->d, &t->d->failures, path, "line %d, column %d: not JSON: %s",
                              error.line, error.column, error.text);
    int rc = add_json(t, root);
    json_decref(root);
    return rc;
}

static int read_sidecar(target *t, const char *path, bool is_json)
{
    nd_bytes bytes = {0};
    nd_diag why = {0};
    if (access(path, F_OK)) return 0;
    int rc = nd_file_read(&bytes, path, MAX_SIDECAR_BYTES, &why);
    if (rc == ND_ENOMEM) return rc;
    if (rc) return nd__draft_fail(t->d, &t->d->failures, path, "%s", why.text);
    if (!bytes.n) rc = 0;
    else if (is_json) rc = read_json(t, path, &bytes);
    else rc = nd__tags_of_text(t->d, t->p, (const char *)bytes.data, bytes.n);
    nd_bytes_deinit(&bytes);
    return rc;
}

/* The names between root and path's own. */
static int add_folders(target *t, const char *root, const char *path)
{
    size_t n = strlen(root);
    if (!n || strncmp(path, root, n) != 0) return 0;
    int rc = 0;
    const char *slash;
    for (path += n; *path == '/'; path++) {
    }
    while (!rc && (slash = strchr(path, '/'))) {
        rc = add_tag(t, path, (size_t)(slash - path));
        path = slash + 1;
    }
    return rc;
}

int nd__tags_of_place(nd_corpus_draft *d, nd__draft_pair *p, const char *root, const char *path)
{
    static const char *const endings[] = {".txt", ".json", ".info.json"};
    target t = {d, p};
    int rc = add_folders(&t, root, path);
    for (size_t i = 0; i < ND_COUNT(endings) && !rc; i++) {
        nd_str name = {0};
        nd_str_append(&name, "%.*s%s", (int)nd__stem_bytes(path), path, endings[i]);
        char *sidecar = nd_str_take(&name);
        rc = sidecar ? read_sidecar(&t, sidecar, i > 0) : ND_ENOMEM;
        free(sidecar);
    }
    return rc;
}
