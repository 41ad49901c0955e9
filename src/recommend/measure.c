#include "coracle/linalg.h"
#include "coracle/recommend.h"
#include "neighbours.h"

/* Bytes of a side's row: id, count, mean, bias and factors. */
static int row_bytes(const cor_file *file, const char *id, int64_t ld,
                     int64_t *rows, int64_t *bytes)
{
    enum cor_type type;
    int64_t width, columns;
    COR_TRY(cor_file_shape(file, id, &type, &width, rows, &columns));
    *bytes = (int64_t)cor_type_size(type, width) + 8 + 4 + 4 + 4 * ld;
    return COR_OK;
}

/* Bytes of all sparse rows. */
static int neighbour_bytes(const cor_file *file, int64_t *bytes)
{
    for (int i = 0; i < NEIGHBOUR_DATASETS; i++) {
        enum cor_type type;
        int64_t width, rows, columns;
        if (!cor_file_has(file, neighbour_datasets[i]))
            continue;
        COR_TRY(cor_file_shape(file, neighbour_datasets[i], &type, &width,
                               &rows, &columns));
        *bytes += rows * (int64_t)cor_type_size(type, width);
    }
    return COR_OK;
}

static int measure(const cor_file *file, cor_model_size *size)
{
    int64_t user, item, title = 0, titles, width, columns;
    enum cor_type type;
    COR_TRY(cor_file_get_int64(file, "factors", &size->factors));
    int64_t ld = cor_padded(size->factors);
    COR_TRY(row_bytes(file, "/users/id", ld, &size->users, &user));
    COR_TRY(row_bytes(file, "/items/id", ld, &size->items, &item));
    if (cor_file_has(file, "/items/title")) {
        COR_TRY(cor_file_shape(file, "/items/title", &type, &width, &titles,
                               &columns));
        title = (int64_t)cor_type_size(type, width);
    }
    size->bytes = size->users * user + size->items * (item + title);
    size->item_bytes = 4 * ld + 8;
    size->name_bytes = item - (8 + 4 + 4 + 4 * ld) + title;
    return neighbour_bytes(file, &size->bytes);
}

int cor_model_measure(const cor_team *team, const char *path,
                      cor_model_size *size)
{
    cor_file *file = NULL;
    *size = (cor_model_size){0};
    COR_TRY(cor_file_open(team, path, "model", &file));
    int rc = measure(file, size);
    cor_file_close(&file);
    return rc;
}
