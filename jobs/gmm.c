#include "checkpoint_in.h"
#include "jobs.h"
#include "stores.h"

#include "coracle/gmm.h"
#include "coracle/ingest_matrix.h"
#include "coracle/memory.h"
#include "coracle/stop.h"
#include "coracle/text.h"

#include <stdio.h>
#include <string.h>

static struct {
    const char *components, *covariance, *init, *select;
    int64_t starts, tries, max_iter;
    double tol, reg_covar, refit;
    double concentration, mean_precision, freedom;
    const char *weight_prior;
    bool bayesian;
} set = {.weight_prior = "process",
         .components = "1",
         .covariance = "full",
         .init = "kmeans",
         .select = "bic",
         .starts = 1,
         .max_iter = 100,
         .tol = 1e-3,
         .reg_covar = 1e-6};

static const cor_option options[] = {
    {"components", 'k', COR_OPTION_TEXT, &set.components, "K|LO:HI",
     "how many; a range tries each and keeps the best"},
    {"covariance", 0, COR_OPTION_WORDS, &set.covariance,
     "full|tied|diag|spherical|all",
     "each component a matrix, all one, a variance a column, one variance; "
     "all tries each and keeps the best"},
    {"select", 0, COR_OPTION_WORDS, &set.select, "bic|aic",
     "what the best has least of"},
    {"n-init", 0, COR_OPTION_INT, &set.starts, "N",
     "starts, of which the best is kept"},
    {"tries", 0, COR_OPTION_INT, &set.tries, "N",
     "each start is the best of N; 0: 16 for a small matrix, down to 1 for a "
     "large one"},
    {"init", 0, COR_OPTION_TEXT, &set.init, "kmeans|k-means++|random|FILE",
     "where a start begins; FILE (CSV or .npy) gives the means, weights start "
     "equal and precisions at the identity"},
    {"tol", 0, COR_OPTION_REAL, &set.tol, "T",
     "converged when the lower bound changes by less, where --tries 0 gives "
     "several by a fifth of it; 0: go on to --max-iter"},
    {"max-iter", 0, COR_OPTION_INT, &set.max_iter, "N",
     "iterations of a start at most"},
    {"reg-covar", 0, COR_OPTION_REAL, &set.reg_covar, "R",
     "added to the diagonal of covariances, so that none collapses"},
    {"refit", 0, COR_OPTION_REAL, &set.refit, "PERCENT",
     "drop this share of the rows, the least dense, and fit again; 0: fit "
     "once"},
    {"bayesian", 0, COR_OPTION_FLAG, &set.bayesian, NULL,
     "fit by variational inference: components that are not needed end with "
     "weights near zero"},
    {"weight-prior", 0, COR_OPTION_WORDS, &set.weight_prior,
     "process|distribution",
     "--bayesian: weights come from a Dirichlet process or distribution"},
    {"weight-concentration", 0, COR_OPTION_REAL, &set.concentration, "C",
     "--bayesian: the less, the fewer components; 0: 1 / components"},
    {"mean-precision", 0, COR_OPTION_REAL, &set.mean_precision, "P",
     "--bayesian: how many rows the prior mean is worth; 0: 1"},
    {"degrees-of-freedom", 0, COR_OPTION_REAL, &set.freedom, "N",
     "--bayesian: of the prior on covariances; 0: as many as columns"},
    CHECKPOINT_OPTIONS,
    COR_OPTIONS_END};

/* What is fitted: the points to choose among, and what all have in common. */
typedef struct job {
    cor_command *command;
    cor_matrix_size size;
    cor_gmm_options options;
    cor_gmm_point *point;
    int64_t points;
    double *means; /* those of --init FILE, or NULL */
    cor_gmm_refit refit;
} job;

static bool asks_for_priors(void)
{
    return strcmp(set.weight_prior, "process") != 0 || set.concentration != 0 ||
           set.mean_precision != 0 || set.freedom != 0;
}

static bool is_word(const char *init)
{
    return strcmp(init, "kmeans") == 0 || strcmp(init, "k-means++") == 0 ||
           strcmp(init, "random") == 0;
}

