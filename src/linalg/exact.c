/**
 * The normal equations in double precision, for the rare row that is too near
 * singular for single precision. Plain loops, since LAPACK's bits depend on
 * how many threads the library takes, which is not ours to set.
 */
#include "ridge.h"

#include <math.h>
#include <string.h>

void ridge_exact_sums(cor_ridge *ridge, const cor_ridge_row *row)
{
    int64_t k = ridge->factors;
    double *sums = ridge->sums;
    memset(sums, 0, (size_t)cor_ridge_sum_length(ridge) * sizeof *sums);
    for (int64_t j = 0; j < row->count; j++) {
        const float *y = row->table + row->index[j] * ridge->ld;
        double target = row_target(row, j);
        if (row->scale) {
            ridge_gather(ridge, row, j, 1);
            y = ridge->rows;
            target *= row->weight ? row->weight[j] : 1;
        }
        double *normal = sums + normal_place(k);
        sums[SUM_SQUARE] += target * target;
        sums[SUM_TARGET] += target;
        *normal++ += 1;
        for (int64_t f = 0; f < k; f++) {
            sums[SUM_DUAL + f] += target * y[f];
            *normal++ += y[f];
        }
        for (int64_t c = 0; c < k; c++)
            for (int64_t r = c; r < k; r++)
                *normal++ += (double)y[c] * y[r];
    }
}

/* Cholesky of a packed matrix in place; false where a pivot is too small. */
static bool packed_factor(double *column, int64_t order, const double *diagonal,
                          double least)
{
    for (int64_t c = 0; c < order; c++) {
        int64_t length = order - c;
        if (!(column[0] > least * diagonal[c]) || isinf(column[0]))
            return false;
        double root = sqrt(column[0]);
        for (int64_t r = 0; r < length; r++)
            column[r] /= root;
        double *next = column + length;
        for (int64_t e = 1; e < length; next += length - e, e++)
            for (int64_t r = e; r < length; r++)
                next[r - e] -= column[r] * column[e];
        column += length;
    }
    return true;
}

static void packed_solve(const double *column, int64_t order, double *b)
{
    for (int64_t c = 0; c < order; column += order - c, c++) {
        b[c] /= column[0];
        for (int64_t r = 1; r < order - c; r++)
            b[c + r] -= column[r] * b[c];
    }
    for (int64_t c = order - 1; c >= 0; c--) {
        column -= order - c;
        for (int64_t r = 1; r < order - c; r++)
            b[c] -= column[r] * b[c + r];
        b[c] /= column[0];
    }
}

static int not_solved(const cor_ridge *ridge, double reg)
{
    double total = 0;
    for (int64_t i = 0; i < cor_ridge_sum_length(ridge); i++)
        total += ridge->sums[i];
    if (!isfinite(total))
        return cor_fail(COR_ENUMERIC,
                        "a rating, bias or factor is not a finite number, or "
                        "too large; look for such values in the ratings, or "
                        "raise the regularisation (now %g)",
                        reg);
    return cor_fail(COR_ENUMERIC,
                    "the normal matrix of %lld factors is singular; raise the "
                    "regularisation (now %g) or take fewer factors",
                    (long long)ridge->factors, reg);
}

int ridge_exact_solve(cor_ridge *ridge, double reg, double reg_bias,
                      double least, float *x, float *bias, double *loss)
{
    /* Without a bias, the system begins one unknown later. */
    int64_t k = ridge->factors, skip = ridge->bias ? 0 : 1,
            order = k + 1 - skip;
    double *normal = ridge->sums + normal_place(k) + skip * (k + 1);
    double *right = ridge->sums + SUM_TARGET + skip;
    double *solution = ridge->scratch, *diagonal = ridge->scratch + k + 1;

    double *pivot = normal;
    for (int64_t c = 0; c < order; pivot += order - c, c++) {
        *pivot += ridge->bias && c == 0 ? reg_bias : reg;
        diagonal[c] = *pivot;
    }
    if (!packed_factor(normal, order, diagonal, least))
        return not_solved(ridge, reg);
    memcpy(solution, right, (size_t)order * sizeof *solution);
    packed_solve(normal, order, solution);

    double minimum = ridge->sums[SUM_SQUARE], finite = 0;
    for (int64_t c = 0; c < order; c++)
        minimum -= right[c] * solution[c];
    memset(x, 0, (size_t)ridge->ld * sizeof *x);
    for (int64_t f = 0; f < k; f++) {
        x[f] = (float)solution[f + 1 - skip];
        finite += 0 * x[f];
    }
    if (bias)
        *bias = ridge->bias ? (float)solution[0] : 0;
    *loss = minimum > 0 ? minimum : 0;
    return isfinite(minimum + finite) ? COR_OK : not_solved(ridge, reg);
}
