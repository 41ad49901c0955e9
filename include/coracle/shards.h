/**
 * Shards: rows cut once into contiguous runs; ranks own contiguous runs of
 * shards. One object says it all, so that no two functions disagree on who owns
 * row 17. The number of shards and where each begins belong to the data; only
 * the owners depend on the run.
 */
#ifndef CORACLE_SHARDS_H
#define CORACLE_SHARDS_H

#include "coracle/team.h"

/** More shards serve nobody: every rank holds where all of them begin. */
enum { COR_SHARDS_LIMIT = 1 << 20 };

typedef struct cor_shards cor_shards;

/**
 * Shards that begin at row begin[0] = 0 <= begin[1] <= ... and end at
 * begin[count] = all rows; shards may be empty. Owners are balanced by rows.
 * Copies `begin`, which must be equal on all ranks. Local.
 */
int cor_shards_create(const cor_team *team, int64_t count, const int64_t *begin,
                      cor_shards **shards);

/** The same shards with the same owners, begun in another coordinate: `like`
    may be over interactions and this one over users. */
int cor_shards_create_like(const cor_shards *like, const int64_t *begin,
                           cor_shards **shards);

/** The same shards with the same owners, as an object of its own. */
int cor_shards_copy(const cor_shards *shards, cor_shards **copy);

/** `rows` rows cut evenly into `count` shards. */
int cor_shards_create_even(const cor_team *team, int64_t count, int64_t rows,
                           cor_shards **shards);

void cor_shards_destroy(cor_shards **shards);

/** How many shards `rows` rows get when the user does not say: a power of
    two, at least 64, about a million rows each. */
int64_t cor_shards_default_count(int64_t rows);

int64_t cor_shards_count(const cor_shards *shards);
int64_t cor_shards_rows(const cor_shards *shards);
/** First row of a shard; `shard` may be the count, which gives all rows. */
int64_t cor_shards_begin(const cor_shards *shards, int64_t shard);

/** First shard that `rank` owns; rank may be the size, which gives the count.
    The shards of a rank are those up to the first one of the next. */
int64_t cor_shards_first(const cor_shards *shards, int rank);
/** First row that `rank` owns; rank may be the size, which gives all rows. */
int64_t cor_shards_first_row(const cor_shards *shards, int rank);

/** The shard that holds a row, the rank that owns it; the row must exist. */
int64_t cor_shards_shard_of(const cor_shards *shards, int64_t row);
int cor_shards_owner(const cor_shards *shards, int64_t row);
/** The rank that owns a shard; the shard must exist. */
int cor_shards_owner_of_shard(const cor_shards *shards, int64_t shard);

#endif
