/* Dot products of bytes: what a scan over a library is made of. Sums of products of int8 are exact
 * in int32, so every instruction set gives the same numbers. The best that the processor has is
 * chosen once. */
#ifndef ND_COMPUTE_DOT8_H
#define ND_COMPUTE_DOT8_H

#include "base/base.h"

enum {
    ND_DOT8_STEP = 64,     /* lengths are multiples of this */
    ND_DOT8_MAX = 1 << 16, /* longest a: up to here no sum leaves int32, whatever the bytes */
};

typedef struct nd_dot8 {
    const char *name; /* "plain", "avx2", "vnni" */

    /** Slide a along b: out[i] = sum over j < n of a[j] * b[i * stride + j].
     *  @param out  [n_out]  @param a  [n], each -127 .. 127
     *  @param b  [(n_out - 1) * stride + n], any bytes; read to there, and no further
     *  @param n  a multiple of ND_DOT8_STEP, at most ND_DOT8_MAX: pad a with zeros, and keep
     *     readable bytes after b
     *  Threads: safe. Allocates: no. Cost: n * n_out. */
    void (*slide)(int32_t *out, const int8_t *a, const int8_t *b, int64_t n, int64_t stride,
                  int64_t n_out);
} nd_dot8;

/** The one in use: the best of this processor, unless a bench chose another. Threads: safe. */
const nd_dot8 *nd_dot8_get(void);

/** All that this processor can run, plain first, NULL past the last. */
const nd_dot8 *nd_dot8_at(int index);

/** Use this one from now on; NULL: the best. For tests and benches. Threads: none may scan. */
void nd_dot8_use(const nd_dot8 *dot8);

#endif
