/* A folder of videos, a folder of music: pairs by a list in the first, else by name. A video's
 * music is the file of the same name up to the ending, at the same place below its folder; where
 * there is none there, the only one of that name at any place. */
#define _GNU_SOURCE
#include <string.h>
#include <unistd.h>

#include "learn/corpus_internal.h"

/* A media file: its stem below its folder, and the last part of that. */
typedef struct {
    const char *path, *below, *stem;
    bool is_paired;
} item;

typedef struct {
    item *items;
    size_t n;
    const char *root;
} folder;

static int read_folder(folder *f, nd_corpus_draft *d, const char *dir, int media, nd_diag *diag)
{
    nd__texts found = {0};
    int rc = nd__walk_media(&found, d, dir, media, diag);
    if (!rc && !(f->root = nd__arena_path(&d->texts, "", dir))) rc = ND_ENOMEM;
    if (!rc && !(f->items = nd_calloc(found.n, sizeof *f->items))) rc = ND_ENOMEM;
    for (size_t i = 0; i < found.n && !rc; i++) {
        const char *below = nd__path_below(f->root, found.items[i]);
        item *it = &f->items[f->n++];
        it->path = found.items[i];
        it->below = nd__arena_text(&d->texts, below, nd__stem_bytes(below));
        if (it->below) it->stem = nd_path_name(it->below);
        else rc = ND_ENOMEM;
    }
    nd__texts_deinit(&found);
    return rc;
}

/* ---- a list ------------------------------------------------------------------------ */

/* Mark what pairs that are there already use. */
static int mark_used(folder *f, const nd_corpus_draft *d, bool is_video)
{
    nd__texts used = {0};
    int rc = 0;
    for (size_t i = 0; i < d->n_pairs && !rc; i++)
        rc = nd__texts_add(&used, is_video ? d->pairs[i].video : d->pairs[i].music);
    nd__texts_sort(&used);
    for (size_t i = 0; i < f->n && !rc; i++)
        f->items[i].is_paired = nd__texts_find(&used, f->items[i].path) != NULL;
    nd__texts_deinit(&used);
    return rc;
}

/* The list that is given, or lies in the folder of videos; *path_out NULL: none. */
static int find_list(const char **path_out, nd_corpus_draft *d, const nd_corpus_params *params)
{
    static const char *const names[] = {"pairs.csv", "pairs.tsv", "pairs.jsonl"};
    *path_out = params->pairs;
    for (size_t i = 0; i < ND_COUNT(names) && !*path_out; i++) {
        const char *path = nd__arena_path(&d->texts, params->videos, names[i]);
        if (!path) return ND_ENOMEM;
        if (!access(path, F_OK)) *path_out = path;
    }
    return 0;
}

/* ---- names ------------------------------------------------------------------------- */

static int by_stem(const void *a, const void *b)
{
    const item *p = *(item *const *)a, *q = *(item *const *)b;
    int order = strcmp(p->stem, q->stem);
    return order ? order : strcmp(p->path, q->path);
}

/* First of those whose stem is not before stem. */
static size_t lower_bound(item *const *sorted, size_t n, const char *stem)
{
    size_t lo = 0;
    while (n) {
        size_t half = n / 2;
        if (strcmp(sorted[lo + half]->stem, stem) < 0) {
            lo += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return lo;
}

/* @return the music of a video; NULL and why */
static item *partner(item *const *sorted, size_t n, const item *video, const char **why)
{
    item *only = NULL;
    int found = 0;
    for (size_t i = lower_bound(sorted, n, video->stem);
         i < n && !strcmp(sorted[i]->stem, video->stem); i++) {
        if (!strcmp(sorted[i]->below, video->below)) return sorted[i];
        only = sorted[i];
        found++;
    }
    *why = found ? "several pieces of music have its name" : "no music has its name";
    return found == 1 ? only : NULL;
}

static int add_pair(nd_corpus_draft *d, const folder *videos, const folder *music, item *video,
                    item *track)
{
    nd__draft_pair *p = nd__draft_add(d, nd__path_below(videos->root, video->path), video->path,
                                      track->path);
    if (!p) return ND_ENOMEM;
    p->root_video = videos->root;
    p->root_music = music->root;
    video->is_paired = track->is_paired = true;
    return 0;
}

static int pair_by_name(nd_corpus_draft *d, folder *videos, folder *music)
{
    item **sorted = nd_calloc(music->n, sizeof *sorted);
    int rc = sorted ? 0 : ND_ENOMEM;
    for (size_t i = 0; i < music->n && !rc; i++) sorted[i] = &music->items[i];
    if (!rc && music->n) qsort(sorted, music->n, sizeof *sorted, by_stem);
    for (size_t i = 0; i < videos->n && !rc; i++) {
        item *video = &videos->items[i];
        const char *why = "";
        if (video->is_paired) continue;
        item *track = partner(sorted, music->n, video, &why);
        if (track) rc = add_pair(d, videos, music, video, track);
        else rc = nd__draft_fail(d, &d->unpaired, video->path, "%s", why);
    }
    free(sorted);
    return rc;
}

static void count_unused(nd_corpus_draft *d, const folder *music)
{
    for (size_t i = 0; i < music->n; i++) d->n_unused += !music->items[i].is_paired;
}

static int find(nd_corpus_draft *d, const nd_corpus_params *params, nd_diag *diag)
{
    folder videos = {0}, music = {0};
    const char *list = NULL;
    if (!params->videos || !params->music)
        return nd_diag_set(diag, ND_EARG,
                           "building a corpus: a folder of videos and one of music expected");
    int rc = read_folder(&videos, d, params->videos, ND_VIDEO, diag);
    if (!rc) rc = read_folder(&music, d, params->music, ND_MUSIC, diag);
    if (!rc) rc = find_list(&list, d, params);
    if (!rc && list) rc = nd__list_pairs(d, list, videos.root, music.root, diag);
    if (!rc) rc = mark_used(&videos, d, true);
    if (!rc) rc = mark_used(&music, d, false);
    if (!rc) rc = pair_by_name(d, &videos, &music);
    if (!rc) count_unused(d, &music);
    free(videos.items);
    free(music.items);
    return rc;
}

const nd_corpus_ops nd_corpus_folders = {
    .name = "folders",
    .about = "a folder of videos and one of music, by a list or by equal names",
    .find = find,
};
