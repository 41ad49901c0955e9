/* Reading a matrix: each rank the shards it owns, and a check that they are
   what a writer leaves. */
#include "coracle/matrix.h"

#include "coracle/memory.h"
#include "matrix_parts.h"

static int damaged(const cor_file *file, const char *what)
{
    return cor_fail(COR_EDATA, "%s is damaged: %s: make it again",
                    cor_file_path(file), what);
}

static int read_shape(const cor_file *file, int64_t *rows, int64_t *columns,
                      enum cor_type *type)
{
    int64_t width;
    COR_TRY(cor_file_shape(file, "matrix", type, &width, rows, columns));
    if (*columns < 1 || (*type != COR_FLOAT64 && *type != COR_FLOAT32))
        return damaged(file, "its matrix is no table of reals");
    return COR_OK;
}

static int check_length(const cor_file *file, int64_t length, int64_t columns)
{
    if (length == columns)
        return COR_OK;
    return damaged(file, "a list of columns has not as many as its matrix");
}

/* All ranks hold all of what is kept of the columns. */
static int read_numbers(const cor_file *file, const char *name, int64_t columns,
                        double *number)
{
    enum cor_type type;
    int64_t width, length, none;
    COR_TRY(cor_file_shape(file, name, &type, &width, &length, &none));
    COR_TRY(check_length(file, length, columns));
    return cor_file_read(file, name, COR_FLOAT64, 0, 0, 0, columns, number);
}

static int read_names(const cor_file *file, int64_t columns, cor_ids *name)
{
    if (!cor_file_has(file, "columns/name"))
        return COR_OK;
    enum cor_type type;
    int64_t width, length, none;
    COR_TRY(
        cor_file_shape(file, "columns/name", &type, &width, &length, &none));
    COR_TRY(check_length(file, length, columns));
    return cor_ids_read(file, "columns/name", 0, columns, name);
}

static int read_scales(const cor_team *team, const cor_file *file,
                       cor_matrix *matrix)
{
    int64_t k = matrix->columns;
    if (!cor_file_has(file, "columns/offset"))
        return COR_OK;
    int rc = COR_NEW(&matrix->offset, k);
    if (rc == COR_OK)
        rc = COR_NEW(&matrix->scale, k);
    COR_TRY(cor_agree(team, rc));
    COR_TRY(read_numbers(file, "columns/offset", k, matrix->offset));
    return read_numbers(file, "columns/scale", k, matrix->scale);
}

static int read_all(const cor_team *team, const cor_file *file,
                    cor_matrix *matrix)
{
    COR_TRY(read_shape(file, &matrix->rows, &matrix->columns, &matrix->type));
    COR_TRY(cor_file_get_shards(file, "shards/row", matrix->rows, NULL,
                                &matrix->shards));
    COR_TRY(read_names(file, matrix->columns, &matrix->name));
    COR_TRY(read_scales(team, file, matrix));
    COR_TRY(cor_agree(team, cor_matrix_allocate(team, matrix)));
    COR_TRY(cor_file_read(file, "matrix", matrix->type, 0, matrix->columns,
                          matrix->first, matrix->count, matrix->value));
    return cor_agree(team, cor_matrix_check(team, matrix, COR_EDATA,
                                            cor_file_path(file),
                                            "the store is damaged, make it "
                                            "again"));
}

int cor_matrix_read(const cor_team *team, const char *path, cor_matrix *matrix)
{
    cor_file *file = NULL;
    *matrix = (cor_matrix){0};
    COR_TRY(cor_file_open(team, path, "matrix", &file));
    int rc = read_all(team, file, matrix);
    cor_file_close(&file);
    if (rc != COR_OK)
        cor_matrix_free(matrix);
    return rc;
}

static int measure(const cor_file *file, cor_matrix_size *size)
{
    enum cor_type type;
    int64_t width, entries, none;
    COR_TRY(read_shape(file, &size->rows, &size->columns, &size->type));
    COR_TRY(cor_file_shape(file, "shards/row", &type, &width, &entries, &none));
    size->shards = entries - 1;
    return cor_file_get_text(file, "digest", size->digest, sizeof size->digest);
}

int cor_matrix_measure(const cor_team *team, const char *path,
                       cor_matrix_size *size)
{
    cor_file *file = NULL;
    *size = (cor_matrix_size){0};
    COR_TRY(cor_file_open(team, path, "matrix", &file));
    int rc = measure(file, size);
    cor_file_close(&file);
    return rc;
}

static int read_columns(const cor_team *team, const cor_file *file,
                        cor_ids *name, cor_matrix_columns *columns)
{
    int64_t rows, k;
    enum cor_type type;
    COR_TRY(read_shape(file, &rows, &k, &type));
    COR_TRY(read_names(file, k, name));
    COR_TRY(cor_agree(team, cor_matrix_columns_allocate(k, columns)));
    COR_TRY(read_numbers(file, "columns/min", k, columns->min));
    COR_TRY(read_numbers(file, "columns/max", k, columns->max));
    COR_TRY(read_numbers(file, "columns/mean", k, columns->mean));
    return read_numbers(file, "columns/deviation", k, columns->deviation);
}

int cor_matrix_read_columns(const cor_team *team, const char *path,
                            cor_ids *name, cor_matrix_columns *columns,
                            bool *standardized)
{
    cor_file *file = NULL;
    *name = (cor_ids){0};
    *columns = (cor_matrix_columns){0};
    COR_TRY(cor_file_open(team, path, "matrix", &file));
    int rc = read_columns(team, file, name, columns);
    if (rc == COR_OK && standardized)
        *standardized = cor_file_has(file, "columns/offset");
    cor_file_close(&file);
    if (rc != COR_OK) {
        cor_ids_free(name);
        cor_matrix_columns_free(columns);
    }
    return rc;
}
