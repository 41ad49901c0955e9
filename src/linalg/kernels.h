/**
 * The kernels of one family. They are written once, in lanes.h, rows.h, gram.h,
 * cholesky.h and score.h, those of gaussian.h in density.h and moments.h, those
 * of corating.h in corating.h, those of steps.h in steps.h, and built for each
 * vector width in base.c, avx2.c and avx512.c.
 *
 * Every number is one chain of operations in a fixed order that depends on the
 * arguments alone. Lanes hold different numbers, never parts of one sum (but
 * for products down a column, which have 16 logical lanes at any width), so
 * tiles may differ between families and the bits do not.
 *
 * Matrices are square, symmetric, stored by columns of `ld` floats, ld a
 * multiple of 16; only the lower triangle and the 16 x 16 blocks on the
 * diagonal are meant. `order` is the number of true rows and columns: rows
 * beyond it are zero, columns beyond it need not exist.
 */
#ifndef KERNELS_H
#define KERNELS_H

#include "coracle/corating.h"
#include "coracle/gaussian.h"
#include "coracle/steps.h"

#include <stdbool.h>
#include <stdint.h>

/** What gaussian.h offers, by the names there. */
typedef struct cor_gaussian_kernels {
    void (*turn)(cor_tile *tile, const double *row, const double *center);
    void (*whiten)(const cor_tile *tile, const double *packed, double *y);
    void (*whitened_square)(const cor_tile *tile, const double *packed,
                            double *q);
    void (*distances)(const cor_tile *tile, int64_t components,
                      const double *scale, const double *shift, double *q);
    void (*nearest)(const cor_tile *tile, int64_t components, const double *q,
                    int64_t *label, double *least);
    void (*mixture)(const cor_tile *tile, const cor_tile_mix *mix,
                    const double *q, double *r, double *density,
                    double *entropy);
    void (*sums)(const cor_tile *tile, int64_t count, const double *a,
                 double *total);
    void (*dots)(const cor_tile *tile, int64_t count, const double *a,
                 const double *b, double *total);
    void (*means)(const cor_tile *tile, int64_t components, const double *r,
                  double *first);
    void (*variances)(const cor_tile *tile, int64_t components, const double *r,
                      const double *mean, double *first, double *second);
    void (*covariance)(const cor_tile *tile, const double *r,
                       const double *mean, double *work, double *first,
                       double *second);
} cor_gaussian_kernels;

/** What corating.h offers, by the names there. */
typedef struct cor_corating_kernels {
    void (*add)(cor_corating *sums, float a, const cor_rated *row,
                int64_t count);
    void (*add_packed)(cor_corating *sums, const cor_levels *levels, uint32_t a,
                       const uint32_t *row, int64_t count);
    void (*similarity)(const cor_similarity_options *options,
                       cor_corating *sums, int64_t count, float *similarity);
} cor_corating_kernels;

/** A product c = a b, or added to c: a is m x k, b k x n; the element of a in
    row i at step z is a[i * a_row + z * a_step], that of b in column j
    b[z * b_step + j * b_column]. */
typedef struct cor_product {
    int64_t m, n, k;
    const double *a, *b;
    int64_t a_row, a_step, b_step, b_column;
    bool add;
    bool lower; /* what is above the diagonal of c may be left out */
    double *c;
    int64_t ld;
} cor_product;

/** What steps.h offers, by the names there. */
typedef struct cor_step_kernels {
    void (*run)(const cor_step_rule *rule, const cor_step_block *block,
                double sums[2]);
    void (*error)(const cor_step_rule *rule, const cor_step_block *block,
                  double low, double high, double sums[2]);
    void (*norms)(const cor_step_rule *rule, const cor_step_rows *rows);
} cor_step_kernels;

