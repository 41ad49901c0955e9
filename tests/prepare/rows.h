/**
 * Small sets of interactions for the tests of this room: the same rows on every
 * rank as plain arrays, and spread over the team as the library wants them.
 */
#ifndef ROWS_H
#define ROWS_H

#include "coracle/interactions.h"
#include "coracle/memory.h"
#include "coracle/random.h"
#include "team_test.h"

#include <stdlib.h>
#include <string.h>

/** All rows, on every rank, sorted by user. */
typedef struct plain {
    int64_t rows, users, items;
    int32_t *user, *item;
    float *value;
    int64_t *time;
} plain;

static inline void plain_free(plain *p)
{
    free(p->user);
    free(p->item);
    free(p->value);
    free(p->time);
}

static inline plain plain_of(int64_t rows, int64_t users, int64_t items)
{
    plain p = {rows, users, items, NULL, NULL, NULL, NULL};
    size_t n = (size_t)rows + 1;
    p.user = calloc(n, sizeof *p.user);
    p.item = calloc(n, sizeof *p.item);
    p.value = calloc(n, sizeof *p.value);
    p.time = calloc(n, sizeof *p.time);
    return p;
}

/** Random rows: few rows for most users and items, many ties in time, repeated
    pairs; some users and items have no row at all. */
static inline plain plain_random(uint64_t seed, int64_t rows, int64_t users,
                                 int64_t items)
{
    plain p = plain_of(rows, users, items);
    int64_t last = 0, time = 0;
    for (int64_t r = 0; r < rows; r++) {
        double unit[2];
        cor_random bits = cor_random_at(seed, COR_STREAM_TEST, (uint64_t)r, 0);
        cor_random_units(bits, unit);
        int64_t user = users * r / rows;
        user = unit[0] < 0.3 ? user : user / 7 * 7; /* users come by sevens */
        if (user < last)
            user = last;
        time = user == last ? time + bits.word[0] % 3 : bits.word[0] % 50;
        last = user;
        p.user[r] = (int32_t)user;
        p.item[r] = (int32_t)((double)items * unit[1] * unit[1] * unit[1]);
        p.value[r] = (float)(1 + bits.word[3] % 5) + 0.1f;
        p.time[r] = time;
    }
    return p;
}

static inline cor_ids numbers(int64_t total, int64_t first, int64_t count,
                              int64_t factor)
{
    cor_ids ids = {.total = total, .first = first, .count = count};
    assert_int_equal(cor_allocate(&ids.number, count, 8, "ids"), COR_OK);
    for (int64_t i = 0; i < count; i++)
        ids.number[i] = factor * (first + i);
    return ids;
}

/** Even run of `total` for this rank of a team. */
static inline int64_t run_begin(const cor_team *of, int64_t total, int next)
{
    return total * (cor_team_rank(of) + next) / cor_team_size(of);
}

/** Spread rows over a team: ids are `factor` times the number. */
static inline cor_interactions spread(const cor_team *of, const plain *p,
                                      int64_t shards, int64_t factor,
                                      bool with_time)
{
    int64_t first = run_begin(of, p->rows, 0);
    int64_t rows = run_begin(of, p->rows, 1) - first;
    cor_interactions d = {.rows = rows, .users = p->users, .items = p->items};
    assert_int_equal(cor_allocate(&d.user, rows, 4, "users"), COR_OK);
    assert_int_equal(cor_allocate(&d.item, rows, 4, "items"), COR_OK);
    assert_int_equal(cor_allocate(&d.value, rows, 4, "values"), COR_OK);
    memcpy(d.user, p->user + first, (size_t)rows * 4);
    memcpy(d.item, p->item + first, (size_t)rows * 4);
    memcpy(d.value, p->value + first, (size_t)rows * 4);
    if (with_time) {
        assert_int_equal(cor_allocate(&d.time, rows, 8, "times"), COR_OK);
        memcpy(d.time, p->time + first, (size_t)rows * 8);
    }
    assert_int_equal(cor_interactions_arrange(of, shards, &d), COR_OK);
    int64_t user = run_begin(of, p->users, 0),
            item = run_begin(of, p->items, 0);
    d.user_id =
        numbers(p->users, user, run_begin(of, p->users, 1) - user, factor);
    d.item_id =
        numbers(p->items, item, run_begin(of, p->items, 1) - item, factor);
    assert_int_equal(cor_interactions_place_ids(of, &d), COR_OK);
    return d;
}

#endif
