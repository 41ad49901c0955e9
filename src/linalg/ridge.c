/**
 * Rows of alternating least squares. Bound by arithmetic: a row of n ratings
 * with k factors costs n k^2 / 2 + k^3 / 6 multiply-adds, or, with n < k and
 * solved in the space of its ratings, k n^2 / 2 + n^3 / 6.
 *
 * In the space of ratings, with Y (n x k) the gathered rows and 1 the vector of
 * ones, K = Y Y^T + reg I = L L^T, p = L^-1 t, q = L^-1 1:
 *     bias = reg p.q / (reg_bias + reg q.q)    (0 without bias)
 *     x    = Y^T L^-T (p - bias q)
 *     loss = reg p.(p - bias q)
 * which eliminates the bias last, so that reg_bias may be 0.
 *
 * In the space of factors, with G, s, g the sums of y y^T, y and t y, and
 * m = n + reg_bias:
 *     (G + reg I - s s^T / m) x = g - s (sum t) / m
 *     bias = (sum t - s.x) / m,   loss = sum t^2 - g.x - bias sum t
 *
 * Accuracy: sums run in single precision over at most RUN ratings; longer rows
 * add their runs in double precision, which costs 2 % more. A row whose pivots
 * lose too many digits (COR_LEAST_PIVOT) is done again in double precision.
 */
#include "ridge.h"

#include "coracle/memory.h"
#include "kernels.h"

#include <math.h>
#include <string.h>

/* Ratings summed in single precision, whole blocks. */
enum { BLOCK = RIDGE_BLOCK, RUN = 1024 };

/* Pivots below these parts of the diagonal are rounding: of sums in double
   precision, and of sums whose runs were single. */
#define LEAST_EXACT 0x1p-40
#define LEAST_RUNS 0x1p-20

/* Numbers that are summed in double precision. */
typedef struct totals {
    double target, square;
} totals;

int cor_ridge_create(int64_t factors, bool bias, cor_ridge **ridge)
{
    *ridge = NULL;
    if (factors < 1)
        return cor_fail(COR_EUSAGE,
                        "the number of factors is %lld; it must be "
                        "positive",
                        (long long)factors);
    cor_ridge *r = NULL;
    COR_TRY(COR_NEW_ZEROED(&r, 1));
    int64_t ld = cor_padded(factors), most = ld > BLOCK ? ld : BLOCK;
    r->factors = factors;
    r->ld = ld;
    r->bias = bias;
    int rc = COR_NEW_ZEROED(&r->rows, most * ld);
    if (rc == COR_OK)
        rc = COR_NEW_ZEROED(&r->matrix, ld * ld);
    float **vector[] = {&r->target,   &r->sum,     &r->dual,   &r->right,
                        &r->diagonal, &r->inverse, &r->weight, &r->zeros};
    for (size_t v = 0; v < sizeof vector / sizeof *vector && rc == COR_OK; v++)
        rc = cor_allocate_zeroed(vector[v], most, sizeof(float),
                                 "a row's vectors");
    if (rc == COR_OK)
        rc = COR_NEW(&r->sums, cor_ridge_sum_length(r));
    if (rc == COR_OK)
        rc = COR_NEW(&r->scratch, 2 * (factors + 1));
    if (rc != COR_OK)
        cor_ridge_destroy(&r);
    *ridge = r;
    return rc;
}

void cor_ridge_destroy(cor_ridge **ridge)
{
    cor_ridge *r = *ridge;
    if (!r)
        return;
    float *block[] = {r->rows,  r->matrix,   r->target,  r->sum,    r->dual,
                      r->right, r->diagonal, r->inverse, r->weight, r->zeros};
    for (size_t b = 0; b < sizeof block / sizeof *block; b++)
        cor_free(block[b]);
    cor_free(r->kept);
    cor_free(r->residual);
    cor_free(r->sums);
    cor_free(r->scratch);
    cor_free(r);
    *ridge = NULL;
}

int64_t cor_ridge_sum_length(const cor_ridge *ridge)
{
    int64_t k = ridge->factors;
    return normal_place(k) + (k + 1) * (k + 2) / 2;
}

/* Whether a row is solved in the space of its ratings: where the matrix there,
   which grows by 16, is the smaller one, by measurement. */
static bool ratings_space(int64_t factors, int64_t count)
{
    return cor_padded(count) < factors || 2 * count <= factors;
}

double cor_ridge_flops(int64_t factors, int64_t count)
{
    double k = (double)factors, n = (double)count;
    double m = ratings_space(factors, count) ? n : k; /* order of the matrix */
    double gram =
        ratings_space(factors, count) ? k * n * (n + 1) : n * k * (k + 1);
    return gram + m * m * m / 3 + 2 * m * m + 4 * n * k;
}

