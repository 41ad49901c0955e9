/**
 * Components on disk: whole on every rank, each writes a part of the rows of
 * each table, and reads all.
 */
#include "coracle/linalg.h"
#include "coracle/memory.h"
#include "fit.h"
#include "pca_parts.h"

#include <math.h>
#include <string.h>

/* A table of the file: `rows` rows of `columns` numbers (0: a list). */
typedef struct table {
    const char *name;
    double **number;
    int64_t rows, columns;
} table;

enum { TABLES = 7, ALWAYS = 5 };

/* All tables; those of a scale, which not every model has, come last. */
static void list_tables(cor_pca *pca, table out[TABLES])
{
    int64_t k = pca->components, d = pca->columns;
    const table all[TABLES] = {
        {"/pca/mean", &pca->mean, d, 0},
        {"/pca/components", &pca->component, k, d},
        {"/pca/explained_variance", &pca->variance, k, 0},
        {"/pca/explained_variance_ratio", &pca->ratio, k, 0},
        {"/pca/singular_values", &pca->singular, k, 0},
        {"/columns/offset", &pca->offset, d, 0},
        {"/columns/scale", &pca->scale, d, 0}};
    memcpy(out, all, sizeof all);
}

static int check_tables(cor_pca *pca, int code, const char *path)
{
    table all[TABLES];
    list_tables(pca, all);
    for (int t = 0; t < TABLES; t++) {
        int64_t length =
            *all[t].number ? all[t].rows * (all[t].columns ? all[t].columns : 1)
                           : 0;
        double sum = 0; /* stays 0 unless a number is not finite */
        for (int64_t i = 0; i < length; i++)
            sum += 0 * (*all[t].number)[i];
        if (sum != 0)
            return cor_fail(
                code, "%s: %s holds a number that is not finite; %s", path,
                all[t].name,
                code == COR_EDATA ? "the model is damaged, fit it again"
                                  : "look for values out of all proportion in "
                                    "the matrix");
    }
    return COR_OK;
}

static int write_attributes(cor_file *file, const cor_pca *pca)
{
    COR_TRY(cor_file_put_text(file, "model", "pca"));
    COR_TRY(cor_file_put_int64(file, "components", pca->components));
    COR_TRY(cor_file_put_int64(file, "columns", pca->columns));
    COR_TRY(cor_file_put_int64(file, "rows", pca->rows));
    COR_TRY(cor_file_put_int64(file, "whiten", pca->whiten));
    COR_TRY(
        cor_file_put_text(file, "solver", cor_pca_solver_name(pca->solver)));
    COR_TRY(cor_file_put_double(file, "noise_variance", pca->noise_variance));
    COR_TRY(cor_file_put_double(file, "total_variance", pca->total_variance));
    COR_TRY(cor_file_put_double(file, "explained_variance_total",
                                pca->total_ratio));
    COR_TRY(
        cor_file_put_text(file, "family", cor_family_name(cor_family_used())));
    return cor_file_put_text(file, "blas", cor_linalg_version());
}

static int write_content(const cor_team *team, cor_file *file, cor_pca *pca)
{
    table all[TABLES];
    const char *name[TABLES + 1];
    int names = 0;
    list_tables(pca, all);
    COR_TRY(write_attributes(file, pca));
    for (int t = 0; t < TABLES; t++) {
        if (!*all[t].number)
            continue;
        COR_TRY(mixture_put_table(team, file, all[t].name, all[t].rows,
                                  all[t].columns, *all[t].number));
        name[names++] = all[t].name;
    }
    if (pca->name.total) {
        cor_ids mine = pca->name; /* all know them, one gives them */
        mine.count = cor_team_rank(team) == 0 ? mine.total : 0;
        COR_TRY(cor_ids_write(file, "/columns/name", &mine));
        name[names++] = "/columns/name";
    }
    COR_TRY(cor_file_digest(file, name, names, pca->digest));
    return cor_file_put_text(file, "digest", pca->digest);
}

