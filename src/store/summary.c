#include "summary.h"

#include "coracle/cut.h"
#include "coracle/exchange.h"
#include "coracle/memory.h"
#include "coracle/sum.h"

#include <math.h>

/* Sum, in row order, and range of the values of one shard; false where one is
   not finite. */
static bool shard_values(const float *value, int64_t count, double *sum,
                         double range[2])
{
    double total = 0;
    float low = INFINITY, high = -INFINITY;
    for (int64_t i = 0; i < count; i++) {
        total += (double)value[i];
        low = value[i] < low ? value[i] : low;
        high = value[i] > high ? value[i] : high;
    }
    *sum = total;
    range[0] = low;
    range[1] = high;
    return isfinite(total); /* doubles hold any sum of finite floats */
}

static int find_values(const cor_team *team, const cor_interactions *data,
                       double *sum, double range[2])
{
    const cor_shards *shards = data->row_shards;
    int rank = cor_team_rank(team);
    int64_t first = cor_shards_first(shards, rank), failed = 0;
    int64_t count = cor_shards_first(shards, rank + 1) - first;
    int64_t first_row = cor_shards_first_row(shards, rank);
    double low = INFINITY, high = -INFINITY;
#pragma omp parallel for num_threads(cor_team_threads(team))                   \
    reduction(min : low) reduction(max : high) reduction(+ : failed)           \
    schedule(dynamic)
    for (int64_t s = 0; s < count; s++) {
        int64_t begin = cor_shards_begin(shards, first + s);
        int64_t end = cor_shards_begin(shards, first + s + 1);
        double here[2];
        failed += !shard_values(data->value + (begin - first_row), end - begin,
                                &sum[s], here);
        low = here[0] < low ? here[0] : low;
        high = here[1] > high ? here[1] : high;
    }
    range[0] = low;
    range[1] = high;
    return failed ? cor_fail(COR_ENUMERIC,
                             "a value of the interactions is not finite, so "
                             "they are not written")
                  : COR_OK;
}

static int summarise_values(const cor_team *team, const cor_interactions *data,
                            cor_interactions_summary *summary)
{
    int rank = cor_team_rank(team);
    int64_t shards = cor_shards_first(data->row_shards, rank + 1) -
                     cor_shards_first(data->row_shards, rank);
    double *sum = NULL, range[2], total;
    int rc = COR_NEW(&sum, shards);
    if (rc == COR_OK)
        rc = find_values(team, data, sum, range);
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_sum_shards(team, data->row_shards, 1, sum, &total);
    cor_free(sum);
    COR_TRY(rc);
    cor_team_min_double(team, &range[0], 1);
    cor_team_max_double(team, &range[1], 1);
    if (summary->interactions == 0)
        return COR_OK;
    summary->value_min = range[0];
    summary->value_max = range[1];
    summary->value_mean = total / (double)summary->interactions;
    return COR_OK;
}

static void summarise_times(const cor_team *team, const cor_interactions *data,
                            cor_interactions_summary *summary)
{
    int64_t low = INT64_MAX, high = INT64_MIN, has_time = data->time != NULL;
    cor_team_max(team, &has_time, 1);
    summary->has_time = has_time;
    if (!has_time)
        return;
    for (int64_t i = 0; i < data->rows; i++) {
        low = data->time[i] < low ? data->time[i] : low;
        high = data->time[i] > high ? data->time[i] : high;
    }
    cor_team_min(team, &low, 1);
    cor_team_max(team, &high, 1);
    if (summary->interactions == 0)
        return;
    summary->time_min = low;
    summary->time_max = high;
}

/* My items, each once: a bit an item says whether it was seen. */
static int distinct_items(const cor_interactions *data, int64_t *count,
                          int32_t **item)
{
    uint64_t *seen = NULL;
    int64_t found = 0;
    COR_TRY(COR_NEW_ZEROED(&seen, data->items / 64 + 1));
    for (int64_t i = 0; i < data->rows; i++) {
        uint64_t *word = &seen[data->item[i] / 64];
        uint64_t bit = UINT64_C(1) << (data->item[i] % 64);
        found += !(*word & bit);
        *word |= bit;
    }
    int rc = COR_NEW(item, found);
    if (rc == COR_OK) {
        *count = 0;
        for (int64_t i = 0; i < data->items; i++)
            if (seen[i / 64] >> (i % 64) & 1)
                (*item)[(*count)++] = (int32_t)i;
    }
    cor_free(seen);
    return rc;
}

