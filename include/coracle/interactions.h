/**
 * Interactions: the columns user, item, value and time of the shards a rank
 * owns, sorted by user, then time, then input order; and the store that keeps
 * them on disk (format 1).
 *
 *   /interactions/user int32, item int32, value float32, time int64 (optional)
 *   /users/id, /items/id    int64 or UTF-8        /items/title  UTF-8
 * (optional) /shards/row, /shards/user  int64 [shards + 1]  where each shard
 * begins /kept/NAME float64, or int32 with the text table /categories/NAME:
 * further columns (kept.h) /interactions attributes: users, items (int64: those
 * with rows); value_min, value_max, value_mean (double); time_min, time_max
 * (int64, where there is time); kept: the names of kept columns, by commas root
 * attribute `digest`: of all the columns and tables
 */
#ifndef CORACLE_INTERACTIONS_H
#define CORACLE_INTERACTIONS_H

#include "coracle/kept.h"
#include "coracle/shards.h"

/**
 * A plain table of columns, not an object with behaviour: whoever fills it owns
 * it and calls cor_interactions_free. Users and items are numbered 0, 1, ...
 * over the whole store; the users of a rank are those of its shards, the item
 * table is spread evenly over the ranks.
 */
typedef struct cor_interactions {
    int64_t rows;  /* mine */
    int64_t users; /* all; may include users without rows */
    int64_t items; /* all */
    int32_t *user; /* rows, global numbers */
    int32_t *item; /* rows */
    float *value;  /* rows */
    int64_t *time; /* rows, seconds since 1970; NULL where there is none */
    cor_kept_columns kept;   /* rows of further columns */
    cor_shards *row_shards;  /* over interactions; its rows are all rows */
    cor_shards *user_shards; /* same shards and owners, over users */
    cor_ids user_id;         /* my users */
    cor_ids item_id;         /* my even part of the items */
    cor_ids item_title;      /* same part; total 0 where there are no titles */
} cor_interactions;

void cor_interactions_free(cor_interactions *data);

/** The rows of mine that are kept (keep[i] not 0), with the same users, items,
    ids and shards. Collective. @param[out] out  a table of its own */
int cor_interactions_pick(const cor_team *team, const cor_interactions *data,
                          const int8_t *keep, cor_interactions *out);

/** What the values and times look like; filled when a store is written. */
typedef struct cor_interactions_summary {
    int64_t interactions, users, items; /* users and items with rows */
    int64_t shards;
    double value_min, value_max, value_mean; /* 0 where there are no rows */
    int64_t time_min, time_max;              /* 0 where there are no times */
    bool has_time;
    int32_t kept;       /* further columns */
    int64_t kept_bytes; /* of a row of them */
    char digest[17];
} cor_interactions_summary;

/**
 * Give users to shards: `shard_count` contiguous runs of users, balanced by
 * rows. `row_of_user` is this rank's run of the running row counts: entry i is
 * the number of rows of all users before user first_user + i; ranks give
 * contiguous runs in rank order that cover all `users`. Collective.
 * @param[out] row_begin, user_begin  shard_count + 1 entries each, on all ranks
 */
int cor_interactions_cut(const cor_team *team, int64_t shard_count,
                         int64_t users, int64_t total_rows, int64_t first_user,
                         int64_t count, const int64_t *row_of_user,
                         int64_t *row_begin, int64_t *user_begin);

/**
 * Bring rows to the ranks that own their users, sort each user's by time and
 * input order, and fill in the shards. In: user, item, value, time and kept
 * columns of any rows in global input order by rank (`rows`, columns, users,
 * items); the columns are replaced. The id tables are not touched: see
 * cor_interactions_place_ids. Collective.
 */
int cor_interactions_arrange(const cor_team *team, int64_t shard_count,
                             cor_interactions *data);

/** Bring the runs of the tables of users, items and categories (as any
    contiguous runs in rank order) to where cor_interactions wants them.
   Collective. */
int cor_interactions_place_ids(const cor_team *team, cor_interactions *data);

/** Write the store; fills the summary. Collective.
    @return COR_OK; COR_EIO; COR_ENUMERIC for a value that is not finite */
int cor_interactions_write(const cor_team *team, const char *path,
                           const cor_file_options *options,
                           const cor_interactions *data,
                           cor_interactions_summary *summary);

/** Which parts of a store to read. */
typedef struct cor_interactions_parts {
    bool value, time, user_id, item_id, item_title, kept;
} cor_interactions_parts;
extern const cor_interactions_parts cor_interactions_all;

/** Read the shards that this rank owns. Parts not wanted stay NULL. Collective.
    Checks that users and items are in range and sorted: COR_EDATA otherwise. */
int cor_interactions_read(const cor_team *team, const char *path,
                          const cor_interactions_parts *parts,
                          cor_interactions *data);

/** The summary that the store itself keeps. Collective. */
int cor_interactions_summarise(const cor_team *team, const cor_file *file,
                               cor_interactions_summary *summary);

#endif
