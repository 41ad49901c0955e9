/* What keeps a failing disk from hanging the ranks.
 *
 * In a collective HDF5 write each rank learns only its own errors, and one that
 * saw none goes on to HDF5's next collective step while the others return: all
 * wait for ever. So room on the disk is reserved before it is written, where
 * the failure is one rank's and can be told to all. What fails beyond that
 * inside a collective step (a broken disk) ends the whole job at once. */
#define _GNU_SOURCE /* fallocate and sync_file_range are Linux's own */
#include "comm.h"
#include "coracle/part.h"
#include "handle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* For what HDF5 writes about a dataset: headers, chunk addresses, attributes.
 */
enum { ABOUT_BYTES = 256 << 10 };

static int no_room(const cor_file *file, const char *what, int64_t bytes,
                   const char *reason)
{
    return cor_fail(COR_EIO,
                    "cannot write %s: %s: %s needs %.1f MiB: free some space "
                    "or write elsewhere",
                    file->path, reason, what, (double)bytes / (1 << 20));
}

/* For file systems that cannot reserve; one that does not know its own size is
   not asked. */
static int check_free(const cor_file *file, const char *what, int64_t bytes)
{
    struct statvfs disk;
    if (statvfs(file->part, &disk) != 0 || disk.f_blocks == 0)
        return COR_OK;
    double blocks = (double)(geteuid() == 0 ? disk.f_bfree : disk.f_bavail);
    if ((double)bytes <= blocks * (double)disk.f_frsize)
        return COR_OK;
    return no_room(file, what, bytes, strerror(ENOSPC));
}

/* HDF5 does not tell where its file ends while it writes in parallel. What is
   not packed lies where it was reserved; packed chunks are in the file as soon
   as they are there at all. */
static int64_t end_of(const cor_file *file, int fd)
{
    struct stat there;
    int64_t size = fstat(fd, &there) == 0 ? (int64_t)there.st_size : 0;
    return size > file->reserved ? size : file->reserved;
}

int cor_file_reserve(cor_file *file, const char *what, int64_t bytes,
                     bool packed)
{
    if (cor_team_rank(file->team) != 0)
        return COR_OK;
    int fd = open(file->part, O_WRONLY);
    if (fd < 0)
        return cor_fail(COR_EIO, "cannot write %s: %s", file->path,
                        strerror(errno));
    int64_t end = end_of(file, fd);
    bytes += ABOUT_BYTES;
    int failed;
    do
        failed = fallocate(fd, FALLOC_FL_KEEP_SIZE, (off_t)end, (off_t)bytes);
    while (failed && errno == EINTR);
    int reason = failed ? errno : 0;
    close(fd);
    if (!packed)
        file->reserved = end + bytes;
    if (reason == ENOSPC || reason == EDQUOT || reason == EFBIG)
        return no_room(file, what, bytes, strerror(reason));
    return reason ? check_free(file, what, bytes) : COR_OK;
}

void cor_file_hasten(const cor_file *file)
{
    if (cor_team_rank(cor_team_node(file->team)) != 0)
        return;
    int fd = open(file->part, O_WRONLY);
    if (fd < 0)
        return;
    sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
    close(fd);
}

/* The file in whose collective steps an error would hang the ranks. MPI hands
   its error handler the file's handle and nothing of ours. */
static const cor_file *guarded;

static void end_job(MPI_File *handle, int *error, ...)
{
    (void)handle;
    char reason[MPI_MAX_ERROR_STRING] = "";
    int length;
    MPI_Error_string(*error, reason, &length);
    fprintf(stderr, "coracle: rank %d: cannot write %s: %s\n",
            guarded ? cor_team_rank(guarded->team) : 0,
            guarded ? guarded->path : "a file", reason);
    fflush(stderr);
    cor_part_remove_all();
    MPI_Abort(guarded ? cor_team_comm(guarded->team) : MPI_COMM_WORLD, COR_EIO);
}

void cor_file_guard(const cor_file *file, bool on)
{
    MPI_File *handle = NULL;
    if (cor_team_size(file->team) == 1) /* nobody to wait for */
        return;
    if (file->id < 0 ||
        H5Fget_vfd_handle(file->id, H5P_DEFAULT, (void **)&handle) < 0)
        return;
    if (!on) {
        MPI_File_set_errhandler(*handle, MPI_ERRORS_RETURN);
        return;
    }
    MPI_Errhandler handler;
    guarded = file;
    MPI_File_create_errhandler(end_job, &handler);
    MPI_File_set_errhandler(*handle, handler);
    MPI_Errhandler_free(&handler); /* lives on with the file */
}

void cor_file_forget(const cor_file *file)
{
    if (guarded == file)
        guarded = NULL;
}
