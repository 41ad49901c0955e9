/* The life of a file that is written: begun beside its final name, renamed
   when whole, removed when not. */
#include "coracle/file.h"

#include "comm.h"
#include "coracle/memory.h"
#include "coracle/part.h"
#include "handle.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* An attribute must fit an object header of 64 KiB. */
enum { COMMAND_LIMIT = 32 << 10 };

/* Equal content makes equal files: nothing says when a group was made. */
static int make_lists(cor_file *file)
{
    file->link = H5Pcreate(H5P_LINK_ACCESS);
    file->dataset = H5Pcreate(H5P_DATASET_ACCESS);
    file->group = H5Pcreate(H5P_GROUP_CREATE);
    if (file->link < 0 || file->dataset < 0 || file->group < 0 ||
        H5Pset_all_coll_metadata_ops(file->link, 1) < 0 ||
        H5Pset_all_coll_metadata_ops(file->dataset, 1) < 0 ||
        H5Pset_obj_track_times(file->group, 0) < 0)
        return cor_hdf5_fail(COR_EIO, "cannot start HDF5");
    return COR_OK;
}

static void close_list(hid_t list)
{
    if (list >= 0)
        H5Pclose(list);
}

int cor_file_allocate(const cor_team *team, const char *path, cor_file **out)
{
    *out = NULL;
    cor_file *file = NULL;
    COR_TRY(cor_allocate_zeroed(&file, 1, sizeof *file, "file"));
    file->team = team;
    file->id = file->link = file->dataset = file->group = H5I_INVALID_HID;
    int rc = cor_allocate(&file->path, (int64_t)strlen(path) + 1, 1, "path");
    if (rc == COR_OK) {
        strcpy(file->path, path);
        rc = make_lists(file);
    }
    *out = file;
    if (rc != COR_OK)
        cor_file_release(out);
    return rc;
}

void cor_file_release(cor_file **file)
{
    if (!*file)
        return;
    cor_file_forget(*file);
    for (int64_t i = 0; i < (*file)->contents; i++)
        cor_free((*file)->content[i].name);
    cor_free((*file)->content);
    close_list((*file)->link);
    close_list((*file)->dataset);
    close_list((*file)->group);
    cor_free((*file)->path);
    cor_part_end(&(*file)->part);
    cor_free(*file);
    *file = NULL;
}

/* ROMIO reads what stands before a colon as a kind of file system. */
static const char *mpi_name(const char *name, char **fresh)
{
    *fresh = NULL;
    if (!strchr(name, ':'))
        return name;
    size_t size = strlen(name) + 5;
    if (cor_allocate(fresh, (int64_t)size, 1, "path") != COR_OK)
        return name;
    snprintf(*fresh, size, "ufs:%s", name);
    return *fresh;
}

/* Whether something went well on all ranks of a communicator: one of them alone
   must not pass by what the others do together. */
static bool on_all(MPI_Comm comm, bool mine)
{
    int well = mine;
    MPI_Allreduce(MPI_IN_PLACE, &well, 1, MPI_INT, MPI_MIN, comm);
    return well;
}

/* From the format of 1.8 on, so that old tools read the file too. Small data
   get no block in common, whose rest nobody would fill: equal content makes
   equal bytes. All objects close with the file, also those that a failure left
   open. */
static bool set_access(hid_t list, MPI_Comm comm)
{
    return H5Pset_fapl_mpio(list, comm, MPI_INFO_NULL) >= 0 &&
           H5Pset_small_data_block_size(list, 0) >= 0 &&
           H5Pset_libver_bounds(list, H5F_LIBVER_V18, H5F_LIBVER_LATEST) >= 0 &&
           H5Pset_coll_metadata_write(list, 1) >= 0 &&
           H5Pset_fclose_degree(list, H5F_CLOSE_STRONG) >= 0;
}

hid_t cor_hdf5_open(MPI_Comm comm, const char *name, unsigned flags)
{
    cor_hdf5_quiet();
    hid_t list = H5Pcreate(H5P_FILE_ACCESS), id = H5I_INVALID_HID;
    hid_t form = H5Pcreate(H5P_FILE_CREATE); /* equal content, equal bytes */
    char *fresh;
    name = mpi_name(name, &fresh);
    bool well = list >= 0 && form >= 0 && H5Pset_obj_track_times(form, 0) >= 0;
    if (on_all(comm, well) && on_all(comm, set_access(list, comm)))
        id = flags & H5F_ACC_TRUNC ? H5Fcreate(name, H5F_ACC_TRUNC, form, list)
                                   : H5Fopen(name, flags, list);
    /* the reason of a failure must outlive the closing of the lists */
    hid_t reason = id < 0 ? H5Eget_current_stack() : H5I_INVALID_HID;
    close_list(list);
    close_list(form);
    if (id < 0)
        H5Eset_current_stack(reason);
    cor_free(fresh);
    return id;
}

/* Fail before any work where the file can't be written in the end. Rank 0. */
static int try_path(const cor_file *file, bool force)
{
    struct stat there;
    if (!*file->path)
        return cor_fail(COR_EIO, "the output has an empty name: give a path");
    if (stat(file->path, &there) == 0) {
        if (S_ISDIR(there.st_mode))
            return cor_fail(COR_EIO, "%s is a folder: give the path of a file",
                            file->path);
        if (!S_ISREG(there.st_mode)) /* a new file would take its place */
            return cor_fail(COR_EIO,
                            "%s is a device or a pipe: give the path of a file",
                            file->path);
        if (!force)
            return cor_fail(COR_EIO, "%s exists: give --force to replace it",
                            file->path);
    }
    int fd = open(file->part, O_WRONLY | O_CREAT, 0666);
    if (fd < 0)
        return cor_fail(COR_EIO,
                        "cannot write %s: %s: give the output a folder that "
                        "exists and is yours to write",
                        file->path, strerror(errno));
    close(fd);
    return COR_OK;
}

