/** Components on disk. */
#include "coracle/linalg.h"
#include "coracle/memory.h"
#include "fit.h"
#include "pca_parts.h"

#include <string.h>

enum { TABLES = 7 };

/* All tables; a scale not every model has. */
static int list_tables(const cor_pca *pca, table tables[TABLES])
{
    int64_t k = pca->components, d = pca->columns;
    const table all[TABLES] = {
        {"/pca/mean", pca->mean, d, 0},
        {"/pca/components", pca->component, k, d},
        {"/pca/explained_variance", pca->variance, k, 0},
        {"/pca/explained_variance_ratio", pca->ratio, k, 0},
        {"/pca/singular_values", pca->singular, k, 0},
        {"/columns/offset", pca->offset, d, 0},
        {"/columns/scale", pca->scale, d, 0}};
    memcpy(tables, all, sizeof all);
    return pca->offset ? TABLES : TABLES - 2;
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
    table tables[TABLES];
    int count = list_tables(pca, tables);
    COR_TRY(cor_agree(
        team, tables_check(tables, count, COR_ENUMERIC, cor_file_path(file),
                           "look for values out of all proportion in the "
                           "matrix")));
    COR_TRY(write_attributes(file, pca));
    return tables_put_model(team, file, tables, count, &pca->name, pca->digest);
}

int cor_pca_write(const cor_team *team, const char *path,
                  const cor_file_options *options, cor_pca *pca)
{
    cor_file *file = NULL;
    COR_TRY(cor_file_create(team, path, "model", options, &file));
    int rc = write_content(team, file, pca);
    if (rc == COR_OK)
        rc = cor_file_commit(&file);
    cor_file_close(&file);
    return rc;
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
    return model_damaged(file, "its solver is none that there is");
}

static int read_attributes(const cor_file *file, cor_pca *pca)
{
    int64_t whiten;
    COR_TRY(model_check_kind(file, "pca", "principal components"));
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
        return model_damaged(file,
                             "the number of components or columns makes no "
                             "sense");
    return COR_OK;
}

static int allocate(const cor_file *file, cor_pca *pca)
{
    int64_t k = pca->components, d = pca->columns;
    COR_TRY(COR_NEW(&pca->mean, d));
    COR_TRY(COR_NEW(&pca->component, k * d));
    COR_TRY(COR_NEW(&pca->variance, k));
    COR_TRY(COR_NEW(&pca->ratio, k));
    COR_TRY(COR_NEW(&pca->singular, k));
    if (!cor_file_has(file, "/columns/offset"))
        return COR_OK;
    COR_TRY(COR_NEW(&pca->offset, d));
    return COR_NEW(&pca->scale, d);
}

static int read_content(const cor_team *team, const cor_file *file,
                        cor_pca *pca)
{
    table tables[TABLES];
    COR_TRY(cor_agree(team, read_attributes(file, pca)));
    COR_TRY(cor_agree(team, allocate(file, pca)));
    int count = list_tables(pca, tables);
    return cor_agree(
        team, tables_get_model(file, tables, count, pca->columns, &pca->name));
}

int cor_pca_read(const cor_team *team, const char *path, cor_pca *pca)
{
    *pca = (cor_pca){0};
    cor_file *file = NULL;
    COR_TRY(cor_file_open(team, path, "model", &file));
    int rc = read_content(team, file, pca);
    cor_file_close(&file);
    if (rc != COR_OK)
        cor_pca_free(pca);
    return rc;
}
