/**
 * The scores that reach what each query asks at least, of models with factors
 * or with nothing but biases: as cor_scores_run, but what provably stays below
 * is not computed. Items come in an order of their own.
 */
#ifndef RECOMMEND_SEEK_H
#define RECOMMEND_SEEK_H

#include "coracle/linalg.h"
#include "coracle/progress.h"
#include "coracle/recommend.h"

/** Who wants scores; called from several threads, never for one query by two.
 */
typedef struct seeker {
    /** The least score that a query still wants; may rise, never falls. */
    float (*least)(void *context, int64_t query);
    /** COR_PANEL items and their scores. Of what reaches the least, every item
        comes once; with it come others, perhaps again with -INFINITY. */
    void (*found)(void *context, int64_t query, const int32_t *item,
                  const float *score);
    void *context;
} seeker;

/**
 * Seek for all queries. The scores are those of cor_scores_run, bit by bit.
 * Collective. @param[out] made  scores that this rank computed
 *
 * The bottleneck is the multiply-adds of cor_panel_score, in as far as the
 * lengths of the factors cannot tell that a product is not needed.
 */
int scores_seek(const cor_team *team, const cor_model *model,
                const cor_queries *queries, const seeker *who,
                cor_progress *progress, int64_t *made);

#endif
