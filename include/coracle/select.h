/**
 * Exact selection from numbers spread over the ranks, without sorting or moving
 * them: a few passes, each of which counts one digit. The result does not
 * depend on ranks or threads.
 */
#ifndef CORACLE_SELECT_H
#define CORACLE_SELECT_H

#include "coracle/team.h"

/** Positions that one call finds. */
enum { COR_SELECT_LIMIT = 4 };

/**
 * The numbers at `wanted` positions of the sorted whole; positions are below
 * the total count. Collective; `count` may differ by rank.
 * @param[in]  number    mine, in any order
 * @param[in]  position  wanted, 0 for the least
 * @param[out] found     wanted
 * @return COR_OK; COR_EMEMORY
 */
int cor_select_int64(const cor_team *team, const int64_t *number, int64_t count,
                     int wanted, const int64_t *position, int64_t *found);
/** The same for doubles, none of them a NaN. */
int cor_select_double(const cor_team *team, const double *number, int64_t count,
                      int wanted, const int64_t *position, double *found);

/**
 * The number that `percent` of all are below: between two of them by the
 * straight line, at (total - 1) percent / 100 of the sorted whole (the default
 * of R and NumPy; Hyndman and Fan, "Sample quantiles in statistical packages",
 * The American Statistician 1996, definition 7). Collective; at least one rank
 * has a number, none is a NaN.
 * @param[in] percent  0 .. 100
 * @return COR_OK; COR_EMEMORY
 */
int cor_select_percentile(const cor_team *team, const double *number,
                          int64_t count, double percent, double *found);

#endif
