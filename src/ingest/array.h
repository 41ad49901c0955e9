/* Tables whose numbers lie in binary: NumPy's .npy, IDX, and datasets of HDF5
   files. */
#ifndef INGEST_ARRAY_H
#define INGEST_ARRAY_H

#include "choice.h"
#include "coracle/decode.h"
#include "coracle/progress.h"
#include "coracle/source.h"
#include "coracle/table.h"
#include "target.h"

enum { ARRAY_NAME_SIZE = 512 };

enum element_class { ELEMENT_INT, ELEMENT_UINT, ELEMENT_REAL };

/* Plain data: rank 0 finds it and shares it; of HDF5 all find it together. */
typedef struct ingest_array {
    cor_source file;
    int64_t rows, columns;
    int64_t begin; /* offset of the first number, in what is unpacked */
    int32_t element_class, width;
    enum cor_decode_kind packed; /* or COR_DECODE_PLAIN */
    bool swapped; /* the bytes of a number stand in the other order */
    bool fortran; /* columns are contiguous, not rows */
    bool hdf5;
    bool fits_float32;
    char dataset[ARRAY_NAME_SIZE]; /* of an HDF5 file */
} ingest_array;

/* Look at the beginning of a file, or of FILE.h5:/DATASET. `found` is false
   where it is none of these: then it may be text. Local. */
int ingest_array_find(const char *path, ingest_array *array, bool *found);

/* Take apart the header of an .npy or IDX file, of which the first bytes are
   given; `total` is the size of all that is unpacked, or -1: not known. */
int ingest_npy_read(const char *path, const char *bytes, int64_t count,
                    int64_t total, ingest_array *array);
int ingest_idx_read(const char *path, const char *bytes, int64_t count,
                    int64_t total, ingest_array *array);
/* Set the shape, unless it makes no sense or the file is too short. */
int ingest_array_set_shape(const char *path, int64_t rows, int64_t columns,
                           int64_t total, ingest_array *array);
bool ingest_idx_is(const char *bytes, int64_t count);

/* `count` elements, `stride` bytes apart, as doubles. */
void ingest_elements_read(const ingest_array *array, const void *from,
                          int64_t stride, int64_t count, double *to);

/* Numbers that a thread needs room for while it keeps rows. */
int64_t ingest_array_room(const ingest_choice *choice);

/* Keep the row whose elements lie `stride` bytes apart from `elements` on, row
   `row` of the file, as my row `at`. Local. `number` is room.
   @return COR_EDATA naming the first number that can't be kept */
int ingest_array_keep(const ingest_array *array, const ingest_choice *choice,
                      const ingest_target *target, int thread,
                      const char *elements, int64_t stride, int64_t row,
                      int64_t at, double *number);

/* Read rows [first, first + count) of a file that is not packed as my rows from
   `at` on. Local; an HDF5 file's table is given. */
int ingest_array_read(const ingest_array *array, const cor_table *table,
                      const ingest_choice *choice, const ingest_target *target,
                      int64_t first, int64_t count, int64_t at,
                      cor_progress *progress);

/* Read the packed ones among the files, whose rows begin at first[file] of the
   matrix: some ranks unpack, and send rows to those that own them. Collective.
 */
int ingest_packed_read(const cor_team *team, const ingest_array *array,
                       int files, const int64_t *first,
                       const ingest_choice *choice, const ingest_target *target,
                       cor_progress *progress);

#endif
