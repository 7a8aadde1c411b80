/* word2vec's text format, .vec: a line "rows dim", then a line for each word: the word, dim
 * numbers, single spaces between. GloVe's files, which are the same without the first line, are
 * read too. */
#ifndef ND_EMBED_TAG_VEC_H
#define ND_EMBED_TAG_VEC_H

#include "embed/tag_map.h"

enum {
    ND_VEC_MAX_DIM = 4096,
    ND_VEC_MAX_WORD_BYTES = 255,
    ND_VEC_MAX_ROWS = 10000000,
};

/** Words and their vectors. Zeroed is empty. */
typedef struct nd_vec {
    nd_tag_map words;
    int dim;
    float *rows; /* [words.n, dim] */
    size_t capacity;
    int64_t n_skipped; /* lines passed over: a word that is there already, is longer than
                          ND_VEC_MAX_WORD_BYTES or is not UTF-8 */
} nd_vec;

/** Read bytes [n].
 *  @param name  of the file, for the story  @param out  filled on success; _deinit
 *  @return 0; ND_EFORMAT (a number too few or many or not finite, another number of rows than the
 *     first line says: the line is named; no row), ND_ELIMIT (dim, rows), ND_ENOMEM. *out is
 *     untouched.
 *  What a line claims is not believed: memory grows with the rows that are there.
 *  Threads: safe. Cost: O(n), some 50 MB a second. */
int nd_vec_parse(nd_vec *out, const void *bytes, size_t n, const char *name, nd_diag *diag);

/** The same of a file. @return as above; ND_EIO. */
int nd_vec_read(nd_vec *out, const char *path, nd_diag *diag);

/** Write it, spaces of a word as _. Numbers keep every bit of a float.
 *  @return 0; ND_EIO, ND_EFULL (what was there stays), ND_ENOMEM. Threads: distinct paths. */
int nd_vec_write(const nd_vec *v, const char *path, nd_diag *diag);

/** It is empty after. */
void nd_vec_deinit(nd_vec *v);

#endif
