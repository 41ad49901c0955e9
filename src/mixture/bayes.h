/**
 * Variational inference for Gaussian mixtures: Bishop, "Pattern Recognition and
 * Machine Learning", 2006, section 10.2, with weights from a Dirichlet process
 * (Blei, Jordan, "Variational inference for Dirichlet process mixtures",
 * Bayesian Analysis 2006) or a Dirichlet distribution. Definitions and
 * normalisations are those of scikit-learn's BayesianGaussianMixture.
 */
#ifndef MIXTURE_BAYES_H
#define MIXTURE_BAYES_H

#include "coracle/gmm.h"
#include "fit.h"

typedef struct bayes_prior {
    bool process;         /* else a distribution */
    double concentration; /* of weights */
    double mean_precision;
    double freedom;     /* degrees of */
    const double *mean; /* D; borrowed */
    double *covariance; /* D x D, D or 1: of one component */
} bayes_prior;

/** The priors that the options ask for. Local.
    @return COR_OK; COR_EUSAGE: priors that make no sense; COR_EMEMORY */
int bayes_prior_create(const fit_data *data, const cor_gmm_options *options,
                       bayes_prior *prior);
void bayes_prior_free(bayes_prior *prior);

/** From counts, means and covariances of the responsibilities, as they stand in
    the mixture, to its posterior, means and covariances. Local.
    @param[out] work  K x D */
void bayes_maximise(const bayes_prior *prior, const double *count, double *work,
                    cor_mixture *mixture);

/** Weights and constants from the posterior. Local. */
void bayes_weigh(cor_mixture *mixture);

/** The lower bound of the evidence, up to a constant, after a step whose
    responsibilities had this sum of r log r. Local. */
double bayes_bound(const cor_mixture *mixture, double entropy);

#endif