typedef struct cor_kernels {
    cor_gaussian_kernels gaussian;
    cor_corating_kernels corating;
    cor_step_kernels steps;

    /** a . b over ld floats. */
    float (*dot)(const float *a, const float *b, int64_t ld);

    /** Copy the rows index[0 .. count) of `table` below each other; the rows
        index[count .. ahead) are fetched into the cache as far as useful. */
    void (*gather)(const float *table, int64_t ld, const int32_t *index,
                   int64_t count, int64_t ahead, float *rows);
    /** The same as columns: out[f * out_ld + z] = table[index[z]][f], zero for
        z from count to out_ld; `zeros` is a row of zeros. */
    void (*gather_columns)(const float *table, int64_t ld, const int32_t *index,
                           int64_t count, const float *zeros, float *out,
                           int64_t out_ld);

    /** The floats 0 .. width of rows, each times its weight (NULL: 1) and the
        scale of its factor; `width` is a multiple of 16, and the rows' ld. */
    void (*gather_scaled)(const float *table, int64_t ld, int64_t width,
                          const int32_t *index, int64_t count, int64_t ahead,
                          const float *weight, const float *scale, float *rows);
    /** The same for what gather_columns made of `count` rows, in place. */
    void (*scale_columns)(float *columns, int64_t ld, int64_t factors,
                          int64_t count, const float *weight,
                          const float *scale);
    /** Of the rows index[0 .. count) of `table`: error_z = target_z - row . x,
        and out += the rows times error_z square_z. Rows up to index[ahead) are
        fetched into the cache. */
    void (*residual)(const float *table, int64_t ld, const int32_t *index,
                     int64_t count, int64_t ahead, const float *square,
                     const float *target, const float *x, float *error,
                     float *out);

    /** sum += the rows, dual += the rows times target; ld floats each. */
    void (*row_sums)(const float *rows, int64_t ld, int64_t count,
                     const float *target, float *sum, float *dual);
    /** x = the rows index[0 .. count) of `table` times weight, added. */
    void (*combine)(const float *table, int64_t ld, const int32_t *index,
                    int64_t count, const float *weight, float *x);

    /** matrix += (or =, if fresh) sum over the rows of row^T row. */
    void (*gram)(const float *rows, int64_t ld, int64_t count, int64_t order,
                 bool fresh, float *matrix);
    /** matrix -= scale * vector vector^T. */
    void (*downdate)(float *matrix, int64_t ld, int64_t order,
                     const float *vector, float scale);

    /**
     * Replace a matrix by its Cholesky factor L; inverse[c] = 1 / L_cc.
     * @param[in] diagonal  what a pivot is measured against
     * @return false where a pivot keeps less than COR_LEAST_PIVOT of its
     * diagonal, or is not a number
     */
    bool (*factor)(float *matrix, int64_t ld, int64_t order,
                   const float *diagonal, float *inverse);
    /** b = L^-1 b, ld floats. */
    void (*forward)(const float *matrix, int64_t ld, int64_t order,
                    const float *inverse, float *b);
    /** x = L^-T b, ld floats each, two arrays. */
    void (*backward)(const float *matrix, int64_t ld, int64_t order,
                     const float *inverse, const float *b, float *x);

    /** cor_dense_multiply, cor_dense_gram. */
    void (*multiply)(const cor_product *p);

    /** cor_score_tile. */
    void (*score)(const float *user, int64_t users, const float *item,
                  int64_t items, int64_t ld, float *score);
    /** cor_panel_score. */
    void (*panel_score)(const float *const *user, int64_t users,
                        const float *panel, int64_t ld, const float *bias,
                        const float *least, float *score, bool *reaches);
} cor_kernels;

/** A smaller pivot has lost 13 of a float's 24 bits: double precision is due.
 */
#define COR_LEAST_PIVOT 0x1p-13f

/** How far ahead of its use a row is fetched into the cache. */
enum { COR_FETCH_ROWS = 12 };

extern const cor_kernels cor_kernels_base;
#if defined(__x86_64__)
extern const cor_kernels cor_kernels_avx2;
extern const cor_kernels cor_kernels_avx512;
#endif

/** The table of the family in use. */
const cor_kernels *cor_kernels_used(void);

#endif
