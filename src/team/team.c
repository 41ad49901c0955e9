/* sched_getaffinity is Linux's own */
#define _GNU_SOURCE
#include "coracle/team.h"

#include "comm.h"
#include "coracle/memory.h"
#include "coracle/part.h"

#include <omp.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cor_team {
    MPI_Comm comm;
    int rank, size, threads;
    cor_team *node; /* NULL in a node's own team */
    int node_index, nodes;
    bool began_mpi;
};

/* Counts of one MPI call are ints; longer vectors go in pieces. */
enum { PIECE = 1 << 28 };

static int64_t number_of(const char *variable)
{
    const char *text = getenv(variable);
    return text ? strtoll(text, NULL, 10) : 0;
}

static int cores_bound(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    return CPU_COUNT(&set);
}

/* A rank bound to its own cores uses them all; ranks that share one set of
   cores share them out. */
static int default_threads(const cor_team *team)
{
    int64_t asked = number_of("OMP_NUM_THREADS");
    if (asked > 0)
        return (int)(asked < 1024 ? asked : 1024);
    int64_t mine = cores_bound(), all = mine;
    MPI_Allreduce(MPI_IN_PLACE, &all, 1, MPI_INT64_T, MPI_SUM,
                  team->node->comm);
    int64_t online = omp_get_num_procs() > mine ? omp_get_num_procs() : mine;
    if (all > online)
        mine = mine / team->node->size;
    return mine > 0 ? (int)mine : 1;
}

/* Collective on the communicator, before there is a team to agree in. */
static int wrap(MPI_Comm comm, cor_team **out)
{
    cor_team *team;
    int rc = cor_allocate_zeroed(&team, 1, sizeof *team, "team"), worst = rc;
    MPI_Allreduce(MPI_IN_PLACE, &worst, 1, MPI_INT, MPI_MAX, comm);
    if (worst != COR_OK) {
        cor_free(team);
        return rc != COR_OK ? rc
                            : cor_fail(worst, "a rank has no memory to begin "
                                              "with; use fewer ranks a node");
    }
    team->comm = comm;
    team->threads = 1;
    MPI_Comm_rank(comm, &team->rank);
    MPI_Comm_size(comm, &team->size);
    *out = team;
    return COR_OK;
}

/* CORACLE_RANKS_PER_NODE makes one machine look like several, so that what
   crosses nodes can be tested on one. */
static MPI_Comm node_comm(const cor_team *team)
{
    MPI_Comm shared, part;
    MPI_Comm_split_type(team->comm, MPI_COMM_TYPE_SHARED, team->rank,
                        MPI_INFO_NULL, &shared);
    int64_t pretended = number_of("CORACLE_RANKS_PER_NODE");
    if (pretended <= 0)
        return shared;
    int rank;
    MPI_Comm_rank(shared, &rank);
    MPI_Comm_split(shared, rank / (int)pretended, rank, &part);
    MPI_Comm_free(&shared);
    return part;
}

static int find_node(cor_team *team)
{
    COR_TRY(wrap(node_comm(team), &team->node));
    int64_t leader = team->node->rank == 0, all;
    int64_t before = cor_team_before(team, leader, &all);
    team->nodes = (int)all;
    team->node_index = (int)before;
    MPI_Bcast(&team->node_index, 1, MPI_INT, 0, team->node->comm);
    team->node->node_index = team->node_index;
    team->node->nodes = 1;
    return COR_OK;
}

/* srun without this MPI's PMIx starts N programs that each believe to be
   alone, and Open MPI then fails in MPI_Init with a screenful of text a rank:
   so this is asked before. A single task may work alone: without its step's
   number Open MPI takes it for a program that nobody launched. */
static int refuse_lone_process(void)
{
    int64_t tasks = number_of("SLURM_NTASKS");
    if (!getenv("SLURM_STEP_ID") || getenv("OMPI_COMM_WORLD_SIZE") ||
        getenv("PMIX_RANK"))
        return COR_OK;
    if (tasks <= 1) {
        unsetenv("SLURM_STEP_ID");
        return COR_OK;
    }
    return cor_fail(COR_EUSAGE,
                    "Slurm started %lld tasks, but each believes to be alone: "
                    "this srun does not speak Open MPI's PMIx; start it with "
                    "`srun --mpi=pmix coracle ...` or, inside the allocation, "
                    "`mpirun coracle ...`",
                    (long long)tasks);
}

