/* Pairs of a corpus to learn from, and batches of them: which pairs stand together, which stretch
 * of each file is read, and a pair of another tag beside each. */
#ifndef ND_LEARN_PAIR_BATCHES_H
#define ND_LEARN_PAIR_BATCHES_H

#include "learn/items.h"
#include "needledrop/tags.h"

/** A pair whose video and music both have an item. */
typedef struct nd_train_pair {
    int video, music; /* files of the items */
    int32_t track;    /* nd_items_same of the music */
    int32_t tag;    /* of the tag set: top-1 of the video, else of the track; -1: neither has one */
    double start_s; /* where in the track the video's music starts */
} nd_train_pair;

/** Zeroed is empty. */
typedef struct nd_train_pairs {
    nd_train_pair *pairs; /* [n], in order of the corpus */
    int n, n_left_out;    /* left out: without an item */
    int n_tags;           /* of the tag set */
    bool has_others;      /* there are two tracks or more */
} nd_train_pairs;

/** The pairs of one split.
 *  @param tags  NULL: no pair has a tag
 *  @param out  filled on success; nd_train_pairs_deinit
 *  @return 0; ND_EEMPTY (no pair of the split has both items), ND_ENOMEM. *out untouched. */
int nd_train_pairs_make(nd_train_pairs *out, const nd_corpus *corpus, const nd_items *items,
                        const nd_tags *tags, nd_split split, nd_diag *diag);
/** Give each video the track of another pair, by chance: nothing is left to be learned but leaks
 *  (control 1 of docs/training.md). Same seed, same pairs. */
void nd_train_pairs_shuffle(nd_train_pairs *pairs, uint64_t seed);
/** It is empty after. */
void nd_train_pairs_deinit(nd_train_pairs *pairs);

typedef struct nd_pair_batches nd_pair_batches;

typedef struct nd_pair_batches_params {
    int B; /* pairs a batch, 1 or more */
    uint64_t seed;
    bool natural;         /* pairs as often as they are; else each tag as often as any other */
    int max_clips;        /* of a stretch */
    const float *vectors; /* [n_tags, E], borrowed until destroy; NULL: no texts */
    int E;
} nd_pair_batches_params;

/** @param pairs  two tracks or more (ND_ASSERT)  @param items  both borrowed until destroy
 *  @return 0 or ND_ENOMEM (*out untouched). */
int nd_pair_batches_create(nd_pair_batches **out, const nd_train_pairs *pairs,
                           const nd_items *items, const nd_pair_batches_params *params);
void nd_pair_batches_destroy(nd_pair_batches **batches);

/** The batch of a step, a function of the seed and the step alone.
 *  Balanced: tags come in rounds, each that has a pair once a round, in an order of the round's own
 *  (no tag is one more tag); pairs of a tag one after another, shuffled anew each time all were
 *  there. Natural: all pairs, shuffled anew each time.
 *  A file longer than max_clips gives a stretch of them: of a video any, of its track one that
 *  holds what the video's is set to.
 *  @param out  its arrays are the batches', good until the next call; progress is not set
 *  Threads: one call at a time. Allocates: no. Cost: O(B (tags + pairs of a tag)); natural O(B),
 *  and O(n) where all pairs were there. */
void nd_pair_batches_get(nd_pair_batches *b, nd_pairs *out, int64_t step);

#endif
