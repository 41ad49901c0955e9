/*
 * A mixture as the kernels want it. A tile's rows and the means are taken about
 * a common center first, so that a mixture far from the origin loses nothing;
 * where all components share a covariance a row is whitened once, and is at
 * plain distances from the whitened means.
 */
#include "fit.h"

#include "coracle/memory.h"

#include <math.h>
#include <string.h>

bool ready_apart(const cor_mixture *mixture)
{
    return mixture->covariance_type == COR_COVARIANCE_SPHERICAL;
}

static int64_t packed_length(const cor_mixture *m)
{
    int64_t each = cor_whitening_length(m->columns);
    switch (m->covariance_type) {
    case COR_COVARIANCE_FULL:
        return m->components * each;
    case COR_COVARIANCE_TIED:
        return each;
    default:
        return 0;
    }
}

static int allocate(ready *r)
{
    const cor_mixture *m = r->mixture;
    int64_t k = m->components, d = m->columns;
    COR_TRY(COR_NEW_ZEROED(&r->center, d));
    COR_TRY(COR_NEW(&r->mean, k * d));
    COR_TRY(COR_NEW(&r->packed, packed_length(m)));
    COR_TRY(COR_NEW(&r->scale, k * d));
    COR_TRY(COR_NEW(&r->shift, k * d));
    COR_TRY(COR_NEW(&r->constant, k));
    return COR_NEW(&r->slope, k);
}

static void take_center(ready *r, const double *center)
{
    const cor_mixture *m = r->mixture;
    int64_t d = m->columns;
    if (center)
        memcpy(r->center, center, (size_t)d * sizeof *center);
    for (int64_t k = 0; !center && k < m->components; k++)
        for (int64_t j = 0; j < d; j++)
            r->center[j] += m->weight[k] * m->mean[k * d + j];
    for (int64_t k = 0; k < m->components; k++)
        for (int64_t j = 0; j < d; j++)
            r->mean[k * d + j] = m->mean[k * d + j] - r->center[j];
}

static void pack_full(ready *r)
{
    const cor_mixture *m = r->mixture;
    int64_t d = m->columns, length = cor_whitening_length(d);
    for (int64_t k = 0; k < m->components; k++)
        cor_whitening_pack(d, m->precision_cholesky + k * d * d,
                           r->mean + k * d, r->packed + k * length);
}

/* Whitening about the center itself; the means whitened. */
static int pack_tied(ready *r)
{
    const cor_mixture *m = r->mixture;
    int64_t d = m->columns;
    double *zero = NULL;
    COR_TRY(COR_NEW_ZEROED(&zero, d));
    cor_whitening_pack(d, m->precision_cholesky, zero, r->packed);
    cor_free(zero);
    for (int64_t k = 0; k < m->components; k++)
        for (int64_t i = 0; i < d; i++) {
            double y = 0;
            for (int64_t j = 0; j <= i; j++)
                y += r->mean[k * d + j] * m->precision_cholesky[j * d + i];
            r->shift[k * d + i] = y;
        }
    return COR_OK;
}

static void pack_diag(ready *r)
{
    const cor_mixture *m = r->mixture;
    for (int64_t i = 0; i < m->components * m->columns; i++) {
        r->scale[i] = m->precision_cholesky[i];
        r->shift[i] = r->mean[i] * m->precision_cholesky[i];
    }
}

static void pack_spherical(ready *r)
{
    const cor_mixture *m = r->mixture;
    memcpy(r->shift, r->mean,
           (size_t)(m->components * m->columns) * sizeof *r->shift);
    for (int64_t k = 0; k < m->components; k++)
        r->slope[k] = -.5 * m->precision_cholesky[k] * m->precision_cholesky[k];
}

static int pack(ready *r)
{
    const cor_mixture *m = r->mixture;
    for (int64_t k = 0; k < m->components; k++) {
        /* without weight: so little that nothing is left of it, and finite */
        r->constant[k] = fmax(m->constant[k], -1e300);
        r->slope[k] = -.5;
    }
    switch (m->covariance_type) {
    case COR_COVARIANCE_FULL:
        pack_full(r);
        return COR_OK;
    case COR_COVARIANCE_TIED:
        return pack_tied(r);
    case COR_COVARIANCE_DIAG:
        pack_diag(r);
        return COR_OK;
    default:
        pack_spherical(r);
        return COR_OK;
    }
}

int ready_create(const cor_mixture *mixture, const double *center, double floor,
                 ready *r)
{
    *r = (ready){.mixture = mixture, .floor = floor};
    int rc = allocate(r);
    if (rc == COR_OK) {
        take_center(r, center);
        rc = pack(r);
    }
    if (rc != COR_OK)
        ready_free(r);
    return rc;
}

void ready_free(ready *r)
{
    cor_free(r->center);
    cor_free(r->mean);
    cor_free(r->packed);
    cor_free(r->scale);
    cor_free(r->shift);
    cor_free(r->constant);
    cor_free(r->slope);
    *r = (ready){0};
}

static void measure(const ready *r, place *p)
{
    const cor_mixture *m = r->mixture;
    int64_t length = cor_whitening_length(m->columns);
    cor_tile white = p->tile;
    switch (m->covariance_type) {
    case COR_COVARIANCE_FULL:
        for (int64_t k = 0; k < m->components; k++)
            cor_tile_whitened_square(&p->tile, r->packed + k * length,
                                     p->q + k * p->tile.ld);
        break;
    case COR_COVARIANCE_TIED:
        white.x = p->work;
        cor_tile_whiten(&p->tile, r->packed, white.x);
        cor_tile_distances(&white, m->components, NULL, r->shift, p->q);
        break;
    case COR_COVARIANCE_DIAG:
        cor_tile_distances(&p->tile, m->components, r->scale, r->shift, p->q);
        break;
    default:
        cor_tile_distances(&p->tile, m->components, NULL, r->shift, p->q);
    }
}

void ready_expect(const ready *r, place *p)
{
    cor_tile_mix mix = {.components = r->mixture->components,
                        .constant = r->constant,
                        .slope = r->slope,
                        .floor = r->floor};
    measure(r, p);
    cor_tile_mixture(&p->tile, &mix, p->q, p->r, p->density, p->entropy);
}
