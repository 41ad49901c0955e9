/**
 * The plan: what a job will need, said before the big allocations.
 */
#ifndef CORACLE_PLAN_H
#define CORACLE_PLAN_H

#include "coracle/result.h"
#include "coracle/team.h"

/** What a job says of itself; ranks may give their own figures, the greatest
    count. */
typedef struct cor_plan {
    int64_t rows_rank;  /* rows of the fullest rank */
    int64_t bytes_rank; /* the most memory that stands at one time on one rank,
                           cor_plan_base() included */
    int64_t bytes_disk; /* of the outputs */
} cor_plan;

/** Memory that a coracle process takes before any data: MPI, HDF5, code. */
int64_t cor_plan_base(void);

/** The plan as a result: `rows_per_rank, memory_per_rank, memory_per_node,
    disk` in rows and bytes. Collective. */
void cor_plan_report(const cor_team *team, const cor_plan *plan,
                     cor_result *result);

/** Stop where a node would need more than it has. Collective.
    @return COR_OK; COR_EMEMORY with both figures */
int cor_plan_check(const cor_team *team, const cor_plan *plan);

#endif
