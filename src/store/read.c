/* Reading interactions: each rank the shards it owns, and a check that they
   are what a writer leaves, so that nothing later meets a wild index. */
#include "coracle/interactions.h"

#include "coracle/cut.h"
#include "coracle/memory.h"
#include "kept.h"

#include <math.h>
#include <string.h>

const cor_interactions_parts cor_interactions_all = {true, true, true,
                                                     true, true, true};

static int damaged(const cor_file *file, const char *what)
{
    return cor_fail(COR_EDATA, "%s is damaged: %s: make it again",
                    cor_file_path(file), what);
}

static int rows_of(const cor_file *file, const char *name, int64_t *rows)
{
    enum cor_type type;
    int64_t width, columns;
    COR_TRY(cor_file_shape(file, name, &type, &width, rows, &columns));
    return columns == 0 ? COR_OK : damaged(file, "a column is a matrix");
}

static int set_shards(const cor_file *file, cor_interactions *data)
{
    int64_t rows;
    COR_TRY(rows_of(file, "interactions/user", &rows));
    COR_TRY(rows_of(file, "users/id", &data->users));
    COR_TRY(rows_of(file, "items/id", &data->items));
    COR_TRY(
        cor_file_get_shards(file, "shards/row", rows, NULL, &data->row_shards));
    return cor_file_get_shards(file, "shards/user", data->users,
                               data->row_shards, &data->user_shards);
}

/* Read my rows of a column into a fresh block. Collective. */
static int read_column(const cor_team *team, const cor_file *file,
                       const char *name, enum cor_type type,
                       const cor_interactions *data, void *column)
{
    int64_t rows;
    COR_TRY(rows_of(file, name, &rows));
    if (rows != cor_shards_rows(data->row_shards))
        return damaged(file, "its columns differ in length");
    COR_TRY(
        cor_agree(team, cor_allocate(column, data->rows, cor_type_size(type, 0),
                                     "interactions")));
    int64_t first = cor_shards_first_row(data->row_shards, cor_team_rank(team));
    void *block;
    memcpy(&block, column, sizeof block);
    return cor_file_read(file, name, type, 0, 0, first, data->rows, block);
}

static int read_columns(const cor_team *team, const cor_file *file,
                        const cor_interactions_parts *parts,
                        cor_interactions *data)
{
    int rank = cor_team_rank(team);
    data->rows = cor_shards_first_row(data->row_shards, rank + 1) -
                 cor_shards_first_row(data->row_shards, rank);
    COR_TRY(read_column(team, file, "interactions/user", COR_INT32, data,
                        &data->user));
    COR_TRY(read_column(team, file, "interactions/item", COR_INT32, data,
                        &data->item));
    if (parts->value)
        COR_TRY(read_column(team, file, "interactions/value", COR_FLOAT32, data,
                            &data->value));
    if (parts->time && cor_file_has(file, "interactions/time"))
        COR_TRY(read_column(team, file, "interactions/time", COR_INT64, data,
                            &data->time));
    return COR_OK;
}

static int read_tables(const cor_team *team, const cor_file *file,
                       const cor_interactions_parts *parts,
                       cor_interactions *data)
{
    int rank = cor_team_rank(team), size = cor_team_size(team);
    int64_t user = cor_shards_first_row(data->user_shards, rank);
    int64_t user_end = cor_shards_first_row(data->user_shards, rank + 1);
    int64_t item = cor_cut_begin(data->items, rank, size);
    int64_t items = cor_cut_begin(data->items, rank + 1, size) - item;
    if (parts->user_id)
        COR_TRY(cor_ids_read(file, "users/id", user, user_end - user,
                             &data->user_id));
    if (parts->item_id)
        COR_TRY(cor_ids_read(file, "items/id", item, items, &data->item_id));
    if (!parts->item_title || !cor_file_has(file, "items/title"))
        return COR_OK;
    return cor_ids_read(file, "items/title", item, items, &data->item_title);
}

/* Rows of one shard whose user is none of the shard's, whose item does not
   exist, whose value is not finite, or who come too early. */
static int64_t wrong_rows(const cor_interactions *data, int64_t begin,
                          int64_t end, int64_t first_user, int64_t end_user)
{
    int64_t wrong = 0;
    for (int64_t i = begin; i < end; i++) {
        wrong += data->user[i] < first_user || data->user[i] >= end_user;
        wrong += data->item[i] < 0 || data->item[i] >= data->items;
    }
    for (int64_t i = begin; data->value && i < end; i++)
        wrong += !isfinite(data->value[i]);
    for (int64_t i = begin + 1; i < end; i++)
        wrong += data->user[i] < data->user[i - 1];
    for (int64_t i = begin + 1; data->time && i < end; i++)
        wrong += data->user[i] == data->user[i - 1] &&
                 data->time[i] < data->time[i - 1];
    return wrong;
}

static int check_rows(const cor_team *team, const cor_file *file,
                      const cor_interactions *data)
{
    int rank = cor_team_rank(team);
    int64_t first = cor_shards_first(data->row_shards, rank), wrong = 0;
    int64_t last = cor_shards_first(data->row_shards, rank + 1);
    int64_t first_row = cor_shards_begin(data->row_shards, first);
#pragma omp parallel for num_threads(cor_team_threads(team))                   \
    reduction(+ : wrong) schedule(dynamic)
    for (int64_t s = first; s < last; s++)
        wrong +=
            wrong_rows(data, cor_shards_begin(data->row_shards, s) - first_row,
                       cor_shards_begin(data->row_shards, s + 1) - first_row,
                       cor_shards_begin(data->user_shards, s),
                       cor_shards_begin(data->user_shards, s + 1));
    return wrong ? damaged(file, "a user, item, value or time is out of range "
                                 "or out of order")
                 : COR_OK;
}

static int read_all(const cor_team *team, const cor_file *file,
                    const cor_interactions_parts *parts, cor_interactions *data)
{
    COR_TRY(set_shards(file, data));
    COR_TRY(read_columns(team, file, parts, data));
    if (parts->kept)
        COR_TRY(cor_kept_read(team, file, data));
    COR_TRY(cor_agree(team, check_rows(team, file, data)));
    COR_TRY(read_tables(team, file, parts, data));
    if (data->item_title.total && data->item_title.total != data->items)
        return damaged(file, "it has not as many titles as items");
    return COR_OK;
}

int cor_interactions_read(const cor_team *team, const char *path,
                          const cor_interactions_parts *parts,
                          cor_interactions *data)
{
    cor_file *file = NULL;
    *data = (cor_interactions){0};
    COR_TRY(cor_file_open(team, path, "interactions", &file));
    int rc = read_all(team, file, parts, data);
    cor_file_close(&file);
    if (rc != COR_OK)
        cor_interactions_free(data);
    return rc;
}
