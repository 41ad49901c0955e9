/**
 * Vectors of COR_LANES floats, as the compiler's own vector types: no
 * intrinsics, so that every processor the compiler knows is served.
 *
 * Bits: this code is compiled with contraction, and every sum of products is
 * written as one product added to (or taken from) one accumulator, so that a
 * fused multiply-add is the only thing it can become where there is one.
 */
#ifndef LANES_H
#define LANES_H

#include "coracle/linalg.h"
#include "kernels.h"

#include <math.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
/* A short loop that is unrolled whole, so that tiles stay in registers. */
#define EACH(i, from, to)                                                      \
    _Pragma("GCC unroll 16") for (int i = (from); i < (to); i++)

enum { LANES = COR_LANES, LOGICAL = 16, PARTS = LOGICAL / LANES };

typedef float lanes __attribute__((vector_size(4 * COR_LANES)));
typedef float lanes_in_memory
    __attribute__((vector_size(4 * COR_LANES), aligned(4), may_alias));
/* Two widths that all families share, for work on small blocks. */
typedef float octet __attribute__((vector_size(32)));
typedef float octet_in_memory
    __attribute__((vector_size(32), aligned(4), may_alias));
typedef int32_t octet_places __attribute__((vector_size(32)));

INLINE lanes load(const float *from)
{
    return *(const lanes_in_memory *)from;
}

INLINE void store(float *to, lanes value)
{
    *(lanes_in_memory *)to = value;
}

INLINE octet load_octet(const float *from)
{
    return *(const octet_in_memory *)from;
}

INLINE void store_octet(float *to, octet value)
{
    *(octet_in_memory *)to = value;
}

/* Fold two vectors of 8: first the low half of each pair, then the high half;
   `low` and `high` name the lanes that are added. */
INLINE octet fold(octet a, octet b, octet_places low, octet_places high)
{
    return __builtin_shuffle(a, b, low) + __builtin_shuffle(a, b, high);
}

/* The sums of 8 vectors of 8 lanes, by the tree (i, i + 4), (i, i + 2),
   (i, i + 1); lane j is the sum of v[j]. */
INLINE octet sum_octets(const octet v[8])
{
    const octet_places low4 = {0, 1, 2, 3, 8, 9, 10, 11};
    const octet_places high4 = {4, 5, 6, 7, 12, 13, 14, 15};
    const octet_places low2 = {0, 1, 8, 9, 4, 5, 12, 13};
    const octet_places high2 = {2, 3, 10, 11, 6, 7, 14, 15};
    const octet_places low1 = {0, 2, 8, 10, 4, 6, 12, 14};
    const octet_places high1 = {1, 3, 9, 11, 5, 7, 13, 15};
    octet four[4], two[2];
    EACH (j, 0, 4)
        four[j] = fold(v[j], v[j + 4], low4, high4);
    EACH (j, 0, 2)
        two[j] = fold(four[2 * j], four[2 * j + 1], low2, high2);
    return fold(two[0], two[1], low1, high1);
}

/* Lanes i and i + 8 of 16 logical lanes, added. */
INLINE octet sum_halves(const lanes part[PARTS])
{
    float all[LOGICAL];
    EACH (p, 0, PARTS)
        store(all + p * LANES, part[p]);
    return load_octet(all) + load_octet(all + 8);
}

#endif
