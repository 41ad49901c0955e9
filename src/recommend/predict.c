#include "coracle/memory.h"
#include "coracle/recommend.h"

static int locate(const cor_team *team, const cor_model *model,
                  const cor_interactions *data, cor_predictor **predictor)
{
    int64_t *user = NULL, *item = NULL;
    int rc = COR_NEW(&user, data->rows);
    if (rc == COR_OK)
        rc = COR_NEW(&item, data->rows);
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_model_locate(team, model, data, user, item);
    if (rc == COR_OK)
        rc = cor_predictor_create(team, model, user, item, data->rows,
                                  predictor);
    cor_free(user);
    cor_free(item);
    return rc;
}

int cor_predict_interactions(const cor_team *team, const cor_model *model,
                             const cor_interactions *data, float *rating,
                             int64_t *unknown)
{
    cor_predictor *predictor = NULL;
    COR_TRY(locate(team, model, data, &predictor));
    *unknown = cor_predictor_unknown(predictor);
    cor_team_sum(team, unknown, 1);
    int rc = cor_predictor_run(predictor, rating);
    cor_predictor_destroy(&predictor);
    return rc;
}
