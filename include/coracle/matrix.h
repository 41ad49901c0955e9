/**
 * Matrices: dense tables of numbers whose rows are owned by shards, and the
 * store that keeps them on disk (kind "matrix").
 *
 *   /matrix          float64 or float32 [rows][columns]
 *   /shards/row      int64 [shards + 1]  where each shard begins
 *   /columns/name    UTF-8, where the input named its columns
 *   /columns/min, /columns/max, /columns/mean, /columns/deviation
 *                    float64 [columns], of the numbers as they are stored
 *   /columns/offset, /columns/scale  float64 [columns], where the matrix was
 *                    standardised: stored = (input - offset) / scale
 *   root attribute `digest`: of the numbers and their type
 */
#ifndef CORACLE_MATRIX_H
#define CORACLE_MATRIX_H

#include "coracle/ids.h"
#include "coracle/shards.h"

/** A plain table like cor_interactions: whoever fills it owns it. */
typedef struct cor_matrix {
    int64_t rows, columns;  /* all */
    enum cor_type type;     /* of value: COR_FLOAT64 or COR_FLOAT32 */
    cor_shards *shards;     /* over rows */
    int64_t first, count;   /* my rows */
    void *value;            /* count x columns, row-major */
    cor_ids name;           /* all columns, on every rank; total 0: no names */
    double *offset, *scale; /* columns each, or NULL: not standardised */
} cor_matrix;

void cor_matrix_free(cor_matrix *matrix);

/** Cut `rows` rows evenly into shards, find my rows and allocate their
    numbers, contents unspecified. Local. `matrix` is empty on failure.
    @param[in] shards  how many; 0: by size
    @return COR_OK; COR_EMEMORY */
int cor_matrix_create(const cor_team *team, int64_t shards, int64_t rows,
                      int64_t columns, enum cor_type type, cor_matrix *matrix);

/** A matrix with the rows, shards and type of another, `columns` wide,
    otherwise as cor_matrix_create. */
int cor_matrix_create_like(const cor_team *team, const cor_matrix *like,
                           int64_t columns, cor_matrix *matrix);

/** Rows [first, first + count) of mine as doubles, whatever their type: a tile
    that a kernel reads while it is in cache. Local; rows count from my first.
    @param[out] tile  count x columns */
void cor_matrix_tile(const cor_matrix *matrix, int64_t first, int64_t count,
                     double *tile);

/** Drop rows: those with keep 0 go, the others close up in their shards, whose
    owners stay; rows are counted anew. Collective.
    @param[in] keep  of my rows
    @return COR_OK; COR_EMEMORY, the matrix as it was */
int cor_matrix_keep(const cor_team *team, const int8_t *keep,
                    cor_matrix *matrix);

/** What each column holds. */
typedef struct cor_matrix_columns {
    int64_t columns;
    double *min, *max, *mean; /* columns each; 0 where there are no rows */
    double *deviation; /* root of the mean squared distance from the mean;
                          exactly 0 for a column of one value alone */
} cor_matrix_columns;

void cor_matrix_columns_free(cor_matrix_columns *columns);

/** Describe the columns: two passes over the data, the second about the mean,
    so that numbers near 1e8 lose nothing. By the ordered sum. Collective.
    @return COR_OK; COR_ENUMERIC: a number is not finite, or too large to be
    summed; COR_EMEMORY */
int cor_matrix_describe(const cor_team *team, const cor_matrix *matrix,
                        cor_matrix_columns *columns);

/** Write the store; fills the digest. Collective.
    @return COR_OK; COR_EIO; COR_ENUMERIC as cor_matrix_describe */
int cor_matrix_write(const cor_team *team, const char *path,
                     const cor_file_options *options, const cor_matrix *matrix,
                     char digest[17]);

/** The same into a file of that kind that is being written, for a caller who
    has more to put there. Collective. */
int cor_matrix_put(const cor_team *team, cor_file *file,
                   const cor_matrix *matrix, char digest[17]);

/** Read the shards that this rank owns, in the type that they were stored in.
    Collective. @return COR_OK; COR_EIO; COR_EDATA: damaged, not finite */
int cor_matrix_read(const cor_team *team, const char *path, cor_matrix *matrix);

/** What a matrix store holds, without its numbers. */
typedef struct cor_matrix_size {
    int64_t rows, columns, shards;
    enum cor_type type;
    char digest[17];
} cor_matrix_size;

/** Collective. */
int cor_matrix_measure(const cor_team *team, const char *path,
                       cor_matrix_size *size);

/** The head of a store, for people: its names (as in cor_matrix) and what its
    columns hold, as kept in the store. `standardized` may be NULL. Collective.
    Both are for their
    frees; empty on failure. */
int cor_matrix_read_columns(const cor_team *team, const char *path,
                            cor_ids *name, cor_matrix_columns *columns,
                            bool *standardized);

#endif
