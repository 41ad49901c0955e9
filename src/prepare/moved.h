/**
 * Rows of one store brought to those of another: under its numbers, to the
 * ranks that own their users in it.
 */
#ifndef COR_MOVED_H
#define COR_MOVED_H

#include "coracle/interactions.h"

typedef struct cor_moved {
    int64_t rows;
    int32_t *user; /* rows: mine in the other store */
    int32_t *item; /* rows: in the other store; -1 - its own number where that
                      store does not have it */
} cor_moved;

/**
 * Bring the rows of `from` whose user is in `to`; users and items are the same
 * where their ids are. A user's rows stay in their order. Needs the tables of
 * both, the columns user and item of `from`. Collective. To be freed also after
 * a failure. @return COR_OK; COR_EMEMORY
 */
int cor_moved_bring(const cor_team *team, const cor_interactions *from,
                    const cor_interactions *to, cor_moved *moved);
void cor_moved_free(cor_moved *moved);

#endif
