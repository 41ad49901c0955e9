/* Kept columns. A store lists their names, in order, in an attribute; numbers
   and codes are in /kept, the names of categories in /categories. */
#include "kept.h"

#include "coracle/cut.h"
#include "coracle/memory.h"

#include <stdio.h>
#include <string.h>

#define LIST "interactions/kept"

enum { LIST_SIZE = COR_KEPT_LIMIT * COR_KEPT_NAME };

void cor_kept_free(cor_kept_columns *kept)
{
    for (int32_t k = 0; kept->column && k < kept->count; k++) {
        cor_free(kept->column[k].number);
        cor_free(kept->column[k].code);
        cor_ids_free(&kept->column[k].names);
    }
    cor_free(kept->column);
    *kept = (cor_kept_columns){0};
}

static int allocate_rows(cor_kept *column, int64_t rows)
{
    return column->category
               ? cor_allocate(&column->code, rows, sizeof *column->code,
                              "kept categories")
               : cor_allocate(&column->number, rows, sizeof *column->number,
                              "kept numbers");
}

int cor_kept_create_like(const cor_kept_columns *from, int64_t rows,
                         cor_kept_columns *to)
{
    *to = (cor_kept_columns){0};
    if (from->count == 0)
        return COR_OK;
    COR_TRY(COR_NEW_ZEROED(&to->column, from->count));
    to->count = from->count;
    for (int32_t k = 0; k < from->count; k++) {
        cor_kept *column = &to->column[k];
        memcpy(column->name, from->column[k].name, sizeof column->name);
        column->category = from->column[k].category;
        COR_TRY(allocate_rows(column, rows));
        COR_TRY(cor_ids_copy(&from->column[k].names, &column->names));
    }
    return COR_OK;
}

const cor_kept *cor_kept_find(const cor_kept_columns *kept, const char *name)
{
    for (int32_t k = 0; k < kept->count; k++)
        if (strcmp(kept->column[k].name, name) == 0)
            return &kept->column[k];
    return NULL;
}

int32_t cor_kept_code(const cor_team *team, const cor_kept *kept,
                      const char *name)
{
    const cor_ids *names = &kept->names;
    size_t length = strlen(name), width = (size_t)names->width;
    int64_t found = -1;
    for (int64_t i = 0; length <= width && i < names->count; i++) {
        const char *text = names->bytes + i * names->width;
        if (strnlen(text, width) == length && memcmp(text, name, length) == 0)
            found = names->first + i;
    }
    cor_team_max(team, &found, 1);
    return (int32_t)found;
}

void cor_kept_path(const char *name, char path[COR_KEPT_PATH])
{
    snprintf(path, COR_KEPT_PATH, "kept/%s", name);
}

void cor_kept_names_path(const char *name, char path[COR_KEPT_PATH])
{
    snprintf(path, COR_KEPT_PATH, "categories/%s", name);
}

void cor_kept_add_names(const cor_kept_columns *kept, cor_dataset_names *names)
{
    for (int32_t k = 0; k < kept->count; k++) {
        const cor_kept *column = &kept->column[k];
        cor_kept_path(column->name, names->path[2 * k]);
        names->name[names->count++] = names->path[2 * k];
        if (!column->category)
            continue;
        cor_kept_names_path(column->name, names->path[2 * k + 1]);
        names->name[names->count++] = names->path[2 * k + 1];
    }
}

/* ---- the list ---- */

static int damaged(const cor_file *file, const char *what)
{
    return cor_fail(COR_EDATA, "%s is damaged: %s: make it again",
                    cor_file_path(file), what);
}

static int list_kind(const cor_file *file, const char *name, size_t length,
                     cor_kept_kind *kind)
{
    enum cor_type type;
    int64_t width, columns;
    char path[COR_KEPT_PATH];
    *kind = (cor_kept_kind){0};
    if (length == 0 || length >= COR_KEPT_NAME || memchr(name, '/', length))
        return damaged(file, "a kept column has no name");
    memcpy(kind->name, name, length);
    cor_kept_names_path(kind->name, path);
    kind->category = cor_file_has(file, path);
    if (!kind->category)
        return COR_OK;
    COR_TRY(
        cor_file_shape(file, path, &type, &width, &kind->categories, &columns));
    return type == COR_TEXT && columns == 0 && kind->categories <= INT32_MAX
               ? COR_OK
               : damaged(file, "categories are no list of texts");
}

