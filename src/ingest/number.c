#include "number.h"

#include "coracle/memory.h"
#include "dictionary.h"

#include <string.h>

/* For each piece: the number of each slot of one side. */
typedef struct numbers {
    int pieces;
    int64_t *count; /* pieces: slots */
    int32_t **slot; /* pieces */
} numbers;

static void numbers_free(numbers *n)
{
    for (int i = 0; n->slot && i < n->pieces; i++)
        cor_free(n->slot[i]);
    cor_free(n->slot);
    cor_free(n->count);
}

/* The first piece's table takes in the others and is then the rank's; the slots
   of the other pieces are for now those of that table. */
static int merge_tables(ingest_parsed *parsed, int side, numbers *n)
{
    ingest_id_table *all = &parsed->piece[0].table[side];
    n->pieces = parsed->pieces;
    COR_TRY(COR_NEW_ZEROED(&n->slot, n->pieces));
    COR_TRY(COR_NEW_ZEROED(&n->count, n->pieces));
    for (int i = 1; i < n->pieces; i++) {
        ingest_id_table *table = &parsed->piece[i].table[side];
        n->count[i] = table->count;
        COR_TRY(cor_allocate(&n->slot[i], table->count, sizeof **n->slot,
                             "numbers of ids"));
        COR_TRY(ingest_id_table_merge(all, table, n->slot[i]));
        ingest_id_table_free(table);
    }
    n->count[0] = all->count;
    return cor_allocate(&n->slot[0], all->count, sizeof **n->slot,
                        "numbers of ids");
}

/* Number one side's ids over all ranks. */
static int number_side(const cor_team *team, bool sorted, ingest_parsed *parsed,
                       int side, numbers *n, cor_ids *table)
{
    COR_TRY(cor_agree(team, merge_tables(parsed, side, n)));
    ingest_id_table *all = &parsed->piece[0].table[side];
    ingest_id_list list = ingest_id_table_list(all);
    int rc = ingest_dictionary(team, &list, sorted,
                               side == ROLE_USER ? "users" : "items",
                               n->slot[0], table);
    ingest_id_table_free(all);
    for (int i = 1; rc == COR_OK && i < n->pieces; i++)
        for (int64_t s = 0; s < n->count[i]; s++)
            n->slot[i][s] = n->slot[0][n->slot[i][s]];
    return rc;
}

/* Which of a block's columns to copy. */
enum column { COLUMN_USER, COLUMN_ITEM, COLUMN_VALUE, COLUMN_TIME };

static void copy_block(const ingest_rows_block *block, enum column column,
                       const int32_t *number, int64_t first, int64_t rows,
                       cor_interactions *data)
{
    if (column == COLUMN_VALUE) {
        memcpy(data->value + first, block->value,
               (size_t)rows * sizeof *data->value);
    } else if (column == COLUMN_TIME) {
        memcpy(data->time + first, block->time,
               (size_t)rows * sizeof *data->time);
    } else {
        const int32_t *slot = block->slot[column];
        int32_t *to = (column == COLUMN_USER ? data->user : data->item) + first;
        for (int64_t i = 0; i < rows; i++)
            to[i] = number[slot[i]];
    }
}

static void free_column(ingest_rows_block *block, enum column column)
{
    void **held = column == COLUMN_VALUE  ? (void **)&block->value
                  : column == COLUMN_TIME ? (void **)&block->time
                                          : (void **)&block->slot[column];
    cor_free(*held);
    *held = NULL;
}

/* One column of all pieces; its blocks are freed as they are copied. */
static void copy_column(ingest_parsed *parsed, enum column column,
                        const numbers *n, int threads, cor_interactions *data)
{
    int64_t first = 0;
    for (int i = 0; i < parsed->pieces; i++) {
        ingest_rows *rows = &parsed->piece[i].rows;
        const int32_t *number = n ? n->slot[i] : NULL;
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
        for (int64_t b = 0; b < rows->blocks; b++) {
            int64_t at = b * ROWS_BLOCK, left = rows->count - at;
            copy_block(&rows->block[b], column, number, first + at,
                       left < ROWS_BLOCK ? left : ROWS_BLOCK, data);
            free_column(&rows->block[b], column);
        }
        first += rows->count;
    }
}

static int build_ids(const cor_team *team, bool sorted, ingest_parsed *parsed,
                     int side, cor_interactions *data)
{
    numbers n = {0};
    bool user = side == ROLE_USER;
    cor_ids *table = user ? &data->user_id : &data->item_id;
    int32_t **column = user ? &data->user : &data->item;
    int rc = number_side(team, sorted, parsed, side, &n, table);
    if (rc == COR_OK)
        rc = cor_agree(team, cor_allocate(column, data->rows, sizeof **column,
                                          user ? "users" : "items"));
    if (rc == COR_OK)
        copy_column(parsed, user ? COLUMN_USER : COLUMN_ITEM, &n,
                    cor_team_threads(team), data);
    *(user ? &data->users : &data->items) = table->total;
    numbers_free(&n);
    return rc;
}

static int build_values(const cor_team *team, ingest_parsed *parsed,
                        cor_interactions *data)
{
    int threads = cor_team_threads(team);
    bool has_value = parsed->piece[0].rows.has_value;
    COR_TRY(
        cor_allocate(&data->value, data->rows, sizeof *data->value, "values"));
    if (has_value)
        copy_column(parsed, COLUMN_VALUE, NULL, threads, data);
    for (int64_t i = 0; !has_value && i < data->rows; i++)
        data->value[i] = 1;
    if (!parsed->piece[0].rows.has_time)
        return COR_OK;
    COR_TRY(cor_allocate(&data->time, data->rows, sizeof *data->time, "times"));
    copy_column(parsed, COLUMN_TIME, NULL, threads, data);
    return COR_OK;
}

int ingest_number(const cor_team *team, const cor_ingest_options *options,
                  ingest_parsed *parsed, cor_interactions *data)
{
    data->rows = 0;
    for (int i = 0; i < parsed->pieces; i++)
        data->rows += parsed->piece[i].rows.count;
    COR_TRY(build_ids(team, options->sorted, parsed, ROLE_USER, data));
    COR_TRY(build_ids(team, options->sorted, parsed, ROLE_ITEM, data));
    if (options->pairs)
        return COR_OK;
    return cor_agree(team, build_values(team, parsed, data));
}
