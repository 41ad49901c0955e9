/*
 * Scores of models of neighbours. A block's rows are turned, so that for each
 * thing there is a list of the items of the block that have it in their row. A
 * query then goes through its own row, and through the list of each thing in
 * it: whatever it meets for an item is one of that item's neighbours.
 */
#include "score_state.h"

#include "coracle/failure.h"
#include "coracle/memory.h"
#include "neighbours.h"

#include <math.h>
#include <omp.h>
#include <string.h>

/* What a query has met so far for an item of the block. */
typedef struct meeting {
    double weighted, weight;
    int64_t place; /* of the first of its neighbours, where they are chosen */
    int32_t count;
} meeting;

/* The room of one thread. */
typedef struct room {
    meeting *met;    /* BLOCK_ITEMS */
    float *score;    /* BLOCK_ITEMS */
    int64_t size;    /* of the two below */
    neighbour *near; /* of items with more neighbours than count */
    float *work;
} room;

struct near_scores {
    const cor_neighbours *how;
    int64_t things;
    int threads;
    room *room;
    int64_t *begin; /* things + 1: the list of each */
    int64_t size;   /* of the two below */
    int32_t *item;  /* of the block */
    float *value;
};

int near_scores_create(const scoring *s, near_scores **out)
{
    near_scores *n = NULL;
    const cor_model *model = s->model;
    const cor_neighbours *how = model->neighbours;
    *out = NULL;
    COR_TRY(cor_allocate_zeroed(&n, 1, sizeof *n, "scores"));
    *out = n;
    n->how = how;
    n->things = how->between_users ? model->user.rows : model->item.rows;
    n->threads = cor_team_threads(s->team);
    COR_TRY(
        cor_allocate_zeroed(&n->room, n->threads, sizeof *n->room, "scores"));
    for (int t = 0; t < n->threads; t++) {
        room *r = &n->room[t];
        COR_TRY(cor_allocate_zeroed(&r->met, BLOCK_ITEMS, sizeof *r->met,
                                    "scores"));
        COR_TRY(
            cor_allocate(&r->score, BLOCK_ITEMS, sizeof *r->score, "scores"));
    }
    return cor_allocate(&n->begin, n->things + 1, sizeof *n->begin, "scores");
}

void near_scores_destroy(near_scores **near)
{
    near_scores *n = *near;
    if (!n)
        return;
    for (int t = 0; n->room && t < n->threads; t++) {
        cor_free(n->room[t].met);
        cor_free(n->room[t].score);
        cor_free(n->room[t].near);
        cor_free(n->room[t].work);
    }
    cor_free(n->room);
    cor_free(n->begin);
    cor_free(n->item);
    cor_free(n->value);
    cor_free(n);
    *near = NULL;
}

static int make_lists(near_scores *n, int64_t entries)
{
    if (entries <= n->size)
        return COR_OK;
    n->size = 0;
    cor_free(n->item);
    cor_free(n->value);
    n->item = NULL;
    n->value = NULL;
    COR_TRY(COR_NEW(&n->item, entries));
    COR_TRY(COR_NEW(&n->value, entries));
    n->size = entries;
    return COR_OK;
}

/* Turn the rows of the block's items into lists of its items by thing. */
static int turn(near_scores *n, const item_block *rows)
{
    int64_t from = rows->begin[0], to = rows->begin[rows->count];
    COR_TRY(make_lists(n, to - from));
    memset(n->begin, 0, (size_t)(n->things + 1) * sizeof *n->begin);
    for (int64_t e = from; e < to; e++)
        n->begin[rows->index[e] + 1]++;
    for (int64_t d = 0; d < n->things; d++)
        n->begin[d + 1] += n->begin[d];
    for (int64_t i = 0; i < rows->count; i++)
        for (int64_t e = rows->begin[i]; e < rows->begin[i + 1]; e++) {
            int64_t at = n->begin[rows->index[e]]++;
            n->item[at] = (int32_t)i;
            n->value[at] = rows->value[e];
        }
    /* filling moved each begin to its end, which is the next one's begin */
    memmove(n->begin + 1, n->begin, (size_t)n->things * sizeof *n->begin);
    n->begin[0] = 0;
    return COR_OK;
}

/* Between users: the query's row is of similar users, the most similar first,
   so an item's first neighbours are its nearest. The user himself comes before
   them all. */
static void meet_user(const near_scores *n, int64_t thing, double similarity,
                      meeting *met)
{
    for (int64_t e = n->begin[thing]; e < n->begin[thing + 1]; e++) {
        meeting *m = &met[n->item[e]];
        if (m->count >= n->how->most)
            continue;
        m->weighted += similarity * (double)n->value[e];
        m->weight += similarity;
        m->count++;
    }
}

