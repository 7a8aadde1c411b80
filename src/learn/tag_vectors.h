/* Vectors of tags and of any text. */
#ifndef ND_LEARN_TAG_VECTORS_H
#define ND_LEARN_TAG_VECTORS_H

#include "learn/tag_grams.h"
#include "learn/tag_set.h"
#include "learn/tag_vec.h"

enum { ND_TAG_MAX_DIM = 512, ND_TAG_FIT_WORDS = 5000 };

/** Words that have a vector, and the parts of all others. Zeroed is empty. */
typedef struct nd_tag_vectors {
    int dim;
    nd_tag_map keys; /* of words and phrases (nd_tag_key) */
    float *rows;     /* [keys.n, dim], length 1, or zeroes where nothing is known */
    float *grams;    /* [ND_GRAM_BUCKETS, dim] */
} nd_tag_vectors;

/** Learn from which tags come together: rows of (U + V) sqrt(S) of their PPMI, words and contexts
 *  together (Levy, Goldberg, Dagan 2015): on MTG-Jamendo's moods nearer to GloVe's idea of them
 *  (rank correlation 0.25) and to what comes together in held-out tracks (0.32) than U sqrt(S)
 *  (0.19 and 0.27).
 *  A vector of the name's letters is added, a quarter as long; a tag that never comes with another
 *  has its letters' alone.
 *  @param out  filled on success; _deinit  @param set  a made one, with pairs
 *  @param dim  1 .. ND_TAG_MAX_DIM; beyond the number of tags they hold nothing but the letters'
 *  @return 0; ND_ENOMEM, ND_ECANCELLED. The same set and dim, the same bytes. */
int nd_tag_vectors_learn(nd_tag_vectors *out, const nd_tag_set *set, int dim,
                         const nd_progress *progress, nd_diag *diag);

/** Of a .vec file: words by their keys (the first of several), scaled to length 1; the parts are
 *  fitted to the first ND_TAG_FIT_WORDS of them.
 *  @param v  borrowed  @return 0; ND_EEMPTY (no word of it can be a tag), ND_ENOMEM. */
int nd_tag_vectors_of_vec(nd_tag_vectors *out, const nd_vec *v, nd_diag *diag);

/** The vector of any text: of it whole where that is known; else the mean of its words', small
 *  words (of, the) aside, an unknown one's being that of its parts; length 1.
 *  @param out  [dim]; zeroes where the sum is 0
 *  @param is_known_out  whether it or a word of it has a row; NULL: not asked
 *  @return 0; ND_EFORMAT (no tag, *out untouched), ND_ENOMEM. Threads: any number of readers. */
int nd_tag_vectors_text(float *out, bool *is_known_out, const nd_tag_vectors *v, const char *text);

/** It is empty after. */
void nd_tag_vectors_deinit(nd_tag_vectors *v);

#endif
