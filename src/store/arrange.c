/* Rows to the ranks that own their users, and each user's rows in order.
 *
 * Rows are counted by user on even blocks of users, one block a rank, so that
 * no rank holds all users; the running counts give the shards. Rows that are in
 * order already, as after a cut, then travel in slices of their columns; others
 * are put in order by order.c. */
#include "coracle/interactions.h"

#include "coracle/cut.h"
#include "coracle/exchange.h"
#include "coracle/memory.h"
#include "order.h"

#include <string.h>

enum { BATCH = 1 << 20 };

/* Users and how many of my rows they have. */
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

static int make_runs(int64_t count, user_runs *runs)
{
    COR_TRY(COR_NEW(&runs->user, count));
    COR_TRY(COR_NEW(&runs->rows, count));
    return COR_NEW(&runs->to, count);
}

static void add_run(const cor_team *team, const cor_interactions *data,
                    int32_t user, int64_t rows, user_runs *runs)
{
    runs->user[runs->count] = user;
    runs->rows[runs->count] = rows;
    runs->to[runs->count++] =
        (int32_t)cor_cut_part(data->users, user, cor_team_size(team));
}

/* Runs of equal users: most inputs come grouped by user, so this is far less to
   send than the rows. */
static int find_runs(const cor_team *team, const cor_interactions *data,
                     int64_t begin, int64_t end, user_runs *runs)
{
    const int32_t *user = data->user;
    COR_TRY(make_runs(end - begin, runs));
    for (int64_t i = begin, next; i < end; i = next) {
        for (next = i + 1; next < end && user[next] == user[i];)
            next++;
        add_run(team, data, user[i], next - i, runs);
    }
    return COR_OK;
}

/* Whether a count for every user costs less than my rows do; then rows in no
   order are counted a few times faster. */
static bool can_tally(const cor_interactions *data)
{
    return data->users <= 2 * data->rows && data->rows <= UINT32_MAX;
}

