/**
 * Popular items: those with the highest mean value, or with the most
 * interactions. Means are sums over an item's interactions in the order of the
 * store, so they do not depend on the ranks.
 *
 * One reckoning serves the list, the model of it (kind "popular"), and the list
 * that any model gives to a user of whom nothing is known. How popular an item
 * of `count` interactions is, is base + offset:
 *
 *   by mean   base = mean of all, offset = count (its mean - base) /
 *             (count + damping): its mean, drawn towards the mean of all as if
 *             by `damping` interactions of that value
 *   by count  base = 0, offset = count
 */
#ifndef CORACLE_POPULAR_H
#define CORACLE_POPULAR_H

#include "coracle/interactions.h"
#include "coracle/model.h"
#include "coracle/plan.h"

enum cor_popular_by { COR_POPULAR_MEAN, COR_POPULAR_COUNT };

/** The reckoning. */
typedef struct cor_popularity {
    enum cor_popular_by by;
    double damping; /* interactions, at least 0; by mean */
} cor_popularity;

/** What all items share of how popular they are. @param[in] mean  of all */
static inline double cor_popularity_base(const cor_popularity *how, double mean)
{
    return how->by == COR_POPULAR_MEAN ? mean : 0;
}
/** What an item has beyond the base. @param[in] count  positive
    @param[in] item_mean, mean  of its values, of all */
static inline double cor_popularity_offset(const cor_popularity *how,
                                           double count, double item_mean,
                                           double mean)
{
    if (how->by == COR_POPULAR_COUNT)
        return count;
    return count * (item_mean - mean) / (count + how->damping);
}

/** What users get of whom nothing is known: by mean, damped by 10, or by count
    where all values are equal or are no ratings. */
cor_popularity cor_popularity_fallback(const cor_model *model);

typedef struct cor_popular_options {
    int64_t most;             /* items wanted, at least 1 */
    int64_t min_interactions; /* of an item, at least 1 */
    cor_popularity how;
} cor_popular_options;

typedef struct cor_popular_item {
    int64_t item;  /* its number in the store */
    int64_t count; /* interactions */
    double mean;   /* of their values */
    double score;  /* how popular it is */
} cor_popular_item;

/**
 * The most popular items, best first, on every rank. By mean, equal scores are
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

/**
 * The model of the same: every user's score of an item is how popular the item
 * is, and so is its prediction; users have no biases, in a fold-in neither. By
 * mean of values that are all equal is by count. Items with fewer than
 * min_interactions count as never seen. By count the range of the model is that
 * of the counts, from 0. `most` is not used. Collective. Takes the columns and
 * the id tables of `data`, which needs all but the time.
 * @return COR_OK; COR_EUSAGE: damping; COR_EDATA: no interactions; COR_EMEMORY
 */
int cor_popular_train(const cor_team *team, cor_interactions *data,
                      const cor_popular_options *options, cor_model *model);

/** What cor_popular_items needs for such a store, and with `train` the model.
 */
cor_plan cor_popular_plan(const cor_team *team,
                          const cor_interactions_summary *store, bool train);

#endif
