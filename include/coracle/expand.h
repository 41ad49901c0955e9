/**
 * Fractal expansion: many interactions that are distributed as a few real ones
 * are. Belletti, Chen, Chi, "Scalable realistic recommendation datasets through
 * fractal expansions", 2019: the Kronecker product of the real matrix with a
 * small one that is like it (reduce.h), drawn at random.
 *
 * Each user becomes A users and each item B items: copy i of user u is number
 * u A + i, copy j of item c is c B + j. The interaction in row r of user u with
 * item c is one of copy i with copy j at the rate of the small matrix, p(i, j),
 * with its value and its time: where
 *
 *   word b mod 4 of cor_random_at(seed, COR_STREAM_BLOCK, r, b / 4)
 *       < p(i, j) 2^32,   b = i B + j.
 *
 * So of n interactions about n * (sum of p) remain; the number of interactions
 * of a user, on a logarithmic scale, is distributed as that of the real ones
 * shifted by the sums of rows of p, that of items likewise by columns. The
 * paper also shuffles users and items anew in each block, which would draw the
 * lengths of rows together (a copy would be the sum of B unrelated users); here
 * a copy stays the user that it was.
 *
 * Numbers follow from the seed and the row alone, so a rank makes the copies of
 * its own users and all rank counts give the same bits. Bound by writing the
 * rows; a draw costs a quarter of a Philox block, twice (to count, to make).
 */
#ifndef CORACLE_EXPAND_H
#define CORACLE_EXPAND_H

#include "coracle/interactions.h"
#include "coracle/plan.h"
#include "coracle/progress.h"

typedef struct cor_expand_options {
    int64_t users, items; /* copies of each: A, B */
    const double *rate;   /* A x B, 0 .. 1, borrowed; see cor_expand_rates */
    int64_t shards;       /* 0: by size */
    int64_t seed;
    bool titles; /* items are called "Item 17" */
} cor_expand_options;

/** The bounds of rates: no block is empty, and none is a plain copy. */
#define COR_EXPAND_LEAST 0.01
#define COR_EXPAND_MOST 0.95

/** From a reduced matrix to rates, in place: magnitudes over the greatest of
    them, brought within the bounds. Local. */
void cor_expand_rates(int64_t count, double *rate);

/** Interactions to expect of `interactions` real ones. Local. */
double cor_expand_count(int64_t interactions,
                        const cor_expand_options *options);

/** COR_EUSAGE where the copies would be too many to be numbered. Local. */
int cor_expand_check(int64_t users, int64_t items,
                     const cor_expand_options *options);

/**
 * Expand `data`, of which user, item, value and, where there is one, time are
 * read. Ids are 1, 2, ... Collective; options equal on all ranks. The caller
 * gives `out` to cor_interactions_free, also after a failure.
 * @return COR_OK; COR_EUSAGE, as cor_expand_check; COR_EMEMORY
 */
int cor_expand(const cor_team *team, const cor_interactions *data,
               const cor_expand_options *options, cor_progress *progress,
               cor_interactions *out);

/** What cor_expand of such a store and writing its own need. */
cor_plan cor_expand_plan(const cor_team *team,
                         const cor_interactions_summary *store,
                         const cor_expand_options *options);

#endif
