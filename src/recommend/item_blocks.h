/**
 * The sparse rows of a model's items on their way round: one block after the
 * other, from its owner to all ranks. On one rank they are read in place.
 */
#ifndef RECOMMEND_ITEM_BLOCKS_H
#define RECOMMEND_ITEM_BLOCKS_H

#include "coracle/model.h"

/** At most so many items are in a block. */
enum { BLOCK_ITEMS = 4096 };

typedef struct item_block {
    int owner;
    int64_t first, count; /* items of the model */
    const int64_t *begin; /* count + 1, into index and value */
    const int32_t *index;
    const float *value;
} item_block;

typedef struct item_blocks item_blocks;

/** Before the first block. Collective; borrows both. */
int item_blocks_create(const cor_team *team, const cor_model *model,
                       item_blocks **blocks);
void item_blocks_destroy(item_blocks **blocks);

/** The next block on every rank, all in the order of items; false after the
    last. Valid until the next call. Collective. */
bool item_blocks_next(item_blocks *blocks, item_block *block);

#endif
