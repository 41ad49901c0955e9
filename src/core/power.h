/* Powers of ten to 128 bits, for numbers between text and binary. */
#ifndef CORE_POWER_H
#define CORE_POWER_H

#include <stdint.h>

/* Exponents that a double may need: of its text, and of its shortest digits. */
enum { POWER_LEAST = -342, POWER_MOST = 324 };
/* Up to here a power has its 128 bits exactly. */
enum { POWER_EXACT = 55 };

/* The leading bits of 10^k, the highest one set: cut off where k > POWER_EXACT,
   rounded up where k < 0. */
typedef struct power {
    uint64_t high, low;
} power;

/* Computed once, at the first call, by any thread. */
const power *cor_powers(void);

/* Floor of log2(10^k). */
static inline int cor_power_log2(int k)
{
    return (k * 1741647) >> 19;
}

#endif
