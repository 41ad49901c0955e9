/*
 * The grid: users are cut into rows of about equal ratings, items dealt into
 * columns; ratings move to the rank of their row, which is seldom another than
 * the one that has them, and are put in the order of steps.
 */
#include "coracle/failure.h"
#include "coracle/halo.h"
#include "coracle/linalg.h"
#include "coracle/memory.h"
#include "coracle/random.h"
#include "coracle/sort.h"
#include "ratings_parts.h"
#include "sgd_state.h"

#include <string.h>

typedef struct building {
    const cor_team *team;
    const cor_sgd_options *options;
    cor_interactions *train;
    cor_ratings *ratings;
    sgd_grid *grid;
    cor_shards *rows; /* the grid's rows, over ratings */
    int64_t *column;  /* size + 1: places where columns begin */
} building;

int64_t sgd_grid_size(int64_t ratings)
{
    /* blocks of at least 2^16 ratings, but rows for 16 ranks or threads */
    int64_t size = 16;
    while (4 * size * size <= ratings >> 16)
        size *= 2;
    return size;
}

/* ---- users ---- */

/* Where each of my users' ratings begin in the whole. */
static int running_counts(const building *b, int64_t first, int64_t users,
                          int64_t **begin)
{
    const cor_interactions *t = b->train;
    COR_TRY(cor_allocate_zeroed(begin, users + 1, sizeof **begin, "users"));
    for (int64_t i = 0; i < t->rows; i++)
        (*begin)[t->user[i] - first + 1]++;
    (*begin)[0] = cor_shards_first_row(t->row_shards, cor_team_rank(b->team));
    for (int64_t u = 0; u < users; u++)
        (*begin)[u + 1] += (*begin)[u];
    return COR_OK;
}

static int cut_users(building *b)
{
    const cor_interactions *t = b->train;
    int64_t size = b->grid->size, *begin = NULL, *cut = NULL;
    int64_t first =
        cor_shards_first_row(t->user_shards, cor_team_rank(b->team));
    int64_t users =
        cor_shards_first_row(t->user_shards, cor_team_rank(b->team) + 1) -
        first;
    int rc = running_counts(b, first, users, &begin);
    if (rc == COR_OK)
        rc = cor_allocate(&cut, 2 * (size + 1), sizeof *cut, "rows of users");
    rc = cor_agree(b->team, rc);
    if (rc == COR_OK)
        rc = cor_interactions_cut(b->team, size, t->users,
                                  cor_shards_rows(t->row_shards), first, users,
                                  begin, cut, cut + size + 1);
    if (rc == COR_OK) {
        rc = cor_shards_create(b->team, size, cut, &b->rows);
        if (rc == COR_OK)
            rc = cor_shards_create_like(b->rows, cut + size + 1,
                                        &b->grid->users);
        rc = cor_agree(b->team, rc);
    }
    cor_free(begin);
    cor_free(cut);
    return rc;
}

/* The grid's ranks are those of the shards but for a few ratings at the edges,
   and the same where the ranks divide the rows. */
static int plan_moves(const building *b, int32_t **to, int64_t *moving)
{
    const cor_interactions *t = b->train;
    int rank = cor_team_rank(b->team);
    COR_TRY(cor_allocate(to, t->rows, sizeof **to, "ratings"));
    int owner = 0;
    *moving = 0;
    for (int64_t i = 0; i < t->rows; i++) {
        if (i == 0 || t->user[i] != t->user[i - 1])
            owner = cor_shards_owner(b->grid->users, t->user[i]);
        (*to)[i] = owner;
        *moving += owner != rank;
    }
    return COR_OK;
}

static int send_ratings(const building *b, const cor_route *route)
{
    cor_interactions *t = b->train;
    const void *out[] = {t->user, t->item, t->value};
    void *in[3] = {NULL};
    int rc = COR_OK;
    for (int c = 0; rc == COR_OK && c < 3; c++) {
        rc = cor_agree(b->team, cor_allocate(&in[c], cor_route_arrivals(route),
                                             4, "ratings"));
        if (rc == COR_OK)
            rc = cor_route_send(route, out[c], 4, in[c]);
    }
    if (rc != COR_OK) {
        for (int c = 0; c < 3; c++)
            cor_free(in[c]);
        return rc;
    }
    cor_free(t->user);
    cor_free(t->item);
    cor_free(t->value);
    t->user = in[0];
    t->item = in[1];
    t->value = in[2];
    t->rows = cor_route_arrivals(route);
    return COR_OK;
}

static int move_ratings(const building *b)
{
    int32_t *to = NULL;
    int64_t moving = 0;
    cor_route *route = NULL;
    int rc = cor_agree(b->team, plan_moves(b, &to, &moving));
    if (rc == COR_OK)
        cor_team_sum(b->team, &moving, 1);
    if (rc == COR_OK && moving > 0) {
        rc = cor_route_create(b->team, to, b->train->rows, &route);
        if (rc == COR_OK)
            rc = send_ratings(b, route);
    }
    cor_route_destroy(&route);
    cor_free(to);
    return rc;
}

