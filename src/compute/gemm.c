/* dnnl_sgemm, and how many threads it may use: oneDNN asks the calling thread's OpenMP setting. */
#include <dnnl.h>

#include "base/base.h"
#include "compute/gemm.h"

/* OpenMP 5.1, 3.2.1 and 3.2.3. Declared here, and linked from GCC's runtime, because that is the
 * one oneDNN uses whichever compiler builds us: two runtimes would not see each other's settings.
 * */
void omp_set_num_threads(int n);
int omp_get_max_threads(void);

static _Thread_local int64_t n_multiplications;

int64_t nd_gemm_count(void)
{
    return n_multiplications;
}

int nd_gemm_threads(int n)
{
    int before = omp_get_max_threads();
    omp_set_num_threads(n);
    return before;
}

void nd_gemm(char ta, char tb, int64_t m, int64_t n, int64_t k, float alpha, const float *a,
             int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc)
{
    if (m == 0 || n == 0) return;
    dnnl_status_t status = dnnl_sgemm(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    ND_ASSERT_EQ(status, dnnl_success);
    n_multiplications += m * n * k;
}
