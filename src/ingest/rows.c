#include "rows.h"

#include "coracle/memory.h"

void ingest_rows_free(ingest_rows *rows)
{
    for (int64_t b = 0; b < rows->blocks; b++) {
        cor_free(rows->block[b].slot[0]);
        cor_free(rows->block[b].slot[1]);
        cor_free(rows->block[b].value);
        cor_free(rows->block[b].time);
    }
    cor_free(rows->block);
    *rows = (struct ingest_rows){.has_value = rows->has_value,
                                 .has_time = rows->has_time};
}

int ingest_rows_extend(ingest_rows *rows)
{
    if ((rows->blocks & (rows->blocks - 1)) == 0) /* full: 0, 1, 2, 4, ... */
        COR_TRY(cor_reallocate(&rows->block, rows->blocks,
                               rows->blocks ? 2 * rows->blocks : 1,
                               sizeof *rows->block, "list of blocks"));
    ingest_rows_block *block = &rows->block[rows->blocks++];
    *block = (ingest_rows_block){0};
    for (int side = 0; side < 2; side++)
        COR_TRY(cor_allocate(&block->slot[side], ROWS_BLOCK, sizeof(int32_t),
                             "parsed ids"));
    if (rows->has_value)
        COR_TRY(cor_allocate(&block->value, ROWS_BLOCK, sizeof(float),
                             "parsed values"));
    if (rows->has_time)
        COR_TRY(cor_allocate(&block->time, ROWS_BLOCK, sizeof(int64_t),
                             "parsed times"));
    return COR_OK;
}
