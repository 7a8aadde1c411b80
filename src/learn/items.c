/* Files of a corpus and its gallery, each with its splits, its twins and its item. */
#include <string.h>

#include "learn/cache_format.h"
#include "learn/items_internal.h"

static int no_memory(nd_diag *diag)
{
    return nd_diag_set(diag, ND_ENOMEM, "reading a corpus's features: out of memory");
}

/* ---- files ---------------------------------------------------------------------- */

static void mark_splits(nd_items *it)
{
    int n_corpus = nd_corpus_file_count(it->corpus);
    for (int i = 0; i < nd_corpus_count(it->corpus); i++) {
        unsigned bit = ND_SPLIT_BIT(nd_corpus_pair(it->corpus, i)->split);
        int video, music;
        nd_corpus_pair_files(it->corpus, i, &video, &music);
        it->files[video].splits |= bit;
        it->files[music].splits |= bit;
    }
    for (size_t i = 0; i < it->gallery.n; i++)
        it->files[n_corpus + (int)i].splits = ND_SPLIT_BIT(it->gallery.tracks[i].split);
}

static int list_files(nd_items *it, nd_diag *diag)
{
    int n_corpus = nd_corpus_file_count(it->corpus);
    int rc = nd_gallery_read(&it->gallery, it->corpus, diag);
    if (rc) return rc;
    it->n = n_corpus + (int)it->gallery.n;
    it->files = nd_calloc((size_t)it->n, sizeof *it->files);
    if (!it->files) return no_memory(diag);
    for (int i = 0; i < it->n; i++) {
        nd__item_file *f = &it->files[i];
        f->file = i < n_corpus ? nd_corpus_file_at(it->corpus, i)
                               : &it->gallery.tracks[i - n_corpus].file;
        f->cached = nd_cache_find(it->cache, f->file->name, f->file->medium);
        f->same = i;
    }
    mark_splits(it);
    return 0;
}

/* A file's content, to sort by. */
typedef struct {
    uint64_t hash;
    nd_medium medium;
    int file;
} content;

static int by_content(const void *a, const void *b)
{
    const content *p = a, *q = b;
    if (p->hash != q->hash) return p->hash < q->hash ? -1 : 1;
    if (p->medium != q->medium) return p->medium < q->medium ? -1 : 1;
    return (p->file > q->file) - (p->file < q->file);
}

static int find_twins(nd_items *it, nd_diag *diag)
{
    content *contents = nd_calloc((size_t)it->n, sizeof *contents);
    int n = 0;
    if (!contents) return no_memory(diag);
    for (int i = 0; i < it->n; i++) {
        const nd__item_file *f = &it->files[i];
        uint64_t hash = f->cached < 0 ? 0 : nd_cache_at(it->cache, f->cached)->source.hash;
        if (hash) contents[n++] = (content){hash, f->file->medium, i};
    }
    qsort(contents, (size_t)n, sizeof *contents, by_content);
    for (int k = 1; k < n; k++) {
        const content *a = &contents[k - 1], *b = &contents[k];
        if (a->hash == b->hash && a->medium == b->medium)
            it->files[b->file].same = it->files[a->file].same;
    }
    free(contents);
    return 0;
}

static int mark_first(nd_items *it, nd_diag *diag)
{
    unsigned *seen = nd_calloc((size_t)it->n, sizeof *seen);
    if (!seen) return no_memory(diag);
    for (int i = 0; i < it->n; i++) {
        nd__item_file *f = &it->files[i];
        if (f->cached < 0) continue;
        f->first_in = f->splits & ~seen[f->same];
        seen[f->same] |= f->splits;
    }
    free(seen);
    return 0;
}

bool nd__items_has(const nd__item_file *f, nd_split split, nd_medium medium)
{
    return f->cached >= 0 && f->file->medium == medium && f->splits & ND_SPLIT_BIT(split);
}

int nd__items_clips(const nd_items *it, const nd__item_file *f)
{
    return nd_cache_at(it->cache, f->cached)->n_clips;
}

static void warn_of_missing(const nd_items *it)
{
    int n = 0;
    const char *name = NULL;
    for (int i = 0; i < it->n; i++) {
        const nd__item_file *f = &it->files[i];
        if (f->cached >= 0 || !(f->splits & it->params.splits)) continue;
        name = n++ ? name : f->file->name;
    }
    if (n)
        nd_log_line(it->params.log, ND_LOG_WARNING,
                    "%s: not in the cache and left out: %d file%s, the first %s; needledrop "
                    "extract adds what it can",
                    nd_corpus_dir(it->corpus), n, n == 1 ? "" : "s", name);
}

/* ---- extractors ------------------------------------------------------------------ */

