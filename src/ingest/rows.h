/* The columns of the rows of one piece of the input. */
#ifndef INGEST_ROWS_H
#define INGEST_ROWS_H

#include "coracle/kept.h"

enum ingest_column {
    COLUMN_USER, /* int32: slot in the piece's table, later number */
    COLUMN_ITEM,
    COLUMN_VALUE, /* float */
    COLUMN_TIME,  /* int64 */
    COLUMN_KEPT,  /* the first of those kept: int32 slots, or double */
    COLUMNS = COLUMN_KEPT + COR_KEPT_LIMIT
};

typedef struct ingest_rows {
    int64_t count, capacity;
    size_t width[COLUMNS]; /* bytes of an element; 0: there is no such column */
    void *column[COLUMNS]; /* capacity elements of those it has */
} ingest_rows;

void ingest_rows_free(ingest_rows *rows);

/* Make room for `capacity` rows. */
int ingest_rows_reserve(ingest_rows *rows, int64_t capacity);

#endif
