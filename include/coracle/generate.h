/**
 * Generated interactions: power-law users and items, and values from a planted
 * model, for tests and measurements at any size. Every number is a pure
 * function of the seed, the user, the item and the row, so a rank makes the
 * interactions of its own users alone and all rank counts give the same bits.
 *
 *   activity of users   lognormal (sigma 1.1) with a floor
 *   popularity of items 1 / (place + 10), places dealt out by the seed
 *   value               3.5 + b_u + b_i + p_u . q_i + noise, to half stars,
 *                       0.5 .. 5; b_u, b_i, p_u . q_i have sd .40, .45, .45
 *   time                anywhere from January 1995 to March 2015
 *
 * A user has an item once. Every user has a row where there are as many
 * interactions as users, and every item where there are as many as items.
 */
#ifndef CORACLE_GENERATE_H
#define CORACLE_GENERATE_H

#include "coracle/interactions.h"
#include "coracle/plan.h"
#include "coracle/progress.h"

typedef struct cor_generate_options {
    int64_t users, items;
    int64_t interactions; /* exactly; at most users * items */
    int64_t rank;         /* factors of the planted model, 0 .. 1024 */
    double noise;         /* sd of what the model can't explain */
    int64_t shards;       /* 0: by size */
    int64_t seed;
    bool titles; /* items are called "Item 17" */
} cor_generate_options;

/** 10,000 users, 2,000 items, a million interactions, rank 16, noise 0.75. */
cor_generate_options cor_generate_default(void);

/** COR_EUSAGE for sizes that make no sense. Local. */
int cor_generate_check(const cor_generate_options *options);

/**
 * Make the interactions of my shards' users. Ids are 1, 2, ... Collective;
 * options equal on all ranks. The caller gives `data` to
 * cor_interactions_free, also after a failure.
 * @return COR_OK; COR_EUSAGE, as cor_generate_check; COR_EMEMORY
 */
int cor_generate(const cor_team *team, const cor_generate_options *options,
                 cor_progress *progress, cor_interactions *data);

/** What cor_generate and writing its store need. */
cor_plan cor_generate_plan(const cor_team *team,
                           const cor_generate_options *options);

#endif
