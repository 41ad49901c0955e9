/*
 * Biases by stochastic gradient descent over a grid of shards and strata.
 *
 * Item i stands in stratum i % strata, so that the popular ones are spread; a
 * stratum's biases stand side by side. In turn t of a wave shard w + a * waves
 * takes stratum (a + t) % strata: at any time each stratum has one shard. The
 * order in which a bias is changed follows from the grid alone.
 */
#include "baseline_state.h"

#include "coracle/memory.h"

#include <string.h>

/* Strata are at most this many: with more shards, several take turns. */
enum { STRATA = 256 };

/* A rating; the place of its item in all strata, one after the other. */
typedef struct cell {
    int32_t user, place;
    float value;
} cell;

struct baseline_grid {
    int64_t strata, length; /* items a stratum */
    int64_t waves;
    int64_t first, shards; /* mine */
    int64_t *begin; /* shards x strata + 1: where each block's cells begin */
    cell *cells;
    double *bias; /* strata x length: of all items, on every rank */
};

void baseline_grid_destroy(baseline_grid **grid)
{
    if (!*grid)
        return;
    cor_free((*grid)->begin);
    cor_free((*grid)->cells);
    cor_free((*grid)->bias);
    cor_free(*grid);
    *grid = NULL;
}

static int64_t place_of(const baseline_grid *g, int64_t item)
{
    return item % g->strata * g->length + item / g->strata;
}

/* The ratings of one shard: pass 0 counts them by stratum, pass 1 fills them
   in, in row order. */
static void visit_shard(const baseline *b, baseline_grid *g, int64_t shard,
                        int pass)
{
    const cor_ratings_side *data = b->user.data;
    int64_t *begin = g->begin + shard * g->strata;
    int64_t from = cor_shards_begin(data->shards, g->first + shard);
    int64_t to = cor_shards_begin(data->shards, g->first + shard + 1);
    for (int64_t u = from - data->first; u < to - data->first; u++)
        for (int64_t e = data->begin[u]; e < data->begin[u + 1]; e++) {
            int64_t place = place_of(g, data->other[e]);
            int64_t *at = &begin[place / g->length + (pass == 0)];
            if (pass == 1)
                g->cells[*at] =
                    (cell){(int32_t)u, (int32_t)place, data->value[e]};
            (*at)++;
        }
}

static int fill(const baseline *b, baseline_grid *g)
{
    int64_t blocks = g->shards * g->strata;
    const cor_ratings_side *data = b->user.data;
    COR_TRY(cor_allocate_zeroed(&g->begin, blocks + 1, sizeof *g->begin,
                                "blocks of ratings"));
    COR_TRY(cor_allocate(&g->cells, data->begin[data->rows], sizeof *g->cells,
                         "blocks of ratings"));
    COR_TRY(cor_allocate_zeroed(&g->bias, g->strata * g->length,
                                sizeof *g->bias, "biases of items"));
    for (int64_t s = 0; s < g->shards; s++)
        visit_shard(b, g, s, 0);
    for (int64_t at = 0; at < blocks; at++)
        g->begin[at + 1] += g->begin[at];
    for (int64_t s = 0; s < g->shards; s++)
        visit_shard(b, g, s, 1);
    /* filling moved each begin to its end, which is the next one's begin */
    memmove(g->begin + 1, g->begin, (size_t)blocks * sizeof *g->begin);
    g->begin[0] = 0;
    return COR_OK;
}

int baseline_grid_create(const baseline *b, baseline_grid **grid)
{
    const cor_shards *users = b->user.data->shards;
    int64_t shards = cor_shards_count(users);
    int64_t items = cor_shards_rows(b->item.data->shards);
    int rank = cor_team_rank(b->team);
    baseline_grid *g = NULL;
    int rc = cor_allocate_zeroed(&g, 1, sizeof *g, "blocks of ratings");
    if (rc == COR_OK) {
        g->strata = shards < STRATA ? shards : STRATA;
        g->length = (items + g->strata - 1) / g->strata;
        g->waves = (shards + g->strata - 1) / g->strata;
        g->first = cor_shards_first(users, rank);
        g->shards = cor_shards_first(users, rank + 1) - g->first;
        rc = fill(b, g);
    }
    if (rc != COR_OK)
        baseline_grid_destroy(&g);
    *grid = g;
    return cor_agree(b->team, rc);
}