static enum cor_gmm_init init_of(const char *word)
{
    if (strcmp(word, "kmeans") == 0)
        return COR_GMM_KMEANS;
    if (strcmp(word, "k-means++") == 0)
        return COR_GMM_KMEANS_PLUS;
    return strcmp(word, "random") == 0 ? COR_GMM_RANDOM : COR_GMM_MEANS;
}

/* "3" or "1:10". */
static int parse_components(int64_t *least, int64_t *most)
{
    const char *text = set.components, *end = text + strlen(text);
    const char *colon = strchr(text, ':');
    if (cor_text_int64(text, colon ? colon : end, least) &&
        (!colon || cor_text_int64(colon + 1, end, most))) {
        if (!colon)
            *most = *least;
        if (1 <= *least && *least <= *most && *most <= INT32_MAX)
            return COR_OK;
    }
    return cor_fail(COR_EUSAGE,
                    "--components \"%s\": give a number from 1, or a range "
                    "such as 1:10",
                    text);
}

static bool wants(enum cor_covariance type)
{
    return strcmp(set.covariance, "all") == 0 ||
           strcmp(set.covariance, cor_covariance_name(type)) == 0;
}

static int list_points(job *j)
{
    int64_t least, most;
    COR_TRY(parse_components(&least, &most));
    COR_TRY(COR_NEW_ZEROED(&j->point, 4 * (most - least + 1)));
    for (int t = COR_COVARIANCE_FULL; t <= COR_COVARIANCE_SPHERICAL; t++)
        for (int64_t k = least; wants(t) && k <= most; k++)
            j->point[j->points++] =
                (cor_gmm_point){.covariance = t, .components = k};
    if (set.bayesian && j->points > 1)
        return cor_fail(COR_EUSAGE,
                        "--bayesian needs no range of components or "
                        "covariances: give the most that there may be, and it "
                        "empties those that are not needed");
    if (!set.bayesian && asks_for_priors())
        return cor_fail(COR_EUSAGE,
                        "--weight-prior, --weight-concentration, "
                        "--mean-precision and --degrees-of-freedom are priors: "
                        "they need --bayesian");
    if (!is_word(set.init) && !strpbrk(set.init, "./"))
        return cor_fail(COR_EUSAGE,
                        "--init takes kmeans, k-means++, random or a file of "
                        "means; %s is none of the words (were it a file: "
                        "./%s)",
                        set.init, set.init);
    if (!is_word(set.init) && least != most)
        return cor_fail(COR_EUSAGE,
                        "--init %s gives the means of one number of "
                        "components: --components cannot be a range",
                        set.init);
    return COR_OK;
}

static int check_means(const job *j, const cor_matrix *means)
{
    int64_t components = j->point[0].components;
    if (means->rows == components && means->columns == j->size.columns)
        return COR_OK;
    return cor_fail(COR_EDATA,
                    "%s has %lld rows of %lld columns, but the means of %lld "
                    "components of a matrix of %lld columns are wanted",
                    set.init, (long long)means->rows, (long long)means->columns,
                    (long long)components, (long long)j->size.columns);
}

/* The means of --init FILE, all on every rank. */
static int read_means(job *j)
{
    const cor_team *team = j->command->team;
    const cor_ingest_matrix_options wanted = {.type = COR_MATRIX_FLOAT64};
    cor_ingest_matrix_report report;
    cor_matrix means;
    int64_t total;
    if (is_word(set.init))
        return COR_OK;
    COR_TRY(
        cor_ingest_matrix(team, &set.init, 1, &wanted, NULL, &means, &report));
    int rc = check_means(j, &means);
    if (rc == COR_OK)
        rc = cor_team_collect(team, means.value, means.count * means.columns,
                              sizeof *j->means, &j->means, &total);
    cor_matrix_free(&means);
    j->options.means = j->means;
    return rc;
}

