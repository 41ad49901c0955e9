/*
 * What is popular, as a model: an item's bias is how popular it is beyond the
 * base, which is the model's mean; nothing else is in it.
 */
#include "popular.h"

#include "coracle/memory.h"
#include "training.h"

#include <math.h>
#include <string.h>

/* The items' work when they are cut into shards: their interactions. */
enum { LIKE_FACTORS = 16 };

static const char kind[] = "popular";

bool popular_is_model(const cor_model *model)
{
    return strcmp(model->kind, kind) == 0;
}

static int allocate(cor_model *model)
{
    COR_TRY(COR_NEW_ZEROED(&model->user.bias, model->user.count));
    COR_TRY(COR_NEW_ZEROED(&model->item.bias, model->item.count));
    COR_TRY(COR_NEW(&model->user.factor, 0));
    return COR_NEW(&model->item.factor, 0);
}

/* By count the scores are no ratings: their range is another. */
static void count_range(const cor_team *team, cor_model *model)
{
    int64_t most = 0;
    for (int64_t i = 0; i < model->item.count; i++)
        most = model->item.ratings[i] > most ? model->item.ratings[i] : most;
    cor_team_max(team, &most, 1);
    model->value_min = 0;
    model->value_max = (double)most;
}

static void score_items(const cor_popular_options *options,
                        const cor_popularity *how, cor_model *model)
{
    cor_model_side *side = &model->item;
    for (int64_t i = 0; i < side->count; i++) {
        if (side->ratings[i] < options->min_interactions) {
            side->ratings[i] = 0;
            side->mean[i] = 0;
            continue;
        }
        side->bias[i] = (float)cor_popularity_offset(
            how, (double)side->ratings[i], (double)side->mean[i], model->mean);
    }
}

static int describe(const cor_team *team, const cor_ratings *ratings,
                    cor_interactions *data, const cor_popular_options *options,
                    cor_model *model)
{
    cor_popularity how = options->how;
    COR_TRY(training_describe(team, ratings, data, model));
    COR_TRY(cor_agree(team, allocate(model)));
    if (ratings->value_min == ratings->value_max)
        how.by = COR_POPULAR_COUNT;
    strcpy(model->kind, kind);
    model->bias = true;
    model->reg_bias = INFINITY; /* of a user: he has none */
    model->reg_bias_item = INFINITY;
    score_items(options, &how, model);
    model->mean = cor_popularity_base(&how, model->mean);
    if (how.by == COR_POPULAR_COUNT)
        count_range(team, model);
    return COR_OK;
}

int cor_popular_train(const cor_team *team, cor_interactions *data,
                      const cor_popular_options *options, cor_model *model)
{
    cor_ratings ratings;
    *model = (cor_model){0};
    COR_TRY(popular_check(options));
    int rc = cor_ratings_create(team, data, LIKE_FACTORS, INT64_MAX, &ratings);
    if (rc == COR_OK)
        rc = describe(team, &ratings, data, options, model);
    cor_ratings_free(&ratings);
    if (rc != COR_OK)
        cor_model_free(model);
    return rc;
}