static int open_side(const building *b, cor_ratings_side *side)
{
    int rank = cor_team_rank(b->team);
    side->first = cor_shards_first_row(side->shards, rank);
    side->rows = cor_shards_first_row(side->shards, rank + 1) - side->first;
    COR_TRY(cor_allocate_zeroed(&side->count, side->rows, sizeof *side->count,
                                "counts of ratings"));
    return cor_allocate_zeroed(&side->mean, side->rows, sizeof *side->mean,
                               "mean ratings");
}

/* Ratings stand by users. */
static int describe_users(const building *b)
{
    const cor_interactions *t = b->train;
    cor_ratings_side *side = &b->ratings->user;
    COR_TRY(cor_shards_copy(b->grid->users, &side->shards));
    COR_TRY(open_side(b, side));
    double sum = 0;
    for (int64_t i = 0; i < t->rows; i++) {
        int64_t user = t->user[i] - side->first;
        sum = (side->count[user] == 0 ? 0 : sum) + (double)t->value[i];
        side->count[user]++;
        side->mean[user] = (float)(sum / (double)side->count[user]);
    }
    return COR_OK;
}

/* ---- items ---- */

static int deal_items(building *b, int64_t **place)
{
    const cor_interactions *t = b->train;
    cor_ratings_side *side = &b->ratings->item;
    int64_t size = b->grid->size;
    int rc = cor_shards_create_even(b->team, size, t->items, &side->shards);
    if (rc == COR_OK)
        rc = open_side(b, side);
    if (rc == COR_OK)
        rc = cor_allocate(place, side->rows, sizeof **place, "places of items");
    if (rc == COR_OK)
        rc = cor_allocate(&b->column, size + 1, sizeof *b->column, "columns");
    COR_TRY(cor_agree(b->team, rc));
    COR_TRY(ratings_count_items(b->team, side->shards, t->item, t->value,
                                t->rows, side->count, side->mean));
    COR_TRY(sgd_deal_items(b->team, side->shards, side->count, size, *place,
                           b->column));
    return cor_agree(
        b->team, cor_shards_create_like(b->rows, b->column, &b->grid->places));
}

/* The items of my ratings become their places. */
static int place_items(const building *b, const int64_t *place)
{
    cor_interactions *t = b->train;
    const cor_ratings_side *side = &b->ratings->item;
    cor_halo *halo = NULL;
    cor_window *window = NULL;
    int rc = cor_halo_create(b->team, side->shards, t->item, t->rows, &halo);
    if (rc == COR_OK)
        rc = cor_window_create(halo, sizeof(int32_t), &window);
    if (rc == COR_OK) {
        int32_t *own = cor_window_own(window);
        for (int64_t i = 0; i < side->rows; i++)
            own[i] = (int32_t)place[i];
        rc = cor_window_update(window);
    }
    if (rc == COR_OK) {
        const int32_t *all = cor_window_rows(window);
        for (int64_t i = 0; i < t->rows; i++)
            t->item[i] = all[t->item[i]];
        cor_team_barrier(b->team); /* all have read the window */
    }
    cor_window_destroy(&window);
    cor_halo_destroy(&halo);
    return rc;
}

/* ---- blocks ---- */

/* Columns have about equal numbers of places: the first guess is near. */
static int64_t column_of(const building *b, int64_t place)
{
    int64_t column = place * b->grid->size / b->train->items;
    while (b->column[column] > place)
        column--;
    while (b->column[column + 1] <= place)
        column++;
    return column;
}

/* The ratings of one of my rows: pass 0 counts them by column, pass 1 puts them
   into their blocks, in their order. */
static void visit_row(const building *b, int64_t row, int pass)
{
    const sgd_grid *g = b->grid;
    const cor_interactions *t = b->train;
    int64_t origin = cor_shards_begin(b->rows, g->first);
    int64_t to = cor_shards_begin(b->rows, g->first + row + 1) - origin;
    int64_t user = cor_shards_begin(g->users, g->first + row);
    int64_t *begin = g->begin + row * g->size;
    for (int64_t i = cor_shards_begin(b->rows, g->first + row) - origin; i < to;
         i++) {
        int64_t column = column_of(b, t->item[i]);
        int64_t *at = &begin[column + (pass == 0)];
        if (pass == 1)
            g->rating[*at] = (cor_step_rating){
                (int32_t)(t->user[i] - user),
                (int32_t)(t->item[i] - b->column[column]), t->value[i]};
        (*at)++;
    }
}

