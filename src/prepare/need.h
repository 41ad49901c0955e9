/**
 * Rows and bytes for the plans of this room.
 */
#ifndef COR_NEED_H
#define COR_NEED_H

#include "coracle/interactions.h"

/** Rows of the fullest rank: an even share and the shard across its end. */
static inline int64_t cor_need_rows(const cor_team *team, int64_t rows,
                                    int64_t shards)
{
    int64_t share = rows / cor_team_size(team) + 1;
    int64_t most = share + rows / (shards > 0 ? shards : 1) + 1;
    return most < rows ? most : rows;
}

/** Bytes of a row's columns. */
static inline int64_t cor_need_columns(bool has_time)
{
    return 3 * 4 + (has_time ? 8 : 0);
}

/** Bytes of a store with integer ids. */
static inline int64_t cor_need_disk(int64_t rows, int64_t users, int64_t items,
                                    bool has_time)
{
    return rows * cor_need_columns(has_time) + 8 * (users + items);
}

#endif
