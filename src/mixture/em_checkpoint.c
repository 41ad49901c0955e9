/*
 * A checkpoint of a fit: the start in hand as it stands after an iteration, the
 * best of those before it, and their histories. FOLDER/gmm-full-3.h5 is of the
 * fit of 3 full components, so that the fits of a selection do not meet;
 * gmm-full-3-2-of-7.h5 of every seventh start from the third on.
 */
#include "em.h"

#include "coracle/checkpoint.h"
#include "coracle/memory.h"

#include <stdio.h>
#include <string.h>

enum { RUN_SIZE = 512, NAME_SIZE = 64 };

/* Sum of the means given: it tells files of means apart. */
static double sum_means(const em *fit)
{
    double sum = 0;
    int64_t length = fit->now.components * fit->now.columns;
    for (int64_t i = 0; fit->options->means && i < length; i++)
        sum += fit->options->means[i] * (double)(i + 1);
    return sum;
}

/* Everything that the numbers depend on. */
static void describe_run(const em *fit, char run[RUN_SIZE])
{
    const cor_gmm_options *o = fit->options;
    snprintf(run, RUN_SIZE,
             "gmm covariance=%s components=%lld init=%d means=%.17g "
             "n_init=%lld tol=%.17g max_iter=%lld reg_covar=%.17g seed=%lld "
             "bayesian=%d %d %.17g %.17g %.17g data=%s",
             cor_covariance_name(o->covariance), (long long)o->components,
             (int)o->init, sum_means(fit), (long long)fit->starts, o->tol,
             (long long)o->max_iter, o->reg_covar, (long long)o->seed,
             o->bayesian, o->distribution, o->weight_concentration,
             o->mean_precision, o->degrees_of_freedom,
             o->data_digest ? o->data_digest : "");
}

static cor_checkpoint checkpoint_of(const em *fit, char name[NAME_SIZE],
                                    char run[RUN_SIZE])
{
    const cor_gmm_options *o = fit->options;
    int length =
        snprintf(name, NAME_SIZE, "gmm-%s-%lld",
                 cor_covariance_name(o->covariance), (long long)o->components);
    if (o->stride > 1)
        snprintf(name + length, (size_t)(NAME_SIZE - length), "-%lld-of-%lld",
                 (long long)o->first, (long long)o->stride);
    describe_run(fit, run);
    return (cor_checkpoint){
        .folder = o->checkpoint, .name = name, .run = run, .seed = o->seed};
}

enum { TABLES = 6 };

/* Names as within the group. @return how many: those of the posterior where
 * there is one */
static int list_tables(const cor_mixture *m, table tables[TABLES])
{
    int64_t k = m->components, d = m->columns;
    int64_t length = cor_covariance_length(m->covariance_type, k, d);
    tables[0] = (table){"weight", m->weight, k, 0};
    tables[1] = (table){"mean", m->mean, k, d};
    tables[2] = (table){"covariance", m->covariance, length, 0};
    tables[3] = (table){"weight_concentration",
                        m->posterior.weight_concentration, 2 * k, 0};
    tables[4] = (table){"mean_precision", m->posterior.mean_precision, k, 0};
    tables[5] =
        (table){"degrees_of_freedom", m->posterior.degrees_of_freedom, k, 0};
    return m->bayesian ? TABLES : TABLES / 2;
}

static int write_mixture(const em *fit, cor_file *file, const char *group,
                         const cor_mixture *m, const em_history *history)
{
    table tables[TABLES];
    char name[NAME_SIZE];
    int count = list_tables(m, tables);
    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof name, "/%s/%s", group, tables[i].name);
        tables[i].name = name;
        COR_TRY(table_put(fit->data->team, file, &tables[i]));
    }
    snprintf(name, sizeof name, "/%s/history", group);
    const table bounds = {name, history->bound, history->count, 0};
    COR_TRY(table_put(fit->data->team, file, &bounds));
    snprintf(name, sizeof name, "%s/converged", group);
    return cor_file_put_int64(file, name, m->converged);
}

static int write_content(void *context, cor_file *file)
{
    const em *fit = context;
    COR_TRY(cor_file_put_int64(file, "start", fit->start));
    COR_TRY(cor_file_put_int64(file, "best_start", fit->best_start));
    COR_TRY(cor_file_put_int64(file, "failed", fit->failed));
    COR_TRY(cor_file_put_int64(file, "status", fit->status));
    COR_TRY(cor_file_put_text(file, "message", fit->message));
    COR_TRY(cor_file_put_int64(file, "iterations", fit->history.count));
    COR_TRY(write_mixture(fit, file, "now", &fit->now, &fit->history));
    if (fit->best.iterations == 0)
        return COR_OK;
    return write_mixture(fit, file, "best", &fit->best, &fit->best_history);
}

int em_checkpoint_write(const em *fit)
{
    char name[NAME_SIZE], run[RUN_SIZE];
    cor_checkpoint c = checkpoint_of(fit, name, run);
    return cor_checkpoint_write(fit->data->team, &c, write_content,
                                (void *)fit);
}

static int read_history(const cor_file *file, const char *name, em_history *h)
{
    enum cor_type type;
    int64_t width, rows, columns;
    COR_TRY(cor_file_shape(file, name, &type, &width, &rows, &columns));
    COR_TRY(cor_reallocate(&h->bound, h->room, rows + 16, sizeof *h->bound,
                           "lower bounds"));
    h->room = rows + 16;
    h->count = rows;
    const table bounds = {name, h->bound, rows, 0};
    return table_get(file, &bounds);
}

static int read_mixture(em *fit, cor_file *file, const char *group,
                        cor_mixture *m, em_history *history)
{
    table tables[TABLES];
    char name[NAME_SIZE];
    int64_t converged;
    int count = list_tables(m, tables);
    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof name, "/%s/%s", group, tables[i].name);
        tables[i].name = name;
        COR_TRY(table_get(file, &tables[i]));
    }
    snprintf(name, sizeof name, "/%s/history", group);
    COR_TRY(cor_agree(fit->data->team, read_history(file, name, history)));
    snprintf(name, sizeof name, "%s/converged", group);
    COR_TRY(cor_file_get_int64(file, name, &converged));
    m->converged = converged != 0;
    m->iterations = history->count;
    if (history->count == 0)
        return COR_OK; /* nothing yet: the numbers are of no use */
    m->lower_bound = history->bound[history->count - 1];
    COR_TRY(mixture_factor_together(fit->data->team, m));
    cor_mixture_weigh(m);
    return COR_OK;
}

static int read_content(void *context, cor_file *file)
{
    em *fit = context;
    int64_t status;
    COR_TRY(cor_file_get_int64(file, "start", &fit->start));
    COR_TRY(cor_file_get_int64(file, "best_start", &fit->best_start));
    COR_TRY(cor_file_get_int64(file, "failed", &fit->failed));
    COR_TRY(cor_file_get_int64(file, "status", &status));
    COR_TRY(
        cor_file_get_text(file, "message", fit->message, sizeof fit->message));
    fit->status = (int)status;
    COR_TRY(read_mixture(fit, file, "now", &fit->now, &fit->history));
    if (!cor_file_has(file, "/best/weight"))
        return COR_OK;
    return read_mixture(fit, file, "best", &fit->best, &fit->best_history);
}

int em_checkpoint_read(em *fit, bool *found)
{
    char name[NAME_SIZE], run[RUN_SIZE];
    cor_checkpoint c = checkpoint_of(fit, name, run);
    return cor_checkpoint_read(fit->data->team, &c, read_content, fit, found);
}