static int put_header(cor_file *file, const cor_file_options *options)
{
    static const char created_by[] = "coracle " COR_VERSION_TEXT;
    const char *command = options->command ? options->command : "";
    char *clipped = NULL;
    if (strlen(command) > COMMAND_LIMIT) {
        COR_TRY(cor_agree(file->team,
                          cor_allocate_zeroed(&clipped, COMMAND_LIMIT + 1, 1,
                                              "command line")));
        memcpy(clipped, command, COMMAND_LIMIT);
    }
    int rc = cor_file_put_text(file, "format", "coracle");
    if (rc == COR_OK)
        rc = cor_file_put_int64(file, "version", COR_FORMAT_VERSION);
    if (rc == COR_OK)
        rc = cor_file_put_text(file, "kind", file->kind);
    if (rc == COR_OK)
        rc = cor_file_put_text(file, "created_by", created_by);
    if (rc == COR_OK)
        rc = cor_file_put_text(file, "command", clipped ? clipped : command);
    if (rc == COR_OK)
        rc = cor_file_put_int64(file, "seed", options->seed);
    cor_free(clipped);
    return rc;
}

/* Name, check and open; everything is agreed. */
static int begin(cor_file *file, const cor_file_options *options)
{
    const cor_team *team = file->team;
    file->compress = options->compress;
    COR_TRY(cor_part_begin(team, file->path, &file->part));
    int rc = cor_team_rank(team) == 0 ? try_path(file, options->force) : COR_OK;
    rc = cor_agree(team, rc);
    if (rc != COR_OK) {
        cor_part_end(&file->part); /* there is none to close and remove */
        return rc;
    }
    file->id = cor_hdf5_open(cor_team_comm(team), file->part, H5F_ACC_TRUNC);
    if (file->id < 0)
        rc = cor_hdf5_fail(COR_EIO, "cannot write %s", file->path);
    else
        rc = cor_file_reserve(file, "the file", 0, false);
    COR_TRY(cor_agree(team, rc));
    cor_file_guard(file, true);
    return put_header(file, options);
}

int cor_file_create(const cor_team *team, const char *path, const char *kind,
                    const cor_file_options *options, cor_file **file)
{
    int rc = cor_agree(team, cor_file_allocate(team, path, file));
    if (rc == COR_OK) {
        snprintf((*file)->kind, sizeof(*file)->kind, "%s", kind);
        rc = begin(*file, options);
    }
    if (rc != COR_OK && *file)
        cor_file_close(file);
    return rc;
}

/* Make the bytes of a file, or the names in a folder, last. */
static int sync_file(const char *path, const char *final)
{
    int fd = open(path, O_RDWR);
    if (fd < 0)
        return cor_fail(COR_EIO, "cannot open %s: %s", path, strerror(errno));
    int rc = COR_OK;
    if (fsync(fd) != 0)
        rc = cor_fail(COR_EIO, "cannot write %s to disk: %s", final,
                      strerror(errno));
    close(fd);
    return rc;
}

/* The file has its name by now, so nothing fails here any more: without it a
   loss of power in the next seconds could bring the old file back. */
static void sync_folder_of(const char *path)
{
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder] = 0;
    int fd = open(slash ? folder : ".", O_RDONLY);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

static int take_name(const cor_file *file)
{
    /* give back what was reserved beyond the end */
    struct stat there;
    if (stat(file->part, &there) == 0 &&
        truncate(file->part, there.st_size) != 0)
        return cor_fail(COR_EIO, "cannot write %s: %s", file->path,
                        strerror(errno));
    COR_TRY(sync_file(file->part, file->path));
    if (rename(file->part, file->path) != 0)
        return cor_fail(COR_EIO, "cannot rename %s to %s: %s", file->part,
                        file->path, strerror(errno));
    sync_folder_of(file->path);
    return COR_OK;
}

int cor_file_commit(cor_file **file)
{
    cor_file *f = *file;
    int rc = COR_OK;
    if (H5Fclose(f->id) < 0)
        rc = cor_hdf5_fail(COR_EIO, "cannot write %s", f->path);
    else
        f->id = H5I_INVALID_HID;
    rc = cor_agree(f->team, rc);
    if (rc == COR_OK && cor_team_rank(f->team) == 0)
        rc = take_name(f);
    rc = cor_agree(f->team, rc);
    if (rc != COR_OK)
        cor_file_close(file);
    else
        cor_file_release(file);
    return rc;
}

/* On a full disk HDF5 can't close what it can't write. Cutting the unwanted
   file short first gives it the room. */
static void abandon(const cor_file *file)
{
    if (cor_team_rank(file->team) == 0 && truncate(file->part, 0) != 0)
        errno = 0; /* it is removed in any case */
    cor_team_barrier(file->team);
    cor_file_guard(file, false);
    if (file->id >= 0)
        H5Fclose(file->id);
    cor_team_barrier(file->team);
    if (cor_team_rank(file->team) == 0)
        unlink(file->part);
}

void cor_file_close(cor_file **file)
{
    if (!*file)
        return;
    if ((*file)->part)
        abandon(*file);
    else if ((*file)->id >= 0)
        H5Fclose((*file)->id);
    cor_file_release(file);
}

const char *cor_file_path(const cor_file *file)
{
    return file->path;
}

const char *cor_file_kind(const cor_file *file)
{
    return file->kind;
}
