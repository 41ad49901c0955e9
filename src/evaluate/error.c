#include "coracle/evaluate.h"

#include "coracle/memory.h"
#include "coracle/recommend.h"

#include <math.h>

int cor_evaluate_error(const cor_team *team, const cor_model *model,
                       const cor_interactions *data, cor_error *error)
{
    float *rating = NULL;
    *error = (cor_error){
        .n = cor_shards_rows(data->row_shards), .rmse = NAN, .mae = NAN};
    int rc = cor_agree(team, COR_NEW(&rating, data->rows));
    if (rc == COR_OK)
        rc = cor_predict_interactions(team, model, data, rating,
                                      &error->unknown);
    if (rc == COR_OK && error->n > 0)
        rc = cor_prediction_error(team, data->row_shards, data->value, rating,
                                  &error->rmse, &error->mae);
    cor_free(rating);
    return rc;
}
