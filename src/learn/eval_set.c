/* The queries of a split and the tracks that they are searched among. */
#include "learn/eval.h"

static int allocate(nd__eval_set *s, int n_pairs, int n_files)
{
    size_t n = (size_t)n_pairs, files = (size_t)n_files;
    s->pairs = nd_calloc(n, sizeof *s->pairs);
    s->videos = nd_calloc(n, sizeof *s->videos);
    s->track_of = nd_calloc(n, sizeof *s->track_of);
    s->next_same = nd_calloc(n, sizeof *s->next_same);
    s->group_of = nd_calloc(n, sizeof *s->group_of);
    s->tracks = nd_calloc(files, sizeof *s->tracks);
    s->queried = nd_calloc(files, sizeof *s->queried);
    s->identities = nd_calloc(files, sizeof *s->identities);
    return s->pairs && s->videos && s->track_of && s->next_same && s->group_of && s->tracks &&
                   s->queried && s->identities
               ? 0
               : ND_ENOMEM;
}

/* Queries of one video form a ring. @param last  [files] 1 + the last query of each content */
static void join_ring(nd__eval_set *s, int query, int32_t *last)
{
    s->next_same[query] = query;
    if (*last) {
        s->next_same[query] = s->next_same[*last - 1];
        s->next_same[*last - 1] = query;
    }
    *last = query + 1;
}

static void add_query(nd__eval_set *s, const nd_items *items, int pair, int video, int place,
                      int32_t *last_of, int32_t *group_of_track)
{
    int i = s->n++;
    s->pairs[i] = pair;
    s->videos[i] = video;
    s->track_of[i] = place;
    join_ring(s, i, &last_of[nd_items_same(items, video)]);
    if (!group_of_track[place]) {
        s->queried[s->Q] = place;
        s->identities[s->Q] = s->Q;
        group_of_track[place] = ++s->Q;
    }
    s->group_of[i] = group_of_track[place] - 1;
}

/* @param scratch  [3, files] zeros: place + 1 of a content in tracks; last query of a video; group
 *                 + 1 of a place */
static void fill(nd__eval_set *s, const nd_corpus *corpus, const nd_items *items, nd_split split,
                 int32_t *scratch)
{
    int n_files = nd_items_count(items);
    int32_t *place_of = scratch, *last_of = scratch + n_files, *group = last_of + n_files;
    s->G = nd_items_tracks(items, split, s->tracks);
    for (int j = 0; j < s->G; j++) place_of[nd_items_same(items, s->tracks[j])] = j + 1;
    for (int p = 0; p < nd_corpus_count(corpus); p++) {
        int video, music;
        if (nd_corpus_pair(corpus, p)->split != split) continue;
        nd_corpus_pair_files(corpus, p, &video, &music);
        int place = place_of[nd_items_same(items, music)];
        if (nd_items_at(items, video) && place)
            add_query(s, items, p, video, place - 1, last_of, group);
        else s->n_left_out++;
    }
}

int nd__eval_set_make(nd__eval_set *out, const nd_corpus *corpus, const nd_items *items,
                      nd_split split, nd_diag *diag)
{
    nd__eval_set s = {0};
    int n_files = nd_items_count(items);
    int32_t *scratch = nd_calloc(3 * (size_t)n_files, sizeof *scratch);
    int rc = scratch ? allocate(&s, nd_corpus_count(corpus), n_files) : ND_ENOMEM;
    if (rc) nd_diag_set(diag, rc, "evaluating %s: out of memory", nd_corpus_dir(corpus));
    else fill(&s, corpus, items, split, scratch);
    if (!rc && !s.n)
        rc = nd_diag_set(diag, ND_EEMPTY,
                         "evaluating %s: pairs of split %s with features expected, found %d "
                         "without (needledrop extract makes them)",
                         nd_corpus_dir(corpus), nd_split_name(split), s.n_left_out);
    free(scratch);
    if (rc) nd__eval_set_deinit(&s);
    else *out = s;
    return rc;
}

void nd__eval_set_deinit(nd__eval_set *s)
{
    free(s->pairs);
    free(s->videos);
    free(s->track_of);
    free(s->next_same);
    free(s->group_of);
    free(s->tracks);
    free(s->queried);
    free(s->identities);
    *s = (nd__eval_set){0};
}

bool nd__eval_is_right(const nd__eval_set *s, int query, int track)
{
    int i = query;
    do {
        if (s->track_of[i] == track) return true;
        i = s->next_same[i];
    } while (i != query);
    return false;
}
