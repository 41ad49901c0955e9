#include "popular.h"

#include "coracle/cut.h"
#include "coracle/exchange.h"
#include "coracle/memory.h"
#include "coracle/sort.h"
#include "coracle/sum.h"

#include <math.h>
#include <string.h>

enum { INTEGER_WIDTH = 24 }; /* a 64-bit number as text, and the zero */

/* Ratings that the mean of all is worth beside an item's own, where nobody has
   said how many. */
static const double damping = 10;

cor_popularity cor_popularity_fallback(const cor_model *model)
{
    bool count =
        model->value_min == model->value_max || cor_model_is_feedback(model);
    return (cor_popularity){.by = count ? COR_POPULAR_COUNT : COR_POPULAR_MEAN,
                            .damping = damping};
}

/* Counts and sums of the items that this rank owns, an even run. */
typedef struct totals {
    int64_t first, items;
    int64_t *count;
    double *sum;
} totals;

static void totals_free(totals *t)
{
    cor_free(t->count);
    cor_free(t->sum);
}

static void add(totals *t, int64_t rows, const int32_t *item,
                const float *value)
{
    for (int64_t r = 0; r < rows; r++) {
        int64_t i = item[r] - t->first;
        t->count[i]++;
        t->sum[i] += (double)value[r];
    }
}

/* Rows travel to the owners of their items. They arrive in global row order,
   so that an item's sum is added up in that order on any number of ranks. */
static int send_and_add(const cor_team *team, const cor_route *route,
                        const cor_interactions *data, totals *t)
{
    int64_t arrivals = cor_route_arrivals(route);
    int32_t *item = NULL;
    float *value = NULL;
    int rc = COR_NEW(&item, arrivals);
    if (rc == COR_OK)
        rc = COR_NEW(&value, arrivals);
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_route_send(route, data->item, sizeof *item, item);
    if (rc == COR_OK)
        rc = cor_route_send(route, data->value, sizeof *value, value);
    if (rc == COR_OK)
        add(t, arrivals, item, value);
    cor_free(value);
    cor_free(item);
    return rc;
}

static int add_all(const cor_team *team, const cor_interactions *data,
                   totals *t)
{
    int size = cor_team_size(team);
    if (size == 1) {
        add(t, data->rows, data->item, data->value);
        return COR_OK;
    }
    int32_t *to = NULL;
    cor_route *route = NULL;
    int rc = cor_agree(team, COR_NEW(&to, data->rows));
    if (rc == COR_OK) {
#pragma omp parallel for num_threads(cor_team_threads(team))
        for (int64_t r = 0; r < data->rows; r++)
            to[r] = (int32_t)cor_cut_part(data->items, data->item[r], size);
        rc = cor_route_create(team, to, data->rows, &route);
    }
    cor_free(to);
    if (rc == COR_OK)
        rc = send_and_add(team, route, data, t);
    cor_route_destroy(&route);
    return rc;
}

static int find_totals(const cor_team *team, const cor_interactions *data,
                       totals *t)
{
    int64_t rank = cor_team_rank(team), size = cor_team_size(team);
    *t = (totals){.first = cor_cut_begin(data->items, rank, size)};
    t->items = cor_cut_begin(data->items, rank + 1, size) - t->first;
    int rc = COR_NEW_ZEROED(&t->count, t->items);
    if (rc == COR_OK)
        rc = COR_NEW_ZEROED(&t->sum, t->items);
    COR_TRY(cor_agree(team, rc));
    return add_all(team, data, t);
}

/* A key that ascends as the number descends. */
static uint64_t descending(double number)
{
    uint64_t bits;
    number += 0.0; /* a negative zero is a zero */
    memcpy(&bits, &number, sizeof bits);
    return bits >> 63 ? bits : bits ^ (UINT64_MAX >> 1);
}

/* What decides, last first: the item's number, then the lesser and the greater
   criterion. */
static uint64_t key_of(const cor_popular_item *item, enum cor_popular_by by,
                       int pass)
{
    if (pass == 0)
        return (uint64_t)item->item;
    bool mean = (by == COR_POPULAR_MEAN) == (pass == 2);
    if (!mean)
        return ~(uint64_t)item->count;
    return descending(pass == 2 ? item->score : item->mean);
}

/* Order by stable sorts: on return order[0] is the best of the list. */
static int sort_list(const cor_popular_item *list, int64_t count,
                     enum cor_popular_by by, int64_t *order)
{
    uint64_t *key = NULL;
    COR_TRY(COR_NEW(&key, count));
    int rc = COR_OK;
    for (int64_t i = 0; i < count; i++)
        order[i] = i;
    for (int pass = 0; rc == COR_OK && pass < 3; pass++) {
        for (int64_t i = 0; i < count; i++)
            key[i] = key_of(&list[order[i]], by, pass);
        rc = cor_sort_pairs(key, order, count);
    }
    cor_free(key);
    return rc;
}

static int keep_best(cor_popular_item *list, int64_t *count,
                     const cor_popular_options *options)
{
    int64_t kept = *count < options->most ? *count : options->most;
    int64_t *order = NULL;
    cor_popular_item *best = NULL;
    int rc = COR_NEW(&order, *count);
    if (rc == COR_OK)
        rc = COR_NEW(&best, kept);
    if (rc == COR_OK)
        rc = sort_list(list, *count, options->how.by, order);
    if (rc == COR_OK) {
        for (int64_t i = 0; i < kept; i++)
            best[i] = list[order[i]];
        memcpy(list, best, (size_t)kept * sizeof *list);
        *count = kept;
    }
    cor_free(best);
    cor_free(order);
    return rc;
}

