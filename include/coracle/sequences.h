/**
 * Sequences: what each user did in the order of time, as text for sequential
 * recommenders. A line is a user and its items,
 *
 *     user item item ...
 *
 * or, of prefixes, a user, the items before a moment and the one that came
 * next, between tabs:
 *
 *     user <tab> item item ... <tab> next
 *
 * Users come in the order of the store. Stores of history stand before: a
 * validation part follows the training part of its users, and its prefixes only
 * foretell items of its own.
 *
 * Cost: linear in rows and in the bytes that are written. Each rank holds the
 * text of its own users once; prefixes are copied from it through a buffer of
 * fixed size, so memory does not grow with the square of a long history.
 */
#ifndef CORACLE_SEQUENCES_H
#define CORACLE_SEQUENCES_H

#include "coracle/interactions.h"
#include "coracle/plan.h"
#include "coracle/progress.h"

typedef struct cor_sequences_options {
    bool prefixes;      /* a line a prefix; else a line a user */
    int64_t min_length; /* of a prefix, at least 1 */
    int64_t max_length; /* last items of a prefix (of a line, where there are
                           no prefixes) that are kept, not below min_length;
                           0: all */
    bool original;      /* the ids of the input; else numbers of the store,
                           counted from 1 */
} cor_sequences_options;

cor_sequences_options cor_sequences_default(void);

/** COR_EUSAGE where they make no sense. Local. */
int cor_sequences_check(const cor_sequences_options *options);

/** What was written. */
typedef struct cor_sequences_count {
    int64_t users; /* with a line at least */
    int64_t lines;
} cor_sequences_count;

typedef struct cor_sequences cor_sequences;

/**
 * Begin with the rows of a store: user and item columns, and both id tables
 * where there are histories or original ids are wanted. Collective.
 *
 * @param[in] name  of the store, for messages
 * @param[in] data  borrowed, like the name, until the end
 */
int cor_sequences_create(const cor_team *team, const char *name,
                         const cor_interactions *data, cor_sequences **out);

/** Accepts NULL inside. */
void cor_sequences_destroy(cor_sequences **sequences);

/**
 * Let the rows of another store stand before, behind those that were added so
 * already. Only the users that have rows in the first store count. Users and
 * items are the same where their ids are. Collective; `history` needs its
 * columns and tables during the call alone.
 * @return COR_OK; COR_EDATA: such a user has an item that the first store does
 * not number; COR_EMEMORY
 */
int cor_sequences_precede(cor_sequences *sequences, const char *name,
                          const cor_interactions *history);

/**
 * Write the file, all ranks at once; the bytes do not depend on how many.
 * Collective; once.
 * @return COR_OK; COR_EUSAGE; COR_EDATA: an original id that is empty or has a
 * blank in it; COR_EIO; COR_EMEMORY
 */
int cor_sequences_write(cor_sequences *sequences, const char *path, bool force,
                        const cor_sequences_options *options,
                        cor_progress *progress, cor_sequences_count *count);

/** What they need: `store` with `histories` before it. What prefixes take on
    disk is not known before the rows are: it is that of one line a user, or of
    `max_length` items a row where that is given. */
cor_plan cor_sequences_plan(const cor_team *team,
                            const cor_interactions_summary *store,
                            const cor_interactions_summary *history,
                            int histories,
                            const cor_sequences_options *options);

#endif
