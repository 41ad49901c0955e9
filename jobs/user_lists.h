/**
 * Lists of items for users, with ids and titles, and how they are given out.
 */
#ifndef USER_LISTS_H
#define USER_LISTS_H

#include "coracle/command.h"
#include "coracle/recommend.h"

/** The lists of some users. Plain data. */
typedef struct user_lists {
    cor_queries queries;
    cor_toplists lists; /* items by row of `names` */
    cor_names *names;
} user_lists;

void user_lists_free(user_lists *lists);

/** Write the lists to -o, or put them into the result as `recommendations`,
    part after part. Collective. */
int user_lists_deliver(const cor_command *command, const cor_model *model,
                       const user_lists *parts, int count);

#endif
