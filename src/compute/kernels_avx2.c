/* Kernels for AVX2 and FMA; the Makefile gives this file its flags. */
#ifdef __x86_64__
#define ND_KERNELS      nd_kernels_avx2
#define ND_KERNELS_NAME "avx2"
#include "compute/kernels_body.h"
#else
typedef int nd__none; /* an empty file is not C */
#endif
