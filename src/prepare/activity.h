/**
 * How many rows each user has: shares of a total by random activity, dealt out
 * in blocks of users so that the shares do not depend on the ranks.
 */
#ifndef COR_ACTIVITY_H
#define COR_ACTIVITY_H

#include "coracle/generate.h"

/** A run of users: rows[i] belongs to user first + i. */
typedef struct cor_activity {
    int64_t first, count;
    int64_t *rows;
} cor_activity;

/** Deal options->interactions rows out over the users, of which this rank gets
    an even run. Collective. Give `rows` to cor_free, also after a failure. */
int cor_activity_deal(const cor_team *team, const cor_generate_options *options,
                      cor_activity *activity);

#endif
