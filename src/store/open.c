/* Opening for reading: rank 0 looks first, so that one rank says what is wrong
   with the file, in words. */
#include "comm.h"
#include "handle.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static int check_signature(const char *path)
{
    static const char signature[] = "\211HDF\r\n\032\n";
    struct stat there;
    if (stat(path, &there) != 0)
        return errno == ENOENT || errno == ENOTDIR
                   ? cor_fail(COR_EIO, "%s: no such file", path)
                   : cor_fail(COR_EIO, "cannot read %s: %s", path,
                              strerror(errno));
    if (S_ISDIR(there.st_mode))
        return cor_fail(COR_EIO, "%s is a folder: give the path of a file",
                        path);
    if (!S_ISREG(there.st_mode)) /* opening a pipe would wait for a writer */
        return cor_fail(
            COR_EIO, "%s is a device or a pipe: give the path of a file", path);
    FILE *stream = fopen(path, "rb");
    if (!stream)
        return cor_fail(COR_EIO, "cannot read %s: %s", path, strerror(errno));
    char start[8] = {0};
    size_t got = fread(start, 1, sizeof start, stream);
    fclose(stream);
    if (got < sizeof start || memcmp(start, signature, sizeof start) != 0)
        return cor_fail(COR_EDATA,
                        "%s is not an HDF5 file, so no file of coracle: give "
                        "one that a coracle job wrote with -o",
                        path);
    return COR_OK;
}

static int check_version(hid_t id, const char *path)
{
    int64_t version = 0;
    char format[16] = "";
    if (cor_attribute_text(id, H5P_DEFAULT, path, "format", format,
                           sizeof format) != COR_OK ||
        strcmp(format, "coracle") != 0)
        return cor_fail(COR_EDATA,
                        "%s is an HDF5 file but not one of coracle: give one "
                        "that a coracle job wrote with -o",
                        path);
    COR_TRY(cor_attribute_int64(id, H5P_DEFAULT, path, "version", &version));
    if (version != COR_FORMAT_VERSION)
        return cor_fail(COR_EDATA,
                        "%s has version %lld of the format, and coracle %s "
                        "reads version %d: make it again with this coracle",
                        path, (long long)version, COR_VERSION_TEXT,
                        COR_FORMAT_VERSION);
    return COR_OK;
}

static int check_kind(hid_t id, const char *path, const char *wanted,
                      char *kind)
{
    COR_TRY(
        cor_attribute_text(id, H5P_DEFAULT, path, "kind", kind, COR_KIND_SIZE));
    if (wanted && strcmp(kind, wanted) != 0)
        return cor_fail(COR_EDATA, "%s holds %s, but %s is wanted here", path,
                        kind, wanted);
    return COR_OK;
}

/* By way of MPI-IO over one rank: HDF5's own way would want a file lock, which
   not every file system gives. */
static int look(const char *path, const char *wanted, char *kind)
{
    COR_TRY(check_signature(path));
    hid_t id = cor_hdf5_open(MPI_COMM_SELF, path, H5F_ACC_RDONLY);
    if (id < 0)
        return cor_hdf5_fail(COR_EDATA,
                             "%s is cut short or damaged: make it again", path);
    int rc = check_version(id, path);
    if (rc == COR_OK)
        rc = check_kind(id, path, wanted, kind);
    H5Fclose(id);
    return rc;
}

int cor_file_open(const cor_team *team, const char *path, const char *kind,
                  cor_file **file)
{
    COR_TRY(cor_agree(team, cor_file_allocate(team, path, file)));
    cor_file *f = *file;
    int rc = COR_OK;
    if (cor_team_rank(team) == 0)
        rc = look(path, kind, f->kind);
    rc = cor_agree(team, rc);
    if (rc == COR_OK) {
        cor_team_share(team, f->kind, sizeof f->kind, 0);
        f->id = cor_hdf5_open(cor_team_comm(team), path, H5F_ACC_RDONLY);
        if (f->id < 0)
            rc = cor_hdf5_fail(COR_EIO, "cannot read %s", path);
        rc = cor_agree(team, rc);
    }
    if (rc != COR_OK)
        cor_file_close(file);
    return rc;
}
