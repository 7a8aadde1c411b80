/* Half-precision floats (IEEE 754 binary16) and bfloat16, as files keep them. */
#ifndef ND_COMPUTE_HALF_H
#define ND_COMPUTE_HALF_H

#include <stdint.h>

/** The value of a binary16's bits, exactly; NaN stays NaN, its payload too.
 *  Threads: safe. */
float nd_f32_from_f16(uint16_t bits);

/** The value of a bfloat16's bits, exactly: the upper half of an f32.
 *  Threads: safe. */
float nd_f32_from_bf16(uint16_t bits);

/** The bits of the nearest binary16, ties to even: what NumPy's float16 gives.
 *  From 65520 on it is infinity; a NaN stays a NaN. Threads: safe. */
uint16_t nd_f16_from_f32(float x);

#endif
