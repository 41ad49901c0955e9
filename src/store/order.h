/** The last step of arranging: every row where it belongs. */
#ifndef STORE_ORDER_H
#define STORE_ORDER_H

#include "coracle/interactions.h"

/**
 * Rows in no order: bring each to the rank that owns its user, sorted there by
 * user, then time, then the order of all rows, rank by rank. The shards are
 * filled in, users are in range. Collective, agreed. @return COR_OK;
 * COR_EMEMORY, and then the columns may be gone
 */
int cor_order_rows(const cor_team *team, bool has_time, cor_interactions *data);

#endif
