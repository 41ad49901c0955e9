#include "jobs.h"

#include "coracle/profile.h"
#include "examples_in.h"
#include "info_kept.h"
#include "matrix_in.h"
#include "stores.h"

#include <string.h>

static const cor_option options[] = {COR_OPTIONS_END};

static int show_interactions(cor_command *command,
                             const cor_interactions_summary *summary)
{
    const cor_interactions_parts parts = {.value = true, .kept = true};
    const cor_team *team = command->team;
    cor_interactions data = {0};
    store_report(summary, command->result);
    int rc = cor_interactions_read(team, command->input[0], &parts, &data);
    if (rc == COR_OK)
        rc = cor_profile(team, &data, summary, command->result);
    if (rc == COR_OK && data.kept.count)
        info_kept_show(team, &data, command->result);
    cor_interactions_free(&data);
    return rc;
}

/* An attribute where it is there, of any type. */
static void show_attribute(const cor_file *file, const char *name,
                           cor_result *result)
{
    char text[512];
    int64_t whole;
    double real;
    if (!cor_file_has_attribute(file, name))
        return;
    if (cor_file_get_text(file, name, text, sizeof text) == COR_OK)
        cor_result_text(result, name, text);
    else if (cor_file_get_int64(file, name, &whole) == COR_OK)
        cor_result_int(result, name, whole);
    else if (cor_file_get_double(file, name, &real) == COR_OK)
        cor_result_real(result, name, real);
}

static void show_rows(const cor_file *file, const char *dataset,
                      const char *key, cor_result *result)
{
    enum cor_type type;
    int64_t width, rows, columns;
    if (cor_file_has(file, dataset) &&
        cor_file_shape(file, dataset, &type, &width, &rows, &columns) == COR_OK)
        cor_result_int(result, key, rows);
}

static void show_model(const cor_file *file, cor_result *result)
{
    static const char *const name[] = {
        "model",         "factors",
        "bias",          "mean",
        "value_min",     "value_max",
        "reg",           "reg_bias",
        "reg_scale",     "between",
        "similarity",    "neighbors",
        "min_neighbors", "min_support",
        "shrinkage",     "keep",
        "similarities",  "iterations",
        "epochs",        "train_rmse",
        "valid_rmse",    "family",
        "components",    "columns",
        "rows",          "whiten",
        "solver",        "explained_variance_total",
        "digest"};
    for (size_t i = 0; i < sizeof name / sizeof *name; i++)
        show_attribute(file, name[i], result);
    show_rows(file, "/users/id", "users", result);
    show_rows(file, "/items/id", "items", result);
}

static void show_origin(const cor_file *file, cor_result *result)
{
    static const char *const name[] = {"version", "created_by", "command",
                                       "seed"};
    cor_result_text(result, "kind", cor_file_kind(file));
    for (size_t i = 0; i < sizeof name / sizeof *name; i++)
        show_attribute(file, name[i], result);
}

static int run(cor_command *command)
{
    cor_file *file;
    cor_interactions_summary summary;
    COR_TRY(cor_command_inputs(command, 1, 1));
    COR_TRY(cor_file_open(command->team, command->input[0], NULL, &file));
    bool interactions = strcmp(cor_file_kind(file), "interactions") == 0;
    bool matrix = strcmp(cor_file_kind(file), "matrix") == 0;
    bool examples = strcmp(cor_file_kind(file), "examples") == 0;
    int rc = COR_OK;
    show_origin(file, command->result);
    if (interactions)
        rc = cor_interactions_summarise(command->team, file, &summary);
    else if (examples)
        rc = examples_in_show(command, file);
    else if (!matrix)
        show_model(file, command->result);
    cor_file_close(&file);
    if (rc == COR_OK && interactions)
        rc = show_interactions(command, &summary);
    if (rc == COR_OK && matrix)
        rc = matrix_in_show(command, command->input[0]);
    return rc;
}

const cor_job cor_job_info = {
    .name = "info",
    .summary = "what a store or a model holds",
    .usage = "[options] STORE|MODEL",
    .description =
        "Prints what a file holds and how it was made. For interactions: the "
        "counts, the histogram of the values (each value where there are at "
        "most 100, else 20 equal bins), and the quantiles of how many "
        "interactions a user and an item have, of those that have any; and of "
        "each further column that it keeps how many categories or what range "
        "of numbers, and how many rows have none. For a matrix: its size, "
        "type, and the range, mean and deviation of each "
        "column (of at most 100). For examples: rows, features, and their "
        "labels. For a model: its kind, size and "
        "parameters.\n"
        "\n"
        "  coracle info ratings.h5",
    .options = options,
    .run = run,
    .result_is_output = true};
