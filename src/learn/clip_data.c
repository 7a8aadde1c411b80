/* Which files of a corpus can be learnt from, and what they are labelled. */
#include <string.h>

#include "learn/clip_batches.h"
#include "learn/tag_synonyms.h"

typedef struct {
    nd_clip_data d;
    nd_corpus *corpus;
    nd_tags *tags;
    nd_tag_synonyms groups; /* of a file of targets */
    int32_t *class_of;      /* [tags]: its target; -1: none */
    int8_t *split_of;       /* [files of the corpus] */
    size_t n_labels, capacity;
    const char *dir;
    nd_diag *diag;
} builder;

static int no_memory(builder *b)
{
    return nd_diag_set(b->diag, ND_ENOMEM, "reading %s: out of memory", b->dir);
}

/* ---- targets ------------------------------------------------------------------- */

static int add_name(builder *b, const char *name)
{
    b->d.names[b->d.K] = strdup(name);
    return b->d.names[b->d.K++] ? 0 : ND_ENOMEM;
}

static int target_tags(builder *b)
{
    int n = nd_tags_count(b->tags), rc = 0;
    b->d.names = nd_calloc((size_t)n, sizeof *b->d.names);
    for (int i = 0; i < n && b->d.names && !rc; i++) {
        b->class_of[i] = i;
        rc = add_name(b, nd_tags_at(b->tags, i)->name);
    }
    return rc || !b->d.names ? no_memory(b) : 0;
}

static int target_groups(builder *b, const char *path)
{
    int rc = nd_tag_synonyms_read(&b->groups, path, b->diag);
    if (rc) return rc;
    b->d.names = nd_calloc(b->groups.n_groups + 1, sizeof *b->d.names);
    int32_t *class_of_group = nd_calloc(b->groups.n_groups + 1, sizeof *class_of_group);
    if (!b->d.names || !class_of_group) rc = ND_ENOMEM;
    for (size_t g = 0; g < b->groups.n_groups && !rc; g++) {
        class_of_group[g] = b->groups.groups[g].is_dropped ? -1 : b->d.K;
        if (!b->groups.groups[g].is_dropped) rc = add_name(b, b->groups.groups[g].head.name);
    }
    for (int i = 0; i < nd_tags_count(b->tags) && !rc; i++) {
        char key[ND_TAG_BYTES];
        nd_tag_key(key, nd_tags_at(b->tags, i)->name);
        const nd_tag_group *group = nd_tag_synonyms_find(&b->groups, key);
        b->class_of[i] = group ? class_of_group[group - b->groups.groups] : -1;
    }
    free(class_of_group);
    return rc ? no_memory(b) : 0;
}

static int find_targets(builder *b, const char *targets)
{
    b->class_of = nd_calloc((size_t)nd_tags_count(b->tags) + 1, sizeof *b->class_of);
    if (!b->class_of) return no_memory(b);
    int rc = targets ? target_groups(b, targets) : target_tags(b);
    if (!rc && b->d.K < 2)
        rc = nd_diag_set(b->diag, ND_EEMPTY, "reading %s: two targets or more expected, found %d",
                         targets ? targets : b->dir, b->d.K);
    return rc;
}

/* ---- files --------------------------------------------------------------------- */

/* A file that is in several splits counts in the last. */
static void find_splits(builder *b)
{
    for (int i = 0; i < nd_corpus_count(b->corpus); i++) {
        int files[2];
        int8_t split = (int8_t)nd_corpus_pair(b->corpus, i)->split;
        nd_corpus_pair_files(b->corpus, i, &files[0], &files[1]);
        for (int k = 0; k < 2; k++) b->split_of[files[k]] = ND_MAX(b->split_of[files[k]], split);
    }
}

/* The targets of a file, each once, in the order of its tags. @return how many; < 0: an error */
static int add_labels(builder *b, const char *name)
{
    const int32_t *tags = NULL;
    int n_tags = nd_tags_of_file(b->tags, name, &tags);
    size_t from = b->n_labels;
    for (int i = 0; i < n_tags; i++) {
        int32_t class = b->class_of[tags[i]];
        bool is_new = class >= 0;
        for (size_t k = from; k < b->n_labels; k++) is_new = is_new && b->d.labels[k] != class;
        if (!is_new) continue;
        if (nd_grow(&b->d.labels, &b->capacity, b->n_labels, 1, sizeof *b->d.labels))
            return ND_ENOMEM;
        b->d.labels[b->n_labels++] = class;
    }
    return (int)(b->n_labels - from);
}

/* All clips of a run have one shape. */
static int check_shape(builder *b, int item, const char *name)
{
    int64_t dims[ND_ARRAY_MAX_DIMS] = {0};
    int n = nd_cache_shape(b->d.cache, item, b->d.array, dims);
    if (!b->d.T && n == 3) b->d.T = dims[1], b->d.F = dims[2];
    if (n == 3 && dims[1] == b->d.T && dims[2] == b->d.F) return 0;
    return nd_diag_set(b->diag, ND_EFORMAT,
                       "reading %s/cache: %s of [clips, %lld, %lld] expected, %s has another shape",
                       b->dir, b->d.array, (long long)b->d.T, (long long)b->d.F, name);
}

