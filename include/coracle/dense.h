/**
 * Small dense matrices of doubles that every rank holds whole, and tiles of
 * large ones. Factorisations by LAPACK, always on one thread, so that the bits
 * do not depend on how many a rank has; products by kernels of our own, in
 * which the bits of a number follow from its row and its column alone. Matrices
 * are row-major, those of factorisations n x n without gaps. All functions are
 * local; several threads may call at once.
 */
#ifndef CORACLE_DENSE_H
#define CORACLE_DENSE_H

#include "coracle/status.h"

#include <stdbool.h>
#include <stdint.h>

/** Largest order of a factorisation: LAPACK counts its work space, 2 n^2 and a
    little, in 32 bits. */
enum { COR_DENSE_MOST = 32000 };

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

/** Turn a vector, if need be, so that its greatest entry by magnitude (the
    first of equals) is positive. */
void cor_dense_sign(int64_t n, double *vector);

/** An operand of a product: `ld` numbers lead from a row to the next. */
typedef struct cor_dense_operand {
    const double *value;
    int64_t ld;
    bool turned; /* the product takes its transpose */
} cor_dense_operand;

/**
 * c = a b, or c += a b where `add`: c is m x n, a as taken m x k, b as taken
 * k x n. A number is a sum over slices of 128 steps, each a chain of
 * multiply-adds in order: the same bits whatever m and n. Runs near the
 * multiply-add rate where the least of the three is some tens.
 */
void cor_dense_multiply(int64_t m, int64_t n, int64_t k, cor_dense_operand a,
                        cor_dense_operand b, bool add, double *c, int64_t ld);

/** The lower triangle of c += a a': c is n x n, a as taken n x k. Above the
    diagonal c is left in any state. */
void cor_dense_gram(int64_t n, int64_t k, cor_dense_operand a, double *c,
                    int64_t ld);

#endif
