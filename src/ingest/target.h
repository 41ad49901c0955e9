/* Where the rows of a table go: my rows of the matrix. */
#ifndef INGEST_TARGET_H
#define INGEST_TARGET_H

#include "coracle/matrix.h"
#include "coracle/memory.h"

#include <math.h>

typedef struct ingest_target {
    cor_matrix *matrix;
    /* Where float32 is to hold what was wider: of each column the least and
       greatest number and the greatest distance that rounding moved one; 3 x
       columns for each thread, or NULL */
    double *rounding;
    int threads;
} ingest_target;

static inline void ingest_target_round(int64_t columns, const float *row,
                                       const double *number, double *rounding)
{
    double *low = rounding, *high = low + columns, *moved = high + columns;
    for (int64_t c = 0; c < columns; c++) {
        double by = fabs(number[c] - (double)row[c]);
        low[c] = number[c] < low[c] ? number[c] : low[c];
        high[c] = number[c] > high[c] ? number[c] : high[c];
        moved[c] = by > moved[c] ? by : moved[c];
    }
}

/* Keep a row of numbers (columns of them) as my row `at`.
   @return the first column that it can't keep: not finite, or beyond float32;
   -1: all are well */
static inline int64_t ingest_target_put(const ingest_target *target, int thread,
                                        int64_t at, const double *number)
{
    cor_matrix *matrix = target->matrix;
    int64_t k = matrix->columns;
    bool bad = false;
    if (matrix->type == COR_FLOAT64) {
        double *row = (double *)matrix->value + at * k;
        for (int64_t c = 0; c < k; c++) {
            row[c] = number[c];
            bad |= !isfinite(row[c]);
        }
    } else {
        float *row = (float *)matrix->value + at * k;
        for (int64_t c = 0; c < k; c++) {
            row[c] = (float)number[c];
            bad |= !isfinite(row[c]);
        }
        if (target->rounding && !bad)
            ingest_target_round(k, row, number,
                                target->rounding + thread * 3 * k);
    }
    for (int64_t c = 0; bad && c < k; c++)
        if (!isfinite(matrix->type == COR_FLOAT64 ? number[c]
                                                  : (float)number[c]))
            return c;
    return -1;
}

#endif
