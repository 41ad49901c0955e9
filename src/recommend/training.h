/**
 * What every trainer begins with: a model over the rows of its ratings, and the
 * validation ratings that judge it.
 */
#ifndef RECOMMEND_TRAINING_H
#define RECOMMEND_TRAINING_H

#include "coracle/interactions.h"
#include "coracle/model.h"
#include "coracle/ratings.h"

/** Fill in what ratings alone say of a model: rows, shards, ids, counts, means,
    titles, the mean and the range. Takes the id tables of `train`. Collective.
 */
int training_describe(const cor_team *team, const cor_ratings *ratings,
                      cor_interactions *train, cor_model *model);

/** Validation ratings and how they are predicted; without data, nothing. */
typedef struct training_valid {
    const cor_interactions *data; /* borrowed; NULL: none */
    const float *value; /* what predictions are held against: data->value,
                           unless the trainer sets another */
    cor_predictor *predictor;
    float *prediction;
    double rmse, mae;
} training_valid;

/** Collective; borrows all. @param[in] data  NULL: none */
int training_valid_open(const cor_team *team, const cor_model *model,
                        const cor_interactions *data, training_valid *valid);
/** Predict them with the model as it stands; collective. */
int training_valid_error(const cor_team *team, training_valid *valid);
/** Of all ranks; -1 without data: for the names of runs. */
int64_t training_valid_rows(const training_valid *valid);
void training_valid_close(training_valid *valid);

#endif
