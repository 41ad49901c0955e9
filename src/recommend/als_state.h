/**
 * What a fit by alternating least squares holds between its steps; shared by
 * the files als*.c alone.
 */
#ifndef RECOMMEND_ALS_STATE_H
#define RECOMMEND_ALS_STATE_H

#include "coracle/als.h"
#include "coracle/halo.h"
#include "coracle/linalg.h"
#include "coracle/ratings.h"

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

/** A copy of both sides' own rows: the best model so far. */
typedef struct als_best {
    int64_t iteration; /* 0: none yet */
    double rmse;
    float *user_factor, *user_bias, *item_factor, *item_bias;
} als_best;

/** The validation ratings and how they are predicted. */
typedef struct als_valid {
    const cor_interactions *data;
    cor_predictor *predictor;
    float *prediction;
    double rmse, mae;
} als_valid;

typedef struct als {
    const cor_team *team;
    const cor_als_options *options;
    cor_progress *progress;
    cor_model *model;
    cor_ratings ratings;
    als_side user, item;
    cor_ridge **ridge; /* a thread */
    als_valid valid;
    als_best best;
    cor_als_fit *fit;
} als;

/* als_sweep.c; collective. What a side's owners wrote becomes visible to all.
 */
int als_publish(als_side *side);
/* All rows of one side, the other fixed. */
int als_sweep_users(als *a);
int als_sweep_items(als *a);

/* als_loss.c: after a sweep of items; collective. */
int als_measure(const als *a, double *loss, double *rmse);
/** Errors of the model as it stands over the training ratings, clipped. */
int als_train_error(const als *a, double *rmse, double *mae);
int als_valid_error(als *a);

/* als_checkpoint.c; collective. `found` is false where there is none. */
int als_checkpoint_prepare(const als *a); /* makes the folder */
int als_checkpoint_write(const als *a);
int als_checkpoint_read(als *a, bool *found);

#endif
