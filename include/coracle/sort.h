/**
 * Sorting by radix: linear in the number of keys, stable.
 */
#ifndef CORACLE_SORT_H
#define CORACLE_SORT_H

#include <stdint.h>

/** Sort keys in place, ascending. @return COR_OK; COR_EMEMORY */
int cor_sort_keys(uint64_t *key, int64_t count);

/**
 * Sort keys ascending and carry a value with each; equal keys keep their order.
 * @return COR_OK; COR_EMEMORY
 */
int cor_sort_pairs(uint64_t *key, int64_t *value, int64_t count);

/**
 * Sort by some of the bits alone, [from, from + bits) of at most 64; keys that
 * are equal in them keep their order. For small sorts in great number: nothing
 * is allocated. @param[in] count  of keys, below 2^32
 * @param[out] spare  room for as many
 * @return where the sorted keys stand: `key` or `spare`
 */
uint64_t *cor_sort_by_bits(uint64_t *key, uint64_t *spare, int64_t count,
                           int from, int bits);

/** The unsigned key whose order is that of the signed number, and back. */
static inline uint64_t cor_sort_key_int64(int64_t number)
{
    return (uint64_t)number ^ (UINT64_C(1) << 63);
}
static inline int64_t cor_sort_int64_of_key(uint64_t key)
{
    return (int64_t)(key ^ (UINT64_C(1) << 63));
}

#endif
