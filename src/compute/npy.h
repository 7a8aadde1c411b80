/* NumPy's .npy from memory; from a file see nd_array_read_npy. */
#ifndef ND_COMPUTE_NPY_H
#define ND_COMPUTE_NPY_H

#include "base/base.h"

/** The array of a whole .npy file that lies in memory.
 *  @param out   its storage is the caller's: nd_array_deinit
 *  @param name  what messages call it; out->name is made from it
 *  @return as nd_array_read_npy, without ND_EIO
 *  Threads: safe. Cost: one pass over the values. */
int nd_npy_parse(nd_array *out, const void *bytes, size_t n, const char *name, nd_diag *diag);

#endif
