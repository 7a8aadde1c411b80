/* Kernels for any processor. */
#define ND_KERNELS      nd_kernels_plain
#define ND_KERNELS_NAME "plain"
#include "compute/kernels_body.h"
