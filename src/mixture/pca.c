#include "coracle/dense.h"
#include "coracle/linalg.h"
#include "coracle/memory.h"
#include "fit.h"
#include "pca_parts.h"

#include <math.h>

/* Up to this many rows or columns all eigenvectors are found; above it, where
   few components are asked for, the subspace is faster by far. */
enum { EXACT = 4096, FEW = 5 };

const char *cor_pca_solver_name(enum cor_pca_solver solver)
{
    static const char *const name[] = {"auto", "gram", "small", "randomized"};
    return name[solver];
}

cor_pca_options cor_pca_options_default(void)
{
    return (cor_pca_options){
        .power_iterations = 7, .oversample = 10, .seed = 42};
}

void cor_pca_free(cor_pca *pca)
{
    cor_free(pca->mean);
    cor_free(pca->component);
    cor_free(pca->variance);
    cor_free(pca->ratio);
    cor_free(pca->singular);
    cor_ids_free(&pca->name);
    cor_free(pca->offset);
    cor_free(pca->scale);
    *pca = (cor_pca){0};
}

static int64_t most_components(int64_t rows, int64_t columns)
{
    return rows < columns ? rows : columns;
}

static enum cor_pca_solver choose(int64_t rows, int64_t columns,
                                  const cor_pca_options *o)
{
    int64_t most = most_components(rows, columns);
    if (o->solver != COR_PCA_AUTO)
        return o->solver;
    if (most > EXACT && o->components >= 1 &&
        o->components * FEW <= (double)most)
        return COR_PCA_RANDOMIZED;
    return rows < columns ? COR_PCA_SMALL : COR_PCA_GRAM;
}

/* How many components there may be: of a share, any number that can be. */
static int64_t expected(int64_t rows, int64_t columns, const cor_pca_options *o)
{
    return o->components >= 1 ? (int64_t)o->components
                              : most_components(rows - 1, columns);
}

static int check_components(int64_t rows, int64_t columns,
                            const cor_pca_options *o)
{
    int64_t most = most_components(rows, columns);
    double k = o->components;
    if (!(k >= 0) || (k >= 1 && k != floor(k)))
        return cor_fail(COR_EUSAGE,
                        "--components must be a whole number, or a share of "
                        "the variance above 0 and below 1, not %g",
                        k);
    if (k > (double)most)
        return cor_fail(COR_EUSAGE,
                        "%.0f components are asked for, but a matrix of %lld "
                        "rows and %lld columns has at most %lld; ask for "
                        "fewer --components",
                        k, (long long)rows, (long long)columns,
                        (long long)most);
    bool share = k > 0 && k < 1;
    return pca_check_size(share ? 1 : expected(rows, columns, o), columns);
}

static int check_solver(int64_t rows, int64_t columns, const cor_pca_options *o)
{
    enum cor_pca_solver solver = choose(rows, columns, o);
    if (o->power_iterations < 0 || o->oversample < 0)
        return cor_fail(COR_EUSAGE, "--power-iterations and --oversample must "
                                    "not be negative");
    if (solver == COR_PCA_GRAM && rows < columns)
        return cor_fail(COR_EUSAGE,
                        "--solver gram is for at least as many rows as "
                        "columns, not %lld rows and %lld columns; take "
                        "--solver small",
                        (long long)rows, (long long)columns);
    if (solver == COR_PCA_SMALL && rows >= columns)
        return cor_fail(COR_EUSAGE,
                        "--solver small is for fewer rows than columns, not "
                        "%lld rows and %lld columns; take --solver gram",
                        (long long)rows, (long long)columns);
    if (solver != COR_PCA_RANDOMIZED &&
        most_components(rows, columns) > COR_DENSE_MOST)
        return cor_fail(COR_EUSAGE,
                        "%lld rows and %lld columns are too many to find all "
                        "eigenvectors of; take --solver randomized, and give "
                        "--components a whole number",
                        (long long)rows, (long long)columns);
    if (solver == COR_PCA_RANDOMIZED && o->components < 1)
        return cor_fail(COR_EUSAGE,
                        "--solver randomized finds a number of components, not "
                        "a share of the variance or all; give --components a "
                        "whole number");
    return COR_OK;
}

