/**
 * A Gaussian mixture: what a fit by EM or by variational inference leaves, and
 * the one pass over the rows of a matrix that all its uses are made of. The
 * definitions are those of Bishop, "Pattern Recognition and Machine Learning",
 * 2006, sections 9.2 and 10.2, and the shapes those of scikit-learn:
 *
 *               full        tied    diag     spherical
 *   covariance  K x D x D   D x D   K x D    K
 *
 * with K components and D columns. precision_cholesky has the shape of
 * covariance; where that is a matrix it is upper triangular, U with
 * U U' = inverse of the covariance, so that |(x - mean) U|^2 is a squared
 * distance; else it is 1 / the standard deviation.
 *
 * A row x has the log density  log sum_k exp(constant_k - |(x - mean_k) U_k|^2
 * / 2). For a fit by EM constant_k is log weight_k - D / 2 log(2 pi) + log
 * |U_k|; a variational fit sets its own, and needs nothing else to be scored.
 *
 * On disk (kind "model"): attributes model = "gmm", covariance, bayesian,
 * components, columns, rows, lower_bound, converged, iterations, reg_covar,
 * family, digest; /mixture/{weight, mean, covariance, precision_cholesky,
 * constant}; /columns/{name, offset, scale} as in the matrix that it was
 * fitted to; and of a variational fit /bayesian/{weight_concentration,
 * mean_precision, degrees_of_freedom}.
 */
#ifndef CORACLE_MIXTURE_H
#define CORACLE_MIXTURE_H

#include "coracle/matrix.h"

#include <stdbool.h>

enum cor_covariance {
    COR_COVARIANCE_FULL,     /* each component its own matrix */
    COR_COVARIANCE_TIED,     /* all components share one */
    COR_COVARIANCE_DIAG,     /* each component a variance a column */
    COR_COVARIANCE_SPHERICAL /* each component one variance */
};

/** "full", "tied", "diag", "spherical". */
const char *cor_covariance_name(enum cor_covariance type);

/** What a variational fit knows beside; all NULL for a fit by EM. */
typedef struct cor_mixture_posterior {
    double *weight_concentration; /* 2 x K; the second row is 0 for a Dirichlet
                                     distribution */
    double *mean_precision;       /* K */
    double *degrees_of_freedom;   /* K; equal where covariances are tied */
} cor_mixture_posterior;

/** A plain table, small, whole and equal on every rank: whoever creates it owns
    it. */
typedef struct cor_mixture {
    enum cor_covariance covariance_type;
    int64_t components, columns; /* K, D */
    double *weight;              /* K, sum 1 */
    double *mean;                /* K x D */
    double *covariance, *precision_cholesky;
    double *constant; /* K, see above */
    bool bayesian;
    cor_mixture_posterior posterior;
    int64_t rows;       /* that it was fitted to */
    double lower_bound; /* a row, at the last iteration */
    bool converged;
    int64_t iterations;
    double reg_covar;
    cor_ids name;           /* columns; total 0: no names */
    double *offset, *scale; /* columns each, or NULL: not standardised */
    char digest[17];
} cor_mixture;

/** Doubles in covariance: K x D x D, D x D, K x D or K. */
int64_t cor_covariance_length(enum cor_covariance type, int64_t components,
                              int64_t columns);
/** Free parameters of the model, as BIC and AIC count them. */
int64_t cor_mixture_parameters(const cor_mixture *mixture);

/** A mixture of zeros; with a posterior where `bayesian`. Local. */
int cor_mixture_create(enum cor_covariance type, int64_t components,
                       int64_t columns, bool bayesian, cor_mixture *mixture);
/** Everything but the names; `copy` is made anew. Local. */
int cor_mixture_copy(const cor_mixture *mixture, cor_mixture *copy);
/** Zeroes it too; a mixture of zeros is accepted. */
void cor_mixture_free(cor_mixture *mixture);
/** Take over the names and the scale of the columns of a matrix. Local. */
int cor_mixture_describe(const cor_matrix *matrix, cor_mixture *mixture);

