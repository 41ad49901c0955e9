/* The dictionary: ids become dense numbers over all ranks. */
#ifndef INGEST_DICTIONARY_H
#define INGEST_DICTIONARY_H

#include "coracle/ids.h"
#include "id_table.h"

/* Ids as a list, borrowed: integers, or texts one after the other. */
typedef struct ingest_id_list {
    bool text;
    int64_t count;
    const int64_t *number;
    const char *bytes;
    const int64_t *end; /* of each text in bytes */
} ingest_id_list;

ingest_id_list ingest_id_table_list(const ingest_id_table *table);

static inline int64_t ingest_id_begin(const ingest_id_list *list, int64_t i)
{
    return i ? list->end[i - 1] : 0;
}

/**
 * Number the ids of all ranks: 0, 1, ... in order of first appearance (rank by
 * rank, then as listed), or sorted, integers by value, texts by bytes.
 * Collective.
 *
 * @param[in]  mine    this rank's ids, each once
 * @param[in]  what    "users" or "items", for the message
 * @param[out] number  mine->count: the number of each
 * @param[out] table   this rank's run of the table, in rank order
 * @return COR_OK; COR_EDATA: 2^31 ids or more; COR_EMEMORY
 */
int ingest_dictionary(const cor_team *team, const ingest_id_list *mine,
                      bool sorted, const char *what, int32_t *number,
                      cor_ids *table);

/* Sort the ids of all ranks, each held by one rank alone. Collective.
   @param[out] place  list->count: position of each in the whole order
   @param[out] table  this rank's run of the sorted ids */
int ingest_sort_ids(const cor_team *team, const ingest_id_list *list,
                    int64_t *place, cor_ids *table);

/* Make a table's run of the ids pick[0..count) of a list (pick NULL: all), in
   that order. Collective. */
int ingest_ids_fill(const cor_team *team, const ingest_id_list *list,
                    const int64_t *pick, int64_t count, cor_ids *table);

#endif
