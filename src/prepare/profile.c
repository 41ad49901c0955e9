#include "coracle/profile.h"

#include "coracle/exchange.h"
#include "coracle/map.h"
#include "coracle/memory.h"
#include "coracle/sort.h"

#include <string.h>

/* More different values than this are counted in bins. */
enum { DISTINCT = 100, BINS = 20 };

/* A value and how many interactions have it. */
typedef struct value_count {
    uint64_t key; /* orders as the value does */
    int64_t count;
} value_count;

/* The unsigned key whose order is that of a float, and back. */
static uint64_t key_of(float value)
{
    uint32_t bits;
    value += 0.0f; /* a zero has one key */
    memcpy(&bits, &value, sizeof bits);
    return bits & 0x80000000u ? (uint32_t)~bits : bits | 0x80000000u;
}

static float value_of(uint64_t key)
{
    uint32_t bits = (uint32_t)key;
    float value;
    bits = bits & 0x80000000u ? bits & 0x7fffffffu : ~bits;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Count my values; `count` is DISTINCT + 1 where there are more. */
static int count_mine(const cor_interactions *data, value_count *found,
                      int64_t *count)
{
    cor_map *map;
    *count = 0;
    COR_TRY(cor_map_create(false, DISTINCT + 1, &map));
    int rc = COR_OK;
    for (int64_t i = 0; rc == COR_OK && i < data->rows; i++) {
        int64_t slot, key = (int64_t)key_of(data->value[i]);
        int64_t held = cor_map_count(map);
        rc = cor_map_put_int64(map, key, &slot);
        if (rc != COR_OK || slot == DISTINCT)
            break;
        if (slot == held)
            found[slot] = (value_count){(uint64_t)key, 0};
        found[slot].count++;
    }
    *count = cor_map_count(map);
    cor_map_destroy(&map);
    return rc;
}

/* Merge the counts of all ranks; `count` as in count_mine. */
static int merge_counts(value_count *all, int64_t total, value_count *found,
                        int64_t *count)
{
    uint64_t *key;
    int64_t *row;
    COR_TRY(COR_NEW(&key, total));
    int rc = COR_NEW(&row, total);
    for (int64_t i = 0; rc == COR_OK && i < total; i++) {
        key[i] = all[i].key;
        row[i] = i;
    }
    if (rc == COR_OK)
        rc = cor_sort_pairs(key, row, total);
    *count = 0;
    for (int64_t i = 0; rc == COR_OK && i < total && *count <= DISTINCT; i++) {
        bool fresh = i == 0 || key[i] != key[i - 1];
        if (fresh && (*count)++ < DISTINCT)
            found[*count - 1] = (value_count){key[i], 0};
        if (*count <= DISTINCT)
            found[*count - 1].count += all[row[i]].count;
    }
    cor_free(key);
    cor_free(row);
    return rc;
}

static void list_values(const value_count *found, int64_t count,
                        cor_result *histogram)
{
    for (int64_t i = 0; i < count; i++) {
        cor_result *one = cor_result_append_object(histogram);
        cor_result_real(one, "value", value_of(found[i].key));
        cor_result_int(one, "count", found[i].count);
    }
}

/* Too many values to list: equal bins, the last one closed. */
static void list_bins(const cor_team *team, const cor_interactions *data,
                      const cor_interactions_summary *summary,
                      cor_result *histogram)
{
    double low = summary->value_min, high = summary->value_max;
    double width = (high - low) / BINS;
    int64_t count[BINS] = {0};
    for (int64_t i = 0; i < data->rows; i++) {
        int bin = (int)(((double)data->value[i] - low) / width);
        count[bin < 0 ? 0 : bin < BINS ? bin : BINS - 1]++;
    }
    cor_team_sum(team, count, BINS);
    for (int b = 0; b < BINS; b++) {
        cor_result *one = cor_result_append_object(histogram);
        cor_result_real(one, "value", low + b * width);
        cor_result_real(one, "to", b + 1 < BINS ? low + (b + 1) * width : high);
        cor_result_int(one, "count", count[b]);
    }
}

static int report_histogram(const cor_team *team, const cor_interactions *data,
                            const cor_interactions_summary *summary,
                            cor_result *result)
{
    value_count mine[DISTINCT], found[DISTINCT], *all = NULL;
    int64_t count = 0, most, total;
    COR_TRY(cor_agree(team, count_mine(data, mine, &count)));
    cor_result *histogram = cor_result_list(result, "histogram");
    most = count;
    cor_team_max(team, &most, 1);
    if (most <= DISTINCT) {
        COR_TRY(
            cor_team_collect(team, mine, count, sizeof *mine, &all, &total));
        int rc = cor_agree(team, merge_counts(all, total, found, &most));
        cor_free(all);
        COR_TRY(rc);
    }
    if (most <= DISTINCT)
        list_values(found, most, histogram);
    else
        list_bins(team, data, summary, histogram);
    return COR_OK;
}

/* Of my sorted lengths, those that are at most `bound`. */
static int64_t count_up_to(const uint64_t *length, int64_t count, int64_t bound)
{
    int64_t low = 0, high = count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if ((int64_t)length[middle] <= bound)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

enum { QUANTILES = 7, PLACES = 2 * QUANTILES };

/* The lengths at some places of the sorted lengths of all ranks, by halving the
   interval that each lies in. Collective. */
static void select_places(const cor_team *team, const uint64_t *length,
                          int64_t count, const int64_t place[PLACES],
                          int64_t found[PLACES])
{
    int64_t low[PLACES], high[PLACES], most = 0, below[PLACES];
    if (count > 0)
        most = (int64_t)length[count - 1];
    cor_team_max(team, &most, 1);
    for (int q = 0; q < PLACES; q++) {
        low[q] = 0;
        high[q] = most;
    }
    for (int64_t width = most; width > 0; width /= 2) {
        for (int q = 0; q < PLACES; q++)
            below[q] =
                count_up_to(length, count, low[q] + (high[q] - low[q]) / 2);
        cor_team_sum(team, below, PLACES);
        for (int q = 0; q < PLACES; q++) {
            int64_t middle = low[q] + (high[q] - low[q]) / 2;
            if (below[q] > place[q])
                high[q] = middle;
            else if (low[q] < high[q])
                low[q] = middle + 1;
        }
    }
    memcpy(found, high, sizeof high);
}

/* Quantiles of the lengths of all ranks, between two of them by the straight
   line. Sorts `length`. Collective. */
static int report_quantiles(const cor_team *team, uint64_t *length,
                            int64_t count, const char *key, cor_result *result)
{
    static const char *const name[QUANTILES] = {"min", "p25", "median", "p75",
                                                "p90", "p99", "max"};
    static const double at[QUANTILES] = {0, 0.25, 0.5, 0.75, 0.9, 0.99, 1};
    int64_t place[PLACES], found[PLACES], total = count;
    COR_TRY(cor_agree(team, cor_sort_keys(length, count)));
    cor_team_sum(team, &total, 1);
    for (int q = 0; q < QUANTILES; q++) {
        double where = at[q] * (double)(total > 0 ? total - 1 : 0);
        place[2 * q] = (int64_t)where;
        place[2 * q + 1] = (int64_t)where + (where > (double)(int64_t)where);
    }
    select_places(team, length, count, place, found);
    cor_result *quantiles = cor_result_object(result, key);
    for (int q = 0; q < QUANTILES; q++) {
        double where = at[q] * (double)(total > 0 ? total - 1 : 0);
        double part = where - (double)place[2 * q];
        int64_t low = found[2 * q], high = found[2 * q + 1];
        if (q == 0 || q == QUANTILES - 1)
            cor_result_int(quantiles, name[q], low);
        else
            cor_result_real(quantiles, name[q],
                            (double)low + part * (double)(high - low));
    }
    return COR_OK;
}

/* Lengths of the runs of equal sorted keys, over `key` itself. */
static int64_t run_lengths(uint64_t *key, int64_t count)
{
    int64_t runs = 0;
    for (int64_t from = 0, to; from < count; from = to) {
        for (to = from + 1; to < count && key[to] == key[from];)
            to++;
        key[runs++] = (uint64_t)(to - from);
    }
    return runs;
}

static int report_users(const cor_team *team, const cor_interactions *data,
                        cor_result *result)
{
    uint64_t *length;
    COR_TRY(cor_agree(team, COR_NEW(&length, data->rows)));
    for (int64_t i = 0; i < data->rows; i++)
        length[i] = (uint64_t)data->user[i]; /* sorted already */
    int64_t count = run_lengths(length, data->rows);
    int rc = report_quantiles(team, length, count, "user_lengths", result);
    cor_free(length);
    return rc;
}

/* An item's rows as this rank has them. */
typedef struct item_counts {
    int64_t count;
    int64_t *item, *rows;
    int32_t *to; /* the rank that adds them up */
} item_counts;

static void item_counts_free(item_counts *counts)
{
    cor_free(counts->item);
    cor_free(counts->rows);
    cor_free(counts->to);
}

static int item_counts_create(int64_t count, item_counts *counts)
{
    counts->count = count;
    COR_TRY(COR_NEW(&counts->item, count));
    COR_TRY(COR_NEW(&counts->rows, count));
    return COR_NEW(&counts->to, count);
}

static int count_items(const cor_interactions *data, int size,
                       item_counts *counts)
{
    uint64_t *key;
    COR_TRY(COR_NEW(&key, data->rows));
    for (int64_t i = 0; i < data->rows; i++)
        key[i] = (uint64_t)data->item[i];
    int rc = cor_sort_keys(key, data->rows);
    int64_t runs = 0;
    for (int64_t i = 0; rc == COR_OK && i < data->rows; i++)
        runs += i == 0 || key[i] != key[i - 1];
    if (rc == COR_OK)
        rc = item_counts_create(runs, counts);
    runs = -1;
    for (int64_t i = 0; rc == COR_OK && i < data->rows; i++) {
        if (i == 0 || key[i] != key[i - 1]) {
            counts->item[++runs] = (int64_t)key[i];
            counts->rows[runs] = 0;
            counts->to[runs] = (int32_t)(key[i] % (uint64_t)size);
        }
        counts->rows[runs]++;
    }
    cor_free(key);
    return rc;
}

/* Rows of the items that this rank adds up: item i at i / size. */
static int add_items(const cor_team *team, const item_counts *mine,
                     uint64_t *rows)
{
    cor_route *route = NULL;
    item_counts here = {0};
    int size = cor_team_size(team);
    int rc = cor_route_create(team, mine->to, mine->count, &route);
    if (rc == COR_OK)
        rc = cor_agree(team,
                       item_counts_create(cor_route_arrivals(route), &here));
    if (rc == COR_OK)
        rc = cor_route_send(route, mine->item, 8, here.item);
    if (rc == COR_OK)
        rc = cor_route_send(route, mine->rows, 8, here.rows);
    for (int64_t j = 0; rc == COR_OK && j < here.count; j++)
        rows[here.item[j] / size] += (uint64_t)here.rows[j];
    cor_route_destroy(&route);
    item_counts_free(&here);
    return rc;
}

static int report_items(const cor_team *team, const cor_interactions *data,
                        cor_result *result)
{
    int size = cor_team_size(team);
    item_counts mine = {0};
    int64_t items = data->items / size + 1, seen = 0;
    uint64_t *rows = NULL;
    int rc = count_items(data, size, &mine);
    if (rc == COR_OK)
        rc = COR_NEW_ZEROED(&rows, items);
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = add_items(team, &mine, rows);
    for (int64_t i = 0; rc == COR_OK && i < items; i++)
        if (rows[i] > 0)
            rows[seen++] = rows[i];
    if (rc == COR_OK)
        rc = report_quantiles(team, rows, seen, "item_lengths", result);
    item_counts_free(&mine);
    cor_free(rows);
    return rc;
}

int cor_profile(const cor_team *team, const cor_interactions *data,
                const cor_interactions_summary *summary, cor_result *result)
{
    COR_TRY(report_histogram(team, data, summary, result));
    COR_TRY(report_users(team, data, result));
    return report_items(team, data, result);
}
