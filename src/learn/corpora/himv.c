/* HIMV-200K (Hong, Im, Yang: CBVMR, ICMR 2018) is a list of YouTube ids; the media are whatever
 * of them the user holds, found by the id in the file's name. A file of moving pictures and one of
 * sound that have one id are a pair; a film without such a file is paired with its own sound. */
#define _GNU_SOURCE
#include <string.h>
#include <strings.h>

#include "learn/corpus_internal.h"

enum { ID_BYTES = 11 };

/* A wanted id and what there is of it. */
typedef struct {
    const char *id, *video, *music;
} wanted_id;

typedef struct {
    wanted_id *items;
    size_t n, capacity;
} wanted_ids;

static bool is_id_byte(char c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_' || c == '-';
}

static bool is_letter_or_digit(char c)
{
    return is_id_byte(c) && c != '_' && c != '-';
}

/* Bytes of the id that text begins with: 11 and no more, else 0. */
static size_t id_bytes(const char *text)
{
    size_t n = 0;
    while (is_id_byte(text[n])) n++;
    return n == ID_BYTES ? n : 0;
}

/* The id in a cell: alone, or in an address; NULL: none. */
static const char *id_in(const char *cell)
{
    static const char *const before[] = {"v=", "youtu.be/", "/embed/", "/shorts/", "/v/"};
    while (*cell == ' ') cell++;
    for (size_t i = 0; i < ND_COUNT(before); i++) {
        const char *at = strstr(cell, before[i]);
        if (at && id_bytes(at + strlen(before[i]))) return at + strlen(before[i]);
    }
    size_t n = id_bytes(cell);
    return n && !cell[n + strspn(cell + n, " ")] ? cell : NULL;
}

/* The column of a list of ids: named so, else the one with the most ids in the first rows, the
 * first of equals. *first_row: where ids begin. */
static int id_column(const nd__table *t, int *first_row)
{
    static const char *const names[] = {"youtube_id", "video_id", "ytid", "youtube", "url", "id"};
    enum { LOOKED_AT = 1000 };
    int best = 0, most = 0;
    *first_row = 1;
    for (size_t i = 0; i < ND_COUNT(names); i++)
        if (nd__table_column(t, names[i]) >= 0) return nd__table_column(t, names[i]);
    for (int column = 0; column < t->n_columns; column++) {
        int count = 0;
        for (int row = 0; row < ND_MIN(t->n_rows, LOOKED_AT); row++)
            count += id_in(t->cells[(size_t)row * (size_t)t->n_columns + (size_t)column]) != NULL;
        if (count > most) best = column, most = count;
    }
    *first_row = 0;
    return best;
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const wanted_id *)a)->id, ((const wanted_id *)b)->id);
}

static void sort_ids(wanted_ids *w)
{
    size_t kept = 0;
    if (w->n) qsort(w->items, w->n, sizeof *w->items, by_id);
    for (size_t i = 0; i < w->n; i++)
        if (!kept || strcmp(w->items[kept - 1].id, w->items[i].id)) w->items[kept++] = w->items[i];
    w->n = kept;
}

/* A cell that is no id is a line of the list that cannot be read. */
static int add_id(wanted_ids *w, nd_corpus_draft *d, const char *path, int line, const char *cell)
{
    const char *id = id_in(cell);
    if (!*cell || *cell == '#') return 0; /* a note, or a row that is short */
    if (!id)
        return nd__draft_fail(d, &d->failures, path,
                              "line %d: an id of %d letters expected, "
                              "found \"%.40s\"",
                              line, ID_BYTES, cell);
    wanted_id item = {.id = nd__arena_text(&d->texts, id, ID_BYTES)};
    if (!item.id || nd_grow(&w->items, &w->capacity, w->n, 1, sizeof item)) return ND_ENOMEM;
    w->items[w->n++] = item;
    return 0;
}

static int read_ids(wanted_ids *w, nd_corpus_draft *d, const char *path, nd_diag *diag)
{
    nd__table t = {0};
    int rc = nd__table_read(&t, path, diag), row = 0;
    if (rc) return rc;
    int column = id_column(&t, &row);
    if (row == 0 && t.n_rows && !id_in(t.cells[column])) row = 1; /* names of columns */
    for (; row < t.n_rows && !rc; row++)
        rc = add_id(w, d, path, t.lines[row],
                    t.cells[(size_t)row * (size_t)t.n_columns + (size_t)column]);
    nd__table_deinit(&t);
    sort_ids(w);
    d->n_listed = (int)w->n;
    return rc;
}

/* The wanted id that a file's name has in it, at no letter's or digit's side; the last of several:
 * titles come first. */
static wanted_id *id_of_file(const wanted_ids *w, const char *path)
{
    const char *name = nd_path_name(path);
    size_t n = nd__stem_bytes(name);
    for (size_t end = n; w->n && end >= ID_BYTES; end--) {
        const char *at = name + end - ID_BYTES;
        bool is_inside = (at > name && is_letter_or_digit(at[-1])) ||
                         (end < n && is_letter_or_digit(name[end]));
        char id[ID_BYTES + 1] = "";
        if (is_inside) continue;
        wanted_id key = {.id = memcpy(id, at, ID_BYTES)};
        wanted_id *found = bsearch(&key, w->items, w->n, sizeof key, by_id);
        if (found) return found;
    }
    return NULL;
}

static int place_file(wanted_ids *w, nd_corpus_draft *d, const char *path)
{
    wanted_id *item = id_of_file(w, path);
    if (!item) return nd__draft_fail(d, &d->unpaired, path, "no id of the list is in its name");
    const char **place = nd__named_like(path) == ND_VIDEO ? &item->video : &item->music;
    if (*place) return nd__draft_fail(d, &d->unpaired, path, "%s has its id too", *place);
    *place = path;
    return 0;
}

static int add_pair(nd_corpus_draft *d, const wanted_id *item, const char *root)
{
    if (!item->video && !item->music) return nd__texts_add(&d->missing, item->id);
    if (!item->video)
        return nd__draft_fail(d, &d->unpaired, item->music, "the pictures of %s are missing",
                              item->id);
    nd__draft_pair *p = nd__draft_add(d, item->id, item->video,
                                      item->music ? item->music : item->video);
    if (!p) return ND_ENOMEM;
    p->root_video = p->root_music = root;
    return 0;
}

static int find(nd_corpus_draft *d, const nd_corpus_params *params, nd_diag *diag)
{
    if (!params->videos || !params->ids)
        return nd_diag_set(diag, ND_EARG,
                           "building a corpus: a folder of media and a list of ids expected");
    wanted_ids wanted = {0};
    nd__texts found = {0};
    const char *root = nd__arena_path(&d->texts, "", params->videos);
    int rc = root ? read_ids(&wanted, d, params->ids, diag) : ND_ENOMEM;
    if (!rc) rc = nd__walk_media(&found, d, params->videos, ND_VIDEO | ND_MUSIC, diag);
    for (size_t i = 0; i < found.n && !rc; i++) rc = place_file(&wanted, d, found.items[i]);
    for (size_t i = 0; i < wanted.n && !rc; i++) rc = add_pair(d, &wanted.items[i], root);
    nd__texts_deinit(&found);
    free(wanted.items);
    return rc;
}

const nd_corpus_ops nd_corpus_himv = {
    .name = "himv",
    .about = "a list of YouTube ids, media by the id in their names",
    .find = find,
};
