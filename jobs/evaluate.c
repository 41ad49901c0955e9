#include "jobs.h"
#include "ratings_in.h"

#include "coracle/evaluate.h"

static struct {
    const char *columns;
} set;

static const cor_option options[] = {
    {"columns", 0, COR_OPTION_TEXT, &set.columns, "NAME=COLUMN,...",
     "where user, item and value stand, where TEST is a text file"},
    COR_OPTIONS_END};

static int plan(const cor_command *command, cor_plan *plan)
{
    COR_TRY(ratings_in_plan_model(command, command->input[0], plan));
    return ratings_in_plan(command, command->input[1], set.columns, plan);
}

static void report(const cor_error *error, cor_result *result)
{
    cor_result_int(result, "n", error->n);
    cor_result_int(result, "unknown", error->unknown);
    cor_result_real(result, "rmse", error->rmse);
    cor_result_real(result, "mae", error->mae);
}

static int evaluate(cor_command *command)
{
    cor_model model = {0};
    cor_interactions test = {0};
    cor_error error;
    int rc = cor_model_read(command->team, command->input[0], &model);
    if (rc == COR_OK)
        rc = ratings_in_read(command, command->input[1], set.columns, false,
                             &test);
    if (rc == COR_OK)
        rc = cor_evaluate_error(command->team, &model, &test, &error);
    if (rc == COR_OK)
        report(&error, command->result);
    cor_interactions_free(&test);
    cor_model_free(&model);
    return rc;
}

static int run(cor_command *command)
{
    cor_plan needs;
    COR_TRY(cor_command_inputs(command, 2, 2));
    COR_TRY(plan(command, &needs));
    if (command->plan) {
        cor_plan_report(command->team, &needs, command->result);
        return COR_OK;
    }
    COR_TRY(cor_plan_check(command->team, &needs));
    return evaluate(command);
}

const cor_job cor_job_evaluate = {
    .name = "evaluate",
    .summary = "error of a model on interactions that training has not seen",
    .usage = "[options] MODEL TEST",
    .description =
        "Predicts every interaction of TEST, a store or a text file with a "
        "header, and gives the root mean squared and the mean absolute error. "
        "Predictions are clipped to the range of the training values.\n"
        "\n"
        "  coracle evaluate model.h5 test.h5 --json\n"
        "\n"
        "`unknown` counts the pairs whose user or item had no training "
        "ratings: they are predicted from what is known of the other, by its "
        "bias or else its mean, and by the mean of all where nothing is.",
    .options = options,
    .run = run,
    .result_is_output = true};
