/*
 * The columns: where each is, how they travel, and how the model's rows go into
 * them and come back.
 *
 * In step s of a round my rows are on the columns first + s, ..., first + rows
 * - 1 + s (counted on without end; column x is x mod size). After the step the
 * lowest leaves for the rank before me, and the next one comes from the rank
 * after me. So column x stands in slot (turn + x - first) mod slots: two more
 * slots than rows hold the one that leaves and the one that comes. After as
 * many steps as columns all are at home again.
 */
#include "coracle/memory.h"
#include "coracle/sum.h"
#include "sgd_state.h"

#include <string.h>

static int64_t items_of(const sgd *s, int64_t column)
{
    return cor_shards_begin(s->grid.places, column + 1) -
           cor_shards_begin(s->grid.places, column);
}

/* A multiple of 64 bytes, as the ring wants it. */
static int64_t bytes_of(const sgd *s, int64_t column)
{
    int64_t bytes = items_of(s, column) * (s->rule.ld * (int64_t)sizeof(float) +
                                           (int64_t)sizeof(cor_step_state));
    return (bytes + 63) / 64 * 64;
}

/* Column x of those counted on without end, where it is with me. */
static cor_step_rows column_at(const sgd *s, int64_t x)
{
    const sgd_columns *c = &s->columns;
    int64_t slot = (c->turn + x - s->grid.first) % c->slots;
    int64_t items = items_of(s, x % s->grid.size);
    float *factor = (float *)(void *)(c->memory + slot * c->slot_bytes);
    return (cor_step_rows){
        .count = items,
        .factor = factor,
        .state = (cor_step_state *)(void *)(factor + items * s->rule.ld)};
}

/* ---- opening ---- */

static int open_slots(sgd *s)
{
    sgd_columns *c = &s->columns;
    for (int64_t column = 0; column < s->grid.size; column++)
        if (bytes_of(s, column) > c->slot_bytes)
            c->slot_bytes = bytes_of(s, column);
    c->travel = s->grid.rows > 0 && s->grid.rows < s->grid.size;
    c->slots = s->grid.rows + (c->travel ? 2 : 0);
    return cor_allocate_zeroed(&c->memory, c->slots, (size_t)c->slot_bytes,
                               "columns of items");
}

/* The route of the model's items to the ranks that have their columns at home,
   and where they stand there. */
static int plan_home(sgd *s, const int64_t *place)
{
    sgd_columns *c = &s->columns;
    int64_t items = s->model->item.count;
    int32_t *to = NULL, *mine = NULL;
    int rc = cor_allocate(&to, items, sizeof *to, "places of items");
    if (rc == COR_OK)
        rc = cor_allocate(&mine, items, sizeof *mine, "places of items");
    for (int64_t i = 0; rc == COR_OK && i < items; i++) {
        int owner = cor_shards_owner(s->grid.places, place[i]);
        to[i] = owner;
        mine[i] =
            (int32_t)(place[i] - cor_shards_first_row(s->grid.places, owner));
    }
    rc = cor_agree(s->team, rc);
    if (rc == COR_OK)
        rc = cor_route_create(s->team, to, items, &c->home);
    if (rc == COR_OK)
        rc = cor_agree(s->team,
                       cor_allocate(&c->place, cor_route_arrivals(c->home),
                                    sizeof *c->place, "places of items"));
    if (rc == COR_OK)
        rc = cor_route_send(c->home, mine, sizeof *mine, c->place);
    cor_free(to);
    cor_free(mine);
    return rc;
}

int sgd_columns_open(sgd *s, const int64_t *place)
{
    COR_TRY(cor_agree(s->team, open_slots(s)));
    COR_TRY(cor_ring_create(s->team, s->grid.rows > 0, &s->columns.ring));
    return plan_home(s, place);
}

void sgd_columns_close(sgd_columns *columns)
{
    cor_ring_destroy(&columns->ring);
    cor_route_destroy(&columns->home);
    cor_free(columns->memory);
    cor_free(columns->place);
    *columns = (sgd_columns){0};
}

/* ---- the model's rows ---- */

/* An arrived item's row of factors and its state in my columns at home. */
static float *home_row(const sgd *s, int64_t arrival, cor_step_state **state)
{
    int64_t first = s->grid.first;
    int64_t place =
        s->columns.place[arrival] + cor_shards_begin(s->grid.places, first);
    int64_t column = cor_shards_shard_of(s->grid.places, place);
    int64_t at = place - cor_shards_begin(s->grid.places, column);
    cor_step_rows rows = column_at(s, column);
    *state = rows.state + at;
    return rows.factor + at * s->rule.ld;
}

/* One side's biases and states. */
static void take_biases(const cor_model_side *side, cor_step_state *state)
{
    for (int64_t i = 0; i < side->count; i++)
        state[i].bias = side->bias[i];
}

static void show_biases(const cor_step_state *state, cor_model_side *side)
{
    for (int64_t i = 0; i < side->count; i++)
        side->bias[i] = state[i].bias;
}

static int exchange_rows(sgd *s, bool take, size_t width, char *arrived,
                         void *rows)
{
    const cor_route *home = s->columns.home;
    if (take)
        return cor_route_send(home, rows, width, arrived);
    return cor_route_reply(home, arrived, width, rows);
}

/* All factors of my columns, in or out, by way of a copy in the order of
   arrival. */
