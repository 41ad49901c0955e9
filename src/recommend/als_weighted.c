/**
 * Rows as weighted ridge regressions: implicit feedback, and every row that is
 * improved instead of solved. The formulas are in als.h. A value r of weight a
 * and of preference p asks for a (p - x.y)^2 in one form, and for
 * (1 + a) (p - x.y)^2 less the cell's share of the sum over all cells in the
 * other; both are a (d/a - x.y)^2 and a constant, with d = a p or (1 + a) p.
 */
#include "als_state.h"

#include "coracle/failure.h"
#include "coracle/memory.h"
#include "coracle/sum.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { CHUNK = 1024 }; /* rows that a thread turns at a time */

static bool is_weighted(const cor_als_options *o)
{
    return o->implicit.form != COR_EXPLICIT || o->solver != COR_SOLVER_CHOLESKY;
}

static int check_implicit(const cor_als_options *o)
{
    const cor_implicit *how = &o->implicit;
    if (!(how->alpha >= 0) || (how->form == COR_CONFIDENCE && how->alpha == 0))
        return cor_fail(COR_EUSAGE, "--alpha must be positive");
    if (!(how->unobserved > 0))
        return cor_fail(COR_EUSAGE, "--unobserved-weight must be positive");
    return COR_OK;
}

int als_weighted_check(const cor_als_options *o)
{
    if (!is_weighted(o))
        return COR_OK;
    if (o->bias)
        return cor_fail(COR_EUSAGE,
                        "--bias is for ratings solved by cholesky: leave it "
                        "out with --implicit and with other solvers");
    if (!(o->reg > 0))
        return cor_fail(COR_EUSAGE, "--implicit, and solvers other than "
                                    "cholesky, need a positive --reg");
    if (o->steps < 1)
        return cor_fail(COR_EUSAGE, "--cg-steps must be at least 1, not %lld",
                        (long long)o->steps);
    if (o->block < 16 || o->block % 16)
        return cor_fail(COR_EUSAGE,
                        "--block must be a multiple of 16, not "
                        "%lld",
                        (long long)o->block);
    return o->implicit.form == COR_EXPLICIT ? COR_OK : check_implicit(o);
}

static int64_t longest(const cor_ratings_side *side)
{
    int64_t most = 0;
    for (int64_t r = 0; r < side->rows; r++)
        if (side->begin[r + 1] - side->begin[r] > most)
            most = side->begin[r + 1] - side->begin[r];
    return most;
}

static int64_t longest_part(const cor_giants *giants)
{
    int64_t most = 0;
    for (int64_t g = 0; g < giants->count; g++)
        for (int64_t s = 0; s < giants->shards; s++) {
            const int64_t *begin = giants->begin + g * (giants->shards + 1) + s;
            if (begin[1] - begin[0] > most)
                most = begin[1] - begin[0];
        }
    return most;
}

static int open_row(als_weighted *w, int64_t values, int64_t ld,
                    int64_t factors)
{
    COR_TRY(COR_NEW(&w->weight, values));
    COR_TRY(COR_NEW(&w->target, values));
    COR_TRY(COR_NEW_ZEROED(&w->scale, ld));
    COR_TRY(COR_NEW_ZEROED(&w->ones, ld));
    for (int64_t f = 0; f < factors; f++)
        w->ones[f] = 1;
    return COR_OK;
}

/* Feedback has no range to clip to, and no mean: what is known of an item is
   how many took it. */
static void describe(cor_model *m, const cor_als_options *o)
{
    cor_model_side *sides[] = {&m->user, &m->item};
    m->implicit = o->implicit;
    m->mean = 0;
    m->value_min = -(double)FLT_MAX;
    m->value_max = (double)FLT_MAX;
    for (int s = 0; s < 2; s++)
        for (int64_t r = 0; r < sides[s]->count; r++)
            sides[s]->mean[r] = 0;
}

