/* Which of the compiled kernels this processor runs. */
#include <stdatomic.h>

#include "compute/kernels.h"

extern const nd_kernels nd_kernels_plain;
#ifdef __x86_64__
extern const nd_kernels nd_kernels_avx2, nd_kernels_avx512;
#endif

/* Points 0 .. 4 of an axis have weights of their own, 5 .. 8 share one (op_conv2d.c). Groups
 * follow one another as weights do, (a, b) in 6 x 6: 1, 4 or 16 points in each. */
const uint8_t nd_wino_place[ND_WINO_IN][ND_WINO_IN] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8},          {9, 10, 11, 12, 13, 14, 15, 16, 17},
    {18, 19, 20, 21, 22, 23, 24, 25, 26}, {27, 28, 29, 30, 31, 32, 33, 34, 35},
    {36, 37, 38, 39, 40, 41, 42, 43, 44}, {45, 49, 53, 57, 61, 65, 66, 67, 68},
    {46, 50, 54, 58, 62, 69, 70, 71, 72}, {47, 51, 55, 59, 63, 73, 74, 75, 76},
    {48, 52, 56, 60, 64, 77, 78, 79, 80},
};

const nd_kernels *nd_kernels_at(int index)
{
    const nd_kernels *found[3] = {&nd_kernels_plain};
    int n = 1;
#ifdef __x86_64__
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        found[n++] = &nd_kernels_avx2;
    if (n == 2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        found[n++] = &nd_kernels_avx512;
#endif
    return index < n ? found[index] : NULL;
}

static _Atomic(const nd_kernels *) chosen;

const nd_kernels *nd_kernels_get(void)
{
    const nd_kernels *k = atomic_load_explicit(&chosen, memory_order_acquire);
    if (k) return k;
    for (int i = 0; nd_kernels_at(i); i++) k = nd_kernels_at(i);
    atomic_store_explicit(&chosen, k, memory_order_release);
    return k;
}

void nd_kernels_use(const nd_kernels *kernels)
{
    atomic_store(&chosen, kernels);
}