static int move_factors(sgd *s, bool take)
{
    int64_t arrivals = cor_route_arrivals(s->columns.home);
    size_t width = (size_t)s->rule.ld * sizeof(float);
    cor_step_state *state;
    char *copy = NULL;
    COR_TRY(cor_agree(
        s->team, cor_allocate(&copy, arrivals, width, "factors of items")));
    for (int64_t i = 0; !take && i < arrivals; i++)
        memcpy(copy + (size_t)i * width, home_row(s, i, &state), width);
    int rc = exchange_rows(s, take, width, copy, s->model->item.factor);
    for (int64_t i = 0; rc == COR_OK && take && i < arrivals; i++)
        memcpy(home_row(s, i, &state), copy + (size_t)i * width, width);
    cor_free(copy);
    return rc;
}

static int move_states(sgd *s, bool take)
{
    int64_t arrivals = cor_route_arrivals(s->columns.home);
    cor_step_state *copy = NULL, *state;
    COR_TRY(cor_agree(s->team, cor_allocate(&copy, arrivals, sizeof *copy,
                                            "biases of items")));
    for (int64_t i = 0; !take && i < arrivals; i++) {
        home_row(s, i, &state);
        copy[i] = *state;
    }
    int rc = exchange_rows(s, take, sizeof *copy, (char *)copy, s->item_state);
    for (int64_t i = 0; rc == COR_OK && take && i < arrivals; i++) {
        home_row(s, i, &state);
        *state = copy[i];
    }
    cor_free(copy);
    return rc;
}

int sgd_take(sgd *s)
{
    take_biases(&s->model->user, s->user_state);
    take_biases(&s->model->item, s->item_state);
    COR_TRY(move_factors(s, true));
    COR_TRY(move_states(s, true));
    s->shown = true;
    return COR_OK;
}

int sgd_show(sgd *s)
{
    if (s->shown)
        return COR_OK;
    COR_TRY(move_factors(s, false));
    COR_TRY(move_states(s, false));
    show_biases(s->user_state, &s->model->user);
    show_biases(s->item_state, &s->model->item);
    s->shown = true;
    return COR_OK;
}

/* ---- travel ---- */

static cor_step_rows users_of(const sgd *s, int64_t row)
{
    const cor_shards *users = s->grid.users;
    int64_t begin = cor_shards_begin(users, s->grid.first + row);
    int64_t at = begin - s->model->user.first;
    return (cor_step_rows){
        .count = cor_shards_begin(users, s->grid.first + row + 1) - begin,
        .factor = s->model->user.factor + at * s->rule.ld,
        .state = s->user_state + at};
}

static cor_step_block block_of(const sgd *s, int64_t row, int64_t x)
{
    const sgd_grid *g = &s->grid;
    int64_t block = row * g->size + x % g->size;
    return (cor_step_block){.number = g->first * g->size + block,
                            .count = g->begin[block + 1] - g->begin[block],
                            .rating = g->rating + g->begin[block],
                            .user = users_of(s, row),
                            .item = column_at(s, x)};
}

static int64_t ring_bytes(const sgd *s, int64_t x)
{
    return bytes_of(s, x % s->grid.size);
}

/* One of my rows in a step: the last waits for its column and asks for the
   next, the first lets its column go. */
static void visit_row(const sgd *s, int64_t row, int64_t step, sgd_visit *visit,
                      double sums[2])
{
    const sgd_columns *c = &s->columns;
    int64_t x = s->grid.first + row + step;
    if (c->travel && row == s->grid.rows - 1) {
        if (step > 0)
            cor_ring_arrive(c->ring);
        cor_ring_expect(c->ring, column_at(s, x + 1).factor,
                        ring_bytes(s, x + 1));
    }
    cor_step_block block = block_of(s, row, x);
    visit(s, &block, sums);
    if (c->travel && row == 0)
        cor_ring_send(c->ring, block.item.factor, ring_bytes(s, x));
    if (c->travel)
        cor_ring_progress(c->ring);
}

/* Threads meet after each step: as many as have work that is worth it. */
static int threads_for(const sgd *s)
{
    enum { WORTH = 8192 }; /* ratings */
    const sgd_grid *g = &s->grid;
    int threads = cor_team_threads(s->team);
    int64_t useful = g->begin[g->rows * g->size] / (g->size * WORTH);
    if (s->columns.travel && !cor_ring_any_thread(s->columns.ring))
        useful = 1;
    return useful < 1 ? 1 : useful < threads ? (int)useful : threads;
}

static void go_round(sgd *s, sgd_visit *visit, double (*sums)[2])
{
    sgd_columns *c = &s->columns;
    int threads = threads_for(s);
    for (int64_t step = 0; step < s->grid.size; step++) {
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
        for (int64_t row = 0; row < s->grid.rows; row++)
            visit_row(s, row, step, visit, sums[row]);
    }
    if (!c->travel)
        return;
    cor_ring_arrive(c->ring);
    cor_ring_sent(c->ring);
    c->turn = (c->turn + s->grid.size) % c->slots;
}

int sgd_round(sgd *s, sgd_visit *visit, double total[2])
{
    double(*sums)[2] = NULL;
    COR_TRY(cor_agree(s->team, cor_allocate_zeroed(&sums, s->grid.rows,
                                                   sizeof *sums, "losses")));
    go_round(s, visit, sums);
    int rc =
        cor_sum_shards(s->team, s->grid.users, 2, (const double *)sums, total);
    cor_free(sums);
    return rc;
}

void sgd_norms(const sgd *s)
{
    int threads = cor_team_threads(s->team);
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int64_t row = 0; row < s->grid.rows; row++) {
        cor_step_rows users = users_of(s, row);
        cor_step_rows items = column_at(s, s->grid.first + row);
        cor_step_norms(&s->rule, &users);
        cor_step_norms(&s->rule, &items);
    }
}
