/* A corpus looked at with a reader's distrust: what is in it, what cannot be read, what is there
 * twice, and what one split shows of another. */
#include <string.h>

#include "learn/corpus_check.h"

/* ---- media ------------------------------------------------------------------------- */

/* A film with its own sound is two files of the corpus and one medium here. */
static int collect_media(nd_corpus_check *c)
{
    int n = nd_corpus_file_count(c->corpus), rc = ND_ENOMEM;
    const char **paths = nd_calloc((size_t)n, sizeof *paths);
    int *first = nd_calloc((size_t)n, sizeof *first);
    c->media = nd_calloc((size_t)n, sizeof *c->media);
    c->media_of = nd_calloc((size_t)n, sizeof *c->media_of);
    if (paths && first && c->media && c->media_of) {
        for (int i = 0; i < n; i++) paths[i] = nd_corpus_file_at(c->corpus, i)->path;
        rc = nd__group(first, n, nd__compare_texts, paths);
    }
    for (int i = 0; i < n && !rc; i++) {
        c->media_of[i] = first[i] < i ? c->media_of[first[i]] : c->n_media++;
        nd__media *m = &c->media[c->media_of[i]];
        m->path = paths[i];
        bool is_video = nd_corpus_file_at(c->corpus, i)->medium == ND_VIDEO;
        *(is_video ? &m->is_video : &m->is_music) = true;
    }
    free(paths);
    free(first);
    return rc;
}

static int pair_media(const nd_corpus_check *c, int i, int *video, int *music)
{
    nd_corpus_pair_files(c->corpus, i, video, music);
    *video = c->media_of[*video];
    *music = c->media_of[*music];
    return nd_corpus_pair(c->corpus, i)->split;
}

/* ---- counts ------------------------------------------------------------------------ */

static int count_pairs(nd_corpus_check *c)
{
    int *videos_of = nd_calloc((size_t)c->n_media, sizeof *videos_of), video, music;
    c->splits = nd_calloc((size_t)c->n_media, 2 * sizeof *c->splits);
    if (!videos_of || !c->splits) {
        free(videos_of);
        return ND_ENOMEM;
    }
    for (int i = 0; i < nd_corpus_count(c->corpus); i++) {
        int split = pair_media(c, i, &video, &music);
        nd__split_count *s = &c->by_split[split];
        s->n_pairs++;
        s->n_videos += !(c->splits[2 * video] >> split & 1);
        s->n_tracks += !(c->splits[2 * music + 1] >> split & 1);
        c->splits[2 * video] |= 1 << split;
        c->splits[2 * music + 1] |= 1 << split;
        c->n_own_sound += video == music;
        videos_of[music]++;
        c->most_videos = ND_MAX(c->most_videos, videos_of[music]);
    }
    free(videos_of);
    for (int i = 0; i < c->n_media; i++) {
        c->n_videos += c->media[i].is_video;
        c->n_music += c->media[i].is_music;
        c->n_unreadable += c->media[i].failure != NULL;
    }
    return 0;
}

static void count_problems(nd_corpus_check *c)
{
    for (int i = 0; i < nd_corpus_problem_count(c->corpus); i++) {
        nd_corpus_problem_kind kind = nd_corpus_problem_at(c->corpus, i)->kind;
        c->n_lines += kind == ND_PROBLEM_LINE || kind == ND_PROBLEM_MORE;
        c->n_ids += kind == ND_PROBLEM_ID;
        c->n_pairs += kind == ND_PROBLEM_PAIR;
        c->n_tags_out += kind == ND_PROBLEM_TAG;
    }
}

static int measure(nd__lengths *out, const nd_corpus_check *c, bool is_video)
{
    out->values = nd_calloc((size_t)c->n_media, sizeof *out->values);
    if (!out->values) return ND_ENOMEM;
    for (int i = 0; i < c->n_media; i++) {
        const nd__media *m = &c->media[i];
        double length_s = is_video ? m->duration_s : m->music_s;
        if (m->failure || !(is_video ? m->is_video : m->is_music) || length_s <= 0) continue;
        out->values[out->n++] = (float)length_s;
        out->total_s += length_s;
    }
    size_t n = (size_t)out->n;
    out->min_s = nd_quantile(out->values, n, 0);
    out->p10_s = nd_quantile(out->values, n, 0.1);
    out->median_s = nd_quantile(out->values, n, 0.5);
    out->p90_s = nd_quantile(out->values, n, 0.9);
    out->max_s = nd_quantile(out->values, n, 1);
    return 0;
}

static int by_count(const void *a, const void *b)
{
    const nd__tag_count *s = a, *t = b;
    if (s->n_pairs != t->n_pairs) return s->n_pairs > t->n_pairs ? -1 : 1;
    return strcmp(s->tag, t->tag);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(((const nd__tag_count *)a)->tag, ((const nd__tag_count *)b)->tag);
}

static int count_tags(nd_corpus_check *c)
{
    int n = nd_corpus_count(c->corpus);
    for (int i = 0; i < n; i++) {
        int n_tags = nd_corpus_pair(c->corpus, i)->n_tags;
        c->n_mentions += n_tags;
        c->n_untagged += n_tags == 0;
    }
    if (!(c->tags = nd_calloc((size_t)c->n_mentions, sizeof *c->tags))) return ND_ENOMEM;
    size_t k = 0, kept = 0;
    for (int i = 0; i < n; i++) {
        const nd_pair *p = nd_corpus_pair(c->corpus, i);
        for (int t = 0; t < p->n_tags; t++) c->tags[k++] = (nd__tag_count){p->tags[t], 1};
    }
    if (k) qsort(c->tags, k, sizeof *c->tags, by_text);
    for (size_t i = 0; i < k; i++) {
        if (kept && !strcmp(c->tags[kept - 1].tag, c->tags[i].tag)) c->tags[kept - 1].n_pairs++;
        else c->tags[kept++] = c->tags[i];
    }
    if (kept) qsort(c->tags, kept, sizeof *c->tags, by_count);
    c->n_tags = (int)kept;
    return 0;
}