/* Every clip of a medium has the one shape [T, F]. */
static int check_clips(nd_items *it, nd_medium medium, nd_diag *diag)
{
    const char *array = nd_network_feature(it->networks[medium]);
    int64_t F = nd_network_size_of(it->networks[medium]).F, dims[ND_ARRAY_MAX_DIMS];
    for (int i = 0; i < it->n; i++) {
        const nd__item_file *f = &it->files[i];
        if (f->cached < 0 || f->file->medium != medium || !(f->splits & it->params.splits))
            continue;
        int n_dims = nd_cache_shape(it->cache, f->cached, array, dims);
        if (n_dims < 0)
            return nd_diag_set(
                diag, ND_ENOTFOUND,
                "reading the cache of %s: %s expected, which the %s extractor reads; "
                "%s has none: extract with the other --layout",
                nd_corpus_dir(it->corpus), array, nd_network_part(it->networks[medium]),
                f->file->name);
        if (!it->T[medium] && n_dims == 3) it->T[medium] = dims[1];
        if (n_dims != 3 || dims[0] != nd__items_clips(it, f) || dims[1] != it->T[medium] ||
            dims[2] != F)
            return nd_diag_set(diag, ND_EFORMAT,
                               "reading the cache of %s: %s of %lld values a time step expected, "
                               "%s has another shape",
                               nd_corpus_dir(it->corpus), array, (long long)F, f->file->name);
    }
    return 0;
}

/* Every track has what the matching model needs. */
static int check_features(const nd_items *it, nd_diag *diag)
{
    int S;
    const char *features = it->params.features, *dir = nd_corpus_dir(it->corpus);
    ND_ASSERT(!features || !strcmp(features, "statistics"));
    for (int i = 0; i < it->n && features; i++) {
        const nd__item_file *f = &it->files[i];
        bool is_track = f->cached >= 0 && f->file->medium == ND_MUSIC;
        if (!is_track || !(f->splits & it->params.splits)) continue;
        if (!nd__items_statistics(&S, it->cache, f->cached))
            return nd_diag_set(diag, ND_ENOTFOUND,
                               "reading the cache of %s: the model needs the feature %s, %s has "
                               "none: run needledrop extract --statistics %s",
                               dir, features, f->file->name, dir);
    }
    return 0;
}

static int find_network(nd_items *it, nd_model *model, nd_medium medium, nd_diag *diag)
{
    const char *part = medium == ND_MUSIC ? "music" : "video";
    int rc = nd_model_network(&it->networks[medium], model, part, diag);
    if (!rc) rc = nd_model_fingerprint(&it->prints[medium], model, part, diag);
    return rc ? rc : check_clips(it, medium, diag);
}

/* ---- items ----------------------------------------------------------------------- */

static void point_at_clips(nd_items *it, nd_split split, nd_medium medium)
{
    const nd__embeddings *e = &it->splits[split].of[medium];
    int64_t clip = 0, at = 0;
    for (int i = 0; i < it->n; i++) {
        nd__item_file *f = &it->files[i];
        if (!nd__items_has(f, split, medium)) continue;
        f->item = (nd_item){.medium = medium, .C = nd__items_clips(it, f)};
        f->item.clips = e->clips + clip * e->D;
        f->logits = e->K ? e->logits + at * e->K : NULL;
        clip += f->item.C;
        at++;
    }
}

static int fill_pulse(nd_items *it, nd_diag *diag)
{
    size_t n_clips = 0, at = 0;
    for (int i = 0; i < it->n; i++) n_clips += (size_t)it->files[i].item.C;
    it->pulse = nd_calloc(n_clips, 3 * sizeof *it->pulse);
    it->classes = nd_calloc(n_clips, 3 * sizeof *it->classes);
    if (!it->pulse || !it->classes) return no_memory(diag);
    for (int i = 0; i < it->n; i++) {
        nd__item_file *f = &it->files[i];
        nd_item *item = &f->item;
        bool has[2];
        if (!item->clips) continue;
        nd__items_pulse(it->pulse + 3 * at, it->classes + 3 * at, has, it->cache, f->cached,
                        item->medium, item->C, it->params.published);
        if (has[0]) item->pulse = it->pulse + 3 * at;
        if (has[1]) item->classes = it->classes + 3 * at;
        at += (size_t)item->C;
    }
    return 0;
}

static void point_at_statistics(nd_items *it)
{
    for (int i = 0; i < it->n; i++) {
        nd__item_file *f = &it->files[i];
        if (f->item.clips && f->item.medium == ND_MUSIC)
            f->item.statistics = nd__items_statistics(&f->item.S, it->cache, f->cached);
    }
}

static int embed_splits(nd_items *it, nd_diag *diag)
{
    int rc = 0;
    for (int s = 0; s < ND_N_SPLITS && !rc; s++) {
        if (!(it->params.splits & ND_SPLIT_BIT(s))) continue;
        rc = nd__items_embed(it, (nd_split)s, diag);
        for (int m = ND_MUSIC; m <= ND_VIDEO && !rc; m++)
            point_at_clips(it, (nd_split)s, (nd_medium)m);
    }
    return rc;
}

