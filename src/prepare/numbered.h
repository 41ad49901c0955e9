/**
 * Tables of ids for users and items that were made up: 1, 2, ...
 */
#ifndef COR_NUMBERED_H
#define COR_NUMBERED_H

#include "coracle/interactions.h"

/** Name data->users and data->items, whose shards are there; with `titles` the
    items are called "Item 17". Collective. */
int cor_numbered_names(const cor_team *team, bool titles,
                       cor_interactions *data);

#endif
