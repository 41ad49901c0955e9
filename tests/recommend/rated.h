/**
 * Ratings written out: a small set that every rank knows, as training data.
 */
#ifndef RATED_H
#define RATED_H

#include "coracle/interactions.h"
#include "coracle/memory.h"
#include "coracle/random.h"

#include <stdlib.h>

enum { RATED_MOST = 4000 };

typedef struct rated {
    int32_t users, items; /* some may have no ratings */
    int64_t count;
    int32_t user[RATED_MOST], item[RATED_MOST];
    float value[RATED_MOST];
} rated;

static inline void rated_add(rated *r, int32_t user, int32_t item, float value)
{
    r->user[r->count] = user;
    r->item[r->count] = item;
    r->value[r->count++] = value;
}

/** Some random ratings in no order of users, low items far more often, values
    of `levels` steps of `step` from `low` on. */
static inline void rated_random(rated *r, int64_t count, uint64_t seed,
                                float low, float step, int levels)
{
    for (int64_t i = 0; i < count; i++) {
        double a[2], b[2];
        cor_random_units(cor_random_at(seed, COR_STREAM_TEST, (uint64_t)i, 0),
                         a);
        cor_random_units(cor_random_at(seed, COR_STREAM_TEST, (uint64_t)i, 1),
                         b);
        rated_add(r, (int32_t)(a[0] * r->users),
                  (int32_t)(a[1] * a[1] * a[1] * r->items),
                  low + step * (float)(int)(b[0] * levels));
    }
}

/** The same ratings user by user, in the order of the input: as they are
    arranged. */
static inline void rated_by_user(const rated *in, rated *out)
{
    *out = (rated){.users = in->users, .items = in->items};
    for (int32_t u = 0; u < in->users; u++)
        for (int64_t i = 0; i < in->count; i++)
            if (in->user[i] == u)
                rated_add(out, u, in->item[i], in->value[i]);
}

static inline int rated_ids(const cor_team *of, int64_t total, cor_ids *ids)
{
    int64_t rank = cor_team_rank(of), size = cor_team_size(of);
    *ids = (cor_ids){.total = total, .first = total * rank / size};
    ids->count = total * (rank + 1) / size - ids->first;
    COR_TRY(COR_NEW(&ids->number, ids->count));
    for (int64_t i = 0; i < ids->count; i++)
        ids->number[i] = 1000 + ids->first + i;
    return COR_OK;
}

/** Spread over a team in input order, and arranged. Collective. */
static inline int rated_make(const cor_team *of, const rated *r, int64_t shards,
                             cor_interactions *data)
{
    int64_t rank = cor_team_rank(of), size = cor_team_size(of);
    int64_t from = r->count * rank / size, to = r->count * (rank + 1) / size;
    *data = (cor_interactions){
        .rows = to - from, .users = r->users, .items = r->items};
    COR_TRY(COR_NEW(&data->user, data->rows));
    COR_TRY(COR_NEW(&data->item, data->rows));
    COR_TRY(COR_NEW(&data->value, data->rows));
    for (int64_t i = from; i < to; i++) {
        data->user[i - from] = r->user[i];
        data->item[i - from] = r->item[i];
        data->value[i - from] = r->value[i];
    }
    COR_TRY(rated_ids(of, r->users, &data->user_id));
    COR_TRY(rated_ids(of, r->items, &data->item_id));
    COR_TRY(cor_interactions_arrange(of, shards, data));
    return cor_interactions_place_ids(of, data);
}

#endif
