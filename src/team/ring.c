#include "coracle/ring.h"

#include "comm.h"
#include "coracle/memory.h"
#include "runs.h"

#include <sched.h>

struct cor_ring {
    MPI_Comm comm;     /* of the members; MPI_COMM_NULL elsewhere */
    MPI_Datatype unit; /* 64 bytes: a count then reaches 128 GiB */
    int size, before, after;
    bool any_thread;
    MPI_Request out, in; /* MPI_REQUEST_NULL: nothing is on its way */
};

enum { UNIT = 64 };

/* MPI is spoken by one thread at a time. */
#define ALONE _Pragma("omp critical(cor_ring)")

static void form(const cor_team *team, bool member, cor_ring *ring)
{
    int level, rank;
    MPI_Query_thread(&level);
    ring->any_thread = level >= MPI_THREAD_SERIALIZED;
    MPI_Type_contiguous(UNIT, MPI_BYTE, &ring->unit);
    MPI_Type_commit(&ring->unit);
    MPI_Comm_split(cor_team_comm(team), member ? 0 : MPI_UNDEFINED,
                   cor_team_rank(team), &ring->comm);
    if (ring->comm == MPI_COMM_NULL)
        return;
    MPI_Comm_size(ring->comm, &ring->size);
    MPI_Comm_rank(ring->comm, &rank);
    ring->before = (rank + ring->size - 1) % ring->size;
    ring->after = (rank + 1) % ring->size;
}

int cor_ring_create(const cor_team *team, bool member, cor_ring **out)
{
    cor_ring *ring = NULL;
    int rc = cor_agree(
        team, cor_allocate_zeroed(&ring, 1, sizeof *ring, "ring of ranks"));
    if (rc == COR_OK) {
        ring->out = ring->in = MPI_REQUEST_NULL;
        form(team, member, ring);
    } else {
        cor_free(ring);
        ring = NULL;
    }
    *out = ring;
    return rc;
}

void cor_ring_destroy(cor_ring **ring)
{
    if (!*ring)
        return;
    if ((*ring)->comm != MPI_COMM_NULL)
        MPI_Comm_free(&(*ring)->comm);
    MPI_Type_free(&(*ring)->unit);
    cor_free(*ring);
    *ring = NULL;
}

int cor_ring_size(const cor_ring *ring)
{
    return ring->size;
}

bool cor_ring_any_thread(const cor_ring *ring)
{
    return ring->any_thread;
}

/* Other threads get their turn between two looks, and other processes theirs
   on the core. */
static void wait_for(MPI_Request *request)
{
    for (int done = 0; !done;) {
        ALONE MPI_Test(request, &done, MPI_STATUS_IGNORE);
        if (!done)
            sched_yield();
    }
}

void cor_ring_send(cor_ring *ring, const void *block, int64_t bytes)
{
    wait_for(&ring->out);
    ALONE
    {
        cor_runs_note_sent(bytes);
        MPI_Isend(block, (int)(bytes / UNIT), ring->unit, ring->before, 0,
                  ring->comm, &ring->out);
    }
}

void cor_ring_sent(cor_ring *ring)
{
    wait_for(&ring->out);
}

void cor_ring_expect(cor_ring *ring, void *block, int64_t bytes)
{
    ALONE MPI_Irecv(block, (int)(bytes / UNIT), ring->unit, ring->after, 0,
                    ring->comm, &ring->in);
}

void cor_ring_arrive(cor_ring *ring)
{
    wait_for(&ring->in);
}

void cor_ring_progress(cor_ring *ring)
{
    int done;
    ALONE MPI_Test(&ring->in, &done, MPI_STATUS_IGNORE);
}
