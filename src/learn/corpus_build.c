/* A corpus made: a source finds pairs, every file is asked what it is, tags are gathered, sets of
 * pairs that share a track or a film are dealt to the splits, corpus.jsonl is written. */
#define _GNU_SOURCE
#include <limits.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "learn/corpus_internal.h"

typedef struct {
    nd_corpus_draft *d;
    const nd_corpus_params *params;
    const char *dir;
    nd__media *media;
    const char **names; /* [n_media] as they are written */
    int n_media, n_tracks, n_sets;
} building;

/* ---- media ------------------------------------------------------------------------- */

/* Every path once; 2 i is the video of pair i, 2 i + 1 its music. */
static int collect_media(building *b)
{
    int n = 2 * (int)b->d->n_pairs;
    const char **paths = nd_calloc((size_t)n, sizeof *paths);
    int *first = nd_calloc((size_t)n, sizeof *first),
        *number = nd_calloc((size_t)n, sizeof *number);
    int rc = ND_ENOMEM;
    b->media = nd_calloc((size_t)n, sizeof *b->media);
    if (paths && first && number && b->media) {
        for (int k = 0; k < n; k++)
            paths[k] = k % 2 ? b->d->pairs[k / 2].music : b->d->pairs[k / 2].video;
        rc = nd__group(first, n, nd__compare_texts, paths);
    }
    for (int k = 0; k < n && !rc; k++) {
        nd__draft_pair *p = &b->d->pairs[k / 2];
        number[k] = first[k] < k ? number[first[k]] : b->n_media++;
        nd__media *m = &b->media[number[k]];
        m->path = paths[k];
        *(k % 2 ? &m->is_music : &m->is_video) = true;
        *(k % 2 ? &p->music_media : &p->video_media) = number[k];
    }
    free(paths);
    free(first);
    free(number);
    return rc;
}

static bool is_utf8(const char *text)
{
    size_t n = strlen(text), i = 0;
    for (int length; i < n && (length = nd_utf8_length(text + i, n - i)); i += (size_t)length) {
    }
    return i == n;
}

/* Absolute, its folder without links; of what is not there, where it would be.
 * @return in the arena; NULL: out of memory */
static const char *absolute(nd_arena *a, const char *path)
{
    const char *name = nd_path_name(path);
    size_t n = (size_t)(name - path);
    const char *folder = n ? nd__arena_text(a, path, n) : ".";
    char *real = folder ? realpath(folder, NULL) : NULL;
    if (!folder) return NULL;
    const char *out = nd__arena_path(a, real ? real : folder, name);
    free(real);
    return out;
}

/* A file below the corpus is named from there, so that both can move. */
static int name_media(building *b)
{
    nd_arena *a = &b->d->texts;
    char *real = realpath(b->dir, NULL);
    const char *dir = real ? nd__arena_text(a, real, strlen(real)) : absolute(a, b->dir);
    free(real);
    b->names = nd_calloc((size_t)b->n_media, sizeof *b->names);
    if (!dir || !b->names) return ND_ENOMEM;
    for (int i = 0; i < b->n_media; i++) {
        nd__media *m = &b->media[i];
        const char *path = absolute(a, m->path);
        if (!path) return ND_ENOMEM;
        b->names[i] = nd__path_below(dir, path);
        if (m->failure || is_utf8(b->names[i])) continue;
        if (!(m->failure = strdup("its name is not UTF-8, which a corpus cannot hold")))
            return ND_ENOMEM;
    }
    return 0;
}

/* ---- pairs that cannot be ---------------------------------------------------------- */

static int list_failures(building *b)
{
    int rc = 0;
    for (int i = 0; i < b->n_media && !rc; i++) {
        const nd__media *m = &b->media[i];
        if (!m->failure) continue;
        nd__failures *list = m->is_silent ? &b->d->unpaired : &b->d->failures;
        rc = nd__draft_fail(b->d, list, m->path, "%s", m->failure);
    }
    return rc;
}

static bool can_be(const building *b, const nd__draft_pair *p)
{
    const nd__media *video = &b->media[p->video_media], *music = &b->media[p->music_media];
    return !music->failure && (!video->failure || video->is_silent);
}

static int compare_pairs(const void *items, int a, int b)
{
    const nd__draft_pair *p = (const nd__draft_pair *)items + a;
    const nd__draft_pair *q = (const nd__draft_pair *)items + b;
    if (p->video_media != q->video_media) return p->video_media < q->video_media ? -1 : 1;
    return (p->music_media > q->music_media) - (p->music_media < q->music_media);
}

