/**
 * Rows spread evenly over the ranks, and numbers looked up where they stand.
 */
#ifndef COR_SPREAD_H
#define COR_SPREAD_H

#include "coracle/team.h"

/** First of `total` rows that a rank holds; rank may be the size. */
static inline int64_t cor_spread_first(int64_t total, int64_t rank,
                                       int64_t size)
{
    return total / size * rank + total % size * rank / size;
}

/** The rank that holds a row. */
int cor_spread_owner(int64_t total, int64_t row, int64_t size);

/**
 * Look up numbers in a table spread over the ranks in contiguous runs of which
 * this rank's begins at row `first`: number[i] = table[row[i]], or -1 where
 * row[i] is -1. Collective.
 */
int cor_spread_lookup(const cor_team *team, int64_t first, const int32_t *table,
                      int64_t count, const int64_t *row, int32_t *number);

#endif