static int check(const cor_matrix *matrix, const cor_pca_options *o)
{
    if (matrix->rows < 2)
        return cor_fail(COR_EDATA,
                        "a matrix of %lld row%s has no variance; principal "
                        "components need at least 2",
                        (long long)matrix->rows, matrix->rows == 1 ? "" : "s");
    COR_TRY(check_components(matrix->rows, matrix->columns, o));
    return check_solver(matrix->rows, matrix->columns, o);
}

/* What is known before the numbers are looked at. */
static int describe(const cor_matrix *matrix, const cor_pca_options *o,
                    cor_pca *pca)
{
    int64_t columns = matrix->columns;
    pca->rows = matrix->rows;
    pca->columns = columns;
    pca->components = expected(matrix->rows, columns, o);
    pca->whiten = o->whiten;
    pca->solver = choose(matrix->rows, columns, o);
    COR_TRY(COR_NEW_ZEROED(&pca->mean, columns));
    COR_TRY(mixture_copy_numbers(matrix->offset, columns, &pca->offset));
    COR_TRY(mixture_copy_numbers(matrix->scale, columns, &pca->scale));
    return mixture_copy_names(&matrix->name, &pca->name);
}

static int solve(const pca_fit *fit)
{
    switch (fit->pca->solver) {
    case COR_PCA_GRAM:
        return pca_by_gram(fit);
    case COR_PCA_SMALL:
        return pca_by_small(fit);
    default:
        return pca_by_random(fit);
    }
}

int cor_pca_fit(const cor_team *team, const cor_matrix *matrix,
                const cor_pca_options *options, cor_progress *progress,
                cor_pca *pca)
{
    pca_fit fit = {team, matrix, options, progress, pca};
    *pca = (cor_pca){0};
    COR_TRY(check(matrix, options));
    cor_family_agree(team);
    int rc = cor_agree(team, describe(matrix, options, pca));
    if (rc == COR_OK)
        rc = solve(&fit);
    if (rc == COR_OK)
        pca_set_signs(team, pca);
    else
        cor_pca_free(pca);
    return rc;
}

/* Doubles that the solver holds on its fullest rank beside the matrix and k
   components. */
static double plan_solver(const cor_team *team, const cor_matrix_size *size,
                          const cor_pca_options *o, double k)
{
    double rows = (double)size->rows, columns = (double)size->columns,
           threads = cor_team_threads(team), ranks = cor_team_size(team),
           least = rows < columns ? rows : columns,
           width = fmin(k + (double)o->oversample, least),
           panel = fmin(least * least, 1 << 20) * (threads + 13);
    switch (choose(size->rows, size->columns, o)) {
    case COR_PCA_GRAM: /* products, their eigenvectors, the work for these */
        return panel + threads * PCA_TILE * columns + 4 * columns * columns;
    case COR_PCA_SMALL: /* the same, whole columns, components of my own */
        return panel + threads * PCA_TILE * rows + 4 * rows * rows +
               (ranks > 1 ? rows * columns / ranks : 0) + k * columns / ranks;
    default: /* directions as they are, gathered, and projections */
        return (1 + 1 / ranks) * width * columns + rows / ranks * width +
               fmin(columns, 4096) *
                   ((PCA_TILE + width) * threads + 13 * width);
    }
}

cor_plan cor_pca_plan(const cor_team *team, const cor_matrix_size *size,
                      const cor_pca_options *options)
{
    int64_t rows = size->rows / cor_team_size(team) + 1,
            most = expected(size->rows, size->columns, options);
    double columns = (double)size->columns,
           k = pca_check_size(most, size->columns) == COR_OK
                   ? (double)most
                   : PCA_MOST / columns, /* what a share ends at */
        model = (k + 4) * columns,
           matrix =
               (double)rows * columns * (double)cor_type_size(size->type, 0);
    return (cor_plan){
        .rows_rank = rows,
        .bytes_rank = cor_plan_base() +
                      (int64_t)(matrix + 8 * (model + plan_solver(team, size,
                                                                  options, k))),
        .bytes_disk = (int64_t)(8 * model)};
}
