/**
 * Tables: two-dimensional datasets of numbers in any HDF5 file, coracle's own
 * or not, read by rows.
 */
#ifndef CORACLE_TABLE_H
#define CORACLE_TABLE_H

#include "coracle/file.h"

typedef struct cor_table cor_table;

/** Open a dataset of integers or reals with one or two dimensions (one: a
    single column). Collective.
    @return COR_OK; COR_EIO: missing or unreadable; COR_EDATA: not HDF5, cut
    short, no such dataset (the message names those that there are), another
    type or shape */
int cor_table_open(const cor_team *team, const char *path, const char *dataset,
                   cor_table **table);
void cor_table_close(cor_table **table);

int64_t cor_table_rows(const cor_table *table);
int64_t cor_table_columns(const cor_table *table);
/** Whether a float32 holds each of its numbers: by their type, not by their
    values. */
bool cor_table_fits_float32(const cor_table *table);
/** Rows that are best read together: whole chunks. */
int64_t cor_table_block(const cor_table *table);

/** Read rows [first, first + count) of all columns, converted to `type`, any
    but COR_TEXT; what float32 does not hold becomes infinite.
    Local; one thread at a time. @return COR_OK; COR_EDATA */
int cor_table_read(const cor_table *table, int64_t first, int64_t count,
                   enum cor_type type, void *data);

#endif
