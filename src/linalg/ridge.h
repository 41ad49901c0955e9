/**
 * The work space of a ridge regression, shared by ridge.c (single precision)
 * and exact.c (double precision).
 *
 * Sums of a row, in doubles: the square of the targets, then the right-hand
 * side and the packed lower triangle, by columns, of the normal matrix of the
 * rows (1, y): targets, y times target (k); count, sum of y (k), Gram matrix.
 * With a bias they are the normal equations as they stand, without one the
 * same from the second unknown on.
 */
#ifndef RIDGE_H
#define RIDGE_H

#include "coracle/linalg.h"

/** Rows gathered at a time: 32 KiB at 128 factors. */
enum { RIDGE_BLOCK = 64 };

enum { SUM_SQUARE, SUM_TARGET, SUM_DUAL };

struct cor_ridge {
    int64_t factors, ld;
    bool bias;
    float *rows;   /* gathered rows: a block of them, or all turned */
    float *matrix; /* ld x ld, see kernels.h */
    float *target; /* of the gathered rows */
    float *sum;    /* sum of y; ones, and what L makes of them */
    float *dual;   /* sum of y times target */
    float *right;  /* right-hand side, and what L makes of it */
    float *diagonal, *inverse; /* see kernels.h */
    float *weight;             /* of the ratings, in their space */
    float *zeros;
    float *kept;     /* gathered rows that stay for all steps: descend.c */
    float *residual; /* of all ratings of a row: descend.c */
    int64_t kept_room, residual_room; /* floats */
    double *sums;                     /* as above */
    double *scratch;                  /* 2 x (factors + 1) */
};

/** Where the packed normal matrix begins in the sums. */
static inline int64_t normal_place(int64_t factors)
{
    return SUM_DUAL + factors;
}

/** target_j of a row. */
static inline double row_target(const cor_ridge_row *row, int64_t j)
{
    double target = row->value[j] - row->mean;
    return row->other_bias ? target - row->other_bias[row->index[j]] : target;
}

/** Targets of ratings from .. from + count, weighted, into `target`. */
void ridge_targets(const cor_ridge_row *row, int64_t from, int64_t count,
                   float *target, double *sum, double *square);

/** Gather ratings from .. from + count of a row into ridge->rows, weighted and
    scaled where the row says so. */
void ridge_gather(cor_ridge *ridge, const cor_ridge_row *row, int64_t from,
                  int64_t count);

/** Sums of a row in double precision throughout, into ridge->sums. */
void ridge_exact_sums(cor_ridge *ridge, const cor_ridge_row *row);

/**
 * Solve ridge->sums, in place, in double precision.
 * @param[in] least  a pivot smaller than this part of its diagonal is zero
 */
int ridge_exact_solve(cor_ridge *ridge, double reg, double reg_bias,
                      double least, float *x, float *bias, double *loss);

#endif
