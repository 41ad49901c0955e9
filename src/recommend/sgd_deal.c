/*
 * Dealing: every item gets a place in one of the columns, so that columns have
 * about equal ratings and about equal items.
 *
 * Heavy items, which every rank knows, go one by one to the column that has the
 * least so far. The others stay in the parts that the items' shards make of
 * them, so that nobody sorts all: those of part p, the most rated first, go to
 * columns p, p + 1, ... in turn.
 */
#include "coracle/memory.h"
#include "coracle/sort.h"
#include "sgd_state.h"

#include <string.h>

typedef struct heavy_item {
    int64_t item, count;
} heavy_item;

typedef struct dealing {
    const cor_team *team;
    const cor_shards *items;
    const int64_t *count; /* my items */
    int64_t size, first;
    int64_t heavy_from; /* least ratings of a heavy item */
    heavy_item *heavy;
    int64_t heavies;
    int64_t *light;  /* by part: its light items */
    int64_t *filled; /* columns: places taken so far */
    int64_t *place;
} dealing;

static int find_heavy(dealing *d, int64_t rows)
{
    heavy_item *mine = NULL;
    int64_t total = 0, found = 0;
    for (int64_t i = 0; i < rows; i++)
        total += d->count[i];
    cor_team_sum(d->team, &total, 1);
    d->heavy_from = total / (8 * d->size) + 1;
    int rc = cor_allocate(&mine, rows, sizeof *mine, "popular items");
    for (int64_t i = 0; rc == COR_OK && i < rows; i++)
        if (d->count[i] >= d->heavy_from)
            mine[found++] = (heavy_item){d->first + i, d->count[i]};
    rc = cor_agree(d->team, rc);
    if (rc == COR_OK)
        rc = cor_team_collect(d->team, mine, found, sizeof *mine, &d->heavy,
                              &d->heavies);
    cor_free(mine);
    return rc;
}

/* Indices of counts, the greatest first, equal ones in their order. */
static int order_counts(const int64_t *count, int64_t stride, int64_t n,
                        int64_t **order)
{
    uint64_t *key = NULL;
    int rc = cor_allocate(&key, n, sizeof *key, "popular items");
    if (rc == COR_OK)
        rc = cor_allocate(order, n, sizeof **order, "popular items");
    for (int64_t i = 0; rc == COR_OK && i < n; i++) {
        key[i] = (uint64_t)(INT64_MAX - count[i * stride]);
        (*order)[i] = i;
    }
    if (rc == COR_OK)
        rc = cor_sort_pairs(key, *order, n);
    cor_free(key);
    return rc;
}

static int64_t least_loaded(const int64_t *load, int64_t size)
{
    int64_t least = 0;
    for (int64_t c = 1; c < size; c++)
        if (load[c] < load[least])
            least = c;
    return least;
}

/* Columns and places within them of heavy items, as place = column * 2^32 +
   place there, for the moment. */
static int deal_heavy(dealing *d, int64_t rows)
{
    int64_t *order = NULL, *load = NULL;
    int rc = order_counts(&d->heavy->count, 2, d->heavies, &order);
    if (rc == COR_OK)
        rc = cor_allocate_zeroed(&load, d->size, sizeof *load, "columns");
    for (int64_t i = 0; rc == COR_OK && i < d->heavies; i++) {
        const heavy_item *h = d->heavy + order[i];
        int64_t column = least_loaded(load, d->size), mine = h->item - d->first;
        load[column] += h->count;
        if (mine >= 0 && mine < rows)
            d->place[mine] = column << 32 | d->filled[column];
        d->filled[column]++;
    }
    cor_free(order);
    cor_free(load);
    return rc;
}

static int count_light(dealing *d)
{
    int rank = cor_team_rank(d->team);
    int64_t first = cor_shards_first(d->items, rank), all;
    int64_t parts = cor_shards_first(d->items, rank + 1) - first, *mine = NULL;
    int rc = cor_allocate_zeroed(&mine, parts, sizeof *mine, "items");
    for (int64_t p = 0; rc == COR_OK && p < parts; p++)
        for (int64_t i = cor_shards_begin(d->items, first + p);
             i < cor_shards_begin(d->items, first + p + 1); i++)
            mine[p] += d->count[i - d->first] < d->heavy_from;
    rc = cor_agree(d->team, rc);
    if (rc == COR_OK)
        rc = cor_team_collect(d->team, mine, parts, sizeof *mine, &d->light,
                              &all);
    cor_free(mine);
    return rc;
}

/* How many of `light` items, dealt from column `part` on, a column gets. */
static int64_t dealt(const dealing *d, int64_t part, int64_t column)
{
    int64_t behind = (column + d->size - part % d->size) % d->size;
    return (d->light[part] + d->size - 1 - behind) / d->size;
}

/* Of one of my parts; filled[] has what the parts before it took. */
static int deal_part(dealing *d, int64_t part)
{
    int64_t begin = cor_shards_begin(d->items, part) - d->first;
    int64_t items = cor_shards_begin(d->items, part + 1) - d->first - begin;
    int64_t *order = NULL, next = 0;
    COR_TRY(order_counts(d->count + begin, 1, items, &order));
    for (int64_t i = 0; i < items; i++) {
        int64_t item = begin + order[i];
        if (d->count[item] >= d->heavy_from)
            continue;
        int64_t column = (part + next) % d->size;
        d->place[item] = column << 32 | (d->filled[column] + next / d->size);
        next++;
    }
    cor_free(order);
    return COR_OK;
}

static int deal_light(dealing *d)
{
    int rank = cor_team_rank(d->team), rc = COR_OK;
    int64_t from = cor_shards_first(d->items, rank);
    int64_t to = cor_shards_first(d->items, rank + 1);
    for (int64_t p = 0; p < cor_shards_count(d->items); p++) {
        if (rc == COR_OK && p >= from && p < to)
            rc = deal_part(d, p);
        for (int64_t c = 0; c < d->size; c++)
            d->filled[c] += dealt(d, p, c);
    }
    return rc;
}

static int deal(dealing *d, int64_t rows, int64_t *begin)
{
    int rc =
        cor_agree(d->team, cor_allocate_zeroed(&d->filled, d->size,
                                               sizeof *d->filled, "columns"));
    if (rc == COR_OK)
        rc = find_heavy(d, rows);
    if (rc == COR_OK)
        rc = cor_agree(d->team, deal_heavy(d, rows));
    if (rc == COR_OK)
        rc = count_light(d);
    if (rc == COR_OK)
        rc = cor_agree(d->team, deal_light(d));
    begin[0] = 0;
    for (int64_t c = 0; rc == COR_OK && c < d->size; c++)
        begin[c + 1] = begin[c] + d->filled[c];
    for (int64_t i = 0; rc == COR_OK && i < rows; i++)
        d->place[i] = begin[d->place[i] >> 32] + (int32_t)d->place[i];
    return rc;
}

int sgd_deal_items(const cor_team *team, const cor_shards *items,
                   const int64_t *count, int64_t size, int64_t *place,
                   int64_t *begin)
{
    int rank = cor_team_rank(team);
    dealing d = {.team = team,
                 .items = items,
                 .count = count,
                 .size = size,
                 .first = cor_shards_first_row(items, rank),
                 .place = place};
    int64_t rows = cor_shards_first_row(items, rank + 1) - d.first;
    int rc = deal(&d, rows, begin);
    cor_free(d.heavy);
    cor_free(d.light);
    cor_free(d.filled);
    return rc;
}
