/* The unified target set.
 *
 * Every distinct raw text is brought into form once. What makes two tags the same is their key; a
 * text that is no tag gets a key of its own, NO_TAG and the text, so that it is counted and
 * reported like any other. Sets (a tag's videos, a file's tags) are sorted arrays of 64-bit
 * numbers, the one thing in the high half and the other in the low. */
#include <math.h>
#include <string.h>

#include "learn/tag_set.h"

#define NO_TAG "\x01" /* before the key of a text that is no tag */

typedef struct {
    const char *reason;     /* why it is no tag; NULL */
    int n_videos, n_tracks; /* distinct, of training pairs */
    int name;               /* in b.names, the one that is shown; -1: the one most used */
    int tag;                /* its number in the set; -1 */
} key_info;

typedef struct {
    int key, name;
} form_ids;

typedef struct {
    uint64_t *values;
    size_t n, capacity;
} pair_list; /* of numbers in twos */

typedef struct {
    const nd_corpus *corpus;
    const nd_tag_synonyms *synonyms;
    const nd_tags_params *params;
    nd_tag_map raws, names, keys;
    form_ids *forms; /* of the raws, one after another */
    size_t n_forms, forms_capacity;
    size_t *raw_first; /* [raws.n + 1] into forms */
    size_t raw_capacity;
    key_info *info; /* [keys.n] */
    size_t info_capacity;
    int *name_uses; /* [names.n] in training pairs */
    size_t uses_capacity;
    pair_list mentions;  /* (pair, key), by pair */
    uint8_t *file_split; /* [set.files.n] */
    size_t split_capacity;
    nd_tag_set set;
} builder;

/* ---- raw texts ---------------------------------------------------------------- */

static int add_key(builder *b, const char *text, const char *reason, int *id_out)
{
    int n_before = (int)b->keys.n;
    if (nd_grow(&b->info, &b->info_capacity, (size_t)n_before, 1, sizeof *b->info) ||
        nd_tag_map_add(&b->keys, text, strlen(text), id_out))
        return ND_ENOMEM;
    if (*id_out == n_before)
        b->info[n_before] = (key_info){.reason = reason, .name = -1, .tag = -1};
    return 0;
}

static int add_name(builder *b, const char *text, int *id_out)
{
    size_t n_before = b->names.n;
    if (nd_grow(&b->name_uses, &b->uses_capacity, n_before, 1, sizeof *b->name_uses) ||
        nd_tag_map_add(&b->names, text, strlen(text), id_out))
        return ND_ENOMEM;
    if ((size_t)*id_out == n_before) b->name_uses[n_before] = 0;
    return 0;
}

static int add_form(builder *b, const char *key, const char *name, const char *reason, int *key_out)
{
    form_ids ids = {0};
    if (add_key(b, key, reason, &ids.key) || add_name(b, name, &ids.name) ||
        nd_grow(&b->forms, &b->forms_capacity, b->n_forms, 1, sizeof *b->forms))
        return ND_ENOMEM;
    b->forms[b->n_forms++] = ids;
    *key_out = ids.key;
    return 0;
}

static const char *fault_reason(nd_tag_fault fault)
{
    return fault == ND_TAG_NOT_UTF8   ? "not UTF-8"
           : fault == ND_TAG_TOO_LONG ? "too long"
                                      : "no letter or digit in it";
}

static int add_fault(builder *b, const char *text, size_t n, nd_tag_fault fault)
{
    char key[ND_TAG_BYTES] = NO_TAG;
    int id;
    if (fault == ND_TAG_NO_MEMORY) return ND_ENOMEM;
    nd_text_print(key + 1, 64, text, ND_MIN(n, 64));
    return add_form(b, key, key + 1, fault_reason(fault), &id);
}

static int add_piece(builder *b, const char *text, size_t n)
{
    nd_tag_form form;
    nd_tag_fault fault = nd_tag_form_read(&form, text, n);
    if (fault) return add_fault(b, text, n, fault);
    const nd_tag_group *group = nd_tag_synonyms_find(b->synonyms, form.key);
    const nd_tag_form *said = group && !group->is_dropped ? &group->head : &form;
    const char *reason = group && group->is_dropped ? "dropped by the synonyms file" : NULL;
    int key, name;
    if (add_form(b, said->key, form.name, reason, &key)) return ND_ENOMEM;
    if (said != &form) {
        if (add_name(b, said->name, &name)) return ND_ENOMEM;
        b->info[key].name = name;
    }
    return 0;
}

