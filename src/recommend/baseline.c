/* Biases by alternating least squares, and how good they are. */
#include "baseline_state.h"

#include "coracle/memory.h"
#include "coracle/sum.h"

#include <math.h>
#include <string.h>

static int copy_index(const cor_ratings_side *data, int32_t **slot)
{
    int64_t entries = data->begin[data->rows];
    COR_TRY(cor_allocate(slot, entries, sizeof **slot, "ratings"));
    memcpy(*slot, data->other, (size_t)entries * sizeof **slot);
    return COR_OK;
}

/* A side's biases, and the slots of those that refer to them. */
static int open_side(const cor_team *team, baseline_side *side,
                     baseline_side *other)
{
    const cor_ratings_side *data = other->data;
    COR_TRY(cor_agree(team, copy_index(data, &other->slot)));
    COR_TRY(cor_halo_create(team, side->data->shards, other->slot,
                            data->begin[data->rows], &side->halo));
    COR_TRY(cor_window_create(side->halo, sizeof(double), &side->bias));
    side->own = cor_window_own(side->bias);
    return COR_OK;
}

static void close_side(baseline_side *side)
{
    cor_window_destroy(&side->bias);
    cor_halo_destroy(&side->halo);
    cor_free(side->slot);
}

int baseline_open(const cor_team *team, const cor_baseline_options *options,
                  const cor_ratings *ratings, baseline *b)
{
    *b = (baseline){.team = team,
                    .options = options,
                    .ratings = ratings,
                    .user = {.data = &ratings->user},
                    .item = {.data = &ratings->item}};
    COR_TRY(open_side(team, &b->user, &b->item));
    COR_TRY(open_side(team, &b->item, &b->user));
    if (options->method == COR_BASELINE_ALS)
        return COR_OK;
    return baseline_grid_create(b, &b->grid);
}

void baseline_close(baseline *b)
{
    baseline_grid_destroy(&b->grid);
    close_side(&b->user);
    close_side(&b->item);
    *b = (baseline){0};
}

/* All biases of one side, the other's fixed: each is a mean of what the other
   leaves over, damped by `reg` ratings of 0. */
static int sweep(const baseline *b, baseline_side *side,
                 const baseline_side *fixed, double reg)
{
    const cor_ratings_side *data = side->data;
    const double *other = cor_window_rows(fixed->bias);
    int threads = cor_team_threads(b->team);
#pragma omp parallel for num_threads(threads) schedule(dynamic, 256)
    for (int64_t row = 0; row < data->rows; row++) {
        int64_t begin = data->begin[row], end = data->begin[row + 1];
        double sum = 0;
        for (int64_t e = begin; e < end; e++)
            sum += (double)data->value[e] - b->ratings->mean -
                   other[side->slot[e]];
        if (end > begin)
            side->own[row] = sum / (reg + (double)(end - begin));
    }
    return cor_window_update(side->bias);
}

int baseline_epoch(baseline *b)
{
    if (b->grid)
        return baseline_sgd_epoch(b);
    COR_TRY(sweep(b, &b->item, &b->user, b->options->reg_item));
    return sweep(b, &b->user, &b->item, b->options->reg_user);
}

/* Squared and absolute errors of one of my shards of users, in row order. */
static void shard_error(const baseline *b, bool clip, int64_t shard,
                        double sums[2])
{
    const baseline_side *side = &b->user;
    const cor_ratings *ratings = b->ratings;
    const double *other = cor_window_rows(b->item.bias);
    int64_t first = side->data->first;
    int64_t from = cor_shards_begin(side->data->shards, shard) - first;
    int64_t to = cor_shards_begin(side->data->shards, shard + 1) - first;
    for (int64_t u = from; u < to; u++)
        for (int64_t e = side->data->begin[u]; e < side->data->begin[u + 1];
             e++) {
            double error = baseline_residual(b, side, other, u, e);
            double value = side->data->value[e];
            if (clip) /* value - error is what was predicted */
                error = fmin(fmax(error, value - ratings->value_max),
                             value - ratings->value_min);
            sums[0] += error * error;
            sums[1] += fabs(error);
        }
}

int baseline_error(const baseline *b, bool clip, double *rmse, double *mae)
{
    const cor_shards *shards = b->user.data->shards;
    int64_t first = cor_shards_first(shards, cor_team_rank(b->team));
    int64_t last = cor_shards_first(shards, cor_team_rank(b->team) + 1);
    double(*sums)[2] = NULL, total[2] = {0};
    int rc = cor_allocate_zeroed(&sums, last - first, sizeof *sums, "errors");
    int64_t count = rc == COR_OK ? last - first : 0;
    int threads = cor_team_threads(b->team);
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int64_t s = 0; s < count; s++)
        shard_error(b, clip, first + s, sums[s]);
    rc = cor_agree(b->team, rc);
    if (rc == COR_OK)
        rc = cor_sum_shards(b->team, shards, 2, (const double *)sums, total);
    *rmse = sqrt(total[0] / (double)b->ratings->total);
    *mae = total[1] / (double)b->ratings->total;
    cor_free(sums);
    return rc;
}
