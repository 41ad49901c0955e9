/* Rows to the ranks that own their users, and each user's rows in order.
 *
 * Rows are counted by user on even blocks of users, one block a rank, so that
 * no rank holds all users; the running counts give the shards. The rows then
 * travel a column at a time, and order.c sorts them where they are.
 */
#include "coracle/interactions.h"

#include "coracle/cut.h"
#include "coracle/exchange.h"
#include "coracle/memory.h"
#include "order.h"

#include <string.h>

enum { BATCH = 1 << 20 };

/* Runs of equal users among my rows: most inputs come grouped by user, so this
   is far less to send than the rows. */
typedef struct user_runs {
    int64_t count;
    int32_t *user;
    int64_t *rows;
    int32_t *to; /* the rank whose block has the user */
} user_runs;

static void free_runs(user_runs *runs)
{
    cor_free(runs->user);
    cor_free(runs->rows);
    cor_free(runs->to);
}

static int find_runs(const cor_team *team, const cor_interactions *data,
                     int64_t begin, int64_t end, user_runs *runs)
{
    const int32_t *user = data->user;
    int64_t run = -1;
    COR_TRY(COR_NEW(&runs->user, end - begin));
    COR_TRY(COR_NEW(&runs->rows, end - begin));
    COR_TRY(COR_NEW(&runs->to, end - begin));
    for (int64_t i = begin; i < end; i++) {
        if (user[i] < 0 || user[i] >= data->users)
            return cor_fail(COR_EDEFECT,
                            "user %ld of a row is not among the %lld users",
                            (long)user[i], (long long)data->users);
        if (i == begin || user[i] != user[i - 1]) {
            runs->user[++run] = user[i];
            runs->rows[run] = 0;
            runs->to[run] = (int32_t)cor_cut_part(data->users, user[i],
                                                  cor_team_size(team));
        }
        runs->rows[run]++;
    }
    runs->count = run + 1;
    return COR_OK;
}

/* Add the rows of arriving runs to the users of my block. Collective. */
static int add_runs(const cor_team *team, const cor_route *route,
                    const user_runs *runs, int64_t first_user, int64_t *rows)
{
    int64_t arrivals = cor_route_arrivals(route);
    user_runs arrived = {0};
    int rc = COR_NEW(&arrived.user, arrivals);
    if (rc == COR_OK)
        rc = COR_NEW(&arrived.rows, arrivals);
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc =
            cor_route_send(route, runs->user, sizeof *runs->user, arrived.user);
    if (rc == COR_OK)
        rc =
            cor_route_send(route, runs->rows, sizeof *runs->rows, arrived.rows);
    for (int64_t i = 0; rc == COR_OK && i < arrivals; i++)
        rows[arrived.user[i] - first_user] += arrived.rows[i];
    free_runs(&arrived);
    return rc;
}

/* Count rows [begin, end) of mine. Collective. */
static int count_batch(const cor_team *team, const cor_interactions *data,
                       int64_t begin, int64_t end, int64_t first_user,
                       int64_t *rows)
{
    user_runs runs = {0};
    cor_route *route = NULL;
    int rc = cor_agree(team, find_runs(team, data, begin, end, &runs));
    if (rc == COR_OK)
        rc = cor_route_create(team, runs.to, runs.count, &route);
    if (rc == COR_OK)
        rc = add_runs(team, route, &runs, first_user, rows);
    cor_route_destroy(&route);
    free_runs(&runs);
    return rc;
}

/* The rows of each user of my block; `rows` is zeroed. In batches, so that it
   takes little memory where no two neighbours have one user. Collective. */
static int count_rows(const cor_team *team, const cor_interactions *data,
                      int64_t first_user, int64_t *rows)
{
    int64_t batches = (data->rows + BATCH - 1) / BATCH;
    cor_team_max(team, &batches, 1);
    for (int64_t b = 0; b < batches; b++) {
        int64_t begin = b * BATCH < data->rows ? b * BATCH : data->rows;
        int64_t end = begin + BATCH < data->rows ? begin + BATCH : data->rows;
        COR_TRY(count_batch(team, data, begin, end, first_user, rows));
    }
    return COR_OK;
}

/* Rows of each user become rows before each user. Collective. */
static int64_t run_on(const cor_team *team, int64_t *rows, int64_t users)
{
    int64_t mine = 0, total;
    for (int64_t i = 0; i < users; i++)
        mine += rows[i];
    int64_t before = cor_team_before(team, mine, &total);
    for (int64_t i = 0; i < users; i++) {
        int64_t here = rows[i];
        rows[i] = before;
        before += here;
    }
    return total;
}

static int set_shards(const cor_team *team, int64_t shard_count,
                      const int64_t *row_begin, const int64_t *user_begin,
                      cor_interactions *data)
{
    cor_shards_destroy(&data->row_shards);
    cor_shards_destroy(&data->user_shards);
    COR_TRY(cor_shards_create(team, shard_count, row_begin, &data->row_shards));
    return cor_shards_create_like(data->row_shards, user_begin,
                                  &data->user_shards);
}

