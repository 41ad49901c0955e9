#include "coracle/kcore.h"

#include "coracle/cut.h"
#include "coracle/memory.h"
#include "match.h"
#include "need.h"
#include "peel.h"
#include "spread.h"
#include "touched.h"

#include <string.h>

void cor_kcore_free(cor_kcore *core)
{
    cor_free(core->round);
    cor_free(core->user);
    cor_free(core->item);
    cor_ids_free(&core->user_id);
    cor_ids_free(&core->item_id);
    cor_ids_free(&core->core_user_id);
    cor_ids_free(&core->core_item_id);
    cor_ids_free(&core->core_item_title);
    *core = (cor_kcore){0};
}

/* ---- finding ---- */

/* Number those of my run who stay, after those of the ranks before. */
static int number_left(const cor_team *team, const uint8_t *gone, int64_t count,
                       int32_t **number, int64_t *total)
{
    COR_TRY(cor_agree(team, COR_NEW(number, count)));
    int64_t mine = 0;
    for (int64_t i = 0; i < count; i++)
        mine += !gone[i];
    int64_t next = cor_team_before(team, mine, total);
    for (int64_t i = 0; i < count; i++)
        (*number)[i] = gone[i] ? -1 : (int32_t)next++;
    return COR_OK;
}

static int take_peeled(const cor_team *team, cor_peeled *peeled,
                       cor_kcore *core)
{
    core->rounds = peeled->rounds;
    core->round = peeled->round;
    peeled->round = NULL;
    COR_TRY(number_left(team, peeled->user_gone, core->my_users, &core->user,
                        &core->users));
    return number_left(team, peeled->item_gone, core->my_items, &core->item,
                       &core->items);
}

int cor_kcore_find(const cor_team *team, const cor_interactions *data,
                   const cor_kcore_options *options, cor_progress *progress,
                   cor_kcore *core)
{
    int rank = cor_team_rank(team), size = cor_team_size(team);
    *core = (cor_kcore){0};
    if (options->users < 1 || options->items < 1)
        return cor_fail(COR_EUSAGE, "the least numbers of interactions of a "
                                    "user and an item must be 1 or more");
    core->first_user = cor_shards_first_row(data->user_shards, rank);
    core->my_users =
        cor_shards_first_row(data->user_shards, rank + 1) - core->first_user;
    core->first_item = cor_cut_begin(data->items, rank, size);
    core->my_items =
        cor_cut_begin(data->items, rank + 1, size) - core->first_item;
    cor_peeled peeled;
    int rc = cor_peel(team, data, options, progress, &peeled);
    if (rc == COR_OK)
        rc = take_peeled(team, &peeled, core);
    cor_peeled_free(&peeled);
    if (rc == COR_OK && core->users == 0)
        return cor_fail(COR_EDATA,
                        "the k-core is empty: after %lld rounds no user with "
                        "%lld interactions and no item with %lld is left; "
                        "lower the thresholds",
                        (long long)core->rounds, (long long)options->users,
                        (long long)options->items);
    return rc;
}

/* ---- cutting rows ---- */

static int number_slots(const cor_touched *touched, const int32_t *item_number,
                        int32_t **number)
{
    COR_TRY(cor_agree(touched->team, COR_NEW(number, touched->slots)));
    return cor_touched_ask(touched, item_number, sizeof **number, *number);
}

/* Keep the rows whose user and item both stay, under their new numbers. Of a
   user who goes nothing else is looked at. */
static void keep_rows(cor_interactions *data, int64_t first_user,
                      const int32_t *user_number, const cor_touched *touched,
                      const int32_t *slot_number)
{
    int64_t kept = 0;
    for (int64_t r = 0; r < data->rows; r++) {
        int32_t user = user_number[data->user[r] - first_user];
        if (user < 0)
            continue;
        int32_t item = slot_number[cor_touched_slot(touched, data->item[r])];
        data->user[kept] = user;
        data->item[kept] = item;
        data->value[kept] = data->value[r];
        if (data->time)
            data->time[kept] = data->time[r];
        cor_kept_copy(&data->kept, r, &data->kept, kept);
        kept += item >= 0;
    }
    data->rows = kept;
}

/* Cut rows to the users (mine) and items (my even part) that have a number,
   and arrange them in as many shards as before. */
static int cut_rows(const cor_team *team, const int32_t *user_number,
                    const int32_t *item_number, const cor_kcore *core,
                    cor_interactions *data)
{
    cor_touched touched;
    int32_t *slot_number = NULL;
    int64_t shards = cor_shards_count(data->row_shards);
    int64_t first =
        cor_shards_first_row(data->user_shards, cor_team_rank(team));
    int rc =
        cor_touched_create(team, data->items, data->rows, data->item, &touched);
    if (rc == COR_OK)
        rc = number_slots(&touched, item_number, &slot_number);
    if (rc == COR_OK)
        keep_rows(data, first, user_number, &touched, slot_number);
    cor_free(slot_number);
    cor_touched_free(&touched);
    data->users = core->users;
    data->items = core->items;
    return rc == COR_OK ? cor_interactions_arrange(team, shards, data) : rc;
}

