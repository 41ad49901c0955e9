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

/** How lists are given out. */
typedef struct user_lists_words {
    const char *result; /* their name in the result */
    const char *header; /* of a CSV file: who asks, rank, item, title, score,
                           and the mark as 0 or 1, if there is one */
    const char *mark;   /* of lists of whom nothing is known, or NULL */
} user_lists_words;

/** Write the lists to -o, or put them into the result, part after part.
    Collective. */
int user_lists_deliver(const cor_command *command, const cor_model *model,
                       const user_lists_words *words, const user_lists *parts,
                       int count);

#endif