void ridge_targets(const cor_ridge_row *row, int64_t from, int64_t count,
                   float *target, double *sum, double *square)
{
    for (int64_t z = 0; z < count; z++) {
        double t = row_target(row, from + z);
        if (row->weight)
            t *= (double)row->weight[from + z];
        target[z] = (float)t;
        *sum += t;
        *square += t * t;
    }
}

void ridge_gather(cor_ridge *ridge, const cor_ridge_row *row, int64_t from,
                  int64_t count)
{
    const cor_kernels *kernels = cor_kernels_used();
    const int32_t *index = row->index + from;
    int64_t ahead = row->count - from;
    if (row->scale)
        kernels->gather_scaled(row->table, ridge->ld, ridge->ld, index, count,
                               ahead, row->weight ? row->weight + from : NULL,
                               row->scale, ridge->rows);
    else
        kernels->gather(row->table, ridge->ld, index, count, ahead,
                        ridge->rows);
}

/* Gram matrix, sum and dual of ratings from .. from + count. */
static void sum_run(cor_ridge *ridge, const cor_ridge_row *row, int64_t from,
                    int64_t count, totals *total)
{
    const cor_kernels *kernels = cor_kernels_used();
    int64_t ld = ridge->ld;
    memset(ridge->sum, 0, (size_t)ld * sizeof(float));
    memset(ridge->dual, 0, (size_t)ld * sizeof(float));
    for (int64_t z = 0; z < count; z += BLOCK) {
        int64_t block = count - z < BLOCK ? count - z : BLOCK;
        ridge_targets(row, from + z, block, ridge->target, &total->target,
                      &total->square);
        ridge_gather(ridge, row, from + z, block);
        kernels->row_sums(ridge->rows, ld, block, ridge->target, ridge->sum,
                          ridge->dual);
        kernels->gram(ridge->rows, ld, block, ridge->factors, z == 0,
                      ridge->matrix);
    }
}

/* Regularise a matrix of `order`, fill its last panel with ones on the
   diagonal, and note the diagonal for the factorisation. */
static void set_diagonal(cor_ridge *ridge, int64_t ld, int64_t order,
                         double reg)
{
    for (int64_t c = 0; c < cor_padded(order); c++) {
        float *pivot = &ridge->matrix[c * ld + c];
        *pivot = c < order ? *pivot + (float)reg : 1;
        ridge->diagonal[c] = *pivot;
    }
}

static bool all_finite(const float *x, int64_t ld, double loss)
{
    float nought = 0;
    for (int64_t f = 0; f < ld; f++)
        nought += 0 * x[f];
    return isfinite(loss) && nought == 0;
}

static void put_result(float *bias, double *loss, double b, double minimum)
{
    if (bias)
        *bias = (float)b;
    *loss = minimum > 0 ? minimum : 0; /* rounding may leave it below */
}

/* Solve matrix x = right; `sum` and `dual` hold s and g. */
static bool solve_factors(cor_ridge *ridge, const totals *total, double share,
                          float *x, float *bias, double *loss)
{
    const cor_kernels *kernels = cor_kernels_used();
    int64_t ld = ridge->ld, k = ridge->factors;
    if (!kernels->factor(ridge->matrix, ld, k, ridge->diagonal, ridge->inverse))
        return false;
    kernels->forward(ridge->matrix, ld, k, ridge->inverse, ridge->right);
    kernels->backward(ridge->matrix, ld, k, ridge->inverse, ridge->right, x);
    double gx = 0, sx = 0;
    for (int64_t f = 0; f < k; f++) {
        gx += (double)ridge->dual[f] * x[f];
        sx += (double)ridge->sum[f] * x[f];
    }
    double b = (total->target - sx) * share;
    double minimum = total->square - gx - total->target * b;
    put_result(bias, loss, b, minimum);
    return all_finite(x, ld, minimum);
}

/* A row of at most RUN ratings. `share` is 1 / (count + reg_bias), or 0
   without bias. */
static bool solve_short(cor_ridge *ridge, const cor_ridge_row *row,
                        double share, float *x, float *bias, double *loss)
{
    totals total = {0};
    sum_run(ridge, row, 0, row->count, &total);
    set_diagonal(ridge, ridge->ld, ridge->factors, row->reg);
    if (ridge->bias)
        cor_kernels_used()->downdate(ridge->matrix, ridge->ld, ridge->factors,
                                     ridge->sum, (float)share);
    float shift = (float)(total.target * share);
    for (int64_t f = 0; f < ridge->ld; f++)
        ridge->right[f] = ridge->dual[f] - ridge->sum[f] * shift;
    return solve_factors(ridge, &total, share, x, bias, loss);
}

