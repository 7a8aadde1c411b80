/* Tags that people gave: a track's from its catalogue, a query's from who uploaded the video. They
 * are read here alone, so that no figure without tags can know them. */
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "learn/corpus_internal.h"
#include "learn/eval.h"

enum { LINES_MAX_BYTES = 1 << 30 };

/* A tag of a track or of a query. */
typedef struct mention {
    int32_t owner, tag;
} mention;

typedef struct mentions {
    mention *items;
    size_t n, capacity;
} mentions;

typedef struct reader {
    nd__eval_words words;
    nd_tag_synonyms synonyms;
    nd_tag_map ids;    /* of all pairs of the corpus */
    nd_tag_map names;  /* of music, as written */
    int32_t *query_of; /* [ids.n] 1 + query; 0: of another split */
    int32_t *id_music; /* [ids.n] place of the pair's track + 1 */
    int32_t *place_of; /* [names.n] place in the gallery + 1 */
    mentions tracks, queries;
} reader;

/* ---- forms ----------------------------------------------------------------------- */

static int number_of(nd__eval_words *w, const nd_tag_form *form, int *out)
{
    size_t before = w->keys.n;
    if (nd_grow(&w->forms, &w->capacity, before, 1, sizeof *w->forms)) return ND_ENOMEM;
    int rc = nd_tag_map_add(&w->keys, form->key, strlen(form->key), out);
    if (!rc && w->keys.n > before) w->forms[before] = *form;
    return rc;
}

int nd__eval_word(nd__eval_words *words, const char *text, int *out)
{
    nd_tag_form form;
    nd_tag_fault fault = nd_tag_form_read(&form, text, strlen(text));
    if (fault) return fault == ND_TAG_NO_MEMORY ? ND_ENOMEM : ND_EFORMAT;
    return number_of(words, &form, out);
}

static int add_piece(reader *r, mentions *to, int owner, const char *text, size_t n)
{
    nd_tag_form form;
    int tag;
    nd_tag_fault fault = nd_tag_form_read(&form, text, n);
    if (fault) return fault == ND_TAG_NO_MEMORY ? ND_ENOMEM : 0;
    const nd_tag_group *group = nd_tag_synonyms_find(&r->synonyms, form.key);
    if (group && group->is_dropped) return 0;
    int rc = number_of(&r->words, group ? &group->head : &form, &tag);
    if (!rc) rc = nd_grow(&to->items, &to->capacity, to->n, 1, sizeof *to->items);
    if (!rc) to->items[to->n++] = (mention){owner, tag};
    return rc;
}

static int add_tags(reader *r, mentions *to, int owner, const json_t *tags)
{
    int rc = 0;
    for (size_t i = 0; i < json_array_size(tags) && !rc; i++) {
        const char *at = json_string_value(json_array_get(tags, i)), *piece;
        size_t n;
        while (at && !rc && nd_tag_next_piece(&piece, &n, &at))
            rc = add_piece(r, to, owner, piece, n);
    }
    return rc;
}

/* ---- lines ------------------------------------------------------------------------ */

/* A line of any of the three files: whose tags they are is said by its id, or its music. */
static int add_line(reader *r, const json_t *line)
{
    const char *id = json_string_value(json_object_get(line, "id"));
    const char *music = json_string_value(json_object_get(line, "music"));
    int pair = id ? nd_tag_map_find(&r->ids, id, strlen(id)) : -1;
    int name = music ? nd_tag_map_find(&r->names, music, strlen(music)) : -1;
    int query = pair < 0 ? 0 : r->query_of[pair];
    int place = name >= 0 ? r->place_of[name] : pair >= 0 ? r->id_music[pair] : 0;
    int rc = query ? add_tags(r, &r->queries, query - 1, json_object_get(line, "tags")) : 0;
    if (!rc && place) rc = add_tags(r, &r->tracks, place - 1, json_object_get(line, "music_tags"));
    return rc;
}

static int add_lines(reader *r, const nd_bytes *bytes)
{
    int rc = 0;
    for (size_t at = 0; at < bytes->n && !rc;) {
        const uint8_t *end = memchr(bytes->data + at, '\n', bytes->n - at);
        size_t n = end ? (size_t)(end - bytes->data) - at : bytes->n - at;
        json_t *line = json_loadb((const char *)bytes->data + at, n, 0, NULL);
        if (line) rc = add_line(r, line);
        json_decref(line);
        at += n + 1;
    }
    return rc;
}

static int add_file(reader *r, const char *dir, const char *name, nd_diag *diag)
{
    nd_bytes bytes = {0};
    char *path = nd_path_join(dir, name);
    int rc = path ? 0 : nd_diag_set(diag, ND_ENOMEM, "reading %s: out of memory", name);
    if (!rc && !access(path, F_OK)) {
        rc = nd_file_read(&bytes, path, LINES_MAX_BYTES, diag);
        if (!rc && add_lines(r, &bytes))
            rc = nd_diag_set(diag, ND_ENOMEM, "reading %s: out of memory", path);
    }
    nd_bytes_deinit(&bytes);
    free(path);
    return rc;
}

/* ---- who is who -------------------------------------------------------------------- */

static int add_names(reader *r, const nd_items *items, const nd__eval_set *set)
{
    int n_files = nd_items_count(items), rc = 0, id;
    int32_t *place_of_same = nd_calloc((size_t)n_files, sizeof *place_of_same);
    r->place_of = nd_calloc((size_t)n_files, sizeof *r->place_of);
    if (!place_of_same || !r->place_of) rc = ND_ENOMEM;
    for (int j = 0; j < set->G && !rc; j++)
        place_of_same[nd_items_same(items, set->tracks[j])] = j + 1;
    for (int f = 0; f < n_files && !rc; f++) {
        int place = place_of_same[nd_items_same(items, f)];
        const char *name = nd_items_name(items, f);
        if (!place) continue;
        rc = nd_tag_map_add(&r->names, name, strlen(name), &id);
        if (!rc) r->place_of[id] = place;
    }
    free(place_of_same);
    return rc;
}

