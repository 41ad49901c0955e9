/**
 * Matrix factorisation of explicit ratings by alternating least squares.
 *
 *   loss = sum (r_ui - base - b_u - b_i - x_u . y_i)^2
 *        + reg (sum |x_u|^2 + sum |y_i|^2) + reg_bias (sum b_u^2 + sum b_i^2)
 *
 * with base the mean rating and biases where asked for, else both 0. With
 * reg_by_count a row's regularisation is multiplied by its number of ratings.
 * Each half of an iteration minimises the loss exactly over one side (bias and
 * factors jointly), so it never rises. Zhou, Wilkinson, Schreiber, Pan,
 * "Large-scale parallel collaborative filtering for the Netflix Prize",
 * AAIM 2008.
 *
 * Of implicit feedback, a value r > 0 says that the user prefers the item, r <
 * 0 that he does not, 0 nothing (it counts in the frequency below), and every
 * cell without a value counts as not preferred, with little weight. With p = 1
 * where r > 0, else 0, and no biases:
 *
 *   confidence  sum over all cells  c (p - x_u . y_i)^2,  c = 1 + alpha |r|
 *               Hu, Koren, Volinsky, "Collaborative filtering for implicit
 *               feedback datasets", ICDM 2008
 *   unobserved  sum over values  a (p - x_u . y_i)^2, a = alpha |r| or 1,
 *               plus  unobserved * sum over all cells (x_u . y_i)^2
 *               Rendle, Krichene, Zhang, Koren, "Revisiting the performance of
 *               iALS on item recommendation benchmarks", 2021
 *
 * plus the regularisation, reg for each row, times (its values + unobserved *
 * rows of the other side) ^ reg_exponent. The sum over all cells is never
 * walked: before each half of an iteration both sides are turned into the
 * eigenvectors of the fixed side's Gram matrix (basis.h), where it is a number
 * a factor, and a row is a ridge regression over its own values. Rows with
 * fewer values than factors are solved in that smaller space, exactly.
 *
 * cholesky solves rows exactly; cg and subspace improve them from where they
 * were, with less work (linalg.h); items of very many values are always solved
 * exactly, by all ranks.
 *
 * The bottleneck is arithmetic: count * factors^2 multiply-adds a row for its
 * Gram matrix, factors^3 / 6 for its Cholesky factor; the kernels are in
 * linalg.h. Rows of the other side are read in place from the node's window.
 */
#ifndef CORACLE_ALS_H
#define CORACLE_ALS_H

#include "coracle/course.h"
#include "coracle/interactions.h"
#include "coracle/model.h"
#include "coracle/plan.h"
#include "coracle/progress.h"

/** How a row is solved. */
enum cor_solver {
    COR_SOLVER_CHOLESKY, /* exactly */
    COR_SOLVER_CG,       /* some steps of conjugate gradients */
    COR_SOLVER_SUBSPACE  /* exactly over one block of factors after the other */
};

typedef struct cor_als_options {
    int64_t factors, iterations;
    double reg, reg_bias;
    bool reg_by_count;
    bool bias;
    cor_implicit implicit;
    enum cor_solver solver;
    int64_t steps; /* of conjugate gradients a row */
    int64_t block; /* factors, for the subspace solver */
    int64_t seed;
    int64_t giant; /* least ratings of an item that is summed by all ranks; 0:
                      chosen from the data */
    cor_course_options course;
} cor_als_options;

cor_als_options cor_als_options_default(void);

/** How a fit went; equal on all ranks. */
typedef struct cor_als_fit {
    cor_course course; /* history: as cor_course has it (of implicit feedback
                          the error from the preference 1 or 0, without
                          validation the loss); loss: the loss above */
    int64_t giants;    /* items summed by all ranks */
} cor_als_fit;

void cor_als_fit_free(cor_als_fit *fit);

/**
 * Fit a model. Collective. Takes the columns of `train` as they are used up
 * and its id tables; `valid` (NULL: none) is read only and may have ids of its
 * own. On a request to stop (stop.h) the iteration in hand is finished, the
 * checkpoint written, and fit->course.stopped set: the model is then as it
 * stands.
 *
 * @return COR_OK; COR_EUSAGE: options that make no sense, a checkpoint of
 * another run; COR_EDATA: no ratings; COR_ENUMERIC: a singular system, an
 * overflow (names the user or item); COR_EIO: checkpoint; COR_EMEMORY
 */
int cor_als_train(const cor_team *team, cor_interactions *train,
                  const cor_interactions *valid, const cor_als_options *options,
                  cor_progress *progress, cor_model *model, cor_als_fit *fit);

/** What a fit will need, the training data included. Local. */
cor_plan cor_als_plan(const cor_team *team, int64_t interactions, int64_t users,
                      int64_t items, int64_t valid,
                      const cor_als_options *options);

#endif
