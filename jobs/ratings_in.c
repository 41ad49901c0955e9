#include "ratings_in.h"

#include "coracle/ingest.h"
#include "coracle/recommend.h"
#include "stores.h"

#include <string.h>

/* In memory: the columns without times, and the rows of the model that users
   and items become (16), as they stand with the users' owners (20), and travel
   there and back. */
enum { ROW_MEMORY = 12 + 16 + 20, ROW_TRAVEL = 12, ID_MEMORY = 16 };

bool ratings_in_is_store(const char *path)
{
    const char *ending = strrchr(path, '.');
    return ending &&
           (strcmp(ending, ".h5") == 0 || strcmp(ending, ".hdf5") == 0);
}

static cor_ingest_options text_options(const char *columns, bool pairs)
{
    cor_ingest_options options = cor_ingest_options_default();
    options.columns = columns;
    options.pairs = pairs;
    return options;
}

int ratings_in_read(const cor_command *command, const char *path,
                    const char *columns, bool pairs, cor_interactions *data)
{
    const cor_interactions_parts parts = {
        .value = !pairs, .user_id = true, .item_id = true};
    if (ratings_in_is_store(path))
        return cor_interactions_read(command->team, path, &parts, data);
    cor_ingest_options options = text_options(columns, pairs);
    return cor_ingest(command->team, &path, 1, &options, command->progress,
                      data, NULL);
}

static int64_t part(const cor_command *command, int64_t whole)
{
    int64_t size = cor_team_size(command->team);
    return (whole + size - 1) / size;
}

int ratings_in_plan(const cor_command *command, const char *path,
                    const char *columns, cor_plan *plan)
{
    cor_plan own = {0};
    cor_interactions_summary summary;
    int ranks = cor_team_size(command->team);
    if (ratings_in_is_store(path)) {
        COR_TRY(store_measure(command, path, &summary));
        own.rows_rank = part(command, summary.interactions);
        own.bytes_rank =
            own.rows_rank * (ROW_MEMORY + (ranks > 1 ? ROW_TRAVEL : 0)) +
            part(command, summary.users + summary.items) * ID_MEMORY;
    } else {
        cor_ingest_options options = text_options(columns, false);
        COR_TRY(cor_ingest_plan(command->team, &path, 1, &options, &own));
        own.bytes_rank -= cor_plan_base();
    }
    plan->rows_rank += own.rows_rank;
    plan->bytes_rank += own.bytes_rank;
    return COR_OK;
}

int ratings_in_users(const cor_command *command, const char *path,
                     const char *columns, int64_t *users)
{
    cor_interactions_summary summary;
    cor_plan text = {0};
    cor_ingest_options options = text_options(columns, false);
    if (ratings_in_is_store(path)) {
        COR_TRY(store_measure(command, path, &summary));
        *users = summary.users;
        return COR_OK;
    }
    COR_TRY(cor_ingest_plan(command->team, &path, 1, &options, &text));
    *users = text.rows_rank * cor_team_size(command->team);
    return COR_OK;
}

int ratings_in_plan_model(const cor_command *command, const char *path,
                          cor_plan *plan)
{
    cor_model_size size;
    COR_TRY(cor_model_measure(command->team, path, &size));
    /* the model, and the items' factors once more in the node's window */
    *plan =
        (cor_plan){.bytes_rank = cor_plan_base() + part(command, size.bytes) +
                                 part(command, size.items * size.item_bytes)};
    return COR_OK;
}
