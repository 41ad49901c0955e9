/**
 * Small dense matrices of doubles that every rank holds whole: factorisations
 * by LAPACK, and products. Always one thread, so that the bits do not depend on
 * how many a rank has. Matrices are row-major, n x n, without gaps. All
 * functions are local; several threads may call at once.
 */
#ifndef CORACLE_DENSE_H
#define CORACLE_DENSE_H

#include "coracle/status.h"

#include <stdint.h>

/** Cholesky: a = L L', of which a's lower triangle is read; L replaces it, the
    upper triangle becomes 0.
    @return COR_OK; COR_ENUMERIC: not positive definite, without a message (the
    caller knows whose matrix it was) */
int cor_dense_cholesky(int64_t n, double *a);

/** The inverse of a lower triangular matrix, in place.
    @return COR_OK; COR_ENUMERIC: singular, without a message */
int cor_dense_triangle_invert(int64_t n, double *lower);

/**
 * Eigenvalues and vectors of a symmetric matrix (the lower triangle of `a` is
 * read, `a` is overwritten).
 * @param[out] value   n, descending
 * @param[out] vector  n x n: row i is the unit vector of value[i]; its sign is
 *                     such that its greatest entry by magnitude (the first of
 *                     equals) is positive
 * @return COR_OK; COR_ENUMERIC: did not converge; COR_EMEMORY
 */
int cor_dense_eigen(int64_t n, double *a, double *value, double *vector);

#endif