int cor_pca_write(const cor_team *team, const char *path,
                  const cor_file_options *options, cor_pca *pca)
{
    COR_TRY(cor_agree(team, check_tables(pca, COR_ENUMERIC, path)));
    cor_file *file = NULL;
    COR_TRY(cor_file_create(team, path, "model", options, &file));
    int rc = write_content(team, file, pca);
    if (rc == COR_OK)
        rc = cor_file_commit(&file);
    cor_file_close(&file);
    return rc;
}

static int damaged(const cor_file *file, const char *what)
{
    return cor_fail(COR_EDATA, "%s: %s; the model is damaged, fit it again",
                    cor_file_path(file), what);
}

static int read_solver(const cor_file *file, enum cor_pca_solver *solver)
{
    char word[16];
    COR_TRY(cor_file_get_text(file, "solver", word, sizeof word));
    for (int s = COR_PCA_GRAM; s <= COR_PCA_RANDOMIZED; s++)
        if (strcmp(word, cor_pca_solver_name(s)) == 0) {
            *solver = s;
            return COR_OK;
        }
    return damaged(file, "its solver is none that there is");
}

static int check_kind(const cor_file *file)
{
    char kind[16];
    COR_TRY(cor_file_get_text(file, "model", kind, sizeof kind));
    if (strcmp(kind, "pca") == 0)
        return COR_OK;
    return cor_fail(COR_EDATA,
                    "%s is a model of kind %s, not of principal components; "
                    "give one that `pca` wrote",
                    cor_file_path(file), kind);
}

static int read_attributes(const cor_file *file, cor_pca *pca)
{
    int64_t whiten;
    COR_TRY(check_kind(file));
    COR_TRY(read_solver(file, &pca->solver));
    COR_TRY(cor_file_get_int64(file, "components", &pca->components));
    COR_TRY(cor_file_get_int64(file, "columns", &pca->columns));
    COR_TRY(cor_file_get_int64(file, "rows", &pca->rows));
    COR_TRY(cor_file_get_int64(file, "whiten", &whiten));
    COR_TRY(cor_file_get_double(file, "noise_variance", &pca->noise_variance));
    COR_TRY(cor_file_get_double(file, "total_variance", &pca->total_variance));
    COR_TRY(cor_file_get_double(file, "explained_variance_total",
                                &pca->total_ratio));
    COR_TRY(cor_file_get_text(file, "digest", pca->digest, sizeof pca->digest));
    pca->whiten = whiten != 0;
    if (pca->columns < 1 || pca->columns > INT32_MAX || pca->components < 1 ||
        pca->components > pca->columns ||
        pca_check_size(pca->components, pca->columns) != COR_OK)
        return damaged(file, "the number of components or columns makes no "
                             "sense");
    return COR_OK;
}

/* Room for the tables that the file has, and those that it must have. */
static int allocate_tables(const cor_file *file, cor_pca *pca)
{
    table all[TABLES];
    list_tables(pca, all);
    for (int t = 0; t < TABLES; t++) {
        int64_t columns = all[t].columns ? all[t].columns : 1;
        if (t < ALWAYS || cor_file_has(file, all[t].name))
            COR_TRY(cor_allocate(all[t].number, all[t].rows * columns,
                                 sizeof(double), "components"));
    }
    return COR_OK;
}

static int read_tables(const cor_file *file, cor_pca *pca)
{
    table all[TABLES];
    list_tables(pca, all);
    for (int t = 0; t < TABLES; t++)
        if (*all[t].number)
            COR_TRY(mixture_get_table(file, all[t].name, all[t].rows,
                                      all[t].columns, *all[t].number));
    if (cor_file_has(file, "/columns/name"))
        COR_TRY(
            cor_ids_read(file, "/columns/name", 0, pca->columns, &pca->name));
    return check_tables(pca, COR_EDATA, cor_file_path(file));
}

int cor_pca_read(const cor_team *team, const char *path, cor_pca *pca)
{
    *pca = (cor_pca){0};
    cor_file *file = NULL;
    COR_TRY(cor_file_open(team, path, "model", &file));
    int rc = cor_agree(team, read_attributes(file, pca));
    if (rc == COR_OK)
        rc = cor_agree(team, allocate_tables(file, pca));
    if (rc == COR_OK)
        rc = cor_agree(team, read_tables(file, pca));
    cor_file_close(&file);
    if (rc != COR_OK)
        cor_pca_free(pca);
    return rc;
}
