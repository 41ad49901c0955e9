/**
 * What writing and reading a matrix share.
 */
#ifndef STORE_MATRIX_PARTS_H
#define STORE_MATRIX_PARTS_H

#include "coracle/matrix.h"

/** Find my rows of the shards and allocate their numbers. Local. */
int cor_matrix_allocate(const cor_team *team, cor_matrix *matrix);

/** Fail with `code` where one of my numbers is not finite, naming the row, the
    column and `advice`. Local. */
int cor_matrix_check(const cor_team *team, const cor_matrix *matrix, int code,
                     const char *path, const char *advice);

/** Room for what `count` columns hold. Local. */
int cor_matrix_columns_allocate(int64_t count, cor_matrix_columns *columns);

#endif
