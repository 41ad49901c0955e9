/**
 * Eigenvalues and what follows from them. One rank works, and tells the others
 * what they want to know: were all to do the same, those of a node would wait
 * for its memory together.
 */
#include "coracle/dense.h"
#include "coracle/memory.h"
#include "pca_parts.h"

#include <math.h>

int pca_no_variance(void)
{
    return cor_fail(COR_EDATA, "all rows of the matrix are equal, or differ by "
                               "so little that the squares are 0: there is no "
                               "variance that components could explain");
}

int pca_too_large(void)
{
    return cor_fail(COR_ENUMERIC,
                    "the numbers of the matrix are too large to be squared and "
                    "added; standardise the columns, or divide them by a "
                    "common factor");
}

/* The eigenvalues, 0 where they are negative by rounding, and vectors, on rank
   0. */
static int eigen(const pca_fit *fit, int64_t order, double *gram, double *value,
                 double **vector)
{
    if (cor_team_rank(fit->team) != 0)
        return COR_OK;
    COR_TRY(
        cor_allocate(vector, order * order, sizeof **vector, "eigenvectors"));
    int rc = cor_dense_eigen(order, gram, value, *vector);
    if (rc == COR_ENUMERIC)
        return pca_too_large();
    for (int64_t i = 0; rc == COR_OK && i < order; i++)
        value[i] = fmax(value[i], 0);
    return rc;
}

/* The least number of eigenvalues whose share of the total exceeds `share`. */
static int64_t count_share(int64_t order, const double *value, double total,
                           double share)
{
    double sum = 0;
    for (int64_t k = 0; k < order; k++) {
        sum += value[k] / total;
        if (sum > share)
            return k + 1;
    }
    return order;
}

int pca_check_size(int64_t components, int64_t columns)
{
    if (components <= PCA_MOST / columns)
        return COR_OK;
    return cor_fail(COR_EUSAGE,
                    "%lld components of %lld columns are %.1f GiB, and every "
                    "rank holds them; ask for at most %lld --components",
                    (long long)components, (long long)columns,
                    (double)components * (double)columns * 0x1p-27,
                    (long long)(PCA_MOST / columns));
}

/* Variances and their ratios; `rest` is the sum of the eigenvalues left out. */
static int describe(cor_pca *pca, const double *value, double total,
                    double rest)
{
    int64_t k = pca->components, degrees = pca->rows - 1,
            most = pca->rows < pca->columns ? pca->rows : pca->columns;
    COR_TRY(COR_NEW(&pca->variance, k));
    COR_TRY(COR_NEW(&pca->ratio, k));
    COR_TRY(COR_NEW(&pca->singular, k));
    pca->total_ratio = 0;
    for (int64_t i = 0; i < k; i++) {
        pca->variance[i] = value[i] / (double)degrees;
        pca->ratio[i] = value[i] / total;
        pca->singular[i] = sqrt(value[i]);
        pca->total_ratio += pca->ratio[i];
    }
    pca->total_variance = total / (double)degrees;
    pca->noise_variance =
        k < most ? rest / (double)degrees / (double)(most - k) : 0;
    return COR_OK;
}

/* All that follows from the eigenvalues. `total` as in pca_decompose. */
static int conclude(const pca_fit *fit, int64_t order, const double *value,
                    double total)
{
    cor_pca *pca = fit->pca;
    double asked = fit->options->components, sum = 0, kept = 0, rest = 0;
    for (int64_t i = 0; i < order; i++)
        sum += value[i];
    if (total == 0)
        total = sum;
    if (!(total > 0))
        return pca_no_variance();
    if (asked > 0 && asked < 1)
        pca->components = count_share(order, value, total, asked);
    COR_TRY(pca_check_size(pca->components, pca->columns));
    for (int64_t i = 0; i < order; i++)
        *(i < pca->components ? &kept : &rest) += value[i];
    if (order < pca->rows && order < pca->columns) /* not all are known */
        rest = fmax(total - kept, 0);
    return describe(pca, value, total, rest);
}

/* The first vectors, from rank 0 to all. */
static int share_vectors(const pca_fit *fit, int64_t order, double **vector)
{
    int64_t length = fit->pca->components * order;
    int rc =
        cor_team_rank(fit->team) == 0
            ? cor_reallocate(vector, order * order, length, sizeof **vector,
                             "eigenvectors")
            : cor_allocate(vector, length, sizeof **vector, "eigenvectors");
    COR_TRY(cor_agree(fit->team, rc));
    cor_team_share(fit->team, *vector, length * (int64_t)sizeof **vector, 0);
    return COR_OK;
}

int pca_decompose(const pca_fit *fit, int64_t order, double *gram, double total,
                  double **vector)
{
    const cor_team *team = fit->team;
    double *value = NULL;
    *vector = NULL;
    int rc = cor_allocate_zeroed(&value, order, sizeof *value, "eigenvalues");
    if (rc == COR_OK)
        rc = eigen(fit, order, gram, value, vector);
    rc = cor_agree(team, rc);
    if (rc == COR_OK) {
        cor_team_share(team, value, order * (int64_t)sizeof *value, 0);
        rc = cor_agree(team, conclude(fit, order, value, total));
    }
    if (rc == COR_OK)
        rc = share_vectors(fit, order, vector);
    cor_free(value);
    if (rc == COR_OK)
        return COR_OK;
    cor_free(*vector);
    *vector = NULL;
    return rc;
}

void pca_set_signs(const cor_team *team, cor_pca *pca)
{
#pragma omp parallel for num_threads(cor_team_threads(team))
    for (int64_t k = 0; k < pca->components; k++)
        cor_dense_sign(pca->columns, pca->component + k * pca->columns);
}
