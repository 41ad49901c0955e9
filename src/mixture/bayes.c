#include "bayes.h"

#include "coracle/memory.h"

#include <math.h>
#include <string.h>

static const double LOG_TWO = 0.693147180559945309417;
static const double LOG_TWO_PI = 1.83787706640934548356;

/* The derivative of the logarithm of gamma: up to 10 by its recurrence, then by
   Stirling's series (Abramowitz, Stegun, 6.3.5 and 6.3.18); x > 0. */
static double digamma(double x)
{
    double below = 0;
    for (; x < 10; x++)
        below += 1 / x;
    double s = 1 / (x * x);
    double series =
        s * (1. / 12 -
             s * (1. / 120 -
                  s * (1. / 252 -
                       s * (1. / 240 - s * (1. / 132 - s * 691. / 32760)))));
    return log(x) - .5 / x - series - below;
}

static bool is_process(const cor_mixture *m)
{
    return m->posterior.weight_concentration[m->components] > 0;
}

/* ---- priors ---- */

static int check(const bayes_prior *p, int64_t columns)
{
    if (!(p->concentration > 0) || !(p->mean_precision > 0))
        return cor_fail(COR_EUSAGE, "--weight-concentration and "
                                    "--mean-precision must be positive");
    if (!(p->freedom > (double)columns - 1))
        return cor_fail(COR_EUSAGE,
                        "--degrees-of-freedom must be more than the number of "
                        "columns less 1, here %lld",
                        (long long)columns - 1);
    return COR_OK;
}

/* The covariance of all rows, of n - 1 as the estimate without bias has it. */
static void set_covariance(const fit_data *data, enum cor_covariance type,
                           double *out)
{
    int64_t d = data->matrix->columns, at = 0;
    double n = (double)data->matrix->rows;
    double unbiased = n > 1 ? n / (n - 1) : 1, sum = 0;
    if (type == COR_COVARIANCE_FULL || type == COR_COVARIANCE_TIED) {
        for (int64_t i = 0; i < d; i++)
            for (int64_t j = i; j < d; j++)
                out[i * d + j] = out[j * d + i] =
                    data->scatter[at++] / n * unbiased;
        return;
    }
    for (int64_t j = 0; j < d; j++) {
        double variance = data->deviation[j] * data->deviation[j] * unbiased;
        if (type == COR_COVARIANCE_DIAG)
            out[j] = variance;
        sum += variance;
    }
    if (type == COR_COVARIANCE_SPHERICAL)
        out[0] = sum / (double)d;
}

int bayes_prior_create(const fit_data *data, const cor_gmm_options *o,
                       bayes_prior *p)
{
    int64_t d = data->matrix->columns;
    *p = (bayes_prior){
        .process = !o->distribution,
        .concentration = o->weight_concentration != 0
                             ? o->weight_concentration
                             : 1 / (double)o->components,
        .mean_precision = o->mean_precision != 0 ? o->mean_precision : 1,
        .freedom =
            o->degrees_of_freedom != 0 ? o->degrees_of_freedom : (double)d,
        .mean = data->center};
    COR_TRY(check(p, d));
    COR_TRY(
        COR_NEW(&p->covariance, cor_covariance_length(o->covariance, 1, d)));
    set_covariance(data, o->covariance, p->covariance);
    return COR_OK;
}

void bayes_prior_free(bayes_prior *prior)
{
    cor_free(prior->covariance);
    *prior = (bayes_prior){0};
}

/* ---- the posterior ---- */

static void set_concentration(const bayes_prior *p, const double *count,
                              int64_t components, double *concentration)
{
    double behind = 0; /* rows of the components that follow */
    for (int64_t k = components - 1; k >= 0; k--) {
        concentration[k] = (p->process ? 1 : p->concentration) + count[k];
        concentration[components + k] =
            p->process ? p->concentration + behind : 0;
        behind += count[k];
    }
}

/* prior + weight S + share diff diff', over the degrees of freedom. */
static void set_square(int64_t d, const double *prior, double weight,
                       double share, const double *diff, double freedom,
                       double *covariance)
{
    for (int64_t i = 0; i < d; i++)
        for (int64_t j = 0; j < d; j++) {
            double *c = &covariance[i * d + j];
            *c = (prior[i * d + j] + weight * *c + share * diff[i] * diff[j]) /
                 freedom;
        }
}

/* As above, of variances. */
static void set_variances(const bayes_prior *p, const cor_mixture *m, int64_t k,
                          double count, double share, const double *diff)
{
    int64_t d = m->columns;
    double freedom = m->posterior.degrees_of_freedom[k], squares = 0;
    for (int64_t j = 0; j < d; j++) {
        double *c = &m->covariance[k * d + j];
        squares += diff[j] * diff[j];
        if (m->covariance_type == COR_COVARIANCE_DIAG)
            *c = (p->covariance[j] + count * *c + share * diff[j] * diff[j]) /
                 freedom;
    }
    if (m->covariance_type == COR_COVARIANCE_SPHERICAL)
        m->covariance[k] = (p->covariance[0] + count * m->covariance[k] +
                            share * squares / (double)d) /
                           freedom;
}

