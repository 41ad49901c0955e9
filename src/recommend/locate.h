/**
 * References into one table of ids become rows of another; tables of ids stand
 * where those who refer to their rows find them.
 */
#ifndef RECOMMEND_LOCATE_H
#define RECOMMEND_LOCATE_H

#include "coracle/ids.h"
#include "coracle/shards.h"

/** row[i] is the row in `table` of the id that stands as row index[i] of
    `asked`, or -1. Ranks hold any runs of both. Collective. */
int cor_ids_locate(const cor_team *team, const cor_ids *table,
                   const cor_ids *asked, const int32_t *index, int64_t count,
                   int64_t *row);

/** Even shards over the rows of a table of ids. Local. */
int cor_ids_shards(const cor_team *team, const cor_ids *ids,
                   cor_shards **shards);

/** Move the rows of a table to the ranks that own them. Collective. */
int cor_ids_place(const cor_team *team, const cor_shards *shards, cor_ids *ids);

#endif