int als_weighted_open(als *a)
{
    const cor_als_options *o = a->options;
    const cor_ratings_side *sides[] = {&a->ratings.user, &a->ratings.item};
    int64_t values = longest_part(&a->ratings.giants), ld = a->model->ld;
    int rc = COR_OK, threads = cor_team_threads(a->team);
    if (!is_weighted(o))
        return COR_OK;
    for (int s = 0; s < 2; s++) {
        int64_t most = longest(sides[s]);
        values = most > values ? most : values;
        for (int64_t r = 0; r < sides[s]->rows; r++)
            a->known[s] += sides[s]->count[r] > 0;
    }
    cor_team_sum(a->team, a->known, 2);
    if (o->implicit.form != COR_EXPLICIT)
        describe(a->model, o);
    rc = COR_NEW_ZEROED(&a->weighted, threads);
    for (int t = 0; rc == COR_OK && t < threads; t++)
        rc = open_row(&a->weighted[t], values, ld, o->factors);
    return cor_agree(a->team, rc);
}

void als_weighted_close(als *a)
{
    cor_basis_destroy(&a->basis);
    for (int t = 0; a->weighted && t < cor_team_threads(a->team); t++) {
        cor_free(a->weighted[t].weight);
        cor_free(a->weighted[t].target);
        cor_free(a->weighted[t].scale);
        cor_free(a->weighted[t].ones);
    }
    cor_free(a->weighted);
}

int als_preferences(const cor_interactions *data, float **preference)
{
    COR_TRY(COR_NEW(preference, data->rows));
    for (int64_t i = 0; i < data->rows; i++)
        (*preference)[i] = data->value[i] > 0;
    return COR_OK;
}

/* My shards' Gram matrices of a side into the ordered sum. */
static int add_grams(const als *a, const als_side *side, cor_sum *sum,
                     double *packed)
{
    const cor_shards *shards = side->data->shards;
    int64_t first = cor_shards_first(shards, cor_team_rank(a->team));
    int64_t last = cor_shards_first(shards, cor_team_rank(a->team) + 1);
    for (int64_t s = first; s < last; s++) {
        int64_t begin = cor_shards_begin(shards, s);
        cor_ridge_gram(a->ridge[0],
                       side->model->factor +
                           (begin - side->data->first) * a->model->ld,
                       cor_shards_begin(shards, s + 1) - begin, packed);
        COR_TRY(cor_sum_add(sum, s, packed));
    }
    return COR_OK;
}

/* The Gram matrix of a side, packed, the same on all ranks. */
static int sum_gram(const als *a, const als_side *side, double *packed,
                    int64_t length)
{
    cor_sum *sum = NULL;
    int rc = cor_sum_create(a->team, side->data->shards, length, &sum);
    if (rc == COR_OK)
        rc = add_grams(a, side, sum, packed);
    rc = cor_agree(a->team, rc);
    if (rc == COR_OK)
        rc = cor_sum_total(sum, packed);
    cor_sum_destroy(&sum);
    return rc;
}

static int turn_side(const als *a, const als_side *side)
{
    cor_failure failure = COR_NO_FAILURE;
    int64_t rows = side->data->rows, ld = a->model->ld;
    int threads = cor_team_threads(a->team);
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t r = 0; r < rows; r += CHUNK) {
        int rc = cor_basis_turn(a->basis, side->model->factor + r * ld,
                                rows - r < CHUNK ? rows - r : CHUNK);
        if (rc != COR_OK)
            cor_failure_note(&failure, rc, r);
    }
    return cor_failure_raise(&failure);
}

/* One rank decomposes for all, since ranks on unlike processors might differ in
   the last bits. */
static int make_basis(als *a, const double *packed)
{
    int64_t bytes;
    cor_basis_destroy(&a->basis);
    COR_TRY(cor_agree(
        a->team, cor_basis_create(a->options->factors, packed, &a->basis)));
    void *numbers = cor_basis_numbers(a->basis, &bytes);
    cor_team_share(a->team, numbers, bytes, 0);
    for (int t = 0; t < cor_team_threads(a->team); t++)
        a->weighted[t].reg = 0;
    return COR_OK;
}

int als_turn(als *a, als_side *side, als_side *other)
{
    int64_t k = a->options->factors, length = k * (k + 1) / 2;
    double *packed = NULL;
    if (a->options->implicit.form == COR_EXPLICIT)
        return COR_OK;
    COR_TRY(cor_agree(a->team, COR_NEW(&packed, length)));
    int rc = sum_gram(a, other, packed, length);
    if (rc == COR_OK)
        rc = make_basis(a, packed);
    cor_free(packed);
    COR_TRY(rc);
    rc = turn_side(a, other);
    if (rc == COR_OK && a->options->solver != COR_SOLVER_CHOLESKY)
        rc = turn_side(a, side);
    COR_TRY(cor_agree(a->team, rc));
    return als_publish(other);
}