static int drop_pairs(building *b)
{
    nd_corpus_draft *d = b->d;
    int *first = nd_calloc(d->n_pairs, sizeof *first), n = (int)d->n_pairs;
    int rc = first ? nd__group(first, n, compare_pairs, d->pairs) : ND_ENOMEM;
    d->n_pairs = rc ? d->n_pairs : 0;
    for (int i = 0; i < n && !rc; i++) {
        nd__draft_pair *p = &d->pairs[i];
        if (first[i] == i && can_be(b, p)) {
            d->pairs[d->n_pairs++] = *p;
            continue;
        }
        if (first[i] < i)
            rc = nd__draft_fail(d, &d->failures, p->video, "paired with %s once more", p->music);
        nd__texts_deinit(&p->tags);
    }
    free(first);
    return rc;
}

/* ---- ids, tags --------------------------------------------------------------------- */

static int clean_id(building *b, nd__draft_pair *p)
{
    size_t n = strlen(p->id), room = 3 * n + 1;
    char *clean = nd_arena_alloc(&b->d->texts, room);
    if (!clean) return ND_ENOMEM;
    nd_text_clean(clean, room, p->id, n);
    p->id = *clean ? clean : "pair";
    return 0;
}

/* Ids that repeat get the number of their pair. @return whether one did; ND_ENOMEM */
static int number_repeats(building *b)
{
    nd_corpus_draft *d = b->d;
    int n = (int)d->n_pairs, changed = 0;
    const char **ids = nd_calloc((size_t)n, sizeof *ids);
    int *first = nd_calloc((size_t)n, sizeof *first), rc = ids && first ? 0 : ND_ENOMEM;
    for (int i = 0; i < n && !rc; i++) ids[i] = d->pairs[i].id;
    if (!rc) rc = nd__group(first, n, nd__compare_texts, ids);
    for (int i = 0; i < n && !rc; i++) {
        if (first[i] == i) continue;
        nd_str s = {0};
        nd_str_append(&s, "%s#%d", ids[i], i + 1);
        d->pairs[i].id = s.failed ? NULL : nd__arena_text(&d->texts, s.text, s.n);
        nd_str_deinit(&s);
        if (!d->pairs[i].id) rc = ND_ENOMEM;
        changed = 1;
    }
    free(ids);
    free(first);
    return rc ? rc : changed;
}

static int make_ids(building *b)
{
    int rc = 0;
    for (size_t i = 0; i < b->d->n_pairs && !rc; i++) rc = clean_id(b, &b->d->pairs[i]);
    while (!rc && (rc = number_repeats(b)) > 0) rc = 0;
    return rc;
}

static int add_lines(nd_corpus_draft *d, nd__draft_pair *p, const char *lines)
{
    int rc = 0;
    while (lines && *lines && !rc) {
        size_t n = strcspn(lines, "\n");
        rc = nd__draft_tag(d, p, lines, n);
        lines += n + (lines[n] != '\0');
    }
    return rc;
}

static int gather_tags(building *b)
{
    nd_corpus_draft *d = b->d;
    int rc = 0;
    for (size_t i = 0; i < d->n_pairs && !rc; i++) {
        nd__draft_pair *p = &d->pairs[i];
        rc = add_lines(d, p, b->media[p->video_media].tags);
        if (!rc) rc = nd__tags_of_place(d, p, p->root_video, p->video);
        if (rc || p->video_media == p->music_media) continue;
        rc = add_lines(d, p, b->media[p->music_media].tags);
        if (!rc) rc = nd__tags_of_place(d, p, p->root_music, p->music);
    }
    return rc;
}

/* ---- splits ------------------------------------------------------------------------ */

static int compare_ints(const void *items, int a, int b)
{
    const int *values = items;
    return (values[a] > values[b]) - (values[a] < values[b]);
}

/* How many different values there are in [n]; ND_ENOMEM */
static int count_distinct(const int *values, int n)
{
    int *first = nd_calloc((size_t)n, sizeof *first), count = 0;
    int rc = first ? nd__group(first, n, compare_ints, values) : ND_ENOMEM;
    for (int i = 0; i < n && !rc; i++) count += first[i] == i;
    free(first);
    return rc ? rc : count;
}

/* Sets of the media, with each pair's video and music joined unless tracks may spread.
 * set [n_pairs]; parent [n_media] is scratch. */