/* Of the items of my even part, how many came from any rank. Collective. */
static int count_arrived(const cor_team *team, const cor_route *route,
                         const int32_t *item, int64_t items, int64_t *count)
{
    int rank = cor_team_rank(team), size = cor_team_size(team);
    int64_t first = cor_cut_begin(items, rank, size);
    int64_t mine = cor_cut_begin(items, rank + 1, size) - first;
    int64_t arrivals = cor_route_arrivals(route);
    int32_t *arrived = NULL;
    char *seen = NULL;
    int rc = COR_NEW(&arrived, arrivals);
    if (rc == COR_OK)
        rc = COR_NEW_ZEROED(&seen, mine);
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_route_send(route, item, sizeof *item, arrived);
    *count = 0;
    for (int64_t i = 0; rc == COR_OK && i < arrivals; i++) {
        *count += !seen[arrived[i] - first];
        seen[arrived[i] - first] = 1;
    }
    cor_free(seen);
    cor_free(arrived);
    return rc;
}

/* Items with rows; each is counted by the rank of its even part. */
static int count_items(const cor_team *team, const cor_interactions *data,
                       int64_t *items)
{
    int64_t count = 0;
    int32_t *item = NULL, *to = NULL;
    cor_route *route = NULL;
    int rc = distinct_items(data, &count, &item);
    if (rc == COR_OK)
        rc = COR_NEW(&to, count);
    rc = cor_agree(team, rc);
    if (rc == COR_OK) {
        for (int64_t i = 0; i < count; i++)
            to[i] = (int32_t)cor_cut_part(data->items, item[i],
                                          cor_team_size(team));
        rc = cor_route_create(team, to, count, &route);
    }
    if (rc == COR_OK)
        rc = count_arrived(team, route, item, data->items, items);
    cor_route_destroy(&route);
    cor_free(to);
    cor_free(item);
    if (rc == COR_OK)
        cor_team_sum(team, items, 1);
    return rc;
}

int cor_summary_find(const cor_team *team, const cor_interactions *data,
                     cor_interactions_summary *summary)
{
    summary->interactions = cor_shards_rows(data->row_shards);
    summary->shards = cor_shards_count(data->row_shards);
    summary->kept = data->kept.count;
    for (int32_t k = 0; k < data->kept.count; k++)
        summary->kept_bytes += (int64_t)cor_type_size(
            cor_kept_type(data->kept.column[k].category), 0);
    for (int64_t i = 0; i < data->rows; i++)
        summary->users += i == 0 || data->user[i] != data->user[i - 1];
    cor_team_sum(team, &summary->users, 1);
    COR_TRY(count_items(team, data, &summary->items));
    summarise_times(team, data, summary);
    return summarise_values(team, data, summary);
}

int cor_summary_put(cor_file *file, const cor_interactions_summary *summary)
{
    COR_TRY(cor_file_put_int64(file, "interactions/users", summary->users));
    COR_TRY(cor_file_put_int64(file, "interactions/items", summary->items));
    COR_TRY(cor_file_put_double(file, "interactions/value_min",
                                summary->value_min));
    COR_TRY(cor_file_put_double(file, "interactions/value_max",
                                summary->value_max));
    COR_TRY(cor_file_put_double(file, "interactions/value_mean",
                                summary->value_mean));
    if (!summary->has_time)
        return COR_OK;
    COR_TRY(
        cor_file_put_int64(file, "interactions/time_min", summary->time_min));
    return cor_file_put_int64(file, "interactions/time_max", summary->time_max);
}

static int summarise_kept(const cor_file *file, cor_interactions_summary *s)
{
    cor_kept_kind kind[COR_KEPT_LIMIT];
    COR_TRY(cor_kept_list(file, kind, &s->kept));
    for (int32_t k = 0; k < s->kept; k++)
        s->kept_bytes +=
            (int64_t)cor_type_size(cor_kept_type(kind[k].category), 0);
    return COR_OK;
}

int cor_interactions_summarise(const cor_team *team, const cor_file *file,
                               cor_interactions_summary *summary)
{
    (void)team; /* the file knows its own */
    enum cor_type type;
    int64_t width, columns, shards;
    cor_interactions_summary s = {0};
    COR_TRY(cor_file_shape(file, "interactions/user", &type, &width,
                           &s.interactions, &columns));
    COR_TRY(
        cor_file_shape(file, "shards/row", &type, &width, &shards, &columns));
    s.shards = shards - 1;
    COR_TRY(cor_file_get_int64(file, "interactions/users", &s.users));
    COR_TRY(cor_file_get_int64(file, "interactions/items", &s.items));
    COR_TRY(cor_file_get_double(file, "interactions/value_min", &s.value_min));
    COR_TRY(cor_file_get_double(file, "interactions/value_max", &s.value_max));
    COR_TRY(
        cor_file_get_double(file, "interactions/value_mean", &s.value_mean));
    s.has_time = cor_file_has(file, "interactions/time");
    if (s.has_time) {
        COR_TRY(cor_file_get_int64(file, "interactions/time_min", &s.time_min));
        COR_TRY(cor_file_get_int64(file, "interactions/time_max", &s.time_max));
    }
    COR_TRY(summarise_kept(file, &s));
    COR_TRY(cor_file_get_text(file, "digest", s.digest, sizeof s.digest));
    *summary = s;
    return COR_OK;
}
