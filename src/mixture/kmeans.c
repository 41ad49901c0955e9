/*
 * k-means, as a start of a mixture: the same rules as scikit-learn's (seeding,
 * tolerance, at most 300 iterations, a center that lost all rows moves to the
 * row farthest from its own).
 */
#include "fit.h"

#include "coracle/memory.h"

#include <string.h>

enum { MOST_ITERATIONS = 300 };
static const double TOLERANCE = 1e-4; /* of the mean variance of a column */

typedef struct kmeans {
    const fit_data *data;
    int64_t components;
    double *center; /* components x columns, about the data's */
    double *gap;    /* my rows */
    double *sums;   /* components counts, components x columns totals */
} kmeans;

static void assign(void *context, place *p, double *sums)
{
    const kmeans *m = context;
    int64_t k = m->components, d = p->tile.columns;
    cor_tile_distances(&p->tile, k, NULL, m->center, p->q);
    cor_tile_nearest(&p->tile, k, p->q, p->label, p->least);
    memcpy(m->gap + p->first, p->least,
           (size_t)p->tile.rows * sizeof *p->least);
    for (int64_t z = 0; z < p->tile.rows; z++) {
        const double *row = p->row + z * d;
        double *first = sums + k + p->label[z] * d;
        sums[p->label[z]] += 1;
        for (int64_t j = 0; j < d; j++)
            first[j] += row[j] - p->center[j];
    }
}

/* The row farthest from its center, the first of equals. */
static double farthest_row(const kmeans *m, int64_t *row)
{
    const cor_matrix *matrix = m->data->matrix;
    double most = -1;
    *row = INT64_MAX;
    for (int64_t i = 0; i < matrix->count; i++)
        if (m->gap[i] > most) {
            most = m->gap[i];
            *row = matrix->first + i;
        }
    double all = most;
    cor_team_max_double(m->data->team, &all, 1);
    if (most < all)
        *row = INT64_MAX;
    cor_team_min(m->data->team, row, 1);
    return all;
}

/* Of the centers without rows the first moves; the next have their turn after
   it. */
static int refill(kmeans *m, int64_t empty)
{
    int64_t row, d = m->data->matrix->columns, filled = 0;
    if (!(farthest_row(m, &row) > 0)) {
        for (int64_t k = 0; k < m->components; k++)
            filled += m->sums[k] > 0;
        return cor_fail(COR_EDATA,
                        "the matrix has only %lld different rows: take no more "
                        "--components than that",
                        (long long)filled);
    }
    fit_data_row(m->data, row, cor_shards_owner(m->data->matrix->shards, row),
                 m->center + empty * d);
    return COR_OK;
}

/* Centers to the means of their rows; how far all moved together, squared. */
static double move(kmeans *m, int64_t *empty)
{
    int64_t d = m->data->matrix->columns;
    double moved = 0;
    *empty = -1;
    for (int64_t k = m->components - 1; k >= 0; k--) {
        double count = m->sums[k];
        const double *first = m->sums + m->components + k * d;
        if (count == 0)
            *empty = k;
        for (int64_t j = 0; count > 0 && j < d; j++) {
            double mean = first[j] / count, *at = &m->center[k * d + j];
            moved += (mean - *at) * (mean - *at);
            *at = mean;
        }
    }
    return moved;
}

static double tolerance(const fit_data *data)
{
    int64_t d = data->matrix->columns;
    double variance = 0;
    for (int64_t j = 0; j < d; j++)
        variance += data->deviation[j] * data->deviation[j];
    return TOLERANCE * variance / (double)d;
}

static int iterate(kmeans *m)
{
    pass p = {.team = m->data->team,
              .matrix = m->data->matrix,
              .center = m->data->center,
              .components = m->components,
              .length = m->components * (1 + m->data->matrix->columns)};
    double enough = tolerance(m->data);
    for (int i = 0; i < MOST_ITERATIONS; i++) {
        int64_t empty;
        COR_TRY(pass_run(&p, assign, m, m->sums));
        double moved = move(m, &empty);
        if (empty >= 0)
            COR_TRY(refill(m, empty));
        else if (moved <= enough)
            break;
    }
    return COR_OK;
}

int kmeans_centers(const fit_data *data, int64_t components, int64_t seed,
                   int64_t start, double *center)
{
    kmeans m = {.data = data, .components = components, .center = center};
    int64_t length = components * (1 + data->matrix->columns);
    int rc = COR_NEW(&m.gap, data->matrix->count);
    if (rc == COR_OK)
        rc = COR_NEW(&m.sums, length);
    rc = cor_agree(data->team, rc);
    if (rc == COR_OK)
        rc = seed_centers(data, components, seed, start, center, m.gap);
    if (rc == COR_OK)
        rc = iterate(&m);
    cor_free(m.gap);
    cor_free(m.sums);
    return rc;
}
