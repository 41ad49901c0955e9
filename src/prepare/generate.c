#include "coracle/generate.h"

#include "activity.h"
#include "choice.h"
#include "coracle/cut.h"
#include "coracle/exchange.h"
#include "coracle/memory.h"
#include "coracle/random.h"
#include "need.h"
#include "numbered.h"
#include "planted.h"

#include <math.h>
#include <omp.h>

/* From 1995-01-09 to 2015-03-31, as the MovieLens collections. */
#define TIME_BEGIN 789652009
#define TIME_SPAN 638131993.0

cor_generate_options cor_generate_default(void)
{
    return (cor_generate_options){.users = 10000,
                                  .items = 2000,
                                  .interactions = 1000000,
                                  .rank = 16,
                                  .noise = 0.75,
                                  .seed = 42};
}

int cor_generate_check(const cor_generate_options *options)
{
    int64_t users = options->users, items = options->items;
    int64_t rows = options->interactions;
    if (users < 1 || items < 1 || rows < 1)
        return cor_fail(COR_EUSAGE, "users, items and interactions must be at "
                                    "least 1");
    if (users > INT32_MAX || items > INT32_MAX)
        return cor_fail(COR_EUSAGE, "users and items are at most %d",
                        INT32_MAX);
    if ((rows - 1) / users >= items)
        return cor_fail(COR_EUSAGE,
                        "%lld interactions are more than there are pairs of "
                        "%lld users and %lld items; ask for fewer",
                        (long long)rows, (long long)users, (long long)items);
    if (options->rank < 0 || options->rank > COR_PLANTED_RANK_LIMIT)
        return cor_fail(COR_EUSAGE, "the rank must be from 0 to %d",
                        COR_PLANTED_RANK_LIMIT);
    if (!(options->noise >= 0.0) || !isfinite(options->noise))
        return cor_fail(COR_EUSAGE, "the noise must be 0 or more");
    if (options->shards < 0 || options->shards > COR_SHARDS_LIMIT)
        return cor_fail(COR_EUSAGE,
                        "the shards must be from 1 to %d, or 0 to choose by "
                        "size",
                        COR_SHARDS_LIMIT);
    return COR_OK;
}

/* Cut the shards by the users' rows. `start` is filled with the number of rows
   before each user of the run and one more. */
static int cut_shards(const cor_team *team, const cor_generate_options *options,
                      const cor_activity *activity, int64_t *start,
                      cor_interactions *data)
{
    int64_t mine = 0, shards = options->shards;
    for (int64_t u = 0; u < activity->count; u++)
        mine += activity->rows[u];
    start[0] = cor_team_before(team, mine, NULL);
    for (int64_t u = 0; u < activity->count; u++)
        start[u + 1] = start[u] + activity->rows[u];
    if (shards == 0)
        shards = cor_shards_default_count(options->interactions);
    int64_t *row_begin = NULL, *user_begin = NULL;
    int rc = COR_NEW(&row_begin, shards + 1);
    if (rc == COR_OK)
        rc = COR_NEW(&user_begin, shards + 1);
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_interactions_cut(
            team, shards, options->users, options->interactions,
            activity->first, activity->count, start, row_begin, user_begin);
    if (rc == COR_OK)
        rc = cor_shards_create(team, shards, row_begin, &data->row_shards);
    if (rc == COR_OK)
        rc = cor_shards_create_like(data->row_shards, user_begin,
                                    &data->user_shards);
    cor_free(user_begin);
    cor_free(row_begin);
    return cor_agree(team, rc);
}

/* Bring the users' counts from the even runs to the owners of the users; the
   run in `activity` is replaced. */
static int place_users(const cor_team *team, const cor_shards *users,
                       cor_activity *activity)
{
    int32_t *to = NULL;
    int64_t *rows = NULL;
    cor_route *route = NULL;
    int rc = COR_NEW(&to, activity->count);
    for (int64_t u = 0; rc == COR_OK && u < activity->count; u++)
        to[u] = cor_shards_owner(users, activity->first + u);
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_route_create(team, to, activity->count, &route);
    if (rc == COR_OK)
        rc = cor_agree(team, COR_NEW(&rows, cor_route_arrivals(route)));
    if (rc == COR_OK)
        rc = cor_route_send(route, activity->rows, sizeof *rows, rows);
    if (rc == COR_OK) {
        cor_free(activity->rows);
        activity->rows = rows;
        activity->count = cor_route_arrivals(route);
        activity->first = cor_shards_first_row(users, cor_team_rank(team));
        rows = NULL;
    }
    cor_free(rows);
    cor_route_destroy(&route);
    cor_free(to);
    return rc;
}

/* What a thread needs to make a user's rows. */
typedef struct maker {
    const cor_planted *model;
    cor_choice *choice;
    cor_planted_user *user;
    double *gap; /* most + 1: times between the user's rows */
} maker;

static int maker_create(const cor_generate_options *options,
                        const cor_planted *model, int64_t most, maker *make)
{
    *make = (maker){.model = model};
    COR_TRY(cor_choice_create((uint64_t)options->seed, options->items,
                              options->interactions, most, &make->choice));
    COR_TRY(COR_NEW(&make->user, 1));
    return COR_NEW(&make->gap, most + 1);
}

static void maker_destroy(maker *make)
{
    cor_free(make->gap);
    cor_free(make->user);
    cor_choice_destroy(&make->choice);
}

/* `count` uniform times in ascending order: exponential gaps, scaled so that
   count + 1 of them fill the span. */
