#include "jobs.h"
#include "stores.h"

#include "coracle/pca.h"

#include <string.h>

static struct {
    double components;
    int64_t power_iterations, oversample;
    const char *solver;
    bool whiten;
} set = {.power_iterations = 7, .oversample = 10, .solver = "auto"};

static const cor_option options[] = {
    {"components", 'k', COR_OPTION_REAL, &set.components, "D|SHARE",
     "how many; below 1: the least number that explains more than this share "
     "of the variance; 0: all that can have any"},
    {"whiten", 0, COR_OPTION_FLAG, &set.whiten, NULL,
     "scores of variance 1 in `transform`"},
    {"solver", 0, COR_OPTION_WORDS, &set.solver, "auto|gram|small|randomized",
     "gram for rows >= columns, small for fewer; randomized where both are "
     "more than 4096 and components are few"},
    {"power-iterations", 0, COR_OPTION_INT, &set.power_iterations, "N",
     "randomized: more for variances that fall slowly"},
    {"oversample", 0, COR_OPTION_INT, &set.oversample, "N",
     "randomized: directions kept beside the components"},
    COR_OPTIONS_END};

static enum cor_pca_solver solver(void)
{
    enum cor_pca_solver s = COR_PCA_AUTO;
    while (strcmp(set.solver, cor_pca_solver_name(s)) != 0)
        s++;
    return s;
}

static void report_list(const char *key, const double *number, int64_t count,
                        cor_result *result)
{
    cor_result *list = cor_result_list(result, key);
    for (int64_t i = 0; i < count; i++)
        cor_result_append_real(list, number[i]);
}

static void report(const cor_pca *pca, double seconds, cor_result *result)
{
    cor_result_text(result, "job", "pca");
    cor_result_int(result, "rows", pca->rows);
    cor_result_int(result, "columns", pca->columns);
    cor_result_int(result, "components", pca->components);
    cor_result_text(result, "solver", cor_pca_solver_name(pca->solver));
    cor_result_bool(result, "whiten", pca->whiten);
    cor_result_real(result, "explained_variance_total", pca->total_ratio);
    cor_result_real(result, "noise_variance", pca->noise_variance);
    cor_result_real(result, "seconds", seconds);
    cor_result_text(result, "digest", pca->digest);
    report_list("explained_variance_ratio", pca->ratio, pca->components,
                result);
    report_list("explained_variance", pca->variance, pca->components, result);
}

static int fit(cor_command *command, const cor_pca_options *o)
{
    cor_matrix matrix = {0};
    cor_pca pca = {0};
    double began = 0, seconds = 0;
    int rc = cor_matrix_read(command->team, command->input[0], &matrix);
    if (rc == COR_OK) {
        began = cor_team_seconds();
        rc = cor_pca_fit(command->team, &matrix, o, command->progress, &pca);
        seconds = cor_team_seconds() - began;
    }
    cor_matrix_free(&matrix);
    if (rc == COR_OK)
        rc =
            cor_pca_write(command->team, command->output, &command->file, &pca);
    if (rc == COR_OK)
        report(&pca, seconds, command->result);
    cor_pca_free(&pca);
    return rc;
}

static int run(cor_command *command)
{
    cor_matrix_size size;
    cor_pca_options o = cor_pca_options_default();
    COR_TRY(cor_command_inputs(command, 1, 1));
    COR_TRY(cor_command_needs_output(command));
    COR_TRY(cor_matrix_measure(command->team, command->input[0], &size));
    o.components = set.components;
    o.solver = solver();
    o.whiten = set.whiten;
    o.power_iterations = set.power_iterations;
    o.oversample = set.oversample;
    o.seed = command->seed;
    cor_plan plan = cor_pca_plan(command->team, &size, &o);
    COR_TRY(cor_command_plan(command, &plan));
    COR_TRY(store_try_output(command, command->output));
    return fit(command, &o);
}

const cor_job cor_job_pca = {
    .name = "pca",
    .summary = "principal components of a matrix",
    .usage = "[options] MATRIX -o MODEL",
    .description =
        "Finds the orthogonal directions in which the rows of a matrix vary "
        "most. --components 20 keeps 20 of them; --components 0.99 the least "
        "number that explains more than 99% of the variance.\n"
        "\n"
        "  coracle pca faces.h5 --components 0.99 -o model.h5\n"
        "  coracle transform model.h5 faces.h5 -o scores.h5\n"
        "\n"
        "Columns are centred, not scaled: where they are measured in "
        "different units, ingest them with --standardize. A component's sign "
        "is such that its greatest entry is positive. Tall matrices are "
        "solved by the products of their columns, wide ones by those of their "
        "rows, both exactly; --solver randomized is for matrices that are "
        "both, and finds the first components to some digits.",
    .options = options,
    .run = run};
