/** The last step of arranging: the rows of a rank in order. */
#ifndef STORE_ORDER_H
#define STORE_ORDER_H

#include "coracle/interactions.h"

/**
 * Sort my rows by user, then time, then the order they are in. Local.
 * @param[in] first_user, users  mine
 * @return COR_OK; COR_EMEMORY
 */
int cor_order_rows(cor_interactions *data, int64_t first_user, int64_t users,
                   int threads);

#endif
