/* Tags in one form, so that "Hip-Hop" of one file and "hip hop" of another meet. */
#include <string.h>

#include "match/match.h"

enum { TAG_BYTES = 128 };

char *nd_tag_normalise(char *out, size_t out_bytes, const char *text, size_t n)
{
    ND_ASSERT(out_bytes > 0);
    size_t used = 0;
    bool space = false;
    for (size_t i = 0; i < n;) {
        char c = text[i];
        int length = ND_MAX(nd_utf8_length(text + i, n - i), 1);
        if (c == '-' || c == '_' || c == ' ' || (c >= '\t' && c <= '\r')) {
            space = used > 0;
        } else {
            if (used + space + (size_t)length + 1 > out_bytes) break;
            if (space) out[used++] = ' ';
            space = false;
            memcpy(out + used, text + i, (size_t)length);
            if (c >= 'A' && c <= 'Z') out[used] = (char)(c + 'a' - 'A');
            used += (size_t)length;
        }
        i += (size_t)length;
    }
    out[used] = '\0';
    return out;
}

typedef struct {
    char (*tags)[TAG_BYTES];
    size_t n, capacity;
    bool failed;
} tag_list;

static void add_tag(tag_list *list, const char *tag)
{
    if (list->failed || !*tag) return;
    for (size_t i = 0; i < list->n; i++)
        if (!strcmp(list->tags[i], tag)) return;
    if (nd_grow(&list->tags, &list->capacity, list->n, 1, sizeof *list->tags)) {
        list->failed = true;
        return;
    }
    snprintf(list->tags[list->n++], TAG_BYTES, "%s", tag);
}

/* A byte that makes a word of its own worth: "&" alone is none. */
static bool has_letter(const char *word)
{
    for (; *word; word++)
        if ((*word >= 'a' && *word <= 'z') || (*word >= '0' && *word <= '9') || (*word & 0x80))
            return true;
    return false;
}

/* One piece of a list: the phrase and, where there are several, its words. */
static void add_phrase(tag_list *list, const char *text, size_t n)
{
    char phrase[TAG_BYTES];
    nd_tag_normalise(phrase, sizeof phrase, text, n);
    if (has_letter(phrase)) add_tag(list, phrase);
    char *rest = NULL;
    for (char *word = strtok_r(phrase, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        if (has_letter(word)) add_tag(list, word);
}

static void add_list(tag_list *list, const char *text)
{
    for (;;) {
        size_t n = strcspn(text, ",;/|");
        add_phrase(list, text, n);
        if (!text[n]) return;
        text += n + 1;
    }
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* NULL-ended pointers with the texts behind them, in one block. */
static const char **pack(const tag_list *list)
{
    size_t bytes = (list->n + 1) * sizeof(char *);
    for (size_t i = 0; i < list->n; i++) bytes += strlen(list->tags[i]) + 1;
    const char **out = nd_calloc(bytes, 1);
    if (!out) return NULL;
    char *at = (char *)(out + list->n + 1);
    for (size_t i = 0; i < list->n; i++) {
        size_t length = strlen(list->tags[i]) + 1;
        out[i] = memcpy(at, list->tags[i], length);
        at += length;
    }
    return out;
}

const char **nd_tags_of(const nd_media_info *info)
{
    tag_list list = {0};
    add_list(&list, info->genre);
    add_list(&list, info->mood);
    if (list.n) qsort(list.tags, list.n, sizeof *list.tags, by_bytes);
    const char **out = list.failed ? NULL : pack(&list);
    free(list.tags);
    return out;
}
