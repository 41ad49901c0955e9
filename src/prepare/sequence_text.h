/**
 * Sequences as text: each user's line stands in memory once, and is the file or
 * what prefixes are cut from.
 */
#ifndef COR_SEQUENCE_TEXT_H
#define COR_SEQUENCE_TEXT_H

#include "coracle/output.h"
#include "coracle/sequences.h"
#include "sequence_words.h"
#include "user_items.h"

/** Lines "user item item ...\n" of all users that have items. */
typedef struct cor_sequence_text {
    const cor_user_items *of; /* borrowed, as is what follows */
    const cor_words *user, *item;
    int threads;
    int64_t bytes;
    char *text;
    int64_t *line;  /* users + 1: where each user's line begins */
    int64_t *start; /* items: where the text of each begins */
} cor_sequence_text;

/** Fill the lines in. Local. To be freed also after a failure.
    @return COR_OK; COR_EMEMORY */
int cor_sequence_text_create(const cor_user_items *of, const cor_words *user,
                             const cor_words *item, int threads,
                             cor_sequence_text *out);
void cor_sequence_text_free(cor_sequence_text *text);

/**
 * Write this rank's lines behind those of the ranks before it. Collective.
 * @param[in] own  of each user, how many of the last items are foretold, where
 *                 there are prefixes
 * @param[in,out] count  of the whole team
 */
int cor_sequence_text_write(const cor_team *team, const cor_sequence_text *text,
                            const cor_sequences_options *options,
                            const int64_t *own, cor_output *output,
                            cor_sequences_count *count);

#endif
