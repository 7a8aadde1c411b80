/* What a matching model makes of a track (embed/matcher.h), packed as a library keeps it.
 *
 * Bytes, little-endian:
 *     f32 scale of the rows | f32 scale of the whole | i8 whole [U] | i8 rows [R, W]
 * A value is its byte, -127 .. 127, times the scale: the largest value of the track's rows (of its
 * whole) has the byte 127 or -127. One scale for all rows of a track keeps the mean of aligned
 * inner products a single sum of integers; beside a scale a row, and halves of two bytes a value,
 * it loses nothing that could be measured (docs/storage.md). */
#ifndef ND_MATCH_JOINT_H
#define ND_MATCH_JOINT_H

#include "base/base.h"

enum { ND_PACKED_HEAD_BYTES = 8, ND_PACKED_MAX_WIDTH = 4096, ND_PACKED_MAX_ROWS = 1 << 20 };

/** Bytes of a track of n_rows rows of W values and a whole of U.
 *  @return 0 where a size is out of range: n_rows 1 .. ND_PACKED_MAX_ROWS, W 1 .. and U 0 ..
 *  ND_PACKED_MAX_WIDTH. Threads: safe. */
size_t nd_packed_bytes(int64_t n_rows, int64_t W, int64_t U);

/** Values as bytes. What is not finite is 0.
 *  @param out  [n] each -127 .. 127  @param x  [n]
 *  @return the scale, 0 or more: x is about out * scale. Threads: safe. Error: half a scale. */
float nd_pack(int8_t *out, const float *x, int64_t n);

/** A track as a library keeps it.
 *  @param out  [nd_packed_bytes(n_rows, W, U)], which must not be 0
 *  @param rows  [n_rows, W]  @param whole  [U]; NULL where U is 0. Threads: safe. */
void nd_packed_write(uint8_t *out, const float *rows, int64_t n_rows, int64_t W, const float *whole,
                     int64_t U);

/** Where the parts of a packed track lie. */
typedef struct nd_packed {
    float scale, whole_scale; /* finite, 0 or more */
    const int8_t *rows;       /* [n_rows, W], borrowed */
    const int8_t *whole;      /* [U], borrowed */
} nd_packed;

/** @param data  [bytes], from anywhere; borrowed as long as *out is used
 *  @return 0; ND_EFORMAT: the sizes do not fit, or a scale is none (*out untouched).
 *  Threads: safe. */
int nd_packed_read(nd_packed *out, const void *data, size_t bytes, int64_t n_rows, int64_t W,
                   int64_t U);

#endif
