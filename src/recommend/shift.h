/**
 * Rows that a model knows take in new values: what they were fitted to before
 * resists the change. See cor_queries_fold_in.
 */
#ifndef RECOMMEND_SHIFT_H
#define RECOMMEND_SHIFT_H

#include "coracle/interactions.h"
#include "weighted.h"

/** How much a change of a row is resisted, but for its own regularisation. */
typedef struct shift {
    const cor_model *model;
    double *typical;    /* a training value: the mean of (1, y) (1, y)^T, packed
                           as cor_ridge_resist wants it */
    double *unobserved; /* all unobserved cells; NULL: of explicit ratings */
    double weight;      /* of a training value */
} shift;

/** The room of one thread. */
typedef struct shift_room {
    float *error; /* of each value of the longest row */
    float *step;  /* ld */
    double *sums;
} shift_room;

/**
 * Learn it from the items of the model. Collective; borrows the model.
 * @param[in] factor  my items' factors as rows are solved with them
 * @param[in] basis   into which these were turned, or NULL
 * @param[in] data    the new values
 */
int shift_open(const cor_team *team, const cor_model *model,
               const float *factor, const cor_basis *basis,
               const cor_interactions *data, shift *s);
void shift_close(shift *s);

int shift_room_open(const cor_ridge *ridge, int64_t values, int64_t ld,
                    shift_room *room);
void shift_room_close(shift_room *room);

/** A row that a model knows. */
typedef struct shift_row {
    int64_t ratings;      /* of training, at least 1 */
    double reg, reg_bias; /* with those alone */
    float *x, *bias;      /* as fitted to them; changed */
} shift_row;

/** Move a row. Local.
 * @param[in] values  the new ones, regularised as with the old ones together
 * @return COR_OK; COR_ENUMERIC as cor_ridge_solve_sums */
int shift_solve(const shift *s, cor_ridge *ridge, weighted *work,
                shift_room *room, const cor_ridge_row *values,
                const shift_row *row);

#endif
