/**
 * Generated matrices: rows drawn from a planted Gaussian mixture, for tests and
 * measurements at any size. Every number is a pure function of the seed, the
 * row and the column, so a rank makes the rows of its own shards alone and all
 * rank counts give the same bits.
 *
 * A component has a weight (the heaviest has three times that of the lightest,
 * at most), a mean whose coordinates have the standard deviation `separation`,
 * and a full covariance: deviations from 0.5 to 1.5 of its own for each column,
 * and three directions along which all columns move together.
 */
#ifndef CORACLE_GENERATE_MATRIX_H
#define CORACLE_GENERATE_MATRIX_H

#include "coracle/matrix.h"
#include "coracle/plan.h"

typedef struct cor_generate_matrix_options {
    int64_t rows, columns, components;
    double separation;
    enum cor_type type; /* COR_FLOAT64 or COR_FLOAT32 */
    int64_t shards;     /* 0: by size */
    int64_t seed;
} cor_generate_matrix_options;

/** COR_EUSAGE for sizes that make no sense. Local. */
int cor_generate_matrix_check(const cor_generate_matrix_options *options);

/**
 * Make the rows of my shards, for cor_matrix_free; empty on failure.
 * Collective; options equal on all ranks.
 * @return COR_OK; COR_EUSAGE, as cor_generate_matrix_check; COR_EMEMORY
 */
int cor_generate_matrix(const cor_team *team,
                        const cor_generate_matrix_options *options,
                        cor_matrix *matrix);

/** What it and writing its store need. */
cor_plan cor_generate_matrix_plan(const cor_team *team,
                                  const cor_generate_matrix_options *options);

#endif
