/**
 * References to rows become slots of a halo.
 */
#ifndef RECOMMEND_SLOTS_H
#define RECOMMEND_SLOTS_H

#include "coracle/halo.h"
#include "coracle/model.h"

/** Plan the halo for `count` rows over shards, or -1, and change them to its
    slots; -1 takes no part and stays. Collective. */
int cor_slots_plan(const cor_team *team, const cor_shards *shards, int32_t *row,
                   int64_t count, cor_halo **halo);

/** A window of the halo with my rows in it: `mine` are `count` rows of `width`
    bytes. Collective. */
int cor_slots_window(const cor_halo *halo, const void *mine, int64_t count,
                     size_t width, cor_window **window);

/** A window over the model's items that says of each whether it had training
    ratings (int8_t). Collective. */
int cor_slots_known(const cor_model *model, const cor_halo *halo,
                    cor_window **window);

#endif
