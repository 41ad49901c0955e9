/**
 * Exponential and logarithm of vectors, by polynomials of least relative error
 * on the reduced argument (found by Remez' algorithm; their own error is below
 * 2^-57): within 1 unit in the last place of the true value, the same bits in
 * every family that fuses multiply and add.
 */
#ifndef EXPONENT_H
#define EXPONENT_H

#include "wide.h"

/* log 2 in two parts: the first has zeros enough at its end that a multiple of
   it by an exponent is exact. */
#define LOG2_HIGH 0x1.62e42feep-1
#define LOG2_LOW 0x1.a39ef35793c76p-33
/* A number this large has no bits below 1: adding it rounds to an integer. */
#define ROUNDER 0x1.8p52

/* exp(x) for x in [-708, 709], 0 where x < least (least >= -708). */
INLINE wide exponential(wide x, double least)
{
    wide shifted = x * 0x1.71547652b82fep0 + ROUNDER; /* x / log 2, rounded */
    wide n = shifted - ROUNDER;
    wide f = x - n * LOG2_HIGH;
    f = f - n * LOG2_LOW;
    wide p = f * 0x1.ad7f6ef1ffe06p-26 + 0x1.28ad72c68b931p-22;
    p = p * f + 0x1.71df25523fc4dp-19;
    p = p * f + 0x1.a0199a0c6e645p-16;
    p = p * f + 0x1.a01a012a57b63p-13;
    p = p * f + 0x1.6c16c1842a0edp-10;
    p = p * f + 0x1.1111111127be5p-7;
    p = p * f + 0x1.555555555087dp-5;
    p = p * f + 0x1.55555555554fap-3;
    p = p * f + 0x1.000000000000ap-1;
    p = p * f + 1.0;
    p = p * f + 1.0;
    /* times 2^n: n stands in the low bits of `shifted`; words wrap */
    wide_words bits = (wide_words)p + ((wide_words)shifted << 52);
    return (wide)(bits & (wide_words)(x >= least));
}

/* log(x) for positive normal x. With 1 + f the mantissa and s = f / (2 + f),
   log(1 + f) = 2 s + s R = f - s (f - R), R a polynomial in s^2: the greatest
   term is exact. */
INLINE wide logarithm(wide x)
{
    const int64_t half = 0x3fe6a09e667f3bcd; /* bits of the root of 1/2 */
    const int64_t mantissa = 0x000fffffffffffff;
    wide_bits bits = (wide_bits)x - half;
    wide_bits exponent = bits >> 52;
    wide f = (wide)((bits & mantissa) + half) - 1.0;
    /* a small integer as a double, by the bits of the rounder */
    wide n = (wide)(exponent + 0x4338000000000000) - ROUNDER;
    wide s = f / (f + 2.0), z = s * s;
    wide r = z * 0x1.2f0d899e4395ap-3 + 0x1.39a0f58840fcfp-3;
    r = r * z + 0x1.74664626fdaa7p-3;
    r = r * z + 0x1.c71c51e814da1p-3;
    r = r * z + 0x1.2492494217791p-2;
    r = r * z + 0x1.999999997fb35p-2;
    r = r * z + 0x1.5555555555593p-1;
    wide inner = f - z * r;
    wide u = f - s * inner;
    u = n * LOG2_LOW + u;
    return n * LOG2_HIGH + u;
}

#endif
