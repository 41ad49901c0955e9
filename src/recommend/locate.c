/* From the ids of any table to the rows of the model. */
#include "locate.h"
#include "coracle/memory.h"
#include "coracle/recommend.h"
#include "slots.h"

#include <string.h>

int cor_model_find(const cor_team *team, const cor_ids *table,
                   const cor_ids *asked, int64_t *row)
{
    cor_directory *directory = NULL;
    COR_TRY(cor_directory_create(team, table, &directory));
    int rc = cor_directory_find(directory, asked, row);
    cor_directory_destroy(&directory);
    return rc;
}

int cor_ids_shards(const cor_team *team, const cor_ids *ids,
                   cor_shards **shards)
{
    return cor_shards_create_even(team, cor_shards_default_count(ids->total),
                                  ids->total, shards);
}

int cor_ids_place(const cor_team *team, const cor_shards *shards, cor_ids *ids)
{
    int rank = cor_team_rank(team);
    int64_t first = cor_shards_first_row(shards, rank);
    int64_t end = cor_shards_first_row(shards, rank + 1);
    return cor_ids_move(team, ids, first, end - first);
}

/* The rows found for a table of ids, moved to even shards so that whoever
   refers to one of the ids can fetch its row. */
static int place_rows(const cor_team *team, const cor_ids *table,
                      const cor_ids *asked, cor_shards **shards, cor_ids *found)
{
    *found = (cor_ids){
        .total = asked->total, .first = asked->first, .count = asked->count};
    COR_TRY(cor_agree(team, COR_NEW(&found->number, asked->count)));
    COR_TRY(cor_model_find(team, table, asked, found->number));
    COR_TRY(cor_agree(team, cor_ids_shards(team, asked, shards)));
    return cor_ids_place(team, *shards, found);
}

/* row[i] = found[index[i]], wherever that stands. */
static int look_up(const cor_team *team, const cor_shards *shards,
                   const cor_ids *found, const int32_t *index, int64_t count,
                   int64_t *row)
{
    int32_t *slot = NULL;
    cor_halo *halo = NULL;
    cor_window *window = NULL;
    int rc = cor_agree(team, COR_NEW(&slot, count));
    if (rc == COR_OK) {
        memcpy(slot, index, (size_t)count * sizeof *slot);
        rc = cor_halo_create(team, shards, slot, count, &halo);
    }
    if (rc == COR_OK)
        rc = cor_slots_window(halo, found->number, found->count,
                              sizeof *found->number, &window);
    const int64_t *rows = rc == COR_OK ? cor_window_rows(window) : NULL;
    for (int64_t i = 0; rc == COR_OK && i < count; i++)
        row[i] = rows[slot[i]];
    cor_window_destroy(&window);
    cor_halo_destroy(&halo);
    cor_free(slot);
    return rc;
}

int cor_ids_locate(const cor_team *team, const cor_ids *table,
                   const cor_ids *asked, const int32_t *index, int64_t count,
                   int64_t *row)
{
    if (cor_ids_equal(team, table, asked)) {
        for (int64_t i = 0; i < count; i++)
            row[i] = index[i];
        return COR_OK;
    }
    cor_shards *shards = NULL;
    cor_ids found = {0};
    int rc = place_rows(team, table, asked, &shards, &found);
    if (rc == COR_OK)
        rc = look_up(team, shards, &found, index, count, row);
    cor_ids_free(&found);
    cor_shards_destroy(&shards);
    return rc;
}

int cor_model_locate(const cor_team *team, const cor_model *model,
                     const cor_interactions *data, int64_t *user, int64_t *item)
{
    COR_TRY(cor_ids_locate(team, &model->user.id, &data->user_id, data->user,
                           data->rows, user));
    return cor_ids_locate(team, &model->item.id, &data->item_id, data->item,
                          data->rows, item);
}
