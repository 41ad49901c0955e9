/** From responsibilities to counts, means and covariances. */
#include "fit.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* A tied covariance is what remains of the scatter of all rows after that
   between the means is taken away; with less than this share remaining, the
   digits lost count. */
static const double LEAST_SHARE = 1e-7;

moments moments_of(enum cor_covariance type, int64_t components,
                   int64_t columns, bool exact)
{
    moments m = {.type = type,
                 .components = components,
                 .columns = columns,
                 .exact = exact};
    int64_t packed = cor_packed_length(columns), second = 0;
    if (type == COR_COVARIANCE_FULL)
        second = components * packed;
    else if (type == COR_COVARIANCE_TIED)
        second = exact ? packed : 0;
    else if (type == COR_COVARIANCE_DIAG)
        second = components * columns;
    else
        second = components;
    m.density = 0;
    m.entropy = 1;
    m.count = 2;
    m.first = m.count + components;
    m.second = m.first + components * columns;
    m.length = m.second + second;
    return m;
}

/* Each component about its mean. */
static void add_about_means(const moments *m, const double *mean, place *p,
                            double *sums)
{
    int64_t d = m->columns, packed = cor_packed_length(d);
    if (m->type == COR_COVARIANCE_DIAG) {
        cor_tile_variances(&p->tile, m->components, p->r, mean, sums + m->first,
                           sums + m->second);
        return;
    }
    for (int64_t k = 0; k < m->components; k++) {
        const double *r = p->r + k * p->tile.ld;
        double *first = sums + m->first + k * d, *second = sums + m->second;
        cor_tile_covariance(
            &p->tile, r, mean + k * d, p->work, first,
            second + (m->type == COR_COVARIANCE_FULL ? k * packed : 0));
    }
}

void moments_add(const moments *m, const double *mean, place *p, double *sums)
{
    int64_t k = m->components;
    cor_tile_sums(&p->tile, 1, p->density, sums + m->density);
    cor_tile_sums(&p->tile, 1, p->entropy, sums + m->entropy);
    cor_tile_sums(&p->tile, k, p->r, sums + m->count);
    if (m->type == COR_COVARIANCE_FULL || m->type == COR_COVARIANCE_DIAG ||
        m->exact) {
        add_about_means(m, mean, p, sums);
        return;
    }
    cor_tile_means(&p->tile, k, p->r, sums + m->first);
    if (m->type == COR_COVARIANCE_SPHERICAL)
        cor_tile_dots(&p->tile, k, p->r, p->q, sums + m->second);
}

/* The new mean about the center, and in `step` about the old one. */
static void move_mean(const moments *m, const double *sums, const double *mean,
                      int64_t k, double count, double *moved, double *step)
{
    bool about_mean = m->type == COR_COVARIANCE_FULL ||
                      m->type == COR_COVARIANCE_DIAG || m->exact;
    const double *first = sums + m->first + k * m->columns;
    const double *old = mean + k * m->columns;
    for (int64_t j = 0; j < m->columns; j++) {
        double by = first[j] / count;
        moved[j] = about_mean ? old[j] + by : by;
        step[j] = about_mean ? by : by - old[j];
    }
}

/* One full covariance from the packed sums about a point, of which the mean is
   `step` away. */
static void unpack(int64_t columns, const double *packed, double rows,
                   double count, const double *step, double reg_covar,
                   double *covariance)
{
    for (int64_t i = 0; i < columns; i++)
        for (int64_t j = i; j < columns; j++) {
            double c = (*packed++ - rows * step[i] * step[j]) / count;
            if (i == j)
                c = fmax(c, 0) + reg_covar;
            covariance[i * columns + j] = covariance[j * columns + i] = c;
        }
}

static void estimate_spread(const moments *m, const double *sums, int64_t k,
                            double count, const double *step, double reg_covar,
                            double *covariance)
{
    int64_t d = m->columns;
    const double *second = sums + m->second;
    double rows = sums[m->count + k], square = 0;
    switch (m->type) {
    case COR_COVARIANCE_FULL:
        unpack(d, second + k * cor_packed_length(d), rows, count, step,
               reg_covar, covariance + k * d * d);
        break;
    case COR_COVARIANCE_DIAG:
        for (int64_t j = 0; j < d; j++)
            covariance[k * d + j] =
                fmax(second[k * d + j] - rows * step[j] * step[j], 0) / count +
                reg_covar;
        break;
    case COR_COVARIANCE_SPHERICAL:
        for (int64_t j = 0; j < d; j++)
            square += step[j] * step[j];
        covariance[k] =
            fmax(second[k] - rows * square, 0) / count / (double)d + reg_covar;
        break;
    default:
        break;
    }
}

/* The covariance that all share: what is left of the sums about a point (the
   means before where `exact`, else the center) when the means have moved there
   from it. `moved` has K x D: how far each mean is from that point. */
static void estimate_tied(const moments *m, const double *packed,
                          const double *count, const double *moved,
                          double reg_covar, double *covariance)
{
    int64_t d = m->columns;
    double rows = 0;
    for (int64_t k = 0; k < m->components; k++)
        rows += count[k];
    for (int64_t i = 0; i < d; i++)
        for (int64_t j = i; j < d; j++) {
            double c = *packed++;
            for (int64_t k = 0; k < m->components; k++)
                c -= count[k] * moved[k * d + i] * moved[k * d + j];
            c /= rows;
            if (i == j)
                c = fmax(c, 0) + reg_covar;
            covariance[i * d + j] = covariance[j * d + i] = c;
        }
}

void moments_estimate(const moments *m, const fit_data *data,
                      const double *sums, const double *mean, double reg_covar,
                      const estimates *out)
{
    int64_t d = m->columns;
    for (int64_t k = 0; k < m->components; k++) {
        out->count[k] = sums[m->count + k] + 10 * DBL_EPSILON;
        move_mean(m, sums, mean, k, out->count[k], out->mean + k * d,
                  out->step + k * d);
        estimate_spread(m, sums, k, out->count[k], out->step + k * d, reg_covar,
                        out->covariance);
    }
    if (m->type == COR_COVARIANCE_TIED)
        estimate_tied(m, m->exact ? sums + m->second : data->scatter,
                      out->count, m->exact ? out->step : out->mean, reg_covar,
                      out->covariance);
    for (int64_t i = 0; i < m->components * d; i++)
        out->mean[i] += data->center[i % d];
}

bool moments_need_exact(const fit_data *data, const cor_mixture *mixture)
{
    int64_t d = mixture->columns, at = 0;
    double rows = (double)data->matrix->rows;
    if (mixture->covariance_type != COR_COVARIANCE_TIED)
        return false;
    for (int64_t j = 0; j < d; at += d - j, j++)
        if (mixture->covariance[j * d + j] * rows <
            LEAST_SHARE * data->scatter[at])
            return true;
    return false;
}