static cor_gmm_options fit_options(const job *j)
{
    cor_gmm_options o = cor_gmm_options_default();
    o.components = j->point[0].components;
    o.covariance = j->point[0].covariance;
    o.init = init_of(set.init);
    o.starts = set.starts;
    o.tries = set.tries;
    o.tol = set.tol;
    o.max_iter = set.max_iter;
    o.reg_covar = set.reg_covar;
    o.bayesian = set.bayesian;
    o.distribution = strcmp(set.weight_prior, "distribution") == 0;
    o.weight_concentration = set.concentration;
    o.mean_precision = set.mean_precision;
    o.degrees_of_freedom = set.freedom;
    o.seed = j->command->seed;
    o.checkpoint = checkpoint_set.path;
    o.checkpoint_minutes = checkpoint_in_minutes();
    o.resume = checkpoint_set.resume;
    o.data_digest = j->size.digest;
    return o;
}

static void append_reals(cor_result *list, const double *number, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        cor_result_append_real(list, number[i]);
}

static void report_point(const cor_gmm_point *p, cor_result *row)
{
    cor_result_text(row, "covariance", cor_covariance_name(p->covariance));
    cor_result_int(row, "components", p->components);
    if (p->status != COR_OK) {
        cor_result_text(row, "error", p->message);
        return;
    }
    cor_result_real(row, "bic", p->bic);
    cor_result_real(row, "aic", p->aic);
    cor_result_real(row, "lower_bound", p->lower_bound);
    cor_result_bool(row, "converged", p->converged);
    cor_result_int(row, "n_iter", p->iterations);
}

/* Components that more than one row in a hundred belongs to. */
static int64_t count_effective(const cor_mixture *m)
{
    int64_t count = 0;
    for (int64_t k = 0; k < m->components; k++)
        count += m->weight[k] > 0.01;
    return count;
}

static void report(const job *j, const cor_mixture *m, const cor_gmm_fit *fit)
{
    cor_result *result = j->command->result;
    int64_t d = m->columns;
    cor_result_text(result, "job", "gmm");
    cor_result_text(result, "covariance",
                    cor_covariance_name(m->covariance_type));
    cor_result_int(result, "components", m->components);
    cor_result_int(result, "rows", m->rows);
    cor_result_int(result, "iterations", fit->iterations);
    cor_result_int(result, "n_iter", fit->iterations);
    cor_result_bool(result, "converged", fit->converged);
    cor_result_int(result, "starts", fit->starts);
    cor_result_int(result, "starts_failed", fit->failed);
    cor_result_real(result, "seconds", fit->seconds);
    cor_result_real(result, "lower_bound", fit->lower_bound);
    cor_result_real(result, "mean_log_density", fit->mean_density);
    if (m->bayesian) {
        cor_result_int(result, "effective", count_effective(m));
    } else {
        cor_result_real(result, "bic", fit->bic);
        cor_result_real(result, "aic", fit->aic);
    }
    append_reals(cor_result_list(result, "history"), fit->history,
                 fit->iterations);
    append_reals(cor_result_list(result, "weights"), m->weight, m->components);
    cor_result *means = cor_result_list(result, "means");
    for (int64_t k = 0; k < m->components; k++)
        append_reals(cor_result_append_list(means), m->mean + k * d, d);
    if (set.refit > 0) {
        cor_result *refit = cor_result_object(result, "refit");
        cor_result_real(refit, "percent", j->refit.percent);
        cor_result_int(refit, "dropped", j->refit.dropped);
        cor_result_real(refit, "threshold", j->refit.threshold);
        cor_result_real(refit, "lower_bound_before", j->refit.lower_bound);
    }
    cor_result_text(result, "digest", m->digest);
    if (j->points == 1)
        return;
    cor_result *table = cor_result_list(result, "table");
    for (int64_t i = 0; i < j->points; i++)
        report_point(&j->point[i], cor_result_append_object(table));
}

static void note_quality(const job *j, const cor_gmm_fit *fit)
{
    if (!fit->converged && set.tol > 0)
        cor_progress_note(j->command->progress,
                          "not converged after %lld iterations; raise "
                          "--max-iter or --tol",
                          (long long)fit->iterations);
}

/* The second stage of --refit: a fit of the kind that was chosen. */
static int fit_again(job *j, const cor_gmm_point *point, cor_mixture *mixture,
                     cor_gmm_fit *how)
{
    char checkpoint[4096], digest[32];
    cor_command *command = j->command;
    cor_gmm_options again = j->options;
    snprintf(checkpoint, sizeof checkpoint, "%s.refit", j->options.checkpoint);
    snprintf(digest, sizeof digest, "%s%%%g", j->size.digest, set.refit);
    again.checkpoint = checkpoint;
    again.data_digest = digest;
    again.components = point->components;
    again.covariance = point->covariance;
    j->refit.percent = set.refit;
    return cor_gmm_fit_again(command->team, command->input[0], &again,
                             &j->refit, command->progress, mixture, how);
}

