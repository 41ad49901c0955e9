/**
 * Lists as files; for user_lists.c.
 */
#ifndef USER_LISTS_FILE_H
#define USER_LISTS_FILE_H

#include "user_lists.h"

enum list_format { LISTS_CSV, LISTS_JSONL, LISTS_HDF5 };

/** @param[in] word  auto|csv|jsonl|hdf5; auto: by the path's ending, as a rule
    CSV */
enum list_format list_format_of(const char *word, const char *path);

/** Memory of a rank that writes HDF5: its lists go by so much at a time. */
enum { LISTS_ROOM = 32 << 20 };

/** Places of a query's list that hold an item. */
int64_t list_length(const cor_toplists *lists, int64_t query);

/** Id and title, empty where there is none, of the item at a place. */
void list_item(const user_lists *lists, int64_t at, char id[COR_ID_LIMIT + 1],
               char title[COR_ID_LIMIT + 1]);

/** See user_lists_deliver. */
int lists_write(const cor_command *command, const cor_model *model,
                const user_lists_words *words, const user_lists *parts,
                int count);

#endif
