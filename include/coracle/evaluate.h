/**
 * Evaluating a model on interactions that training has not seen.
 */
#ifndef CORACLE_EVALUATE_H
#define CORACLE_EVALUATE_H

#include "coracle/interactions.h"
#include "coracle/model.h"

/** How far predictions are from the values. */
typedef struct cor_error {
    int64_t n;        /* interactions */
    int64_t unknown;  /* of them, user or item unknown to the model */
    double rmse, mae; /* NaN where n is 0 */
} cor_error;

/**
 * Predict every interaction and sum the errors, in the order of the rows.
 * Users and items are matched by their ids. Collective.
 * @param[in] data  a store as read, with values and ids
 */
int cor_evaluate_error(const cor_team *team, const cor_model *model,
                       const cor_interactions *data, cor_error *error);

#endif
