/*
 * A build in which the n-th allocation, HDF5 call or exchange fails. The linker
 * sends the calls of coracle's own code through the functions below (--wrap);
 * the code itself is the one that is shipped.
 *
 *   CORACLE_FAULT=memory:17     the 17th allocation is refused
 *   CORACLE_FAULT=hdf5:17       the 17th HDF5 call that a rank makes for itself
 *                               fails
 *   CORACLE_FAULT=file:17       the 17th that all make together fails
 *   CORACLE_FAULT=exchange:17   the 17th all-to-all fails, as a broken network
 *   CORACLE_FAULT=count         nothing fails; counts are printed at the end
 *   CORACLE_FAULT_RANK=1        on that rank alone; without it on all
 */
#include <errno.h>
#include <hdf5.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { MEMORY, HDF5, TOGETHER, EXCHANGE, KINDS };
static const char *const word[KINDS] = {"memory", "hdf5", "file", "exchange"};
static long seen[KINDS];

static int on_this_rank(void)
{
    const char *wanted = getenv("CORACLE_FAULT_RANK");
    const char *rank = getenv("OMPI_COMM_WORLD_RANK");
    return !wanted || strcmp(wanted, rank ? rank : "0") == 0;
}

static void print_counts(void)
{
    for (int k = 0; k < KINDS; k++)
        fprintf(stderr, "fault count %s %ld\n", word[k], seen[k]);
}

/* Whether this call of a kind is the one that fails. */
static int fails(enum kind kind)
{
    static const char *order;
    static long at;
    if (!order) {
        order = getenv("CORACLE_FAULT") ? getenv("CORACLE_FAULT") : "";
        const char *colon = strchr(order, ':');
        at = colon ? atol(colon + 1) : 0;
        if (strcmp(order, "count") == 0 && on_this_rank())
            atexit(print_counts);
    }
    long now;
#pragma omp atomic capture
    now = ++seen[kind];
    return now == at && strncmp(order, word[kind], strlen(word[kind])) == 0 &&
           on_this_rank();
}

int __real_posix_memalign(void **block, size_t align, size_t bytes);
int __wrap_posix_memalign(void **block, size_t align, size_t bytes);
int __wrap_posix_memalign(void **block, size_t align, size_t bytes)
{
    return fails(MEMORY) ? ENOMEM : __real_posix_memalign(block, align, bytes);
}

/* An error of MPI as the library would meet it: by its error handler. */
int __real_MPI_Alltoallv(const void *out, const int *counts, const int *offsets,
                         MPI_Datatype type, void *in, const int *in_counts,
                         const int *in_offsets, MPI_Datatype in_type,
                         MPI_Comm comm);
int __wrap_MPI_Alltoallv(const void *out, const int *counts, const int *offsets,
                         MPI_Datatype type, void *in, const int *in_counts,
                         const int *in_offsets, MPI_Datatype in_type,
                         MPI_Comm comm);
int __wrap_MPI_Alltoallv(const void *out, const int *counts, const int *offsets,
                         MPI_Datatype type, void *in, const int *in_counts,
                         const int *in_offsets, MPI_Datatype in_type,
                         MPI_Comm comm)
{
    if (fails(EXCHANGE))
        return MPI_Comm_call_errhandler(comm, MPI_ERR_OTHER);
    return __real_MPI_Alltoallv(out, counts, offsets, type, in, in_counts,
                                in_offsets, in_type, comm);
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

static int file_fails(hid_t list)
{
    return !is_alone(list) && fails(TOGETHER);
}

static int close_fails(hid_t file)
{
    hid_t list = H5Fget_access_plist(file);
    int failed = list >= 0 && file_fails(list);
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
        int failed = (failing);                                                \
        herr_t done = __real_##name arguments;                                 \
        return failed ? -1 : done;                                             \
    }

OPENS(H5Fcreate, H5Fclose, file_fails(a),
      (const char *p, unsigned f, hid_t c, hid_t a), (p, f, c, a))
OPENS(H5Fopen, H5Fclose, file_fails(a), (const char *p, unsigned f, hid_t a),
      (p, f, a))
OPENS(H5Gcreate2, H5Gclose, fails(TOGETHER),
      (hid_t l, const char *n, hid_t a, hid_t b, hid_t c), (l, n, a, b, c))
OPENS(H5Dcreate2, H5Dclose, fails(TOGETHER),
      (hid_t l, const char *n, hid_t t, hid_t s, hid_t a, hid_t b, hid_t c),
      (l, n, t, s, a, b, c))
OPENS(H5Dopen2, H5Dclose, fails(HDF5), (hid_t l, const char *n, hid_t a),
      (l, n, a))
OPENS(H5Dget_space, H5Sclose, fails(HDF5), (hid_t d), (d))
OPENS(H5Screate_simple, H5Sclose, fails(HDF5),
      (int r, const hsize_t *d, const hsize_t *m), (r, d, m))
OPENS(H5Pcreate, H5Pclose, fails(HDF5), (hid_t c), (c))
OPENS(H5Tcopy, H5Tclose, fails(HDF5), (hid_t t), (t))
OPENS(H5Aopen_by_name, H5Aclose, fails(HDF5),
      (hid_t l, const char *o, const char *n, hid_t a, hid_t b),
      (l, o, n, a, b))
DOES(H5Dwrite, fails(HDF5),
     (hid_t d, hid_t m, hid_t s, hid_t f, hid_t p, const void *b),
     (d, m, s, f, p, b))
DOES(H5Dread, fails(HDF5),
     (hid_t d, hid_t m, hid_t s, hid_t f, hid_t p, void *b), (d, m, s, f, p, b))
DOES(H5Awrite, fails(HDF5), (hid_t a, hid_t t, const void *b), (a, t, b))
DOES(H5Aread, fails(HDF5), (hid_t a, hid_t t, void *b), (a, t, b))
DOES(H5Fclose, close_fails(f), (hid_t f), (f))
DOES(H5Sselect_hyperslab, fails(HDF5),
     (hid_t s, H5S_seloper_t o, const hsize_t *a, const hsize_t *b,
      const hsize_t *c, const hsize_t *d),
     (s, o, a, b, c, d))