static int find_sets(building *b, int *set, int *parent)
{
    const nd_corpus_params *params = b->params;
    int n = (int)b->d->n_pairs;
    int rc = nd__media_sets(parent, b->media, b->n_media, !params->no_listening, NULL, NULL);
    for (int i = 0; i < n && !rc; i++) set[i] = nd__set_find(parent, b->d->pairs[i].music_media);
    if (!rc && (b->n_tracks = count_distinct(set, n)) < 0) rc = b->n_tracks;
    if (!rc && params->spread_tracks)
        rc = nd__media_sets(parent, b->media, b->n_media, false, NULL, NULL);
    for (int i = 0; i < n && !rc && !params->spread_tracks; i++)
        nd__set_join(parent, b->d->pairs[i].video_media, b->d->pairs[i].music_media);
    for (int i = 0; i < n && !rc; i++) set[i] = nd__set_find(parent, b->d->pairs[i].video_media);
    if (!rc && (b->n_sets = count_distinct(set, n)) < 0) rc = b->n_sets;
    return rc;
}

static double share_of(double given)
{
    return given == 0 ? 0.1 : ND_MAX(given, 0);
}

static int deal(building *b)
{
    int n = (int)b->d->n_pairs, rc = ND_ENOMEM;
    int *set = nd_calloc((size_t)n, sizeof *set),
        *parent = nd_calloc((size_t)b->n_media, sizeof *parent);
    const char **order = nd_calloc((size_t)n, sizeof *order);
    nd_split *split = nd_calloc((size_t)n, sizeof *split);
    if (set && parent && order && split) rc = find_sets(b, set, parent);
    for (int i = 0; i < n && !rc; i++) order[i] = b->d->pairs[i].id;
    if (!rc)
        rc = nd__split_sets(split, set, order, n, share_of(b->params->val_share),
                            share_of(b->params->test_share), b->params->seed);
    for (int i = 0; i < n && !rc; i++) b->d->pairs[i].split = split[i];
    free(set);
    free(parent);
    free(order);
    free(split);
    return rc;
}

/* ---- written ----------------------------------------------------------------------- */

static int write_pairs(building *b, nd_diag *diag)
{
    nd_corpus_writer *w = NULL;
    int rc = nd_corpus_writer_open(&w, b->dir, diag);
    for (size_t i = 0; i < b->d->n_pairs && !rc; i++) {
        const nd__draft_pair *p = &b->d->pairs[i];
        nd_pair pair = {.id = p->id,
                        .video = b->names[p->video_media],
                        .music = b->names[p->music_media],
                        .start_s = p->start_s,
                        .tags = p->tags.items,
                        .n_tags = (int)p->tags.n,
                        .split = p->split};
        rc = nd_corpus_writer_add(w, &pair, diag);
    }
    if (!rc) rc = nd_corpus_writer_commit(w, diag);
    nd_corpus_writer_close(&w);
    return rc;
}

static int by_path(const void *a, const void *b)
{
    const nd_failure *f = a, *g = b;
    int order = strcmp(f->path, g->path);
    return order ? order : strcmp(f->reason, g->reason);
}

/* In order, each once: a sidecar is read for every pair of its track. */
static void sort_failures(nd__failures *list)
{
    size_t kept = 0;
    if (list->n) qsort(list->items, list->n, sizeof *list->items, by_path);
    for (size_t i = 0; i < list->n; i++)
        if (!kept || by_path(&list->items[kept - 1], &list->items[i]) != 0)
            list->items[kept++] = list->items[i];
    list->n = kept;
}

/* Which media the pairs that are left use. used: [n_media], 1 as video, 2 as music */
static void mark_used(uint8_t *used, const building *b)
{
    for (size_t i = 0; i < b->d->n_pairs; i++) {
        used[b->d->pairs[i].video_media] |= 1;
        used[b->d->pairs[i].music_media] |= 2;
    }
}

