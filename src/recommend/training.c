#include "training.h"

#include "coracle/memory.h"
#include "coracle/recommend.h"

#include <string.h>

/* The model's view of a side: takes counts, means and the id table. */
static int describe_side(const cor_team *team, const cor_ratings_side *data,
                         cor_ids *id, cor_model_side *side)
{
    side->rows = cor_shards_rows(data->shards);
    side->first = data->first;
    side->count = data->rows;
    COR_TRY(cor_agree(team, cor_shards_copy(data->shards, &side->shards)));
    COR_TRY(cor_ids_move(team, id, side->first, side->count));
    side->id = *id;
    *id = (cor_ids){0};
    COR_TRY(cor_agree(team, cor_allocate(&side->ratings, data->rows, 8,
                                         "counts of ratings")));
    COR_TRY(cor_agree(team, cor_allocate(&side->mean, data->rows, sizeof(float),
                                         "mean ratings")));
    memcpy(side->ratings, data->count, (size_t)data->rows * 8);
    memcpy(side->mean, data->mean, (size_t)data->rows * sizeof(float));
    return COR_OK;
}

int training_describe(const cor_team *team, const cor_ratings *ratings,
                      cor_interactions *train, cor_model *model)
{
    model->mean = ratings->mean;
    model->value_min = ratings->value_min;
    model->value_max = ratings->value_max;
    COR_TRY(describe_side(team, &ratings->user, &train->user_id, &model->user));
    COR_TRY(describe_side(team, &ratings->item, &train->item_id, &model->item));
    if (train->item_title.total == 0)
        return COR_OK;
    COR_TRY(cor_ids_move(team, &train->item_title, model->item.first,
                         model->item.count));
    model->item_title = train->item_title;
    train->item_title = (cor_ids){0};
    return COR_OK;
}

int training_valid_open(const cor_team *team, const cor_model *model,
                        const cor_interactions *data, training_valid *valid)
{
    *valid = (training_valid){.data = data};
    if (!data)
        return COR_OK;
    valid->value = data->value;
    int64_t *user = NULL, *item = NULL;
    int rc = cor_allocate(&user, data->rows, sizeof *user, "validation");
    if (rc == COR_OK)
        rc = cor_allocate(&item, data->rows, sizeof *item, "validation");
    if (rc == COR_OK)
        rc = cor_allocate(&valid->prediction, data->rows, sizeof(float),
                          "validation");
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_model_locate(team, model, data, user, item);
    if (rc == COR_OK)
        rc = cor_predictor_create(team, model, user, item, data->rows,
                                  &valid->predictor);
    cor_free(user);
    cor_free(item);
    return rc;
}

int training_valid_error(const cor_team *team, training_valid *valid)
{
    COR_TRY(cor_predictor_run(valid->predictor, valid->prediction));
    return cor_prediction_error(team, valid->data->row_shards, valid->value,
                                valid->prediction, &valid->rmse, &valid->mae);
}

int64_t training_valid_rows(const training_valid *valid)
{
    return valid->data ? cor_shards_rows(valid->data->row_shards) : -1;
}

void training_valid_close(training_valid *valid)
{
    cor_predictor_destroy(&valid->predictor);
    cor_free(valid->prediction);
    *valid = (training_valid){0};
}
