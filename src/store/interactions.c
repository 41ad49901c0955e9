#include "coracle/interactions.h"

#include "coracle/memory.h"
#include "kept.h"
#include "summary.h"

#include <string.h>

void cor_interactions_free(cor_interactions *data)
{
    cor_free(data->user);
    cor_free(data->item);
    cor_free(data->value);
    cor_free(data->time);
    cor_kept_free(&data->kept);
    cor_shards_destroy(&data->row_shards);
    cor_shards_destroy(&data->user_shards);
    cor_ids_free(&data->user_id);
    cor_ids_free(&data->item_id);
    cor_ids_free(&data->item_title);
    *data = (cor_interactions){0};
}

/* The tables must name every user and every item before they are written. */
static int check_tables(const cor_interactions *data)
{
    if (data->user_id.total != data->users ||
        data->item_id.total != data->items)
        return cor_fail(COR_EDEFECT,
                        "%lld user ids for %lld users, %lld item ids for %lld "
                        "items",
                        (long long)data->user_id.total, (long long)data->users,
                        (long long)data->item_id.total, (long long)data->items);
    return COR_OK;
}

static int write_columns(const cor_team *team, cor_file *file,
                         const cor_interactions *data, bool has_time)
{
    const cor_shards *shards = data->row_shards;
    int64_t total = cor_shards_rows(shards);
    int64_t first = cor_shards_first_row(shards, cor_team_rank(team));
    COR_TRY(cor_file_write(file, "interactions/user", COR_INT32, 0, total, 0,
                           first, data->rows, data->user));
    COR_TRY(cor_file_write(file, "interactions/item", COR_INT32, 0, total, 0,
                           first, data->rows, data->item));
    COR_TRY(cor_file_write(file, "interactions/value", COR_FLOAT32, 0, total, 0,
                           first, data->rows, data->value));
    if (!has_time)
        return COR_OK;
    return cor_file_write(file, "interactions/time", COR_INT64, 0, total, 0,
                          first, data->rows, data->time);
}

static int write_tables(cor_file *file, const cor_interactions *data)
{
    COR_TRY(cor_ids_write(file, "users/id", &data->user_id));
    COR_TRY(cor_ids_write(file, "items/id", &data->item_id));
    if (data->item_title.total)
        COR_TRY(cor_ids_write(file, "items/title", &data->item_title));
    COR_TRY(cor_file_put_shards(file, "shards/row", data->row_shards));
    return cor_file_put_shards(file, "shards/user", data->user_shards);
}

static int write_digest(cor_file *file, const cor_interactions *data,
                        cor_interactions_summary *summary)
{
    cor_dataset_names of = {.name = {"interactions/user", "interactions/item",
                                     "interactions/value", "users/id",
                                     "items/id"},
                            .count = 5};
    if (summary->has_time)
        of.name[of.count++] = "interactions/time";
    if (data->item_title.total)
        of.name[of.count++] = "items/title";
    cor_kept_add_names(&data->kept, &of);
    COR_TRY(cor_file_digest(file, of.name, of.count, summary->digest));
    return cor_file_put_text(file, "digest", summary->digest);
}

static int write_all(const cor_team *team, cor_file *file,
                     const cor_interactions *data,
                     cor_interactions_summary *summary)
{
    COR_TRY(cor_summary_find(team, data, summary));
    COR_TRY(write_columns(team, file, data, summary->has_time));
    COR_TRY(cor_kept_write(team, file, data));
    COR_TRY(write_tables(file, data));
    COR_TRY(cor_summary_put(file, summary));
    return write_digest(file, data, summary);
}

int cor_interactions_write(const cor_team *team, const char *path,
                           const cor_file_options *options,
                           const cor_interactions *data,
                           cor_interactions_summary *summary)
{
    cor_file *file = NULL;
    *summary = (cor_interactions_summary){0};
    COR_TRY(cor_agree(team, check_tables(data)));
    COR_TRY(cor_file_create(team, path, "interactions", options, &file));
    int rc = write_all(team, file, data, summary);
    if (rc == COR_OK)
        return cor_file_commit(&file);
    cor_file_close(&file);
    return rc;
}
