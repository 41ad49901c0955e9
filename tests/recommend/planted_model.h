/**
 * A model whose every number follows from its row, and interactions likewise,
 * so that a test can say on any rank what must come out.
 */
#ifndef PLANTED_MODEL_H
#define PLANTED_MODEL_H

#include "coracle/interactions.h"
#include "coracle/linalg.h"
#include "coracle/memory.h"
#include "coracle/model.h"
#include "coracle/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct planted {
    int64_t users, items, factors;
    bool bias, text, titles;
    int64_t repeat; /* so many items in a row are alike: equal scores */
} planted;

static const double planted_mean = 3.25;

/* A number in [-1, 1) for an element of one of the model's tables. */
static inline float planted_number(uint32_t table, int64_t row, int64_t at)
{
    cor_random bits =
        cor_random_at(7, COR_STREAM_TEST + table, (uint64_t)row, (uint32_t)at);
    return (float)(2 * cor_random_unit(bits) - 1);
}

static inline int64_t planted_row(const planted *p, bool item, int64_t row)
{
    return item && p->repeat > 1 ? row / p->repeat * p->repeat : row;
}

static inline int64_t planted_ratings(bool item, int64_t row)
{
    return row % 7 == (item ? 5 : 3) ? 0 : 1 + row % 20;
}

static inline float planted_factor(const planted *p, bool item, int64_t row,
                                   int64_t k)
{
    if (planted_ratings(item, row) == 0)
        return 0;
    return planted_number(item, planted_row(p, item, row), k);
}

static inline float planted_bias(const planted *p, bool item, int64_t row)
{
    if (!p->bias || planted_ratings(item, row) == 0)
        return 0;
    return planted_number(2 + item, planted_row(p, item, row), 0);
}

static inline float planted_average(bool item, int64_t row)
{
    if (planted_ratings(item, row) == 0)
        return 0;
    return 3 + planted_number(4 + item, row, 0);
}

/* Integers that do not ascend with the rows, or texts. */
static inline int64_t planted_id(int64_t row)
{
    return 1000 + (row ^ 5) * 3;
}

static inline int planted_ids(bool text, const char *word, int64_t total,
                              int64_t first, int64_t count, cor_ids *ids)
{
    *ids = (cor_ids){.total = total,
                     .first = first,
                     .count = count,
                     .text = text,
                     .width = text ? 48 : 0};
    if (!text)
        COR_TRY(COR_NEW(&ids->number, count));
    else
        COR_TRY(cor_allocate_zeroed(&ids->bytes, count, 48, "ids"));
    for (int64_t i = 0; i < count; i++) {
        long long id = (long long)planted_id(first + i);
        if (text)
            snprintf(ids->bytes + i * 48, 48, "%s %lld", word, id);
        else
            ids->number[i] = id;
    }
    return COR_OK;
}

static inline int plant_side(const cor_team *t, const planted *p, bool item,
                             cor_model *model, cor_model_side *side)
{
    side->rows = item ? p->items : p->users;
    COR_TRY(cor_shards_create_even(t, 8, side->rows, &side->shards));
    int rank = cor_team_rank(t);
    side->first = cor_shards_first_row(side->shards, rank);
    side->count = cor_shards_first_row(side->shards, rank + 1) - side->first;
    COR_TRY(planted_ids(p->text, item ? "item" : "user", side->rows,
                        side->first, side->count, &side->id));
    COR_TRY(COR_NEW(&side->ratings, side->count));
    COR_TRY(COR_NEW(&side->mean, side->count));
    COR_TRY(COR_NEW(&side->bias, side->count));
    COR_TRY(COR_NEW_ZEROED(&side->factor, side->count * model->ld));
    for (int64_t i = 0; i < side->count; i++) {
        int64_t row = side->first + i;
        side->ratings[i] = planted_ratings(item, row);
        side->mean[i] = planted_average(item, row);
        side->bias[i] = planted_bias(p, item, row);
        for (int64_t k = 0; k < p->factors; k++)
            side->factor[i * model->ld + k] = planted_factor(p, item, row, k);
    }
    return COR_OK;
}

