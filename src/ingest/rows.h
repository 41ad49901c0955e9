/* The columns of the rows of one piece of the input, in blocks that never
   move. */
#ifndef INGEST_ROWS_H
#define INGEST_ROWS_H

#include "coracle/status.h"

#include <stdbool.h>
#include <stdint.h>

enum { ROWS_BLOCK = 1 << 18 };

typedef struct ingest_rows_block {
    int32_t *slot[2]; /* of the user, of the item, in the piece's tables */
    float *value;
    int64_t *time;
} ingest_rows_block;

typedef struct ingest_rows {
    int64_t count;
    int64_t blocks;
    ingest_rows_block *block;
    bool has_value, has_time;
} ingest_rows;

void ingest_rows_free(ingest_rows *rows);

/* Add a block; needed when count is a multiple of ROWS_BLOCK. */
int ingest_rows_extend(ingest_rows *rows);

#endif