static int add_ids(reader *r, const nd_corpus *corpus, const nd__eval_set *set)
{
    r->query_of = nd_calloc((size_t)set->n, sizeof *r->query_of);
    r->id_music = nd_calloc((size_t)set->n, sizeof *r->id_music);
    int rc = r->query_of && r->id_music ? 0 : ND_ENOMEM, id;
    for (int i = 0; i < set->n && !rc; i++) {
        const char *text = nd_corpus_pair(corpus, set->pairs[i])->id;
        rc = nd_tag_map_add(&r->ids, text, strlen(text), &id);
        if (rc) break;
        r->query_of[id] = i + 1;
        r->id_music[id] = set->track_of[i] + 1;
    }
    return rc;
}

static int read_synonyms(nd_tag_synonyms *out, const char *dir, const char *path, nd_diag *diag)
{
    if (path) return nd_tag_synonyms_read(out, path, diag);
    char *own = nd_path_join(dir, "synonyms.txt");
    int rc = own ? 0 : nd_diag_set(diag, ND_ENOMEM, "reading synonyms: out of memory");
    if (!rc && !access(own, F_OK)) rc = nd_tag_synonyms_read(out, own, diag);
    free(own);
    return rc;
}

/* ---- lists -------------------------------------------------------------------------- */

static int by_owner_and_tag(const void *a, const void *b)
{
    const mention *x = a, *y = b;
    if (x->owner != y->owner) return (x->owner > y->owner) - (x->owner < y->owner);
    return (x->tag > y->tag) - (x->tag < y->tag);
}

static int make_lists(nd_tag_lists *out, mentions *m, int n_owners)
{
    out->n = n_owners;
    out->first = nd_calloc((size_t)n_owners + 1, sizeof *out->first);
    out->values = nd_calloc(m->n, sizeof *out->values);
    if (!out->first || !out->values) return ND_ENOMEM;
    if (m->n) qsort(m->items, m->n, sizeof *m->items, by_owner_and_tag);
    int64_t used = 0;
    size_t at = 0;
    for (int owner = 0; owner < n_owners; owner++) {
        for (; at < m->n && m->items[at].owner == owner; at++)
            if (used == out->first[owner] || out->values[used - 1] != m->items[at].tag)
                out->values[used++] = m->items[at].tag;
        out->first[owner + 1] = used;
    }
    return 0;
}

static void reader_deinit(reader *r)
{
    nd_tag_synonyms_deinit(&r->synonyms);
    nd_tag_map_deinit(&r->ids);
    nd_tag_map_deinit(&r->names);
    free(r->query_of);
    free(r->id_music);
    free(r->place_of);
    free(r->tracks.items);
    free(r->queries.items);
}

int nd__eval_words_read(nd__eval_words *out, const nd_corpus *corpus, const nd_items *items,
                        const nd__eval_set *set, const char *synonyms, nd_diag *diag)
{
    static const char *const files[] = {"corpus.jsonl", "gallery.jsonl", "test_tags.jsonl"};
    reader r = {0};
    const char *dir = nd_corpus_dir(corpus);
    int rc = read_synonyms(&r.synonyms, dir, synonyms, diag);
    if (!rc && (add_names(&r, items, set) || add_ids(&r, corpus, set)))
        rc = nd_diag_set(diag, ND_ENOMEM, "reading tags of %s: out of memory", dir);
    for (size_t i = 0; i < ND_COUNT(files) && !rc; i++) rc = add_file(&r, dir, files[i], diag);
    if (!rc && (make_lists(&r.words.tracks, &r.tracks, set->G) ||
                make_lists(&r.words.queries, &r.queries, set->n)))
        rc = nd_diag_set(diag, ND_ENOMEM, "reading tags of %s: out of memory", dir);
    reader_deinit(&r);
    if (rc) nd__eval_words_deinit(&r.words);
    else *out = r.words;
    return rc;
}

void nd__eval_words_deinit(nd__eval_words *w)
{
    nd_tag_map_deinit(&w->keys);
    free(w->forms);
    free(w->tracks.first);
    free(w->tracks.values);
    free(w->queries.first);
    free(w->queries.values);
    *w = (nd__eval_words){0};
}

/* ---- nearness ------------------------------------------------------------------------ */

bool nd__eval_share_a_tag(const nd__eval_words *w, int track, int other)
{
    const nd_tag_lists *l = &w->tracks;
    for (int64_t a = l->first[track]; a < l->first[track + 1]; a++)
        for (int64_t b = l->first[other]; b < l->first[other + 1]; b++)
            if (l->values[a] == l->values[b]) return true;
    return false;
}

static float nearness(int a, int b, const float *vectors, int E)
{
    float sum = 0;
    if (a == b) return 1;
    for (int d = 0; d < E && vectors; d++)
        sum += vectors[(int64_t)a * E + d] * vectors[(int64_t)b * E + d];
    return ND_CLAMP(sum, -1.0f, 0.9999f);
}

void nd__eval_nearness(float *out, const nd__eval_words *w, const int32_t *tags, int n_tags,
                       const float *vectors, int E)
{
    const nd_tag_lists *l = &w->tracks;
    for (int j = 0; j < l->n; j++) {
        out[j] = -2;
        for (int64_t b = l->first[j]; b < l->first[j + 1]; b++)
            for (int t = 0; t < n_tags; t++)
                out[j] = ND_MAX(out[j], nearness(tags[t], l->values[b], vectors, E));
    }
}
