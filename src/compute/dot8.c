/* The plain loop is what the others must give. Rows overlap from one place of a to the next, so
 * four places are done at once: a is loaded once for them, and their sums are folded together.
 *
 * AVX2 has no product of signed bytes: |b| times a with b's sign is the same, and fits 16 bits in
 * pairs because a is never -128. VNNI multiplies unsigned by signed: b + 128, and 128 times the sum
 * of a is taken off at the end. */
#include <stdatomic.h>

#include "compute/dot8.h"

static void slide_plain(int32_t *out, const int8_t *a, const int8_t *b, int64_t n, int64_t stride,
                        int64_t n_out)
{
    for (int64_t i = 0; i < n_out; i++, b += stride) {
        int32_t sum = 0;
        for (int64_t j = 0; j < n; j++) sum += a[j] * b[j];
        out[i] = sum;
    }
}

static const nd_dot8 plain = {"plain", slide_plain};

#ifdef __x86_64__
#include <immintrin.h>

#define AVX2  __attribute__((target("avx2"))) static inline
#define VNNI  __attribute__((target("avx512f,avx512bw,avx512vnni"))) static inline
#define FORCE __attribute__((always_inline))

enum { PLACES = 4 };

AVX2 FORCE __m256i add_products(__m256i sum, __m256i a, const int8_t *b)
{
    __m256i x = _mm256_loadu_si256((const __m256i *)b);
    __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(x), _mm256_sign_epi8(a, x));
    return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

AVX2 FORCE int32_t sum_lanes_avx2(__m256i v)
{
    __m128i x = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    x = _mm_add_epi32(x, _mm_shuffle_epi32(x, 0x4E));
    return _mm_cvtsi128_si32(_mm_add_epi32(x, _mm_shuffle_epi32(x, 0xB1)));
}

AVX2 FORCE void places_avx2(int32_t *out, const int8_t *a, const int8_t *b, int64_t n,
                            int64_t stride, int places)
{
    __m256i sums[PLACES] = {0};
    for (int64_t j = 0; j < n; j += 32) {
        __m256i x = _mm256_loadu_si256((const __m256i *)(a + j));
        for (int k = 0; k < places; k++) sums[k] = add_products(sums[k], x, b + k * stride + j);
    }
    for (int k = 0; k < places; k++) out[k] = sum_lanes_avx2(sums[k]);
}

AVX2 void slide_avx2(int32_t *out, const int8_t *a, const int8_t *b, int64_t n, int64_t stride,
                     int64_t n_out)
{
    int64_t i = 0;
    for (; i + PLACES <= n_out; i += PLACES)
        places_avx2(out + i, a, b + i * stride, n, stride, PLACES);
    for (; i < n_out; i++) places_avx2(out + i, a, b + i * stride, n, stride, 1);
}

static const nd_dot8 avx2 = {"avx2", slide_avx2};

VNNI FORCE void places_vnni(int32_t *out, const int8_t *a, const int8_t *b, int64_t n,
                            int64_t stride, int places, int32_t shift)
{
    const __m512i flip = _mm512_set1_epi8((char)0x80);
    __m512i sums[PLACES];
    for (int k = 0; k < places; k++) sums[k] = _mm512_setzero_si512();
    for (int64_t j = 0; j < n; j += 64) {
        __m512i x = _mm512_loadu_si512(a + j);
        for (int k = 0; k < places; k++) {
            __m512i y = _mm512_xor_si512(_mm512_loadu_si512(b + k * stride + j), flip);
            sums[k] = _mm512_dpbusd_epi32(sums[k], y, x);
        }
    }
    for (int k = 0; k < places; k++) out[k] = _mm512_reduce_add_epi32(sums[k]) - shift;
}

/* 128 times the sum of a. */
VNNI FORCE int32_t shift_of(const int8_t *a, int64_t n)
{
    __m512i sum = _mm512_setzero_si512();
    for (int64_t j = 0; j < n; j += 64)
        sum = _mm512_dpbusd_epi32(sum, _mm512_set1_epi8((char)0x80), _mm512_loadu_si512(a + j));
    return _mm512_reduce_add_epi32(sum);
}

VNNI void slide_vnni(int32_t *out, const int8_t *a, const int8_t *b, int64_t n, int64_t stride,
                     int64_t n_out)
{
    int32_t shift = shift_of(a, n);
    int64_t i = 0;
    for (; i + PLACES <= n_out; i += PLACES)
        places_vnni(out + i, a, b + i * stride, n, stride, PLACES, shift);
    for (; i < n_out; i++) places_vnni(out + i, a, b + i * stride, n, stride, 1, shift);
}

static const nd_dot8 vnni = {"vnni", slide_vnni};
#endif

const nd_dot8 *nd_dot8_at(int index)
{
    const nd_dot8 *found[3] = {&plain};
    int n = 1;
#ifdef __x86_64__
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2")) found[n++] = &avx2;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vnni"))
        found[n++] = &vnni;
#endif
    return index < n ? found[index] : NULL;
}

static _Atomic(const nd_dot8 *) chosen;

const nd_dot8 *nd_dot8_get(void)
{
    const nd_dot8 *d = atomic_load_explicit(&chosen, memory_order_acquire);
    if (d) return d;
    for (int i = 0; nd_dot8_at(i); i++) d = nd_dot8_at(i);
    atomic_store_explicit(&chosen, d, memory_order_release);
    return d;
}

void nd_dot8_use(const nd_dot8 *dot8)
{
    atomic_store(&chosen, dot8);
}