int cor_kept_list(const cor_file *file, cor_kept_kind *kind, int32_t *count)
{
    char text[LIST_SIZE];
    *count = 0;
    if (!cor_file_has_attribute(file, LIST))
        return COR_OK;
    COR_TRY(cor_file_get_text(file, LIST, text, sizeof text));
    for (const char *name = text; name;) {
        size_t length = strcspn(name, ",");
        if (*count == COR_KEPT_LIMIT)
            return damaged(file, "it keeps too many columns");
        COR_TRY(list_kind(file, name, length, &kind[(*count)++]));
        name = name[length] ? name + length + 1 : NULL;
    }
    return COR_OK;
}

static int put_list(cor_file *file, const cor_kept_columns *kept)
{
    char text[LIST_SIZE];
    size_t length = 0;
    if (kept->count == 0)
        return COR_OK;
    for (int32_t k = 0; k < kept->count; k++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%s",
                                   k ? "," : "", kept->column[k].name);
    return cor_file_put_text(file, LIST, text);
}

/* ---- writing and reading ---- */

int cor_kept_write(const cor_team *team, cor_file *file,
                   const cor_interactions *data)
{
    const cor_shards *shards = data->row_shards;
    int64_t first = cor_shards_first_row(shards, cor_team_rank(team));
    char path[COR_KEPT_PATH];
    for (int32_t k = 0; k < data->kept.count; k++) {
        const cor_kept *column = &data->kept.column[k];
        cor_kept_path(column->name, path);
        COR_TRY(cor_file_write(file, path, cor_kept_type(column->category), 0,
                               cor_shards_rows(shards), 0, first, data->rows,
                               column->category ? (void *)column->code
                                                : column->number));
        cor_kept_names_path(column->name, path);
        if (column->category)
            COR_TRY(cor_ids_write(file, path, &column->names));
    }
    return put_list(file, &data->kept);
}

static int check_codes(const cor_file *file, const cor_kept *column,
                       int64_t rows)
{
    int64_t wrong = 0;
    for (int64_t i = 0; i < rows; i++)
        wrong += column->code[i] < -1 || column->code[i] >= column->names.total;
    return wrong ? damaged(file, "a row has a category that does not exist")
                 : COR_OK;
}

static int read_names(const cor_team *team, const cor_file *file,
                      int64_t categories, cor_kept *column)
{
    int rank = cor_team_rank(team), size = cor_team_size(team);
    int64_t first = cor_cut_begin(categories, rank, size);
    char path[COR_KEPT_PATH];
    cor_kept_names_path(column->name, path);
    return cor_ids_read(file, path, first,
                        cor_cut_begin(categories, rank + 1, size) - first,
                        &column->names);
}

static int read_column(const cor_team *team, const cor_file *file,
                       const cor_interactions *data, const cor_kept_kind *kind,
                       cor_kept *column)
{
    enum cor_type type;
    int64_t width, rows, columns;
    int64_t first = cor_shards_first_row(data->row_shards, cor_team_rank(team));
    char path[COR_KEPT_PATH];
    cor_kept_path(kind->name, path);
    memcpy(column->name, kind->name, sizeof column->name);
    column->category = kind->category;
    COR_TRY(cor_file_shape(file, path, &type, &width, &rows, &columns));
    if (rows != cor_shards_rows(data->row_shards) || columns != 0)
        return damaged(file, "its columns differ in length");
    COR_TRY(cor_agree(team, allocate_rows(column, data->rows)));
    if (!kind->category)
        return cor_file_read(file, path, COR_FLOAT64, 0, 0, first, data->rows,
                             column->number);
    COR_TRY(cor_file_read(file, path, COR_INT32, 0, 0, first, data->rows,
                          column->code));
    COR_TRY(read_names(team, file, kind->categories, column));
    return cor_agree(team, check_codes(file, column, data->rows));
}

int cor_kept_read(const cor_team *team, const cor_file *file,
                  cor_interactions *data)
{
    cor_kept_kind kind[COR_KEPT_LIMIT];
    int32_t count;
    COR_TRY(cor_kept_list(file, kind, &count));
    if (count == 0)
        return COR_OK;
    COR_TRY(cor_agree(team, COR_NEW_ZEROED(&data->kept.column, count)));
    data->kept.count = count;
    for (int32_t k = 0; k < count; k++)
        COR_TRY(read_column(team, file, data, &kind[k], &data->kept.column[k]));
    return COR_OK;
}
