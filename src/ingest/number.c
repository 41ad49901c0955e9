#include "number.h"

#include "coracle/memory.h"
#include "dictionary.h"

#include <stdio.h>
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
                       int side, const char *what, numbers *n, cor_ids *table)
{
    COR_TRY(cor_agree(team, merge_tables(parsed, side, n)));
    ingest_id_table *all = &parsed->piece[0].table[side];
    ingest_id_list list = ingest_id_table_list(all);
    int rc = ingest_dictionary(team, &list, sorted, what, n->slot[0], table);
    ingest_id_table_free(all);
    for (int i = 1; rc == COR_OK && i < n->pieces; i++)
        for (int64_t s = 0; s < n->count[i]; s++)
            n->slot[i][s] = n->slot[0][n->slot[i][s]];
    return rc;
}

/* Slots to numbers, in place; a row without a category has none. */
static void renumber_some(int32_t *slot, int64_t rows, const int32_t *number,
                          int threads)
{
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t i = 0; i < rows; i++)
        slot[i] = slot[i] < 0 ? -1 : number[slot[i]];
}

/* Whether slots are their own numbers, as on the rank that the input begins on.
 */
static bool is_same(const int32_t *number, int64_t count)
{
    int64_t i = 0;
    while (i < count && number[i] == i)
        i++;
    return i == count;
}

/* Slots to numbers, in place. */
static void renumber(int32_t *slot, int64_t rows, const int32_t *number,
                     int64_t count, int threads)
{
    if (is_same(number, count))
        return;
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t i = 0; i < rows; i++)
        slot[i] = number[slot[i]];
}

/* A column of all pieces, one behind the other; theirs is given up, and that of
   a single piece is taken as it is. @param[out] all  address of a pointer */
static int join(ingest_parsed *parsed, enum ingest_column column, int threads,
                void *all)
{
    ingest_piece *piece = parsed->piece;
    size_t width = piece[0].rows.width[column];
    int64_t total = 0, *first = NULL;
    char *joined = piece[0].rows.column[column];
    if (parsed->pieces > 1) {
        COR_TRY(COR_NEW(&first, parsed->pieces));
        for (int i = 0; i < parsed->pieces; i++) {
            first[i] = total;
            total += piece[i].rows.count;
        }
        int rc = cor_allocate(&joined, total, width, "columns");
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
        for (int i = 0; i < parsed->pieces; i++)
            if (rc == COR_OK) {
                cor_move(joined + (size_t)first[i] * width,
                         piece[i].rows.column[column],
                         piece[i].rows.count * (int64_t)width);
                cor_free(piece[i].rows.column[column]);
                piece[i].rows.column[column] = NULL;
            }
        cor_free(first);
        COR_TRY(rc);
    }
    piece[0].rows.column[column] = NULL;
    memcpy(all, &joined, sizeof joined);
    return COR_OK;
}

static int build_ids(const cor_team *team, bool sorted, ingest_parsed *parsed,
                     int side, cor_interactions *data)
{
    numbers n = {0};
    bool user = side == ROLE_USER;
    cor_ids *table = user ? &data->user_id : &data->item_id;
    int threads = cor_team_threads(team);
    int rc = number_side(team, sorted, parsed, side, user ? "users" : "items",
                         &n, table);
    for (int i = 0; rc == COR_OK && i < n.pieces; i++)
        renumber(parsed->piece[i].rows.column[side],
                 parsed->piece[i].rows.count, n.slot[i], n.count[i], threads);
    if (rc == COR_OK)
        rc = cor_agree(team, join(parsed, (enum ingest_column)side, threads,
                                  user ? &data->user : &data->item));
    *(user ? &data->users : &data->items) = table->total;
    numbers_free(&n);
    return rc;
}

static int build_values(const cor_team *team, ingest_parsed *parsed,
                        cor_interactions *data)
{
    int threads = cor_team_threads(team);
    const size_t *width = parsed->piece[0].rows.width;
    if (width[COLUMN_TIME])
        COR_TRY(join(parsed, COLUMN_TIME, threads, &data->time));
    if (width[COLUMN_VALUE])
        return join(parsed, COLUMN_VALUE, threads, &data->value);
    COR_TRY(
        cor_allocate(&data->value, data->rows, sizeof *data->value, "values"));
    for (int64_t i = 0; i < data->rows; i++)
        data->value[i] = 1;
    return COR_OK;
}

/* The categories of kept column k become codes. */
static int build_categories(const cor_team *team, ingest_parsed *parsed, int k,
                            cor_kept *column)
{
    numbers n = {0};
    int threads = cor_team_threads(team);
    char what[COR_KEPT_NAME + 16];
    snprintf(what, sizeof what, "categories of %s", column->name);
    int rc = number_side(team, false, parsed, SIDE_KEPT + k, what, &n,
                         &column->names);
    for (int i = 0; rc == COR_OK && i < n.pieces; i++)
        renumber_some(parsed->piece[i].rows.column[COLUMN_KEPT + k],
                      parsed->piece[i].rows.count, n.slot[i], threads);
    numbers_free(&n);
    return rc;
}

static int build_kept(const cor_team *team, const ingest_wanted *wanted,
                      ingest_parsed *parsed, cor_interactions *data)
{
    int threads = cor_team_threads(team);
    if (wanted->kept == 0)
        return COR_OK;
    COR_TRY(cor_agree(team, COR_NEW_ZEROED(&data->kept.column, wanted->kept)));
    data->kept.count = wanted->kept;
    for (int k = 0; k < wanted->kept; k++) {
        cor_kept *column = &data->kept.column[k];
        memcpy(column->name, wanted->kept_name[k], sizeof column->name);
        column->category = parsed->text[SIDE_KEPT + k];
        if (column->category)
            COR_TRY(build_categories(team, parsed, k, column));
        COR_TRY(cor_agree(
            team, join(parsed, (enum ingest_column)(COLUMN_KEPT + k), threads,
                       column->category ? (void *)&column->code
                                        : (void *)&column->number)));
    }
    return COR_OK;
}

int ingest_number(const cor_team *team, const cor_ingest_options *options,
                  const ingest_wanted *wanted, ingest_parsed *parsed,
                  cor_interactions *data)
{
    data->rows = 0;
    for (int i = 0; i < parsed->pieces; i++)
        data->rows += parsed->piece[i].rows.count;
    COR_TRY(build_ids(team, options->sorted, parsed, ROLE_USER, data));
    COR_TRY(build_ids(team, options->sorted, parsed, ROLE_ITEM, data));
    if (options->pairs)
        return COR_OK;
    COR_TRY(cor_agree(team, build_values(team, parsed, data)));
    return build_kept(team, wanted, parsed, data);
}
