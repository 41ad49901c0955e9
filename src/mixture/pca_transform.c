/**
 * Scores of rows, and rows from scores: products of tiles of rows with blocks
 * of columns, each block read once a tile. Bound by the multiply-add rate where
 * components are some tens, else by reading the matrix.
 */
#include "coracle/dense.h"
#include "coracle/linalg.h"
#include "coracle/memory.h"
#include "fit.h"
#include "pca_parts.h"

#include <float.h>
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <string.h>

/* Rows as the model sees them: (x - center) factor. */
typedef struct view {
    const cor_pca *pca;
    const cor_matrix *matrix;
    double *factor, *center; /* columns; factor NULL: 1 */
} view;

/* What a thread works in: scores of a tile, a block of its rows, another. */
typedef struct room {
    double *score, *block, *back;
} room;

static int64_t room_length(const cor_pca *pca)
{
    return PCA_TILE * (pca->components + 2 * PCA_BLOCK);
}

static room room_of(const cor_pca *pca, double *all)
{
    double *mine = all + omp_get_thread_num() * room_length(pca);
    return (room){mine, mine + PCA_TILE * pca->components,
                  mine + PCA_TILE * (pca->components + PCA_BLOCK)};
}

static int64_t block_columns(const cor_pca *pca, int64_t column)
{
    int64_t left = pca->columns - column;
    return left < PCA_BLOCK ? left : PCA_BLOCK;
}

static double offset_of(const double *offset, int64_t column)
{
    return offset ? offset[column] : 0;
}

static double scale_of(const double *scale, int64_t column)
{
    return scale ? scale[column] : 1;
}

static bool scaled_alike(const cor_pca *pca, const cor_matrix *m)
{
    bool alike = true;
    for (int64_t c = 0; c < pca->columns; c++)
        alike = alike && offset_of(pca->offset, c) == offset_of(m->offset, c) &&
                scale_of(pca->scale, c) == scale_of(m->scale, c);
    return alike;
}

/* A matrix that was standardised otherwise than the model's is taken as that
   would have been. */
static int view_create(const cor_pca *pca, const cor_matrix *matrix, view *v)
{
    *v = (view){.pca = pca, .matrix = matrix};
    COR_TRY(mixture_copy_numbers(pca->mean, pca->columns, &v->center));
    if (scaled_alike(pca, matrix))
        return COR_OK;
    COR_TRY(COR_NEW(&v->factor, pca->columns));
    for (int64_t c = 0; c < pca->columns; c++) {
        double scale = scale_of(matrix->scale, c),
               moved = offset_of(pca->offset, c) - offset_of(matrix->offset, c);
        v->factor[c] = scale / scale_of(pca->scale, c);
        v->center[c] = pca->mean[c] / v->factor[c] + moved / scale;
    }
    return COR_OK;
}

static void view_free(view *v)
{
    cor_free(v->factor);
    cor_free(v->center);
}

/* Columns [column, column + columns) of a tile, about the mean. */
static void load(const view *v, int64_t row, int64_t rows, int64_t column,
                 int64_t columns, double *block)
{
    pca_block(v->matrix, row, rows, column, columns, v->center, block, columns);
    for (int64_t i = 0; v->factor && i < rows; i++)
        for (int64_t j = 0; j < columns; j++)
            block[i * columns + j] *= v->factor[column + j];
}

/* Scores of a tile, not whitened. */
static void project(const view *v, int64_t row, int64_t rows, room r)
{
    const cor_pca *pca = v->pca;
    int64_t k = pca->components;
    for (int64_t c = 0; c < pca->columns; c += PCA_BLOCK) {
        int64_t columns = block_columns(pca, c);
        load(v, row, rows, c, columns, r.block);
        cor_dense_multiply(
            rows, k, columns, (cor_dense_operand){r.block, columns, false},
            (cor_dense_operand){pca->component + c, pca->columns, true}, c > 0,
            r.score, k);
    }
}

/* A block of columns that scores give back, about the mean. */
static void give_back(const cor_pca *pca, int64_t rows, int64_t column,
                      const double *score, double *back)
{
    int64_t columns = block_columns(pca, column), k = pca->components;
    cor_dense_multiply(
        rows, columns, k, (cor_dense_operand){score, k, false},
        (cor_dense_operand){pca->component + column, pca->columns, false},
        false, back, columns);
}

