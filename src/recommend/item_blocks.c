#include "item_blocks.h"

#include "coracle/memory.h"

#include <string.h>

/* A block is sent when it has so many entries, or one row that is longer. */
enum { BLOCK_ENTRIES = 1 << 20 };

struct item_blocks {
    const cor_team *team;
    const cor_model *model;
    int64_t next; /* item */
    /* of another rank's block, where there is another rank */
    int64_t *begin;
    int32_t *index;
    float *value;
};

/* Room for the longest block that any rank sends. */
static int make_room(item_blocks *b)
{
    const cor_sparse *rows = &b->model->neighbours->item;
    int64_t most = 0, count = b->model->item.count;
    for (int64_t r = 0; r < count; r++)
        if (rows->begin[r + 1] - rows->begin[r] > most)
            most = rows->begin[r + 1] - rows->begin[r];
    most += BLOCK_ENTRIES;
    cor_team_max(b->team, &most, 1);
    COR_TRY(cor_allocate(&b->begin, BLOCK_ITEMS + 1, sizeof *b->begin,
                         "rows of items"));
    COR_TRY(cor_allocate(&b->index, most, sizeof *b->index, "rows of items"));
    return cor_allocate(&b->value, most, sizeof *b->value, "rows of items");
}

int item_blocks_create(const cor_team *team, const cor_model *model,
                       item_blocks **blocks)
{
    item_blocks *b = NULL;
    int rc = cor_allocate_zeroed(&b, 1, sizeof *b, "rows of items");
    rc = cor_agree(team, rc);
    if (rc == COR_OK) {
        b->team = team;
        b->model = model;
        if (cor_team_size(team) > 1)
            rc = cor_agree(team, make_room(b));
    }
    if (rc != COR_OK)
        item_blocks_destroy(&b);
    *blocks = b;
    return rc;
}

void item_blocks_destroy(item_blocks **blocks)
{
    if (!*blocks)
        return;
    cor_free((*blocks)->begin);
    cor_free((*blocks)->index);
    cor_free((*blocks)->value);
    cor_free(*blocks);
    *blocks = NULL;
}

/* My rows from local row `at` on that make a block. */
static void cut_block(const item_blocks *b, int64_t at, item_block *block)
{
    const cor_sparse *rows = &b->model->neighbours->item;
    int64_t end = at + 1;
    while (end < b->model->item.count && end - at < BLOCK_ITEMS &&
           rows->begin[end + 1] - rows->begin[at] <= BLOCK_ENTRIES)
        end++;
    *block = (item_block){.owner = cor_team_rank(b->team),
                          .first = b->model->item.first + at,
                          .count = end - at,
                          .begin = rows->begin + at,
                          .index = rows->index,
                          .value = rows->value};
}

static void share_block(const item_blocks *b, int owner, item_block *block)
{
    bool mine = cor_team_rank(b->team) == owner;
    int64_t shape[2] = {0};
    if (mine) {
        shape[0] = block->count;
        shape[1] = block->begin[block->count] - block->begin[0];
        memcpy(b->index, block->index + block->begin[0],
               (size_t)shape[1] * sizeof *b->index);
        memcpy(b->value, block->value + block->begin[0],
               (size_t)shape[1] * sizeof *b->value);
        for (int64_t r = 0; r <= block->count; r++)
            b->begin[r] = block->begin[r] - block->begin[0];
    }
    cor_team_share(b->team, shape, sizeof shape, owner);
    cor_team_share(b->team, b->begin,
                   (shape[0] + 1) * (int64_t)sizeof *b->begin, owner);
    cor_team_share(b->team, b->index, shape[1] * (int64_t)sizeof *b->index,
                   owner);
    cor_team_share(b->team, b->value, shape[1] * (int64_t)sizeof *b->value,
                   owner);
    *block = (item_block){.owner = owner,
                          .first = b->next,
                          .count = shape[0],
                          .begin = b->begin,
                          .index = b->index,
                          .value = b->value};
}

bool item_blocks_next(item_blocks *b, item_block *block)
{
    const cor_model_side *items = &b->model->item;
    if (b->next >= items->rows)
        return false;
    int owner = cor_shards_owner(items->shards, b->next);
    if (cor_team_rank(b->team) == owner)
        cut_block(b, b->next - items->first, block);
    if (cor_team_size(b->team) > 1)
        share_block(b, owner, block);
    b->next += block->count;
    return true;
}