/* Local parts alone; agree afterwards. */
static inline int plant_model(const cor_team *t, const planted *p,
                              cor_model *model)
{
    *model = (cor_model){.kind = "als",
                         .factors = p->factors,
                         .ld = cor_padded(p->factors),
                         .bias = p->bias,
                         .mean = planted_mean,
                         .value_min = 0.5,
                         .value_max = 5,
                         .reg = 0.7,
                         .reg_bias = 0.3};
    COR_TRY(plant_side(t, p, false, model, &model->user));
    COR_TRY(plant_side(t, p, true, model, &model->item));
    if (!p->titles)
        return COR_OK;
    return planted_ids(true, "Title, of", p->items, model->item.first,
                       model->item.count, &model->item_title);
}

/* The prediction as the header of the model defines it, in double. */
static inline double planted_score(const planted *p, int64_t user, int64_t item)
{
    double score = p->bias ? planted_mean + (double)planted_bias(p, 0, user) +
                                 (double)planted_bias(p, 1, item)
                           : 0;
    for (int64_t k = 0; k < p->factors; k++)
        score += (double)planted_factor(p, false, user, k) *
                 (double)planted_factor(p, true, item, k);
    return score;
}

/* A path that all ranks agree on, for a file that the test removes. */
static inline void planted_path(const cor_team *t, const char *name, char *out,
                                size_t size)
{
    const char *folder = getenv("TMPDIR");
    snprintf(out, size, "%s/coracle-test-%ld-%s", folder ? folder : "/tmp",
             (long)getpid(), name);
    cor_team_share(t, out, (int64_t)size, 0);
}

/**
 * Interactions of `users` x `items` by a rule: user u and item i (numbers that
 * planted_id names, `shift` more than the rows here) meet where
 * (u * 5 + i * 3) % every == 0, with a value of half stars.
 */
static inline float planted_value(int64_t user, int64_t item)
{
    return 0.5f + 0.5f * (float)((user * 7 + item * 11) % 10);
}

static inline bool planted_meets(int64_t user, int64_t item, int64_t every)
{
    return (user * 5 + item * 3) % every == 0;
}

static inline int plant_rows(const cor_team *t, int64_t users, int64_t items,
                             int64_t shift, int64_t every,
                             cor_interactions *data)
{
    int64_t rank = cor_team_rank(t), size = cor_team_size(t);
    *data = (cor_interactions){.users = users, .items = items};
    COR_TRY(COR_NEW(&data->user, users * items));
    COR_TRY(COR_NEW(&data->item, users * items));
    COR_TRY(COR_NEW(&data->value, users * items));
    for (int64_t u = users * rank / size; u < users * (rank + 1) / size; u++)
        for (int64_t i = 0; i < items; i++)
            if (planted_meets(u + shift, i + shift, every)) {
                data->user[data->rows] = (int32_t)u;
                data->item[data->rows] = (int32_t)i;
                data->value[data->rows++] = planted_value(u + shift, i + shift);
            }
    return COR_OK;
}

static inline int plant_tables(const cor_team *t, int64_t shift, bool text,
                               cor_interactions *data)
{
    int64_t rank = cor_team_rank(t), size = cor_team_size(t);
    int64_t u = data->users * rank / size, i = data->items * rank / size;
    int64_t us = data->users * (rank + 1) / size - u;
    int64_t is = data->items * (rank + 1) / size - i;
    COR_TRY(planted_ids(text, "user", data->users + shift, u + shift, us,
                        &data->user_id));
    COR_TRY(planted_ids(text, "item", data->items + shift, i + shift, is,
                        &data->item_id));
    data->user_id.total = data->users;
    data->user_id.first = u;
    data->item_id.total = data->items;
    data->item_id.first = i;
    return COR_OK;
}

/** Collective. */
static inline int plant_interactions(const cor_team *t, int64_t users,
                                     int64_t items, int64_t shift,
                                     int64_t every, bool text,
                                     cor_interactions *data)
{
    COR_TRY(cor_agree(t, plant_rows(t, users, items, shift, every, data)));
    COR_TRY(cor_agree(t, plant_tables(t, shift, text, data)));
    COR_TRY(cor_interactions_arrange(t, 8, data));
    return cor_interactions_place_ids(t, data);
}

#endif
