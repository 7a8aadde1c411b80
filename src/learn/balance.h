/* Which of a list's things stands at a place of an endless row, so that every class comes as often
 * as any other. It is worked out from the seed and the place alone, so that training can be taken
 * up at any step: place p is in round p / C at p % C of that round's order of the C classes, and
 * the r-th time that a class comes it gives thing r % m of the order that its m things have in turn
 * r / m (models.md 1.7: as many of each tag, items cycled). */
#ifndef ND_LEARN_BALANCE_H
#define ND_LEARN_BALANCE_H

#include "base/base.h"

/** Streams of random numbers of one seed; what a balance leaves free begins at ND_STREAM_FREE. */
enum { ND_STREAM_ROUNDS = 1, ND_STREAM_TURNS = 2, ND_STREAM_FREE = 3 };

/** Zeroed is empty. */
typedef struct nd_balance {
    uint64_t seed;
    int n_classes;   /* that have a thing */
    int *classes;    /* [n_classes] their numbers, in order */
    uint64_t *turns; /* [n_classes] what the streams of their turns begin with: c << 40 of the c-th;
                      * may be written over before the first nd_balance_at */
    int *first;      /* [n_classes + 1] things of the c-th are members[first[c] .. first[c + 1]) */
    int *members;    /* [n] */
    int *order;      /* [max of n_classes and n] the last shuffle, of n_shuffled by shuffled */
    uint64_t shuffled[2];
    int n_shuffled;
} nd_balance;

/** @param class_of  [n] in 0 .. K - 1, n 1 or more
 *  @param out  filled on success; nd_balance_deinit  @return 0 or ND_ENOMEM (*out untouched) */
int nd_balance_make(nd_balance *out, const int32_t *class_of, int n, int K, uint64_t seed);
void nd_balance_deinit(nd_balance *b);

/** @return the thing at a place, 0 .. n - 1. Cost: O(C + m), O(m) where C is 1, O(1) where the last
 *  place was in the same turn. Threads: one call at a time. */
int nd_balance_at(nd_balance *b, int64_t place);

/** The random numbers of a stream from ND_STREAM_FREE on, at a place. */
nd_rng nd_balance_rng(const nd_balance *b, int stream, int64_t place);

#endif
