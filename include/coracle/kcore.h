/**
 * The k-core: the largest part of a set of interactions in which every user and
 * every item still has enough of them. A round drops at once all users and all
 * items whose count at its start is below the threshold; rounds follow until
 * one changes nothing.
 *
 * Cost: each interaction is touched a constant number of times over the whole
 * run, whatever the number of rounds; ranks exchange one number for an item
 * that lost rows and one for an item that left.
 */
#ifndef CORACLE_KCORE_H
#define CORACLE_KCORE_H

#include "coracle/interactions.h"
#include "coracle/plan.h"
#include "coracle/progress.h"

typedef struct cor_kcore_options {
    int64_t users; /* least interactions of a user, at least 1 */
    int64_t items; /* least interactions of an item, at least 1 */
    bool distinct; /* a repeated pair of user and item counts once */
} cor_kcore_options;

/** How many were left after a round. */
typedef struct cor_kcore_round {
    int64_t users, items;
} cor_kcore_round;

/**
 * Who stays. Plain data, filled by cor_kcore_find; give it to cor_kcore_free.
 * Numbers in the core keep the old order.
 */
typedef struct cor_kcore {
    int64_t rounds;         /* the last one, that changed nothing, included */
    cor_kcore_round *round; /* rounds */
    int64_t users, items;   /* that stay */
    int64_t first_user, my_users; /* of the data: those of my shards */
    int64_t first_item, my_items; /* of the data: my even part */
    int32_t *user;                /* my_users: number in the core, or -1 */
    int32_t *item;                /* my_items: number in the core, or -1 */
    /* Filled by cor_kcore_cut, for cor_kcore_cut_other: */
    cor_ids user_id, item_id; /* the tables before, my parts as above */
    cor_ids core_user_id, core_item_id, core_item_title; /* and after */
} cor_kcore;

void cor_kcore_free(cor_kcore *core);

/**
 * Find the core of `data`, which is only read; needs its user and item columns
 * alone. Collective. Give `core` to cor_kcore_free, also after a failure.
 * @return COR_OK; COR_EUSAGE: thresholds below 1; COR_EDATA: nobody stays;
 * COR_EMEMORY
 */
int cor_kcore_find(const cor_team *team, const cor_interactions *data,
                   const cor_kcore_options *options, cor_progress *progress,
                   cor_kcore *core);

/**
 * Cut the data that the core was found in to it: rows, numbers, tables and
 * shards (as many as before). The old id tables move into `core`. Collective.
 */
int cor_kcore_cut(const cor_team *team, cor_kcore *core,
                  cor_interactions *data);

/**
 * Cut other interactions to the users and items of a core that cor_kcore_cut
 * has passed, and number them alike. Users and items are the same where their
 * ids are. `other` needs its id tables. Collective.
 */
int cor_kcore_cut_other(const cor_team *team, const cor_kcore *core,
                        cor_interactions *other);

/** What finding the core of such a store, and cutting it, needs. */
cor_plan cor_kcore_plan(const cor_team *team,
                        const cor_interactions_summary *store);

#endif
