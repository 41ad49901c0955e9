/**
 * Tables of ids of two stores, matched.
 */
#ifndef COR_MATCH_H
#define COR_MATCH_H

#include "coracle/ids.h"

/** Where the ids of my run of `other` stand in `table`, -1 for those that it
    does not have: row[other->count]. Tables that are the same, as after a split
    or a k-core, are found out first, without a directory. Collective. */
int cor_match_ids(const cor_team *team, const cor_ids *table,
                  const cor_ids *other, int64_t *row);

#endif
