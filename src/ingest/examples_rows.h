/* Examples while they are read: rows that grow at their end. Local. */
#ifndef INGEST_EXAMPLES_ROWS_H
#define INGEST_EXAMPLES_ROWS_H

#include "coracle/examples.h"

typedef struct example_rows {
    cor_examples_rows rows; /* whole ones */
    int64_t row_capacity, capacity;
    int64_t at;       /* features of whole rows and of the one in hand */
    int64_t features; /* one more than the greatest id, or than was told */
} example_rows;

int example_rows_create(example_rows *rows);
void example_rows_free(example_rows *rows);
/* Keep the memory, but no rows. */
void example_rows_clear(example_rows *rows);

/* Make room for one more feature, or for `more`. */
int example_rows_grow(example_rows *rows, int64_t more);

/* A row begins; what was in hand of one that failed is dropped. */
static inline void example_begin(example_rows *rows)
{
    rows->at = rows->rows.begin[rows->rows.count];
}

/* The next feature of the row in hand. */
static inline int example_add(example_rows *rows, int32_t feature, float value)
{
    if (rows->at == rows->capacity)
        COR_TRY(example_rows_grow(rows, 1));
    rows->rows.feature[rows->at] = feature;
    rows->rows.value[rows->at++] = value;
    return COR_OK;
}

/* The row in hand is whole. */
int example_end(example_rows *rows, float label);

/* Append all rows of another. */
int example_rows_append(example_rows *to, const example_rows *from);

#endif
