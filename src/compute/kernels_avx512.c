/* Kernels for AVX-512 F, BW, DQ, VL; the Makefile gives this file its flags. */
#ifdef __x86_64__
#define ND_KERNELS      nd_kernels_avx512
#define ND_KERNELS_NAME "avx512"
#include "compute/kernels_body.h"
#else
typedef int nd__none; /* an empty file is not C */
#endif
