#include "numbered.h"

#include "coracle/cut.h"
#include "coracle/memory.h"

#include <stdio.h>
#include <string.h>

/* Rows [first, first + count) of the table 1, 2, ..., total. */
static int number_ids(int64_t total, int64_t first, int64_t count, cor_ids *ids)
{
    *ids = (cor_ids){.total = total, .first = first, .count = count};
    COR_TRY(COR_NEW(&ids->number, count));
    for (int64_t i = 0; i < count; i++)
        ids->number[i] = first + i + 1;
    return COR_OK;
}

static int number_titles(const cor_ids *items, cor_ids *titles)
{
    char text[32];
    *titles = *items;
    titles->number = NULL;
    titles->text = true;
    titles->width =
        snprintf(text, sizeof text, "Item %lld", (long long)items->total);
    COR_TRY(cor_allocate_zeroed(&titles->bytes, items->count,
                                (size_t)titles->width, "titles"));
    for (int64_t i = 0; i < items->count; i++) {
        int length = snprintf(text, sizeof text, "Item %lld",
                              (long long)items->number[i]);
        memcpy(titles->bytes + i * titles->width, text, (size_t)length);
    }
    return COR_OK;
}

int cor_numbered_names(const cor_team *team, bool titles,
                       cor_interactions *data)
{
    int64_t rank = cor_team_rank(team), size = cor_team_size(team);
    int64_t user = cor_shards_first_row(data->user_shards, (int)rank);
    int64_t user_end = cor_shards_first_row(data->user_shards, (int)rank + 1);
    int64_t item = cor_cut_begin(data->items, rank, size);
    int64_t item_end = cor_cut_begin(data->items, rank + 1, size);
    int rc = number_ids(data->users, user, user_end - user, &data->user_id);
    if (rc == COR_OK)
        rc = number_ids(data->items, item, item_end - item, &data->item_id);
    if (rc == COR_OK && titles)
        rc = number_titles(&data->item_id, &data->item_title);
    COR_TRY(cor_agree(team, rc));
    return cor_interactions_place_ids(team, data);
}
