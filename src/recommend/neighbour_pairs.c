/*
 * s(u, i) of given pairs. Rows of items pass block by block; an item's row is
 * spread over all things, and each pair of it goes through its user's row.
 */
#include "coracle/failure.h"
#include "coracle/memory.h"
#include "item_blocks.h"
#include "neighbours.h"

#include <omp.h>

/* The room of one thread. */
typedef struct room {
    int32_t *place;  /* by thing: 1 + where it begins in the item's row */
    int64_t size;    /* of the two below */
    neighbour *near; /* of a pair */
    float *work;
} room;

typedef struct pairs {
    const cor_model *model;
    const neighbour_pairs *asked;
    int64_t things;
    int threads;
    room *room;
} pairs;

static void free_rooms(pairs *p)
{
    for (int t = 0; p->room && t < p->threads; t++) {
        cor_free(p->room[t].place);
        cor_free(p->room[t].near);
        cor_free(p->room[t].work);
    }
    cor_free(p->room);
}

static int make_rooms(pairs *p)
{
    COR_TRY(cor_allocate_zeroed(&p->room, p->threads, sizeof *p->room,
                                "neighbours"));
    for (int t = 0; t < p->threads; t++)
        COR_TRY(cor_allocate_zeroed(&p->room[t].place, p->things,
                                    sizeof *p->room[t].place, "neighbours"));
    return COR_OK;
}

static int make_room(room *r, int64_t neighbours)
{
    if (neighbours <= r->size)
        return COR_OK;
    r->size = 0;
    cor_free(r->near);
    cor_free(r->work);
    r->near = NULL;
    r->work = NULL;
    COR_TRY(COR_NEW(&r->near, 2 * neighbours));
    COR_TRY(COR_NEW(&r->work, 2 * neighbours));
    r->size = 2 * neighbours;
    return COR_OK;
}

static void spread(const item_block *rows, int64_t row, bool spread,
                   int32_t *place)
{
    int64_t begin = rows->begin[row];
    for (int64_t e = rows->begin[row + 1] - 1; e >= begin; e--)
        place[rows->index[e]] = spread ? (int32_t)(e - begin + 1) : 0;
}

/* Whoever rated the item and is similar to the user, the most similar first,
   he himself before all; one may have rated it twice. */
static int64_t near_users(const pairs *p, const item_block *rows, int64_t row,
                          int64_t user, room *r)
{
    const cor_sparse *similar = &p->model->neighbours->user;
    int64_t most = p->model->neighbours->most, count = 0;
    int64_t from = similar->begin[user], to = similar->begin[user + 1];
    for (int64_t s = from - 1; s < to && count < most; s++) {
        int64_t other =
            s < from ? p->model->user.first + user : similar->index[s];
        float similarity = s < from ? 1 : similar->value[s];
        if (r->place[other] == 0)
            continue;
        int64_t e = rows->begin[row] + r->place[other] - 1;
        for (; e < rows->begin[row + 1] && rows->index[e] == other &&
               count < most;
             e++)
            r->near[count++] = (neighbour){similarity, rows->value[e]};
    }
    return count;
}

/* The items that the user rated and that are similar, itself among them. */
static int64_t near_items(const pairs *p, const item_block *rows, int64_t row,
                          int64_t user, room *r)
{
    const cor_sparse *rated = &p->model->neighbours->user;
    int64_t count = 0;
    for (int64_t e = rated->begin[user]; e < rated->begin[user + 1]; e++) {
        int64_t other = rated->index[e];
        bool self = other == rows->first + row;
        if (!self && r->place[other] == 0)
            continue;
        int64_t at = rows->begin[row] + r->place[other] - 1;
        r->near[count++] =
            (neighbour){self ? 1 : rows->value[at], rated->value[e]};
    }
    return count;
}

static int predict_pair(const pairs *p, const item_block *rows, int64_t row,
                        int64_t pair, room *r)
{
    const cor_neighbours *how = p->model->neighbours;
    int64_t user = p->asked->user[pair], count;
    if (how->between_users) {
        COR_TRY(make_room(r, rows->begin[row + 1] - rows->begin[row]));
        count = near_users(p, rows, row, user, r);
    } else {
        COR_TRY(
            make_room(r, how->user.begin[user + 1] - how->user.begin[user]));
        count = near_items(p, rows, row, user, r);
    }
    p->asked->beyond[pair] = neighbours_mean(how, r->near, count, r->work);
    return COR_OK;
}

/* The first of my pairs, sorted by item, whose item is `item` or above. */
static int64_t first_pair(const neighbour_pairs *asked, int64_t item)
{
    int64_t low = 0, high = asked->count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if ((int64_t)(asked->order[middle] >> 32) < item)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int predict_item(const pairs *p, const item_block *rows, int64_t row)
{
    room *r = &p->room[omp_get_thread_num()];
    int64_t from = first_pair(p->asked, rows->first + row);
    int64_t to = first_pair(p->asked, rows->first + row + 1);
    int rc = COR_OK;
    if (from == to)
        return COR_OK;
    spread(rows, row, true, r->place);
    for (int64_t i = from; rc == COR_OK && i < to; i++)
        rc = predict_pair(p, rows, row,
                          (int64_t)(p->asked->order[i] & UINT32_MAX), r);
    spread(rows, row, false, r->place);
    return rc;
}

static int predict_block(const pairs *p, const item_block *rows)
{
    cor_failure first = COR_NO_FAILURE;
#pragma omp parallel for num_threads(p->threads) schedule(dynamic, 4)
    for (int64_t row = 0; row < rows->count; row++) {
        int rc = predict_item(p, rows, row);
        if (rc != COR_OK)
            cor_failure_note(&first, rc, row);
    }
    return cor_failure_raise(&first);
}

int neighbours_of_pairs(const cor_team *team, const cor_model *model,
                        const neighbour_pairs *asked)
{
    const cor_neighbours *how = model->neighbours;
    pairs p = {.model = model,
               .asked = asked,
               .things =
                   how->between_users ? model->user.rows : model->item.rows,
               .threads = cor_team_threads(team)};
    item_blocks *blocks = NULL;
    item_block rows;
    int rc = item_blocks_create(team, model, &blocks);
    if (rc == COR_OK)
        rc = cor_agree(team, make_rooms(&p));
    while (rc == COR_OK && item_blocks_next(blocks, &rows))
        rc = cor_agree(team, predict_block(&p, &rows));
    item_blocks_destroy(&blocks);
    free_rooms(&p);
    return rc;
}
