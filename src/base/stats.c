/* Order statistics. */
#include <math.h>

#include "base/base.h"

static int compare_floats(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

float nd_quantile(float *x, size_t n, double q)
{
    if (n == 0) return 0;
    qsort(x, n, sizeof *x, compare_floats);
    double at = ND_CLAMP(q, 0.0, 1.0) * (double)(n - 1);
    size_t below = (size_t)at;
    float share = (float)(at - (double)below);
    if (below + 1 >= n) return x[n - 1];
    return share > 0 ? x[below] + share * (x[below + 1] - x[below]) : x[below];
}
