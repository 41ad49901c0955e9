#include "coracle/interactions.h"
#include "coracle/memory.h"

static int copy_rows(const cor_interactions *data, const int8_t *keep,
                     cor_interactions *out)
{
    int64_t at = 0;
    for (int64_t i = 0; i < data->rows; i++)
        out->rows += keep[i] != 0;
    COR_TRY(COR_NEW(&out->user, out->rows));
    COR_TRY(COR_NEW(&out->item, out->rows));
    COR_TRY(COR_NEW(&out->value, out->rows));
    if (data->time)
        COR_TRY(COR_NEW(&out->time, out->rows));
    COR_TRY(cor_kept_create_like(&data->kept, out->rows, &out->kept));
    for (int64_t i = 0; i < data->rows; i++) {
        if (!keep[i])
            continue;
        out->user[at] = data->user[i];
        out->item[at] = data->item[i];
        out->value[at] = data->value[i];
        if (data->time)
            out->time[at] = data->time[i];
        cor_kept_copy(&data->kept, i, &out->kept, at);
        at++;
    }
    COR_TRY(cor_ids_copy(&data->user_id, &out->user_id));
    COR_TRY(cor_ids_copy(&data->item_id, &out->item_id));
    return cor_ids_copy(&data->item_title, &out->item_title);
}

/* Where each shard begins now: every rank counts its own. */
static int cut_rows(const cor_team *team, const cor_interactions *data,
                    const int8_t *keep, cor_interactions *out)
{
    const cor_shards *shards = data->row_shards;
    int64_t count = cor_shards_count(shards), *begin = NULL;
    int64_t first = cor_shards_first(shards, cor_team_rank(team));
    int64_t last = cor_shards_first(shards, cor_team_rank(team) + 1);
    int64_t origin = cor_shards_begin(shards, first);
    COR_TRY(cor_agree(team, COR_NEW_ZEROED(&begin, count + 1)));
    for (int64_t s = first; s < last; s++)
        for (int64_t i = cor_shards_begin(shards, s);
             i < cor_shards_begin(shards, s + 1); i++)
            begin[s + 1] += keep[i - origin] != 0;
    cor_team_sum(team, begin, count + 1);
    for (int64_t s = 0; s < count; s++)
        begin[s + 1] += begin[s];
    int rc = cor_shards_create_like(shards, begin, &out->row_shards);
    if (rc == COR_OK)
        rc = cor_shards_copy(data->user_shards, &out->user_shards);
    cor_free(begin);
    return cor_agree(team, rc);
}

int cor_interactions_pick(const cor_team *team, const cor_interactions *data,
                          const int8_t *keep, cor_interactions *out)
{
    *out = (cor_interactions){.users = data->users, .items = data->items};
    int rc = cor_agree(team, copy_rows(data, keep, out));
    if (rc == COR_OK)
        rc = cut_rows(team, data, keep, out);
    if (rc != COR_OK)
        cor_interactions_free(out);
    return rc;
}
