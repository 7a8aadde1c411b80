/* Arrays as the cache keeps them. Clips of log-mel lie as bytes between the least and the greatest
 * value of each band of the clip (a step is a 255th of that), pictures as the bytes that they were
 * made of; docs/cache.md says what is lost. */
#include <math.h>
#include <string.h>

#include "compute/half.h"
#include "learn/cache_format.h"

static const struct {
    const char *name;
    nd_cache_encoding encoding;
    int64_t T, F;
} clip_arrays[] = {
    {"fbank", ND_CACHE_BANDS, 398, 80},
    {"frames", ND_CACHE_BYTE, 224, 896},
    {"colour_frames", ND_CACHE_UNIT, 32, 768},
};

const char *nd_cache_encoding_name(nd_cache_encoding encoding)
{
    switch (encoding) {
    case ND_CACHE_RAW: return "raw";
    case ND_CACHE_HALF: return "half";
    case ND_CACHE_BANDS: return "bands";
    case ND_CACHE_BYTE: return "byte";
    case ND_CACHE_UNIT: return "unit";
    }
    return "";
}

nd_cache_encoding nd_cache_encoding_for(const char *array, bool half)
{
    for (size_t i = 0; i < ND_COUNT(clip_arrays); i++)
        if (!strcmp(clip_arrays[i].name, array))
            return half && clip_arrays[i].encoding == ND_CACHE_BANDS ? ND_CACHE_HALF
                                                                     : clip_arrays[i].encoding;
    return ND_CACHE_RAW;
}

size_t nd_cache_clip_bytes(nd_cache_encoding encoding, int64_t T, int64_t F)
{
    size_t n = (size_t)T * (size_t)F;
    switch (encoding) {
    case ND_CACHE_HALF: return 2 * n;
    case ND_CACHE_BANDS: return n + (size_t)F * 2 * sizeof(float);
    case ND_CACHE_BYTE:
    case ND_CACHE_UNIT: return n;
    case ND_CACHE_RAW: break;
    }
    return 0;
}

/* ---- one clip --------------------------------------------------------------------- */

static uint8_t to_byte(float x)
{
    return x >= 255 ? 255 : x > 0 ? (uint8_t)(x + 0.5f) : 0;
}

/* The least value of a column [T], and the step to the next. */
static void find_band(float *lo, float *step, const float *column, int64_t T, int64_t F)
{
    float least = column[0], most = column[0];
    for (int64_t t = 1; t < T; t++) {
        least = fminf(least, column[t * F]);
        most = fmaxf(most, column[t * F]);
    }
    *lo = least;
    *step = (most - least) / 255;
}

static void encode_bands(uint8_t *out, const float *clip, int64_t T, int64_t F)
{
    size_t n_head = (size_t)F * sizeof(float);
    uint8_t *q = out + 2 * n_head;
    for (int64_t f = 0; f < F; f++) {
        float lo, step;
        find_band(&lo, &step, clip + f, T, F);
        memcpy(out + (size_t)f * sizeof lo, &lo, sizeof lo);
        memcpy(out + n_head + (size_t)f * sizeof step, &step, sizeof step);
        for (int64_t t = 0; t < T; t++)
            q[t * F + f] = step > 0 ? to_byte((clip[t * F + f] - lo) / step) : 0;
    }
}

void nd_cache_encode_clip(uint8_t *out, nd_cache_encoding encoding, const float *clip, int64_t T,
                          int64_t F)
{
    int64_t n = T * F;
    if (encoding == ND_CACHE_BANDS) encode_bands(out, clip, T, F);
    for (int64_t i = 0; encoding == ND_CACHE_HALF && i < n; i++) {
        uint16_t bits = nd_f16_from_f32(clip[i]);
        memcpy(out + 2 * i, &bits, sizeof bits);
    }
    for (int64_t i = 0; encoding == ND_CACHE_BYTE && i < n; i++) out[i] = to_byte(clip[i]);
    for (int64_t i = 0; encoding == ND_CACHE_UNIT && i < n; i++) out[i] = to_byte(255 * clip[i]);
}

/* Columns a block at a time, so that their heads, at any alignment, are copied to the stack. */
static void decode_bands(float *restrict out, const uint8_t *restrict bytes, int64_t T, int64_t F)
{
    enum { BLOCK = 128 };
    float lo[BLOCK], step[BLOCK];
    size_t n_head = (size_t)F * sizeof(float);
    const uint8_t *q = bytes + 2 * n_head;
    for (int64_t f = 0; f < F; f += BLOCK) {
        int64_t n = ND_MIN(F - f, BLOCK);
        memcpy(lo, bytes + (size_t)f * sizeof *lo, (size_t)n * sizeof *lo);
        memcpy(step, bytes + n_head + (size_t)f * sizeof *step, (size_t)n * sizeof *step);
        for (int64_t t = 0; t < T; t++)
            for (int64_t k = 0; k < n; k++)
                out[t * F + f + k] = lo[k] + step[k] * (float)q[t * F + f + k];
    }
}

static void decode_halves(float *out, const uint8_t *bytes, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        uint16_t bits;
        memcpy(&bits, bytes + 2 * i, sizeof bits);
        out[i] = nd_f32_from_f16(bits);
    }
}

static void decode_bytes(float *restrict out, const uint8_t *restrict bytes, int64_t n)
{
    for (int64_t i = 0; i < n; i++) out[i] = (float)bytes[i];
}

