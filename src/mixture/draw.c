/** Rows drawn from a mixture: mean + L z, with L L' the covariance. */
#include "coracle/dense.h"
#include "coracle/memory.h"
#include "coracle/random.h"
#include "fit.h"

#include <math.h>
#include <string.h>

typedef struct draw {
    const cor_mixture *mixture;
    uint64_t seed;
    double *until; /* K: running sum of the weights */
    double *root;  /* as covariance: L, or standard deviations */
} draw;

static int find_root(const cor_mixture *m, double *root)
{
    int64_t d = m->columns;
    bool tied = m->covariance_type == COR_COVARIANCE_TIED;
    int64_t length =
        cor_covariance_length(m->covariance_type, m->components, d);
    memcpy(root, m->covariance, (size_t)length * sizeof *root);
    if (!tied && m->covariance_type != COR_COVARIANCE_FULL) {
        for (int64_t i = 0; i < length; i++)
            root[i] = sqrt(root[i]);
        return COR_OK;
    }
    for (int64_t k = 0; k < (tied ? 1 : m->components); k++)
        if (cor_dense_cholesky(d, root + k * d * d) != COR_OK)
            return cor_fail(COR_ENUMERIC,
                            "the covariance of component %lld is not positive "
                            "definite: fit the model again",
                            (long long)k + 1);
    return COR_OK;
}

static int64_t choose(const draw *w, int64_t row)
{
    int64_t last = w->mixture->components - 1, k = 0;
    double unit = cor_random_unit(
        cor_random_at(w->seed, COR_STREAM_COMPONENT, (uint64_t)row, 0));
    while (k < last && unit * w->until[last] >= w->until[k])
        k++;
    return k;
}

/* x = mean + L z; of a square L the columns up to the row count. */
static void draw_row(const draw *w, int64_t k, const double *z, double *x)
{
    const cor_mixture *m = w->mixture;
    int64_t d = m->columns;
    const double *mean = m->mean + k * d, *root = w->root;
    for (int64_t i = 0; i < d; i++) {
        double sum = 0;
        switch (m->covariance_type) {
        case COR_COVARIANCE_DIAG:
            sum = root[k * d + i] * z[i];
            break;
        case COR_COVARIANCE_SPHERICAL:
            sum = root[k] * z[i];
            break;
        default: {
            bool tied = m->covariance_type == COR_COVARIANCE_TIED;
            const double *row = root + ((tied ? 0 : k) * d + i) * d;
            for (int64_t j = 0; j <= i; j++)
                sum += row[j] * z[j];
        }
        }
        x[i] = mean[i] + sum;
    }
}

static void normals(const draw *w, int64_t row, double *z)
{
    int64_t d = w->mixture->columns;
    for (int64_t i = 0; i < d; i += 2) {
        double pair[2];
        cor_random_normals(cor_random_at(w->seed, COR_STREAM_DRAW,
                                         (uint64_t)row, (uint32_t)(i / 2)),
                           pair);
        z[i] = pair[0];
        if (i + 1 < d)
            z[i + 1] = pair[1];
    }
}

static int draw_rows(draw *w, cor_matrix *matrix, int32_t *component)
{
    const cor_mixture *m = w->mixture;
    double *z = NULL, *value = matrix->value;
    int64_t length =
        cor_covariance_length(m->covariance_type, m->components, m->columns);
    int rc = COR_NEW(&w->until, m->components);
    if (rc == COR_OK)
        rc = COR_NEW(&w->root, length);
    if (rc == COR_OK)
        rc = COR_NEW(&z, m->columns);
    if (rc == COR_OK)
        rc = find_root(m, w->root);
    for (int64_t k = 0; rc == COR_OK && k < m->components; k++)
        w->until[k] = m->weight[k] + (k ? w->until[k - 1] : 0);
    for (int64_t i = 0; rc == COR_OK && i < matrix->count; i++) {
        int64_t row = matrix->first + i, k = choose(w, row);
        component[i] = (int32_t)k;
        normals(w, row, z);
        draw_row(w, k, z, value + i * m->columns);
    }
    cor_free(w->until);
    cor_free(w->root);
    cor_free(z);
    return rc;
}

static int describe(const cor_mixture *m, cor_matrix *matrix)
{
    COR_TRY(mixture_copy_numbers(m->offset, m->columns, &matrix->offset));
    COR_TRY(mixture_copy_numbers(m->scale, m->columns, &matrix->scale));
    return mixture_copy_names(&m->name, &matrix->name);
}

static int create(const cor_team *team, const cor_mixture *m, int64_t rows,
                  cor_matrix *matrix, int32_t **component)
{
    *matrix =
        (cor_matrix){.rows = rows, .columns = m->columns, .type = COR_FLOAT64};
    COR_TRY(cor_shards_create_even(team, cor_shards_default_count(rows), rows,
                                   &matrix->shards));
    matrix->first = cor_shards_first_row(matrix->shards, cor_team_rank(team));
    matrix->count =
        cor_shards_first_row(matrix->shards, cor_team_rank(team) + 1) -
        matrix->first;
    COR_TRY(cor_allocate(&matrix->value, matrix->count * m->columns,
                         sizeof(double), "rows"));
    COR_TRY(COR_NEW(component, matrix->count));
    return describe(m, matrix);
}

int cor_mixture_draw(const cor_team *team, const cor_mixture *mixture,
                     int64_t rows, int64_t seed, cor_matrix *matrix,
                     int32_t **component)
{
    draw w = {.mixture = mixture, .seed = (uint64_t)seed};
    *component = NULL;
    int rc = create(team, mixture, rows, matrix, component);
    if (rc == COR_OK)
        rc = draw_rows(&w, matrix, *component);
    rc = cor_agree(team, rc);
    if (rc != COR_OK) {
        cor_matrix_free(matrix);
        cor_free(*component);
        *component = NULL;
    }
    return rc;
}
