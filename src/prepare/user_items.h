/**
 * The items of each of a rank's users, one user after the other.
 */
#ifndef COR_USER_ITEMS_H
#define COR_USER_ITEMS_H

#include <stdint.h>

typedef struct cor_user_items {
    int64_t first;  /* global number of this rank's first user */
    int64_t users;  /* of this rank, also those without items */
    int64_t *begin; /* users + 1: where each one's items begin */
    int32_t *item;  /* begin[users] */
} cor_user_items;

/** Nothing of anyone. To be freed also after a failure. Local, as are all.
    @return COR_OK; COR_EMEMORY */
int cor_user_items_create(int64_t first, int64_t users, cor_user_items *of);
void cor_user_items_free(cor_user_items *of);

/** Add rows behind what their users have, in their order. On failure all stays
    as it was. @return COR_OK; COR_EMEMORY */
int cor_user_items_append(cor_user_items *of, int64_t rows, const int32_t *user,
                          const int32_t *item);

/** How many items a user has; the user counted from the first. */
static inline int64_t cor_user_items_count(const cor_user_items *of,
                                           int64_t user)
{
    return of->begin[user + 1] - of->begin[user];
}

/** Keep the last keep[user] items of each user, or as many as there are. */
void cor_user_items_keep(cor_user_items *of, const int64_t *keep);

#endif
