/* Packing of tracks' rows into bytes. */
#include <math.h>
#include <string.h>

#include "match/joint.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "scales are little-endian");

size_t nd_packed_bytes(int64_t n_rows, int64_t W, int64_t U)
{
    bool fits = n_rows >= 1 && n_rows <= ND_PACKED_MAX_ROWS && W >= 1 && W <= ND_PACKED_MAX_WIDTH &&
                U >= 0 && U <= ND_PACKED_MAX_WIDTH;
    return fits ? (size_t)(ND_PACKED_HEAD_BYTES + U + n_rows * W) : 0;
}

float nd_pack(int8_t *out, const float *x, int64_t n)
{
    float largest = 0;
    for (int64_t i = 0; i < n; i++)
        if (isfinite(x[i])) largest = fmaxf(largest, fabsf(x[i]));
    float scale = largest / 127;
    for (int64_t i = 0; i < n; i++) {
        bool is_value = isfinite(x[i]) && scale > 0;
        float byte = is_value ? rintf(x[i] / scale) : 0;
        out[i] = (int8_t)ND_CLAMP(byte, -127.0f, 127.0f);
    }
    return scale;
}

void nd_packed_write(uint8_t *out, const float *rows, int64_t n_rows, int64_t W, const float *whole,
                     int64_t U)
{
    ND_ASSERT(nd_packed_bytes(n_rows, W, U) && (whole || !U));
    int8_t *values = (int8_t *)out + ND_PACKED_HEAD_BYTES;
    float scales[2];
    scales[1] = nd_pack(values, whole, U);
    scales[0] = nd_pack(values + U, rows, n_rows * W);
    memcpy(out, scales, sizeof scales);
}

int nd_packed_read(nd_packed *out, const void *data, size_t bytes, int64_t n_rows, int64_t W,
                   int64_t U)
{
    float scales[2];
    if (!bytes || bytes != nd_packed_bytes(n_rows, W, U)) return ND_EFORMAT;
    memcpy(scales, data, sizeof scales);
    for (int i = 0; i < 2; i++)
        if (!(scales[i] >= 0 && scales[i] <= 1e30f)) return ND_EFORMAT;
    const int8_t *values = (const int8_t *)data + ND_PACKED_HEAD_BYTES;
    *out = (nd_packed){
        .scale = scales[0], .whole_scale = scales[1], .rows = values + U, .whole = values};
    return 0;
}
