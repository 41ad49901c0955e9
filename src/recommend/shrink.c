#include "shrink.h"

#include "coracle/dense.h"
#include "coracle/memory.h"

#include <math.h>
#include <string.h>

/* The square of a length, beside the greatest, that counts as none. */
static const double NOTHING = 1e-12;

/* The first `rank` columns, side by side; by `turn` where it is given. */
static int take(const double *from, int64_t rows, const cor_shrink *s,
                const double *turn, double **out)
{
    int64_t n = s->rank;
    COR_TRY(COR_NEW(out, rows * n));
    if (turn)
        cor_dense_multiply(
            rows, n, s->width, (cor_dense_operand){from, s->width, false},
            (cor_dense_operand){turn, s->width, true}, false, *out, n);
    for (int64_t i = 0; !turn && i < rows; i++)
        memcpy(*out + i * n, from + i * s->width, (size_t)n * sizeof **out);
    return COR_OK;
}

/* by = Q' D Q of the eigenvalues and the rows Q, D their inverse roots: the
   symmetric inverse root of the matrix that they came from. */
static void inverse_root(int64_t n, const double *value, const double *vector,
                         double *room, double *by)
{
    for (int64_t k = 0; k < n; k++) {
        bool none = !(value[k] > NOTHING * value[0]);
        double scale = none ? 0 : 1 / sqrt(value[k]);
        for (int64_t j = 0; j < n; j++)
            room[k * n + j] = scale * vector[k * n + j];
    }
    cor_dense_multiply(n, n, n, (cor_dense_operand){vector, n, true},
                       (cor_dense_operand){room, n, false}, false, by, n);
}

/* m (m' m)^-1/2, of orthonormal columns the closest to m; out = that times
   diag(scale), where it is given. */
static int closest(int64_t rows, int64_t n, const double *m,
                   const double *scale, double *out)
{
    double *gram = NULL, *value = NULL, *vector = NULL, *by = NULL;
    int rc = COR_NEW_ZEROED(&gram, n * n);
    if (rc == COR_OK)
        rc = COR_NEW(&value, n);
    if (rc == COR_OK)
        rc = COR_NEW(&vector, n * n);
    if (rc == COR_OK)
        rc = COR_NEW(&by, n * n);
    if (rc == COR_OK) {
        cor_dense_gram(n, rows, (cor_dense_operand){m, n, true}, gram, n);
        rc = cor_dense_eigen(n, gram, value, vector);
    }
    if (rc == COR_OK) {
        inverse_root(n, value, vector, gram, by);
        cor_dense_multiply(rows, n, n, (cor_dense_operand){m, n, false},
                           (cor_dense_operand){by, n, false}, false, out, n);
    }
    for (int64_t i = 0; rc == COR_OK && scale && i < rows * n; i++)
        out[i] *= scale[i % n];
    cor_free(by);
    cor_free(vector);
    cor_free(value);
    cor_free(gram);
    return rc;
}

int cor_shrink_matrix(const cor_shrink *s, double *out)
{
    int64_t n = s->rank;
    double *taken[2] = {0}, *side[2] = {0};
    int rc = take(s->left, s->rows, s, s->turn, &taken[0]);
    if (rc == COR_OK)
        rc = take(s->right, s->columns, s, NULL, &taken[1]);
    if (rc == COR_OK)
        rc = COR_NEW(&side[0], s->rows * n);
    if (rc == COR_OK)
        rc = COR_NEW(&side[1], s->columns * n);
    if (rc == COR_OK)
        rc = closest(s->rows, n, taken[0], s->singular, side[0]);
    if (rc == COR_OK)
        rc = closest(s->columns, n, taken[1], NULL, side[1]);
    if (rc == COR_OK)
        cor_dense_multiply(
            s->rows, s->columns, n, (cor_dense_operand){side[0], n, false},
            (cor_dense_operand){side[1], n, true}, false, out, s->columns);
    for (int i = 0; i < 2; i++) {
        cor_free(side[i]);
        cor_free(taken[i]);
    }
    return rc;
}
