/**
 * What ratings say of items and of all values, for trainers with or without an
 * item side.
 */
#ifndef RECOMMEND_RATINGS_PARTS_H
#define RECOMMEND_RATINGS_PARTS_H

#include "coracle/ratings.h"

/** How often each item was rated, at its owner, and the mean of its ratings.
    Collective. The sums behind the means are exact: whole numbers of a small
    fraction of the greatest value.
    @param[in]  items  owners of all items
    @param[in]  value  rows, or NULL: only counts are wanted
    @param[out] count, mean  my items; mean is not touched without values */
int ratings_count_items(const cor_team *team, const cor_shards *items,
                        const int32_t *item, const float *value, int64_t rows,
                        int64_t *count, float *mean);

/** Total, mean and range of the values of my shards of rows. Collective. */
int ratings_describe_values(const cor_team *team, const cor_shards *row_shards,
                            const float *value, cor_ratings *ratings);

#endif
