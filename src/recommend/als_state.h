/**
 * What a fit by alternating least squares holds between its steps; shared by
 * the files als*.c alone.
 */
#ifndef RECOMMEND_ALS_STATE_H
#define RECOMMEND_ALS_STATE_H

#include "coracle/als.h"
#include "coracle/halo.h"
#include "coracle/ratings.h"
#include "course.h"
#include "training.h"
#include "weighted.h"

/** One side as it is trained: its factors live in windows of its node. */
typedef struct als_side {
    const char *word;             /* "user" or "item", for messages */
    const cor_ratings_side *data; /* `other` holds slots of the other side */
    cor_model_side *model;        /* factor, bias: the windows' own rows */
    cor_halo *halo;               /* rows of this side that others touch */
    cor_window *factor, *bias;
    double *penalty; /* rows: reg |x|^2 + reg_bias b^2 */
    double *error;   /* rows: sum of squared errors, for items */
} als_side;

typedef struct als {
    const cor_team *team;
    const cor_als_options *options;
    cor_progress *progress;
    cor_model *model;
    cor_ratings ratings;
    als_side user, item;
    cor_ridge **ridge;         /* a thread */
    struct weighted *weighted; /* a thread; NULL: rows are plain ones */
    cor_basis *basis;          /* of the half of an iteration in hand */
    int64_t known[2];          /* users, items with values */
    training_valid valid;
    float *preference; /* 1 or 0 a row of valid, of implicit feedback */
    course course;
    cor_als_fit *fit;
} als;

/* als_sweep.c; collective. What a side's owners wrote becomes visible to all.
 */
int als_publish(als_side *side);
/* All rows of one side, the other fixed. */
int als_sweep_users(als *a);
int als_sweep_items(als *a);

/* als_weighted.c: rows of implicit feedback, and all that are improved. */
int als_weighted_check(const cor_als_options *options);
int als_weighted_open(als *a);
void als_weighted_close(als *a);
/* Whether each of the interactions is a preference: takes a block. */
int als_preferences(const cor_interactions *data, float **preference);
/* Turn both sides into the basis in which `side` is then solved; collective. */
int als_turn(als *a, als_side *side, als_side *other);
double als_reg(const als *a, const als_side *side, int64_t count);
/* Improve a row from the values given; `minimum` of its loss, the unobserved
   cells' part and the penalty included. */
int als_weighted_solve(const als *a, const als_side *side,
                       const cor_ridge_row *values, int thread, int64_t row,
                       double *minimum);
/* My part of a giant's sums; the last number is what its loss adds. */
void als_weighted_sums(const als *a, const cor_ridge_row *values, int thread,
                       double *sums);
int als_weighted_solve_sums(const als *a, const als_side *side, int64_t row,
                            double *sums, double *minimum);

/* als_loss.c: after a sweep of items; collective. */
int als_measure(const als *a, double *loss, double *rmse);
/** Errors of the model as it stands over the training ratings, clipped. */
int als_train_error(const als *a, double *rmse, double *mae);

#endif
