#include "jobs.h"
#include "plot_mixture.h"
#include "plot_numbers.h"

#include "coracle/memory.h"
#include "coracle/pca.h"

#include <stdio.h>
#include <string.h>

static struct {
    const char *columns;
    int64_t points;
    double anomalies;
} set = {.points = 5000};

static const cor_option options[] = {
    {"columns", 0, COR_OPTION_TEXT, &set.columns, "A,B",
     "a mixture's two columns to show, from 1 (1,2)"},
    {"points", 0, COR_OPTION_INT, &set.points, "N",
     "rows to show at most, drawn from all"},
    {"anomalies", 0, COR_OPTION_REAL, &set.anomalies, "PERCENT",
     "mark this share of the rows, the least dense; 0: none"},
    COR_OPTIONS_END};

/* ---- components ---- */

static int plot_components(const cor_command *command, cor_plot *plot)
{
    cor_pca pca;
    double sum = 0;
    COR_TRY(cor_pca_read(command->team, command->input[0], &pca));
    cor_plot_add(plot, "$shares << END\n");
    for (int64_t k = 0; k < pca.components; k++) {
        sum += pca.ratio[k];
        cor_plot_add(plot, "%lld %.9g %.9g\n", (long long)k + 1,
                     100 * pca.ratio[k], 100 * sum);
    }
    cor_plot_add(
        plot,
        "END\nset title 'Explained variance'\nset xlabel 'component'\n"
        "set ylabel '%% of the variance'\nset yrange [0:*]\n"
        "set xrange [.3:%lld.7]\nset key center right\n"
        "set grid y lc rgb '#eeeeee'\nset style fill solid .8\n"
        "plot $shares using 1:2 with boxes lc rgb '#56b4e9' title 'each', "
        "$shares using 1:3 with %s lw 2 pt 7 ps .6 lc rgb '#d55e00' title "
        "'together'\n",
        (long long)pca.components,
        pca.components > 60 ? "lines" : "linespoints");
    cor_pca_free(&pca);
    return COR_OK;
}

/* ---- mixtures ---- */

static int choose_columns(const cor_mixture *mixture, int64_t column[2])
{
    int count;
    column[0] = 1;
    column[1] = 2;
    if (set.columns)
        COR_TRY(cor_command_ints(set.columns, "columns", 2, column, &count));
    if ((set.columns && count != 2) || column[0] == column[1] ||
        column[0] < 1 || column[1] < 1 || column[0] > mixture->columns ||
        column[1] > mixture->columns)
        return cor_fail(COR_EUSAGE,
                        "--columns: give two different columns of the %lld "
                        "that the model has, as 1,2",
                        (long long)mixture->columns);
    column[0]--;
    column[1]--;
    return COR_OK;
}

static int plot_rows(const cor_command *command, const cor_mixture *mixture,
                     cor_plot *plot)
{
    plot_mixture how = {.points = set.points, .anomalies = set.anomalies};
    cor_matrix matrix = {0};
    if (command->inputs < 2)
        return cor_fail(COR_EUSAGE, "the picture of a mixture shows the rows "
                                    "too: give MODEL MATRIX");
    COR_TRY(choose_columns(mixture, how.column));
    COR_TRY(cor_matrix_read(command->team, command->input[1], &matrix));
    int rc = COR_OK;
    if (matrix.columns != mixture->columns)
        rc = cor_fail(COR_EDATA, "%s has %lld columns, the model %lld",
                      command->input[1], (long long)matrix.columns,
                      (long long)mixture->columns);
    if (rc == COR_OK)
        rc = plot_mixture_build(command, &how, mixture, &matrix, plot);
    cor_matrix_free(&matrix);
    return rc;
}

static int plot_gaussians(const cor_command *command, cor_plot *plot)
{
    cor_mixture mixture;
    COR_TRY(cor_mixture_read(command->team, command->input[0], &mixture));
    int rc = plot_rows(command, &mixture, plot);
    cor_mixture_free(&mixture);
    return rc;
}

/* ---- the job ---- */

static int plot_model(const cor_command *command, cor_plot *plot)
{
    cor_file *file = NULL;
    char model[16];
    COR_TRY(cor_file_open(command->team, command->input[0], "model", &file));
    int rc = cor_file_get_text(file, "model", model, sizeof model);
    cor_file_close(&file);
    COR_TRY(rc);
    if (strcmp(model, "pca") == 0)
        return plot_components(command, plot);
    if (strcmp(model, "gmm") == 0)
        return plot_gaussians(command, plot);
    return cor_fail(COR_EUSAGE,
                    "a %s model has no picture; plot the log of its training "
                    "(--log)",
                    model);
}

static bool ends_in(const char *path, const char *ending)
{
    const char *dot = strrchr(path, '.');
    return dot && strcmp(dot, ending) == 0;
}

static bool is_log(const char *path)
{
    return ends_in(path, ".log") || ends_in(path, ".jsonl") ||
           ends_in(path, ".json");
}

static int build_and_draw(cor_command *command, cor_plot *plot)
{
    int rc;
    bool draws = cor_team_rank(command->team) == 0;
    const char *input = command->input[0];
    if (is_log(input))
        rc = cor_agree(command->team, draws ? plot_log(input, plot) : COR_OK);
    else if (ends_in(input, ".csv"))
        rc = cor_agree(command->team, draws ? plot_table(input, plot) : COR_OK);
    else
        rc = plot_model(command, plot);
    COR_TRY(rc);
    COR_TRY(cor_agree(command->team,
                      draws ? cor_plot_draw(plot, command->output) : COR_OK));
    cor_result_append_text(cor_result_list(command->result, "files"),
                           command->output);
    return COR_OK;
}

static int run(cor_command *command)
{
    cor_plot plot = {0};
    COR_TRY(cor_command_inputs(command, 1, 2));
    COR_TRY(cor_command_needs_output(command));
    COR_TRY(cor_plot_check(command->output));
    if (set.points < 1)
        return cor_fail(COR_EUSAGE, "--points must be 1 or more");
    COR_TRY(cor_command_try_output(command));
    int rc = build_and_draw(command, &plot);
    cor_plot_free(&plot);
    return rc;
}

const cor_job cor_job_plot = {
    .name = "plot",
    .summary = "pictures of mixtures, components, trainings and searches",
    .usage = "[options] MODEL|LOG|TABLE [MATRIX] -o FILE.svg|FILE.png",
    .description =
        "Draws, by gnuplot: of a mixture and its matrix the rows in two "
        "columns, ellipses of one and two standard deviations, contours of "
        "the density and the borders between components, anomalies marked "
        "where asked for; of principal components the explained variance; of "
        "the log that a job wrote with --log its metrics over the steps, or "
        "BIC and AIC over the components where it chose among mixtures; of the "
        "table that tune wrote the error over each setting.\n"
        "\n"
        "  coracle plot model.h5 rows.h5 --anomalies 4 -o mixture.svg\n"
        "  coracle plot pca.h5 -o variance.svg\n"
        "  coracle plot train.log -o training.png\n"
        "  coracle plot tune.csv -o tuning.svg",
    .options = options,
    .run = run};
