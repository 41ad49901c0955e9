/**
 * The baseline: a rating is the mean of all, plus what is particular to its
 * user, plus what is particular to its item,
 *
 *   r(u, i) = mean + b_u + b_i.
 *
 * als  for some epochs all items, then all users:
 *        b_i = sum over its ratings (r - mean - b_u) / (reg_item + count)
 *        b_u = sum over its ratings (r - mean - b_i) / (reg_user + count)
 * sgd  for some epochs, rating by rating, with e = r - mean - b_u - b_i:
 *        b_u += lr (e - reg b_u),  b_i += lr (e - reg b_i)
 *
 * Koren, "Factor in the neighbors: scalable and accurate collaborative
 * filtering", TKDD 4(1), 2010.
 *
 * Steps of sgd are taken in an order that belongs to the data: users in shards,
 * items in as many strata, and in each part of an epoch every shard has a
 * stratum of its own, so that no two touch one bias. Gemulla, Nijkamp, Haas,
 * Sismanis, "Large-scale matrix factorization with distributed stochastic
 * gradient descent", KDD 2011.
 *
 * The bottleneck is reading the ratings, and a bias a rating from the cache.
 */
#ifndef CORACLE_BASELINE_H
#define CORACLE_BASELINE_H

#include "coracle/course.h"
#include "coracle/interactions.h"
#include "coracle/model.h"
#include "coracle/plan.h"
#include "coracle/progress.h"

enum cor_baseline_method { COR_BASELINE_ALS, COR_BASELINE_SGD };

typedef struct cor_baseline_options {
    enum cor_baseline_method method;
    int64_t epochs;
    double reg_user, reg_item; /* als */
    double reg, lr;            /* sgd */
    cor_course_options course;
} cor_baseline_options;

/** 10 epochs, reg_user 15, reg_item 10 for als; 20 epochs, reg 0.02, lr 0.005
    for sgd. */
cor_baseline_options
cor_baseline_options_default(enum cor_baseline_method method);

/**
 * Fit a model without factors. Collective. Takes the columns of `train` as they
 * are used up and its id tables; `valid` (NULL: none) is read only and may have
 * ids of its own. Where there is validation the best epoch is kept.
 *
 * @return COR_OK; COR_EUSAGE: options that make no sense, a checkpoint of
 * another run; COR_EDATA: no ratings; COR_ENUMERIC: diverged; COR_EMEMORY;
 * COR_EIO: the checkpoint
 */
int cor_baseline_train(const cor_team *team, cor_interactions *train,
                       const cor_interactions *valid,
                       const cor_baseline_options *options,
                       cor_progress *progress, cor_model *model,
                       cor_course *fit);

/** What a fit will need, the training data included. Local. */
cor_plan cor_baseline_plan(const cor_team *team, int64_t interactions,
                           int64_t users, int64_t items, int64_t valid,
                           const cor_baseline_options *options);

#endif
