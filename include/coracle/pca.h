/**
 * Principal components: the orthogonal directions in which the rows of a matrix
 * vary most. With X centred, n rows, and X = U S V', the components are the
 * rows of V', the explained variances S^2 / (n - 1). A component's sign is such
 * that its greatest entry by magnitude (the first of equals) is positive.
 * Jolliffe, "Principal Component Analysis", 2002.
 *
 * Three ways to them, each with the same bits on any ranks and threads:
 *
 *   gram        rows >= columns: the columns x columns matrix X' X, summed
 *               over shards of rows, and its eigenvectors
 *   small       rows < columns: the rows x rows matrix X X'; columns travel so
 *               that every rank has whole columns, and is summed over shards of
 *               them; components are X' U / S
 *   randomized  both large: subspace iteration (X' X)^(q + 1) on a random
 *               start, then Rayleigh-Ritz in that subspace. Halko, Martinsson,
 *               Tropp, "Finding structure with randomness", SIAM Review 2011.
 *
 * Bound: all are matrix products, rows x columns x min(rows, columns)
 * multiply-adds or rows x columns x components a pass, and run near the
 * multiply-add rate. The eigenvectors of the first two are the work of one rank
 * and one thread, about 9 min(rows, columns)^3 operations.
 */
#ifndef CORACLE_PCA_H
#define CORACLE_PCA_H

#include "coracle/matrix.h"
#include "coracle/plan.h"
#include "coracle/progress.h"

enum cor_pca_solver {
    COR_PCA_AUTO, /* by the shape of the matrix */
    COR_PCA_GRAM,
    COR_PCA_SMALL,
    COR_PCA_RANDOMIZED
};

/** "auto", "gram", "small", "randomized". */
const char *cor_pca_solver_name(enum cor_pca_solver solver);

typedef struct cor_pca_options {
    double components; /* a whole number: how many; below 1: the least number
                          whose share of the variance exceeds it; 0: as many as
                          can have any, the lesser of rows - 1 and columns */
    enum cor_pca_solver solver;
    bool whiten;              /* scores of variance 1 */
    int64_t power_iterations; /* q above, for randomized */
    int64_t oversample;       /* directions more than components, likewise */
    int64_t seed;
} cor_pca_options;

cor_pca_options cor_pca_options_default(void);

/** The components, whole and equal on every rank: whoever fills it owns it. */
typedef struct cor_pca {
    int64_t rows;                /* that it was fitted to */
    int64_t columns, components; /* D, K */
    bool whiten;
    enum cor_pca_solver solver; /* the one that ran */
    double *mean;               /* D */
    double *component;          /* K x D, orthonormal rows */
    double *variance;           /* K, explained, descending */
    double *ratio;              /* K, of the total variance */
    double *singular;           /* K: S above */
    double noise_variance;      /* mean variance of the directions left out */
    double total_variance, total_ratio;
    cor_ids name;           /* columns; total 0: no names */
    double *offset, *scale; /* columns each, or NULL: not standardised */
    char digest[17];
} cor_pca;

/** Zeroes it too; a zeroed one is accepted. */
void cor_pca_free(cor_pca *pca);

/**
 * Fit. Collective.
 * @return COR_OK; COR_EUSAGE: more components than the lesser of rows and
 * columns, a share for the randomized solver, components of more than 1 GiB;
 * COR_EDATA: fewer than two rows, or no variance at all; COR_ENUMERIC: numbers
 * too large to be squared; COR_EMEMORY
 */
int cor_pca_fit(const cor_team *team, const cor_matrix *matrix,
                const cor_pca_options *options, cor_progress *progress,
                cor_pca *pca);

/** What a fit will need, the matrix included. Local. */
cor_plan cor_pca_plan(const cor_team *team, const cor_matrix_size *size,
                      const cor_pca_options *options);

/**
 * Write a model file (kind "model", model = "pca"): attributes components,
 * columns, rows, whiten, solver, noise_variance, total_variance,
 * explained_variance_total, family, blas, digest; /pca/{mean, components,
 * explained_variance, explained_variance_ratio, singular_values};
 * /columns/{name, offset, scale} as in the matrix that it was fitted to. Fills
 * the digest. Collective.
 */
int cor_pca_write(const cor_team *team, const char *path,
                  const cor_file_options *options, cor_pca *pca);
/** Every rank reads the whole. Collective.
    @return COR_OK; COR_EIO; COR_EDATA: damaged, another model */
int cor_pca_read(const cor_team *team, const char *path, cor_pca *pca);

/**
 * Scores of my rows: (x - mean) V, divided by the root of the variance where
 * the model whitens (0 for a component without variance). A row gets the same
 * bits on any ranks and threads. Collective.
 * @param[out] scores  rows x components, of the matrix's type and shards
 * @param[out] error   my rows: the mean over columns of the squared difference
 *                     between the row and what its scores give back; NULL: not
 *                     wanted
 * @return COR_OK; COR_EUSAGE: other columns, or other scales, than the model's;
 * COR_EMEMORY
 */
int cor_pca_transform(const cor_team *team, const cor_pca *pca,
                      const cor_matrix *matrix, cor_matrix *scores,
                      double *error);

/** What the errors of all rows say. */
typedef struct cor_pca_errors {
    double mean, max;  /* 0 where there are no rows */
    double threshold;  /* above it a row is an anomaly */
    int64_t anomalies; /* rows above it */
} cor_pca_errors;

/**
 * Sum up the errors of cor_pca_transform, by the ordered sum over the shards of
 * the matrix, and mark the rows with the greatest ones: those above the number
 * that 100 - `percent` percent of all are below. Collective.
 * @param[in]  percent  above 0 and below 100; 0: mark none, no threshold
 * @param[out] anomaly  my rows, 1 or 0; may be NULL where percent is 0
 * @return COR_OK; COR_EUSAGE; COR_EMEMORY
 */
int cor_pca_judge(const cor_team *team, const cor_matrix *matrix,
                  const double *error, double percent, int8_t *anomaly,
                  cor_pca_errors *errors);

/** Rows from their scores. Collective. @return as cor_pca_transform */
int cor_pca_invert(const cor_team *team, const cor_pca *pca,
                   const cor_matrix *scores, cor_matrix *rows);

/** What either will need, both matrices included. Local.
    @param[in] columns  of the matrix that comes out */
cor_plan cor_pca_transform_plan(const cor_team *team,
                                const cor_matrix_size *size, const cor_pca *pca,
                                int64_t columns);

#endif