/* How far a tile's rows are from what their scores give back. */
static void measure(const view *v, int64_t row, int64_t rows, room r,
                    double *error)
{
    const cor_pca *pca = v->pca;
    memset(error, 0, (size_t)rows * sizeof *error);
    for (int64_t c = 0; c < pca->columns; c += PCA_BLOCK) {
        int64_t columns = block_columns(pca, c);
        load(v, row, rows, c, columns, r.block);
        give_back(pca, rows, c, r.score, r.back);
        for (int64_t i = 0; i < rows; i++) {
            double sum = 0;
            for (int64_t j = i * columns; j < (i + 1) * columns; j++)
                sum += (r.block[j] - r.back[j]) * (r.block[j] - r.back[j]);
            error[i] += sum;
        }
    }
    for (int64_t i = 0; i < rows; i++)
        error[i] /= (double)pca->columns;
}

/* What scores are multiplied by to be of variance 1, or (`back`) to be scores
   again. A variance that is nothing but rounding is none. */
static int scales(const cor_pca *pca, bool back, double **scale)
{
    double rounding = pca->variance[0] * (double)pca->rows * DBL_EPSILON;
    COR_TRY(COR_NEW(scale, pca->components));
    for (int64_t k = 0; k < pca->components; k++) {
        bool none = !(pca->variance[k] > rounding);
        double deviation = none ? 0 : sqrt(pca->variance[k]);
        (*scale)[k] = back || none ? deviation : 1 / deviation;
        if (!pca->whiten)
            (*scale)[k] = 1;
    }
    return COR_OK;
}

/* Numbers into my rows [row, row + rows), columns [column, column + columns).
 */
static void store(cor_matrix *m, int64_t row, int64_t rows, int64_t column,
                  int64_t columns, const double *from)
{
    for (int64_t i = 0; i < rows; i++) {
        int64_t at = (row + i) * m->columns + column;
        for (int64_t j = 0; j < columns; j++)
            if (m->type == COR_FLOAT64)
                ((double *)m->value)[at + j] = from[i * columns + j];
            else
                ((float *)m->value)[at + j] = (float)from[i * columns + j];
    }
}

static int check_names(const cor_ids *have, const cor_ids *want)
{
    char given[64], fitted[64];
    for (int64_t c = 0; c < have->total && c < want->total; c++) {
        cor_ids_print(have, c, given, sizeof given);
        cor_ids_print(want, c, fitted, sizeof fitted);
        if (strcmp(given, fitted) != 0)
            return cor_fail(COR_EUSAGE,
                            "column %lld of the matrix is `%s`, but `%s` in "
                            "the one that the model was fitted to; give the "
                            "same columns in the same order",
                            (long long)c + 1, given, fitted);
    }
    return COR_OK;
}

static int check_columns(const cor_matrix *m, int64_t wanted, const char *what)
{
    if (m->columns == wanted)
        return COR_OK;
    return cor_fail(COR_EUSAGE,
                    "the matrix has %lld columns, but the model's %s are %lld; "
                    "give a matrix of as many",
                    (long long)m->columns, what, (long long)wanted);
}

/* Components have numbers for names, from pc1. */
static int name_scores(cor_matrix *scores)
{
    enum { WIDTH = 24 };
    cor_ids *name = &scores->name;
    *name = (cor_ids){.total = scores->columns,
                      .count = scores->columns,
                      .text = true,
                      .width = WIDTH};
    COR_TRY(cor_allocate_zeroed(&name->bytes, scores->columns, WIDTH,
                                "column names"));
    for (int64_t k = 0; k < scores->columns; k++)
        snprintf(name->bytes + k * WIDTH, WIDTH, "pc%lld", (long long)k + 1);
    return COR_OK;
}

/* What both directions need: where tiles begin, scales, room. */
typedef struct work {
    int64_t *tile, tiles;
    double *scale, *room;
} work;

static int work_create(const cor_team *team, const cor_pca *pca,
                       const cor_matrix *m, bool back, work *w)
{
    COR_TRY(scales(pca, back, &w->scale));
    COR_TRY(cor_allocate(&w->room, cor_team_threads(team) * room_length(pca),
                         sizeof *w->room, "tiles of rows"));
    return pca_tiles(team, m->shards, &w->tile, &w->tiles);
}

static void work_free(work *w)
{
    cor_free(w->tile);
    cor_free(w->scale);
    cor_free(w->room);
}