static int count(nd_corpus_report *r, const building *b)
{
    int *by_split[] = {&r->n_train, &r->n_val, &r->n_test};
    uint8_t *used = nd_calloc((size_t)b->n_media, 1);
    if (!used) return ND_ENOMEM;
    mark_used(used, b);
    for (int i = 0; i < b->n_media; i++) {
        if (used[i] & 1) r->n_videos++, r->video_s += b->media[i].duration_s;
        if (used[i] & 2) r->music_s += b->media[i].music_s;
    }
    free(used);
    for (size_t i = 0; i < b->d->n_pairs; i++) {
        const nd__draft_pair *p = &b->d->pairs[i];
        ++*by_split[p->split];
        r->n_tags += (int)p->tags.n;
        r->n_untagged += p->tags.n == 0;
    }
    r->n_pairs = (int)b->d->n_pairs;
    r->n_tracks = b->n_tracks;
    r->n_groups = b->n_sets;
    return 0;
}

static int make_report(nd_corpus_report **out, building *b)
{
    nd_corpus_report *r = nd_calloc(1, sizeof *r);
    int rc = r ? count(r, b) : ND_ENOMEM;
    if (rc) {
        free(r);
        return rc;
    }
    nd_corpus_draft *d = b->d;
    sort_failures(&d->failures);
    sort_failures(&d->unpaired);
    r->n_listed = d->n_listed;
    r->n_unused = d->n_unused;
    r->failures = d->failures.items;
    r->n_failures = (int)d->failures.n;
    r->unpaired = d->unpaired.items;
    r->n_unpaired = (int)d->unpaired.n;
    r->missing = d->missing.items;
    r->n_missing = (int)d->missing.n;
    r->draft = d;
    *out = r;
    return 0;
}

/* ---- all of it --------------------------------------------------------------------- */

/* Everything but out of memory has its story told. */
static int build(building *b, const nd_corpus_ops *source, nd_diag *diag)
{
    int rc = source->find(b->d, b->params, diag);
    if (!rc) rc = collect_media(b);
    if (!rc && b->n_media) rc = nd__media_read(b->media, b->n_media, b->params, diag);
    if (!rc) rc = name_media(b);
    if (!rc) rc = list_failures(b);
    if (!rc) rc = drop_pairs(b);
    if (!rc) rc = make_ids(b);
    if (!rc) rc = gather_tags(b);
    if (!rc) rc = deal(b);
    if (!rc && b->d->n_pairs) rc = write_pairs(b, diag);
    return rc;
}

static const nd_corpus_ops *find_source(const char *name, nd_diag *diag)
{
    for (int i = 0; name && nd_corpus_shelf[i]; i++)
        if (!strcmp(nd_corpus_shelf[i]->name, name)) return nd_corpus_shelf[i];
    nd_diag_set(diag, ND_EARG, "building a corpus: no source of pairs \"%s\"", name ? name : "");
    return NULL;
}

static int check_params(const char *dir, const nd_corpus_params *p, nd_diag *diag)
{
    if (!dir || !*dir || !p)
        return nd_diag_set(diag, ND_EARG, "building a corpus: a folder and parameters expected");
    double val = share_of(p->val_share), test = share_of(p->test_share);
    if (!isnan(p->val_share) && !isnan(p->test_share) && val + test < 1) return 0;
    return nd_diag_set(diag, ND_EARG,
                       "building a corpus: shares for validation and test below 1 together "
                       "expected, found %g and %g",
                       val, test);
}

int nd_corpus_build(nd_corpus_report **out, const char *dir, const char *source,
                    const nd_corpus_params *params, nd_diag *diag)
{
    int rc = check_params(dir, params, diag);
    const nd_corpus_ops *ops = rc ? NULL : find_source(source, diag);
    if (!ops) return ND_EARG;
    building b = {.d = nd_calloc(1, sizeof *b.d), .params = params, .dir = dir};
    nd_corpus_report *report = NULL;
    rc = b.d ? build(&b, ops, diag) : ND_ENOMEM;
    if (!rc) rc = make_report(&report, &b);
    nd__media_deinit(b.media, b.n_media);
    free(b.names);
    if (rc) {
        if (b.d) nd__draft_deinit(b.d);
        free(b.d);
        return rc == ND_ENOMEM ? nd_diag_set(diag, rc, "building %s: out of memory", dir) : rc;
    }
    *out = report;
    if (report->n_pairs) return 0;
    return nd_diag_set(diag, ND_EEMPTY,
                       "building %s: no pair found: %d media without a partner, %d unreadable, "
                       "%d ids missing",
                       dir, report->n_unpaired, report->n_failures, report->n_missing);
}

void nd_corpus_report_destroy(nd_corpus_report **report)
{
    if (!report || !*report) return;
    nd__draft_deinit((*report)->draft);
    free((*report)->draft);
    free(*report);
    *report = NULL;
}
