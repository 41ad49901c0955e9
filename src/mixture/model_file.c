/*
 * A mixture on disk. It is small and whole on every rank: each writes a part of
 * the rows of each table, and reads all.
 */
#include "coracle/mixture.h"

#include "coracle/cut.h"
#include "coracle/linalg.h"
#include "coracle/memory.h"
#include "fit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A table of the file: `rows` rows of `columns` numbers (0: a list). */
typedef struct part {
    const char *name;
    double *number;
    int64_t rows, columns;
} part;

enum { PARTS = 10 };

/* All tables that a mixture of this kind has. */
static int list_parts(const cor_mixture *m, part parts[PARTS])
{
    int64_t k = m->components, d = m->columns;
    bool square = m->covariance_type <= COR_COVARIANCE_TIED;
    int64_t across = m->covariance_type == COR_COVARIANCE_SPHERICAL ? 0 : d;
    int64_t down =
        square ? cor_covariance_length(m->covariance_type, k, d) / d : k;
    int count = 0;
    parts[count++] = (part){"/mixture/weight", m->weight, k, 0};
    parts[count++] = (part){"/mixture/mean", m->mean, k, d};
    parts[count++] = (part){"/mixture/covariance", m->covariance, down, across};
    parts[count++] = (part){"/mixture/precision_cholesky",
                            m->precision_cholesky, down, across};
    parts[count++] = (part){"/mixture/constant", m->constant, k, 0};
    if (m->bayesian) {
        const cor_mixture_posterior *p = &m->posterior;
        parts[count++] = (part){"/bayesian/weight_concentration",
                                p->weight_concentration, 2, k};
        parts[count++] =
            (part){"/bayesian/mean_precision", p->mean_precision, k, 0};
        parts[count++] =
            (part){"/bayesian/degrees_of_freedom", p->degrees_of_freedom, k, 0};
    }
    if (m->offset) {
        parts[count++] = (part){"/columns/offset", m->offset, d, 0};
        parts[count++] = (part){"/columns/scale", m->scale, d, 0};
    }
    return count;
}

static int64_t length_of(const part *p)
{
    return p->rows * (p->columns ? p->columns : 1);
}

static int check_parts(const cor_mixture *m, int code, const char *path)
{
    part parts[PARTS];
    int count = list_parts(m, parts);
    for (int i = 0; i < count; i++)
        for (int64_t j = 0; j < length_of(&parts[i]); j++)
            if (!isfinite(parts[i].number[j]))
                return cor_fail(code,
                                "%s: %s holds a number that is not finite; "
                                "%s",
                                path, parts[i].name,
                                code == COR_EDATA
                                    ? "the model is damaged, fit it again"
                                    : "raise --reg-covar, or look for values "
                                      "out of all proportion in the matrix");
    return COR_OK;
}

int mixture_put_table(const cor_team *team, cor_file *file, const char *name,
                      int64_t rows, int64_t columns, const double *number)
{
    int rank = cor_team_rank(team), size = cor_team_size(team);
    int64_t first = cor_cut_begin(rows, rank, size);
    int64_t count = cor_cut_begin(rows, rank + 1, size) - first;
    return cor_file_write(file, name, COR_FLOAT64, 0, rows, columns, first,
                          count, number + first * (columns ? columns : 1));
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
    part parts[PARTS];
    const char *name[PARTS + 1];
    int count = list_parts(m, parts);
    COR_TRY(write_attributes(file, m));
    for (int i = 0; i < count; i++) {
        COR_TRY(mixture_put_table(team, file, parts[i].name, parts[i].rows,
                                  parts[i].columns, parts[i].number));
        name[i] = parts[i].name;
    }
    if (m->name.total) {
        cor_ids mine = m->name; /* all know them, one gives them */
        mine.count = cor_team_rank(team) == 0 ? mine.total : 0;
        COR_TRY(cor_ids_write(file, "/columns/name", &mine));
        name[count++] = "/columns/name";
    }
    COR_TRY(cor_file_digest(file, name, count, m->digest));
    return cor_file_put_text(file, "digest", m->digest);
}

int cor_mixture_write(const cor_team *team, const char *path,
                      const cor_file_options *options, cor_mixture *mixture)
{
    COR_TRY(cor_agree(team, check_parts(mixture, COR_ENUMERIC, path)));
    cor_file *file = NULL;
    COR_TRY(cor_file_create(team, path, "model", options, &file));
    int rc = write_content(team, file, mixture);
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

static int read_type(const cor_file *file, enum cor_covariance *type)
{
    char word[16];
    COR_TRY(cor_file_get_text(file, "covariance", word, sizeof word));
    for (int t = COR_COVARIANCE_FULL; t <= COR_COVARIANCE_SPHERICAL; t++)
        if (strcmp(word, cor_covariance_name(t)) == 0) {
            *type = t;
            return COR_OK;
        }
    return damaged(file, "its type of covariance is none that there is");
}

static int check_kind(const cor_file *file)
{
    char kind[16];
    COR_TRY(cor_file_get_text(file, "model", kind, sizeof kind));
    if (strcmp(kind, "gmm") == 0)
        return COR_OK;
    return cor_fail(COR_EDATA,
                    "%s is a model of kind %s, not a mixture; give one that "
                    "`gmm` wrote",
                    cor_file_path(file), kind);
}

static int read_attributes(const cor_file *file, cor_mixture *m)
{
    int64_t bayesian, converged;
    COR_TRY(check_kind(file));
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
        return damaged(file, "the number of components or columns makes no "
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

int mixture_get_table(const cor_file *file, const char *name, int64_t rows,
                      int64_t columns, double *number)
{
    enum cor_type type;
    int64_t width, held_rows, held_columns;
    COR_TRY(
        cor_file_shape(file, name, &type, &width, &held_rows, &held_columns));
    if (held_rows != rows || held_columns != columns)
        return damaged(file, "its tables are not of one shape");
    return cor_file_read(file, name, COR_FLOAT64, 0, 0, rows, number);
}

static int read_parts(const cor_file *file, cor_mixture *m)
{
    part parts[PARTS];
    int count = list_parts(m, parts);
    for (int i = 0; i < count; i++)
        COR_TRY(mixture_get_table(file, parts[i].name, parts[i].rows,
                                  parts[i].columns, parts[i].number));
    if (cor_file_has(file, "/columns/name"))
        COR_TRY(cor_ids_read(file, "/columns/name", 0, m->columns, &m->name));
    return check_parts(m, COR_EDATA, cor_file_path(file));
}

static int read_content(const cor_team *team, const cor_file *file,
                        cor_mixture *m)
{
    cor_mixture head = {0};
    COR_TRY(cor_agree(team, read_attributes(file, &head)));
    COR_TRY(cor_agree(team, create_as(file, &head, m)));
    return cor_agree(team, read_parts(file, m));
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
