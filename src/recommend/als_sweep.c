#include "als_state.h"

#include "coracle/failure.h"
#include "coracle/memory.h"
#include "coracle/sum.h"

#include <math.h>
#include <omp.h>

static double reg_of_bias(const als *a, int64_t count)
{
    double reg = a->options->reg_bias;
    return a->options->reg_by_count ? reg * (double)count : reg;
}

static int report(const als_side *side, const cor_failure *f)
{
    if (f->code == COR_OK)
        return COR_OK;
    char id[256] = "?";
    cor_ids_print(&side->model->id, f->row, id, sizeof id);
    if (f->code != COR_ENUMERIC)
        return cor_fail(f->code, "%s", f->message);
    return cor_fail(COR_ENUMERIC,
                    "the equations of %s %s have no finite solution (%s); "
                    "raise --reg%s",
                    side->word, id, f->message,
                    side->bias ? " or --reg-bias" : "");
}

/* What a solved row adds to the loss. */
static void note_terms(const als *a, als_side *side, int64_t row, double reg,
                       double reg_bias, double minimum)
{
    const float *x = side->model->factor + row * a->model->ld;
    double b = a->model->bias ? (double)side->model->bias[row] : 0;
    double penalty =
        reg * (double)cor_dot(x, x, a->model->ld) + reg_bias * b * b;
    side->penalty[row] = penalty;
    side->error[row] = minimum > penalty ? minimum - penalty : 0;
}

static int solve_row(const als *a, als_side *side, const als_side *other,
                     int thread, int64_t row)
{
    const cor_ratings_side *data = side->data;
    int64_t begin = data->begin[row], count = data->begin[row + 1] - begin;
    cor_ridge_row equation = {
        .table = cor_window_rows(other->factor),
        .other_bias = other->bias ? cor_window_rows(other->bias) : NULL,
        .index = data->other + begin,
        .value = data->value + begin,
        .count = count,
        .mean = a->model->bias ? a->model->mean : 0,
        .reg = als_reg(a, side, count),
        .reg_bias = reg_of_bias(a, count)};
    double minimum;
    float *bias = side->bias ? side->model->bias + row : NULL;
    if (a->weighted)
        COR_TRY(als_weighted_solve(a, side, &equation, thread, row, &minimum));
    else
        COR_TRY(cor_ridge_solve(a->ridge[thread], &equation,
                                side->model->factor + row * a->model->ld, bias,
                                &minimum));
    note_terms(a, side, row, equation.reg, equation.reg_bias, minimum);
    return COR_OK;
}

/* Rows differ a thousandfold in length: threads take them a few at a time. */
static int solve_rows(const als *a, als_side *side, const als_side *other)
{
    cor_failure f = COR_NO_FAILURE;
    int threads = cor_team_threads(a->team);
#pragma omp parallel for num_threads(threads) schedule(dynamic, 32)
    for (int64_t row = 0; row < side->data->rows; row++) {
        if (side->data->begin[row] == side->data->begin[row + 1])
            continue;
        int rc = solve_row(a, side, other, omp_get_thread_num(), row);
        if (rc != COR_OK)
            cor_failure_note(&f, rc, row);
    }
    return report(side, &f);
}

/* My users' ratings of one giant, shard by shard, into the ordered sum. */
static int add_giant(const als *a, int64_t g, cor_sum *sum, double *work,
                     int64_t length)
{
    const cor_giants *giants = &a->ratings.giants;
    const int64_t *begin = giants->begin + g * (giants->shards + 1);
    int64_t first =
        cor_shards_first(a->ratings.user.shards, cor_team_rank(a->team));
    cor_failure f = COR_NO_FAILURE;
    int threads = cor_team_threads(a->team);
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int64_t s = 0; s < giants->shards; s++) {
        cor_ridge_row part = {
            .table = cor_window_own(a->user.factor),
            .other_bias = a->user.bias ? cor_window_own(a->user.bias) : NULL,
            .index = giants->user + begin[s],
            .value = giants->value + begin[s],
            .count = begin[s + 1] - begin[s],
            .mean = a->model->bias ? a->model->mean : 0};
        int thread = omp_get_thread_num();
        double *sums = work + thread * length;
        if (a->weighted)
            als_weighted_sums(a, &part, thread, sums);
        else
            cor_ridge_sums(a->ridge[thread], &part, sums);
        int rc = cor_sum_add(sum, first + s, sums);
        if (rc != COR_OK)
            cor_failure_note(&f, rc, s);
    }
    return cor_failure_raise(&f);
}

static int solve_giant(als *a, int64_t g, double *total)
{
    als_side *side = &a->item;
    int64_t row = a->ratings.giants.item[g] - side->data->first;
    if (row < 0 || row >= side->data->rows)
        return COR_OK;
    int64_t count = side->data->count[row];
    double reg = als_reg(a, side, count), reg_bias = reg_of_bias(a, count);
    double minimum;
    cor_failure f = COR_NO_FAILURE;
    int rc = a->weighted
                 ? als_weighted_solve_sums(a, side, row, total, &minimum)
                 : cor_ridge_solve_sums(
                       a->ridge[0], total, reg, reg_bias,
                       side->model->factor + row * a->model->ld,
                       side->bias ? side->model->bias + row : NULL, &minimum);
    if (rc != COR_OK)
        cor_failure_note(&f, rc, row);
    COR_TRY(report(side, &f));
    note_terms(a, side, row, reg, reg_bias, minimum);
    return COR_OK;
}

/* Giants one after the other, each by all ranks and threads. */
static int solve_giants(als *a)
{
    int64_t length = cor_ridge_sum_length(a->ridge[0]) + (a->weighted ? 1 : 0);
    int64_t threads = cor_team_threads(a->team);
    cor_sum *sum = NULL;
    double *work = NULL, *total = NULL;
    if (a->ratings.giants.count == 0)
        return COR_OK;
    int rc = cor_sum_create(a->team, a->ratings.user.shards, length, &sum);
    if (rc == COR_OK)
        rc = cor_allocate(&work, threads * length, sizeof *work, "giant sums");
    if (rc == COR_OK)
        rc = cor_allocate(&total, length, sizeof *total, "giant sums");
    rc = cor_agree(a->team, rc);
    for (int64_t g = 0; rc == COR_OK && g < a->ratings.giants.count; g++) {
        rc = cor_agree(a->team, add_giant(a, g, sum, work, length));
        if (rc == COR_OK)
            rc = cor_sum_total(sum, total);
        if (rc == COR_OK)
            rc = cor_agree(a->team, solve_giant(a, g, total));
    }
    cor_sum_destroy(&sum);
    cor_free(work);
    cor_free(total);
    return rc;
}

int als_publish(als_side *side)
{
    COR_TRY(cor_window_update(side->factor));
    return side->bias ? cor_window_update(side->bias) : COR_OK;
}

int als_sweep_users(als *a)
{
    COR_TRY(als_turn(a, &a->user, &a->item));
    COR_TRY(cor_agree(a->team, solve_rows(a, &a->user, &a->item)));
    return als_publish(&a->user);
}

int als_sweep_items(als *a)
{
    COR_TRY(als_turn(a, &a->item, &a->user));
    COR_TRY(cor_agree(a->team, solve_rows(a, &a->item, &a->user)));
    COR_TRY(solve_giants(a));
    return als_publish(&a->item);
}