/* ---- leaks ------------------------------------------------------------------------- */

static const char *const leak_names[] = {"same video", "same track", "same bytes", "same sound"};

const char *nd__leak_name(nd__leak_kind kind)
{
    return leak_names[kind];
}

static bool are_several(int splits)
{
    return splits & (splits - 1);
}

/* Room for one of each kind a medium and one a likeness. */
static void add_leak(nd_corpus_check *c, nd__leak leak)
{
    if (are_several(leak.splits_a | leak.splits_b)) c->leaks[c->n_leaks++] = leak;
}

static void find_leaks_of(nd_corpus_check *c, int i)
{
    const int *splits = &c->splits[2 * i];
    int twin = c->same_bytes[i];
    add_leak(c, (nd__leak){ND__SAME_VIDEO, i, i, splits[0], splits[0]});
    add_leak(c, (nd__leak){ND__SAME_TRACK, i, i, splits[1], splits[1]});
    const int *others = &c->splits[2 * twin];
    if (twin != i)
        add_leak(c,
                 (nd__leak){ND__SAME_BYTES, twin, i, others[0] | others[1], splits[0] | splits[1]});
}

static int find_leaks(nd_corpus_check *c)
{
    c->leaks = nd_calloc(3 * (size_t)c->n_media + (size_t)c->n_alike, sizeof *c->leaks);
    if (!c->leaks) return ND_ENOMEM;
    for (int i = 0; i < c->n_media; i++) find_leaks_of(c, i);
    for (int k = 0; k < c->n_alike; k++) {
        const nd__likeness *l = &c->alike[k];
        add_leak(c, (nd__leak){ND__SAME_SOUND, l->a, l->b, c->splits[2 * l->a + 1],
                               c->splits[2 * l->b + 1]});
    }
    return 0;
}

/* What has the same bytes need not be told to sound alike. */
static void drop_twins(nd_corpus_check *c)
{
    int kept = 0;
    for (int k = 0; k < c->n_alike; k++)
        if (c->same_bytes[c->alike[k].a] != c->same_bytes[c->alike[k].b])
            c->alike[kept++] = c->alike[k];
    c->n_alike = kept;
}

static int find_twins(nd_corpus_check *c)
{
    c->same_bytes = nd_calloc((size_t)c->n_media, sizeof *c->same_bytes);
    int *all = nd_calloc((size_t)c->n_media, sizeof *all),
        rc = c->same_bytes && all ? 0 : ND_ENOMEM;
    if (!rc) rc = nd__media_sets(c->same_bytes, c->media, c->n_media, false, NULL, NULL);
    for (int i = 0; i < c->n_media && !rc; i++) c->same_bytes[i] = nd__set_find(c->same_bytes, i);
    if (!rc && c->listened)
        rc = nd__media_sets(all, c->media, c->n_media, true, &c->alike, &c->n_alike);
    if (!rc) drop_twins(c);
    free(all);
    return rc;
}

/* ---- all of it --------------------------------------------------------------------- */

static int check(nd_corpus_check *c, const nd_corpus_params *params, nd_diag *diag)
{
    int rc = collect_media(c);
    if (!rc && c->n_media) rc = nd__media_read(c->media, c->n_media, params, diag);
    if (!rc) rc = count_pairs(c);
    if (!rc) rc = measure(&c->video, c, true);
    if (!rc) rc = measure(&c->music, c, false);
    if (!rc) rc = count_tags(c);
    if (!rc) rc = find_twins(c);
    if (!rc) rc = find_leaks(c);
    count_problems(c);
    return rc;
}

int nd_corpus_check_run(nd_corpus_check **out, const char *dir, const nd_corpus_params *params,
                        nd_diag *diag)
{
    nd_corpus_params defaults = {0};
    nd_corpus_check *c = nd_calloc(1, sizeof *c);
    if (!params) params = &defaults;
    int rc = c ? nd_corpus_open(&c->corpus, dir, diag) : ND_ENOMEM;
    if (!rc) {
        c->listened = !params->no_listening;
        rc = check(c, params, diag);
    }
    if (!rc) {
        *out = c;
        return 0;
    }
    nd_corpus_check_destroy(&c);
    return rc == ND_ENOMEM ? nd_diag_set(diag, rc, "checking %s: out of memory", dir) : rc;
}

void nd_corpus_check_destroy(nd_corpus_check **check_to_free)
{
    if (!check_to_free || !*check_to_free) return;
    nd_corpus_check *c = *check_to_free;
    nd__media_deinit(c->media, c->n_media);
    nd_corpus_close(&c->corpus);
    free(c->media_of);
    free(c->splits);
    free(c->same_bytes);
    free(c->video.values);
    free(c->music.values);
    free(c->tags);
    free(c->alike);
    free(c->leaks);
    free(c);
    *check_to_free = NULL;
}

int nd_corpus_check_failures(const nd_corpus_check *c)
{
    return c->n_lines + c->n_ids + c->n_pairs + c->n_unreadable;
}
