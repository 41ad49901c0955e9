#include "fit.h"

#include <math.h>

int cor_mixture_marginal(const cor_mixture *m, const int64_t column[2],
                         cor_mixture *out)
{
    int64_t d = m->columns;
    COR_TRY(
        cor_mixture_create(COR_COVARIANCE_FULL, m->components, 2, false, out));
    for (int64_t k = 0; k < m->components; k++) {
        out->weight[k] = m->weight[k];
        for (int i = 0; i < 2; i++) {
            out->mean[k * 2 + i] = m->mean[k * d + column[i]];
            for (int j = 0; j < 2; j++) {
                double *c = &out->covariance[(k * 2 + i) * 2 + j];
                int64_t a = column[i], b = column[j];
                if (m->covariance_type == COR_COVARIANCE_FULL)
                    *c = m->covariance[(k * d + a) * d + b];
                else if (m->covariance_type == COR_COVARIANCE_TIED)
                    *c = m->covariance[a * d + b];
                else if (m->covariance_type == COR_COVARIANCE_DIAG)
                    *c = i == j ? m->covariance[k * d + a] : 0;
                else
                    *c = i == j ? m->covariance[k] : 0;
            }
        }
    }
    int rc = cor_mixture_factor(out);
    if (rc != COR_OK) {
        cor_mixture_free(out);
        return rc;
    }
    cor_mixture_weigh(out);
    return COR_OK;
}
