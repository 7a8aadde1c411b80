/* Which tags come together, as numbers: positive pointwise mutual information, and the truncated
 * singular value decomposition of that. */
#ifndef ND_LEARN_TAG_SVD_H
#define ND_LEARN_TAG_SVD_H

#include "learn/tag_set.h"

/** A symmetric matrix [n, n] by rows; what is not in it is 0. Zeroed is empty. */
typedef struct nd_sparse {
    int n;
    int64_t *first; /* [n + 1]: row i is col and value [first[i] .. first[i + 1]) */
    int32_t *col;   /* rising in a row */
    float *value;
} nd_sparse;

/** Its storage is given back. */
void nd_sparse_deinit(nd_sparse *m);

enum { ND_PPMI_MAX_TAGS = 32 }; /* of one pair that are looked at: its first ones */

/** PPMI of tags that the same pairs have: max(0, log(P(i, j) / (P(i) P(j)))), where P(i, j) is the
 *  share of the mentions of two tags together that are of i and j, P(i) that of i and any other.
 *  The diagonal is 0.
 *  @param out  filled on success; _deinit  @param pairs  tags of each pair, each once a pair
 *  @return 0 or ND_ENOMEM. Cost: O(m log m), m = twos of tags; memory 16 bytes a distinct two.
 *  Source: Levy, Goldberg, Dagan 2015, section 3; no shift, no smoothing of contexts. */
int nd_ppmi(nd_sparse *out, const nd_tag_lists *pairs, int n_tags);

/** The k largest singular values of a symmetric matrix, and their left singular vectors.
 *  @param u_out  [n, k]: columns of length 1, or of zeroes beyond the rank; the largest number of a
 *     column is positive
 *  @param values_out  [k] largest magnitude first; below 0 where the right vector is minus the left
 *  @param progress  NULL: none  @param diag  of what failed
 *  @return 0; ND_ENOMEM, ND_ECANCELLED (outputs undefined). Threads: distinct outputs. One thread,
 *  the same bytes everywhere the same code runs. Cost: O(iterations (nnz l + n l^2)), l = k + 16.
 *  Source: subspace iteration with Rayleigh-Ritz (Halko, Martinsson, Tropp 2011, algorithm 4.4);
 *  exact where n <= l. Checked against numpy.linalg.svd by tests/learn/test_tag_svd.c. */
int nd_sparse_svd(double *u_out, double *values_out, const nd_sparse *m, int k,
                  const nd_progress *progress);

/** Eigenvalues, largest magnitude first, and eigenvectors of a symmetric matrix, by Jacobi's
 *  rotations.
 *  @param a  [n, n], row-major, destroyed  @param vectors_out  [n, n]: column j of value j
 *  @param values_out  [n]  Allocates: no. Cost: O(n^3), some ten sweeps. Threads: safe. */
void nd_symmetric_eigen(double *values_out, double *vectors_out, double *a, int n);

#endif
