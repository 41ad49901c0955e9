/* A program outside of coracle: it starts MPI itself, makes a team of its
   ranks and adds their numbers up. */
#include <coracle/shards.h>
#include <coracle/sum.h>

#include <mpi.h>
#include <stdio.h>

static int add_up(const cor_team *team, double *total)
{
    cor_shards *shards = NULL;
    COR_TRY(cor_shards_create_even(team, 64, 6400, &shards));
    int rank = cor_team_rank(team);
    int64_t first = cor_shards_first(shards, rank);
    int64_t end = cor_shards_first(shards, rank + 1);
    double addend[64] = {0};
    for (int64_t shard = first; shard < end; shard++)
        addend[shard - first] = 1.0 / (double)(shard + 1);
    int rc = cor_sum_shards(team, shards, 1, addend, total);
    cor_shards_destroy(&shards);
    return rc;
}

int main(int argc, char **argv)
{
    int threads = 0;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &threads);
    cor_team *team = NULL;
    double total = 0;
    int rc = cor_team_start(1, &team);
    if (rc == COR_OK)
        rc = add_up(team, &total);
    if (rc != COR_OK)
        fprintf(stderr, "%s\n", cor_message());
    else if (cor_team_rank(team) == 0)
        printf("%a\n", total);
    cor_team_stop(&team);
    MPI_Finalize();
    return rc;
}
