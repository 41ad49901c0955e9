/**
 * Exact selection from numbers spread over the ranks, without sorting.
 */
#ifndef COR_QUANTILE_H
#define COR_QUANTILE_H

#include "coracle/team.h"

enum { COR_QUANTILE_LIMIT = 4 };

/**
 * The numbers at `wanted` positions of the sorted whole; positions ascend and
 * are below the total count. A few passes over the numbers, each counting one
 * digit. Collective. @return COR_OK; COR_EMEMORY
 */
int cor_quantile_find(const cor_team *team, const int64_t *number,
                      int64_t count, int wanted, const int64_t *position,
                      int64_t *found);

#endif