/**
 * precision_cholesky from covariance. Local.
 * @return COR_OK; COR_ENUMERIC: a covariance is not positive definite, names
 * the component (counted from 1) and says what to do
 */
int cor_mixture_factor(cor_mixture *mixture);
/** constant from weight and precision_cholesky, as a fit by EM has it; of a
    variational fit weight and constant from the posterior. Local. */
void cor_mixture_weigh(cor_mixture *mixture);

/** Write a model file; fills the digest. Collective.
    @return COR_OK; COR_EIO; COR_ENUMERIC for a number that is not finite */
int cor_mixture_write(const cor_team *team, const char *path,
                      const cor_file_options *options, cor_mixture *mixture);
/** Every rank reads the whole. Collective; ranks agree on the least family of
    kernels. @return COR_OK; COR_EIO; COR_EDATA: damaged, another model */
int cor_mixture_read(const cor_team *team, const char *path,
                     cor_mixture *mixture);

/** What is asked of each row; NULL: not wanted. */
typedef struct cor_mixture_scores {
    double *log_density;    /* count */
    int32_t *label;         /* count: the most responsible component, the first
                               of equals */
    double *responsibility; /* count x K */
} cor_mixture_scores;

/**
 * Score rows [first, first + count) of mine, on the threads of the rank. A row
 * gets the same bits in any call. Local.
 * @return COR_OK; COR_EUSAGE where the columns are not as many; COR_EMEMORY
 */
int cor_mixture_score(const cor_team *team, const cor_mixture *mixture,
                      const cor_matrix *matrix, int64_t first, int64_t count,
                      const cor_mixture_scores *scores);

/** The mean log density over all rows of the matrix, by the ordered sum.
    Collective. */
int cor_mixture_mean_density(const cor_team *team, const cor_mixture *mixture,
                             const cor_matrix *matrix, double *mean);

/** What the log densities of all rows say. */
typedef struct cor_densities {
    double mean;
    double threshold;  /* below it a row is an anomaly; -INFINITY: none is */
    int64_t anomalies; /* rows below it */
} cor_densities;

/**
 * Judge log densities: the mean, and which rows lie below a threshold: the one
 * given, or the density that `percent` of all rows are below (select.h).
 * Collective.
 * @param[in]  log_density  of my rows
 * @param[in]  percent      above 0 and below 100; 0: `below` is the threshold
 * @param[in]  below        -INFINITY: no row is an anomaly
 * @param[out] anomaly      my rows, 1 or 0
 * @return COR_OK; COR_EUSAGE; COR_EMEMORY
 */
int cor_mixture_judge(const cor_team *team, const cor_matrix *matrix,
                      const double *log_density, double percent, double below,
                      int8_t *anomaly, cor_densities *densities);

/**
 * Draw rows: of each its component by weight, then the row. A row is a function
 * of the seed and of its number. Collective.
 * @param[out] matrix     float64, described as the mixture's columns are
 * @param[out] component  takes a block: of my rows, from 0
 */
int cor_mixture_draw(const cor_team *team, const cor_mixture *mixture,
                     int64_t rows, int64_t seed, cor_matrix *matrix,
                     int32_t **component);

/** The mixture that two columns have by themselves, of full covariances; of a
    variational fit that of its mean parameters. Local.
    @param[in] column  two different ones, from 0 */
int cor_mixture_marginal(const cor_mixture *mixture, const int64_t column[2],
                         cor_mixture *marginal);

/** The criteria of a mixture whose rows have this mean log density:
    -2 rows mean + parameters log(rows), and + 2 parameters. Local. */
double cor_mixture_bic(const cor_mixture *mixture, double mean);
double cor_mixture_aic(const cor_mixture *mixture, double mean);

#endif