/* Divided, as the feature is: a product with 1 / 255 would differ in the last place. */
static void decode_units(float *restrict out, const uint8_t *restrict bytes, int64_t n)
{
    for (int64_t i = 0; i < n; i++) out[i] = (float)bytes[i] / 255;
}

void nd_cache_decode_clip(float *out, nd_cache_encoding encoding, const uint8_t *bytes, int64_t T,
                          int64_t F)
{
    switch (encoding) {
    case ND_CACHE_HALF: decode_halves(out, bytes, T * F); break;
    case ND_CACHE_BANDS: decode_bands(out, bytes, T, F); break;
    case ND_CACHE_BYTE: decode_bytes(out, bytes, T * F); break;
    case ND_CACHE_UNIT: decode_units(out, bytes, T * F); break;
    case ND_CACHE_RAW: break;
    }
}

/* ---- one file --------------------------------------------------------------------- */

static int check_shape(const nd_array *a, nd_diag *diag)
{
    for (size_t i = 0; i < ND_COUNT(clip_arrays); i++) {
        if (strcmp(clip_arrays[i].name, a->name)) continue;
        if (a->dtype == ND_F32 && a->n_dims == 3 && a->dims[1] == clip_arrays[i].T &&
            a->dims[2] == clip_arrays[i].F)
            return 0;
        return nd_diag_set(diag, ND_EFORMAT, "keeping %s: [clips, %lld, %lld] f32 expected",
                           a->name, (long long)clip_arrays[i].T, (long long)clip_arrays[i].F);
    }
    return 0;
}

/* Room for n more bytes, zero. NULL: no memory. */
static uint8_t *extend(nd_bytes *b, size_t n)
{
    if (nd_grow(&b->data, &b->capacity, b->n, n, 1)) return NULL;
    uint8_t *at = b->data + b->n;
    if (n) memset(at, 0, n);
    b->n += n;
    return at;
}

static void encode_values(uint8_t *out, const nd_cache_array *entry, const nd_array *a)
{
    nd_cache_encoding encoding = (nd_cache_encoding)entry->encoding;
    if (encoding == ND_CACHE_RAW) {
        memcpy(out, a->data, entry->n_bytes);
        return;
    }
    int64_t T = a->dims[1], F = a->dims[2];
    size_t n_clip = nd_cache_clip_bytes(encoding, T, F);
    for (int64_t c = 0; c < a->dims[0]; c++)
        nd_cache_encode_clip(out + (size_t)c * n_clip, encoding, a->f32 + c * T * F, T, F);
}

static int encode_array(nd_cache_record *r, const nd_array *a, bool half, nd_diag *diag)
{
    int rc = check_shape(a, diag);
    if (rc) return rc;
    nd_cache_array *entry = &r->arrays[r->n_arrays];
    *entry = (nd_cache_array){.dtype = (uint32_t)a->dtype,
                              .encoding = nd_cache_encoding_for(a->name, half),
                              .n_dims = (uint32_t)a->n_dims};
    memcpy(entry->name, a->name, sizeof entry->name);
    memcpy(entry->dims, a->dims, (size_t)a->n_dims * sizeof *a->dims);
    size_t n_bytes = 0;
    if (!nd__cache_array_bytes(&n_bytes, entry))
        return nd_diag_set(diag, ND_EFORMAT, "keeping %s: a shape that can be kept expected",
                           a->name);
    size_t padding = (ND_CACHE_ALIGN - r->payload.n % ND_CACHE_ALIGN) % ND_CACHE_ALIGN;
    uint8_t *values = extend(&r->payload, padding) ? extend(&r->payload, n_bytes) : NULL;
    if (!values) return nd_diag_set(diag, ND_ENOMEM, "keeping %s: out of memory", a->name);
    entry->offset = (uint64_t)(values - r->payload.data);
    entry->n_bytes = n_bytes;
    if (n_bytes) encode_values(values, entry, a);
    entry->checksum = nd__cache_checksum(values, n_bytes);
    r->n_arrays++;
    return 0;
}

int nd_cache_encode(nd_cache_record *out, const nd_description *d, bool half, nd_diag *diag)
{
    nd_cache_record r = {.analysed_s = d->analysed_s, .is_cut = d->is_cut};
    if (d->n_arrays > ND_CACHE_MAX_ARRAYS)
        return nd_diag_set(diag, ND_EFORMAT,
                           "keeping features: at most %d arrays expected, not %zu",
                           ND_CACHE_MAX_ARRAYS, d->n_arrays);
    r.arrays = nd_calloc(ND_CACHE_MAX_ARRAYS, sizeof *r.arrays);
    int rc = r.arrays ? 0 : nd_diag_set(diag, ND_ENOMEM, "keeping features: out of memory");
    /* At least a byte, so that no array lies at NULL. */
    if (!rc && nd_grow(&r.payload.data, &r.payload.capacity, 0, ND_CACHE_ALIGN, 1))
        rc = nd_diag_set(diag, ND_ENOMEM, "keeping features: out of memory");
    for (size_t i = 0; i < d->n_arrays && !rc; i++)
        rc = encode_array(&r, &d->arrays[i], half, diag);
    if (!rc) r.n_clips = nd__cache_clip_count(r.arrays, r.n_arrays);
    if (rc) nd_cache_record_deinit(&r);
    else *out = r;
    return rc;
}

void nd_cache_record_deinit(nd_cache_record *record)
{
    nd_bytes_deinit(&record->payload);
    free(record->arrays);
    *record = (nd_cache_record){0};
}
