#include "fit.h"

#include "coracle/memory.h"

/* The one component that all rows belong to wholly. */
static void add_scatter(void *context, place *p, double *sums)
{
    const double *zero = context;
    int64_t d = p->tile.columns;
    for (int64_t z = 0; z < p->tile.ld; z++)
        p->r[z] = z < p->tile.rows;
    cor_tile_covariance(&p->tile, p->r, zero, p->work, sums, sums + d);
}

static int take_scatter(fit_data *data)
{
    int64_t d = data->matrix->columns, length = cor_packed_length(d);
    double *total = NULL, *zero = NULL;
    pass p = {.team = data->team,
              .matrix = data->matrix,
              .center = data->center,
              .components = 1,
              .length = d + length};
    int rc = COR_NEW(&total, d + length);
    if (rc == COR_OK)
        rc = COR_NEW_ZEROED(&zero, d);
    if (rc == COR_OK)
        rc = COR_NEW(&data->scatter, length);
    rc = cor_agree(data->team, rc);
    if (rc == COR_OK)
        rc = pass_run(&p, add_scatter, zero, total);
    for (int64_t i = 0; rc == COR_OK && i < length; i++)
        data->scatter[i] = total[d + i];
    cor_free(total);
    cor_free(zero);
    return rc;
}

static int describe(fit_data *data)
{
    cor_matrix_columns columns = {0};
    int64_t d = data->matrix->columns;
    int rc = COR_NEW(&data->center, d);
    if (rc == COR_OK)
        rc = COR_NEW(&data->deviation, d);
    COR_TRY(cor_agree(data->team, rc));
    COR_TRY(cor_matrix_describe(data->team, data->matrix, &columns));
    for (int64_t j = 0; j < d; j++) {
        data->center[j] = columns.mean[j];
        data->deviation[j] = columns.deviation[j];
    }
    cor_matrix_columns_free(&columns);
    return COR_OK;
}

int fit_data_create(const cor_team *team, const cor_matrix *matrix,
                    bool scatter, fit_data *data)
{
    *data = (fit_data){.team = team, .matrix = matrix};
    int rc = describe(data);
    if (rc == COR_OK && scatter)
        rc = take_scatter(data);
    if (rc != COR_OK)
        fit_data_free(data);
    return rc;
}

void fit_data_free(fit_data *data)
{
    cor_free(data->center);
    cor_free(data->deviation);
    cor_free(data->scatter);
    *data = (fit_data){0};
}

void fit_data_row(const fit_data *data, int64_t row, int owner, double *out)
{
    const cor_matrix *matrix = data->matrix;
    if (owner == cor_team_rank(data->team)) {
        cor_matrix_tile(matrix, row - matrix->first, 1, out);
        for (int64_t j = 0; j < matrix->columns; j++)
            out[j] -= data->center[j];
    }
    cor_team_share(data->team, out, matrix->columns * (int64_t)sizeof *out,
                   owner);
}
