/*
 * Where the ranks' time goes, by the profiling interface of MPI: preload this
 * library (LD_PRELOAD) and each rank adds, when it ends, a line of JSON to the
 * file that CORACLE_BENCH_CLOCK names: seconds of the whole, in exchange, in
 * waiting, in input and output. A rank waits where it has to for others: before
 * a collective call there is a barrier here, whose time is the waiting.
 * (Reading and writing count with the exchange that collective I/O makes.)
 */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

static double started, waited, exchanged, io;
static int depth; /* ROMIO itself calls MPI: counted with the outermost */

static void wait_for_all(MPI_Comm comm)
{
    double start = MPI_Wtime();
    PMPI_Barrier(comm);
    waited += MPI_Wtime() - start;
}

#define TIMED(total, call)                                                     \
    double start = MPI_Wtime();                                                \
    depth++;                                                                   \
    int rc = call;                                                             \
    if (--depth == 0)                                                          \
        total += MPI_Wtime() - start;                                          \
    return rc

#define COLLECTIVE(comm, call)                                                 \
    if (depth == 0)                                                            \
        wait_for_all(comm);                                                    \
    TIMED(exchanged, call)

int MPI_Init_thread(int *argc, char ***argv, int wanted, int *given)
{
    int rc = PMPI_Init_thread(argc, argv, wanted, given);
    started = MPI_Wtime();
    return rc;
}

int MPI_Finalize(void)
{
    const char *path = getenv("CORACLE_BENCH_CLOCK");
    FILE *file = path ? fopen(path, "a") : NULL;
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (file) {
        fprintf(file,
                "{\"rank\": %d, \"whole\": %.6f, \"waiting\": %.6f, "
                "\"exchange\": %.6f, \"io\": %.6f}\n",
                rank, MPI_Wtime() - started, waited, exchanged, io);
        fclose(file);
    }
    return PMPI_Finalize();
}

int MPI_Barrier(MPI_Comm comm)
{
    TIMED(waited, PMPI_Barrier(comm));
}

int MPI_Bcast(void *data, int count, MPI_Datatype type, int root, MPI_Comm comm)
{
    COLLECTIVE(comm, PMPI_Bcast(data, count, type, root, comm));
}

int MPI_Allreduce(const void *in, void *out, int count, MPI_Datatype type,
                  MPI_Op op, MPI_Comm comm)
{
    COLLECTIVE(comm, PMPI_Allreduce(in, out, count, type, op, comm));
}

int MPI_Scan(const void *in, void *out, int count, MPI_Datatype type, MPI_Op op,
             MPI_Comm comm)
{
    COLLECTIVE(comm, PMPI_Scan(in, out, count, type, op, comm));
}

int MPI_Allgather(const void *in, int count, MPI_Datatype type, void *out,
                  int out_count, MPI_Datatype out_type, MPI_Comm comm)
{
    COLLECTIVE(comm,
               PMPI_Allgather(in, count, type, out, out_count, out_type, comm));
}

int MPI_Alltoall(const void *in, int count, MPI_Datatype type, void *out,
                 int out_count, MPI_Datatype out_type, MPI_Comm comm)
{
    COLLECTIVE(comm,
               PMPI_Alltoall(in, count, type, out, out_count, out_type, comm));
}

int MPI_Alltoallv(const void *in, const int counts[], const int places[],
                  MPI_Datatype type, void *out, const int out_counts[],
                  const int out_places[], MPI_Datatype out_type, MPI_Comm comm)
{
    COLLECTIVE(comm, PMPI_Alltoallv(in, counts, places, type, out, out_counts,
                                    out_places, out_type, comm));
}

int MPI_Waitall(int count, MPI_Request *request, MPI_Status *status)
{
    TIMED(exchanged, PMPI_Waitall(count, request, status));
}

int MPI_Win_allocate_shared(MPI_Aint size, int unit, MPI_Info info,
                            MPI_Comm comm, void *base, MPI_Win *window)
{
    COLLECTIVE(comm,
               PMPI_Win_allocate_shared(size, unit, info, comm, base, window));
}

/* ---- input and output ---- */

int MPI_File_open(MPI_Comm comm, const char *path, int mode, MPI_Info info,
                  MPI_File *file)
{
    TIMED(io, PMPI_File_open(comm, path, mode, info, file));
}

int MPI_File_close(MPI_File *file)
{
    TIMED(io, PMPI_File_close(file));
}

int MPI_File_set_size(MPI_File file, MPI_Offset size)
{
    TIMED(io, PMPI_File_set_size(file, size));
}

int MPI_File_sync(MPI_File file)
{
    TIMED(io, PMPI_File_sync(file));
}

int MPI_File_read_at(MPI_File file, MPI_Offset at, void *data, int count,
                     MPI_Datatype type, MPI_Status *status)
{
    TIMED(io, PMPI_File_read_at(file, at, data, count, type, status));
}

int MPI_File_read_at_all(MPI_File file, MPI_Offset at, void *data, int count,
                         MPI_Datatype type, MPI_Status *status)
{
    TIMED(io, PMPI_File_read_at_all(file, at, data, count, type, status));
}

int MPI_File_write_at(MPI_File file, MPI_Offset at, const void *data, int count,
                      MPI_Datatype type, MPI_Status *status)
{
    TIMED(io, PMPI_File_write_at(file, at, data, count, type, status));
}

int MPI_File_write_at_all(MPI_File file, MPI_Offset at, const void *data,
                          int count, MPI_Datatype type, MPI_Status *status)
{
    TIMED(io, PMPI_File_write_at_all(file, at, data, count, type, status));
}
