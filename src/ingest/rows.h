/* The columns of the rows of one piece of the input. */
#ifndef INGEST_ROWS_H
#define INGEST_ROWS_H

#include "coracle/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ingest_column {
    COLUMN_USER, /* int32: slot in the piece's table, later number */
    COLUMN_ITEM,
    COLUMN_VALUE, /* float */
    COLUMN_TIME,  /* int64 */
    COLUMNS
};

typedef struct ingest_rows {
    int64_t count, capacity;
    bool has[COLUMNS];
    void *column[COLUMNS]; /* capacity elements of those it has */
} ingest_rows;

/* Bytes of an element. */
size_t ingest_column_width(enum ingest_column column);

void ingest_rows_free(ingest_rows *rows);

/* Make room for `capacity` rows. */
int ingest_rows_reserve(ingest_rows *rows, int64_t capacity);

#endif