/* A raw text that was not there before. */
static int read_raw(builder *b, const char *raw)
{
    size_t n = strlen(raw), n_piece, n_before = b->n_forms;
    if (n > ND_TAG_RAW_BYTES) return add_fault(b, raw, n, ND_TAG_TOO_LONG);
    const char *piece, *at = raw;
    while (nd_tag_next_piece(&piece, &n_piece, &at))
        if (add_piece(b, piece, n_piece)) return ND_ENOMEM;
    return b->n_forms == n_before ? add_fault(b, raw, n, ND_TAG_NOTHING) : 0;
}

/* The number of a raw text, brought into form where it is new. A very long one is known by its
 * beginning: all of them are dropped. */
static int find_raw(builder *b, const char *raw, int *id_out)
{
    size_t n = strnlen(raw, ND_TAG_RAW_BYTES + 1), n_before = b->raws.n;
    if (nd_grow(&b->raw_first, &b->raw_capacity, n_before, 2, sizeof *b->raw_first) ||
        nd_tag_map_add(&b->raws, raw, n, id_out))
        return ND_ENOMEM;
    if ((size_t)*id_out < n_before) return 0;
    b->raw_first[n_before] = b->n_forms;
    int rc = read_raw(b, raw);
    b->raw_first[n_before + 1] = b->n_forms;
    return rc;
}

/* ---- pairs ---------------------------------------------------------------- */

static int push(pair_list *l, uint64_t high, uint64_t low)
{
    if (nd_grow(&l->values, &l->capacity, l->n, 1, sizeof *l->values)) return ND_ENOMEM;
    l->values[l->n++] = high << 32 | low;
    return 0;
}

static int high(uint64_t value)
{
    return (int)(value >> 32);
}

