/* Half-precision floats by their bits: sign, exponent (5, bias 15), fraction (10). */
#include "compute/half.h"

#include <string.h>

static float from_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

float nd_f32_from_bf16(uint16_t bits)
{
    return from_bits((uint32_t)bits << 16);
}

/* A subnormal is its fraction in units of 2^-24, which an f32 holds exactly. */
float nd_f32_from_f16(uint16_t bits)
{
    uint32_t sign = (uint32_t)(bits & 0x8000) << 16;
    uint32_t exponent = bits >> 10 & 31, fraction = bits & 1023;
    if (exponent == 31) return from_bits(sign | 0x7F800000 | fraction << 13);
    if (exponent) return from_bits(sign | (exponent + 112) << 23 | fraction << 13);
    float magnitude = (float)fraction * 0x1p-24f;
    return sign ? -magnitude : magnitude;
}

/* x >> n, to the nearest, ties to even; 1 <= n <= 31. */
static uint32_t shift_to_nearest(uint32_t x, uint32_t n)
{
    uint32_t kept = x >> n, lost = x & ((1u << n) - 1), half = 1u << (n - 1);
    return kept + (lost > half || (lost == half && (kept & 1)));
}

/* A fraction that is rounded up to 1024 carries into the exponent, as it should. */
uint16_t nd_f16_from_f32(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);
    uint32_t magnitude = bits & 0x7FFFFFFF, exponent = magnitude >> 23;
    if (magnitude > 0x7F800000) return (uint16_t)(sign | 0x7E00 | (magnitude >> 13 & 1023));
    if (exponent >= 143) return sign | 0x7C00;
    if (exponent >= 113) return (uint16_t)(sign | shift_to_nearest(magnitude - (112u << 23), 13));
    if (exponent < 102) return sign;
    uint32_t fraction = (magnitude & 0x7FFFFF) | 0x800000;
    return (uint16_t)(sign | shift_to_nearest(fraction, 126 - exponent));
}
