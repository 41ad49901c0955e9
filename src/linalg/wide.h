/**
 * Vectors of COR_LANES / 2 doubles, for tiles of rows in columns: a group of 8
 * rows is PARTS vectors. The rules of lanes.h about bits hold here too.
 */
#ifndef WIDE_H
#define WIDE_H

#include "coracle/gaussian.h"
#include "lanes.h"

/* Doubles in a vector; vectors of rows that a block takes at a time. */
enum { WIDE = COR_LANES / 2, BLOCK = COR_LANES == 16 ? 4 : 2 };

typedef double wide __attribute__((vector_size(8 * WIDE)));
typedef double wide_in_memory
    __attribute__((vector_size(8 * WIDE), aligned(8), may_alias));
typedef int64_t wide_bits __attribute__((vector_size(8 * WIDE)));
typedef uint64_t wide_words __attribute__((vector_size(8 * WIDE)));

/* A group of 8 at any width, for work on sums. */
typedef double group __attribute__((vector_size(64)));
typedef double group_in_memory
    __attribute__((vector_size(64), aligned(8), may_alias));
typedef int64_t group_places __attribute__((vector_size(64)));

INLINE wide load_wide(const double *from)
{
    return *(const wide_in_memory *)from;
}

INLINE void store_wide(double *to, wide value)
{
    *(wide_in_memory *)to = value;
}

INLINE wide spread(double value)
{
    return value - (wide){0};
}

/* a where the mask is set, else b. */
INLINE wide choose(wide_bits mask, wide a, wide b)
{
    return (wide)((mask & (wide_bits)a) | (~mask & (wide_bits)b));
}

INLINE group load_group(const double *from)
{
    return *(const group_in_memory *)from;
}

INLINE void store_group(double *to, group value)
{
    *(group_in_memory *)to = value;
}

INLINE group fold_groups(group a, group b, group_places low, group_places high)
{
    return __builtin_shuffle(a, b, low) + __builtin_shuffle(a, b, high);
}

/* The sums of 8 groups, by the tree (i, i + 4), (i, i + 2), (i, i + 1); lane j
   is the sum of group j. */
INLINE group sum_groups(const group v[8])
{
    const group_places low4 = {0, 1, 2, 3, 8, 9, 10, 11};
    const group_places high4 = {4, 5, 6, 7, 12, 13, 14, 15};
    const group_places low2 = {0, 1, 8, 9, 4, 5, 12, 13};
    const group_places high2 = {2, 3, 10, 11, 6, 7, 14, 15};
    const group_places low1 = {0, 2, 8, 10, 4, 6, 12, 14};
    const group_places high1 = {1, 3, 9, 11, 5, 7, 13, 15};
    group four[4], two[2];
    EACH (j, 0, 4)
        four[j] = fold_groups(v[j], v[j + 4], low4, high4);
    EACH (j, 0, 2)
        two[j] = fold_groups(four[2 * j], four[2 * j + 1], low2, high2);
    return fold_groups(two[0], two[1], low1, high1);
}

/* Part p of a group: in a register where the group is one. */
INLINE void put_part(group *v, int p, wide part)
{
#if COR_LANES == 16
    (void)p;
    *v = (group)part;
#else
    memcpy((char *)v + (size_t)p * sizeof part, &part, sizeof part);
#endif
}

#endif