static cor_popular_item describe(const totals *t, int64_t i,
                                 const cor_popularity *how, double mean)
{
    cor_popular_item item = {.item = t->first + i, .count = t->count[i]};
    double count = (double)item.count;
    item.mean = item.score = t->sum[i] / count;
    if (how->by == COR_POPULAR_COUNT || how->damping > 0)
        item.score = cor_popularity_base(how, mean) +
                     cor_popularity_offset(how, count, item.mean, mean);
    return item;
}

/* My items with enough interactions, the best of them. */
static int best_of_mine(const totals *t, const cor_popular_options *options,
                        double mean, cor_popular_item **list, int64_t *count)
{
    COR_TRY(COR_NEW(list, t->items));
    for (int64_t i = 0; i < t->items; i++)
        if (t->count[i] >= options->min_interactions)
            (*list)[(*count)++] = describe(t, i, &options->how, mean);
    return keep_best(*list, count, options);
}

/* The mean of all values, for a damped mean; 0 where it does not count. */
static int find_mean(const cor_team *team, const cor_interactions *data,
                     const cor_popularity *how, double *mean)
{
    double *value = NULL, rows = (double)cor_shards_rows(data->row_shards);
    *mean = 0;
    if (how->by == COR_POPULAR_COUNT || how->damping == 0 || rows == 0)
        return COR_OK;
    int rc = cor_agree(team, COR_NEW(&value, data->rows));
    for (int64_t r = 0; rc == COR_OK && r < data->rows; r++)
        value[r] = (double)data->value[r];
    if (rc == COR_OK)
        rc = cor_sum_rows(team, data->row_shards, value, mean);
    *mean /= rows;
    cor_free(value);
    return rc;
}

int popular_check(const cor_popular_options *options)
{
    if (options->most < 1 || options->min_interactions < 1)
        return cor_fail(COR_EUSAGE, "the number of items and their least "
                                    "interactions must be 1 or more");
    if (!(options->how.damping >= 0) || !isfinite(options->how.damping))
        return cor_fail(COR_EUSAGE,
                        "--damping must be 0 interactions or more, not %g",
                        options->how.damping);
    return COR_OK;
}

int cor_popular_items(const cor_team *team, const cor_interactions *data,
                      const cor_popular_options *options,
                      cor_popular_item **list, int64_t *count)
{
    *list = NULL;
    *count = 0;
    COR_TRY(popular_check(options));
    totals t;
    double mean;
    cor_popular_item *mine = NULL;
    int64_t mine_count = 0;
    COR_TRY(find_mean(team, data, &options->how, &mean));
    int rc = find_totals(team, data, &t);
    if (rc == COR_OK)
        rc = cor_agree(team,
                       best_of_mine(&t, options, mean, &mine, &mine_count));
    totals_free(&t);
    if (rc == COR_OK)
        rc =
            cor_team_collect(team, mine, mine_count, sizeof *mine, list, count);
    cor_free(mine);
    if (rc == COR_OK)
        rc = cor_agree(team, keep_best(*list, count, options));
    if (rc != COR_OK) {
        cor_free(*list);
        *list = NULL;
        *count = 0;
    }
    return rc;
}

/* My texts among those wanted, each after the number of its place. */
static int pack_texts(const cor_ids *table, const cor_popular_item *list,
                      int64_t count, int64_t width, char **packed,
                      int64_t *mine)
{
    size_t size = sizeof(int64_t) + (size_t)width;
    COR_TRY(cor_allocate_zeroed(packed, count, size, "texts of items"));
    for (int64_t i = 0; i < count; i++) {
        int64_t row = list[i].item - table->first;
        if (row < 0 || row >= table->count)
            continue;
        char *to = *packed + (size_t)(*mine)++ * size;
        memcpy(to, &i, sizeof i);
        cor_ids_print(table, row, to + sizeof i, (size_t)width);
    }
    return COR_OK;
}

int cor_popular_texts(const cor_team *team, const cor_ids *table,
                      const cor_popular_item *list, int64_t count, char **text,
                      int64_t *width)
{
    char *packed = NULL, *all = NULL;
    int64_t mine = 0, total = 0;
    *width = table->text ? table->width + 1 : INTEGER_WIDTH;
    size_t size = sizeof(int64_t) + (size_t)*width;
    *text = NULL;
    int rc = pack_texts(table, list, count, *width, &packed, &mine);
    if (rc == COR_OK)
        rc = cor_allocate_zeroed(text, count, (size_t)*width, "texts of items");
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_team_collect(team, packed, mine, size, &all, &total);
    for (int64_t i = 0; rc == COR_OK && i < total; i++) {
        int64_t place;
        memcpy(&place, all + (size_t)i * size, sizeof place);
        memcpy(*text + place * *width, all + (size_t)i * size + sizeof place,
               (size_t)*width);
    }
    cor_free(all);
    cor_free(packed);
    return rc;
}

cor_plan cor_popular_plan(const cor_team *team,
                          const cor_interactions_summary *store, bool train)
{
    int64_t size = cor_team_size(team);
    int64_t rows = store->interactions / size + 1;
    /* the fullest rank has a shard more; columns, the way to the items' owners,
       the values once more as doubles */
    int64_t shards = store->shards > 0 ? store->shards : 1;
    int64_t most = rows + store->interactions / shards + 1;
    most = most < store->interactions ? most : store->interactions;
    cor_plan plan = {.rows_rank = most,
                     .bytes_rank = cor_plan_base() +
                                   most * (3 * 4 + 8 + (size > 1 ? 16 : 0)) +
                                   (store->items / size + 1) * 72};
    if (train) { /* both sides, see cor_baseline_plan, and a model's columns */
        int64_t sides = store->users + store->items;
        plan.bytes_rank += most * 40 + (sides / size + 1) * 80;
        plan.bytes_disk = sides * 24;
    }
    return plan;
}
