/* Reals to their shortest text: Giulietti, "The Schubfach way to render
 * doubles", 2020. The interval of decimals that round to the number is scaled
 * by a power of ten so that it holds at least one integer and at most one
 * multiple of ten; the multiple is the shorter, else the nearest integer is
 * taken. The scaled ends are kept to 64 bits and a sticky last one. */
#include "coracle/text.h"

#include "power.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* digit x 10^exponent. */
typedef struct shortest {
    uint64_t digit;
    int exponent;
} shortest;

/* A positive binary number: c x 2^q, and whether the next below is half as far
   as the next above. */
typedef struct binary {
    uint64_t c;
    int q;
    bool close;
} binary;

static inline int log10_of_power(int q, bool close)
{
    return (q * 1262611 - (close ? 524031 : 0)) >> 22;
}

/* The product's 64 bits above the 128 lowest, the last one sticky. */
static inline uint64_t scaled(power g, uint64_t c)
{
    unsigned __int128 low = (unsigned __int128)g.low * c;
    unsigned __int128 sum = (unsigned __int128)g.high * c + (low >> 64);
    return (uint64_t)(sum >> 64) | ((uint64_t)sum > 1);
}

/* The power as Schubfach wants it: rounded up where it is not exact. */
static power power_above(int k)
{
    power g = cor_powers()[k];
    if (k > POWER_EXACT) {
        g.low++;
        g.high += g.low == 0;
    }
    return g;
}

static shortest find_shortest(binary b)
{
    bool even = b.c % 2 == 0;
    int k = log10_of_power(b.q, b.close);
    int h = b.q + cor_power_log2(-k) + 1;
    power g = power_above(-k);
    uint64_t lower = scaled(g, (4 * b.c - 2 + b.close) << h) + !even;
    uint64_t middle = scaled(g, (4 * b.c) << h);
    uint64_t upper = scaled(g, (4 * b.c + 2) << h) - !even;
    uint64_t s = middle / 4, tens = s / 10;
    bool under = lower <= 40 * tens, over = 40 * tens + 40 <= upper;
    if (s >= 10 && under != over)
        return (shortest){tens + over, k + 1};
    under = lower <= 4 * s;
    over = 4 * s + 4 <= upper;
    if (under != over)
        return (shortest){s + over, k};
    uint64_t half = 4 * s + 2;
    bool up = middle > half || (middle == half && s % 2 == 1);
    return (shortest){s + up, k};
}

/* Two digits at a time, from the last. @return their first */
static char *put_digits(uint64_t number, char *end)
{
    static const char pair[] = "00010203040506070809101112131415161718192021222"
                               "32425262728293031323334353637383940414243444546"
                               "47484950515253545556575859606162636465666768697"
                               "07172737475767778798081828384858687888990919293"
                               "949596979899";
    while (number >= 100) {
        end -= 2;
        memcpy(end, pair + number % 100 * 2, 2);
        number /= 100;
    }
    if (number >= 10) {
        end -= 2;
        memcpy(end, pair + number * 2, 2);
    } else {
        *--end = (char)('0' + number);
    }
    return end;
}

/* Digits with the point before the digit number `point`: 12.5, 0.05, 300. */
static char *put_plain(const char *digit, int digits, int point, char *out)
{
    if (point <= 0) {
        memcpy(out, "0.0000", 6);
        out += 2 - point;
        memcpy(out, digit, (size_t)digits);
        return out + digits;
    }
    int whole = point < digits ? point : digits;
    memcpy(out, digit, (size_t)whole);
    out += whole;
    for (int i = digits; i < point; i++)
        *out++ = '0';
    if (point < digits) {
        *out++ = '.';
        memcpy(out, digit + point, (size_t)(digits - point));
        out += digits - point;
    }
    return out;
}

static char *put_exponent(const char *digit, int digits, int exponent,
                          char *out)
{
    *out++ = *digit;
    if (digits > 1) {
        *out++ = '.';
        memcpy(out, digit + 1, (size_t)digits - 1);
        out += digits - 1;
    }
    *out++ = 'e';
    *out++ = exponent < 0 ? '-' : '+';
    unsigned size = (unsigned)(exponent < 0 ? -exponent : exponent);
    if (size < 10)
        *out++ = '0';
    char text[4], *first = put_digits(size, text + sizeof text);
    size_t length = (size_t)(text + sizeof text - first);
    memcpy(out, first, length);
    return out + length;
}

static char *put_shortest(shortest s, char *out)
{
    while (s.digit % 10 == 0) {
        s.digit /= 10;
        s.exponent++;
    }
    char text[20], *first = put_digits(s.digit, text + sizeof text);
    int digits = (int)(text + sizeof text - first);
    int point = digits + s.exponent;
    if (point < -3 || point > 17)
        return put_exponent(first, digits, point - 1, out);
    return put_plain(first, digits, point, out);
}

/* What is no positive number; NULL for those that are. */
static const char *word_of(double magnitude)
{
    if (magnitude == 0)
        return "0";
    if (isfinite(magnitude))
        return NULL;
    return isnan(magnitude) ? "nan" : "inf";
}

static int print(double magnitude, bool negative, binary b, char *out)
{
    char *end = out;
    const char *word = word_of(magnitude);
    if (negative && !isnan(magnitude))
        *end++ = '-';
    if (word) {
        memcpy(end, word, strlen(word));
        end += strlen(word);
    } else {
        end = put_shortest(find_shortest(b), end);
    }
    *end = 0;
    return (int)(end - out);
}

int cor_text_print_double(double value, char out[COR_NUMBER_SIZE])
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint64_t fraction = bits & ((UINT64_C(1) << 52) - 1);
    int exponent = (int)(bits >> 52 & 0x7ff);
    binary b = {fraction, 1 - 1075, false};
    if (exponent)
        b = (binary){fraction | UINT64_C(1) << 52, exponent - 1075,
                     fraction == 0 && exponent > 1};
    return print(fabs(value), bits >> 63, b, out);
}

int cor_text_print_float(float value, char out[COR_NUMBER_SIZE])
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint32_t fraction = bits & ((UINT32_C(1) << 23) - 1);
    int exponent = (int)(bits >> 23 & 0xff);
    binary b = {fraction, 1 - 150, false};
    if (exponent)
        b = (binary){fraction | UINT32_C(1) << 23, exponent - 150,
                     fraction == 0 && exponent > 1};
    return print(fabs((double)value), bits >> 31, b, out);
}
