/**
 * How interactions are spread: over values, users and items.
 */
#ifndef CORACLE_PROFILE_H
#define CORACLE_PROFILE_H

#include "coracle/interactions.h"
#include "coracle/result.h"

/**
 * Put into the result the histogram of the values (each value where there are
 * at most 100, else 20 equal bins), and the quantiles of how many interactions
 * a user and an item have, of those that have any: `histogram, user_lengths,
 * item_lengths`. Items are added up where they belong, quantiles found by
 * halving: no rank holds the counts of all. Collective.
 * @param[in] data  users, items and values, by user
 * @return COR_OK; COR_EMEMORY
 */
int cor_profile(const cor_team *team, const cor_interactions *data,
                const cor_interactions_summary *summary, cor_result *result);

#endif
