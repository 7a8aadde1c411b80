/* Vectors of tags and of any text. */
#ifndef ND_EMBED_TAG_VECTORS_H
#define ND_EMBED_TAG_VECTORS_H

#include "embed/tag_grams.h"
#include "embed/tag_vec.h"

enum { ND_TAG_MAX_DIM = 512, ND_TAG_FIT_WORDS = 5000 };

/** Words that have a vector, and the parts of all others. Zeroed is empty. */
typedef struct nd_tag_vectors {
    int dim;
    nd_tag_map keys; /* of words and phrases (nd_tag_key) */
    float *rows;     /* [keys.n, dim], length 1, or zeroes where nothing is known */
    float *grams;    /* [ND_GRAM_BUCKETS, dim]; NULL: as listed, those of a model's file */
    nd_gram_list listed;
} nd_tag_vectors;

/** Storage for n words of dim, zeroes; no word is in it.
 *  @param v  zeroed, or half made where it fails: _deinit  @return 0 or ND_ENOMEM. */
int nd_tag_vectors_init(nd_tag_vectors *v, size_t n, int dim);

/** Scale to length 1. @return whether it has a length (else it is all zeroes). Threads: safe. */
bool nd_vec_normalise(float *x, int dim);

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
