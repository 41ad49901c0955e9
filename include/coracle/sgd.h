/**
 * Matrix factorisation by stratified stochastic gradient descent. A rating is
 * mean + b_u + b_i + p_u.q_i, or p_u.q_i alone without biases; the steps are
 * those of steps.h, by squared error or, of implicit feedback, by the logistic
 * loss or BPR.
 *
 * Users are cut into B rows of a grid with about equal ratings, items dealt
 * into B columns, the popular ones evenly. In step s of an epoch row r works on
 * column (r + s) mod B: no two share a user or an item, so there are neither
 * locks nor races, and the order of all updates follows from the grid alone,
 * not from ranks or threads. A rank has some rows of the grid and their ratings
 * for good; the columns' factors travel round the ring of ranks, one in and one
 * out a step, while others are worked on. Gemulla, Nijkamp, Haas, Sismanis,
 * "Large-scale matrix factorization with distributed stochastic gradient
 * descent", KDD 2011. Ranks beyond the rows of the grid have nothing to do.
 *
 * The bottleneck is the traffic of factors: in a block ratings stand by tiles
 * of users whose rows stay in the first cache, in random order there, and a
 * column should fit the second; see steps.h.
 */
#ifndef CORACLE_SGD_H
#define CORACLE_SGD_H

#include "coracle/course.h"
#include "coracle/interactions.h"
#include "coracle/model.h"
#include "coracle/plan.h"
#include "coracle/progress.h"
#include "coracle/steps.h"

typedef struct cor_sgd_options {
    enum cor_loss loss;
    int64_t factors, epochs;
    bool bias;
    bool adaptive;        /* a rate a row, see steps.h */
    double lr, lr_bias;   /* 0: chosen, see cor_sgd_options_settle */
    double decay;         /* the rate of epoch t is lr / (1 + decay (t - 1)) */
    double reg, reg_bias; /* reg_bias less than 0: as reg */
    double init;          /* standard deviation of the first factors */
    int64_t negatives;    /* a seen item, for the logistic loss */
    int64_t grid;         /* rows and columns; 0: chosen from the data */
    int64_t seed;
    cor_course_options course;
} cor_sgd_options;

cor_sgd_options cor_sgd_options_default(void);

/** Fill in what is to be chosen: lr is 0.005, or 0.1 where it adapts; lr_bias
    and reg_bias are lr and reg. Local. */
cor_sgd_options cor_sgd_options_settle(const cor_sgd_options *options);

/** How a fit went; equal on all ranks. */
typedef struct cor_sgd_fit {
    cor_course course; /* loss: of squared error the root of the mean, else the
                          mean loss; of each rating as it was before its step.
                          history: as cor_course has it, of training the loss */
    int64_t grid;      /* rows and columns */
} cor_sgd_fit;

void cor_sgd_fit_free(cor_sgd_fit *fit);

/**
 * Fit a model. Collective. Takes the columns of `train` and its id tables;
 * `valid` (NULL: none; squared error alone) is read only and may have ids of
 * its own. On a request to stop (stop.h) the epoch in hand is finished, the
 * checkpoint written, and fit->course.stopped set: the model is then as it
 * stands.
 *
 * @return COR_OK; COR_EUSAGE: options that make no sense, a checkpoint of
 * another run; COR_EDATA: no ratings; COR_ENUMERIC: diverged (names the epoch);
 * COR_EIO: checkpoint; COR_EMEMORY
 */
int cor_sgd_train(const cor_team *team, cor_interactions *train,
                  const cor_interactions *valid, const cor_sgd_options *options,
                  cor_progress *progress, cor_model *model, cor_sgd_fit *fit);

/** What a fit will need, the training data included. Local. */
cor_plan cor_sgd_plan(const cor_team *team, int64_t interactions, int64_t users,
                      int64_t items, int64_t valid,
                      const cor_sgd_options *options);

#endif
