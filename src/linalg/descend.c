/**
 * Rows improved instead of solved. With s = x / scale and R the rows of the
 * values, weighted and scaled, a row's loss is |t - R s|^2 + reg |s|^2: the
 * regularisation is a multiple of the identity, so plain conjugate gradients
 * are preconditioned by it. R is never made for them: R s is weight times the
 * table's rows times (scale s), and R^T e is scale times the rows' sum, so a
 * step reads the rows where they stand, which after the first is in the second
 * cache.
 */
#include "kernels.h"
#include "ridge.h"

#include "coracle/memory.h"

#include <math.h>
#include <string.h>

/* Floats of gathered rows that stay in the second cache from step to step. */
enum { KEPT = 1 << 17 };

/* A row on its way: what a pass over its ratings needs. */
typedef struct descent {
    cor_ridge *ridge;
    const cor_ridge_row *row;
    int64_t from, width; /* the factors that take part */
    bool kept;           /* the gathered rows stay */
} descent;

static int make_room(float **block, int64_t *room, int64_t floats)
{
    if (floats <= *room)
        return COR_OK;
    cor_free(*block);
    *block = NULL;
    *room = 0;
    COR_TRY(cor_allocate(block, floats, sizeof **block, "a row's ratings"));
    *room = floats;
    return COR_OK;
}

/* Look at the factors from .. from + width; their rows are gathered anew. */
static int look_at(descent *d, int64_t from, int64_t width)
{
    cor_ridge *r = d->ridge;
    d->from = from;
    d->width = width;
    d->kept = d->row->count * width <= KEPT;
    return d->kept ? make_room(&r->kept, &r->kept_room, d->row->count * width)
                   : COR_OK;
}

/* Rows of `count` ratings from z on; gathered unless they stayed. */
static const float *rows_at(const descent *d, int64_t z, int64_t count,
                            bool first)
{
    const cor_ridge_row *row = d->row;
    float *to = d->kept ? d->ridge->kept + z * d->width : d->ridge->rows;
    if (first || !d->kept)
        cor_kernels_used()->gather_scaled(
            row->table + d->from, d->ridge->ld, d->width, row->index + z, count,
            row->count - z, row->weight ? row->weight + z : NULL,
            row->scale + d->from, to);
    return to;
}

static int64_t block_at(const descent *d, int64_t z)
{
    int64_t left = d->row->count - z;
    return left < RIDGE_BLOCK ? left : RIDGE_BLOCK;
}

/* Targets of a block as they are, and how often an error counts. */
static void weigh_block(const cor_ridge_row *row, int64_t z, int64_t count,
                        float *target, float *square)
{
    for (int64_t i = 0; i < count; i++) {
        float weight = row->weight ? row->weight[z + i] : 1;
        square[i] = weight * weight;
        target[i] = (float)row_target(row, z + i);
    }
}

/* One pass over all values at x = scale s: out = R^T (t - R s), with t = 0 but
   in the first pass, which gives |t - R s|^2. */
static double pass(const descent *d, const float *s, bool first, float *out)
{
    cor_ridge *r = d->ridge;
    const cor_ridge_row *row = d->row;
    float *x = r->diagonal, *square = r->inverse, *error = r->weight;
    double loss = 0;
    for (int64_t f = 0; f < r->ld; f++) {
        x[f] = row->scale[f] * s[f];
        out[f] = 0;
    }
    for (int64_t z = 0; z < row->count; z += RIDGE_BLOCK) {
        int64_t count = block_at(d, z);
        weigh_block(row, z, count, r->target, square);
        cor_kernels_used()->residual(row->table, r->ld, row->index + z, count,
                                     first ? row->count - z : 0, square,
                                     first ? r->target : r->zeros, x, error,
                                     out);
        for (int64_t i = 0; first && i < count; i++)
            loss += (double)square[i] * error[i] * error[i];
    }
    for (int64_t f = 0; f < r->ld; f++)
        out[f] *= row->scale[f];
    return loss;
}

static void scale_into(const cor_ridge_row *row, float *s, int64_t ld)
{
    for (int64_t f = 0; f < ld; f++)
        s[f] = row->scale[f] > 0 ? s[f] / row->scale[f] : 0;
}

/* From s back to x; the loss is never below 0 but for rounding. */
static int finish(const cor_ridge_row *row, float *s, int64_t ld,
                  double minimum, double *loss)
{
    float nought = 0;
    for (int64_t f = 0; f < ld; f++) {
        s[f] *= row->scale[f];
        nought += 0 * s[f];
    }
    *loss = minimum > 0 ? minimum : 0;
    if (isfinite(minimum) && nought == 0)
        return COR_OK;
    return cor_fail(COR_ENUMERIC,
                    "a rating or factor is too large; raise the "
                    "regularisation (now %g)",
                    row->reg);
}

static int no_ratings(int64_t ld, float *x, double *loss)
{
    memset(x, 0, (size_t)ld * sizeof *x);
    *loss = 0;
    return COR_OK;
}

