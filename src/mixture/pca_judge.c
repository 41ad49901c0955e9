#include "coracle/pca.h"
#include "coracle/select.h"
#include "coracle/sum.h"

static int mark(const cor_team *team, int64_t count, const double *error,
                double percent, int8_t *anomaly, cor_pca_errors *errors)
{
    COR_TRY(cor_select_percentile(team, error, count, 100 - percent,
                                  &errors->threshold));
    for (int64_t row = 0; row < count; row++) {
        anomaly[row] = error[row] > errors->threshold;
        errors->anomalies += anomaly[row];
    }
    cor_team_sum(team, &errors->anomalies, 1);
    return COR_OK;
}

int cor_pca_judge(const cor_team *team, const cor_matrix *matrix,
                  const double *error, double percent, int8_t *anomaly,
                  cor_pca_errors *errors)
{
    *errors = (cor_pca_errors){0};
    if (!(percent >= 0 && percent < 100))
        return cor_fail(COR_EUSAGE,
                        "--anomalies must be a percentage above 0 and below "
                        "100, not %g",
                        percent);
    for (int64_t row = 0; row < matrix->count; row++)
        errors->max = error[row] > errors->max ? error[row] : errors->max;
    cor_team_max_double(team, &errors->max, 1);
    COR_TRY(cor_sum_rows(team, matrix->shards, error, &errors->mean));
    if (matrix->rows > 0)
        errors->mean /= (double)matrix->rows;
    if (percent == 0 || matrix->rows == 0)
        return COR_OK;
    return mark(team, matrix->count, error, percent, anomaly, errors);
}
