#include "coracle/shared.h"

#include "comm.h"
#include "coracle/memory.h"

#include <string.h>

struct cor_shared {
    const cor_team *node;
    MPI_Win window; /* MPI_WIN_NULL on one rank */
    char *base;
    int64_t *offset; /* node size + 1 */
};

static int64_t rounded(int64_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

/* MPI's own window, with its errors returned: a full /dev/shm is something to
   report. */
static int allocate_window(cor_shared *shared, int64_t bytes)
{
    MPI_Comm comm = cor_team_comm(shared->node);
    MPI_Errhandler before;
    MPI_Comm_get_errhandler(comm, &before);
    MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN);
    char *mine;
    int code = MPI_Win_allocate_shared((MPI_Aint)bytes, 1, MPI_INFO_NULL, comm,
                                       &mine, &shared->window);
    MPI_Comm_set_errhandler(comm, before);
    MPI_Errhandler_free(&before);
    if (code != MPI_SUCCESS) {
        shared->window = MPI_WIN_NULL;
        return cor_fail(COR_EMEMORY,
                        "out of shared memory: a window of %.1f MiB a rank "
                        "does not fit; look at the size of /dev/shm and /tmp",
                        (double)bytes / (1 << 20));
    }
    MPI_Aint size;
    int unit;
    MPI_Win_shared_query(shared->window, MPI_PROC_NULL, &size, &unit,
                         &shared->base);
    MPI_Win_lock_all(MPI_MODE_NOCHECK, shared->window);
    memset(shared->base + shared->offset[cor_team_rank(shared->node)], 0,
           (size_t)bytes);
    return COR_OK;
}

static int create(int64_t bytes, cor_shared *shared)
{
    if (cor_team_size(shared->node) == 1)
        return cor_allocate_zeroed(&shared->base, bytes, 1, "shared rows");
    return allocate_window(shared, bytes);
}

int cor_shared_create(const cor_team *team, int64_t bytes, cor_shared **out)
{
    const cor_team *node = cor_team_node(team);
    cor_shared *shared = NULL;
    int size = cor_team_size(node);
    *out = NULL;
    bytes = rounded(bytes);
    int rc = cor_allocate_zeroed(&shared, 1, sizeof *shared, "shared rows");
    if (rc == COR_OK)
        rc = cor_allocate_zeroed(&shared->offset, size + 1, 8, "shared rows");
    rc = cor_agree(team, rc);
    if (rc == COR_OK) {
        shared->node = node;
        shared->window = MPI_WIN_NULL;
        cor_team_gather(node, &bytes, sizeof bytes, shared->offset + 1);
        for (int r = 0; r < size; r++)
            shared->offset[r + 1] += shared->offset[r];
        /* MPI gives no address to a window without bytes */
        if (shared->offset[size] == 0)
            bytes = rounded(1);
        rc = cor_agree(team, create(bytes, shared));
    }
    *out = shared;
    if (rc != COR_OK)
        cor_shared_destroy(out);
    else
        cor_shared_sync(shared);
    return rc;
}

void cor_shared_destroy(cor_shared **out)
{
    cor_shared *shared = *out;
    if (!shared)
        return;
    if (shared->node && shared->window != MPI_WIN_NULL) {
        MPI_Win_unlock_all(shared->window);
        MPI_Win_free(&shared->window);
    } else {
        cor_free(shared->base);
    }
    cor_free(shared->offset);
    cor_free(shared);
    *out = NULL;
}

void *cor_shared_base(const cor_shared *shared)
{
    return shared->base;
}

int64_t cor_shared_offset(const cor_shared *shared, int node_rank)
{
    return shared->offset[node_rank];
}

void cor_shared_sync(const cor_shared *shared)
{
    if (shared->window == MPI_WIN_NULL)
        return;
    MPI_Win_sync(shared->window);
    cor_team_barrier(shared->node);
    MPI_Win_sync(shared->window);
}
