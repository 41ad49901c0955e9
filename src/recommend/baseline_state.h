/**
 * What a fit of biases holds between its epochs; shared by the files
 * baseline*.c and by those who build on a baseline.
 */
#ifndef RECOMMEND_BASELINE_STATE_H
#define RECOMMEND_BASELINE_STATE_H

#include "coracle/baseline.h"
#include "coracle/halo.h"
#include "coracle/ratings.h"

/** One side: its biases live in a window of its node. */
typedef struct baseline_side {
    const cor_ratings_side *data;
    int32_t *slot;    /* by entry of data: slot of the other side's row */
    cor_halo *halo;   /* rows of this side that others touch */
    cor_window *bias; /* doubles, by slot */
    double *own;      /* my rows' biases: the window's */
} baseline_side;

/** The strata of items and my shards' ratings by stratum. */
typedef struct baseline_grid baseline_grid;

typedef struct baseline {
    const cor_team *team;
    const cor_baseline_options *options;
    const cor_ratings *ratings; /* without giants */
    baseline_side user, item;
    baseline_grid *grid; /* NULL: als */
} baseline;

/** baseline_train.c. @return COR_OK; COR_EUSAGE */
int baseline_check(const cor_baseline_options *options);

/** Begin with all biases 0; borrows all. Collective. */
int baseline_open(const cor_team *team, const cor_baseline_options *options,
                  const cor_ratings *ratings, baseline *b);
void baseline_close(baseline *b);

/** One epoch; the biases are then visible to all. Collective. */
int baseline_epoch(baseline *b);

/** Errors over the training ratings, clipped to their range or not.
    Collective. */
int baseline_error(const baseline *b, bool clip, double *rmse, double *mae);

/** What an entry of a side's row is beyond mean and biases. */
static inline double baseline_residual(const baseline *b,
                                       const baseline_side *side,
                                       const double *other, int64_t row,
                                       int64_t entry)
{
    return (double)side->data->value[entry] -
           (b->ratings->mean + side->own[row] + other[side->slot[entry]]);
}

/* baseline_sgd.c */
int baseline_grid_create(const baseline *b, baseline_grid **grid);
void baseline_grid_destroy(baseline_grid **grid);
/** One epoch over the grid; collective. */
int baseline_sgd_epoch(baseline *b);
/** The items' biases from where their owners have them. Collective. */
int baseline_grid_load(const baseline *b);

#endif
