#include "coracle/matrix.h"

#include "coracle/memory.h"
#include "matrix_parts.h"

#include <string.h>

/* Elements that a thread looks at at a time. */
enum { PIECE = 64 << 10 };

void cor_matrix_free(cor_matrix *matrix)
{
    cor_shards_destroy(&matrix->shards);
    cor_free(matrix->value);
    cor_ids_free(&matrix->name);
    cor_free(matrix->offset);
    cor_free(matrix->scale);
    *matrix = (cor_matrix){0};
}

int cor_matrix_allocate(const cor_team *team, cor_matrix *matrix)
{
    int rank = cor_team_rank(team);
    matrix->first = cor_shards_first_row(matrix->shards, rank);
    matrix->count =
        cor_shards_first_row(matrix->shards, rank + 1) - matrix->first;
    size_t width = cor_type_size(matrix->type, 0);
    if (matrix->columns > PTRDIFF_MAX / (int64_t)width)
        return cor_fail(COR_EMEMORY, "%lld columns are more than memory holds",
                        (long long)matrix->columns);
    return cor_allocate(&matrix->value, matrix->count,
                        (size_t)matrix->columns * width, "rows of the matrix");
}

int cor_matrix_create(const cor_team *team, int64_t shards, int64_t rows,
                      int64_t columns, enum cor_type type, cor_matrix *matrix)
{
    *matrix = (cor_matrix){.rows = rows, .columns = columns, .type = type};
    if (shards == 0)
        shards = cor_shards_default_count(rows);
    int rc = cor_shards_create_even(team, shards, rows, &matrix->shards);
    if (rc == COR_OK)
        rc = cor_matrix_allocate(team, matrix);
    if (rc != COR_OK)
        cor_matrix_free(matrix);
    return rc;
}

int cor_matrix_create_like(const cor_team *team, const cor_matrix *like,
                           int64_t columns, cor_matrix *matrix)
{
    *matrix = (cor_matrix){
        .rows = like->rows, .columns = columns, .type = like->type};
    int rc = cor_shards_copy(like->shards, &matrix->shards);
    if (rc == COR_OK)
        rc = cor_matrix_allocate(team, matrix);
    if (rc != COR_OK)
        cor_matrix_free(matrix);
    return rc;
}

void cor_matrix_tile(const cor_matrix *matrix, int64_t first, int64_t count,
                     double *tile)
{
    int64_t begin = first * matrix->columns, length = count * matrix->columns;
    if (matrix->type == COR_FLOAT64) {
        memcpy(tile, (const double *)matrix->value + begin,
               (size_t)length * sizeof *tile);
        return;
    }
    const float *narrow = (const float *)matrix->value + begin;
    for (int64_t i = 0; i < length; i++)
        tile[i] = (double)narrow[i];
}

/* A number is an infinity or a NaN where all bits of its exponent are set; an
   integer test is a loop that the compiler can vectorise. */
#define DEFINE_ALL_FINITE(real, word, exponent)                                \
    static bool all_finite_##real(const real *number, int64_t count)           \
    {                                                                          \
        word bad = 0;                                                          \
        for (int64_t i = 0; i < count; i++) {                                  \
            word bits;                                                         \
            memcpy(&bits, number + i, sizeof bits);                            \
            bad |= (bits & (exponent)) == (exponent);                          \
        }                                                                      \
        return !bad;                                                           \
    }
DEFINE_ALL_FINITE(float, uint32_t, UINT32_C(0x7f800000))
DEFINE_ALL_FINITE(double, uint64_t, UINT64_C(0x7ff0000000000000))

static bool all_finite(const cor_matrix *matrix, int64_t begin, int64_t count)
{
    if (matrix->type == COR_FLOAT64)
        return all_finite_double((const double *)matrix->value + begin, count);
    return all_finite_float((const float *)matrix->value + begin, count);
}

