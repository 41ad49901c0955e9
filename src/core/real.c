/* Text to doubles, correctly rounded: by one operation where that is exact
 * (Clinger, PLDI 1990), else from 128 bits of the power of ten (Lemire, "Number
 * parsing at a gigabyte per second", 2021; that no case needs more: Mushtak,
 * Lemire, "Fast number parsing without fallback", 2023). More than 19 digits
 * decide only where they must. */
#include "coracle/text.h"

#include "power.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Digits that surely fit 64 bits; texts that strtod is asked about. */
enum { DIGITS = 19, SLOW_LIMIT = 512 };

/* A number as it is written: mantissa x 10^exponent. */
typedef struct decimal {
    const char *end; /* first byte that does not belong to it */
    uint64_t mantissa;
    int64_t exponent;
    bool negative;
    bool more; /* digits beyond those of the mantissa */
} decimal;

static inline bool is_digit(char c)
{
    return (unsigned)(unsigned char)c - '0' < 10;
}

/* Eight digits at p as a number, or -1: pairs, then fours, then all eight. */
static inline int64_t eight_digits(const char *p)
{
    uint64_t x = 0;
    for (int i = 0; i < 8; i++) /* one load where bytes stand in this order */
        x |= (uint64_t)(unsigned char)p[i] << (8 * i);
    x ^= UINT64_C(0x3030303030303030);
    if ((x | (x + UINT64_C(0x7676767676767676))) & UINT64_C(0x8080808080808080))
        return -1;
    x = x * 10 + (x >> 8);
    x = ((x & UINT64_C(0x000000ff000000ff)) * UINT64_C(0x000f424000000064) +
         ((x >> 16) & UINT64_C(0x000000ff000000ff)) *
             UINT64_C(0x0000271000000001)) >>
        32;
    return (int64_t)(x & UINT32_MAX);
}

/* The run of digits at p, of which `*left` more go into the mantissa; zeros in
   front count for nothing. @param[out] kept  digits that the mantissa took */
static inline const char *read_digits(const char *p, const char *end,
                                      decimal *d, int *left, int64_t *kept)
{
    const char *begin = p;
    int64_t eight;
    while (end - p >= 8 && *left >= 8 && (eight = eight_digits(p)) >= 0) {
        d->mantissa = d->mantissa * 100000000 + (uint64_t)eight;
        *left -= d->mantissa ? 8 : 0;
        p += 8;
    }
    for (; p < end && is_digit(*p) && *left > 0; p++) {
        d->mantissa = d->mantissa * 10 + (uint64_t)(*p - '0');
        *left -= d->mantissa != 0;
    }
    *kept = p - begin;
    for (; p < end && is_digit(*p); p++)
        d->more |= *p != '0';
    return p;
}

/* The exponent at p, behind its letter; NULL where there is none. */
static const char *read_exponent(const char *p, const char *end,
                                 int64_t *exponent)
{
    bool negative = p < end && *p == '-';
    int64_t number = 0;
    if (p < end && (*p == '-' || *p == '+'))
        p++;
    if (p == end || !is_digit(*p))
        return NULL;
    for (; p < end && is_digit(*p); p++)
        number = number < 100000 ? number * 10 + (*p - '0') : number;
    *exponent = negative ? -number : number;
    return p;
}

/* Take the number at p apart; false where there is none. */
static inline bool read_decimal(const char *p, const char *end, decimal *d)
{
    int left = DIGITS;
    int64_t kept, digits;
    *d = (decimal){.negative = p < end && *p == '-'};
    if (p < end && (*p == '-' || *p == '+'))
        p++;
    const char *begin = p;
    p = read_digits(p, end, d, &left, &kept);
    digits = p - begin;
    d->exponent = digits - kept;
    if (p < end && *p == '.') {
        begin = ++p;
        p = read_digits(p, end, d, &left, &kept);
        d->exponent -= kept; /* none where digits before it were left out */
        digits += p - begin;
    }
    if (digits == 0)
        return false;
    if (p < end && (*p == 'e' || *p == 'E')) {
        int64_t exponent;
        p = read_exponent(p + 1, end, &exponent);
        if (!p)
            return false;
        d->exponent += exponent;
    }
    d->end = p;
    return true;
}

/* The C library rounds correctly but wants a zero at the end. */
static bool slow_double(const char *begin, const char *end, double *value)
{
    char copy[SLOW_LIMIT];
    size_t length = (size_t)(end - begin);
    if (length >= sizeof copy)
        return false;
    memcpy(copy, begin, length);
    copy[length] = 0;
    *value = strtod(copy, NULL);
    return true;
}

static double from_bits(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* mantissa x 10^exponent to the nearest double. */
static double scale(uint64_t mantissa, int64_t exponent)
{
    if (mantissa == 0 || exponent < POWER_LEAST)
        return 0;
    if (exponent > 308)
        return INFINITY;
    int k = (int)exponent, zeros = __builtin_clzll(mantissa);
    const power *ten = cor_powers() + k;
    uint64_t w = mantissa << zeros;
    unsigned __int128 product = (unsigned __int128)w * ten->high;
    /* the 52 + 3 bits that decide may hang on what the low half adds */
    if ((product >> 64 & 0x1ff) == 0x1ff)
        product += (unsigned __int128)w * ten->low >> 64;
    uint64_t high = (uint64_t)(product >> 64), low = (uint64_t)product;
    int carry = (int)(high >> 63), shift = carry + 64 - 52 - 3;
    uint64_t m = high >> shift;
    int power2 = cor_power_log2(k) + 63 + carry - zeros + 1023;
    if (power2 <= 0) { /* below the normal numbers */
        if (power2 <= -63)
            return 0;
        m >>= 1 - power2;
        m = (m + (m & 1)) >> 1;
        return from_bits(m); /* 2^52 is the first normal number */
    }
    /* halfway is met exactly by few powers alone: then to the even one */
    if (low <= 1 && k >= -4 && k <= 23 && (m & 3) == 1 && m << shift == high)
        m &= ~UINT64_C(1);
    m = (m + (m & 1)) >> 1;
    if (m >> 53) {
        m >>= 1;
        power2++;
    }
    if (power2 >= 0x7ff)
        return INFINITY;
    return from_bits((m & ~(UINT64_C(1) << 52)) | (uint64_t)power2 << 52);
}

const char *cor_text_number(const char *begin, const char *end, double *value)
{
    static const double power_of_ten[] = {
        1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
        1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    decimal d;
    double magnitude;
    if (!read_decimal(begin, end, &d))
        return NULL;
    if (d.mantissa >> 53 == 0 && !d.more && d.exponent >= -22 &&
        d.exponent <= 22)
        magnitude = d.exponent < 0
                        ? (double)d.mantissa / power_of_ten[-d.exponent]
                        : (double)d.mantissa * power_of_ten[d.exponent];
    else
        magnitude = scale(d.mantissa, d.exponent);
    *value = d.negative ? -magnitude : magnitude;
    if (d.more && magnitude != scale(d.mantissa + 1, d.exponent) &&
        !slow_double(begin, d.end, value))
        return NULL;
    return isfinite(*value) ? d.end : NULL;
}

bool cor_text_double(const char *begin, const char *end, double *value)
{
    return begin < end && cor_text_number(begin, end, value) == end;
}