/* All my rows, each user once. */
static int tally_users(const cor_team *team, const cor_interactions *data,
                       user_runs *runs)
{
    uint32_t *tally;
    int64_t seen = 0;
    COR_TRY(COR_NEW_ZEROED(&tally, data->users));
    for (int64_t i = 0; i < data->rows; i++)
        seen += tally[data->user[i]]++ == 0;
    int rc = make_runs(seen, runs);
    for (int64_t u = 0; rc == COR_OK && u < data->users; u++)
        if (tally[u])
            add_run(team, data, (int32_t)u, tally[u], runs);
    cor_free(tally);
    return rc;
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

/* Count rows of mine: all at the first batch where they can be tallied, else
   those of the batch. Collective. */
static int count_batch(const cor_team *team, const cor_interactions *data,
                       int64_t batch, int64_t first_user, int64_t *rows)
{
    user_runs runs = {0};
    cor_route *route = NULL;
    int64_t begin = batch * BATCH < data->rows ? batch * BATCH : data->rows;
    int64_t end = begin + BATCH < data->rows ? begin + BATCH : data->rows;
    int rc = COR_OK;
    if (!can_tally(data))
        rc = find_runs(team, data, begin, end, &runs);
    else if (batch == 0)
        rc = tally_users(team, data, &runs);
    rc = cor_agree(team, rc);
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
    int64_t batches = can_tally(data) ? 1 : (data->rows + BATCH - 1) / BATCH;
    cor_team_max(team, &batches, 1);
    for (int64_t b = 0; b < batches; b++)
        COR_TRY(count_batch(team, data, b, first_user, rows));
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

/* ---- rows in order ---- */

static bool before(const cor_interactions *data, int64_t i, int64_t j)
{
    return data->user[i] < data->user[j] ||
           (data->user[i] == data->user[j] &&
            (!data->time || data->time[i] <= data->time[j]));
}

static bool ascending(const cor_interactions *data)
{
    for (int64_t i = 1; i < data->rows; i++)
        if (!before(data, i - 1, i))
            return false;
    return true;
}

/* The first and the last row of a rank, as rows 0 and 1. */
typedef struct ends {
    int64_t rows; /* of the rank */
    int32_t user[2];
    int64_t time[2];
} ends;

static ends ends_of(const cor_interactions *data)
{
    ends e = {.rows = data->rows};
    int64_t last = data->rows - 1;
    if (data->rows == 0)
        return e;
    e.user[0] = data->user[0], e.user[1] = data->user[last];
    if (data->time)
        e.time[0] = data->time[0], e.time[1] = data->time[last];
    return e;
}

/* Whether all rows are in order, rank by rank. Collective. @param[out] all  the
   ends of every rank's */
static bool in_order(const cor_team *team, const cor_interactions *data,
                     ends *all)
{
    ends mine = ends_of(data), last = {0};
    int64_t in_order = ascending(data);
    cor_team_min(team, &in_order, 1);
    cor_team_gather(team, &mine, sizeof mine, all);
    for (int r = 0; r < cor_team_size(team); r++) {
        ends next = all[r];
        if (next.rows == 0)
            continue;
        if (last.rows &&
            (last.user[1] > next.user[0] ||
             (last.user[1] == next.user[0] && last.time[1] > next.time[0])))
            in_order = false;
        last = next;
    }
    return in_order;
}

/* My rows of users before `user`. */
static int64_t rows_before(const cor_interactions *data, int64_t user)
{
    int64_t low = 0, high = data->rows;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (data->user[middle] < user)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Replace a column by the one that arrives: rows of other ranks before and
   behind my own, which are rows [first, ...) of the old one. Collective. */
static int travel(const cor_team *team, const cor_route *route, int64_t first,
                  void *column, size_t width)
{
    int rank = cor_team_rank(team);
    int64_t size = (int64_t)width, all = cor_route_arrivals(route) * size;
    int64_t before = cor_route_arrivals_from(route, rank) * size;
    int64_t own = cor_route_arrivals_from(route, rank + 1) * size - before;
    char *old, *fresh = NULL, *others = NULL;
    memcpy(&old, column, sizeof old);
    int rc = cor_allocate(&others, all - own, 1, "interactions");
    if (rc == COR_OK)
        rc = cor_allocate(&fresh, all, 1, "interactions");
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_route_send_others(route, old, width, others);
    if (rc == COR_OK) {
        memcpy(fresh, others, (size_t)before);
        cor_move(fresh + before, old + first * size, own);
        memcpy(fresh + before + own, others + before,
               (size_t)(all - own - before));
        memcpy(column, &fresh, sizeof fresh);
        fresh = old;
    }
    cor_free(fresh);
    cor_free(others);
    return rc;
}

static int send_columns(const cor_team *team, const cor_route *route,
                        int64_t first, bool has_time, cor_interactions *data)
{
    COR_TRY(travel(team, route, first, &data->user, sizeof *data->user));
    COR_TRY(travel(team, route, first, &data->item, sizeof *data->item));
    COR_TRY(travel(team, route, first, &data->value, sizeof *data->value));
    if (has_time)
        COR_TRY(travel(team, route, first, &data->time, sizeof *data->time));
    for (int32_t k = 0; k < data->kept.count; k++) {
        cor_kept *column = &data->kept.column[k];
        if (column->category)
            COR_TRY(travel(team, route, first, &column->code,
                           sizeof *column->code));
        else
            COR_TRY(travel(team, route, first, &column->number,
                           sizeof *column->number));
    }
    data->rows = cor_route_arrivals(route);
    return COR_OK;
}

/* Slices of the columns to their ranks, where some have to move. Collective. */
static int shift_rows(const cor_team *team, bool has_time,
                      cor_interactions *data)
{
    int64_t *count = NULL, moving = 0, first = 0;
    int size = cor_team_size(team), rank = cor_team_rank(team);
    COR_TRY(cor_agree(team, COR_NEW(&count, size)));
    for (int r = 0; r < size; r++) {
        int64_t user = cor_shards_first_row(data->user_shards, r);
        int64_t end = cor_shards_first_row(data->user_shards, r + 1);
        int64_t before = rows_before(data, user);
        count[r] = rows_before(data, end) - before;
        first = r == rank ? before : first;
        moving += r == rank ? 0 : count[r];
    }
    cor_team_sum(team, &moving, 1);
    cor_route *route = NULL;
    int rc = COR_OK;
    if (moving)
        rc = cor_route_create_in_order(team, count, &route);
    cor_free(count);
    if (rc == COR_OK && moving)
        rc = send_columns(team, route, first, has_time, data);
    cor_route_destroy(&route);
    return rc;
}

static int check_users(const cor_interactions *data)
{
    for (int64_t i = 0; i < data->rows; i++)
        if (data->user[i] < 0 || data->user[i] >= data->users)
            return cor_fail(COR_EDEFECT,
                            "user %ld of a row is not among the %lld users",
                            (long)data->user[i], (long long)data->users);
    return COR_OK;
}

int cor_interactions_arrange(const cor_team *team, int64_t shard_count,
                             cor_interactions *data)
{
    ends *all = NULL;
    int64_t has_time = data->time != NULL;
    if (shard_count < 1)
        return cor_fail(COR_EUSAGE, "%lld shards: give at least 1",
                        (long long)shard_count);
    int rc = check_users(data);
    if (rc == COR_OK)
        rc = COR_NEW(&all, cor_team_size(team));
    rc = cor_agree(team, rc);
    bool ordered = rc == COR_OK && in_order(team, data, all);
    cor_free(all);
    COR_TRY(rc);
    cor_team_max(team, &has_time, 1);
    COR_TRY(cut_shards(team, shard_count, data));
    return ordered ? shift_rows(team, has_time, data)
                   : cor_order_rows(team, has_time, data);
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
    for (int32_t k = 0; k < data->kept.count; k++) {
        cor_ids *names = &data->kept.column[k].names;
        int64_t first = cor_cut_begin(names->total, rank, size);
        COR_TRY(
            cor_ids_move(team, names, first,
                         cor_cut_begin(names->total, rank + 1, size) - first));
    }
    return COR_OK;
}
