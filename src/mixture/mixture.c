#include "coracle/mixture.h"

#include "coracle/gaussian.h"
#include "coracle/memory.h"
#include "fit.h"

#include <math.h>
#include <string.h>

const char *cor_covariance_name(enum cor_covariance type)
{
    static const char *const name[] = {"full", "tied", "diag", "spherical"};
    return name[type];
}

int64_t cor_covariance_length(enum cor_covariance type, int64_t components,
                              int64_t columns)
{
    switch (type) {
    case COR_COVARIANCE_FULL:
        return components * columns * columns;
    case COR_COVARIANCE_TIED:
        return columns * columns;
    case COR_COVARIANCE_DIAG:
        return components * columns;
    default:
        return components;
    }
}

int64_t cor_mixture_parameters(const cor_mixture *m)
{
    int64_t k = m->components, d = m->columns;
    int64_t covariance = cor_covariance_length(m->covariance_type, k, d);
    if (m->covariance_type == COR_COVARIANCE_FULL)
        covariance = k * cor_packed_length(d);
    if (m->covariance_type == COR_COVARIANCE_TIED)
        covariance = cor_packed_length(d);
    return covariance + k * d + k - 1;
}

double cor_mixture_bic(const cor_mixture *mixture, double mean)
{
    double rows = (double)mixture->rows;
    return -2 * mean * rows +
           (double)cor_mixture_parameters(mixture) * log(rows);
}

double cor_mixture_aic(const cor_mixture *mixture, double mean)
{
    return -2 * mean * (double)mixture->rows +
           2 * (double)cor_mixture_parameters(mixture);
}

static int allocate(cor_mixture *m)
{
    int64_t k = m->components;
    int64_t length = cor_covariance_length(m->covariance_type, k, m->columns);
    COR_TRY(COR_NEW_ZEROED(&m->weight, k));
    COR_TRY(COR_NEW_ZEROED(&m->mean, k * m->columns));
    COR_TRY(COR_NEW_ZEROED(&m->covariance, length));
    COR_TRY(COR_NEW_ZEROED(&m->precision_cholesky, length));
    COR_TRY(COR_NEW_ZEROED(&m->constant, k));
    if (!m->bayesian)
        return COR_OK;
    COR_TRY(COR_NEW_ZEROED(&m->posterior.weight_concentration, 2 * k));
    COR_TRY(COR_NEW_ZEROED(&m->posterior.mean_precision, k));
    return COR_NEW_ZEROED(&m->posterior.degrees_of_freedom, k);
}

int cor_mixture_create(enum cor_covariance type, int64_t components,
                       int64_t columns, bool bayesian, cor_mixture *mixture)
{
    *mixture = (cor_mixture){.covariance_type = type,
                             .components = components,
                             .columns = columns,
                             .bayesian = bayesian};
    int rc = allocate(mixture);
    if (rc != COR_OK)
        cor_mixture_free(mixture);
    return rc;
}

void cor_mixture_free(cor_mixture *mixture)
{
    cor_free(mixture->weight);
    cor_free(mixture->mean);
    cor_free(mixture->covariance);
    cor_free(mixture->precision_cholesky);
    cor_free(mixture->constant);
    cor_free(mixture->posterior.weight_concentration);
    cor_free(mixture->posterior.mean_precision);
    cor_free(mixture->posterior.degrees_of_freedom);
    cor_ids_free(&mixture->name);
    cor_free(mixture->offset);
    cor_free(mixture->scale);
    *mixture = (cor_mixture){0};
}

int mixture_copy_numbers(const double *from, int64_t count, double **to)
{
    if (!from)
        return COR_OK;
    COR_TRY(cor_allocate(to, count, sizeof **to, "a model"));
    memcpy(*to, from, (size_t)count * sizeof **to);
    return COR_OK;
}

static int copy_parts(const cor_mixture *m, cor_mixture *copy)
{
    int64_t k = m->components, d = m->columns;
    int64_t length = cor_covariance_length(m->covariance_type, k, d);
    const cor_mixture_posterior *p = &m->posterior;
    cor_mixture_posterior *q = &copy->posterior;
    COR_TRY(mixture_copy_numbers(m->weight, k, &copy->weight));
    COR_TRY(mixture_copy_numbers(m->mean, k * d, &copy->mean));
    COR_TRY(mixture_copy_numbers(m->covariance, length, &copy->covariance));
    COR_TRY(mixture_copy_numbers(m->precision_cholesky, length,
                                 &copy->precision_cholesky));
    COR_TRY(mixture_copy_numbers(m->constant, k, &copy->constant));
    COR_TRY(mixture_copy_numbers(p->weight_concentration, 2 * k,
                                 &q->weight_concentration));
    COR_TRY(mixture_copy_numbers(p->mean_precision, k, &q->mean_precision));
    COR_TRY(
        mixture_copy_numbers(p->degrees_of_freedom, k, &q->degrees_of_freedom));
    COR_TRY(mixture_copy_numbers(m->offset, d, &copy->offset));
    return mixture_copy_numbers(m->scale, d, &copy->scale);
}

int cor_mixture_copy(const cor_mixture *mixture, cor_mixture *copy)
{
    *copy = *mixture;
    copy->weight = copy->mean = copy->covariance = copy->precision_cholesky =
        copy->constant = copy->offset = copy->scale = NULL;
    copy->posterior = (cor_mixture_posterior){0};
    copy->name = (cor_ids){0};
    int rc = copy_parts(mixture, copy);
    if (rc != COR_OK)
        cor_mixture_free(copy);
    return rc;
}

int mixture_copy_names(const cor_ids *from, cor_ids *to)
{
    if (from->total == 0)
        return COR_OK;
    size_t width = from->text ? (size_t)from->width : sizeof *from->number;
    void *names = NULL;
    COR_TRY(cor_allocate(&names, from->count, width, "column names"));
    memcpy(names, from->text ? (void *)from->bytes : (void *)from->number,
           (size_t)from->count * width);
    *to = *from;
    to->bytes = from->text ? names : NULL;
    to->number = from->text ? NULL : names;
    return COR_OK;
}

int cor_mixture_describe(const cor_matrix *matrix, cor_mixture *mixture)
{
    COR_TRY(mixture_copy_numbers(matrix->offset, matrix->columns,
                                 &mixture->offset));
    COR_TRY(
        mixture_copy_numbers(matrix->scale, matrix->columns, &mixture->scale));
    mixture->rows = matrix->rows;
    return mixture_copy_names(&matrix->name, &mixture->name);
}
