/**
 * Files: one HDF5 file written and read by all ranks together, datasets by
 * name. A file being written stands beside its final name and takes it when
 * whole, so a reader sees the old file, the new one, or none. Any HDF5 tool
 * opens the result: plain datasets, no compound or private types.
 *
 * All functions are collective and return the same status on every rank.
 */
#ifndef CORACLE_FILE_H
#define CORACLE_FILE_H

#include "coracle/shards.h"

typedef struct cor_file cor_file;

/** What an element is; on disk all are little-endian. */
enum cor_type {
    COR_INT8,
    COR_INT32,
    COR_INT64,
    COR_FLOAT32,
    COR_FLOAT64,
    COR_TEXT /* UTF-8 of fixed width, padded with zeros */
};

/** Bytes of an element in memory; `width` counts for COR_TEXT alone. */
size_t cor_type_size(enum cor_type type, int64_t width);

typedef struct cor_file_options {
    bool force;          /* an existing file is replaced, else an error */
    bool compress;       /* shuffle and deflate on every dataset */
    const char *command; /* the command line, for the record */
    int64_t seed;
} cor_file_options;

/**
 * Begin a file of a kind ("interactions", "model", ...): root attributes
 * format, version, kind, created_by, command and seed. Fails early where the
 * path can't be written or exists and `force` is not set. Until the commit the
 * file stands beside its name, see coracle/part.h.
 * @return COR_OK; COR_EIO
 */
int cor_file_create(const cor_team *team, const char *path, const char *kind,
                    const cor_file_options *options, cor_file **file);

/** Finish: flush, close, sync to disk and rename into place. On failure the
    half-written file is removed. `*file` is NULL afterwards. */
int cor_file_commit(cor_file **file);

/** Close without keeping what was written; a file opened for reading is just
    closed. NULL inside is accepted. */
void cor_file_close(cor_file **file);

/**
 * Open for reading and check that it is a coracle file of a version we read.
 * @param[in] kind  the kind wanted, or NULL for any
 * @return COR_OK; COR_EIO: missing or unreadable; COR_EDATA: not HDF5, cut
 * short, not ours, another version or another kind
 */
int cor_file_open(const cor_team *team, const char *path, const char *kind,
                  cor_file **file);

const char *cor_file_path(const cor_file *file);
const char *cor_file_kind(const cor_file *file);

/**
 * Write rows [first, first + count) of the dataset `name` of total rows, each
 * of `columns` elements (columns 0: one-dimensional); ranks give disjoint runs
 * that together, in one call or several, cover it. Groups in the name are made
 * as needed. Room on the disk is reserved first: a full disk is COR_EIO on all
 * ranks.
 * @param[in] width  bytes of a COR_TEXT element, else 0
 * @param[in] data   count * max(columns, 1) elements, row-major
 */
int cor_file_write(cor_file *file, const char *name, enum cor_type type,
                   int64_t width, int64_t total, int64_t columns, int64_t first,
                   int64_t count, const void *data);

/** Shape of a dataset. @return COR_OK; COR_EDATA where it is missing */
int cor_file_shape(const cor_file *file, const char *name, enum cor_type *type,
                   int64_t *width, int64_t *rows, int64_t *columns);
/** Whether a dataset is there. */
bool cor_file_has(const cor_file *file, const char *name);

/** Read rows [first, first + count) into `data`, converted to `type`.
 * @param[in] columns  that a row must have, 0: one number or text
 * @return COR_OK; COR_EDATA: missing, shorter, of another width or kind
 */
int cor_file_read(const cor_file *file, const char *name, enum cor_type type,
                  int64_t width, int64_t columns, int64_t first, int64_t count,
                  void *data);

/** Where shards begin, as a dataset int64 [shards + 1]. */
int cor_file_put_shards(cor_file *file, const char *name,
                        const cor_shards *shards);
/**
 * Read shards that must cover `rows` rows.
 * @param[in] like  shards in another coordinate whose owners these share, or
 *                  NULL: owners balanced by rows
 * @return COR_OK; COR_EDATA: damaged; COR_EMEMORY
 */
int cor_file_get_shards(const cor_file *file, const char *name, int64_t rows,
                        const cor_shards *like, cor_shards **shards);

/** Attributes; `name` is "group/attribute" or "attribute" for the root. */
int cor_file_put_int64(cor_file *file, const char *name, int64_t value);
int cor_file_put_double(cor_file *file, const char *name, double value);
int cor_file_put_text(cor_file *file, const char *name, const char *value);
/** @return COR_OK; COR_EDATA where it is missing or of another type */
int cor_file_get_int64(const cor_file *file, const char *name, int64_t *value);
int cor_file_get_double(const cor_file *file, const char *name, double *value);
/** `value` holds at most `size` bytes with the final zero. */
int cor_file_get_text(const cor_file *file, const char *name, char *value,
                      size_t size);
bool cor_file_has_attribute(const cor_file *file, const char *name);

/** One line that names the HDF5 library and its version. */
const char *cor_file_version(void);

/**
 * Digest of the content of datasets `name[0..names)`, in this order: 16
 * hexadecimal digits and a zero. Each element is hashed together with its row
 * and column, the hashes are added modulo 2^64, and type, shape and sum are
 * hashed; so it depends on the content alone, not on ranks, chunks, compression
 * or the padding of texts. For a dataset written through this `file` it costs
 * next to nothing, since the sums are taken while writing; else it is read.
 */
int cor_file_digest(const cor_file *file, const char *const *name, int names,
                    char digest[17]);

#endif
