/**
 * What the files of this room share about an open file. HDF5 stays here.
 */
#ifndef STORE_HANDLE_H
#define STORE_HANDLE_H

#include "coracle/file.h"

#include <hdf5.h>

enum { COR_FORMAT_VERSION = 1, COR_KIND_SIZE = 32 };

/** Content of a dataset being written, for the digest: see digest.c. */
typedef struct cor_content {
    char *name;
    enum cor_type type;
    int64_t rows, columns;
    uint64_t sum; /* over the rows that this rank wrote */
} cor_content;

struct cor_file {
    const cor_team *team;
    char *path; /* the final name */
    char *part; /* the name while it is written; NULL when read */
    char kind[COR_KIND_SIZE];
    hid_t id;
    /* Made at once, so that no rank alone fails to make them in the midst of
       what all do together. */
    hid_t link;    /* link access: metadata read by one rank, sent to all */
    hid_t dataset; /* dataset access: the same */
    hid_t group;   /* group creation: without times */
    bool compress;
    int64_t reserved; /* end of what is reserved on the disk; rank 0 knows */
    cor_content *content; /* datasets written so far */
    int64_t contents;
};

/** A dataset as it lies in the file. */
typedef struct cor_extent {
    hid_t id;
    enum cor_type type;
    int64_t width, rows, columns;
    int64_t chunk_rows; /* 1 where it is not chunked */
    bool filtered;
} cor_extent;

/** As cor_fail, with the reason that HDF5 gives for its last failure. */
int cor_hdf5_fail(int code, const char *format, ...) COR_PRINTF(2, 3);
/** Whether HDF5's last failure came from unpacking a compressed chunk. */
bool cor_hdf5_unpacking(void);
/** Keep HDF5 from printing its errors by itself. */
void cor_hdf5_quiet(void);

/** Whether a group or dataset "a/b/c" is there. Local. */
bool cor_hdf5_exists(hid_t file, hid_t link, const char *path);
/** Make the groups that "a/b/c" lies in. Collective, not agreed. */
herr_t cor_hdf5_make_groups(const cor_file *file, const char *path);

/** A file object without an open file; frees what is there on failure. */
int cor_file_allocate(const cor_team *team, const char *path, cor_file **file);
/** Give back the object alone. */
void cor_file_release(cor_file **file);

/** Open the file `name` over a communicator; `flags` of H5Fopen, or
    H5F_ACC_TRUNC to create. @return an id, or negative */
hid_t cor_hdf5_open(MPI_Comm comm, const char *name, unsigned flags);

/** Reserve room on the disk for `bytes` more of `what`, or learn early that
    there is none; `packed` where they will shrink and the rest is given back.
    Rank 0 asks, others get COR_OK: agree afterwards. */
int cor_file_reserve(cor_file *file, const char *what, int64_t bytes,
                     bool packed);
/** Let the disk begin with what was written so far while more is made ready:
    else it would idle until the end, which then has to wait for all of it. One
    rank of each node asks; advice, so nothing fails. */
void cor_file_hasten(const cor_file *file);
/** While on, an error of MPI-IO ends the job; while off, it is returned, which
    is safe in independent transfers alone. See guard.c. */
void cor_file_guard(const cor_file *file, bool on);
/** The object goes away: an error handler must not name it any more. */
void cor_file_forget(const cor_file *file);

/** Read a root attribute of an HDF5 file: the local halves of
    cor_file_get_int64 and cor_file_get_text. */
int cor_attribute_int64(hid_t file, hid_t link, const char *path,
                        const char *name, int64_t *value);
int cor_attribute_text(hid_t file, hid_t link, const char *path,
                       const char *name, char *value, size_t size);

/** Open a dataset and learn its shape. Collective, agreed. */
int cor_extent_open(const cor_file *file, const char *name, cor_extent *extent);
/** Learn how an open dataset is cut into chunks, and whether they are packed.
    Local. @return whether it could */
bool cor_extent_layout(cor_extent *extent);
/** Read into memory of `type` and `width`; local, not agreed. */
int cor_extent_read(const cor_file *file, const char *name,
                    const cor_extent *extent, enum cor_type type, int64_t width,
                    int64_t columns, int64_t first, int64_t count, void *data);

/** Add rows that this rank writes to the content of a dataset. Local. */
int cor_content_add(cor_file *file, const char *name, enum cor_type type,
                    int64_t width, int64_t rows, int64_t columns, int64_t first,
                    int64_t count, const void *data);

#endif
