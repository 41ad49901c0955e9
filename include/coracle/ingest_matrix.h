/**
 * Ingest of matrices: tables of numbers become a matrix whose rows are cut into
 * shards. A table is delimited text, a NumPy array (.npy), an IDX file (also
 * packed by gzip) or a dataset of an HDF5 file; several count as one, row below
 * row. Each rank reads the rows that it will own from where they lie in the
 * file, so memory holds the matrix once.
 */
#ifndef CORACLE_INGEST_MATRIX_H
#define CORACLE_INGEST_MATRIX_H

#include "coracle/ingest.h"
#include "coracle/matrix.h"

/** What the matrix is to be made of. */
enum cor_matrix_wanted {
    COR_MATRIX_AS_INPUT, /* float32 where it holds what the input's types do,
                            as a rule; text is float64 */
    COR_MATRIX_FLOAT64,
    COR_MATRIX_FLOAT32
};

typedef struct cor_ingest_matrix_options {
    /* of text alone: */
    enum cor_ingest_format format;
    enum cor_ingest_header header;
    const char *delimiter; /* 1 to 7 bytes, or "tab"; NULL: by the format */
    /* "width,height,7,9-12": names of the header, positions from 1, runs of
       positions, in the order wanted; NULL: all columns */
    const char *columns;
    enum cor_matrix_wanted type;
    /* Take the mean from each column and divide by its deviation (root of the
       mean square); the scale of a column of one value alone is 1. */
    bool standardize;
    int64_t shards; /* 0: by size */
} cor_ingest_matrix_options;

typedef struct cor_ingest_matrix_report {
    int64_t bytes;    /* of the files */
    int64_t constant; /* columns of one value, where standardized */
    /* The first column (from 0) of which float32 keeps less than three digits
       of its range, the greatest distance that rounding moved a number of it,
       and that range; -1: there is none */
    int64_t coarse;
    double coarse_step, coarse_range;
} cor_ingest_matrix_report;

/**
 * Read `files` tables, as "FILE" or "FILE.h5:/DATASET", into `matrix`, for
 * cor_matrix_free; empty on failure. Collective; arguments equal on all ranks.
 *
 * @return COR_OK; COR_EUSAGE: options that make no sense; COR_EDATA: what is
 * no finite number (file, line or row, column, text), tables of different
 * columns, no rows, a file of no known kind, cut short; COR_EIO: a file can't
 * be read; COR_EMEMORY
 */
int cor_ingest_matrix(const cor_team *team, const char *const *file, int files,
                      const cor_ingest_matrix_options *options,
                      cor_progress *progress, cor_matrix *matrix,
                      cor_ingest_matrix_report *report);

/** What cor_ingest_matrix and writing its store would need; the rows of text
    are estimated from the beginnings of the files. Collective. Same errors, as
    far as a file's beginning shows them. */
int cor_ingest_matrix_plan(const cor_team *team, const char *const *file,
                           int files, const cor_ingest_matrix_options *options,
                           cor_plan *plan);

#endif
