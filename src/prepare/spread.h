/**
 * Rows spread evenly over the ranks, and numbers looked up where they stand.
 */
#ifndef COR_SPREAD_H
#define COR_SPREAD_H

#include "coracle/team.h"

/**
 * Look up numbers in a table spread over the ranks in contiguous runs of which
 * this rank's begins at row `first`: number[i] = table[row[i]], or -1 where
 * row[i] is -1. Collective.
 */
int cor_spread_lookup(const cor_team *team, int64_t first, const int32_t *table,
                      int64_t count, const int64_t *row, int32_t *number);

#endif