/* The first of my numbers that is not finite, or -1. */
static int64_t first_wild(const cor_team *team, const cor_matrix *matrix)
{
    int64_t total = matrix->count * matrix->columns, found = INT64_MAX;
#pragma omp parallel for num_threads(cor_team_threads(team))                   \
    reduction(min                                                              \
              : found)
    for (int64_t i = 0; i < total; i += PIECE) {
        int64_t length = total - i < PIECE ? total - i : PIECE;
        if (!all_finite(matrix, i, length) && i < found)
            found = i;
    }
    if (found == INT64_MAX)
        return -1;
    while (all_finite(matrix, found, 1))
        found++;
    return found;
}

/* The number as the user would find it: row and column from 1. */
int cor_matrix_check(const cor_team *team, const cor_matrix *matrix, int code,
                     const char *path, const char *advice)
{
    int64_t at = first_wild(team, matrix);
    if (at < 0)
        return COR_OK;
    return cor_fail(code,
                    "%s: row %lld, column %lld of the matrix is not a finite "
                    "number: %s",
                    path, (long long)(matrix->first + at / matrix->columns + 1),
                    (long long)(at % matrix->columns + 1), advice);
}

static int write_numbers(const cor_team *team, cor_file *file, const char *name,
                         int64_t columns, const double *number)
{
    /* all know them, the first rank gives them */
    int64_t mine = cor_team_rank(team) == 0 ? columns : 0;
    return cor_file_write(file, name, COR_FLOAT64, 0, columns, 0, 0, mine,
                          number);
}

static int write_columns(const cor_team *team, cor_file *file,
                         const cor_matrix *matrix,
                         const cor_matrix_columns *columns)
{
    int64_t k = matrix->columns;
    if (matrix->name.total) {
        cor_ids mine = matrix->name;
        if (cor_team_rank(team) != 0)
            mine.count = 0;
        COR_TRY(cor_ids_write(file, "columns/name", &mine));
    }
    COR_TRY(write_numbers(team, file, "columns/min", k, columns->min));
    COR_TRY(write_numbers(team, file, "columns/max", k, columns->max));
    COR_TRY(write_numbers(team, file, "columns/mean", k, columns->mean));
    COR_TRY(
        write_numbers(team, file, "columns/deviation", k, columns->deviation));
    if (!matrix->offset)
        return COR_OK;
    COR_TRY(write_numbers(team, file, "columns/offset", k, matrix->offset));
    return write_numbers(team, file, "columns/scale", k, matrix->scale);
}

static int write_all(const cor_team *team, cor_file *file,
                     const cor_matrix *matrix,
                     const cor_matrix_columns *columns, char digest[17])
{
    static const char *const content[] = {"matrix"};
    COR_TRY(cor_file_write(file, "matrix", matrix->type, 0, matrix->rows,
                           matrix->columns, matrix->first, matrix->count,
                           matrix->value));
    COR_TRY(cor_file_put_shards(file, "shards/row", matrix->shards));
    COR_TRY(write_columns(team, file, matrix, columns));
    COR_TRY(cor_file_digest(file, content, 1, digest));
    return cor_file_put_text(file, "digest", digest);
}

int cor_matrix_put(const cor_team *team, cor_file *file,
                   const cor_matrix *matrix, char digest[17])
{
    cor_matrix_columns columns = {0};
    digest[0] = 0;
    int rc = cor_agree(team, cor_matrix_check(team, matrix, COR_ENUMERIC,
                                              cor_file_path(file),
                                              "the matrix is not written"));
    if (rc == COR_OK)
        rc = cor_matrix_describe(team, matrix, &columns);
    if (rc == COR_OK)
        rc = write_all(team, file, matrix, &columns, digest);
    cor_matrix_columns_free(&columns);
    return rc;
}

int cor_matrix_write(const cor_team *team, const char *path,
                     const cor_file_options *options, const cor_matrix *matrix,
                     char digest[17])
{
    cor_file *file = NULL;
    int rc = cor_file_create(team, path, "matrix", options, &file);
    if (rc == COR_OK)
        rc = cor_matrix_put(team, file, matrix, digest);
    if (rc == COR_OK)
        return cor_file_commit(&file);
    cor_file_close(&file);
    return rc;
}
