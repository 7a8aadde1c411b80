/* The BLAS sgemm_ of the Fortran interface, by oneDNN's dnnl_sgemm.
 *
 * Debian's PyTorch calls whatever libblas.so.3 there is, by default the slow reference; with this
 * loaded before it (LD_PRELOAD) bench/conformer measures PyTorch with a good BLAS beside ours:
 *
 *   gcc -O2 -shared -fPIC -o sgemm_shim.so bench/shim/sgemm_shim.c -ldnnl
 *
 * BLAS counts columns first, oneDNN rows first: C = op(A) op(B) in columns is
 * C' = op(B)' op(A)' in rows, so A and B change places, and m and n. */
#include <dnnl.h>
#include <stdio.h>
#include <stdlib.h>

void sgemm_(const char *trans_a, const char *trans_b, const int *m, const int *n, const int *k,
            const float *alpha, const float *a, const int *lda, const float *b, const int *ldb,
            const float *beta, float *c, const int *ldc);

/* 'C', the conjugate, is the transposed one of real numbers. */
static char plain_or_transposed(char letter)
{
    return letter == 'N' || letter == 'n' ? 'N' : 'T';
}

void sgemm_(const char *trans_a, const char *trans_b, const int *m, const int *n, const int *k,
            const float *alpha, const float *a, const int *lda, const float *b, const int *ldb,
            const float *beta, float *c, const int *ldc)
{
    if (*m <= 0 || *n <= 0) return;
    if (*k <= 0) { /* C = beta C, which oneDNN leaves out */
        for (int j = 0; j < *n; j++)
            for (int i = 0; i < *m; i++) {
                float *value = c + (size_t)j * (size_t)*ldc + i;
                *value = *beta == 0 ? 0 : *beta * *value;
            }
        return;
    }
    dnnl_status_t status = dnnl_sgemm(plain_or_transposed(*trans_b), plain_or_transposed(*trans_a),
                                      *n, *m, *k, *alpha, b, *ldb, a, *lda, *beta, c, *ldc);
    if (status == dnnl_success) return;
    fprintf(stderr, "sgemm_shim: dnnl_sgemm returned %d for %c%c m %d n %d k %d\n", (int)status,
            *trans_a, *trans_b, *m, *n, *k);
    abort(); /* sgemm_ has no way to say so, and a wrong product must not be timed */
}
