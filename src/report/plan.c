#include "coracle/plan.h"

#include "coracle/memory.h"

/* Resident at the end of a small job: 27 to 30 MiB a rank on 1 to 7 ranks with
   Open MPI 4.1, HDF5 1.10 and OpenBLAS. */
int64_t cor_plan_base(void)
{
    return (int64_t)32 << 20;
}

/* The fullest rank of all, and the fullest node. */
static void find_most(const cor_team *team, const cor_plan *plan,
                      cor_plan *most, int64_t *node)
{
    int64_t figure[3] = {plan->rows_rank, plan->bytes_rank, 0};
    cor_team_max(team, figure, 2);
    figure[2] = cor_team_size(cor_team_node(team)) * figure[1];
    cor_team_max(team, figure + 2, 1);
    *most = (cor_plan){.rows_rank = figure[0],
                       .bytes_rank = figure[1],
                       .bytes_disk = plan->bytes_disk};
    *node = figure[2];
}

void cor_plan_report(const cor_team *team, const cor_plan *plan,
                     cor_result *result)
{
    cor_plan most;
    int64_t node;
    find_most(team, plan, &most, &node);
    cor_result_int(result, "rows_per_rank", most.rows_rank);
    cor_result_int(result, "memory_per_rank", most.bytes_rank);
    cor_result_int(result, "memory_per_node", node);
    cor_result_int(result, "disk", most.bytes_disk);
}

/* Under a limit of its own a process has less than the node. */
static int check_process(const cor_plan *most)
{
    const double gib = (double)(1 << 30);
    int64_t more = most->bytes_rank - cor_plan_base();
    int64_t allowed = cor_memory_allowed();
    if (more <= allowed)
        return COR_OK;
    return cor_fail(COR_EMEMORY,
                    "a rank would need %.2f GiB more and may take %.2f GiB "
                    "(ulimit -v); raise the limit or use more ranks",
                    (double)more / gib, (double)allowed / gib);
}

/* The processes run already: what they take before any data is gone from what
   the node has. */
static int check_node(const cor_team *team, const cor_plan *most, int64_t node)
{
    int ranks = cor_team_size(cor_team_node(team));
    int64_t more = ranks * (most->bytes_rank - cor_plan_base());
    int64_t there = cor_memory_available();
    const double gib = (double)(1 << 30);
    if (more <= there)
        return COR_OK;
    return cor_fail(COR_EMEMORY,
                    "a node would need %.2f GiB (%d ranks of %.2f GiB) and "
                    "has %.2f GiB left; use more nodes or fewer ranks on "
                    "each, or a smaller problem (--plan tells the figures)",
                    (double)node / gib, ranks, (double)most->bytes_rank / gib,
                    (double)there / gib);
}

int cor_plan_check(const cor_team *team, const cor_plan *plan)
{
    cor_plan most;
    int64_t node;
    find_most(team, plan, &most, &node);
    int rc = check_node(team, &most, node);
    if (rc == COR_OK)
        rc = check_process(&most);
    return cor_agree(team, rc);
}
