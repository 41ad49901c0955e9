#include "rows.h"

#include "coracle/memory.h"

void ingest_rows_free(ingest_rows *rows)
{
    for (int c = 0; c < COLUMNS; c++) {
        cor_free(rows->column[c]);
        rows->column[c] = NULL;
    }
    rows->count = rows->capacity = 0;
}

int ingest_rows_reserve(ingest_rows *rows, int64_t capacity)
{
    if (capacity <= rows->capacity)
        return COR_OK;
    for (int c = 0; c < COLUMNS; c++)
        if (rows->width[c])
            COR_TRY(cor_reallocate(&rows->column[c], rows->count, capacity,
                                   rows->width[c], "parsed rows"));
    rows->capacity = capacity;
    return COR_OK;
}
