/**
 * Neighbourhoods around the baseline: a rating is predicted by the baseline
 * (baseline.h, als) and what ratings of its neighbours leave over it, weighted
 * by similarity (model.h). Similarities are taken over those who rated both
 * (corating.h):
 *
 * - pearson-baseline: the correlation of what is beyond the baseline, shrunk
 *   towards 0 where few rated both. Koren, "Factor in the neighbors: scalable
 *   and accurate collaborative filtering", TKDD 4(1), 2010.
 * - cosine: of the ratings.
 * - msd: 1 / (1 + mean squared difference).
 *
 * Things (items, or users) are compared row by row: for one thing, the rows of
 * all who rated it are added up over all things, a sparse product of the
 * ratings with themselves. F. G. Gustavson, "Two fast algorithms for sparse
 * matrices", TOMS 4(3), 1978. Ranks take runs of things of equal work, the sum
 * of the lengths of those rows; the ranks of a node share one copy of the rows
 * that their things need. What is held of similarities is sparse: with `keep`,
 * only the strongest of each thing, and each pair is then compared once.
 *
 * The bottleneck is fetching rows of ratings from random places, 4 bytes a
 * rating where the values are few (stars), else 8.
 */
#ifndef CORACLE_KNN_H
#define CORACLE_KNN_H

#include "coracle/baseline.h"

typedef struct cor_knn_options {
    bool between_users;
    cor_similarity_options similarity;
    int64_t most, least; /* neighbours of a prediction */
    int64_t keep;        /* the strongest of each thing, of equal ones those of
                            lower number; 0: all */
    cor_baseline_options baseline; /* als; its own validation is not used */
    bool input_order; /* users' rows stand in the order of the input. Between
                         items equal similarities then count in that order, else
                         in one drawn by the seed */
    int64_t seed;
    cor_course_options course; /* its checkpoints: nothing stops early */
} cor_knn_options;

/** Between items, pearson-baseline shrunk by 100, 40 neighbours at most and 1
   at least, support 1, all similarities, seed 42. */
cor_knn_options cor_knn_options_default(void);

/** How a fit went; equal on all ranks. */
typedef struct cor_knn_fit {
    int64_t epochs;               /* of the baseline */
    bool stopped;                 /* on request; a checkpoint was written */
    double *history;              /* epochs: RMSE of the baseline in training */
    int64_t similarities;         /* kept, both ways */
    int64_t sampled;              /* training ratings that the next are of */
    double train_rmse, train_mae; /* a rating is its own neighbour here */
    bool has_valid;
    double valid_rmse, valid_mae;
    double seconds; /* training alone, no input, output or errors */
} cor_knn_fit;

void cor_knn_fit_free(cor_knn_fit *fit);

/**
 * Fit a model of neighbours. Collective. Takes the columns of `train` as they
 * are used up and its id tables; `valid` (NULL: none) is read only and may have
 * ids of its own. A fit that stopped on request leaves a checkpoint and no
 * model.
 *
 * @return COR_OK; COR_EUSAGE: options that make no sense, a checkpoint of
 * another run; COR_EDATA: no ratings; COR_EMEMORY; COR_EIO: the checkpoint
 */
int cor_knn_train(const cor_team *team, cor_interactions *train,
                  const cor_interactions *valid, const cor_knn_options *options,
                  cor_progress *progress, cor_model *model, cor_knn_fit *fit);

/** What a fit will need, the training data included. How many similarities
    there are is a guess where all are kept. Local. */
cor_plan cor_knn_plan(const cor_team *team, int64_t interactions, int64_t users,
                      int64_t items, int64_t valid,
                      const cor_knn_options *options);

#endif
