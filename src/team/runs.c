#include "runs.h"

#include "comm.h"
#include "coracle/memory.h"

#include <limits.h>
#include <string.h>

const int64_t cor_runs_piece = INT64_C(1) << 30;

/* For the log alone; one number a process, as there is one network. */
static int64_t bytes_sent;

int64_t cor_team_bytes_sent(const cor_team *team)
{
    (void)team;
    return bytes_sent;
}

void cor_runs_note_sent(int64_t bytes)
{
    bytes_sent += bytes;
}

int cor_runs_create(const cor_team *team, cor_runs *runs)
{
    int64_t size = cor_team_size(team);
    *runs = (cor_runs){0};
    COR_TRY(cor_allocate_zeroed(&runs->count, 2 * size + 1, sizeof *runs->count,
                                "run counts"));
    runs->offset = runs->count + size;
    return COR_OK;
}

void cor_runs_free(cor_runs *runs)
{
    cor_free(runs->count);
    *runs = (cor_runs){0};
}

void cor_runs_offsets(const cor_team *team, cor_runs *runs)
{
    runs->offset[0] = 0;
    for (int r = 0; r < cor_team_size(team); r++)
        runs->offset[r + 1] = runs->offset[r] + runs->count[r];
}

/* The k-th piece of a run, in bytes; 0 past its end. */
static int piece_bytes(int64_t run_bytes, int64_t piece, int64_t k)
{
    int64_t left = run_bytes - k * piece;
    return (int)(left <= 0 ? 0 : left < piece ? left : piece);
}

/* At step s everyone sends to the rank s above and receives from the rank s
   below, so no two senders meet at one receiver. */
static void exchange_in_pieces(const cor_team *team, int64_t width,
                               int64_t piece, const char *out,
                               const cor_runs *send, char *in,
                               const cor_runs *receive)
{
    int size = cor_team_size(team), rank = cor_team_rank(team);
    for (int step = 0; step < size; step++) {
        int to = (rank + step) % size, from = (rank + size - step) % size;
        int64_t bytes_out = send->count[to] * width;
        int64_t bytes_in = receive->count[from] * width;
        int64_t longest = bytes_out > bytes_in ? bytes_out : bytes_in;
        for (int64_t k = 0; k * piece < longest; k++) {
            int b_out = piece_bytes(bytes_out, piece, k);
            int b_in = piece_bytes(bytes_in, piece, k);
            MPI_Request request[2] = {MPI_REQUEST_NULL, MPI_REQUEST_NULL};
            if (b_in)
                MPI_Irecv(in + receive->offset[from] * width + k * piece, b_in,
                          MPI_BYTE, from, 0, cor_team_comm(team), &request[0]);
            if (b_out)
                MPI_Isend(out + send->offset[to] * width + k * piece, b_out,
                          MPI_BYTE, to, 0, cor_team_comm(team), &request[1]);
            MPI_Waitall(2, request, MPI_STATUSES_IGNORE);
        }
    }
}

/* MPI's own all-to-all, whose counts and offsets are ints of elements. */
static int exchange_at_once(const cor_team *team, size_t width, const void *out,
                            const cor_runs *send, void *in,
                            const cor_runs *receive)
{
    int size = cor_team_size(team);
    int *all;
    int rc = cor_allocate(&all, 4 * (int64_t)size, sizeof *all, "run counts");
    if (cor_agree(team, rc) != COR_OK) {
        cor_free(all);
        return COR_EMEMORY;
    }
    for (int r = 0; r < size; r++) {
        all[r] = (int)send->count[r];
        all[size + r] = (int)send->offset[r];
        all[2 * size + r] = (int)receive->count[r];
        all[3 * size + r] = (int)receive->offset[r];
    }
    MPI_Datatype element;
    MPI_Type_contiguous((int)width, MPI_BYTE, &element);
    MPI_Type_commit(&element);
    MPI_Alltoallv(out, all, all + size, element, in, all + 2 * size,
                  all + 3 * size, element, cor_team_comm(team));
    MPI_Type_free(&element);
    cor_free(all);
    return COR_OK;
}

void cor_runs_exchange(const cor_team *team, size_t width, int64_t piece,
                       const void *out, const cor_runs *send, void *in,
                       const cor_runs *receive)
{
    int size = cor_team_size(team);
    if (size == 1) {
        memcpy(in, out, (size_t)send->count[0] * width);
        return;
    }
    for (int r = 0; r < size; r++)
        if (r != cor_team_rank(team))
            cor_runs_note_sent(send->count[r] * (int64_t)width);
    int64_t longest = send->offset[size] > receive->offset[size]
                          ? send->offset[size]
                          : receive->offset[size];
    longest *= (int64_t)width;
    cor_team_max(team, &longest, 1);
    bool small = longest <= piece && longest <= INT_MAX;
    if (small &&
        exchange_at_once(team, width, out, send, in, receive) == COR_OK)
        return;
    exchange_in_pieces(team, (int64_t)width, piece, out, send, in, receive);
}
