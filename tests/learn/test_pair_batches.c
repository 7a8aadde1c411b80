/* Batches of pairs: the same at every call, balanced or natural, negatives of another track. */
#include "match_fixture.h"

#include "learn/pair_batches.h"

enum { B = 12 };

static nd_corpus *corpus;
static nd_model *model;
static nd_items *items;
static nd_tags *tags;
static nd_train_pairs pairs;

static nd_pair_batches *create(bool natural, int max_clips, uint64_t seed)
{
    nd_pair_batches *b = NULL;
    nd_pair_batches_params params = {B, seed, natural, max_clips, nd_tags_vectors(tags, NULL), 8};
    if (nd_pair_batches_create(&b, &pairs, items, &params)) printf("FAIL no batches\n");
    return b;
}

static void test_pairs(void)
{
    nd_train_pairs none = {0};
    nd_diag diag = {0};
    int rc = nd_train_pairs_make(&none, corpus, items, tags, ND_TEST, &diag);
    CHECK("a split without items has no pairs", rc == ND_EEMPTY && !none.pairs, "%d", rc);
    CHECK("every training pair is one",
          pairs.n == 2 * MATCH_TRAIN && !pairs.n_left_out && pairs.has_others, "%d", pairs.n);
    bool right = true;
    for (int i = 0; i < pairs.n; i++) {
        const nd_pair *p = nd_corpus_pair(corpus, i);
        right &= !strcmp(nd_tags_at(tags, pairs.pairs[i].tag)->name, p->tags[0]);
        right &= pairs.pairs[i].start_s == p->start_s;
        right &= !strcmp(nd_items_name(items, pairs.pairs[i].music), p->music);
    }
    CHECK("with its files and its tag", right, "another");
    nd_train_pairs untagged = {0};
    nd_train_pairs_make(&untagged, corpus, items, NULL, ND_TRAIN, NULL);
    CHECK("without tags they have none", untagged.n == pairs.n && untagged.pairs[3].tag == -1, "%d",
          untagged.n);
    nd_train_pairs_deinit(&untagged);
}

static void test_shuffle(void)
{
    nd_train_pairs a = {0}, b = {0};
    int n_moved = 0;
    bool same = true;
    int count[MATCH_TRACKS * 3] = {0};
    nd_train_pairs_make(&a, corpus, items, tags, ND_TRAIN, NULL);
    nd_train_pairs_make(&b, corpus, items, tags, ND_TRAIN, NULL);
    nd_train_pairs_shuffle(&a, 5);
    nd_train_pairs_shuffle(&b, 5);
    for (int i = 0; i < a.n; i++) {
        n_moved += a.pairs[i].track != pairs.pairs[i].track;
        same &= a.pairs[i].track == b.pairs[i].track && a.pairs[i].video == pairs.pairs[i].video;
        count[a.pairs[i].music]++;
    }
    for (int i = 0; i < a.n; i++) same &= count[a.pairs[i].music] == 2;
    CHECK("shuffled, most have another track", n_moved > a.n / 2, "%d", n_moved);
    CHECK("the same by the same seed, and none is lost", same, "not");
    nd_train_pairs_deinit(&a);
    nd_train_pairs_deinit(&b);
}

/* Whether a batch is right whatever the order. */
static bool is_right(const nd_pairs *p)
{
    int D = nd_items_width(items, ND_MUSIC);
    bool right = p->n == B;
    for (int i = 0; i < B; i++) {
        const nd_item *v = &p->videos[i], *m = &p->tracks[i], *o = &p->other_tracks[i];
        const nd_item *whole = nd_items_at(items, p->track_ids[i]);
        const float *vectors = nd_tags_vectors(tags, NULL);
        right &= v->medium == ND_VIDEO && m->medium == ND_MUSIC && o->medium == ND_MUSIC;
        right &= m->clips >= whole->clips &&
                 m->clips + (ptrdiff_t)m->C * D <= whole->clips + (ptrdiff_t)whole->C * D;
        right &= o->clips < whole->clips || o->clips >= whole->clips + (ptrdiff_t)whole->C * D;
        right &= !memcmp(p->texts + 8 * i, vectors + 8 * p->tags[i], 8 * sizeof(float));
        right &= memcmp(p->other_texts + 8 * i, p->texts + 8 * i, 8 * sizeof(float)) != 0;
    }
    return right;
}

static bool is_same(const nd_pairs *a, const int32_t *ids, const float *const *clips)
{
    bool same = true;
    for (int i = 0; i < B; i++) same &= a->track_ids[i] == ids[i] && a->videos[i].clips == clips[i];
    return same;
}

