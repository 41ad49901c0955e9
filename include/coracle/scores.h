/**
 * Scores of all items for many users, whatever kind the model is. Blocks of
 * items travel from their owners to all ranks, one after the other, so that no
 * rank ever holds a huge catalogue; each rank scores its own queries against
 * the block, a tile at a time, and shows every tile to whoever wants the scores
 * while it is in cache. They are never stored.
 *
 * The bottleneck of factors is the multiply-adds of cor_score_tile; of
 * neighbours, fetching the items that each thing of a user's row has for
 * neighbour.
 */
#ifndef CORACLE_SCORES_H
#define CORACLE_SCORES_H

#include "coracle/progress.h"
#include "coracle/recommend.h"

/** Some of my queries against some items. */
typedef struct cor_scores_tile {
    int64_t query, queries; /* [query, query + queries) of mine */
    int64_t item, items;    /* [item, item + items) of the model */
    const float *score;     /* queries x items */
} cor_scores_tile;

/** Gets every query with every item once, the items of a query in ascending
    order. Called from several threads at once, never for one query by two. */
typedef void cor_scores_visit(void *context, const cor_scores_tile *tile);

/**
 * Visit all scores. An item's score is b_i + s(u, i), a float, the same bits
 * whatever the tiles; cor_scores_offset is to be added. Of a query of which
 * nothing is known it is how popular the item is (see popular.h). Items
 * without training ratings have -INFINITY. Collective.
 * @param[in] progress  or NULL
 */
int cor_scores_run(const cor_team *team, const cor_model *model,
                   const cor_queries *queries, cor_progress *progress,
                   cor_scores_visit *visit, void *context);

/** What all scores of a query lack: base + b_u, or the base of how popular
   items are where nothing is known. */
double cor_scores_offset(const cor_model *model, const cor_queries *queries,
                         int64_t query);

#endif
