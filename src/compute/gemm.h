/* Matrix products, by oneDNN. */
#ifndef ND_COMPUTE_GEMM_H
#define ND_COMPUTE_GEMM_H

#include <stdint.h>

/** C = alpha op(A) op(B) + beta C, row-major: op(A) [m, k], op(B) [k, n], C [m, n].
 *  @param ta,tb  'N' or 'T': the matrix is stored as it is used, or transposed
 *  @param lda,ldb,ldc  floats from one stored row to the next
 *  C is not read where beta is 0. Any of m, n, k may be 0.
 *  Threads: safe; it runs on the calling thread inside nd_team_run, else on OpenMP's.
 *  Allocates: oneDNN packs into storage of its own. */
void nd_gemm(char ta, char tb, int64_t m, int64_t n, int64_t k, float alpha, const float *a,
             int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc);

/** @return multiplications of the products that this thread has called for, ever: m * n * k each.
 *  For figures alone: no result depends on it. */
int64_t nd_gemm_count(void);

/** Have the products that this thread calls for run on n threads. @return what it was before */
int nd_gemm_threads(int n);

#endif
