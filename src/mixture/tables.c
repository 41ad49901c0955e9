/**
 * Models on disk. They are small and whole on every rank: each writes a part of
 * the rows of each table, and reads all.
 */
#include "fit.h"

#include "coracle/cut.h"

#include <math.h>
#include <string.h>

enum { MOST_TABLES = 16 };

static int64_t length_of(const table *t)
{
    return t->rows * (t->columns ? t->columns : 1);
}

int table_put(const cor_team *team, cor_file *file, const table *t)
{
    int rank = cor_team_rank(team), size = cor_team_size(team);
    int64_t first = cor_cut_begin(t->rows, rank, size);
    int64_t count = cor_cut_begin(t->rows, rank + 1, size) - first;
    return cor_file_write(file, t->name, COR_FLOAT64, 0, t->rows, t->columns,
                          first, count,
                          t->number + first * (t->columns ? t->columns : 1));
}

int table_get(const cor_file *file, const table *t)
{
    enum cor_type type;
    int64_t width, rows, columns;
    COR_TRY(cor_file_shape(file, t->name, &type, &width, &rows, &columns));
    if (rows != t->rows || columns != t->columns)
        return model_damaged(file, "its tables are not of one shape");
    return cor_file_read(file, t->name, COR_FLOAT64, 0, t->columns, 0, rows,
                         t->number);
}

int tables_check(const table *tables, int count, int code, const char *path,
                 const char *remedy)
{
    for (int t = 0; t < count; t++) {
        double sum = 0; /* stays 0 unless a number is not finite */
        for (int64_t i = 0; i < length_of(&tables[t]); i++)
            sum += 0 * tables[t].number[i];
        if (sum != 0)
            return cor_fail(code,
                            "%s: %s holds a number that is not finite; %s",
                            path, tables[t].name, remedy);
    }
    return COR_OK;
}

int tables_put_model(const cor_team *team, cor_file *file, const table *tables,
                     int count, const cor_ids *names, char digest[17])
{
    const char *content[MOST_TABLES + 1];
    int contents = 0;
    for (; contents < count; contents++) {
        COR_TRY(table_put(team, file, &tables[contents]));
        content[contents] = tables[contents].name;
    }
    if (names->total) {
        cor_ids mine = *names; /* all know them, one gives them */
        mine.count = cor_team_rank(team) == 0 ? mine.total : 0;
        COR_TRY(cor_ids_write(file, "/columns/name", &mine));
        content[contents++] = "/columns/name";
    }
    COR_TRY(cor_file_digest(file, content, contents, digest));
    return cor_file_put_text(file, "digest", digest);
}

int tables_get_model(const cor_file *file, const table *tables, int count,
                     int64_t columns, cor_ids *names)
{
    for (int t = 0; t < count; t++)
        COR_TRY(table_get(file, &tables[t]));
    if (cor_file_has(file, "/columns/name"))
        COR_TRY(cor_ids_read(file, "/columns/name", 0, columns, names));
    return tables_check(tables, count, COR_EDATA, cor_file_path(file),
                        "the model is damaged, fit it again");
}

int model_check_kind(const cor_file *file, const char *kind, const char *what)
{
    char held[16];
    COR_TRY(cor_file_get_text(file, "model", held, sizeof held));
    if (strcmp(held, kind) == 0)
        return COR_OK;
    return cor_fail(COR_EDATA,
                    "%s is a model of kind %s, not %s; give one that `%s` "
                    "wrote",
                    cor_file_path(file), held, what, kind);
}

int model_damaged(const cor_file *file, const char *what)
{
    return cor_fail(COR_EDATA, "%s: %s; the model is damaged, fit it again",
                    cor_file_path(file), what);
}
