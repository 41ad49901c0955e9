/*
 * A build in which the n-th allocation, call of the system, HDF5 or MPI fails.
 * The linker sends the calls of coracle's own code through the functions below
 * (--wrap); the code itself is the one that is shipped.
 *
 *   CORACLE_FAULT=memory:17     the 17th allocation is refused
 *   CORACLE_FAULT=system:17     the 17th open, read, write or rename fails
 *   CORACLE_FAULT=hdf5:17       the 17th HDF5 call that a rank makes for itself
 *                               fails
 *   CORACLE_FAULT=file:17       the 17th that all make together fails
 *   CORACLE_FAULT=exchange:17   the 17th exchange fails, as a broken network
 *   CORACLE_FAULT=window:17     the 17th window of shared memory is refused
 *   CORACLE_FAULT=count         nothing fails; at the end of each kind the
 * number of calls is printed, and which of them were the first by their way
 * through the code CORACLE_FAULT_RANK=1        on that rank alone; without it
 * on all
 */
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <hdf5.h>
#include <mpi.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>

enum kind { MEMORY, SYSTEM, HDF5, TOGETHER, EXCHANGE, WINDOW, KINDS };
static const char *const word[KINDS] = {"memory", "system",   "hdf5",
                                        "file",   "exchange", "window"};
static long seen[KINDS];

static int on_this_rank(void)
{
    const char *wanted = getenv("CORACLE_FAULT_RANK");
    const char *rank = getenv("OMPI_COMM_WORLD_RANK");
    return !wanted || strcmp(wanted, rank ? rank : "0") == 0;
}

/* The ways through the code that led to a call of a kind: by the caller, its
   caller and who called that. What stands between here and there is skipped. */
enum { WAYS = 1 << 14, CALLERS = 3, OURS = 4 };
static struct {
    uint64_t way[WAYS];
    long at[WAYS]; /* the first call that came this way */
    int ways;
} known[KINDS];

extern const char __executable_start;

static uint64_t __attribute__((noinline)) way_here(void)
{
    void *caller[OURS + CALLERS];
    uint64_t way = 1469598103934665603u;
    int deep = backtrace(caller, OURS + CALLERS);
    for (int i = OURS; i < deep; i++) {
        ptrdiff_t at = (const char *)caller[i] - &__executable_start;
        way = (way ^ (uint64_t)at) * 1099511628211u;
    }
    return way;
}

static void __attribute__((noinline)) note_way(enum kind kind, long now)
{
    uint64_t way = way_here();
#pragma omp critical(faults)
    {
        int i = 0;
        while (i < known[kind].ways && known[kind].way[i] != way)
            i++;
        if (i == known[kind].ways && i < WAYS) {
            known[kind].way[i] = way;
            known[kind].at[i] = now;
            known[kind].ways++;
        }
    }
}

static void print_counts(void)
{
    for (int k = 0; k < KINDS; k++) {
        fprintf(stderr, "fault count %s %ld:", word[k], seen[k]);
        for (int i = 0; i < known[k].ways; i++)
            fprintf(stderr, " %ld=%llx", known[k].at[i],
                    (unsigned long long)known[k].way[i]);
        fputc('\n', stderr);
    }
}

/* Whether this call of a kind is the one that fails. */
static int __attribute__((noinline)) fails(enum kind kind, const char *name)
{
    static const char *order;
    static long at;
    static int counting;
    if (!order) {
        order = getenv("CORACLE_FAULT") ? getenv("CORACLE_FAULT") : "";
        const char *colon = strchr(order, ':');
        at = colon ? atol(colon + 1) : 0;
        counting = strcmp(order, "count") == 0 && on_this_rank();
        if (counting)
            atexit(print_counts);
    }
    long now;
#pragma omp atomic capture
    now = ++seen[kind];
    if (counting)
        note_way(kind, now);
    if (now != at || strncmp(order, word[kind], strlen(word[kind])) != 0 ||
        !on_this_rank())
        return 0;
    fprintf(stderr, "fault %s %ld: %s\n", word[kind], now, name);
    return 1;
}

