/* Vectors for words that were never seen, out of their letters. */
#ifndef ND_EMBED_TAG_GRAMS_H
#define ND_EMBED_TAG_GRAMS_H

#include "base/base.h"

enum {
    ND_GRAM_BUCKETS = 1 << 15,
    ND_GRAM_MIN = 3, /* letters */
    ND_GRAM_MAX = 5,
    ND_GRAM_MAX_PARTS = 512, /* of one text that are looked at */
};

/** The parts of each word of a text: "<word>" whole and its 3 to 5 neighbouring letters, as
 *  numbers of buckets (XXH3). Distinct parts may share a bucket.
 *  @param text  valid UTF-8, words with one space between  @return how many. Threads: safe. */
int nd_gram_parts(int32_t out[ND_GRAM_MAX_PARTS], const char *text);

/** Random vectors of the buckets, each of its number alone, such that a text's is about 0.25 long:
 *  texts of the same parts are near each other, others are not.
 *  @param out  [ND_GRAM_BUCKETS, dim]. Threads: safe. */
void nd_gram_prior(float *out, int dim);
/** That of one bucket. @param out  [dim]. Threads: safe. */
void nd_gram_prior_of(float *out, int bucket, int dim);

/** Vectors of buckets: of those that are listed; the others have their prior. */
typedef struct nd_gram_list {
    int32_t *buckets; /* [n] rising */
    float *rows;      /* [n, dim] */
    int n;
} nd_gram_list;

/** Fit a vector to each bucket so that texts come near their vectors: ridge regression, solved by
 *  conjugate gradients; each bucket starts from nd_gram_prior's, so that a word of unknown
 *  parts has a direction too, always the same.
 *  @param out    [ND_GRAM_BUCKETS, dim]  @param texts  [n]
 *  @param rows   [n, dim], length 1; a row of zeroes is not fitted
 *  @return 0 or ND_ENOMEM (out undefined). Cost: O(iterations (n parts + buckets) dim), at most
 *  50 iterations. */
int nd_gram_fit(float *out, const char *const *texts, const float *rows, int n, int dim);

/** @param out  [dim]: the sum of the text's buckets, over the root of their number; zeroes where
 *  it has no part  @param grams  [ND_GRAM_BUCKETS, dim]. Threads: safe. Allocates: no. */
void nd_gram_vector(float *out, const char *text, const float *grams, int dim);
/** The same values, made of a list. */
void nd_gram_vector_listed(float *out, const char *text, const nd_gram_list *list, int dim);

#endif