static int low(uint64_t value)
{
    return (int)(value & 0xFFFFFFFF);
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void sort(pair_list *l)
{
    if (l->n) qsort(l->values, l->n, sizeof *l->values, by_value);
}

static int add_mentions(builder *b, int pair, const nd_pair *p)
{
    for (int t = 0; t < p->n_tags; t++) {
        int raw;
        if (find_raw(b, p->tags[t], &raw)) return ND_ENOMEM;
        for (size_t i = b->raw_first[raw]; i < b->raw_first[raw + 1]; i++) {
            if (push(&b->mentions, (uint64_t)pair, (uint64_t)b->forms[i].key)) return ND_ENOMEM;
            if (p->split == ND_TRAIN) b->name_uses[b->forms[i].name]++;
        }
    }
    return 0;
}

/* A tag counts once a pair. The mentions are left sorted. */
static void drop_repeated(pair_list *l)
{
    sort(l);
    size_t n = 0;
    for (size_t i = 0; i < l->n; i++)
        if (!i || l->values[i] != l->values[i - 1]) l->values[n++] = l->values[i];
    l->n = n;
}

static int file_id(builder *b, int pair, bool is_music, int *id_out)
{
    int video, music;
    nd_corpus_pair_files(b->corpus, pair, &video, &music);
    const char *name = nd_corpus_file_at(b->corpus, is_music ? music : video)->name;
    size_t n_before = b->set.files.n;
    if (nd_grow(&b->file_split, &b->split_capacity, n_before, 1, 1) ||
        nd_tag_map_add(&b->set.files, name, strlen(name), id_out))
        return ND_ENOMEM;
    uint8_t split = (uint8_t)nd_corpus_pair(b->corpus, pair)->split;
    if ((size_t)*id_out == n_before || b->file_split[*id_out] > split)
        b->file_split[*id_out] = split;
    return 0;
}

static int read_pairs(builder *b)
{
    int n = nd_corpus_count(b->corpus), id;
    for (int i = 0; i < n; i++) {
        if (file_id(b, i, false, &id) || file_id(b, i, true, &id) ||
            add_mentions(b, i, nd_corpus_pair(b->corpus, i)))
            return ND_ENOMEM;
        if (i % 4096 == 0 && nd_progress_update(b->params->progress, "reading tags", i, n, NULL))
            return ND_ECANCELLED;
    }
    drop_repeated(&b->mentions);
    return 0;
}

/* ---- counts ---------------------------------------------------------------- */

/* Distinct files of one side for each key, of the training pairs. */
static int count_side(builder *b, bool is_music)
{
    pair_list seen = {0};
    int rc = 0, file;
    for (size_t i = 0; i < b->mentions.n && !rc; i++) {
        int pair = high(b->mentions.values[i]);
        if (nd_corpus_pair(b->corpus, pair)->split != ND_TRAIN) continue;
        rc = file_id(b, pair, is_music, &file);
        if (!rc) rc = push(&seen, (uint64_t)low(b->mentions.values[i]), (uint64_t)file);
    }
    drop_repeated(&seen);
    for (size_t i = 0; i < seen.n && !rc; i++) {
        key_info *info = &b->info[high(seen.values[i])];
        if (is_music) info->n_tracks++;
        else info->n_videos++;
    }
    free(seen.values);
    return rc;
}

static int count_spaces(const char *text)
{
    int n = 0;
    for (; *text; text++) n += *text == ' ';
    return n;
}

/* The name that most training pairs use; of those the one whose words are apart, then the
 * shorter: a singular. */
static void choose_names(builder *b)
{
    for (size_t i = 0; i < b->n_forms; i++) {
        key_info *info = &b->info[b->forms[i].key];
        int best = info->name, name = b->forms[i].name;
        if (best >= 0 && nd_tag_synonyms_find(b->synonyms, b->keys.texts[b->forms[i].key]))
            continue;
        int more = best < 0 ? 1 : b->name_uses[name] - b->name_uses[best];
        const char *text = b->names.texts[name],
                   *best_text = best < 0 ? text : b->names.texts[best];
        if (!more) more = count_spaces(text) - count_spaces(best_text);
        if (!more) more = (int)strlen(best_text) - (int)strlen(text);
        if (!more) more = strcmp(best_text, text);
        if (more > 0) info->name = name;
    }
}

static void find_reason(const builder *b, key_info *info)
{
    bool few_videos = info->n_videos < b->params->min_videos;
    bool few_tracks = info->n_tracks < b->params->min_tracks;
    if (info->reason) return;
    if (!info->n_videos) info->reason = "in no training pair";
    else if (few_videos && few_tracks) info->reason = "too few videos and tracks";
    else if (few_videos) info->reason = "too few videos";
    else if (few_tracks) info->reason = "too few tracks";
}

static int larger_first(const void *a, const void *b)
{
    const nd_tag *x = a, *y = b;
    int more = ND_MIN(y->n_videos, y->n_tracks) - ND_MIN(x->n_videos, x->n_tracks);
    return more ? more : strcmp(x->name, y->name);
}

static int dropped_larger_first(const void *a, const void *b)
{
    return larger_first(&((const nd_dropped_tag *)a)->tag, &((const nd_dropped_tag *)b)->tag);
}

/* Part the keys into tags and what is dropped, both sorted. */
static int part_keys(builder *b)
{
    nd_tag_set *set = &b->set;
    int n_tags = 0;
    set->tags = nd_calloc(b->keys.n, sizeof *set->tags);
    set->dropped = nd_calloc(b->keys.n, sizeof *set->dropped);
    if (!set->tags || !set->dropped) return ND_ENOMEM;
    for (size_t i = 0; i < b->keys.n; i++) {
        key_info *info = &b->info[i];
        nd_tag tag = {b->names.texts[info->name], info->n_videos, info->n_tracks};
        find_reason(b, info);
        if (!info->reason) set->tags[n_tags++] = tag;
        else set->dropped[set->n_dropped++] = (nd_dropped_tag){tag, info->reason};
    }
    qsort(set->tags, (size_t)n_tags, sizeof *set->tags, larger_first);
    qsort(set->dropped, (size_t)set->n_dropped, sizeof *set->dropped, dropped_larger_first);
    for (int i = 0; i < set->n_dropped; i++)
        if (!(set->dropped[i].tag.name = strdup(set->dropped[i].tag.name))) {
            set->n_dropped = i;
            return ND_ENOMEM;
        }
    for (int i = 0, id; i < n_tags; i++) {
        if (nd_tag_map_add(&set->names, set->tags[i].name, strlen(set->tags[i].name), &id))
            return ND_ENOMEM;
        set->tags[i].name = set->names.texts[id];
    }
    return 0;
}

/* Give the keys of tags their numbers, both ways. */
static int number_keys(builder *b)
{
    nd_tag_set *set = &b->set;
    for (size_t i = 0; i < set->names.n; i++) {
        char key[ND_TAG_BYTES];
        int id, here;
        nd_tag_key(key, set->names.texts[i]);
        here = nd_tag_map_find(&b->keys, key, strlen(key));
        ND_ASSERT(here >= 0);
        b->info[here].tag = (int)i;
        if (nd_tag_map_add(&set->keys, key, strlen(key), &id)) return ND_ENOMEM;
        ND_ASSERT_EQ(id, i);
    }
    return 0;
}

/* ---- labels ---------------------------------------------------------------- */

/* Lists 0 .. n - 1 of sorted (list, value) twos, each distinct value once.
 * @param votes_out  how often each came; NULL: not asked */
static int make_lists(nd_tag_lists *out, int32_t **votes_out, const pair_list *l, int n)
{
    out->n = n;
    out->first = nd_calloc((size_t)n + 1, sizeof *out->first);
    out->values = nd_calloc(l->n, sizeof *out->values);
    int32_t *votes = nd_calloc(l->n, sizeof *votes);
    if (votes_out) *votes_out = votes;
    if (!out->first || !out->values || !votes) return ND_ENOMEM;
    int64_t used = 0;
    int list = 0;
    for (size_t i = 0; i < l->n; i++) {
        for (; list < high(l->values[i]); list++) out->first[list + 1] = used;
        if (!i || l->values[i] != l->values[i - 1]) out->values[used++] = low(l->values[i]);
        votes[used - 1]++;
    }
    for (; list < n; list++) out->first[list + 1] = used;
    if (!votes_out) free(votes);
    return 0;
}

static int label(builder *b)
{
    pair_list of_files = {0}, of_pairs = {0};
    int rc = 0, files[2];
    for (size_t i = 0; i < b->mentions.n && !rc; i++) {
        int pair = high(b->mentions.values[i]), tag = b->info[low(b->mentions.values[i])].tag;
        nd_split split = nd_corpus_pair(b->corpus, pair)->split;
        if (tag < 0) continue;
        if (split == ND_TRAIN) rc = push(&of_pairs, (uint64_t)pair, (uint64_t)tag);
        if (!rc) rc = file_id(b, pair, false, &files[0]);
        if (!rc) rc = file_id(b, pair, true, &files[1]);
        for (int k = 0; k < (!rc && files[0] == files[1] ? 1 : 2) && !rc; k++)
            if (b->file_split[files[k]] == split)
                rc = push(&of_files, (uint64_t)files[k], (uint64_t)tag);
    }
    sort(&of_files);
    sort(&of_pairs);
    if (!rc) rc = make_lists(&b->set.labels, &b->set.votes, &of_files, (int)b->set.files.n);
    if (!rc) rc = make_lists(&b->set.pairs, NULL, &of_pairs, nd_corpus_count(b->corpus));
    free(of_files.values);
    free(of_pairs.values);
    return rc;
}

/* ---- the whole ---------------------------------------------------------------- */

static int refuse_empty(const builder *b, nd_diag *diag)
{
    const char *dir = nd_corpus_dir(b->corpus);
    if (!b->set.n_dropped)
        return nd_diag_set(diag, ND_EEMPTY, "making the tag set of %s: no pair has a tag", dir);
    const nd_dropped_tag *best = &b->set.dropped[0];
    return nd_diag_set(diag, ND_EEMPTY,
                       "making the tag set of %s: a tag on %d videos and %d tracks of the training "
                       "pairs expected; the nearest, \"%s\", is on %d and %d (%s)",
                       dir, b->params->min_videos, b->params->min_tracks, best->tag.name,
                       best->tag.n_videos, best->tag.n_tracks, best->reason);
}

static int build(builder *b)
{
    int rc = read_pairs(b);
    if (!rc) rc = count_side(b, false);
    if (!rc) rc = count_side(b, true);
    if (rc) return rc;
    choose_names(b);
    rc = part_keys(b);
    if (!rc && !b->set.names.n) return ND_EEMPTY;
    if (!rc) rc = number_keys(b);
    return rc ? rc : label(b);
}

int nd_tag_set_make(nd_tag_set *out, const nd_corpus *corpus, const nd_tag_synonyms *synonyms,
                    const nd_tags_params *params, nd_diag *diag)
{
    static const nd_tag_synonyms nothing;
    builder b = {.corpus = corpus, .synonyms = synonyms ? synonyms : &nothing, .params = params};
    int rc = build(&b);
    if (rc == ND_EEMPTY) refuse_empty(&b, diag);
    else if (rc)
        nd_diag_set(diag, rc, "making the tag set of %s: %s", nd_corpus_dir(corpus),
                    nd_error_text(rc));
    if (rc) nd_tag_set_deinit(&b.set);
    else *out = b.set;
    nd_tag_map_deinit(&b.raws);
    nd_tag_map_deinit(&b.names);
    nd_tag_map_deinit(&b.keys);
    free(b.forms);
    free(b.raw_first);
    free(b.info);
    free(b.name_uses);
    free(b.mentions.values);
    free(b.file_split);
    return rc;
}

/* ---- top-1 ---------------------------------------------------------------- */

typedef struct {
    int32_t tag, votes, nearness; /* cosine in ten-thousandths */
} candidate;

static int best_first(const void *a, const void *b)
{
    const candidate *x = a, *y = b;
    if (x->votes != y->votes) return x->votes < y->votes ? 1 : -1;
    if (x->nearness != y->nearness) return x->nearness < y->nearness ? 1 : -1;
    return x->tag < y->tag ? -1 : x->tag > y->tag;
}

static void order_list(int32_t *tags, int32_t *votes, int n, candidate *list, double *mean,
                       const float *rows, int dim)
{
    double norm = 0;
    memset(mean, 0, (size_t)dim * sizeof *mean);
    for (int i = 0; i < n; i++)
        for (int d = 0; d < dim; d++) mean[d] += (double)rows[(int64_t)tags[i] * dim + d];
    for (int d = 0; d < dim; d++) norm += mean[d] * mean[d];
    for (int i = 0; i < n; i++) {
        double dot = 0;
        for (int d = 0; d < dim; d++) dot += mean[d] * (double)rows[(int64_t)tags[i] * dim + d];
        double cosine = norm > 0 ? dot / sqrt(norm) : 0;
        list[i] = (candidate){tags[i], votes[i], (int32_t)lround(cosine * 1e4)};
    }
    qsort(list, (size_t)n, sizeof *list, best_first);
    for (int i = 0; i < n; i++) {
        tags[i] = list[i].tag;
        votes[i] = list[i].votes;
    }
}

int nd_tag_set_order(nd_tag_set *set, const float *rows, int dim)
{
    nd_tag_lists *l = &set->labels;
    candidate *list = nd_calloc(set->names.n, sizeof *list);
    double *mean = nd_calloc((size_t)dim, sizeof *mean);
    int rc = list && mean ? 0 : ND_ENOMEM;
    for (int i = 0; i < l->n && !rc; i++) {
        int64_t from = l->first[i];
        order_list(l->values + from, set->votes + from, (int)(l->first[i + 1] - from), list, mean,
                   rows, dim);
    }
    free(mean);
    free(list);
    return rc;
}

void nd_tag_set_deinit(nd_tag_set *set)
{
    for (int i = 0; i < set->n_dropped; i++) free((char *)(uintptr_t)set->dropped[i].tag.name);
    free(set->dropped);
    free(set->tags);
    nd_tag_map_deinit(&set->names);
    nd_tag_map_deinit(&set->keys);
    nd_tag_map_deinit(&set->files);
    free(set->labels.first);
    free(set->labels.values);
    free(set->votes);
    free(set->pairs.first);
    free(set->pairs.values);
    *set = (nd_tag_set){0};
}
