/**
 * The ordered sum: floating-point totals that are the same bits on any number
 * of ranks and threads. Inside a shard the caller adds in row order; over
 * shards the addends meet up one fixed binary tree, whose shape follows from
 * the number of shards alone. Ranks decide only where an addition happens.
 *
 * Cost: a rank keeps at most about 2 log2(shards) vectors, and sends each of
 * the few that its run of shards leaves open once, cut over the ranks; the
 * total returns by one allgather. A run that is aligned in the tree moves what
 * a plain allreduce moves.
 */
#ifndef CORACLE_SUM_H
#define CORACLE_SUM_H

#include "coracle/shards.h"

typedef struct cor_sum cor_sum;

/** Totals of `length` doubles over all shards. Local; borrows both. */
int cor_sum_create(const cor_team *team, const cor_shards *shards,
                   int64_t length, cor_sum **sum);
void cor_sum_destroy(cor_sum **sum);

/**
 * Give one of my shards' addend; each of my shards once, in any order and from
 * any thread. Copies `addend` (length doubles). A shard never given adds 0.
 * @return COR_OK; COR_EMEMORY
 */
int cor_sum_add(cor_sum *sum, int64_t shard, const double *addend);

/** The total, on every rank; the sum is then empty again and can be used for
    the next. Collective. @param[out] total length doubles */
int cor_sum_total(cor_sum *sum, double *total);

/**
 * The same in one call: addend[s * length ...] belongs to my s-th shard.
 * Collective.
 */
int cor_sum_shards(const cor_team *team, const cor_shards *shards,
                   int64_t length, const double *addend, double *total);

/** The total of a number a row: inside a shard in row order, then up the tree.
    Collective. @param[in] number  of my rows */
int cor_sum_rows(const cor_team *team, const cor_shards *shards,
                 const double *number, double *total);

#endif
