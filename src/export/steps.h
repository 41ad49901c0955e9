/* Rows in their order, a step at a time: in a step each rank has one block,
   rank after rank. */
#ifndef EXPORT_STEPS_H
#define EXPORT_STEPS_H

#include "coracle/team.h"

/* My block of a step. */
typedef struct export_block {
    int64_t first, count;
} export_block;

static inline int64_t export_steps(const cor_team *team, int64_t rows,
                                   int64_t block)
{
    int64_t all = block * cor_team_size(team);
    return (rows + all - 1) / all;
}

static inline export_block export_block_at(const cor_team *team, int64_t rows,
                                           int64_t block, int64_t step)
{
    int64_t first = (step * cor_team_size(team) + cor_team_rank(team)) * block;
    if (first >= rows)
        return (export_block){rows, 0};
    return (export_block){first, rows - first < block ? rows - first : block};
}

#endif