/* The bias in the space of ratings, see above; p loses its part. */
static double ratings_bias(cor_ridge *ridge, const cor_ridge_row *row, float *p,
                           double *pq)
{
    int64_t n = row->count, ld = cor_padded(n);
    float *q = ridge->sum;
    for (int64_t z = 0; z < ld; z++)
        q[z] = z < n;
    cor_kernels_used()->forward(ridge->matrix, ld, n, ridge->inverse, q);
    double qq = 0;
    *pq = 0;
    for (int64_t z = 0; z < n; z++) {
        *pq += (double)p[z] * q[z];
        qq += (double)q[z] * q[z];
    }
    double b = row->reg * *pq / (row->reg_bias + row->reg * qq);
    for (int64_t z = 0; z < ld; z++)
        p[z] -= (float)b * q[z];
    return b;
}

/* A row in the space of its ratings. */
static bool solve_ratings(cor_ridge *ridge, const cor_ridge_row *row, float *x,
                          float *bias, double *loss)
{
    const cor_kernels *kernels = cor_kernels_used();
    int64_t n = row->count, ld = cor_padded(n);
    float *p = ridge->target;
    totals total = {0};
    ridge_targets(row, 0, n, p, &total.target, &total.square);
    memset(p + n, 0, (size_t)(ld - n) * sizeof *p);
    kernels->gather_columns(row->table, ridge->ld, row->index, n, ridge->zeros,
                            ridge->rows, ld);
    if (row->scale)
        kernels->scale_columns(ridge->rows, ld, ridge->factors, n, row->weight,
                               row->scale);
    kernels->gram(ridge->rows, ld, ridge->factors, n, true, ridge->matrix);
    set_diagonal(ridge, ld, n, row->reg);
    if (!kernels->factor(ridge->matrix, ld, n, ridge->diagonal, ridge->inverse))
        return false;
    kernels->forward(ridge->matrix, ld, n, ridge->inverse, p);
    double pp = 0, pq = 0, b = 0;
    for (int64_t z = 0; z < n; z++)
        pp += (double)p[z] * p[z];
    if (ridge->bias)
        b = ratings_bias(ridge, row, p, &pq);
    kernels->backward(ridge->matrix, ld, n, ridge->inverse, p, ridge->weight);
    for (int64_t z = 0; row->weight && z < n; z++)
        ridge->weight[z] *= row->weight[z];
    kernels->combine(row->table, ridge->ld, row->index, n, ridge->weight, x);
    for (int64_t f = 0; row->scale && f < ridge->ld; f++)
        x[f] *= row->scale[f]; /* the rows combined were not the scaled ones */
    double minimum = row->reg * (pp - b * pq);
    put_result(bias, loss, b, minimum);
    return all_finite(x, ridge->ld, minimum);
}

/* Solve sums in single precision: they are rounded once, after the bias is
   eliminated. */
static bool solve_sums(cor_ridge *ridge, const double *sums, double reg,
                       double reg_bias, float *x, float *bias, double *loss)
{
    int64_t ld = ridge->ld, k = ridge->factors;
    const double *normal = sums + normal_place(k), *sum = normal + 1;
    const double *gram = sum + k, *dual = sums + SUM_DUAL;
    double share = ridge->bias ? 1 / (normal[0] + reg_bias) : 0;
    totals total = {sums[SUM_TARGET], sums[SUM_SQUARE]};
    memset(ridge->matrix, 0, (size_t)(ld * ld) * sizeof(float));
    for (int64_t c = 0; c < k; c++) {
        ridge->diagonal[c] = (float)(*gram + reg);
        ridge->sum[c] = (float)sum[c];
        ridge->dual[c] = (float)dual[c];
        ridge->right[c] = (float)(dual[c] - sum[c] * share * total.target);
        for (int64_t r = c; r < k; r++)
            ridge->matrix[c * ld + r] =
                (float)(*gram++ - sum[c] * share * sum[r] + (r == c) * reg);
    }
    for (int64_t c = k; c < ld; c++) {
        ridge->matrix[c * ld + c] = ridge->diagonal[c] = 1;
        ridge->right[c] = 0;
    }
    return solve_factors(ridge, &total, share, x, bias, loss);
}

static int no_ratings(const cor_ridge *ridge, float *x, float *bias,
                      double *loss)
{
    memset(x, 0, (size_t)ridge->ld * sizeof *x);
    put_result(bias, loss, 0, 0);
    return COR_OK;
}