static void make_times(const maker *make, int64_t user, int64_t count,
                       int64_t *time)
{
    double unit[2], sum = 0.0;
    for (int64_t k = 0; k <= count; k++) {
        if (k % 2 == 0)
            cor_random_units(cor_random_at(make->model->seed, COR_STREAM_TIME,
                                           (uint64_t)user, (uint32_t)(k / 2)),
                             unit);
        sum -= log1p(-unit[k % 2]);
        make->gap[k] = sum;
    }
    for (int64_t k = 0; k < count; k++)
        time[k] = TIME_BEGIN +
                  (int64_t)(sum > 0.0 ? TIME_SPAN * (make->gap[k] / sum) : 0.0);
}

/* Rows [from, from + count) of mine are those of a user; `first` is the global
   number of the first. */
static void make_user(maker *make, int64_t user, int64_t first, int64_t count,
                      int64_t from, cor_interactions *data)
{
    cor_choice_draw(make->choice, user, first, count, data->item + from);
    make_times(make, user, count, data->time + from);
    cor_planted_user_set(make->model, user, make->user);
    for (int64_t k = 0; k < count; k++) {
        data->user[from + k] = (int32_t)user;
        data->value[from + k] =
            cor_planted_value(make->model, make->user, data->item[from + k], k);
    }
}

static void make_rows(maker *make, int threads, const cor_activity *activity,
                      const int64_t *start, cor_progress *progress,
                      cor_interactions *data)
{
#pragma omp parallel for num_threads(threads) schedule(dynamic, 64)
    for (int64_t u = 0; u < activity->count; u++) {
        int thread = omp_get_thread_num();
        if (activity->rows[u] > 0)
            make_user(&make[thread], activity->first + u, start[u],
                      activity->rows[u], start[u] - start[0], data);
        if (thread == 0 && u % 64 == 0)
            cor_progress_update(progress, u);
    }
}

static int make_by_threads(const cor_team *team,
                           const cor_generate_options *options,
                           const cor_activity *activity, const int64_t *start,
                           cor_progress *progress, cor_interactions *data)
{
    cor_planted model = cor_planted_model((uint64_t)options->seed,
                                          options->rank, options->noise);
    int threads = cor_team_threads(team);
    int64_t most = 0;
    for (int64_t u = 0; u < activity->count; u++)
        if (activity->rows[u] > most)
            most = activity->rows[u];
    maker *make = NULL;
    int rc = COR_NEW_ZEROED(&make, threads);
    for (int t = 0; rc == COR_OK && t < threads; t++)
        rc = maker_create(options, &model, most, &make[t]);
    if (rc == COR_OK)
        make_rows(make, threads, activity, start, progress, data);
    for (int t = 0; make && t < threads; t++)
        maker_destroy(&make[t]);
    cor_free(make);
    return rc;
}

static int make_mine(const cor_team *team, const cor_generate_options *options,
                     const cor_activity *activity, cor_progress *progress,
                     cor_interactions *data)
{
    int64_t *start = NULL;
    COR_TRY(COR_NEW(&start, activity->count + 1));
    start[0] = cor_shards_first_row(data->row_shards, cor_team_rank(team));
    for (int64_t u = 0; u < activity->count; u++)
        start[u + 1] = start[u] + activity->rows[u];
    data->rows = start[activity->count] - start[0];
    int rc = COR_NEW(&data->user, data->rows);
    if (rc == COR_OK)
        rc = COR_NEW(&data->item, data->rows);
    if (rc == COR_OK)
        rc = COR_NEW(&data->value, data->rows);
    if (rc == COR_OK)
        rc = COR_NEW(&data->time, data->rows);
    if (rc == COR_OK)
        rc = make_by_threads(team, options, activity, start, progress, data);
    cor_free(start);
    return rc;
}

int cor_generate(const cor_team *team, const cor_generate_options *options,
                 cor_progress *progress, cor_interactions *data)
{
    *data =
        (cor_interactions){.users = options->users, .items = options->items};
    COR_TRY(cor_generate_check(options));
    cor_activity activity = {0};
    int64_t *start = NULL;
    int rc = cor_activity_deal(team, options, &activity);
    if (rc == COR_OK)
        rc = cor_agree(team, COR_NEW(&start, activity.count + 1));
    if (rc == COR_OK)
        rc = cut_shards(team, options, &activity, start, data);
    cor_free(start);
    if (rc == COR_OK)
        rc = place_users(team, data->user_shards, &activity);
    cor_progress_begin(progress, "generate", activity.count);
    if (rc == COR_OK)
        rc = cor_agree(team,
                       make_mine(team, options, &activity, progress, data));
    cor_progress_end(progress);
    if (rc == COR_OK)
        rc = cor_numbered_names(team, options->titles, data);
    cor_free(activity.rows);
    return rc;
}

cor_plan cor_generate_plan(const cor_team *team,
                           const cor_generate_options *options)
{
    int64_t rows = options->interactions, shards = options->shards;
    if (shards == 0)
        shards = cor_shards_default_count(rows);
    int64_t most = cor_need_rows(team, rows, shards);
    int64_t users = options->users / cor_team_size(team) + 1;
    int64_t thread = options->items * 16; /* for who has half of the items */
    return (cor_plan){.rows_rank = most,
                      .bytes_rank = cor_plan_base() +
                                    most * cor_need_columns(true) + users * 40 +
                                    cor_team_threads(team) * thread,
                      .bytes_disk = cor_need_disk(rows, options->users,
                                                  options->items, true)};
}