/* The stratum that one of my shards has in a turn, or -1 in another wave. */
static int64_t stratum_of(const baseline_grid *g, int64_t shard, int64_t wave,
                          int64_t turn)
{
    int64_t number = g->first + shard;
    if (number % g->waves != wave)
        return -1;
    return (number / g->waves + turn) % g->strata;
}

static void descend(const baseline *b, baseline_grid *g, int64_t block)
{
    double mean = b->ratings->mean;
    double lr = b->options->lr, reg = b->options->reg;
    for (int64_t at = g->begin[block]; at < g->begin[block + 1]; at++) {
        const cell *c = &g->cells[at];
        double *user = &b->user.own[c->user], *item = &g->bias[c->place];
        double error = (double)c->value - (mean + *user + *item);
        *user += lr * (error - reg * *user);
        *item += lr * (error - reg * *item);
    }
}

/* What a turn changed, to all: each stratum under its number. */
static int share_turn(const baseline *b, baseline_grid *g, int64_t wave,
                      int64_t turn)
{
    int64_t width = g->length + 1, count = 0, total = 0;
    double *mine = NULL, *all = NULL;
    int rc = cor_agree(b->team, cor_allocate(&mine, g->shards * width,
                                             sizeof *mine, "biases of items"));
    for (int64_t s = 0; rc == COR_OK && s < g->shards; s++) {
        int64_t stratum = stratum_of(g, s, wave, turn);
        if (stratum < 0)
            continue;
        double *out = mine + count++ * width;
        out[0] = (double)stratum;
        memcpy(out + 1, g->bias + stratum * g->length,
               (size_t)g->length * sizeof *out);
    }
    if (rc == COR_OK)
        rc = cor_team_collect(b->team, mine, count,
                              (size_t)width * sizeof *mine, &all, &total);
    for (int64_t i = 0; rc == COR_OK && i < total; i++)
        memcpy(g->bias + (int64_t)all[i * width] * g->length,
               all + i * width + 1, (size_t)g->length * sizeof *all);
    cor_free(mine);
    cor_free(all);
    return rc;
}

static int take_turn(const baseline *b, baseline_grid *g, int64_t wave,
                     int64_t turn)
{
    int threads = cor_team_threads(b->team);
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int64_t s = 0; s < g->shards; s++) {
        int64_t stratum = stratum_of(g, s, wave, turn);
        if (stratum >= 0)
            descend(b, g, s * g->strata + stratum);
    }
    return cor_team_size(b->team) > 1 ? share_turn(b, g, wave, turn) : COR_OK;
}

int baseline_sgd_epoch(baseline *b)
{
    baseline_grid *g = b->grid;
    const cor_ratings_side *items = b->item.data;
    for (int64_t wave = 0; wave < g->waves; wave++)
        for (int64_t turn = 0; turn < g->strata; turn++)
            COR_TRY(take_turn(b, g, wave, turn));
    for (int64_t i = 0; i < items->rows; i++)
        b->item.own[i] = g->bias[place_of(g, items->first + i)];
    COR_TRY(cor_window_update(b->item.bias));
    return cor_window_update(b->user.bias);
}

int baseline_grid_load(const baseline *b)
{
    baseline_grid *g = b->grid;
    double *all = NULL;
    int64_t total;
    COR_TRY(cor_team_collect(b->team, b->item.own, b->item.data->rows,
                             sizeof *all, &all, &total));
    for (int64_t i = 0; i < total; i++)
        g->bias[place_of(g, i)] = all[i];
    cor_free(all);
    return COR_OK;
}
