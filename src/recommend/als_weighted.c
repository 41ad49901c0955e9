/** The rows of a fit by alternating least squares as weighted equations. */
#include "als_state.h"

#include "coracle/failure.h"
#include "coracle/memory.h"

#include <float.h>

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
    int64_t values = longest_part(&a->ratings.giants);
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
        rc = weighted_open(&a->weighted[t], values, o->factors);
    return cor_agree(a->team, rc);
}

void als_weighted_close(als *a)
{
    cor_basis_destroy(&a->basis);
    for (int t = 0; a->weighted && t < cor_team_threads(a->team); t++)
        weighted_close(&a->weighted[t]);
    cor_free(a->weighted);
}

int als_preferences(const cor_interactions *data, float **preference)
{
    COR_TRY(COR_NEW(preference, data->rows));
    for (int64_t i = 0; i < data->rows; i++)
        (*preference)[i] = data->value[i] > 0;
    return COR_OK;
}

int als_turn(als *a, als_side *side, als_side *other)
{
    if (a->options->implicit.form == COR_EXPLICIT)
        return COR_OK;
    cor_basis_destroy(&a->basis);
    COR_TRY(weighted_basis(a->team, other->data->shards, other->model->factor,
                           a->options->factors, a->ridge[0], &a->basis));
    for (int t = 0; t < cor_team_threads(a->team); t++)
        a->weighted[t].reg = 0;
    int rc = weighted_turn(a->team, a->basis, other->model->factor,
                           other->data->rows, a->model->ld);
    if (rc == COR_OK && a->options->solver != COR_SOLVER_CHOLESKY)
        rc = weighted_turn(a->team, a->basis, side->model->factor,
                           side->data->rows, a->model->ld);
    COR_TRY(cor_agree(a->team, rc));
    return als_publish(other);
}

double als_reg(const als *a, const als_side *side, int64_t count)
{
    const cor_als_options *o = a->options;
    return weighted_reg(&o->implicit, o->reg, o->reg_by_count, count,
                        a->known[side == &a->user]);
}

int als_weighted_solve(const als *a, const als_side *side,
                       const cor_ridge_row *values, int thread, int64_t row,
                       double *minimum)
{
    weighted *w = &a->weighted[thread];
    cor_ridge *ridge = a->ridge[thread];
    cor_ridge_row equation;
    float *x = side->model->factor + row * a->model->ld;
    double constant =
        weighted_values(&a->options->implicit, values, w, &equation);
    weighted_scale(&a->options->implicit, a->basis, a->options->factors,
                   values->reg, w);
    equation.scale = w->scale;
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
    weighted *w = &a->weighted[thread];
    cor_ridge *ridge = a->ridge[thread];
    cor_ridge_row part;
    double constant = weighted_values(&a->options->implicit, values, w, &part);
    part.scale = w->ones;
    cor_ridge_sums(ridge, &part, sums);
    sums[cor_ridge_sum_length(ridge)] = constant;
}

int als_weighted_solve_sums(const als *a, const als_side *side, int64_t row,
                            double *sums, double *minimum)
{
    weighted *w = &a->weighted[0];
    cor_ridge *ridge = a->ridge[0];
    float *x = side->model->factor + row * a->model->ld;
    weighted_scale(&a->options->implicit, a->basis, a->options->factors,
                   als_reg(a, side, side->data->count[row]), w);
    cor_ridge_scale_sums(ridge, w->scale, sums);
    COR_TRY(cor_ridge_solve_sums(ridge, sums, 1, 0, x, NULL, minimum));
    for (int64_t f = 0; f < a->model->ld; f++)
        x[f] *= w->scale[f];
    *minimum += sums[cor_ridge_sum_length(ridge)];
    return COR_OK;
}
