/**
 * References to items become slots of a halo over the model's items.
 */
#ifndef RECOMMEND_SLOTS_H
#define RECOMMEND_SLOTS_H

#include "coracle/halo.h"
#include "coracle/model.h"

/** Plan the halo for `count` items, rows of the model or -1, and change them to
    its slots; -1 takes no part and stays. Collective. */
int cor_item_slots(const cor_team *team, const cor_model *model, int32_t *item,
                   int64_t count, cor_halo **halo);

/** A window of the halo that says of each item whether it had training
    ratings (int8_t). Collective. */
int cor_item_known(const cor_model *model, const cor_halo *halo,
                   cor_window **window);

/** A window of any column of the model's items, `width` bytes a row.
    Collective. */
int cor_item_window(const cor_model *model, const cor_halo *halo,
                    const void *column, size_t width, cor_window **window);

#endif
