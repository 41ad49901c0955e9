/** Gaussian mixtures on tiles: packing, and the kernels of the family in use.
 */
#include "coracle/gaussian.h"

#include "kernels.h"

#include <string.h>

enum { BLOCK_COLUMNS = 4 }; /* of a whitening, as density.h takes them */

int64_t cor_whitening_length(int64_t columns)
{
    return columns + cor_packed_length(columns);
}

/* First where each column of y starts, -shift U; then U by blocks of columns:
   row after row above the diagonal, then the triangle on it. */
void cor_whitening_pack(int64_t columns, const double *upper,
                        const double *shift, double *packed)
{
    double *u = packed + columns;
    memset(packed, 0, (size_t)columns * sizeof *packed);
    for (int64_t j = 0; j < columns; j++)
        for (int64_t i = j; i < columns; i++)
            packed[i] -= shift[j] * upper[j * columns + i];
    for (int64_t i = 0; i < columns; i += BLOCK_COLUMNS) {
        int64_t end = i + BLOCK_COLUMNS < columns ? i + BLOCK_COLUMNS : columns;
        for (int64_t j = 0; j < end; j++)
            for (int64_t e = j > i ? j : i; e < end; e++)
                *u++ = upper[j * columns + e];
    }
}

static const cor_gaussian_kernels *kernels(void)
{
    return &cor_kernels_used()->gaussian;
}

void cor_tile_turn(cor_tile *tile, const double *row, const double *center)
{
    kernels()->turn(tile, row, center);
}

void cor_tile_whiten(const cor_tile *tile, const double *packed, double *y)
{
    kernels()->whiten(tile, packed, y);
}

void cor_tile_whitened_square(const cor_tile *tile, const double *packed,
                              double *q)
{
    kernels()->whitened_square(tile, packed, q);
}

void cor_tile_distances(const cor_tile *tile, int64_t components,
                        const double *scale, const double *shift, double *q)
{
    kernels()->distances(tile, components, scale, shift, q);
}

void cor_tile_nearest(const cor_tile *tile, int64_t components, const double *q,
                      int64_t *label, double *least)
{
    kernels()->nearest(tile, components, q, label, least);
}

void cor_tile_mixture(const cor_tile *tile, const cor_tile_mix *mix,
                      const double *q, double *r, double *density,
                      double *entropy)
{
    kernels()->mixture(tile, mix, q, r, density, entropy);
}

void cor_tile_sums(const cor_tile *tile, int64_t count, const double *a,
                   double *total)
{
    kernels()->sums(tile, count, a, total);
}

void cor_tile_dots(const cor_tile *tile, int64_t count, const double *a,
                   const double *b, double *total)
{
    kernels()->dots(tile, count, a, b, total);
}

void cor_tile_means(const cor_tile *tile, int64_t components, const double *r,
                    double *first)
{
    kernels()->means(tile, components, r, first);
}

void cor_tile_variances(const cor_tile *tile, int64_t components,
                        const double *r, const double *mean, double *first,
                        double *second)
{
    kernels()->variances(tile, components, r, mean, first, second);
}

void cor_tile_covariance(const cor_tile *tile, const double *r,
                         const double *mean, double *work, double *first,
                         double *second)
{
    kernels()->covariance(tile, r, mean, work, first, second);
}
