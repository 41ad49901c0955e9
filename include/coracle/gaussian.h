/**
 * The arithmetic of Gaussian mixtures on a tile: some rows of a matrix, turned
 * into columns, so that 8 rows stand side by side and every operation is done
 * on 8 rows at once. Written once over 8 logical lanes and built for each
 * vector width, like the kernels of linalg.h.
 *
 * What belongs to one row (a distance, a density, a responsibility) is one
 * chain of operations over columns or components in order: its bits do not
 * depend on where the row stands. What is summed over the rows of a tile is
 * summed lane by lane, then over lanes up a fixed tree: its bits depend on
 * which rows make up the tile, in which order.
 *
 * All functions are local; several threads may call at once, on tiles of their
 * own. Bound: the multiply-add rate while a tile stays in cache.
 */
#ifndef CORACLE_GAUSSIAN_H
#define CORACLE_GAUSSIAN_H

#include <stdint.h>

/** Rows side by side. */
enum { COR_GROUP = 8 };

/** `rows` rows; x[j * ld + z] is column j of row z. Rows up to the next whole
    group exist and are zero. Other arrays of a tile have the same ld: q[k * ld
    + z] is of component k and row z. */
typedef struct cor_tile {
    int64_t rows, columns, ld;
    double *x;        /* columns x ld */
    const void *next; /* what will be turned next, or NULL: it is brought into
                         the cache while the arithmetic goes on */
    int64_t next_bytes;
} cor_tile;

/** Doubles from one column to the next for tiles of at most `rows` rows; never
    a power of two, lest columns meet in the same lines of the cache. */
static inline int64_t cor_tile_ld(int64_t rows)
{
    return ((rows + COR_GROUP - 1) / COR_GROUP | 1) * COR_GROUP;
}

/** Fill the tile: x = row - center, turned.
    @param[in] row     tile->rows x columns
    @param[in] center  columns */
void cor_tile_turn(cor_tile *tile, const double *row, const double *center);

/** Doubles of a packed whitening of so many columns. */
int64_t cor_whitening_length(int64_t columns);
/** Pack y = (x - shift) U for the tile.
    @param[in] upper  U, upper triangular, columns x columns
    @param[in] shift  columns */
void cor_whitening_pack(int64_t columns, const double *upper,
                        const double *shift, double *packed);
/** y = (x - shift) U, columns x ld. */
void cor_tile_whiten(const cor_tile *tile, const double *packed, double *y);
/** q = |(x - shift) U|^2, ld. */
void cor_tile_whitened_square(const cor_tile *tile, const double *packed,
                              double *q);

/** q[k] = |scale_k x - shift_k|^2, column by column; components x ld.
    @param[in] scale  components x columns, NULL: 1
    @param[in] shift  components x columns, scaled */
void cor_tile_distances(const cor_tile *tile, int64_t components,
                        const double *scale, const double *shift, double *q);

/** The least of q over components: which (the first of equals), and how much;
    ld each. */
void cor_tile_nearest(const cor_tile *tile, int64_t components, const double *q,
                      int64_t *label, double *least);

/** How squared distances become log densities: constant[k] + slope[k] q[k]. */
typedef struct cor_tile_mix {
    int64_t components;
    const double *constant, *slope; /* components */
    double floor; /* a responsibility below exp(floor) is 0; floor >= -708 */
} cor_tile_mix;

/**
 * Responsibilities r (components x ld; may be q), zero for the rows that only
 * fill the last group; the log density of each row, and the sum of r log r over
 * its components, ld each. Exponentials and logarithms are within 1 unit in the
 * last place.
 */
void cor_tile_mixture(const cor_tile *tile, const cor_tile_mix *mix,
                      const double *q, double *r, double *density,
                      double *entropy);

/* ---- totals over the rows of a tile: all are added to what is there ---- */

/** total[k] += sum of a[k]; `count` arrays of ld. */
void cor_tile_sums(const cor_tile *tile, int64_t count, const double *a,
                   double *total);
/** total[k] += sum of a[k] b[k]. */
void cor_tile_dots(const cor_tile *tile, int64_t count, const double *a,
                   const double *b, double *total);
/** first[k] += sum of r[k] x; components x columns. */
void cor_tile_means(const cor_tile *tile, int64_t components, const double *r,
                    double *first);
/** first[k] += sum of r[k] (x - mean[k]), second[k] += sum of r[k]
    (x - mean[k])^2; all components x columns. */
void cor_tile_variances(const cor_tile *tile, int64_t components,
                        const double *r, const double *mean, double *first,
                        double *second);

/** Doubles of the upper triangle of a symmetric matrix, row after row. */
static inline int64_t cor_packed_length(int64_t columns)
{
    return columns * (columns + 1) / 2;
}
/** Doubles that cor_tile_covariance works in. */
static inline int64_t cor_covariance_work(const cor_tile *tile)
{
    return (tile->columns + 6) * (tile->ld + 1);
}
/** One component: first += sum of r (x - mean), second += sum of r (x - mean)
    (x - mean)', the packed upper triangle. Rows whose r is 0 cost next to
    nothing where they are many. */
void cor_tile_covariance(const cor_tile *tile, const double *r,
                         const double *mean, double *work, double *first,
                         double *second);

#endif