/* What Open MPI shall do, where the user does not say otherwise. */
static void advise_mpi(void)
{
    int64_t size = number_of("OMPI_COMM_WORLD_SIZE");
    /* Its own MPI-IO hangs for ever when a disk fills up during a collective
       write. Without it ROMIO is left, which returns an error and whose name
       differs by version. */
    setenv("OMPI_MCA_io", "^ompio", 0);
    /* Where all ranks are on one node, or there is but one, no network has to
       be looked for: that saves 0.2 s of the 0.4 s of a start. (A lone process
       could start without a daemon too, but then two of one user meet in one
       session folder, and the second fails.) */
    if (size == number_of("OMPI_COMM_WORLD_LOCAL_SIZE") &&
        (size > 0 || !getenv("PMIX_RANK")))
        setenv("OMPI_MCA_pml", "ob1", 0);
}

/* End the whole job, of which this rank alone knows that it must end. */
_Noreturn static void end_job(MPI_Comm comm, int rank, int code,
                              const char *reason)
{
    cor_part_remove_all();
    fprintf(stderr, "coracle: rank %d: %s\n", rank, reason);
    fflush(stderr);
    MPI_Abort(comm, code);
    abort();
}

/* What MPI can't do: in Open MPI nothing can be agreed on any more. */
static void end_broken(MPI_Comm *comm, int *error, ...)
{
    char text[MPI_MAX_ERROR_STRING] = "", reason[MPI_MAX_ERROR_STRING + 99];
    int length, rank;
    MPI_Comm_rank(*comm, &rank);
    MPI_Error_string(*error, text, &length);
    snprintf(reason, sizeof reason,
             "ranks cannot reach each other: %s: see that all nodes and the "
             "network between them are well, and run it again",
             text);
    end_job(*comm, rank, COR_EIO, reason);
}

static void set_handler(MPI_Comm comm)
{
    MPI_Errhandler handler;
    MPI_Comm_create_errhandler(end_broken, &handler);
    MPI_Comm_set_errhandler(comm, handler);
    MPI_Errhandler_free(&handler); /* lives on with the communicator */
}

static int join_world(int threads, cor_team **out)
{
    MPI_Comm comm;
    MPI_Comm_dup(MPI_COMM_WORLD, &comm);
    set_handler(comm); /* what is split off inherits it */
    cor_team *team;
    COR_TRY(wrap(comm, &team));
    int rc = cor_agree(team, find_node(team));
    if (rc == COR_OK)
        team->threads = threads > 0 ? threads : default_threads(team);
    *out = team;
    return rc;
}

int cor_team_start(int threads, cor_team **out)
{
    int started, provided;
    *out = NULL;
    MPI_Initialized(&started);
    if (!started) {
        COR_TRY(refuse_lone_process());
        advise_mpi();
        /* Beyond a limit of file size a write shall fail, not kill the rank. */
        signal(SIGXFSZ, SIG_IGN);
        MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &provided);
    }
    int rc = join_world(threads, out);
    if (*out)
        (*out)->began_mpi = !started;
    if (rc != COR_OK && *out)
        cor_team_stop(out);
    else if (rc != COR_OK && !started)
        MPI_Finalize();
    return rc;
}

void cor_team_destroy(cor_team **team)
{
    if (!*team)
        return;
    if ((*team)->node)
        cor_team_destroy(&(*team)->node);
    MPI_Comm_free(&(*team)->comm);
    cor_free(*team);
    *team = NULL;
}

void cor_team_stop(cor_team **team)
{
    if (!*team)
        return;
    bool finalize = (*team)->began_mpi;
    cor_team_destroy(team);
    if (finalize)
        MPI_Finalize();
}

int cor_team_split(const cor_team *team, int color, cor_team **part)
{
    MPI_Comm comm;
    MPI_Comm_split(team->comm, color, team->rank, &comm);
    int rc = wrap(comm, part);
    if (rc == COR_OK) {
        (*part)->threads = team->threads;
        rc = find_node(*part);
    }
    return cor_agree(team, rc);
}