static void meet_users(const near_scores *n, const cor_queries *queries,
                       int64_t query, meeting *met)
{
    const cor_sparse *rows = &queries->row;
    meet_user(n, queries->user[query], 1, met);
    for (int64_t e = rows->begin[query]; e < rows->begin[query + 1]; e++)
        meet_user(n, rows->index[e], rows->value[e], met);
}

/* Between items: the query's row is of rated items, whose lists are of items
   similar to them, in no order. pass 0 counts an item's neighbours; where they
   are too many, pass 1 notes them for a choice, else it adds them up. */
static void meet_item(room *r, int32_t item, float similarity, float residual,
                      int pass)
{
    meeting *m = &r->met[item];
    if (pass == 0) {
        m->count++;
    } else if (m->place >= 0) {
        r->near[m->place++] = (neighbour){similarity, residual};
    } else {
        m->weighted += (double)similarity * (double)residual;
        m->weight += (double)similarity;
    }
}

static void meet_items(const near_scores *n, const scoring *s, int64_t query,
                       room *r, int pass)
{
    const cor_sparse *rows = &s->queries->row;
    for (int64_t q = rows->begin[query]; q < rows->begin[query + 1]; q++) {
        int64_t thing = rows->index[q], own = thing - s->block.first;
        for (int64_t e = n->begin[thing]; e < n->begin[thing + 1]; e++)
            meet_item(r, n->item[e], n->value[e], rows->value[q], pass);
        if (own >= 0 && own < s->block.count)
            meet_item(r, (int32_t)own, 1, rows->value[q], pass);
    }
}

/* Room for the neighbours of items that have more than count. */
static int place_neighbours(const near_scores *n, room *r, int64_t items)
{
    int64_t most = 0;
    for (int64_t i = 0; i < items; i++) {
        bool choose = r->met[i].count > n->how->most;
        r->met[i].place = choose ? most : -1;
        most += choose ? r->met[i].count : 0;
    }
    if (most <= r->size)
        return COR_OK;
    r->size = 0;
    cor_free(r->near);
    cor_free(r->work);
    r->near = NULL;
    r->work = NULL;
    COR_TRY(cor_allocate(&r->near, 2 * most, sizeof *r->near, "neighbours"));
    COR_TRY(cor_allocate(&r->work, 2 * most, sizeof *r->work, "neighbours"));
    r->size = 2 * most;
    return COR_OK;
}

static int meet(const near_scores *n, const scoring *s, int64_t query, room *r)
{
    if (n->how->between_users) {
        meet_users(n, s->queries, query, r->met);
        return COR_OK;
    }
    meet_items(n, s, query, r, 0);
    COR_TRY(place_neighbours(n, r, s->block.count));
    meet_items(n, s, query, r, 1);
    return COR_OK;
}

static double mean_of(const near_scores *n, const room *r, const meeting *m)
{
    if (!n->how->between_users && m->place >= 0)
        return neighbours_mean(n->how, r->near + m->place - m->count, m->count,
                               r->work);
    return m->count >= n->how->least && m->weight > 0 ? m->weighted / m->weight
                                                      : 0;
}

static int score_query(const near_scores *n, const scoring *s, int64_t query,
                       room *r)
{
    const score_block *b = &s->block;
    const float *score = b->popular;
    int rc = COR_OK;
    if (s->queries->known[query]) {
        rc = meet(n, s, query, r);
        for (int64_t i = 0; rc == COR_OK && i < b->count; i++)
            r->score[i] = b->bias[i] + (float)mean_of(n, r, &r->met[i]);
        memset(r->met, 0, (size_t)b->count * sizeof *r->met);
        score = r->score;
    }
    if (rc == COR_OK)
        s->visit(s->context, &(cor_scores_tile){.query = query,
                                                .queries = 1,
                                                .item = b->first,
                                                .items = b->count,
                                                .score = score});
    return rc;
}

int near_scores_block(near_scores *n, const scoring *s, const item_block *rows)
{
    int64_t queries = s->queries->id.count;
    cor_failure first = COR_NO_FAILURE;
    COR_TRY(turn(n, rows));
#pragma omp parallel for num_threads(n->threads) schedule(dynamic, 8)
    for (int64_t q = 0; q < queries; q++) {
        int rc = score_query(n, s, q, &n->room[omp_get_thread_num()]);
        if (rc != COR_OK)
            cor_failure_note(&first, rc, q);
    }
    return cor_failure_raise(&first);
}
