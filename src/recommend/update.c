/*
 * Updating: one half of a sweep of alternating least squares over the users of
 * new interactions, and one over their items: the same fold-in of a model with
 * its sides exchanged.
 */
#include "coracle/update.h"

#include "coracle/memory.h"
#include "coracle/recommend.h"
#include "extend.h"
#include "popular.h"

#include <math.h>

static int check(const cor_model *model)
{
    if (popular_is_model(model))
        return cor_fail(COR_EUSAGE, "what is popular is quickly counted anew: "
                                    "run `popular` on all interactions");
    if (model->neighbours)
        return cor_fail(COR_EUSAGE,
                        "similarities rest on all the pairs that raters have "
                        "in common, which a model does not keep: run `knn` "
                        "again on all interactions; for new users alone there "
                        "is recommend --ratings");
    if (cor_model_is_feedback(model) && model->implicit.form == COR_EXPLICIT)
        return cor_fail(COR_EUSAGE,
                        "these factors do not minimise a squared error, so no "
                        "least squares can move them: run `sgd` again on all "
                        "interactions, or use als --implicit");
    return COR_OK;
}

/* Those that had no training ratings. */
static int64_t count_fresh(const cor_team *team, const cor_queries *queries)
{
    int64_t fresh = 0;
    for (int64_t q = 0; q < queries->id.count; q++)
        fresh += queries->taken[q].count > 0 && queries->ratings[q] == 0;
    cor_team_sum(team, &fresh, 1);
    return fresh;
}

/* Fold in the users of the data, and let them into the model. */
static int fold_users(const cor_team *team, cor_model *model,
                      const cor_interactions *data, const cor_ids *title,
                      cor_ids *titles, cor_foldin *folded, int64_t *fresh)
{
    cor_queries queries = {0};
    COR_TRY(cor_queries_of_table(team, model, &data->user_id, false, &queries));
    int rc = cor_queries_fold_in(team, model, data, COR_FOLDIN_KEEP, &queries,
                                 folded);
    if (rc == COR_OK)
        rc = extend_side(team, model, &queries, title, &model->user, titles);
    if (rc == COR_OK)
        *fresh = count_fresh(team, &queries);
    cor_queries_free(&queries);
    return rc;
}

/* Users become items, items users. What has no place there is left out. */
static void exchange(cor_model *model, cor_interactions *data)
{
    cor_model_side side = model->user;
    int32_t *row = data->user;
    cor_ids id = data->user_id;
    double reg = model->reg_bias;
    model->user = model->item;
    model->item = side;
    model->reg_bias = model->reg_bias_item;
    model->reg_bias_item = reg;
    data->user = data->item;
    data->item = row;
    data->user_id = data->item_id;
    data->item_id = id;
}

/* Ratings beyond the range are no error any more. */
static void widen_range(const cor_team *team, const cor_interactions *data,
                        cor_model *model)
{
    double least = model->value_min, most = model->value_max;
    for (int64_t i = 0; i < data->rows; i++) {
        least = fmin(least, (double)data->value[i]);
        most = fmax(most, (double)data->value[i]);
    }
    cor_team_min_double(team, &least, 1);
    cor_team_max_double(team, &most, 1);
    if (cor_model_is_feedback(model))
        return;
    model->value_min = least;
    model->value_max = most;
}

int cor_model_update(const cor_team *team, cor_model *model,
                     const cor_interactions *data, cor_update *report)
{
    cor_interactions view = *data; /* its columns change places, no more */
    cor_foldin users = {0}, items = {0};
    const cor_ids untitled = {0};
    *report = (cor_update){0};
    COR_TRY(check(model));
    COR_TRY(fold_users(team, model, &view, &untitled, NULL, &users,
                       &report->new_users));
    exchange(model, &view);
    int rc = fold_users(team, model, &view, &data->item_title,
                        &model->item_title, &items, &report->new_items);
    exchange(model, &view);
    COR_TRY(rc);
    widen_range(team, data, model);
    report->users = users.users;
    report->items = items.users;
    report->ignored = items.ignored;
    return COR_OK;
}
