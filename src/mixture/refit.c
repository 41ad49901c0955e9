#include "coracle/gmm.h"

#include "coracle/memory.h"

/* Drop the least dense rows. */
static int drop(const cor_team *team, const cor_mixture *mixture,
                cor_gmm_refit *how, cor_matrix *matrix)
{
    cor_densities judged = {0};
    double *density = NULL;
    int8_t *flag = NULL;
    int rc = COR_NEW(&density, matrix->count);
    if (rc == COR_OK)
        rc = COR_NEW(&flag, matrix->count);
    if (rc == COR_OK)
        rc = cor_mixture_score(team, mixture, matrix, 0, matrix->count,
                               &(cor_mixture_scores){.log_density = density});
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_mixture_judge(team, matrix, density, how->percent, 0, flag,
                               &judged);
    for (int64_t row = 0; rc == COR_OK && row < matrix->count; row++)
        flag[row] = !flag[row];
    if (rc == COR_OK)
        rc = cor_matrix_keep(team, flag, matrix);
    how->threshold = judged.threshold;
    how->dropped = judged.anomalies;
    how->lower_bound = mixture->lower_bound;
    cor_free(density);
    cor_free(flag);
    return rc;
}

int cor_gmm_fit_again(const cor_team *team, const char *store,
                      const cor_gmm_options *options, cor_gmm_refit *how,
                      cor_progress *progress, cor_mixture *mixture,
                      cor_gmm_fit *fit)
{
    cor_matrix matrix = {0};
    cor_mixture second = {0};
    cor_gmm_fit second_fit = {0};
    int rc = cor_matrix_read(team, store, &matrix);
    if (rc == COR_OK)
        rc = drop(team, mixture, how, &matrix);
    if (rc == COR_OK)
        rc = cor_gmm_train(team, &matrix, options, progress, &second,
                           &second_fit);
    cor_matrix_free(&matrix);
    COR_TRY(rc);
    cor_mixture_free(mixture);
    cor_gmm_fit_free(fit);
    *mixture = second;
    *fit = second_fit;
    return COR_OK;
}