static void transform(const cor_team *team, const view *v, const work *w,
                      cor_matrix *scores, double *error)
{
    int64_t k = v->pca->components;
#pragma omp parallel for num_threads(cor_team_threads(team))                   \
    schedule(dynamic, 1)
    for (int64_t t = 0; t < w->tiles; t++) {
        room r = room_of(v->pca, w->room);
        int64_t row = w->tile[t], rows = w->tile[t + 1] - row;
        project(v, row, rows, r);
        if (error)
            measure(v, row, rows, r, error + row);
        for (int64_t i = 0; i < rows * k; i++)
            r.score[i] *= w->scale[i % k];
        store(scores, row, rows, 0, k, r.score);
    }
}

int cor_pca_transform(const cor_team *team, const cor_pca *pca,
                      const cor_matrix *matrix, cor_matrix *scores,
                      double *error)
{
    work w = {0};
    view v = {0};
    *scores = (cor_matrix){0};
    COR_TRY(check_columns(matrix, pca->columns, "columns"));
    COR_TRY(check_names(&matrix->name, &pca->name));
    cor_family_agree(team);
    int rc = cor_matrix_create_like(team, matrix, pca->components, scores);
    if (rc == COR_OK)
        rc = name_scores(scores);
    if (rc == COR_OK)
        rc = view_create(pca, matrix, &v);
    if (rc == COR_OK)
        rc = work_create(team, pca, matrix, false, &w);
    if (rc == COR_OK)
        transform(team, &v, &w, scores, error);
    work_free(&w);
    view_free(&v);
    rc = cor_agree(team, rc);
    if (rc != COR_OK)
        cor_matrix_free(scores);
    return rc;
}

static void invert(const cor_team *team, const cor_pca *pca, const work *w,
                   const cor_matrix *scores, const double *zero,
                   cor_matrix *out)
{
    int64_t k = pca->components;
#pragma omp parallel for num_threads(cor_team_threads(team))                   \
    schedule(dynamic, 1)
    for (int64_t t = 0; t < w->tiles; t++) {
        room r = room_of(pca, w->room);
        int64_t row = w->tile[t], rows = w->tile[t + 1] - row;
        pca_block(scores, row, rows, 0, k, zero, r.score, k);
        for (int64_t i = 0; i < rows * k; i++)
            r.score[i] *= w->scale[i % k];
        for (int64_t c = 0; c < pca->columns; c += PCA_BLOCK) {
            int64_t columns = block_columns(pca, c);
            give_back(pca, rows, c, r.score, r.back);
            for (int64_t i = 0; i < rows; i++)
                for (int64_t j = 0; j < columns; j++)
                    r.back[i * columns + j] += pca->mean[c + j];
            store(out, row, rows, c, columns, r.back);
        }
    }
}

int cor_pca_invert(const cor_team *team, const cor_pca *pca,
                   const cor_matrix *scores, cor_matrix *rows)
{
    work w = {0};
    double *zero = NULL;
    *rows = (cor_matrix){0};
    COR_TRY(check_columns(scores, pca->components, "components"));
    cor_family_agree(team);
    int rc = cor_matrix_create_like(team, scores, pca->columns, rows);
    if (rc == COR_OK)
        rc = mixture_copy_names(&pca->name, &rows->name);
    if (rc == COR_OK)
        rc = mixture_copy_numbers(pca->offset, pca->columns, &rows->offset);
    if (rc == COR_OK)
        rc = mixture_copy_numbers(pca->scale, pca->columns, &rows->scale);
    if (rc == COR_OK)
        rc = COR_NEW_ZEROED(&zero, pca->components);
    if (rc == COR_OK)
        rc = work_create(team, pca, scores, true, &w);
    if (rc == COR_OK)
        invert(team, pca, &w, scores, zero, rows);
    work_free(&w);
    cor_free(zero);
    rc = cor_agree(team, rc);
    if (rc != COR_OK)
        cor_matrix_free(rows);
    return rc;
}

cor_plan cor_pca_transform_plan(const cor_team *team,
                                const cor_matrix_size *size, const cor_pca *pca,
                                int64_t columns)
{
    int64_t rows = size->rows / cor_team_size(team) + 1,
            width = (int64_t)cor_type_size(size->type, 0),
            model = (pca->components + 4) * pca->columns,
            rooms = cor_team_threads(team) * room_length(pca);
    return (cor_plan){.rows_rank = rows,
                      .bytes_rank =
                          cor_plan_base() +
                          rows * (width * (size->columns + columns) + 9) +
                          8 * (model + rooms),
                      .bytes_disk = size->rows * (width * columns + 9)};
}