int cor_ridge_solve(cor_ridge *ridge, const cor_ridge_row *row, float *x,
                    float *bias, double *loss)
{
    bool solved;
    if (row->count == 0)
        return no_ratings(ridge, x, bias, loss);
    if (ratings_space(ridge->factors, row->count) && row->reg > 0) {
        solved = solve_ratings(ridge, row, x, bias, loss);
    } else if (row->count <= RUN) {
        double count = (double)row->count;
        double share = ridge->bias ? 1 / (count + row->reg_bias) : 0;
        solved = solve_short(ridge, row, share, x, bias, loss);
    } else {
        cor_ridge_sums(ridge, row, ridge->sums);
        solved = solve_sums(ridge, ridge->sums, row->reg, row->reg_bias, x,
                            bias, loss);
    }
    if (!solved) {
        ridge_exact_sums(ridge, row);
        COR_TRY(ridge_exact_solve(ridge, row->reg, row->reg_bias, LEAST_EXACT,
                                  x, bias, loss));
    }
    for (int64_t f = 0; row->scale && f < ridge->ld; f++)
        x[f] *= row->scale[f];
    return COR_OK;
}

/* Add the sums of a run to the sums of its row. */
static void add_run(const cor_ridge *ridge, double *sums)
{
    int64_t k = ridge->factors;
    double *sum = sums + normal_place(k) + 1, *gram = sum + k;
    for (int64_t f = 0; f < k; f++) {
        sums[SUM_DUAL + f] += ridge->dual[f];
        sum[f] += ridge->sum[f];
    }
    for (int64_t c = 0; c < k; c++)
        for (int64_t r = c; r < k; r++)
            *gram++ += ridge->matrix[c * ridge->ld + r];
}

void cor_ridge_sums(cor_ridge *ridge, const cor_ridge_row *row, double *sums)
{
    totals total = {0};
    memset(sums, 0, (size_t)cor_ridge_sum_length(ridge) * sizeof *sums);
    for (int64_t from = 0; from < row->count; from += RUN) {
        int64_t left = row->count - from;
        sum_run(ridge, row, from, left < RUN ? left : RUN, &total);
        add_run(ridge, sums);
    }
    sums[SUM_TARGET] = total.target;
    sums[SUM_SQUARE] = total.square;
    sums[normal_place(ridge->factors)] = (double)row->count;
}

void cor_ridge_scale_sums(const cor_ridge *ridge, const float *scale,
                          double *sums)
{
    int64_t k = ridge->factors;
    double *sum = sums + normal_place(k) + 1, *gram = sum + k;
    for (int64_t f = 0; f < k; f++) {
        sums[SUM_DUAL + f] *= (double)scale[f];
        sum[f] *= (double)scale[f];
    }
    for (int64_t c = 0; c < k; c++)
        for (int64_t r = c; r < k; r++)
            *gram++ *= (double)scale[c] * scale[r];
}

void cor_ridge_resist(const cor_ridge *ridge, double weight,
                      const double *normal, double *sums)
{
    int64_t order = ridge->factors + 1;
    double *to = sums + normal_place(ridge->factors);
    for (int64_t i = 0; i < order * (order + 1) / 2; i++)
        to[i] += weight * normal[i];
}

void cor_ridge_pull(const cor_ridge *ridge, double reg, const float *x,
                    double reg_bias, double bias, double *sums)
{
    sums[SUM_TARGET] -= reg_bias * bias;
    for (int64_t f = 0; f < ridge->factors; f++)
        sums[SUM_DUAL + f] -= reg * (double)x[f];
}

int cor_ridge_solve_sums(cor_ridge *ridge, const double *sums, double reg,
                         double reg_bias, float *x, float *bias, double *loss)
{
    if (sums[normal_place(ridge->factors)] == 0)
        return no_ratings(ridge, x, bias, loss);
    if (solve_sums(ridge, sums, reg, reg_bias, x, bias, loss))
        return COR_OK;
    if (sums != ridge->sums)
        memcpy(ridge->sums, sums,
               (size_t)cor_ridge_sum_length(ridge) * sizeof *sums);
    return ridge_exact_solve(ridge, reg, reg_bias, LEAST_RUNS, x, bias, loss);
}

void cor_ridge_gram(cor_ridge *ridge, const float *row, int64_t count,
                    double *packed)
{
    int64_t k = ridge->factors, ld = ridge->ld;
    memset(packed, 0, (size_t)(k * (k + 1) / 2) * sizeof *packed);
    for (int64_t from = 0; from < count; from += RUN) {
        int64_t run = count - from < RUN ? count - from : RUN;
        for (int64_t z = 0; z < run; z += BLOCK)
            cor_kernels_used()->gram(row + (from + z) * ld, ld,
                                     run - z < BLOCK ? run - z : BLOCK, k,
                                     z == 0, ridge->matrix);
        double *gram = packed;
        for (int64_t c = 0; c < k; c++)
            for (int64_t r = c; r < k; r++)
                *gram++ += ridge->matrix[c * ld + r];
    }
}
