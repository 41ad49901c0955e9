#include "training_in.h"

#include "coracle/stop.h"
#include "stores.h"

#include <stdio.h>

training_options training_set;

int training_in_measure(const cor_command *command, training_in *in)
{
    cor_interactions_summary valid = {0};
    *in = (training_in){0};
    COR_TRY(cor_command_inputs(command, 1, 1));
    COR_TRY(cor_command_needs_output(command));
    if (training_set.early_stop && !training_set.valid)
        return cor_fail(COR_EUSAGE, "--early-stop needs --valid to judge by");
    COR_TRY(checkpoint_in_check(command));
    COR_TRY(store_measure(command, command->input[0], &in->size));
    if (training_set.valid)
        COR_TRY(store_measure(command, training_set.valid, &valid));
    in->valid_rows = valid.interactions;
    return COR_OK;
}

cor_course_options training_in_course(const training_in *in)
{
    return (cor_course_options){.early_stop = training_set.early_stop,
                                .checkpoint = checkpoint_set.path,
                                .checkpoint_minutes = checkpoint_in_minutes(),
                                .resume = checkpoint_set.resume,
                                .data_digest = in->size.digest};
}

static int read_both(const cor_command *command, training_in *in)
{
    cor_interactions_parts parts = {
        .value = true, .user_id = true, .item_id = true, .item_title = true};
    COR_TRY(cor_interactions_read(command->team, command->input[0], &parts,
                                  &in->data));
    if (!training_set.valid)
        return COR_OK;
    parts.item_title = false;
    in->valid = &in->valid_data;
    return cor_interactions_read(command->team, training_set.valid, &parts,
                                 &in->valid_data);
}

int training_in_read(const cor_command *command, training_in *in)
{
    COR_TRY(store_try_output(command, command->output));
    COR_TRY(cor_stop_on_signal(checkpoint_set.signal));
    int rc = read_both(command, in);
    if (rc != COR_OK)
        training_in_free(in);
    return rc;
}

void training_in_free(training_in *in)
{
    cor_interactions_free(&in->data);
    cor_interactions_free(&in->valid_data);
    in->valid = NULL;
}

int training_in_write(const cor_command *command, cor_model *model,
                      const cor_course *course, const char *step)
{
    char name[32];
    cor_result *result = command->result;
    if (course->stopped)
        return checkpoint_in_stopped(step, course->steps);
    COR_TRY(
        cor_model_write(command->team, command->output, &command->file, model));
    cor_result_text(result, "job", command->job);
    snprintf(name, sizeof name, "%ss", step);
    cor_result_int(result, name, course->steps);
    snprintf(name, sizeof name, "best_%s", step);
    cor_result_int(result, name, course->best);
    cor_result_real(result, "seconds", course->seconds);
    training_in_report_list("history", course->history, course->steps, result);
    return COR_OK;
}

void training_in_report_list(const char *name, const double *number,
                             int64_t steps, cor_result *result)
{
    cor_result *list = cor_result_list(result, name);
    for (int64_t t = 0; t < steps; t++)
        cor_result_append_real(list, number[t]);
}

void training_in_report_errors(const cor_course *course, bool of_ratings,
                               cor_result *result)
{
    if (of_ratings)
        training_in_report_error("train", course->train_rmse, course->train_mae,
                                 result);
    if (course->has_valid)
        training_in_report_error("valid", course->valid_rmse, course->valid_mae,
                                 result);
}

void training_in_report_error(const char *name, double rmse, double mae,
                              cor_result *result)
{
    cor_result *errors = cor_result_object(result, name);
    cor_result_real(errors, "rmse", rmse);
    cor_result_real(errors, "mae", mae);
}
