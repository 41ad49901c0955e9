/**
 * Scoring block by block; shared by the files score*.c alone.
 */
#ifndef RECOMMEND_SCORE_STATE_H
#define RECOMMEND_SCORE_STATE_H

#include "coracle/scores.h"
#include "item_blocks.h"

/** Items that are being scored. What must not be recommended has -INFINITY. */
typedef struct score_block {
    int64_t first, count;
    const float *bias;    /* count */
    const float *popular; /* count: how popular each is */
    const float *factor;  /* count x ld; NULL without factors */
} score_block;

typedef struct scoring {
    const cor_team *team;
    const cor_model *model;
    const cor_queries *queries;
    cor_scores_visit *visit;
    void *context;
    score_block block;
} scoring;

/** How popular my item is, which is its score where nothing is known of a
   query; -INFINITY without training ratings. */
float score_popularity(const cor_model *model, int64_t row);

/* score_near.c: models of neighbours. */
typedef struct near_scores near_scores;

int near_scores_create(const scoring *s, near_scores **near);
void near_scores_destroy(near_scores **near);
/** All queries against the block of the scoring, whose rows these are. */
int near_scores_block(near_scores *near, const scoring *s,
                      const item_block *rows);

#endif