static int fit(job *j)
{
    cor_command *command = j->command;
    cor_mixture mixture;
    cor_gmm_fit how;
    int64_t best;
    enum cor_gmm_criterion criterion =
        strcmp(set.select, "bic") == 0 ? COR_GMM_BIC : COR_GMM_AIC;
    COR_TRY(cor_gmm_select(command->team, command->input[0], &j->options,
                           criterion, j->point, j->points, command->progress,
                           &mixture, &how, &best));
    int rc = COR_OK;
    if (set.refit > 0 && !how.stopped)
        rc = fit_again(j, &j->point[best], &mixture, &how);
    if (rc == COR_OK && how.stopped)
        rc = cor_fail(COR_ESTOPPED,
                      "stopped on request; run the same command with --resume "
                      "to go on from the checkpoint in %s",
                      j->options.checkpoint);
    if (rc == COR_OK)
        rc = cor_mixture_write(command->team, command->output, &command->file,
                               &mixture);
    if (rc == COR_OK) {
        note_quality(j, &how);
        report(j, &mixture, &how);
    }
    cor_mixture_free(&mixture);
    cor_gmm_fit_free(&how);
    return rc;
}

static int plan_and_fit(job *j)
{
    cor_command *command = j->command;
    cor_plan plan =
        cor_gmm_plan(command->team, &j->size, &j->options, j->point, j->points);
    COR_TRY(cor_command_plan(command, &plan));
    COR_TRY(store_try_output(command, command->output));
    COR_TRY(cor_stop_on_signal(checkpoint_set.signal));
    COR_TRY(read_means(j));
    return fit(j);
}

static int run(cor_command *command)
{
    job j = {.command = command};
    COR_TRY(cor_command_inputs(command, 1, 1));
    COR_TRY(cor_command_needs_output(command));
    COR_TRY(checkpoint_in_check(command));
    if (!(set.refit >= 0 && set.refit < 100))
        return cor_fail(COR_EUSAGE,
                        "--refit %g: give the share of the rows to drop, in "
                        "percent, above 0 and below 100",
                        set.refit);
    COR_TRY(cor_matrix_measure(command->team, command->input[0], &j.size));
    int rc = cor_agree(command->team, list_points(&j));
    if (rc == COR_OK) {
        j.options = fit_options(&j);
        rc = plan_and_fit(&j);
    }
    cor_free(j.point);
    cor_free(j.means);
    return rc;
}

const cor_job cor_job_gmm = {
    .name = "gmm",
    .summary = "Gaussian mixture by expectation-maximisation",
    .usage = "[options] MATRIX -o MODEL",
    .description =
        "Describes the rows of a matrix as drawn from some Gaussians, each "
        "with a weight, a mean and a covariance. The definitions are those of "
        "scikit-learn's GaussianMixture; the lower bound is the mean log "
        "density of a row.\n"
        "\n"
        "  coracle gmm points.h5 --components 3 --n-init 10 -o model.h5\n"
        "  coracle gmm points.h5 --components 1:10 --covariance all \\\n"
        "      --select bic --n-init 10 -o model.h5\n"
        "\n"
        "A range of components, or --covariance all, fits each choice, spread "
        "over the ranks, prints a table and keeps the one with the least BIC "
        "or AIC; a choice that cannot be fitted is marked in it. Columns "
        "measured in different units should be ingested with --standardize. "
        "A SIGUSR1 finishes the iteration in hand, writes a checkpoint and "
        "leaves with 75; the same command with --resume goes on, on any "
        "number of ranks, to the same bits. With --checkpoint DIR finished "
        "choices are kept there too.\n"
        "\n"
        "--refit 4 is for data with outliers in it: when the best mixture is "
        "found, the 4 % of the rows that are the least dense under it are "
        "dropped, and a mixture of the same kind is fitted to the others.",
    .options = options,
    .run = run};