/* ---- cutting tables ---- */

/* The table of those who have a number, of `total` over all ranks. Local; the
   first of my run is the first number in it. */
static int cut_ids(const cor_ids *ids, const int32_t *number, int64_t total,
                   cor_ids *cut)
{
    COR_TRY(cor_ids_copy(ids, cut));
    size_t width = (size_t)ids->width;
    cut->total = total;
    cut->count = cut->first = 0;
    for (int64_t i = 0; i < ids->count; i++) {
        if (number[i] < 0)
            continue;
        if (cut->count == 0)
            cut->first = number[i];
        if (ids->text)
            memmove(cut->bytes + (size_t)cut->count * width,
                    cut->bytes + (size_t)i * width, width);
        else
            cut->number[cut->count] = ids->number[i];
        cut->count++;
    }
    return COR_OK;
}

static int cut_tables(cor_kcore *core, const cor_ids *title)
{
    COR_TRY(
        cut_ids(&core->user_id, core->user, core->users, &core->core_user_id));
    COR_TRY(
        cut_ids(&core->item_id, core->item, core->items, &core->core_item_id));
    if (title->total)
        COR_TRY(
            cut_ids(title, core->item, core->items, &core->core_item_title));
    return COR_OK;
}

/* Give the data the tables of the core, placed as its shards want them. */
static int give_tables(const cor_team *team, const cor_kcore *core,
                       cor_interactions *data)
{
    cor_ids_free(&data->user_id);
    cor_ids_free(&data->item_id);
    cor_ids_free(&data->item_title);
    int rc = cor_ids_copy(&core->core_user_id, &data->user_id);
    if (rc == COR_OK)
        rc = cor_ids_copy(&core->core_item_id, &data->item_id);
    if (rc == COR_OK && core->core_item_title.total)
        rc = cor_ids_copy(&core->core_item_title, &data->item_title);
    COR_TRY(cor_agree(team, rc));
    return cor_interactions_place_ids(team, data);
}

int cor_kcore_cut(const cor_team *team, cor_kcore *core, cor_interactions *data)
{
    core->user_id = data->user_id;
    core->item_id = data->item_id;
    data->user_id = data->item_id = (cor_ids){0};
    COR_TRY(cor_agree(team, cut_tables(core, &data->item_title)));
    COR_TRY(cut_rows(team, core->user, core->item, core, data));
    return give_tables(team, core, data);
}

/* ---- others ---- */

/* The numbers in the core of those that another table names; `number` is of
   the run of `table` that begins at `first`. */
static int join(const cor_team *team, const cor_ids *table, int64_t first,
                const int32_t *number, const cor_ids *other, int32_t **joined)
{
    int64_t *row = NULL;
    int rc = COR_NEW(&row, other->count);
    if (rc == COR_OK)
        rc = COR_NEW(joined, other->count);
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_match_ids(team, table, other, row);
    if (rc == COR_OK)
        rc = cor_spread_lookup(team, first, number, other->count, row, *joined);
    cor_free(row);
    return rc;
}

int cor_kcore_cut_other(const cor_team *team, const cor_kcore *core,
                        cor_interactions *other)
{
    int32_t *user = NULL, *item = NULL;
    int rc = join(team, &core->user_id, core->first_user, core->user,
                  &other->user_id, &user);
    if (rc == COR_OK)
        rc = join(team, &core->item_id, core->first_item, core->item,
                  &other->item_id, &item);
    if (rc == COR_OK)
        rc = cut_rows(team, user, item, core, other);
    if (rc == COR_OK)
        rc = give_tables(team, core, other);
    cor_free(item);
    cor_free(user);
    return rc;
}

/* Beside the columns stand, while peeling, tables of users and slots, on
   several ranks whom to tell of each slot, and copies of the rows that are left
   where some end early: none of a dense set, all of a sparse one; half is taken
   for the middle. What follows needs less. */
cor_plan cor_kcore_plan(const cor_team *team,
                        const cor_interactions_summary *store)
{
    int64_t rows = store->interactions;
    int64_t most = cor_need_rows(team, rows, store->shards);
    int64_t users = store->users / cor_team_size(team) + 1;
    int64_t slots = store->items < most ? store->items : most;
    int64_t row = cor_need_columns(store->has_time) + store->kept_bytes;
    int64_t slot_bytes = cor_team_size(team) > 1 ? 48 : 32;
    return (cor_plan){
        .rows_rank = most,
        .bytes_rank = cor_plan_base() + most * (row + 2) + users * 41 +
                      slots * slot_bytes,
        .bytes_disk =
            cor_need_disk(rows, store->users, store->items, store->has_time) +
            rows * store->kept_bytes};
}
