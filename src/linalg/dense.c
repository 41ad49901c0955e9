/**
 * Factorisations by LAPACK, which thinks in columns: our row-major lower
 * triangle is its upper one, and its columns are our rows.
 */
#include "coracle/dense.h"
#include "coracle/memory.h"

#include "single.h"

#include <lapack.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

static int check_order(int64_t n)
{
    if (n > COR_DENSE_MOST)
        return cor_fail(COR_EMEMORY,
                        "a matrix of %lld x %lld is too large for one rank to "
                        "factorise; at most %d are possible",
                        (long long)n, (long long)n, COR_DENSE_MOST);
    return COR_OK;
}

/* Whether the lower triangle is finite: LAPACK may loop over what is not. */
static bool lower_finite(int64_t n, const double *a)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j <= i; j++)
            sum += 0 * a[i * n + j];
    return sum == 0;
}

int cor_dense_cholesky(int64_t n, double *a)
{
    COR_TRY(check_order(n));
    lapack_int order = (lapack_int)n, info = 0;
    if (!lower_finite(n, a))
        return COR_ENUMERIC;
    int kept = single_begin();
    if (n > 0)
        LAPACK_dpotrf("U", &order, a, &order, &info);
    single_end(kept);
    for (int64_t i = 0; i < n; i++)
        memset(a + i * n + i + 1, 0, (size_t)(n - 1 - i) * sizeof *a);
    return info == 0 && lower_finite(n, a) ? COR_OK : COR_ENUMERIC;
}

int cor_dense_triangle_invert(int64_t n, double *lower)
{
    COR_TRY(check_order(n));
    lapack_int order = (lapack_int)n, info = 0;
    int kept = single_begin();
    if (n > 0)
        LAPACK_dtrtri("U", "N", &order, lower, &order, &info);
    single_end(kept);
    return info == 0 && lower_finite(n, lower) ? COR_OK : COR_ENUMERIC;
}

void cor_dense_sign(int64_t n, double *vector)
{
    int64_t most = 0;
    for (int64_t i = 1; i < n; i++)
        if (fabs(vector[i]) > fabs(vector[most]))
            most = i;
    if (n == 0 || vector[most] >= 0)
        return;
    for (int64_t i = 0; i < n; i++)
        vector[i] = -vector[i];
}

/* Eigenvalues ascending, and in row i of `a` the vector of the i-th. Divide
   and conquer, whose time goes into matrix products. */
static int decompose(int64_t n, double *a, double *value)
{
    lapack_int order = (lapack_int)n, info = 0;
    lapack_int length = 1 + 6 * order + 2 * order * order;
    lapack_int int_length = 3 + 5 * order, *int_work = NULL;
    double *work = NULL;
    int rc = COR_NEW(&work, length);
    if (rc == COR_OK)
        rc = COR_NEW(&int_work, int_length);
    if (rc == COR_OK) {
        int kept = single_begin();
        LAPACK_dsyevd("V", "U", &order, a, &order, value, work, &length,
                      int_work, &int_length, &info);
        single_end(kept);
        rc = info == 0 ? COR_OK : COR_ENUMERIC;
    }
    cor_free(work);
    cor_free(int_work);
    return rc;
}

int cor_dense_eigen(int64_t n, double *a, double *value, double *vector)
{
    if (n == 0)
        return COR_OK;
    COR_TRY(check_order(n));
    if (!lower_finite(n, a))
        return COR_ENUMERIC;
    COR_TRY(decompose(n, a, value));
    for (int64_t i = 0; i < n; i++) {
        memcpy(vector + i * n, a + (n - 1 - i) * n, (size_t)n * sizeof *a);
        cor_dense_sign(n, vector + i * n);
    }
    for (int64_t i = 0, j = n - 1; i < j; i++, j--) {
        double keep = value[i];
        value[i] = value[j];
        value[j] = keep;
    }
    return COR_OK;
}
