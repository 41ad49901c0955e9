/* The table is the exact powers of five, whose leading bits those of ten are:
 * upwards by multiplying, downwards by dividing a high power of two, whose
 * quotients by 5^n are exact in every bit that is kept. */
#include "power.h"

#include <threads.h>

/* Words of 32 bits: 5^342 has 795, and 128 more are wanted behind a division.
 */
enum { WORDS = 32 };

static power table[POWER_MOST - POWER_LEAST + 1];
static once_flag once = ONCE_FLAG_INIT;

/* The 128 bits from the highest one on; words run from the lowest. */
static power leading_bits(const uint32_t word[WORDS])
{
    int top = WORDS - 1;
    while (!word[top])
        top--;
    int shift = __builtin_clz(word[top]);
    uint64_t bits[3] = {0}; /* 160 bits, then cut to 128 */
    for (int i = 0; i < 5; i++) {
        uint32_t w = top - i >= 0 ? word[top - i] : 0;
        bits[i / 2] |= (uint64_t)w << (i % 2 ? 0 : 32);
    }
    if (shift == 0)
        return (power){bits[0], bits[1]};
    return (power){bits[0] << shift | bits[1] >> (64 - shift),
                   bits[1] << shift | bits[2] >> (64 - shift)};
}

static void times_five(uint32_t word[WORDS])
{
    uint64_t carry = 0;
    for (int i = 0; i < WORDS; i++) {
        carry += (uint64_t)word[i] * 5;
        word[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

static void over_five(uint32_t word[WORDS])
{
    uint64_t rest = 0;
    for (int i = WORDS - 1; i >= 0; i--) {
        rest = rest << 32 | word[i];
        word[i] = (uint32_t)(rest / 5);
        rest %= 5;
    }
}

static void fill(void)
{
    uint32_t up[WORDS] = {1}, down[WORDS] = {0};
    down[WORDS - 1] = UINT32_C(1) << 31;
    for (int k = 0; k <= POWER_MOST; k++) {
        table[k - POWER_LEAST] = leading_bits(up);
        times_five(up);
    }
    for (int k = -1; k >= POWER_LEAST; k--) {
        over_five(down);
        power p = leading_bits(down);
        p.low++; /* never divides without a rest, so this rounds up */
        p.high += p.low == 0;
        table[k - POWER_LEAST] = p;
    }
}

const power *cor_powers(void)
{
    call_once(&once, fill);
    return table - POWER_LEAST;
}
