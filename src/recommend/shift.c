/*
 * A row x of n training values, at the least of its loss, takes in new ones.
 * With d the change of x, A the old values' normal matrix and R the
 * regularisation (of all values together; R' of the old ones alone), the loss
 * is, but for a constant,
 *
 *   d (A + R) d + 2 d (R - R') x + sum over new w (t - x.y - d.y)^2
 *
 * A is not known any more: it is taken to be n times the mean of the training
 * values' y y^T, plus what the unobserved cells of implicit feedback weigh.
 * The bias is an unknown like the others, its y is 1.
 */
#include "shift.h"

#include "coracle/failure.h"
#include "coracle/memory.h"
#include "coracle/sum.h"

#include <math.h>
#include <string.h>

static int64_t packed_length(const cor_model *model)
{
    return (model->factors + 1) * (model->factors + 2) / 2;
}

/* Add `weight` times (1, y) (1, y)^T. */
static void add_row(int64_t factors, const float *y, double weight, double *to)
{
    *to++ += weight;
    for (int64_t r = 0; r < factors; r++)
        *to++ += weight * (double)y[r];
    for (int64_t c = 0; c < factors; c++)
        for (int64_t r = c; r < factors; r++)
            *to++ += weight * (double)y[c] * (double)y[r];
}

/* One of my shards of items, in the order of its rows. */
static int add_shard(const cor_model *model, const float *factor, int64_t shard,
                     double *packed, cor_sum *sum)
{
    const cor_model_side *side = &model->item;
    int64_t from = cor_shards_begin(side->shards, shard) - side->first;
    int64_t to = cor_shards_begin(side->shards, shard + 1) - side->first;
    memset(packed, 0, (size_t)packed_length(model) * sizeof *packed);
    for (int64_t i = from; i < to; i++)
        if (side->ratings[i] > 0)
            add_row(model->factors, factor + i * model->ld,
                    (double)side->ratings[i], packed);
    return cor_sum_add(sum, shard, packed);
}

static int add_shards(const cor_team *team, const cor_model *model,
                      const float *factor, cor_sum *sum)
{
    const cor_shards *shards = model->item.shards;
    int64_t first = cor_shards_first(shards, cor_team_rank(team));
    int64_t last = cor_shards_first(shards, cor_team_rank(team) + 1);
    cor_failure failure = COR_NO_FAILURE;
#pragma omp parallel num_threads(cor_team_threads(team))
    {
        double *packed = NULL;
        int rc = cor_allocate(&packed, packed_length(model), sizeof *packed,
                              "sums of factors");
        if (rc != COR_OK)
            cor_failure_note(&failure, rc, 0);
#pragma omp for schedule(dynamic)
        for (int64_t shard = first; shard < last; shard++) {
            if (rc != COR_OK)
                continue;
            int added = add_shard(model, factor, shard, packed, sum);
            if (added != COR_OK)
                cor_failure_note(&failure, added, shard);
        }
        cor_free(packed);
    }
    return cor_failure_raise(&failure);
}

/* The mean over all training values. */
static int find_typical(const cor_team *team, const float *factor, shift *s)
{
    int64_t length = packed_length(s->model);
    cor_sum *sum = NULL;
    int rc = COR_NEW_ZEROED(&s->typical, length);
    if (rc == COR_OK)
        rc = cor_sum_create(team, s->model->item.shards, length, &sum);
    if (rc == COR_OK)
        rc = add_shards(team, s->model, factor, sum);
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_sum_total(sum, s->typical);
    cor_sum_destroy(&sum);
    double values = rc == COR_OK ? s->typical[0] : 0;
    for (int64_t i = 0; values > 0 && i < length; i++)
        s->typical[i] /= values;
    return rc;
}

