/**
 * Gaussian mixtures by expectation-maximisation: Dempster, Laird, Rubin,
 * "Maximum likelihood from incomplete data via the EM algorithm", 1977.
 * Definitions, defaults and normalisations are those of scikit-learn's
 * GaussianMixture, so that numbers can be compared directly: the lower bound of
 * an iteration is the mean log density of the rows under the parameters that
 * the iteration began with; it has converged when that changes by less than
 * tol.
 *
 * With `bayesian` a mixture is fitted by variational inference instead, as
 * scikit-learn's BayesianGaussianMixture does it: components that are not
 * needed end with weights near zero. The lower bound is then that of the
 * evidence, over all rows.
 *
 * The bottleneck is arithmetic: for full covariances rows x components x
 * columns^2 multiply-adds an iteration, half of them to whiten, half for the
 * second moments, at 70 to 85% of the processor's peak from 16 columns on. An
 * iteration reads the data once; nothing of the size rows x components is kept.
 */
#ifndef CORACLE_GMM_H
#define CORACLE_GMM_H

#include "coracle/mixture.h"
#include "coracle/plan.h"
#include "coracle/progress.h"

/** Where a start takes its first responsibilities or means from. */
enum cor_gmm_init {
    COR_GMM_KMEANS,      /* each row to its center of k-means */
    COR_GMM_KMEANS_PLUS, /* a row for each component, drawn far apart */
    COR_GMM_RANDOM,      /* random responsibilities */
    COR_GMM_MEANS        /* means that are given; weights start equal,
                            precisions at the identity */
};

typedef struct cor_gmm_options {
    int64_t components;
    enum cor_covariance covariance;
    enum cor_gmm_init init;
    const double *means; /* of COR_GMM_MEANS: components x columns */
    int64_t starts;      /* the best is kept */
    int64_t tries;       /* each of them is the best of so many; 0: 16 for a
                            small matrix, fewer for larger ones, where they cost
                            more, down to 1 */
    int64_t first;       /* of all these, only first, first + stride, ...: */
    int64_t stride;      /* other teams have the others; 0: all */
    double tol;          /* change of the lower bound; 0: never converged. A
                            fifth of it where a small matrix is given tries */
    int64_t max_iter;    /* of a start */
    double reg_covar;    /* added to the diagonal of covariances */
    bool bayesian;     /* variational inference; starts by k-means or random */
    bool distribution; /* weights of a Dirichlet distribution, else process */
    double weight_concentration; /* of their prior; 0: 1 / components */
    double mean_precision;       /* prior, about the mean of all; 0: 1 */
    double degrees_of_freedom;   /* prior, about the covariance of all; 0: as
                                    many as columns */
    int64_t seed;
    const char *checkpoint;    /* folder, or NULL: none is written */
    double checkpoint_minutes; /* between timed ones; 0: only on a request to
                                  stop */
    bool resume;               /* go on from the checkpoint, if there is one */
    const char *data_digest;   /* of the matrix: a checkpoint of other data is
                                  refused */
} cor_gmm_options;

cor_gmm_options cor_gmm_options_default(void);

/** How a fit went; equal on all ranks. */
typedef struct cor_gmm_fit {
    int64_t starts;     /* done, all tries */
    int64_t failed;     /* of them, those that collapsed */
    int64_t start;      /* the one that was kept, from 0 */
    int64_t iterations; /* of the start that was kept */
    double *history;    /* iterations: its lower bounds */
    double lower_bound; /* the last of them */
    bool converged;
    double mean_density, bic, aic; /* of the parameters as they are */
    bool stopped;                  /* on request; a checkpoint was written */
    double seconds;
} cor_gmm_fit;

void cor_gmm_fit_free(cor_gmm_fit *fit);

/**
 * Fit a mixture. Collective. A start whose component loses all its rows or
 * collapses is given up; the fit fails where all starts do. On a request to
 * stop (stop.h) the iteration in hand is finished, the checkpoint written, and
 * fit->stopped set; there is no mixture then.
 *
 * @param[out] mixture  for cor_mixture_free; describes the matrix's columns
 * @return COR_OK; COR_EUSAGE: options that make no sense, a checkpoint of
 * another run; COR_EDATA: fewer rows, or fewer different ones, than components;
 * COR_ENUMERIC: all starts collapsed (the first one's message), numbers too
 * large; COR_EIO: checkpoint; COR_EMEMORY
 */
int cor_gmm_train(const cor_team *team, const cor_matrix *matrix,
                  const cor_gmm_options *options, cor_progress *progress,
                  cor_mixture *mixture, cor_gmm_fit *fit);

/** One choice of covariance and components, and what came of it. */
typedef struct cor_gmm_point {
    enum cor_covariance covariance;
    int64_t components;
    int status; /* COR_OK, or why there is no mixture */
    char message[512];
    double lower_bound, mean_density, bic, aic;
    bool converged;
    int64_t iterations;
    int64_t starts, failed, start; /* as in cor_gmm_fit */
} cor_gmm_point;

enum cor_gmm_criterion { COR_GMM_BIC, COR_GMM_AIC };

/**
 * Fit each of `count` points and keep the mixture with the least criterion, the
 * first of equals. Points, and then starts, are spread over groups of ranks
 * where there are more ranks than one fit of this matrix can use; each group
 * reads the matrix for itself. A point that fails with COR_EDATA or
 * COR_ENUMERIC is marked, and the others go on. Collective.
 *
 * @param[in]     store    matrix store to fit to
 * @param[in]     options  of all fits, but for covariance and components
 * @param[in,out] point    covariance and components in, the rest out
 * @param[out]    best     the point that was kept; -1 where stopped on request
 * @return as cor_gmm_train; where all points failed the first one's status
 */
int cor_gmm_select(const cor_team *team, const char *store,
                   const cor_gmm_options *options,
                   enum cor_gmm_criterion criterion, cor_gmm_point *point,
                   int64_t count, cor_progress *progress, cor_mixture *mixture,
                   cor_gmm_fit *fit, int64_t *best);

/** What was dropped before a second fit. */
typedef struct cor_gmm_refit {
    double percent;     /* of the rows, the least dense */
    double threshold;   /* the log density that these lie below */
    int64_t dropped;    /* rows */
    double lower_bound; /* of the first fit */
} cor_gmm_refit;

/**
 * Fit once more without the rows that fit worst, as robust estimation trims
 * them (Rousseeuw and Van Driessen, "A fast algorithm for the minimum
 * covariance determinant estimator", 1999, is the case of one component): the
 * rows less dense than all but `how->percent` of them are dropped, and a
 * mixture of the same kind is fitted to those that stay. Collective.
 *
 * @param[in]     store    matrix store that `mixture` was fitted to
 * @param[in]     options  of the second fit, covariance and components too;
 * its checkpoint must not be the first one's
 * @param[in,out] how      percent in, above 0 and below 100; the rest out
 * @param[in,out] mixture  the first fit in, the second out; as is on failure
 * @param[in,out] fit      the same
 * @return as cor_gmm_train
 */
int cor_gmm_fit_again(const cor_team *team, const char *store,
                      const cor_gmm_options *options, cor_gmm_refit *how,
                      cor_progress *progress, cor_mixture *mixture,
                      cor_gmm_fit *fit);

/** What cor_gmm_select will need for a matrix of this size. Local. */
cor_plan cor_gmm_plan(const cor_team *team, const cor_matrix_size *size,
                      const cor_gmm_options *options,
                      const cor_gmm_point *point, int64_t count);

#endif