static void digest(uint64_t *h, const void *bytes, size_t n)
{
    const uint8_t *at = bytes;
    for (size_t i = 0; i < n; i++) *h = (*h ^ at[i]) * 0x100000001B3u;
}

/* Music is log-mel; video in time where the cache has it, else as published. */
static const char *choose_array(const builder *b, int item)
{
    int64_t dims[ND_ARRAY_MAX_DIMS];
    if (b->d.medium == ND_MUSIC) return "fbank";
    return nd_cache_shape(b->d.cache, item, "colour_frames", dims) == 3 ? "colour_frames"
                                                                        : "frames";
}

static int add_file(builder *b, int index, nd_clip_files *to)
{
    const char *name = nd_corpus_file_at(b->corpus, index)->name;
    int item = nd_cache_find(b->d.cache, name, b->d.medium);
    int n_labels = item < 0 ? 0 : add_labels(b, name);
    if (n_labels < 0) return no_memory(b);
    if (item < 0 || n_labels == 0 || nd_cache_at(b->d.cache, item)->n_clips < 1) {
        b->d.n_left_out++;
        return 0;
    }
    if (!b->d.array) b->d.array = choose_array(b, item);
    int rc = check_shape(b, item, name);
    if (rc) return rc;
    const nd_cache_item *known = nd_cache_at(b->d.cache, item);
    const int32_t *labels = b->d.labels + b->n_labels - n_labels;
    digest(&b->d.digest, name, strlen(name));
    digest(&b->d.digest, &known->source.hash, sizeof known->source.hash);
    digest(&b->d.digest, &known->n_clips, sizeof known->n_clips);
    digest(&b->d.digest, labels, (size_t)n_labels * sizeof *labels);
    to->files[to->n++] = (nd_clip_file){
        .item = item, .n_clips = known->n_clips, .target = labels[0], .n_labels = n_labels};
    to->n_clips += known->n_clips;
    return 0;
}

/* Labels moved while they grew. */
static void set_labels(nd_clip_files *files, const int32_t **at)
{
    for (int i = 0; i < files->n; i++) {
        files->files[i].labels = *at;
        *at += files->files[i].n_labels;
    }
}

static int add_split(builder *b, nd_clip_files *to, nd_split split)
{
    int n = nd_corpus_file_count(b->corpus), rc = 0;
    to->files = nd_calloc((size_t)n, sizeof *to->files);
    if (!to->files) return no_memory(b);
    for (int i = 0; i < n && !rc; i++)
        if (nd_corpus_file_at(b->corpus, i)->medium == b->d.medium && b->split_of[i] == (int)split)
            rc = add_file(b, i, to);
    if (!rc && to->n == 0)
        rc = nd_diag_set(b->diag, ND_EEMPTY,
                         "reading %s: a file of the split \"%s\" with features and a target "
                         "expected, found none (%d files are without)",
                         b->dir, nd_split_name(split), b->d.n_left_out);
    return rc;
}

static int add_files(builder *b)
{
    b->split_of = nd_calloc((size_t)nd_corpus_file_count(b->corpus), sizeof *b->split_of);
    if (!b->split_of) return no_memory(b);
    find_splits(b);
    b->d.digest = 0xCBF29CE484222325u;
    int rc = add_split(b, &b->d.train, ND_TRAIN);
    if (!rc) rc = add_split(b, &b->d.val, ND_VAL);
    const int32_t *labels = b->d.labels;
    set_labels(&b->d.train, &labels);
    set_labels(&b->d.val, &labels);
    for (int k = 0; k < b->d.K; k++) digest(&b->d.digest, b->d.names[k], strlen(b->d.names[k]) + 1);
    return rc;
}

int nd_clip_data_open(nd_clip_data *out, const char *dir, nd_medium medium, const char *targets,
                      nd_diag *diag)
{
    builder b = {.d.medium = medium, .dir = dir, .diag = diag};
    char *cache = nd_path_join(dir, "cache");
    int rc = cache ? nd_corpus_open(&b.corpus, dir, diag) : no_memory(&b);
    if (!rc) rc = nd_tags_open(&b.tags, dir, NULL, diag);
    if (!rc) rc = nd_cache_open(&b.d.cache, cache, diag);
    if (!rc) rc = find_targets(&b, targets);
    if (!rc) rc = add_files(&b);
    nd_corpus_close(&b.corpus);
    nd_tags_close(&b.tags);
    nd_tag_synonyms_deinit(&b.groups);
    free(b.class_of);
    free(b.split_of);
    free(cache);
    if (rc) nd_clip_data_deinit(&b.d);
    else *out = b.d;
    return rc;
}

void nd_clip_data_deinit(nd_clip_data *d)
{
    nd_cache_close(&d->cache);
    for (int k = 0; k < d->K; k++) free(d->names[k]);
    free(d->names);
    free(d->train.files);
    free(d->val.files);
    free(d->labels);
    *d = (nd_clip_data){0};
}

int nd_clip_data_read(float *out, const nd_clip_data *d, const nd_clip_file *file)
{
    int rc = 0;
    for (int c = 0; c < file->n_clips && !rc; c++)
        rc = nd_cache_clip_f32(out + c * d->T * d->F, d->cache, file->item, d->array, c);
    return rc;
}
