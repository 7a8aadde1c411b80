/* What a model file knows of texts: its tags and other words with their vectors, and vectors of
 * letters for all other words. Of a file these are
 *     config "text": {"dim": E, "n_tags": k, "words": [..], "buckets": [..]}
 *     PREFIXrows       [n, E]  of the words: names of the k tags, then keys (nd_tag_key) of others
 *     PREFIXgram_rows  [b, E]  of the buckets of letters that are not as nd_gram_prior has them;
 *                              absent where there are none
 * so that 24 tags in 64 dims take at most some 100 KB in half floats. */
#ifndef ND_EMBED_WORDS_H
#define ND_EMBED_WORDS_H

#include <jansson.h>

#include "compute/safetensors.h"
#include "embed/tag_text.h"
#include "embed/tag_vectors.h"

typedef struct nd_words nd_words;

/** The tags with the vectors that v gives them, then words of v that are no tags.
 *  @param v  borrowed, copied from; of ND_TAG_MAX_DIM dims at most
 *  @param tags  [n_tags] names in form (nd_tag_form), no two of one key
 *  @param max_others  how many words that are no tags are kept: the first ones of v
 *  @return 0; ND_EARG (dims; a name that is no tag; two of one key), ND_EEMPTY (neither a tag nor
 *     a word), ND_ENOMEM. *out untouched. */
int nd_words_of_vectors(nd_words **out, const nd_tag_vectors *v, const char *const *tags,
                        int n_tags, int max_others, nd_diag *diag);

/** Read them from a file.
 *  @param config  the "text" object, borrowed  @param prefix  "text."
 *  @return 0; ND_EFORMAT (what is amiss is named), ND_ENOTFOUND (a tensor), ND_ENOMEM. *out
 *     untouched. Nothing is allocated for what the file does not hold. */
int nd_words_read(nd_words **out, const json_t *config, const nd_safetensors *file,
                  const char *prefix, nd_diag *diag);
void nd_words_destroy(nd_words **words);

/** Append the tensors to items[*n ..), borrowed from w; names are prefix + name, owned by w until
 *  it is destroyed or asked again. @return 0 or ND_ENOMEM. */
int nd_words_list(nd_words *w, const char *prefix, nd_stored_dtype dtype, nd_stored_value **items,
                  size_t *n, size_t *capacity);
/** @return the "text" object, new; NULL: out of memory. */
json_t *nd_words_config(const nd_words *w);

/** @return E, 1 .. ND_TAG_MAX_DIM */
int nd_words_dim(const nd_words *w);
/** The tags: how many (0 or more); the name of one; its vector [E], length 1, or zeroes where
 *  nothing is known of it. Borrowed. @param i  0 .. count - 1 */
int nd_words_tag_count(const nd_words *w);
const char *nd_words_tag_name(const nd_words *w, int i);
const float *nd_words_tag_vector(const nd_words *w, int i);

/** The vector of any text, as nd_tag_vectors_text.
 *  @param out  [E]  @param is_known_out  whether it or a word of it is known; NULL: not asked
 *  @return 0; ND_EFORMAT (no letter in it, too long, not UTF-8; *out untouched), ND_ENOMEM.
 *  Threads: any number of readers. */
int nd_words_vector(float *out, bool *is_known_out, const nd_words *w, const char *text);

#endif
