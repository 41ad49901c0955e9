/** A mixture on disk. */
#include "coracle/mixture.h"

#include "coracle/linalg.h"
#include "coracle/memory.h"
#include "fit.h"

#include <string.h>

enum { TABLES = 10 };

/* All tables that a mixture of this kind has. */
static int list_tables(const cor_mixture *m, table tables[TABLES])
{
    int64_t k = m->components, d = m->columns;
    bool square = m->covariance_type <= COR_COVARIANCE_TIED;
    int64_t across = m->covariance_type == COR_COVARIANCE_SPHERICAL ? 0 : d;
    int64_t down =
        square ? cor_covariance_length(m->covariance_type, k, d) / d : k;
    int count = 0;
    tables[count++] = (table){"/mixture/weight", m->weight, k, 0};
    tables[count++] = (table){"/mixture/mean", m->mean, k, d};
    tables[count++] =
        (table){"/mixture/covariance", m->covariance, down, across};
    tables[count++] = (table){"/mixture/precision_cholesky",
                              m->precision_cholesky, down, across};
    tables[count++] = (table){"/mixture/constant", m->constant, k, 0};
    if (m->bayesian) {
        const cor_mixture_posterior *p = &m->posterior;
        tables[count++] = (table){"/bayesian/weight_concentration",
                                  p->weight_concentration, 2, k};
        tables[count++] =
            (table){"/bayesian/mean_precision", p->mean_precision, k, 0};
        tables[count++] = (table){"/bayesian/degrees_of_freedom",
                                  p->degrees_of_freedom, k, 0};
    }
    if (m->offset) {
        tables[count++] = (table){"/columns/offset", m->offset, d, 0};
        tables[count++] = (table){"/columns/scale", m->scale, d, 0};
    }
    return count;
}

static int write_attributes(cor_file *file, const cor_mixture *m)
{
    COR_TRY(cor_file_put_text(file, "model", "gmm"));
    COR_TRY(cor_file_put_text(file, "covariance",
                              cor_covariance_name(m->covariance_type)));
    COR_TRY(cor_file_put_int64(file, "bayesian", m->bayesian));
    COR_TRY(cor_file_put_int64(file, "components", m->components));
    COR_TRY(cor_file_put_int64(file, "columns", m->columns));
    COR_TRY(cor_file_put_int64(file, "rows", m->rows));
    COR_TRY(cor_file_put_double(file, "lower_bound", m->lower_bound));
    COR_TRY(cor_file_put_int64(file, "converged", m->converged));
    COR_TRY(cor_file_put_int64(file, "iterations", m->iterations));
    COR_TRY(cor_file_put_double(file, "reg_covar", m->reg_covar));
    return cor_file_put_text(file, "family",
                             cor_family_name(cor_family_used()));
}

static int write_content(const cor_team *team, cor_file *file, cor_mixture *m)
{
    table tables[TABLES];
    int count = list_tables(m, tables);
    COR_TRY(cor_agree(
        team, tables_check(tables, count, COR_ENUMERIC, cor_file_path(file),
                           "raise --reg-covar, or look for values out of all "
                           "proportion in the matrix")));
    COR_TRY(write_attributes(file, m));
    return tables_put_model(team, file, tables, count, &m->name, m->digest);
}

int cor_mixture_write(const cor_team *team, const char *path,
                      const cor_file_options *options, cor_mixture *mixture)
{
    cor_file *file = NULL;
    COR_TRY(cor_file_create(team, path, "model", options, &file));
    int rc = write_content(team, file, mixture);
    if (rc == COR_OK)
        rc = cor_file_commit(&file);
    cor_file_close(&file);
    return rc;
}

static int read_type(const cor_file *file, enum cor_covariance *type)
{
    char word[16];
    COR_TRY(cor_file_get_text(file, "covariance", word, sizeof word));
    for (int t = COR_COVARIANCE_FULL; t <= COR_COVARIANCE_SPHERICAL; t++)
        if (strcmp(word, cor_covariance_name(t)) == 0) {
            *type = t;
            return COR_OK;
        }
    return model_damaged(file, "its type of covariance is none that there is");
}

static int read_attributes(const cor_file *file, cor_mixture *m)
{
    int64_t bayesian, converged;
    COR_TRY(model_check_kind(file, "gmm", "a mixture"));
    COR_TRY(read_type(file, &m->covariance_type));
    COR_TRY(cor_file_get_int64(file, "bayesian", &bayesian));
    COR_TRY(cor_file_get_int64(file, "components", &m->components));
    COR_TRY(cor_file_get_int64(file, "columns", &m->columns));
    COR_TRY(cor_file_get_int64(file, "rows", &m->rows));
    COR_TRY(cor_file_get_double(file, "lower_bound", &m->lower_bound));
    COR_TRY(cor_file_get_int64(file, "converged", &converged));
    COR_TRY(cor_file_get_int64(file, "iterations", &m->iterations));
    COR_TRY(cor_file_get_double(file, "reg_covar", &m->reg_covar));
    COR_TRY(cor_file_get_text(file, "digest", m->digest, sizeof m->digest));
    if (m->components < 1 || m->components > INT32_MAX || m->columns < 1 ||
        m->columns > INT32_MAX)
        return model_damaged(file,
                             "the number of components or columns makes no "
                             "sense");
    m->bayesian = bayesian != 0;
    m->converged = converged != 0;
    return COR_OK;
}

/* A mixture as the attributes say, its numbers still to be read. */
static int create_as(const cor_file *file, const cor_mixture *head,
                     cor_mixture *m)
{
    COR_TRY(cor_mixture_create(head->covariance_type, head->components,
                               head->columns, head->bayesian, m));
    m->rows = head->rows;
    m->lower_bound = head->lower_bound;
    m->converged = head->converged;
    m->iterations = head->iterations;
    m->reg_covar = head->reg_covar;
    memcpy(m->digest, head->digest, sizeof m->digest);
    if (!cor_file_has(file, "/columns/offset"))
        return COR_OK;
    COR_TRY(COR_NEW_ZEROED(&m->offset, m->columns));
    return COR_NEW_ZEROED(&m->scale, m->columns);
}

static int read_content(const cor_team *team, const cor_file *file,
                        cor_mixture *m)
{
    cor_mixture head = {0};
    COR_TRY(cor_agree(team, read_attributes(file, &head)));
    COR_TRY(cor_agree(team, create_as(file, &head, m)));
    table tables[TABLES];
    int count = list_tables(m, tables);
    return cor_agree(
        team, tables_get_model(file, tables, count, m->columns, &m->name));
}

int cor_mixture_read(const cor_team *team, const char *path,
                     cor_mixture *mixture)
{
    *mixture = (cor_mixture){0};
    cor_file *file = NULL;
    COR_TRY(cor_file_open(team, path, "model", &file));
    int rc = read_content(team, file, mixture);
    cor_file_close(&file);
    if (rc == COR_OK)
        cor_family_agree(team);
    else
        cor_mixture_free(mixture);
    return rc;
}
