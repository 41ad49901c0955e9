/**
 * The texts of users and items in a line.
 */
#ifndef COR_SEQUENCE_WORDS_H
#define COR_SEQUENCE_WORDS_H

#include "coracle/ids.h"

/** The texts of rows 0, 1, ...: those of `begin` and `bytes`, or, without them,
    the numbers from first + 1 on. */
typedef struct cor_words {
    int64_t first;
    int64_t *begin; /* one more than there are; or NULL */
    char *bytes;
} cor_words;

/** Lines are cut at blanks: whether no id of my run has one or is empty. Local.
    @param[in] name, what  the store, and user or item: for the message
    @return COR_OK; COR_EDATA */
int cor_words_check(const char *name, const char *what, const cor_ids *ids);

/** The ids of my run. Local. @return COR_OK; COR_EMEMORY */
int cor_words_create(const cor_ids *ids, cor_words *words);

/** The ids of the items that my rows touch, out of a table that is spread
    evenly over the ranks. Collective. @return COR_OK; COR_EMEMORY
    @param[in,out] item  rows: changed to rows of the words */
int cor_words_fetch(const cor_team *team, const cor_ids *table, int64_t rows,
                    int32_t *item, cor_words *words);

void cor_words_free(cor_words *words);

/** Bytes of a text. */
int64_t cor_words_length(const cor_words *words, int64_t row);

/** Put the text there. @return the first byte behind it */
char *cor_words_put(const cor_words *words, int64_t row, char *out);

#endif