MPI_Comm cor_team_comm(const cor_team *team)
{
    return team->comm;
}

int cor_team_rank(const cor_team *team)
{
    return team->rank;
}

int cor_team_size(const cor_team *team)
{
    return team->size;
}

int cor_team_threads(const cor_team *team)
{
    return team->threads;
}

void cor_team_set_threads(cor_team *team, int threads)
{
    team->threads = threads;
}

const cor_team *cor_team_node(const cor_team *team)
{
    return team->node ? team->node : team;
}

int cor_team_node_index(const cor_team *team)
{
    return team->node_index;
}

int cor_team_nodes(const cor_team *team)
{
    return team->nodes;
}

int cor_agree(const cor_team *team, int rc)
{
    int failed = rc != COR_OK ? team->rank : team->size;
    MPI_Allreduce(MPI_IN_PLACE, &failed, 1, MPI_INT, MPI_MIN, team->comm);
    if (failed == team->size)
        return COR_OK;
    struct {
        int code;
        char message[COR_MESSAGE_SIZE];
    } first = {.code = rc};
    snprintf(first.message, sizeof first.message, "%s", cor_message());
    MPI_Bcast(&first, sizeof first, MPI_BYTE, failed, team->comm);
    cor_set_message(first.message);
    return first.code;
}

_Noreturn void cor_abort(const cor_team *team, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char message[COR_MESSAGE_SIZE];
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    end_job(team->comm, team->rank, COR_EDEFECT, message);
}

void cor_team_barrier(const cor_team *team)
{
    MPI_Barrier(team->comm);
}

static void reduce(const cor_team *team, void *number, int64_t count,
                   MPI_Datatype type, MPI_Op op)
{
    if (team->size == 1)
        return;
    char *at = number;
    for (int64_t done = 0; done < count;
         done += PIECE, at += 8 * (int64_t)PIECE)
        MPI_Allreduce(MPI_IN_PLACE, at,
                      (int)(count - done < PIECE ? count - done : PIECE), type,
                      op, team->comm);
}

void cor_team_sum(const cor_team *team, int64_t *number, int64_t count)
{
    reduce(team, number, count, MPI_INT64_T, MPI_SUM);
}

void cor_team_min(const cor_team *team, int64_t *number, int64_t count)
{
    reduce(team, number, count, MPI_INT64_T, MPI_MIN);
}

void cor_team_max(const cor_team *team, int64_t *number, int64_t count)
{
    reduce(team, number, count, MPI_INT64_T, MPI_MAX);
}

void cor_team_min_double(const cor_team *team, double *number, int64_t count)
{
    reduce(team, number, count, MPI_DOUBLE, MPI_MIN);
}

void cor_team_max_double(const cor_team *team, double *number, int64_t count)
{
    reduce(team, number, count, MPI_DOUBLE, MPI_MAX);
}

int64_t cor_team_before(const cor_team *team, int64_t mine, int64_t *total)
{
    int64_t until = mine;
    MPI_Scan(&mine, &until, 1, MPI_INT64_T, MPI_SUM, team->comm);
    if (total) {
        *total = until;
        MPI_Bcast(total, 1, MPI_INT64_T, team->size - 1, team->comm);
    }
    return until - mine;
}

void cor_team_share(const cor_team *team, void *data, int64_t bytes, int root)
{
    char *at = data;
    for (int64_t done = 0; done < bytes; done += PIECE)
        MPI_Bcast(at + done, (int)(bytes - done < PIECE ? bytes - done : PIECE),
                  MPI_BYTE, root, team->comm);
}

void cor_team_gather(const cor_team *team, const void *mine, int64_t bytes,
                     void *all)
{
    MPI_Allgather(mine, (int)bytes, MPI_BYTE, all, (int)bytes, MPI_BYTE,
                  team->comm);
}

double cor_team_seconds(void)
{
    return MPI_Wtime();
}

const char *cor_team_version(void)
{
    static char line[MPI_MAX_LIBRARY_VERSION_STRING];
    int length;
    MPI_Get_library_version(line, &length);
    line[strcspn(line, ",\n")] = 0;
    return line;
}
