#include "als_state.h"

#include "coracle/memory.h"
#include "coracle/sum.h"

#include <math.h>

int als_measure(const als *a, double *loss, double *rmse)
{
    double user = 0, item = 0, error = 0;
    COR_TRY(
        cor_sum_rows(a->team, a->user.data->shards, a->user.penalty, &user));
    COR_TRY(
        cor_sum_rows(a->team, a->item.data->shards, a->item.penalty, &item));
    COR_TRY(cor_sum_rows(a->team, a->item.data->shards, a->item.error, &error));
    *loss = error + user + item;
    *rmse = sqrt(error / (double)a->ratings.total);
    if (!isfinite(*loss))
        return cor_fail(COR_ENUMERIC,
                        "the loss is not finite any more: ratings are too "
                        "large for single precision; scale them or raise "
                        "--reg");
    return COR_OK;
}

/* Squared and absolute errors of one of my shards of users, in row order. */
static void shard_error(const als *a, int64_t shard, double sums[2])
{
    const cor_ratings_side *data = a->user.data;
    const cor_model *model = a->model;
    const float *table = cor_window_rows(a->item.factor);
    const float *bias = model->bias ? cor_window_rows(a->item.bias) : NULL;
    int64_t from = cor_shards_begin(data->shards, shard) - data->first;
    int64_t to = cor_shards_begin(data->shards, shard + 1) - data->first;
    sums[0] = sums[1] = 0;
    for (int64_t u = from; u < to; u++)
        for (int64_t e = data->begin[u]; e < data->begin[u + 1]; e++) {
            int64_t slot = data->other[e];
            double rating = cor_dot(model->user.factor + u * model->ld,
                                    table + slot * model->ld, model->ld);
            if (bias)
                rating += model->mean + (double)model->user.bias[u] +
                          (double)bias[slot];
            double error =
                cor_model_clip(model, rating) - (double)data->value[e];
            sums[0] += error * error;
            sums[1] += fabs(error);
        }
}

int als_train_error(const als *a, double *rmse, double *mae)
{
    const cor_shards *shards = a->user.data->shards;
    int64_t first = cor_shards_first(shards, cor_team_rank(a->team));
    int64_t last = cor_shards_first(shards, cor_team_rank(a->team) + 1);
    double(*sums)[2] = NULL, total[2] = {0};
    int rc = cor_allocate_zeroed(&sums, last - first, sizeof *sums, "errors");
    rc = cor_agree(a->team, rc);
    int threads = cor_team_threads(a->team);
#pragma omp parallel for num_threads(threads)                                  \
    schedule(dynamic, 1) if (rc == COR_OK)
    for (int64_t s = first; s < (rc == COR_OK ? last : first); s++)
        shard_error(a, s, sums[s - first]);
    if (rc == COR_OK)
        rc = cor_sum_shards(a->team, shards, 2, (const double *)sums, total);
    *rmse = sqrt(total[0] / (double)a->ratings.total);
    *mae = total[1] / (double)a->ratings.total;
    cor_free(sums);
    return rc;
}
