/** Factors of covariances, and the constants of densities that follow. */
#include "bayes.h"
#include "coracle/cut.h"
#include "coracle/dense.h"
#include "coracle/memory.h"
#include "fit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* U of one covariance: the inverse of its Cholesky factor, turned over. */
static int factor_matrix(int64_t columns, const double *covariance,
                         double *upper)
{
    memcpy(upper, covariance, (size_t)(columns * columns) * sizeof *upper);
    COR_TRY(cor_dense_cholesky(columns, upper));
    COR_TRY(cor_dense_triangle_invert(columns, upper));
    for (int64_t i = 0; i < columns; i++)
        for (int64_t j = 0; j < i; j++) {
            upper[j * columns + i] = upper[i * columns + j];
            upper[i * columns + j] = 0;
        }
    return COR_OK;
}

static int factor_variances(const double *covariance, int64_t count,
                            double *precision)
{
    for (int64_t i = 0; i < count; i++) {
        if (!(covariance[i] > 0) || isinf(covariance[i]))
            return COR_ENUMERIC;
        precision[i] = 1 / sqrt(covariance[i]);
    }
    return COR_OK;
}

/* One component's part; a tied covariance is that of component 0. */
static int factor_part(cor_mixture *m, int64_t component)
{
    int64_t d = m->columns,
            length = cor_covariance_length(m->covariance_type, 1, d);
    const double *covariance = m->covariance + component * length;
    double *precision = m->precision_cholesky + component * length;
    if (m->covariance_type == COR_COVARIANCE_FULL ||
        m->covariance_type == COR_COVARIANCE_TIED)
        return factor_matrix(d, covariance, precision);
    return factor_variances(covariance, length, precision);
}

static int not_definite(const cor_mixture *m, int64_t component)
{
    char which[64] = "the covariance that all components share";
    if (m->covariance_type != COR_COVARIANCE_TIED)
        snprintf(which, sizeof which, "the covariance of component %lld",
                 (long long)component + 1);
    return cor_fail(COR_ENUMERIC,
                    "%s is not positive definite: it has collapsed onto too "
                    "few rows, or columns depend on each other; raise "
                    "--reg-covar (now %g), take fewer --components, or a "
                    "simpler --covariance",
                    which, m->reg_covar);
}

/* How many covariances there are. */
static int64_t parts_of(const cor_mixture *mixture)
{
    return mixture->covariance_type == COR_COVARIANCE_TIED
               ? 1
               : mixture->components;
}

static int factor_parts(cor_mixture *mixture, int64_t first, int64_t count)
{
    for (int64_t k = first; k < first + count; k++) {
        int rc = factor_part(mixture, k);
        if (rc == COR_ENUMERIC)
            return not_definite(mixture, k);
        COR_TRY(rc);
    }
    return COR_OK;
}

int cor_mixture_factor(cor_mixture *mixture)
{
    return factor_parts(mixture, 0, parts_of(mixture));
}

int mixture_factor_together(const cor_team *team, cor_mixture *mixture)
{
    int64_t parts = parts_of(mixture);
    int rank = cor_team_rank(team), size = cor_team_size(team);
    int64_t first = cor_cut_begin(parts, rank, size);
    int64_t count = cor_cut_begin(parts, rank + 1, size) - first;
    int64_t length = cor_covariance_length(mixture->covariance_type, parts,
                                           mixture->columns) /
                     parts;
    double *all = NULL;
    int64_t total = 0;
    COR_TRY(cor_agree(team, factor_parts(mixture, first, count)));
    if (size == 1)
        return COR_OK;
    COR_TRY(cor_team_collect(team, mixture->precision_cholesky + first * length,
                             count * length, sizeof *all, &all, &total));
    memcpy(mixture->precision_cholesky, all, (size_t)total * sizeof *all);
    cor_free(all);
    return COR_OK;
}

/* log |U| of one component. */
double mixture_log_determinant(const cor_mixture *m, int64_t component)
{
    int64_t d = m->columns;
    const double *p = m->precision_cholesky;
    double sum = 0;
    switch (m->covariance_type) {
    case COR_COVARIANCE_SPHERICAL:
        return (double)d * log(p[component]);
    case COR_COVARIANCE_DIAG:
        for (int64_t j = 0; j < d; j++)
            sum += log(p[component * d + j]);
        return sum;
    case COR_COVARIANCE_FULL:
        p += component * d * d;
        break;
    default:
        break;
    }
    for (int64_t j = 0; j < d; j++)
        sum += log(p[j * d + j]);
    return sum;
}

void cor_mixture_weigh(cor_mixture *mixture)
{
    const double log_two_pi = 1.8378770664093454836;
    if (mixture->bayesian) {
        bayes_weigh(mixture);
        return;
    }
    for (int64_t k = 0; k < mixture->components; k++)
        mixture->constant[k] = log(mixture->weight[k]) -
                               .5 * (double)mixture->columns * log_two_pi +
                               mixture_log_determinant(mixture, k);
}