/* All components share one: what is between the means is added up. */
static void set_tied(const bayes_prior *p, const double *count, cor_mixture *m,
                     const double *diff)
{
    int64_t d = m->columns;
    double components = (double)m->components, rows = 0;
    for (int64_t k = 0; k < m->components; k++)
        rows += count[k];
    double freedom = p->freedom + rows / components;
    for (int64_t i = 0; i < d; i++)
        for (int64_t j = 0; j < d; j++) {
            double between = 0, *c = &m->covariance[i * d + j];
            for (int64_t k = 0; k < m->components; k++)
                between += count[k] / m->posterior.mean_precision[k] *
                           diff[k * d + i] * diff[k * d + j];
            *c = (p->covariance[i * d + j] + *c * rows / components +
                  p->mean_precision / components * between) /
                 freedom;
        }
    for (int64_t k = 0; k < m->components; k++)
        m->posterior.degrees_of_freedom[k] = freedom;
}

/* How far the mean of a component's rows is from the prior one; then the mean
   is drawn towards that. */
static void move_mean(const bayes_prior *p, double count, double precision,
                      int64_t d, double *mean, double *diff)
{
    for (int64_t j = 0; j < d; j++) {
        diff[j] = mean[j] - p->mean[j];
        mean[j] =
            (p->mean_precision * p->mean[j] + count * mean[j]) / precision;
    }
}

void bayes_maximise(const bayes_prior *p, const double *count, double *diff,
                    cor_mixture *m)
{
    int64_t d = m->columns, components = m->components;
    cor_mixture_posterior *posterior = &m->posterior;
    set_concentration(p, count, components, posterior->weight_concentration);
    for (int64_t k = 0; k < components; k++) {
        double precision = p->mean_precision + count[k];
        double share = count[k] * p->mean_precision / precision;
        posterior->mean_precision[k] = precision;
        posterior->degrees_of_freedom[k] = p->freedom + count[k];
        move_mean(p, count[k], precision, d, m->mean + k * d, diff + k * d);
        if (m->covariance_type == COR_COVARIANCE_FULL)
            set_square(d, p->covariance, count[k], share, diff + k * d,
                       posterior->degrees_of_freedom[k],
                       m->covariance + k * d * d);
        else if (m->covariance_type != COR_COVARIANCE_TIED)
            set_variances(p, m, k, count[k], share, diff + k * d);
    }
    if (m->covariance_type == COR_COVARIANCE_TIED)
        set_tied(p, count, m, diff);
}

/* ---- what follows from it ---- */

/* Expected logarithms of the weights, and the weights themselves. */
static void weigh_components(cor_mixture *m, double *log_weight)
{
    const double *a = m->posterior.weight_concentration, *b = a + m->components;
    double left = 1, log_left = 0, total = 0, sum = 0;
    for (int64_t k = 0; k < m->components; k++)
        total += a[k];
    for (int64_t k = 0; k < m->components; k++) {
        if (!is_process(m)) {
            m->weight[k] = a[k] / total;
            log_weight[k] = digamma(a[k]) - digamma(total);
            continue;
        }
        double both = digamma(a[k] + b[k]);
        log_weight[k] = digamma(a[k]) - both + log_left;
        log_left += digamma(b[k]) - both;
        m->weight[k] = a[k] / (a[k] + b[k]) * left;
        left *= b[k] / (a[k] + b[k]);
    }
    for (int64_t k = 0; k < m->components; k++)
        sum += m->weight[k];
    for (int64_t k = 0; k < m->components; k++)
        m->weight[k] /= sum;
}

void bayes_weigh(cor_mixture *m)
{
    int64_t columns = m->columns;
    double d = (double)columns;
    weigh_components(m, m->constant);
    for (int64_t k = 0; k < m->components; k++) {
        double freedom = m->posterior.degrees_of_freedom[k];
        double lambda = d * LOG_TWO;
        for (int64_t j = 0; j < columns; j++)
            lambda += digamma(.5 * (freedom - (double)j));
        m->constant[k] += mixture_log_determinant(m, k) -
                          .5 * d * (LOG_TWO_PI + log(freedom)) +
                          .5 * (lambda - d / m->posterior.mean_precision[k]);
    }
}

/* Logarithm of the normalisation of a Wishart distribution, less a constant. */
static double wishart_norm(const cor_mixture *m, int64_t k)
{
    double d = (double)m->columns, freedom = m->posterior.degrees_of_freedom[k];
    double root = mixture_log_determinant(m, k) - .5 * d * log(freedom);
    double sum = freedom * root + freedom * d * .5 * LOG_TWO;
    for (int64_t j = 0; j < m->columns; j++)
        sum += lgamma(.5 * (freedom - (double)j));
    return -sum;
}

static double weight_norm(const cor_mixture *m)
{
    const double *a = m->posterior.weight_concentration, *b = a + m->components;
    double sum = 0, total = 0;
    for (int64_t k = 0; k < m->components; k++) {
        if (is_process(m)) {
            sum -= lgamma(a[k]) + lgamma(b[k]) - lgamma(a[k] + b[k]);
        } else {
            sum -= lgamma(a[k]);
            total += a[k];
        }
    }
    return is_process(m) ? sum : sum + lgamma(total);
}

double bayes_bound(const cor_mixture *m, double entropy)
{
    double wishart = 0, precision = 0;
    for (int64_t k = 0; k < m->components; k++) {
        wishart += wishart_norm(m, k);
        precision += log(m->posterior.mean_precision[k]);
    }
    return -entropy - wishart - weight_norm(m) -
           .5 * (double)m->columns * precision;
}
