#include "coracle/mixture.h"
#include "coracle/select.h"
#include "coracle/sum.h"

#include <math.h>

int cor_mixture_judge(const cor_team *team, const cor_matrix *matrix,
                      const double *log_density, double percent, double below,
                      int8_t *anomaly, cor_densities *densities)
{
    *densities = (cor_densities){.threshold = below};
    if (!(percent >= 0 && percent < 100))
        return cor_fail(COR_EUSAGE,
                        "--anomalies must be a percentage above 0 and below "
                        "100, not %g",
                        percent);
    COR_TRY(cor_sum_rows(team, matrix->shards, log_density, &densities->mean));
    if (matrix->rows > 0)
        densities->mean /= (double)matrix->rows;
    if (percent > 0 && matrix->rows > 0)
        COR_TRY(cor_select_percentile(team, log_density, matrix->count, percent,
                                      &densities->threshold));
    for (int64_t row = 0; row < matrix->count; row++) {
        anomaly[row] = log_density[row] < densities->threshold;
        densities->anomalies += anomaly[row];
    }
    cor_team_sum(team, &densities->anomalies, 1);
    return COR_OK;
}
