/**
 * References into one table of ids become rows of another.
 */
#ifndef RECOMMEND_LOCATE_H
#define RECOMMEND_LOCATE_H

#include "coracle/ids.h"

/** row[i] is the row in `table` of the id that stands as row index[i] of
    `asked`, or -1. Ranks hold any runs of both. Collective. */
int cor_ids_locate(const cor_team *team, const cor_ids *table,
                   const cor_ids *asked, const int32_t *index, int64_t count,
                   int64_t *row);

#endif