double als_reg(const als *a, const als_side *side, int64_t count)
{
    const cor_als_options *o = a->options;
    double reg = o->reg, frequency = (double)count;
    if (o->reg_by_count)
        reg *= (double)count;
    if (o->implicit.reg_exponent == 0)
        return reg;
    if (o->implicit.form != COR_EXPLICIT)
        frequency +=
            o->implicit.unobserved * (double)a->known[side == &a->user ? 1 : 0];
    return reg * pow(frequency, o->implicit.reg_exponent);
}

/* What a factor is regularised by: the row's reg and the unobserved cells.
   Mostly the same as for the row before. */
static const float *scale_of(const als *a, double reg, als_weighted *w)
{
    const double *weight = a->basis ? cor_basis_weight(a->basis) : NULL;
    if (reg == w->reg)
        return w->scale;
    w->reg = reg;
    for (int64_t f = 0; f < a->options->factors; f++) {
        double all = weight ? a->options->implicit.unobserved * weight[f] : 0;
        w->scale[f] = (float)(1 / sqrt(reg + all));
    }
    return w->scale;
}

/* The values of a row as weighted equations; gives what its loss has besides:
   d - d^2 / a a value, which is - d/a in the one form and 0 in the other. */
static double weigh_row(const als *a, const cor_ridge_row *values,
                        als_weighted *w, cor_ridge_row *row)
{
    const cor_implicit *how = &a->options->implicit;
    float alpha = (float)how->alpha, besides = how->form == COR_CONFIDENCE;
    double constant = 0;
    *row = *values;
    row->reg = 1;
    if (how->form == COR_EXPLICIT)
        return 0;
    for (int64_t j = 0; j < row->count; j++) {
        float value = values->value[j];
        float weight = alpha > 0 ? alpha * fabsf(value) : (float)(value != 0);
        w->weight[j] = sqrtf(weight);
        w->target[j] = value > 0 ? (weight + besides) / weight : 0;
        constant -= (double)(besides * w->target[j]);
    }
    row->weight = w->weight;
    row->value = w->target;
    return constant;
}

int als_weighted_solve(const als *a, const als_side *side,
                       const cor_ridge_row *values, int thread, int64_t row,
                       double *minimum)
{
    als_weighted *w = &a->weighted[thread];
    cor_ridge *ridge = a->ridge[thread];
    cor_ridge_row equation;
    float *x = side->model->factor + row * a->model->ld;
    double constant = weigh_row(a, values, w, &equation);
    equation.scale = scale_of(a, values->reg, w);
    switch (a->options->solver) {
    case COR_SOLVER_CG:
        COR_TRY(
            cor_ridge_descend(ridge, &equation, a->options->steps, x, minimum));
        break;
    case COR_SOLVER_SUBSPACE:
        COR_TRY(
            cor_ridge_blocks(ridge, &equation, a->options->block, x, minimum));
        break;
    default:
        COR_TRY(cor_ridge_solve(ridge, &equation, x, NULL, minimum));
    }
    *minimum += constant;
    return COR_OK;
}

void als_weighted_sums(const als *a, const cor_ridge_row *values, int thread,
                       double *sums)
{
    als_weighted *w = &a->weighted[thread];
    cor_ridge *ridge = a->ridge[thread];
    cor_ridge_row part;
    double constant = weigh_row(a, values, w, &part);
    part.scale = w->ones;
    cor_ridge_sums(ridge, &part, sums);
    sums[cor_ridge_sum_length(ridge)] = constant;
}

int als_weighted_solve_sums(const als *a, const als_side *side, int64_t row,
                            double *sums, double *minimum)
{
    als_weighted *w = &a->weighted[0];
    cor_ridge *ridge = a->ridge[0];
    float *x = side->model->factor + row * a->model->ld;
    const float *scale =
        scale_of(a, als_reg(a, side, side->data->count[row]), w);
    cor_ridge_scale_sums(ridge, scale, sums);
    COR_TRY(cor_ridge_solve_sums(ridge, sums, 1, 0, x, NULL, minimum));
    for (int64_t f = 0; f < a->model->ld; f++)
        x[f] *= scale[f];
    *minimum += sums[cor_ridge_sum_length(ridge)];
    return COR_OK;
}