/* In the basis the unobserved cells are a number a factor. */
static int find_unobserved(const cor_basis *basis, shift *s)
{
    int64_t factors = s->model->factors;
    if (!basis)
        return COR_OK;
    COR_TRY(COR_NEW_ZEROED(&s->unobserved, packed_length(s->model)));
    double *to = s->unobserved + factors + 1;
    for (int64_t f = 0; f < factors; to += factors - f, f++)
        *to = s->model->implicit.unobserved * cor_basis_weight(basis)[f];
    return COR_OK;
}

static int find_weight(const cor_team *team, const cor_interactions *data,
                       shift *s)
{
    const cor_implicit *how = &s->model->implicit;
    double rows = (double)cor_shards_rows(data->row_shards), *weight = NULL;
    s->weight = 1;
    if (how->form == COR_EXPLICIT || how->alpha == 0 || rows == 0)
        return COR_OK;
    int rc = cor_agree(team, COR_NEW(&weight, data->rows));
    for (int64_t i = 0; rc == COR_OK && i < data->rows; i++)
        weight[i] = how->alpha * fabs((double)data->value[i]);
    if (rc == COR_OK)
        rc = cor_sum_rows(team, data->row_shards, weight, &s->weight);
    s->weight /= rows;
    cor_free(weight);
    return rc;
}

int shift_open(const cor_team *team, const cor_model *model,
               const float *factor, const cor_basis *basis,
               const cor_interactions *data, shift *s)
{
    *s = (shift){.model = model};
    COR_TRY(find_typical(team, factor, s));
    COR_TRY(cor_agree(team, find_unobserved(basis, s)));
    return find_weight(team, data, s);
}

void shift_close(shift *s)
{
    cor_free(s->typical);
    cor_free(s->unobserved);
    *s = (shift){0};
}

int shift_room_open(const cor_ridge *ridge, int64_t values, int64_t ld,
                    shift_room *room)
{
    COR_TRY(COR_NEW(&room->error, values));
    COR_TRY(COR_NEW(&room->step, ld));
    return COR_NEW(&room->sums, cor_ridge_sum_length(ridge));
}

void shift_room_close(shift_room *room)
{
    cor_free(room->error);
    cor_free(room->step);
    cor_free(room->sums);
}

/* What the row as it stands leaves over of the new values. */
static void leave_over(const shift *s, const cor_ridge_row *values,
                       const shift_row *row, float *error)
{
    int64_t ld = s->model->ld;
    double own = values->mean + (s->model->bias ? (double)*row->bias : 0);
    for (int64_t j = 0; j < values->count; j++) {
        int64_t at = values->index[j];
        double other = values->other_bias ? (double)values->other_bias[at] : 0;
        float product = cor_dot(row->x, values->table + at * ld, ld);
        error[j] =
            (float)((double)values->value[j] - own - other - (double)product);
    }
}

int shift_solve(const shift *s, cor_ridge *ridge, weighted *work,
                shift_room *room, const cor_ridge_row *values,
                const shift_row *row)
{
    cor_ridge_row rest = *values;
    float step_bias = 0;
    double loss;
    if (s->unobserved) {
        weighted_values(&s->model->implicit, values, work, &rest);
        rest.scale = work->ones;
    }
    leave_over(s, &rest, row, room->error);
    rest.value = room->error;
    rest.other_bias = NULL;
    rest.mean = 0;
    cor_ridge_sums(ridge, &rest, room->sums);
    cor_ridge_resist(ridge, (double)row->ratings * s->weight, s->typical,
                     room->sums);
    if (s->unobserved)
        cor_ridge_resist(ridge, 1, s->unobserved, room->sums);
    cor_ridge_pull(ridge, values->reg - row->reg, row->x,
                   values->reg_bias - row->reg_bias,
                   s->model->bias ? (double)*row->bias : 0, room->sums);
    COR_TRY(cor_ridge_solve_sums(ridge, room->sums, values->reg,
                                 values->reg_bias, room->step, &step_bias,
                                 &loss));
    for (int64_t f = 0; f < s->model->factors; f++)
        row->x[f] += room->step[f];
    if (s->model->bias)
        *row->bias += step_bias;
    return COR_OK;
}
