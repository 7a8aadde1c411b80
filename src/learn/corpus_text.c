/* Equal things, tidy paths, names of splits. */
#define _GNU_SOURCE
#include <string.h>

#include "learn/corpus_internal.h"

/* ---- equal things ---------------------------------------------------------------- */

typedef struct {
    int (*compare)(const void *items, int a, int b);
    const void *items;
} grouping;

static int compare_then_place(const void *a, const void *b, void *user)
{
    const grouping *g = user;
    int i = *(const int *)a, j = *(const int *)b;
    int order = g->compare(g->items, i, j);
    return order ? order : (i > j) - (i < j);
}

int nd__group(int *first_out, int n, int (*compare)(const void *items, int a, int b),
              const void *items)
{
    int *order = nd_calloc((size_t)n, sizeof *order);
    if (!order) return ND_ENOMEM;
    for (int i = 0; i < n; i++) order[i] = i;
    grouping g = {compare, items};
    if (n) qsort_r(order, (size_t)n, sizeof *order, compare_then_place, &g);
    for (int k = 0; k < n; k++) {
        bool is_same = k && compare(items, order[k - 1], order[k]) == 0;
        first_out[order[k]] = is_same ? first_out[order[k - 1]] : order[k];
    }
    free(order);
    return 0;
}

int nd__compare_texts(const void *items, int a, int b)
{
    const char *const *texts = items;
    return strcmp(texts[a], texts[b]);
}

/* ---- paths ------------------------------------------------------------------------- */

char *nd__path_tidy(char *out, const char *path)
{
    char *end = out;
    if (*path == '/') *end++ = '/';
    while (*path) {
        size_t n = strcspn(path, "/");
        if (n && !(n == 1 && *path == '.')) {
            if (end > out && end[-1] != '/') *end++ = '/';
            memcpy(end, path, n);
            end += n;
        }
        path += n + (path[n] == '/');
    }
    if (end == out) *end++ = '.';
    *end = '\0';
    return out;
}

char *nd__arena_text(nd_arena *a, const char *text, size_t n)
{
    char *copy = nd_arena_alloc(a, n + 1);
    if (!copy) return NULL;
    memcpy(copy, text, n);
    copy[n] = '\0';
    return copy;
}

char *nd__arena_path(nd_arena *a, const char *dir, const char *name)
{
    if (*name == '/') return nd__arena_text(a, name, strlen(name));
    char *joined = nd_path_join(dir, name);
    char *path = joined ? nd_arena_alloc(a, strlen(joined) + 2) : NULL;
    if (path) nd__path_tidy(path, joined);
    free(joined);
    return path;
}

size_t nd__stem_bytes(const char *path)
{
    const char *name = nd_path_name(path), *dot = strrchr(name, '.');
    return dot && dot > name ? (size_t)(dot - path) : strlen(path);
}

const char *nd__path_below(const char *root, const char *path)
{
    size_t n = strlen(root);
    if (n && !strncmp(path, root, n) && (path[n] == '/' || root[n - 1] == '/')) path += n;
    else return path;
    while (*path == '/') path++;
    return path;
}

/* ---- lists of texts ---------------------------------------------------------------- */

int nd__texts_add(nd__texts *t, const char *text)
{
    if (nd_grow(&t->items, &t->capacity, t->n, 1, sizeof *t->items)) return ND_ENOMEM;
    t->items[t->n++] = text;
    return 0;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void nd__texts_sort(nd__texts *t)
{
    if (t->n) qsort(t->items, t->n, sizeof *t->items, by_bytes);
}

const char *nd__texts_find(const nd__texts *t, const char *text)
{
    const char **at = t->n ? bsearch(&text, t->items, t->n, sizeof *t->items, by_bytes) : NULL;
    return at ? *at : NULL;
}

void nd__texts_deinit(nd__texts *t)
{
    free(t->items);
    *t = (nd__texts){0};
}

/* ---- splits ------------------------------------------------------------------------ */

static const char *const split_names[ND_N_SPLITS] = {"train", "val", "test"};

const char *nd_split_name(nd_split split)
{
    ND_ASSERT((int)split >= 0 && (int)split < ND_N_SPLITS);
    return split_names[split];
}

bool nd_split_parse(nd_split *out, const char *name)
{
    for (int i = 0; i < ND_N_SPLITS; i++)
        if (!strcmp(name, split_names[i])) return *out = (nd_split)i, true;
    return false;
}
