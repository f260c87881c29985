/* core/deploy/half.c - float16. */
#include "core/deploy/half.h"

#include <math.h>
#include <string.h>

enum { MOST = 0x7bff, NOT_A_NUMBER = 0x7e00 };

/* Floats below 2^-14 are multiples of 2^-24 in float16. */
static uint16_t half_of_small(float v) {
    return (uint16_t)nearbyintf(v * 0x1p24f);
}

uint16_t nas_half_of(float v) {
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    const uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);
    bits &= 0x7fffffff;
    if (isnan(v)) return sign | NOT_A_NUMBER;
    if (fabsf(v) < 0x1p-14f) return sign | half_of_small(fabsf(v));
    /* Other exponent bias, 13 fewer fraction bits: add a half less the last bit that stays. */
    const uint32_t even = bits >> 13 & 1;
    const uint32_t h = (bits - (112u << 23) + 0xfff + even) >> 13;
    return sign | (uint16_t)(h > MOST ? MOST : h);
}

float nas_half_value(uint16_t h) {
    const int exponent = h >> 10 & 31, fraction = h & 1023;
    float v =
        exponent ? ldexpf((float)(1024 + fraction), exponent - 25) : ldexpf((float)fraction, -24);
    if (exponent == 31) v = fraction ? NAN : INFINITY;
    return h & 0x8000 ? -v : v;
}
