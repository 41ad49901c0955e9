/**
 * Popular items: those with the highest mean value, or with the most
 * interactions. Means are sums over an item's interactions in the order of the
 * store, so they do not depend on the ranks.
 */
#ifndef CORACLE_POPULAR_H
#define CORACLE_POPULAR_H

#include "coracle/interactions.h"
#include "coracle/plan.h"

enum cor_popular_by { COR_POPULAR_MEAN, COR_POPULAR_COUNT };

typedef struct cor_popular_options {
    int64_t most;             /* items wanted, at least 1 */
    int64_t min_interactions; /* of an item, at least 1 */
    enum cor_popular_by by;
} cor_popular_options;

typedef struct cor_popular_item {
    int64_t item;  /* its number in the store */
    int64_t count; /* interactions */
    double mean;   /* of their values */
} cor_popular_item;

/**
 * The most popular items, best first, on every rank. By mean, equal means are
 * ordered by count, most first; by count, equal counts by mean; then by the
 * order of items. Needs the item and value columns. Collective.
 * @param[out] list   a block for cor_free
 * @param[out] count  at most options->most; fewer where fewer have enough
 */
int cor_popular_items(const cor_team *team, const cor_interactions *data,
                      const cor_popular_options *options,
                      cor_popular_item **list, int64_t *count);

/**
 * The texts of the listed items in a table spread over the ranks (ids or
 * titles), on every rank. Collective.
 * @param[out] text  a block for cor_free: count texts of `width` bytes each,
 *                   zero-terminated
 */
int cor_popular_texts(const cor_team *team, const cor_ids *table,
                      const cor_popular_item *list, int64_t count, char **text,
                      int64_t *width);

/** What cor_popular_items needs for such a store. */
cor_plan cor_popular_plan(const cor_team *team,
                          const cor_interactions_summary *store);

#endif
