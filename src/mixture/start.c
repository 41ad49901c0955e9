/** Where a fit begins: first responsibilities, and the mixture they make. */
#include "em.h"

#include "coracle/memory.h"
#include "coracle/random.h"

#include <string.h>

/* What the first responsibilities come from. */
typedef struct start {
    const em *fit;
    const double *center; /* K x D about the center of the data: what moments
                             are taken about */
    moments moments;
} start;

/* Rows that only fill the last group belong to nobody. */
static void clear(place *p, int64_t components)
{
    memset(p->r, 0, (size_t)(components * p->tile.ld) * sizeof *p->r);
    memset(p->density, 0, (size_t)p->tile.ld * sizeof *p->density);
    memset(p->entropy, 0, (size_t)p->tile.ld * sizeof *p->entropy);
}

static void add_nearest(void *context, place *p, double *sums)
{
    const start *s = context;
    int64_t k = s->moments.components;
    cor_tile_distances(&p->tile, k, NULL, s->center, p->q);
    cor_tile_nearest(&p->tile, k, p->q, p->label, p->least);
    clear(p, k);
    for (int64_t z = 0; z < p->tile.rows; z++)
        p->r[p->label[z] * p->tile.ld + z] = 1;
    moments_add(&s->moments, s->center, p, sums);
}

/* Uniform numbers of one row, scaled to a sum of 1. */
static void random_row(const start *s, place *p, int64_t z)
{
    int64_t k = s->moments.components, ld = p->tile.ld, half = (k + 1) / 2;
    uint64_t row = (uint64_t)(p->matrix->first + p->first + z);
    double sum = 0;
    for (int64_t i = 0; i < half; i++) {
        double unit[2];
        cor_random_units(cor_random_at((uint64_t)s->fit->options->seed,
                                       COR_STREAM_RESPONSIBILITY, row,
                                       (uint32_t)(s->fit->start * half + i)),
                         unit);
        for (int64_t e = 2 * i; e < k && e < 2 * i + 2; e++) {
            p->r[e * ld + z] = unit[e % 2];
            sum += unit[e % 2];
        }
    }
    for (int64_t i = 0; i < k; i++)
        p->r[i * ld + z] /= sum;
}

static void add_random(void *context, place *p, double *sums)
{
    const start *s = context;
    int64_t k = s->moments.components;
    cor_tile_distances(&p->tile, k, NULL, s->center, p->q);
    clear(p, k);
    for (int64_t z = 0; z < p->tile.rows; z++)
        random_row(s, p, z);
    moments_add(&s->moments, s->center, p, sums);
}

/* One pass that gives responsibilities and makes of them a mixture. */
static int from_responsibilities(em *fit, pass_visit *visit,
                                 const double *center)
{
    const cor_mixture *m = &fit->now;
    start s = {.fit = fit,
               .center = center,
               .moments = moments_of(m->covariance_type, m->components,
                                     m->columns, false)};
    pass p = {.team = fit->data->team,
              .matrix = fit->data->matrix,
              .center = fit->data->center,
              .components = m->components,
              .apart = true,
              .length = s.moments.length};
    COR_TRY(pass_run(&p, visit, &s, fit->sums));
    return em_maximise(fit, &s.moments, center);
}

static int from_kmeans(em *fit, double *center)
{
    COR_TRY(kmeans_centers(fit->data, fit->now.components, fit->options->seed,
                           fit->start, center));
    return from_responsibilities(fit, add_nearest, center);
}

/* All variances alike. */
static void set_covariances(cor_mixture *m, double variance)
{
    int64_t d = m->columns;
    int64_t length =
        cor_covariance_length(m->covariance_type, m->components, d);
    bool square = m->covariance_type <= COR_COVARIANCE_TIED;
    for (int64_t i = 0; i < length; i++)
        m->covariance[i] = !square || i % d == i / d % d ? variance : 0;
}

/* A mixture around means about the center of the data. */
static int from_means(em *fit, const double *mean, double variance)
{
    cor_mixture *m = &fit->now;
    int64_t d = m->columns;
    for (int64_t k = 0; k < m->components; k++)
        m->weight[k] = 1 / (double)m->components;
    for (int64_t i = 0; i < m->components * d; i++)
        m->mean[i] = mean[i] + fit->data->center[i % d];
    set_covariances(m, variance);
    return em_factor(fit);
}

/* Each component has the one row that was drawn for it. */
static int from_rows(em *fit, double *center)
{
    double *gap = NULL;
    COR_TRY(
        cor_agree(fit->data->team, COR_NEW(&gap, fit->data->matrix->count)));
    int rc = seed_centers(fit->data, fit->now.components, fit->options->seed,
                          fit->start, center, gap);
    cor_free(gap);
    COR_TRY(rc);
    return from_means(fit, center, fit->options->reg_covar);
}

static int from_given(em *fit)
{
    cor_mixture *m = &fit->now;
    int64_t length = m->components * m->columns;
    COR_TRY(from_means(fit, fit->options->means, 1));
    memcpy(m->mean, fit->options->means, (size_t)length * sizeof *m->mean);
    return COR_OK;
}

static int begin(em *fit, double *center)
{
    switch (fit->options->init) {
    case COR_GMM_KMEANS:
        return from_kmeans(fit, center);
    case COR_GMM_KMEANS_PLUS:
        return from_rows(fit, center);
    case COR_GMM_RANDOM:
        return from_responsibilities(fit, add_random, center);
    default:
        return from_given(fit);
    }
}

int em_begin(em *fit)
{
    double *center = NULL;
    int rc = COR_NEW_ZEROED(&center, fit->now.components * fit->now.columns);
    rc = cor_agree(fit->data->team, rc);
    if (rc == COR_OK)
        rc = begin(fit, center);
    cor_free(center);
    return rc;
}