int cor_ridge_descend(cor_ridge *ridge, const cor_ridge_row *row, int64_t steps,
                      float *x, double *loss)
{
    const cor_kernels *kernels = cor_kernels_used();
    int64_t ld = ridge->ld;
    float reg = (float)row->reg;
    float *r = ridge->dual, *p = ridge->sum, *q = ridge->right;
    descent d = {.ridge = ridge, .row = row};
    if (row->count == 0)
        return no_ratings(ld, x, loss);
    scale_into(row, x, ld);
    double minimum = pass(&d, x, true, r);
    minimum += row->reg * (double)kernels->dot(x, x, ld);
    for (int64_t f = 0; f < ld; f++)
        p[f] = r[f] -= reg * x[f];
    float square = kernels->dot(r, r, ld), least = 1e-14f * square;
    for (int64_t step = 0; step < steps && square > least; step++) {
        pass(&d, p, false, q);
        for (int64_t f = 0; f < ld; f++)
            q[f] = reg * p[f] - q[f];
        float length = square / kernels->dot(p, q, ld);
        minimum -= (double)length * square;
        for (int64_t f = 0; f < ld; f++) {
            x[f] += length * p[f];
            r[f] -= length * q[f];
        }
        float next = kernels->dot(r, r, ld), turn = next / square;
        for (int64_t f = 0; f < ld; f++)
            p[f] = r[f] + turn * p[f];
        square = next;
    }
    return finish(row, x, ld, minimum, loss);
}

/* t - R s, of all factors, into ridge->residual; x is scale s. */
static void start_residual(const descent *d, const float *x)
{
    const cor_ridge_row *row = d->row;
    for (int64_t z = 0; z < row->count; z++) {
        const float *y = row->table + row->index[z] * d->ridge->ld;
        double error = row_target(row, z) -
                       (double)cor_kernels_used()->dot(y, x, d->ridge->ld);
        if (row->weight)
            error *= (double)row->weight[z];
        d->ridge->residual[z] = (float)error;
    }
}

/* The Gram matrix of the factors in view, and their part of R^T residual. */
static void sum_block(const descent *d, float *dual)
{
    cor_ridge *r = d->ridge;
    const cor_kernels *kernels = cor_kernels_used();
    memset(dual, 0, (size_t)d->width * sizeof *dual);
    for (int64_t z = 0; z < d->row->count; z += RIDGE_BLOCK) {
        int64_t count = block_at(d, z);
        const float *rows = rows_at(d, z, count, true);
        kernels->gram(rows, d->width, count, d->width, z == 0, r->matrix);
        kernels->row_sums(rows, d->width, count, r->residual + z, r->sum, dual);
    }
}

/* The residual after s changed by `change` in the factors in view. */
static void change_residual(const descent *d, const float *change)
{
    cor_ridge *r = d->ridge;
    for (int64_t z = 0; z < d->row->count; z += RIDGE_BLOCK) {
        int64_t count = block_at(d, z);
        const float *rows = rows_at(d, z, count, false);
        for (int64_t i = 0; i < count; i++)
            r->residual[z + i] -=
                cor_kernels_used()->dot(rows + i * d->width, change, d->width);
    }
}

/* Minimise over the factors in view; false where rounding forbids. */
static bool improve_block(const descent *d, float *s)
{
    cor_ridge *r = d->ridge;
    const cor_kernels *kernels = cor_kernels_used();
    int64_t width = d->width;
    float *dual = r->dual, *change = r->right;
    sum_block(d, dual);
    for (int64_t f = 0; f < width; f++) {
        float *pivot = &r->matrix[f * width + f];
        r->diagonal[f] = *pivot += (float)d->row->reg;
        dual[f] -= (float)d->row->reg * s[d->from + f];
    }
    if (!kernels->factor(r->matrix, width, width, r->diagonal, r->inverse))
        return false;
    kernels->forward(r->matrix, width, width, r->inverse, dual);
    kernels->backward(r->matrix, width, width, r->inverse, dual, change);
    for (int64_t f = 0; f < width; f++)
        s[d->from + f] += change[f];
    change_residual(d, change);
    return true;
}

int cor_ridge_blocks(cor_ridge *ridge, const cor_ridge_row *row, int64_t block,
                     float *x, double *loss)
{
    int64_t ld = ridge->ld;
    bool solved = true;
    descent d = {.ridge = ridge, .row = row};
    if (row->count == 0)
        return no_ratings(ld, x, loss);
    if (row->count <= block) /* the space of ratings is smaller still */
        return cor_ridge_solve(ridge, row, x, NULL, loss);
    COR_TRY(make_room(&ridge->residual, &ridge->residual_room, row->count));
    start_residual(&d, x);
    scale_into(row, x, ld);
    for (int64_t f = 0; f < ld && solved; f += block) {
        COR_TRY(look_at(&d, f, ld - f < block ? ld - f : block));
        solved = improve_block(&d, x);
    }
    if (!solved)
        return cor_ridge_solve(ridge, row, x, NULL, loss);
    double error = 0;
    for (int64_t z = 0; z < row->count; z++)
        error += (double)ridge->residual[z] * ridge->residual[z];
    return finish(row, x, ld,
                  error + row->reg * (double)cor_kernels_used()->dot(x, x, ld),
                  loss);
}
