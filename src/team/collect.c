#include "comm.h"
#include "coracle/memory.h"
#include "runs.h"

#include <string.h>

/* Everyone's count, and the block that will hold all. */
static int make_room(const cor_team *team, bool receives, int64_t count,
                     size_t width, cor_runs *send, cor_runs *receive,
                     void **block, int64_t *total)
{
    int size = cor_team_size(team);
    int rc = cor_runs_create(team, send);
    if (rc == COR_OK)
        rc = cor_runs_create(team, receive);
    COR_TRY(cor_agree(team, rc));
    MPI_Allgather(&count, 1, MPI_INT64_T, receive->count, 1, MPI_INT64_T,
                  cor_team_comm(team));
    if (!receives)
        memset(receive->count, 0, (size_t)size * sizeof *receive->count);
    cor_runs_offsets(team, receive);
    *total = receive->offset[size];
    rc = cor_allocate(block, *total, width, "collected rows");
    return cor_agree(team, rc);
}

/* An allgather is the exchange in which every run is the same one. */
static int collect(const cor_team *team, int root, const void *mine,
                   int64_t count, size_t width, void *all, int64_t *total)
{
    cor_runs send = {0}, receive = {0};
    void *block = NULL;
    bool receives = root < 0 || root == cor_team_rank(team);
    int rc =
        make_room(team, receives, count, width, &send, &receive, &block, total);
    if (rc == COR_OK) {
        for (int r = 0; r < cor_team_size(team); r++)
            send.count[r] = root < 0 || r == root ? count : 0;
        cor_runs_exchange(team, width, cor_runs_piece, mine, &send, block,
                          &receive);
    }
    cor_runs_free(&send);
    cor_runs_free(&receive);
    if (rc != COR_OK || !receives) {
        cor_free(block);
        block = NULL;
    }
    memcpy(all, &block, sizeof block);
    return rc;
}

int cor_team_collect(const cor_team *team, const void *mine, int64_t count,
                     size_t width, void *all, int64_t *total)
{
    return collect(team, -1, mine, count, width, all, total);
}

int cor_team_collect_at(const cor_team *team, int root, const void *mine,
                        int64_t count, size_t width, void *all, int64_t *total)
{
    return collect(team, root, mine, count, width, all, total);
}
