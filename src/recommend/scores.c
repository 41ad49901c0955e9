#include "score_state.h"

#include "coracle/linalg.h"
#include "coracle/memory.h"
#include "popular.h"

#include <math.h>
#include <omp.h>
#include <string.h>

enum {
    TILE_USERS = 128,
    TILE_ITEMS = 256, /* 128 KiB of scores */
    BLOCK_BYTES = 4 << 20
};

double cor_scores_offset(const cor_model *model, const cor_queries *queries,
                         int64_t query)
{
    if (!queries->known[query] && !popular_is_model(model)) {
        cor_popularity how = cor_popularity_fallback(model);
        return cor_popularity_base(&how, model->mean);
    }
    return (model->bias ? model->mean : 0) + (double)queries->bias[query];
}

float score_popularity(const cor_model *model, int64_t row)
{
    double count = (double)model->item.ratings[row];
    cor_popularity how = cor_popularity_fallback(model);
    if (count == 0)
        return -INFINITY;
    if (popular_is_model(model))
        return model->item.bias[row];
    return (float)cor_popularity_offset(
        &how, count, (double)model->item.mean[row], model->mean);
}

/* Items [first, first + count) of `owner` on every rank: their biases, how
   popular they are, their factors, in `buffer`. Collective. */
static void share_block(scoring *s, int owner, int64_t first, int64_t count,
                        float *buffer)
{
    const cor_model *model = s->model;
    const cor_model_side *items = &model->item;
    int64_t ld = model->ld, at = first - items->first;
    float *bias = buffer, *popular = bias + count, *factor = popular + count;
    if (cor_team_rank(s->team) == owner) {
        for (int64_t i = 0; i < count; i++) {
            bool known = items->ratings[at + i] > 0;
            bias[i] = known ? items->bias[at + i] : -INFINITY;
            popular[i] = score_popularity(model, at + i);
        }
        memcpy(factor, items->factor + at * ld,
               (size_t)(count * ld) * sizeof *factor);
    }
    cor_team_share(s->team, buffer, count * (ld + 2) * (int64_t)sizeof *buffer,
                   owner);
    s->block = (score_block){.first = first,
                             .count = count,
                             .bias = bias,
                             .popular = popular,
                             .factor = factor};
}

/* ---- factors, or nothing but biases ---- */

static void add_biases(const scoring *s, int64_t query, int64_t at,
                       int64_t items, float *score)
{
    const float *bias = s->block.bias + at;
    if (s->queries->known[query])
        for (int64_t i = 0; i < items; i++)
            score[i] = bias[i] + score[i];
    else
        memcpy(score, s->block.popular + at, (size_t)items * sizeof *score);
}

/* Queries [from, to), at most TILE_USERS, against the block. */
static void score_tiles(const scoring *s, int64_t from, int64_t to, float *tile)
{
    int64_t ld = s->model->ld;
    const score_block *b = &s->block;
    for (int64_t at = 0; at < b->count; at += TILE_ITEMS) {
        int64_t items = b->count - at < TILE_ITEMS ? b->count - at : TILE_ITEMS;
        if (ld > 0)
            cor_score_tile(s->queries->factor + from * ld, to - from,
                           b->factor + at * ld, items, ld, tile);
        else
            memset(tile, 0, (size_t)((to - from) * items) * sizeof *tile);
        for (int64_t q = from; q < to; q++)
            add_biases(s, q, at, items, tile + (q - from) * items);
        s->visit(s->context, &(cor_scores_tile){.query = from,
                                                .queries = to - from,
                                                .item = b->first + at,
                                                .items = items,
                                                .score = tile});
    }
}

static void score_block_of_factors(const scoring *s, float *tiles)
{
    int64_t queries = s->queries->id.count;
    int threads = cor_team_threads(s->team);
#pragma omp parallel for num_threads(threads) schedule(dynamic)
    for (int64_t from = 0; from < queries; from += TILE_USERS) {
        int64_t to = from + TILE_USERS < queries ? from + TILE_USERS : queries;
        int64_t thread = omp_get_thread_num();
        score_tiles(s, from, to, tiles + thread * TILE_USERS * TILE_ITEMS);
    }
}

static int run_factors(scoring *s, cor_progress *progress)
{
    const cor_shards *shards = s->model->item.shards;
    int64_t width = s->model->ld + 2, rows = s->model->item.rows;
    int64_t most = BLOCK_BYTES / (int64_t)sizeof(float) / width;
    int64_t tiles = cor_team_threads(s->team) * TILE_USERS * TILE_ITEMS;
    float *buffer = NULL, *tile = NULL;
    most = most > TILE_ITEMS ? most : TILE_ITEMS;
    int rc =
        cor_allocate(&buffer, most * width, sizeof *buffer, "a block of items");
    if (rc == COR_OK)
        rc = cor_allocate(&tile, tiles, sizeof *tile, "tiles of scores");
    rc = cor_agree(s->team, rc);
    for (int64_t at = 0, end; rc == COR_OK && at < rows; at = end) {
        int owner = cor_shards_owner(shards, at);
        end = cor_shards_first_row(shards, owner + 1);
        end = end - at < most ? end : at + most;
        share_block(s, owner, at, end - at, buffer);
        score_block_of_factors(s, tile);
        cor_progress_update(progress, end);
    }
    cor_free(buffer);
    cor_free(tile);
    return rc;
}

/* ---- neighbours ---- */

static int run_neighbours(scoring *s, cor_progress *progress)
{
    item_blocks *blocks = NULL;
    near_scores *near = NULL;
    item_block rows;
    float buffer[2 * BLOCK_ITEMS];
    int rc = item_blocks_create(s->team, s->model, &blocks);
    if (rc == COR_OK)
        rc = cor_agree(s->team, near_scores_create(s, &near));
    while (rc == COR_OK && item_blocks_next(blocks, &rows)) {
        share_block(s, rows.owner, rows.first, rows.count, buffer);
        rc = cor_agree(s->team, near_scores_block(near, s, &rows));
        cor_progress_update(progress, rows.first + rows.count);
    }
    near_scores_destroy(&near);
    item_blocks_destroy(&blocks);
    return rc;
}

int cor_scores_run(const cor_team *team, const cor_model *model,
                   const cor_queries *queries, cor_progress *progress,
                   cor_scores_visit *visit, void *context)
{
    scoring s = {.team = team,
                 .model = model,
                 .queries = queries,
                 .visit = visit,
                 .context = context};
    cor_progress_begin(progress, "score", model->item.rows);
    int rc = model->neighbours ? run_neighbours(&s, progress)
                               : run_factors(&s, progress);
    cor_progress_end(progress);
    return rc;
}
