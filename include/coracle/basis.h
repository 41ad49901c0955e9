/**
 * A basis for factors: the eigenvectors of their Gram matrix. In it that matrix
 * is diagonal, so that what all rows of one side weigh together (the unobserved
 * cells of implicit feedback) is a number a factor, and the equations of a row
 * are an ordinary ridge regression. Turning both sides into it changes no
 * product of theirs. Local functions; several threads may turn at once.
 */
#ifndef CORACLE_BASIS_H
#define CORACLE_BASIS_H

#include "coracle/status.h"

#include <stdint.h>

typedef struct cor_basis cor_basis;

/** @param[in] packed  lower triangle by columns, as of cor_ridge_gram
    @return COR_OK; COR_ENUMERIC: not finite; COR_EMEMORY */
int cor_basis_create(int64_t factors, const double *packed, cor_basis **basis);
void cor_basis_destroy(cor_basis **basis);

/** The eigenvalues, descending, at least 0; factors of them. Borrowed. */
const double *cor_basis_weight(const cor_basis *basis);

/** All that a basis holds, so that one rank's can be copied over another's.
    Borrowed. */
void *cor_basis_numbers(cor_basis *basis, int64_t *bytes);

/** Turn `count` rows of cor_padded(factors) floats into the basis, in place. */
int cor_basis_turn(const cor_basis *basis, float *row, int64_t count);
/** Turn them back. */
int cor_basis_return(const cor_basis *basis, float *row, int64_t count);

#endif