/* A call that fails by its answer, before it did anything, with a reason. */
#define REFUSES(type, name, kind, answer, reason, parameters, arguments)       \
    type __real_##name parameters;                                             \
    type __wrap_##name parameters;                                             \
    type __wrap_##name parameters                                              \
    {                                                                          \
        if (!fails(kind, #name))                                               \
            return __real_##name arguments;                                    \
        errno = reason;                                                        \
        return answer;                                                         \
    }

REFUSES(int, posix_memalign, MEMORY, ENOMEM, ENOMEM,
        (void **block, size_t align, size_t bytes), (block, align, bytes))
REFUSES(void *, malloc, MEMORY, NULL, ENOMEM, (size_t bytes), (bytes))
REFUSES(void *, calloc, MEMORY, NULL, ENOMEM, (size_t count, size_t bytes),
        (count, bytes))
REFUSES(void *, realloc, MEMORY, NULL, ENOMEM, (void *block, size_t bytes),
        (block, bytes))
REFUSES(char *, strdup, MEMORY, NULL, ENOMEM, (const char *text), (text))
REFUSES(FILE *, open_memstream, MEMORY, NULL, ENOMEM,
        (char **bytes, size_t *length), (bytes, length))

REFUSES(FILE *, fopen, SYSTEM, NULL, EACCES,
        (const char *path, const char *how), (path, how))
REFUSES(int, fflush, SYSTEM, EOF, ENOSPC, (FILE * file), (file))
REFUSES(ssize_t, read, SYSTEM, -1, EIO, (int fd, void *to, size_t bytes),
        (fd, to, bytes))
REFUSES(ssize_t, pread, SYSTEM, -1, EIO,
        (int fd, void *to, size_t bytes, off_t at), (fd, to, bytes, at))
REFUSES(ssize_t, pwrite, SYSTEM, -1, ENOSPC,
        (int fd, const void *from, size_t bytes, off_t at),
        (fd, from, bytes, at))
REFUSES(ssize_t, write, SYSTEM, -1, ENOSPC,
        (int fd, const void *from, size_t bytes), (fd, from, bytes))
REFUSES(int, rename, SYSTEM, -1, EACCES, (const char *from, const char *to),
        (from, to))
REFUSES(int, link, SYSTEM, -1, EACCES, (const char *from, const char *to),
        (from, to))
REFUSES(int, mkstemp, SYSTEM, -1, EACCES, (char *name), (name))
REFUSES(int, fsync, SYSTEM, -1, EIO, (int fd), (fd))
REFUSES(int, truncate, SYSTEM, -1, EIO, (const char *path, off_t bytes),
        (path, bytes))
REFUSES(int, mkdir, SYSTEM, -1, EACCES, (const char *path, mode_t mode),
        (path, mode))
REFUSES(int, fallocate, SYSTEM, -1, ENOSPC,
        (int fd, int mode, off_t at, off_t bytes), (fd, mode, at, bytes))

REFUSES(int, posix_spawnp, SYSTEM, ENOENT, ENOENT,
        (pid_t * id, const char *file,
         const posix_spawn_file_actions_t *actions,
         const posix_spawnattr_t *how, char *const words[],
         char *const variables[]),
        (id, file, actions, how, words, variables))

int __real_open(const char *path, int flags, mode_t mode);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    if (!fails(SYSTEM, "open"))
        return __real_open(path, flags, mode);
    errno = EACCES;
    return -1;
}

/* An error of MPI as the library would meet it: by its error handler. A rank
   reaches itself. */
#define BREAKS(name, comm, parameters, arguments)                              \
    int __real_##name parameters;                                              \
    int __wrap_##name parameters;                                              \
    int __wrap_##name parameters                                               \
    {                                                                          \
        return comm != MPI_COMM_SELF && fails(EXCHANGE, #name)                 \
                   ? MPI_Comm_call_errhandler(comm, MPI_ERR_OTHER)             \
                   : __real_##name arguments;                                  \
    }

BREAKS(MPI_Alltoallv, c,
       (const void *o, const int *n, const int *a, MPI_Datatype t, void *i,
        const int *m, const int *b, MPI_Datatype u, MPI_Comm c),
       (o, n, a, t, i, m, b, u, c))
BREAKS(MPI_Alltoall, c,
       (const void *o, int n, MPI_Datatype t, void *i, int m, MPI_Datatype u,
        MPI_Comm c),
       (o, n, t, i, m, u, c))
BREAKS(MPI_Allgather, c,
       (const void *o, int n, MPI_Datatype t, void *i, int m, MPI_Datatype u,
        MPI_Comm c),
       (o, n, t, i, m, u, c))
BREAKS(MPI_Allreduce, c,
       (const void *o, void *i, int n, MPI_Datatype t, MPI_Op s, MPI_Comm c),
       (o, i, n, t, s, c))
BREAKS(MPI_Scan, c,
       (const void *o, void *i, int n, MPI_Datatype t, MPI_Op s, MPI_Comm c),
       (o, i, n, t, s, c))
BREAKS(MPI_Bcast, c, (void *d, int n, MPI_Datatype t, int r, MPI_Comm c),
       (d, n, t, r, c))
BREAKS(MPI_Barrier, c, (MPI_Comm c), (c))
BREAKS(MPI_Isend, c,
       (const void *o, int n, MPI_Datatype t, int to, int tag, MPI_Comm c,
        MPI_Request *r),
       (o, n, t, to, tag, c, r))
BREAKS(MPI_Irecv, c,
       (void *i, int n, MPI_Datatype t, int from, int tag, MPI_Comm c,
        MPI_Request *r),
       (i, n, t, from, tag, c, r))

/* Made, and then said to have failed: all ranks make it together. */
int __real_MPI_Win_allocate_shared(MPI_Aint bytes, int unit, MPI_Info info,
                                   MPI_Comm comm, void *base, MPI_Win *window);
int __wrap_MPI_Win_allocate_shared(MPI_Aint bytes, int unit, MPI_Info info,
                                   MPI_Comm comm, void *base, MPI_Win *window);
int __wrap_MPI_Win_allocate_shared(MPI_Aint bytes, int unit, MPI_Info info,
                                   MPI_Comm comm, void *base, MPI_Win *window)
{
    int code =
        __real_MPI_Win_allocate_shared(bytes, unit, info, comm, base, window);
    if (!fails(WINDOW, "MPI_Win_allocate_shared"))
        return code;
    if (code == MPI_SUCCESS)
        MPI_Win_free(window);
    return MPI_ERR_NO_MEM;
}

/* Whether a file's access list is of one rank among several: what it does with
   that file it does for itself. */
static int is_alone(hid_t list)
{
    MPI_Comm comm;
    MPI_Info info;
    int size = 1, world = 1;
    if (H5Pget_fapl_mpio(list, &comm, &info) < 0)
        return 1;
    MPI_Comm_size(comm, &size);
    MPI_Comm_size(MPI_COMM_WORLD, &world);
    MPI_Comm_free(&comm);
    if (info != MPI_INFO_NULL)
        MPI_Info_free(&info);
    return size == 1 && world > 1;
}

static int file_fails(hid_t list, const char *name)
{
    return !is_alone(list) && fails(TOGETHER, name);
}

static int close_fails(hid_t file, const char *name)
{
    hid_t list = H5Fget_access_plist(file);
    int failed = list >= 0 && file_fails(list, name);
    if (list >= 0)
        H5Pclose(list);
    return failed;
}

/* Calls that open something: what they opened is closed again, since a real
   failure leaves nothing open. */
#define OPENS(name, close, failing, parameters, arguments)                     \
    hid_t __real_##name parameters;                                            \
    hid_t __wrap_##name parameters;                                            \
    hid_t __wrap_##name parameters                                             \
    {                                                                          \
        const char *called = #name;                                            \
        hid_t id = __real_##name arguments;                                    \
        if (!(failing))                                                        \
            return id;                                                         \
        if (id >= 0)                                                           \
            close(id);                                                         \
        return -1;                                                             \
    }

/* Calls that do something: done, and then said to have failed. */
#define DOES(name, failing, parameters, arguments)                             \
    herr_t __real_##name parameters;                                           \
    herr_t __wrap_##name parameters;                                           \
    herr_t __wrap_##name parameters                                            \
    {                                                                          \
        const char *called = #name;                                            \
        int failed = (failing);                                                \
        herr_t done = __real_##name arguments;                                 \
        return failed ? -1 : done;                                             \
    }

OPENS(H5Fcreate, H5Fclose, file_fails(a, called),
      (const char *p, unsigned f, hid_t c, hid_t a), (p, f, c, a))
OPENS(H5Fopen, H5Fclose, file_fails(a, called),
      (const char *p, unsigned f, hid_t a), (p, f, a))
OPENS(H5Gcreate2, H5Gclose, fails(TOGETHER, called),
      (hid_t l, const char *n, hid_t a, hid_t b, hid_t c), (l, n, a, b, c))
OPENS(H5Dcreate2, H5Dclose, fails(TOGETHER, called),
      (hid_t l, const char *n, hid_t t, hid_t s, hid_t a, hid_t b, hid_t c),
      (l, n, t, s, a, b, c))
OPENS(H5Acreate_by_name, H5Aclose, fails(TOGETHER, called),
      (hid_t l, const char *o, const char *n, hid_t t, hid_t s, hid_t a,
       hid_t b, hid_t c),
      (l, o, n, t, s, a, b, c))
OPENS(H5Dopen2, H5Dclose, fails(HDF5, called),
      (hid_t l, const char *n, hid_t a), (l, n, a))
OPENS(H5Dget_space, H5Sclose, fails(HDF5, called), (hid_t d), (d))
OPENS(H5Screate_simple, H5Sclose, fails(HDF5, called),
      (int r, const hsize_t *d, const hsize_t *m), (r, d, m))
OPENS(H5Screate, H5Sclose, fails(HDF5, called), (H5S_class_t c), (c))
OPENS(H5Aget_space, H5Sclose, fails(HDF5, called), (hid_t a), (a))
OPENS(H5Aget_type, H5Tclose, fails(HDF5, called), (hid_t a), (a))
OPENS(H5Dget_type, H5Tclose, fails(HDF5, called), (hid_t d), (d))
OPENS(H5Dget_create_plist, H5Pclose, fails(HDF5, called), (hid_t d), (d))
OPENS(H5Pcreate, H5Pclose, fails(HDF5, called), (hid_t c), (c))
OPENS(H5Tcopy, H5Tclose, fails(HDF5, called), (hid_t t), (t))
OPENS(H5Aopen_by_name, H5Aclose, fails(HDF5, called),
      (hid_t l, const char *o, const char *n, hid_t a, hid_t b),
      (l, o, n, a, b))
DOES(H5Dwrite, fails(HDF5, called),
     (hid_t d, hid_t m, hid_t s, hid_t f, hid_t p, const void *b),
     (d, m, s, f, p, b))
DOES(H5Dread, fails(HDF5, called),
     (hid_t d, hid_t m, hid_t s, hid_t f, hid_t p, void *b), (d, m, s, f, p, b))
DOES(H5Awrite, fails(HDF5, called), (hid_t a, hid_t t, const void *b),
     (a, t, b))
DOES(H5Aread, fails(HDF5, called), (hid_t a, hid_t t, void *b), (a, t, b))
DOES(H5Fclose, close_fails(f, called), (hid_t f), (f))
DOES(H5Sselect_hyperslab, fails(HDF5, called),
     (hid_t s, H5S_seloper_t o, const hsize_t *a, const hsize_t *b,
      const hsize_t *c, const hsize_t *d),
     (s, o, a, b, c, d))
DOES(H5Sselect_none, fails(HDF5, called), (hid_t s), (s))
DOES(H5Tset_size, fails(HDF5, called), (hid_t t, size_t s), (t, s))
DOES(H5Pset_chunk, fails(HDF5, called), (hid_t l, int r, const hsize_t *d),
     (l, r, d))
DOES(H5Pset_deflate, fails(HDF5, called), (hid_t l, unsigned e), (l, e))
DOES(H5Pset_dxpl_mpio, fails(HDF5, called), (hid_t l, H5FD_mpio_xfer_t m),
     (l, m))
DOES(H5Pset_fapl_mpio, fails(HDF5, called), (hid_t l, MPI_Comm c, MPI_Info i),
     (l, c, i))
DOES(H5Pset_all_coll_metadata_ops, fails(HDF5, called), (hid_t l, hbool_t o),
     (l, o))
DOES(H5Pset_obj_track_times, fails(HDF5, called), (hid_t l, hbool_t o), (l, o))
