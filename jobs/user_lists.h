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
    const char *who;    /* who asks: a column's name */
    bool items_ask;     /* else users */
    const char *mark;   /* of lists of whom nothing is known, or NULL */
    const char *format; /* of -o: auto|csv|jsonl|hdf5 */
} user_lists_words;

/** The words of --format, and what it does. */
#define USER_LISTS_FORMATS "auto|csv|jsonl|hdf5"
#define USER_LISTS_FORMAT_HELP "of -o; auto: by its ending, else CSV"

/** How files of lists look, for the help. */
#define USER_LISTS_FILES                                                       \
    "FILE.jsonl has a line for each: who asks, and items as id, title and "    \
    "score. FILE.h5 has tables for numpy and others: /lists/id of those who "  \
    "ask, /lists/item, score and rank with a row for each and a column for "   \
    "each place, rank 0 where a list ended before, and /items/id and title."

/** Write the lists to -o, or put them into the result, part after part.
    Collective. */
int user_lists_deliver(const cor_command *command, const cor_model *model,
                       const user_lists_words *words, const user_lists *parts,
                       int count);

#endif
