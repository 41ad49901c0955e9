#include "coracle/evaluate.h"

#include "coracle/memory.h"
#include "coracle/recommend.h"

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

int cor_evaluate_error(const cor_team *team, const cor_model *model,
                       const cor_interactions *data, cor_error *error)
{
    float *rating = NULL;
    *error = (cor_error){
        .n = cor_shards_rows(data->row_shards), .rmse = NAN, .mae = NAN};
    int rc = cor_agree(team, COR_NEW(&rating, data->rows));
    if (rc == COR_OK)
        rc = predict(team, model, data, rating, &error->unknown);
    if (rc == COR_OK) {
        cor_team_sum(team, &error->unknown, 1);
        if (error->n > 0)
            rc = cor_prediction_error(team, data->row_shards, data->value,
                                      rating, &error->rmse, &error->mae);
    }
    cor_free(rating);
    return rc;
}
