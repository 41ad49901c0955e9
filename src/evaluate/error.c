#include "coracle/evaluate.h"

#include "coracle/memory.h"
#include "coracle/recommend.h"
#include "coracle/sum.h"

#include <math.h>

/* Predictions for all rows of `data`. */
static int predict(const cor_team *team, const cor_model *model,
                   const cor_interactions *data, float *rating,
                   int64_t *unknown)
{
    cor_predictor *predictor = NULL;
    int64_t *user = NULL, *item = NULL;
    int rc = COR_NEW(&user, data->rows);
    if (rc == COR_OK)
        rc = COR_NEW(&item, data->rows);
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_model_locate(team, model, data, user, item);
    if (rc == COR_OK)
        rc = cor_predictor_create(team, model, user, item, data->rows,
                                  &predictor);
    cor_free(user);
    cor_free(item);
    if (rc == COR_OK) {
        *unknown = cor_predictor_unknown(predictor);
        rc = cor_predictor_run(predictor, rating);
    }
    cor_predictor_destroy(&predictor);
    return rc;
}

/* Sums of squared and absolute errors: inside a shard by rows, over shards up
   the fixed tree. */
static int sum_errors(const cor_team *team, const cor_interactions *data,
                      const float *rating, double total[2])
{
    const cor_shards *shards = data->row_shards;
    int rank = cor_team_rank(team);
    int64_t first = cor_shards_first(shards, rank);
    int64_t count = cor_shards_first(shards, rank + 1) - first;
    int64_t row = cor_shards_first_row(shards, rank);
    double *addend = NULL;
    int rc = cor_agree(team, COR_NEW_ZEROED(&addend, 2 * count));
    if (rc == COR_OK) {
        int64_t i = 0;
        for (int64_t s = 0; s < count; s++)
            for (; row + i < cor_shards_begin(shards, first + s + 1); i++) {
                double error = (double)rating[i] - (double)data->value[i];
                addend[2 * s] += error * error;
                addend[2 * s + 1] += fabs(error);
            }
        rc = cor_sum_shards(team, shards, 2, addend, total);
    }
    cor_free(addend);
    return rc;
}

int cor_evaluate_error(const cor_team *team, const cor_model *model,
                       const cor_interactions *data, cor_error *error)
{
    float *rating = NULL;
    double total[2] = {0, 0};
    *error = (cor_error){.n = data->rows};
    int rc = cor_agree(team, COR_NEW(&rating, data->rows));
    if (rc == COR_OK)
        rc = predict(team, model, data, rating, &error->unknown);
    if (rc == COR_OK)
        rc = sum_errors(team, data, rating, total);
    cor_free(rating);
    COR_TRY(rc);
    cor_team_sum(team, &error->n, 1);
    cor_team_sum(team, &error->unknown, 1);
    error->rmse = error->n ? sqrt(total[0] / (double)error->n) : NAN;
    error->mae = error->n ? total[1] / (double)error->n : NAN;
    return COR_OK;
}
