/* Vectors of tags learned from a corpus. */
#ifndef ND_LEARN_TAG_LEARN_H
#define ND_LEARN_TAG_LEARN_H

#include "learn/tag_set.h"

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

/** What an open tag set knows of texts, borrowed until its close. */
const nd_tag_vectors *nd__tags_vectors(const nd_tags *tags);

#endif
