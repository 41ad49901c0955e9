/**
 * Reduction: a small matrix that is like a large one of ratings, with its
 * greatest singular values. Belletti, Chen, Chi, "Scalable realistic
 * recommendation datasets through fractal expansions", 2019, algorithm 2:
 *
 *   R = U S V', to the k = min(rows, columns) greatest singular values, of the
 *       ratings less their mean, 0 where there is none
 *   U~, V~ the rows of U, those of V, averaged over `rows`, `columns` even runs
 *       of users and of items
 *   reduced = (U~ with the closest orthonormal columns) S (V~ likewise)'
 *
 * Ratings that are all of one value count as 1 instead of as 0.
 *
 * U, S and V come from a subspace a few vectors wider, multiplied by R and R'
 * and made orthonormal until S stands still to a part `settled` of its
 * greatest: after many rounds where S falls off slowly, at most 64 of them.
 * Bound by the memory from which a rating gets the row of its user, or item,
 * twice a round.
 */
#ifndef CORACLE_REDUCE_H
#define CORACLE_REDUCE_H

#include "coracle/plan.h"
#include "coracle/progress.h"
#include "coracle/ratings.h"

/** Most rows, and columns, of a reduced matrix. */
enum { COR_REDUCE_MOST = 256 };

/** So still S stands in the end. */
#define COR_REDUCE_SETTLED 1e-8

/** Whether ratings of such a size can be reduced: 1 <= rows <= users, 1 <=
    columns <= items, both at most COR_REDUCE_MOST. Local.
    @return COR_OK; COR_EUSAGE */
int cor_reduce_check(int64_t users, int64_t items, int64_t rows,
                     int64_t columns);

/**
 * Reduce ratings that have no giants. Collective. The result is the same on any
 * number of ranks. The ratings are used up: to be freed, no more.
 * @param[in] settled  COR_REDUCE_SETTLED; more where a few rounds' estimate is
 * enough
 * @param[out] reduced  rows x columns, row-major, on every rank
 * @return COR_OK; COR_EUSAGE, as cor_reduce_check; COR_ENUMERIC; COR_EMEMORY
 */
int cor_reduce(const cor_team *team, cor_ratings *ratings, int64_t rows,
               int64_t columns, double settled, cor_progress *progress,
               double *reduced);

/** What making the ratings of a store and reducing them needs. */
cor_plan cor_reduce_plan(const cor_team *team,
                         const cor_interactions_summary *store, int64_t rows,
                         int64_t columns);

#endif
