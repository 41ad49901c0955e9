/**
 * The items that a rank's rows touch, as slots 0, 1, ... in the order of item
 * numbers, and the road between slots and the ranks that own the items (spread
 * evenly). What is kept for an item is then kept for those items alone: a rank
 * never holds more than its own rows are worth. Where there are fewer items
 * than rows the slots are simply the items; on one rank there is no road.
 */
#ifndef COR_TOUCHED_H
#define COR_TOUCHED_H

#include "coracle/exchange.h"

typedef struct cor_touched {
    const cor_team *team;
    int64_t slots;
    int64_t first_item, my_items; /* that this rank owns */
    cor_route *route;             /* slots to owners; NULL on one rank */
    int32_t *arrived; /* arrivals of the route: items that others touch */
    int32_t *item;    /* slots: their items; NULL where they are the same, */
    uint64_t *seen;   /* as is this, a bit an item, */
    int32_t *before;  /* and this, slots before each word of `seen` */
} cor_touched;

/** Find the items of `rows` rows. Collective. Give it to cor_touched_free,
    also after a failure. */
int cor_touched_create(const cor_team *team, int64_t items, int64_t rows,
                       const int32_t *item, cor_touched *touched);
void cor_touched_free(cor_touched *touched);

/** The slot of an item that is touched. */
static inline int32_t cor_touched_slot(const cor_touched *touched, int32_t item)
{
    if (!touched->seen)
        return item;
    uint32_t word = (uint32_t)item >> 6;
    uint64_t below = (UINT64_C(1) << (item & 63)) - 1;
    return touched->before[word] +
           __builtin_popcountll(touched->seen[word] & below);
}

/** The item of a slot. */
static inline int32_t cor_touched_item(const cor_touched *touched, int64_t slot)
{
    return touched->item ? touched->item[slot] : (int32_t)slot;
}

/** What the owners say of each slot's item: out[slot] = own[item - first_item]
    in elements of `width` bytes. Collective. */
int cor_touched_ask(const cor_touched *touched, const void *own, size_t width,
                    void *out);

#endif