static void test_batches(bool natural)
{
    nd_pair_batches *a = create(natural, 2, 3), *b = create(natural, 2, 3),
                    *c = create(natural, 2, 4);
    nd_pairs p;
    int32_t ids[B];
    const float *clips[B];
    bool right = true;
    for (int step = 0; step < 9; step++) {
        nd_pair_batches_get(a, &p, step);
        right &= is_right(&p);
    }
    CHECK(natural ? "natural batches" : "balanced batches", right, "are not right");
    for (int i = 0; i < B; i++) ids[i] = p.track_ids[i], clips[i] = p.videos[i].clips;
    uint64_t key = p.key;
    nd_pair_batches_get(b, &p, 8);
    CHECK("a step is the same whatever came before", is_same(&p, ids, clips) && p.key == key, "no");
    nd_pair_batches_get(c, &p, 8);
    CHECK("and another by another seed", !is_same(&p, ids, clips), "the same");
    nd_pair_batches_destroy(&a);
    nd_pair_batches_destroy(&b);
    nd_pair_batches_destroy(&c);
}

/* Tags 0 .. 2 have 8, 6 and 6 of the 20 pairs. */
static void test_counts(bool natural)
{
    nd_pair_batches *b = create(natural, 9, 1);
    int by_tag[3] = {0}, by_pair[3 * MATCH_TRACKS] = {0}, n_uneven = 0;
    nd_pairs p;
    for (int step = 0; step < 5; step++) {
        nd_pair_batches_get(b, &p, step);
        for (int i = 0; i < B; i++) {
            by_tag[p.tags[i]]++;
            for (int k = 0; k < pairs.n; k++)
                by_pair[k] += nd_items_at(items, pairs.pairs[k].video)->clips == p.videos[i].clips;
        }
    }
    if (natural) {
        for (int k = 0; k < pairs.n; k++) n_uneven += by_pair[k] != 3;
        CHECK("natural: each pair as often", n_uneven == 0, "%d are not", n_uneven);
    } else {
        CHECK("balanced: each tag as often", by_tag[0] == 20 && by_tag[1] == 20 && by_tag[2] == 20,
              "%d %d %d", by_tag[0], by_tag[1], by_tag[2]);
    }
    nd_pair_batches_destroy(&b);
}

/* The second video of a track is set to its clip 1 on: stretches of two are 0-1, 1-2 or 2-3. */
static void test_stretches(void)
{
    nd_pair_batches *b = create(true, 2, 2);
    nd_pairs p;
    int n_wrong = 0, n = 0, D = nd_items_width(items, ND_MUSIC);
    for (int step = 0; step < 10; step++) {
        nd_pair_batches_get(b, &p, step);
        for (int i = 0; i < B; i++) {
            const nd_item *track = nd_items_at(items, p.track_ids[i]);
            int at = (int)((p.tracks[i].clips - track->clips) / D);
            for (int k = 0; k < pairs.n; k++) {
                const nd_item *video = nd_items_at(items, pairs.pairs[k].video);
                int from = (int)((p.videos[i].clips - video->clips) / D);
                if (from < 0 || from >= video->C) continue;
                n++;
                n_wrong += p.videos[i].C != 2 || p.tracks[i].C != 2 ||
                           at != from + (int)(pairs.pairs[k].start_s / 4);
                n_wrong += p.tracks[i].pulse != track->pulse + (ptrdiff_t)3 * at;
            }
        }
    }
    CHECK("a track's stretch holds what its video is set to", n == 10 * B && !n_wrong,
          "%d of %d not", n_wrong, n);
    nd_pair_batches_destroy(&b);
}

int main(void)
{
    nd_diag diag = {0};
    nd_items_params params = {.splits = ND_SPLIT_BIT(ND_TRAIN) | ND_SPLIT_BIT(ND_VAL)};
    int rc = make_match_corpus(&diag);
    if (!rc) rc = nd_corpus_open(&corpus, root, &diag);
    if (!rc) rc = nd_model_open(&model, in_root("x.safetensors"), &diag);
    if (!rc) rc = nd_items_open(&items, corpus, model, &params, &diag);
    if (!rc) rc = nd_tags_open(&tags, root, NULL, &diag);
    if (!rc) rc = nd_train_pairs_make(&pairs, corpus, items, tags, ND_TRAIN, &diag);
    CHECK("a corpus", !rc, "%s", diag.text);
    if (rc) TEST_END();
    test_pairs();
    test_shuffle();
    for (int natural = 0; natural < 2; natural++) {
        test_batches(natural);
        test_counts(natural);
    }
    test_stretches();
    nd_train_pairs_deinit(&pairs);
    nd_tags_close(&tags);
    nd_items_close(&items);
    nd_model_close(&model);
    nd_corpus_close(&corpus);
    TEST_END();
}
