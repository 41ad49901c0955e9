#include "coracle/memory.h"
#include "coracle/model.h"
#include "coracle/sum.h"

#include <math.h>

int cor_prediction_error(const cor_team *team, const cor_shards *row_shards,
                         const float *value, const float *prediction,
                         double *rmse, double *mae)
{
    int64_t first = cor_shards_first(row_shards, cor_team_rank(team));
    int64_t last = cor_shards_first(row_shards, cor_team_rank(team) + 1);
    int64_t origin = cor_shards_begin(row_shards, first);
    double(*sums)[2] = NULL, total[2] = {0};
    int rc = cor_allocate_zeroed(&sums, last - first, sizeof *sums, "errors");
    for (int64_t s = first; rc == COR_OK && s < last; s++)
        for (int64_t i = cor_shards_begin(row_shards, s) - origin;
             i < cor_shards_begin(row_shards, s + 1) - origin; i++) {
            double error = (double)prediction[i] - (double)value[i];
            sums[s - first][0] += error * error;
            sums[s - first][1] += fabs(error);
        }
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = cor_sum_shards(team, row_shards, 2, (const double *)sums, total);
    double rows = (double)cor_shards_rows(row_shards);
    *rmse = rows > 0 ? sqrt(total[0] / rows) : 0;
    *mae = rows > 0 ? total[1] / rows : 0;
    cor_free(sums);
    return rc;
}