static int open_items(nd_items *it, nd_model *model, nd_diag *diag)
{
    const char *dir = nd_corpus_dir(it->corpus), *given = it->params.cache;
    it->cache_dir = given ? strdup(given) : nd_path_join(dir, "cache");
    if (!it->cache_dir) return no_memory(diag);
    int rc = nd_cache_open(&it->cache, it->cache_dir, diag);
    if (!rc) rc = list_files(it, diag);
    if (!rc) rc = find_twins(it, diag);
    if (!rc) rc = mark_first(it, diag);
    if (!rc) warn_of_missing(it);
    if (!rc) rc = check_features(it, diag);
    if (!rc) rc = find_network(it, model, ND_MUSIC, diag);
    if (!rc) rc = find_network(it, model, ND_VIDEO, diag);
    if (!rc) rc = embed_splits(it, diag);
    if (!rc) point_at_statistics(it);
    return rc ? rc : fill_pulse(it, diag);
}

int nd_items_open(nd_items **out, const nd_corpus *corpus, nd_model *model,
                  const nd_items_params *params, nd_diag *diag)
{
    unsigned all = (1u << ND_N_SPLITS) - 1;
    if (!params || !params->splits || params->splits & ~all)
        return nd_diag_set(diag, ND_EARG,
                           "reading a corpus's features: one of its splits expected");
    nd_items *it = nd_calloc(1, sizeof *it);
    if (!it) return no_memory(diag);
    it->corpus = corpus;
    it->params = *params;
    int rc = open_items(it, model, diag);
    if (rc) nd_items_close(&it);
    else *out = it;
    return rc;
}

void nd_items_close(nd_items **items)
{
    nd_items *it = items ? *items : NULL;
    if (!it) return;
    for (int s = 0; s < ND_N_SPLITS; s++) nd__items_embedded_deinit(&it->splits[s]);
    nd_gallery_deinit(&it->gallery);
    nd_cache_close(&it->cache);
    free(it->cache_dir);
    free(it->files);
    free(it->pulse);
    free(it->classes);
    free(it);
    *items = NULL;
}

/* ---- asking ---------------------------------------------------------------------- */

static const nd__item_file *file_at(const nd_items *items, int file)
{
    ND_ASSERT(file >= 0 && file < items->n);
    return &items->files[file];
}

int nd_items_count(const nd_items *items)
{
    return items->n;
}

const nd_item *nd_items_at(const nd_items *items, int file)
{
    const nd__item_file *f = file_at(items, file);
    return f->item.clips ? &f->item : NULL;
}

const float *nd_items_logits(const nd_items *items, int file)
{
    return file_at(items, file)->logits;
}

int nd_items_tag_count(const nd_items *items, nd_medium medium)
{
    return (int)nd_network_size_of(items->networks[medium]).K;
}

const char *nd_items_name(const nd_items *items, int file)
{
    return file_at(items, file)->file->name;
}

unsigned nd_items_splits(const nd_items *items, int file)
{
    return file_at(items, file)->splits;
}

int nd_items_same(const nd_items *items, int file)
{
    return file_at(items, file)->same;
}

int nd_items_width(const nd_items *items, nd_medium medium)
{
    return (int)nd_network_size_of(items->networks[medium]).D;
}

uint64_t nd_items_digest(const nd_items *items)
{
    uint64_t parts[ND_N_SPLITS + 2] = {0};
    size_t n_clips = 0;
    for (int i = 0; i < items->n; i++) n_clips += (size_t)items->files[i].item.C;
    for (int s = 0; s < ND_N_SPLITS; s++)
        if (items->params.splits & ND_SPLIT_BIT(s))
            parts[s] = nd__items_fingerprint(items, (nd_split)s);
    parts[ND_N_SPLITS] = nd__cache_checksum(items->pulse, n_clips * 3 * sizeof *items->pulse);
    parts[ND_N_SPLITS + 1] = nd__cache_checksum(items->classes,
                                                n_clips * 3 * sizeof *items->classes);
    uint64_t digest = nd__cache_checksum(parts, sizeof parts);
    for (int i = 0; i < items->n && items->params.features; i++) {
        const nd_item *item = &items->files[i].item;
        uint64_t link[2] = {digest,
                            nd__cache_checksum(item->statistics, (size_t)item->S * sizeof(float))};
        digest = nd__cache_checksum(link, sizeof link);
    }
    return digest;
}

int nd_items_tracks(const nd_items *items, nd_split split, int32_t *files_out)
{
    int n = 0;
    for (int i = 0; i < items->n; i++) {
        const nd__item_file *f = &items->files[i];
        if (f->item.clips && f->item.medium == ND_MUSIC && f->first_in & ND_SPLIT_BIT(split))
            files_out[n++] = i;
    }
    return n;
}