static int fill_blocks(const building *b)
{
    sgd_grid *g = b->grid;
    int threads = cor_team_threads(b->team);
    int64_t blocks = g->rows * g->size;
    COR_TRY(cor_allocate_zeroed(&g->begin, blocks + 1, sizeof *g->begin,
                                "blocks of ratings"));
    COR_TRY(cor_allocate(&g->rating, b->train->rows, sizeof *g->rating,
                         "blocks of ratings"));
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int64_t r = 0; r < g->rows; r++)
        visit_row(b, r, 0);
    for (int64_t i = 0; i < blocks; i++)
        g->begin[i + 1] += g->begin[i];
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int64_t r = 0; r < g->rows; r++)
        visit_row(b, r, 1);
    /* filling moved each begin to its end, which is the next one's begin */
    memmove(g->begin + 1, g->begin, (size_t)blocks * sizeof *g->begin);
    g->begin[0] = 0;
    return COR_OK;
}

/* By tiles of users, in random order there; for implicit feedback by user and
   item, so that what a user has seen is found. */
static void make_keys(const building *b, int64_t number,
                      const cor_step_rating *rating, int64_t count,
                      uint64_t *key)
{
    const cor_sgd_options *o = b->options;
    int64_t tile = cor_step_tile(cor_padded(o->factors));
    cor_random bits = {{0}};
    for (int64_t i = 0; i < count; i++) {
        uint64_t user = (uint64_t)rating[i].user;
        if (o->loss != COR_LOSS_SQUARED) {
            key[i] = user << 32 | (uint64_t)rating[i].item;
            continue;
        }
        if (i % 4 == 0)
            bits = cor_random_at((uint64_t)o->seed, COR_STREAM_STEP,
                                 (uint64_t)number << 32 | (uint64_t)i, 0);
        key[i] = user / (uint64_t)tile << 32 | bits.word[i % 4];
    }
}

static int order_block(const building *b, int64_t block)
{
    const sgd_grid *g = b->grid;
    cor_step_rating *rating = g->rating + g->begin[block], *copy = NULL;
    int64_t count = g->begin[block + 1] - g->begin[block], *order = NULL;
    uint64_t *key = NULL;
    int rc = cor_allocate(&key, count, sizeof *key, "order of ratings");
    if (rc == COR_OK)
        rc = cor_allocate(&order, count, sizeof *order, "order of ratings");
    if (rc == COR_OK)
        rc = cor_allocate(&copy, count, sizeof *copy, "order of ratings");
    if (rc == COR_OK) {
        make_keys(b, g->first * g->size + block, rating, count, key);
        for (int64_t i = 0; i < count; i++)
            order[i] = i;
        rc = cor_sort_pairs(key, order, count);
    }
    if (rc == COR_OK) {
        memcpy(copy, rating, (size_t)count * sizeof *copy);
        for (int64_t i = 0; i < count; i++)
            rating[i] = copy[order[i]];
    }
    cor_free(key);
    cor_free(order);
    cor_free(copy);
    return rc;
}

static int order_blocks(const building *b)
{
    const sgd_grid *g = b->grid;
    cor_failure first = COR_NO_FAILURE;
    int threads = cor_team_threads(b->team);
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int64_t block = 0; block < g->rows * g->size; block++) {
        int rc = order_block(b, block);
        if (rc != COR_OK)
            cor_failure_note(&first, rc, block);
    }
    return cor_failure_raise(&first);
}

static int make_blocks(const building *b)
{
    cor_interactions *t = b->train;
    sgd_grid *g = b->grid;
    int rank = cor_team_rank(b->team);
    g->first = cor_shards_first(g->users, rank);
    g->rows = cor_shards_first(g->users, rank + 1) - g->first;
    COR_TRY(fill_blocks(b));
    cor_free(t->user);
    cor_free(t->item);
    cor_free(t->value);
    t->user = t->item = NULL;
    t->value = NULL;
    return order_blocks(b);
}

static int build(building *b, int64_t **place)
{
    COR_TRY(cut_users(b));
    COR_TRY(move_ratings(b));
    COR_TRY(cor_agree(b->team, describe_users(b)));
    COR_TRY(deal_items(b, place));
    COR_TRY(place_items(b, *place));
    return cor_agree(b->team, make_blocks(b));
}

int sgd_grid_create(const cor_team *team, const cor_sgd_options *options,
                    cor_interactions *train, cor_ratings *ratings,
                    sgd_grid *grid, int64_t **place)
{
    building b = {.team = team,
                  .options = options,
                  .train = train,
                  .ratings = ratings,
                  .grid = grid};
    *place = NULL;
    *ratings = (cor_ratings){0};
    *grid = (sgd_grid){.size = options->grid};
    int64_t total = cor_shards_rows(train->row_shards);
    if (total == 0)
        return cor_fail(COR_EDATA, "there is nothing to train on: the store "
                                   "has no interactions");
    if (grid->size == 0)
        grid->size = sgd_grid_size(total);
    int rc =
        ratings_describe_values(team, train->row_shards, train->value, ratings);
    if (rc == COR_OK)
        rc = build(&b, place);
    cor_shards_destroy(&b.rows);
    cor_free(b.column);
    return rc;
}

void sgd_grid_free(sgd_grid *grid)
{
    cor_shards_destroy(&grid->users);
    cor_shards_destroy(&grid->places);
    cor_free(grid->begin);
    cor_free(grid->rating);
    *grid = (sgd_grid){0};
}