/* Fill in the shards from the counts. Collective. */
static int cut_shards(const cor_team *team, int64_t shard_count,
                      cor_interactions *data)
{
    int rank = cor_team_rank(team), size = cor_team_size(team);
    int64_t first = cor_cut_begin(data->users, rank, size);
    int64_t users = cor_cut_begin(data->users, rank + 1, size) - first;
    int64_t *rows = NULL, *row_begin = NULL, *user_begin = NULL;
    int rc = COR_NEW_ZEROED(&rows, users);
    if (rc == COR_OK)
        rc = COR_NEW(&row_begin, shard_count + 1);
    if (rc == COR_OK)
        rc = COR_NEW(&user_begin, shard_count + 1);
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = count_rows(team, data, first, rows);
    if (rc == COR_OK) {
        int64_t total = run_on(team, rows, users);
        rc = cor_interactions_cut(team, shard_count, data->users, total, first,
                                  users, rows, row_begin, user_begin);
    }
    if (rc == COR_OK)
        rc = cor_agree(
            team, set_shards(team, shard_count, row_begin, user_begin, data));
    cor_free(rows);
    cor_free(row_begin);
    cor_free(user_begin);
    return rc;
}

/* The rank that owns the user of each row; neighbours mostly have one.
   @return rows that have to move */
static int64_t find_owners(const cor_team *team, const cor_interactions *data,
                           int32_t *to)
{
    const cor_shards *shards = data->user_shards;
    int rank = cor_team_rank(team);
    int64_t moving = 0;
#pragma omp parallel num_threads(cor_team_threads(team)) reduction(+ : moving)
    {
        int64_t begin = 0, end = 0; /* users of the rank last found */
        int owner = 0;
#pragma omp for schedule(static)
        for (int64_t i = 0; i < data->rows; i++) {
            int64_t user = data->user[i];
            if (user < begin || user >= end) {
                owner = cor_shards_owner(shards, user);
                begin = cor_shards_first_row(shards, owner);
                end = cor_shards_first_row(shards, owner + 1);
            }
            to[i] = owner;
            moving += owner != rank;
        }
    }
    return moving;
}

/* Replace a column by the one that arrives. Collective. */
static int travel(const cor_team *team, const cor_route *route, void *column,
                  size_t width)
{
    void *old, *fresh = NULL;
    memcpy(&old, column, sizeof old);
    int rc = cor_agree(team, cor_allocate(&fresh, cor_route_arrivals(route),
                                          width, "interactions"));
    if (rc == COR_OK)
        rc = cor_route_send(route, old, width, fresh);
    if (rc != COR_OK) {
        cor_free(fresh);
        return rc;
    }
    cor_free(old);
    memcpy(column, &fresh, sizeof fresh);
    return COR_OK;
}

static int send_columns(const cor_team *team, const cor_route *route,
                        bool has_time, cor_interactions *data)
{
    COR_TRY(travel(team, route, &data->user, sizeof *data->user));
    COR_TRY(travel(team, route, &data->item, sizeof *data->item));
    COR_TRY(travel(team, route, &data->value, sizeof *data->value));
    if (has_time)
        COR_TRY(travel(team, route, &data->time, sizeof *data->time));
    data->rows = cor_route_arrivals(route);
    return COR_OK;
}

static int send_rows(const cor_team *team, bool has_time,
                     cor_interactions *data)
{
    if (cor_team_size(team) == 1)
        return COR_OK;
    int32_t *to = NULL;
    cor_route *route = NULL;
    COR_TRY(cor_agree(team, COR_NEW(&to, data->rows)));
    int64_t moving = find_owners(team, data, to);
    cor_team_sum(team, &moving, 1);
    int rc = COR_OK;
    if (moving)
        rc = cor_route_create(team, to, data->rows, &route);
    cor_free(to);
    if (rc == COR_OK && moving)
        rc = send_columns(team, route, has_time, data);
    cor_route_destroy(&route);
    return rc;
}

static int sort_rows(const cor_team *team, cor_interactions *data)
{
    int rank = cor_team_rank(team);
    int64_t first = cor_shards_first_row(data->user_shards, rank);
    int64_t users = cor_shards_first_row(data->user_shards, rank + 1) - first;
    return cor_order_rows(data, first, users, cor_team_threads(team));
}

int cor_interactions_arrange(const cor_team *team, int64_t shard_count,
                             cor_interactions *data)
{
    if (shard_count < 1)
        return cor_fail(COR_EUSAGE, "%lld shards: give at least 1",
                        (long long)shard_count);
    int64_t has_time = data->time != NULL;
    cor_team_max(team, &has_time, 1);
    COR_TRY(cut_shards(team, shard_count, data));
    COR_TRY(send_rows(team, has_time, data));
    return cor_agree(team, sort_rows(team, data));
}

int cor_interactions_place_ids(const cor_team *team, cor_interactions *data)
{
    int rank = cor_team_rank(team), size = cor_team_size(team);
    int64_t user = cor_shards_first_row(data->user_shards, rank);
    int64_t user_end = cor_shards_first_row(data->user_shards, rank + 1);
    int64_t item = cor_cut_begin(data->items, rank, size);
    int64_t items = cor_cut_begin(data->items, rank + 1, size) - item;
    if (data->user_id.total)
        COR_TRY(cor_ids_move(team, &data->user_id, user, user_end - user));
    if (data->item_id.total)
        COR_TRY(cor_ids_move(team, &data->item_id, item, items));
    if (data->item_title.total)
        COR_TRY(cor_ids_move(team, &data->item_title, item, items));
    return COR_OK;
}
