/* Paths found by how they end: each reversed, and all sorted, so that those of one end stand side
 * by side. */
#include <string.h>

#include "learn/corpus_internal.h"
#include "learn/relevance.h"

int nd__names_add(nd_tag_map *names, const char *path, int *out)
{
    char *tidy = malloc(strlen(path) + 2);
    if (!tidy) return ND_ENOMEM;
    nd__path_tidy(tidy, path);
    int rc = nd_tag_map_add(names, tidy, strlen(tidy), out);
    free(tidy);
    return rc;
}

typedef struct reversal {
    char *text;
    int32_t number;
} reversal;

/* "music/a.mp3" as "3pm.a/cisum/"; malloc'ed. */
static char *reverse(const char *text)
{
    size_t n = strlen(text);
    char *out = malloc(n + 2);
    if (!out) return NULL;
    for (size_t i = 0; i < n; i++) out[i] = text[n - 1 - i];
    out[n] = '/';
    out[n + 1] = '\0';
    return out;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(((const reversal *)a)->text, ((const reversal *)b)->text);
}

static int fill(nd__names *names, reversal *all)
{
    size_t n = names->known->n;
    for (size_t i = 0; i < n; i++) {
        all[i] = (reversal){reverse(names->known->texts[i]), (int32_t)i};
        names->reversed[i] = all[i].text; /* whoever fails, they are freed */
        if (!all[i].text) return ND_ENOMEM;
    }
    if (n) qsort(all, n, sizeof *all, by_text);
    for (size_t i = 0; i < n; i++) {
        names->reversed[i] = all[i].text;
        names->numbers[i] = all[i].number;
    }
    return 0;
}

int nd__names_make(nd__names *out, const nd_tag_map *known)
{
    nd__names names = {.known = known,
                       .reversed = nd_calloc(known->n, sizeof *names.reversed),
                       .numbers = nd_calloc(known->n, sizeof *names.numbers)};
    reversal *all = nd_calloc(known->n, sizeof *all);
    int rc = names.reversed && names.numbers && all ? fill(&names, all) : ND_ENOMEM;
    free(all);
    if (rc) nd__names_deinit(&names);
    else *out = names;
    return rc;
}

void nd__names_deinit(nd__names *names)
{
    for (size_t i = 0; names->reversed && i < names->known->n; i++) free(names->reversed[i]);
    free(names->reversed);
    free(names->numbers);
    *names = (nd__names){0};
}

/* How a reversed path stands to those that end in "/text": 0 is one of them. */
static int compare_end(const char *reversed, const char *text, size_t n)
{
    for (size_t i = 0; i <= n; i++) {
        unsigned char a = (unsigned char)reversed[i];
        unsigned char b = i < n ? (unsigned char)text[n - 1 - i] : '/';
        if (a != b) return a < b ? -1 : 1;
    }
    return 0;
}

int nd__names_find(const nd__names *names, const char *text)
{
    size_t n = strlen(text), lo = 0, hi = names->known->n;
    int exact = nd_tag_map_find(names->known, text, n);
    if (exact >= 0 || *text == '/') return exact;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        if (compare_end(names->reversed[middle], text, n) < 0) lo = middle + 1;
        else hi = middle;
    }
    size_t n_found = 0;
    while (n_found < 2 && lo + n_found < names->known->n &&
           !compare_end(names->reversed[lo + n_found], text, n))
        n_found++;
    return n_found == 1 ? names->numbers[lo] : n_found ? -2 : -1;
}

int nd__resolved_create(nd__resolved *out, size_t n)
{
    *out = (nd__resolved){nd_calloc(n, sizeof *out->ids), nd_calloc(n, sizeof *out->why)};
    if (!out->ids || !out->why) return ND_ENOMEM;
    for (size_t i = 0; i < n; i++) out->ids[i] = -1;
    return 0;
}

void nd__resolved_deinit(nd__resolved *r)
{
    free(r->ids);
    free(r->why);
    *r = (nd__resolved){0};
}
