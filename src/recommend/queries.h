/**
 * What interactions say of the users that ask, brought to where their queries
 * stand.
 */
#ifndef RECOMMEND_QUERIES_H
#define RECOMMEND_QUERIES_H

#include "coracle/recommend.h"

typedef struct cor_query_rows {
    int64_t count;
    uint64_t *key;   /* local query << 32 | item, in input order of a user */
    float *value;    /* NULL where not wanted */
    int64_t ignored; /* of the rows I sent: item not in the model */
} cor_query_rows;

static inline uint64_t cor_query_key(int64_t query, int32_t item)
{
    return (uint64_t)query << 32 | (uint32_t)item;
}
static inline int64_t cor_query_of_key(uint64_t key)
{
    return (int64_t)(key >> 32);
}
static inline int32_t cor_item_of_key(uint64_t key)
{
    return (int32_t)(key & UINT32_MAX);
}

/** Bring the rows of users that ask to their queries. Collective. */
int cor_query_rows_gather(const cor_team *team, const cor_model *model,
                          const cor_interactions *data,
                          const cor_queries *queries, bool values,
                          cor_query_rows *rows);
void cor_query_rows_free(cor_query_rows *rows);

/** Take (query, item) keys into what has been seen. Local. */
int cor_queries_add_seen(cor_queries *queries, const uint64_t *key,
                         int64_t count);

/** Where each query's keys begin in a sorted list of keys. Local.
    @param[out] begin  queries + 1, for cor_free */
int cor_query_begins(const uint64_t *key, int64_t count, int64_t queries,
                     int64_t **begin);

#endif
