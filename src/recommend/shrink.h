/**
 * The small end of a reduction, on one rank: averaged singular vectors made
 * orthonormal again, and multiplied out.
 */
#ifndef COR_SHRINK_H
#define COR_SHRINK_H

#include <stdint.h>

typedef struct cor_shrink {
    int64_t rows, columns; /* of the small matrix */
    int64_t rank, width;   /* vectors wanted, and there */
    double *left;  /* rows x width: users, averaged; `turn` is still to come */
    double *right; /* columns x width: items, averaged */
    const double *singular; /* rank */
    const double *turn; /* width x width, of which row k leads to vector k */
} cor_shrink;

/** @param[out] out  rows x columns
    @return COR_OK; COR_ENUMERIC; COR_EMEMORY */
int cor_shrink_matrix(const cor_shrink *shrink, double *out);

#endif
