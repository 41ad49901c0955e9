#include "training_in.h"

int training_in_check(const cor_command *command, int64_t early_stop,
                      const char *valid)
{
    COR_TRY(cor_command_inputs(command, 1, 1));
    COR_TRY(cor_command_needs_output(command));
    if (early_stop && !valid)
        return cor_fail(COR_EUSAGE, "--early-stop needs --valid to judge by");
    return COR_OK;
}

int training_in_read(const cor_command *command, const char *valid,
                     training_in *in)
{
    const cor_interactions_parts parts = {
        .value = true, .user_id = true, .item_id = true, .item_title = true};
    const cor_interactions_parts valid_parts = {
        .value = true, .user_id = true, .item_id = true};
    *in = (training_in){0};
    int rc = cor_interactions_read(command->team, command->input[0], &parts,
                                   &in->data);
    if (rc == COR_OK && valid) {
        in->valid = &in->valid_data;
        rc = cor_interactions_read(command->team, valid, &valid_parts,
                                   &in->valid_data);
    }
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

void training_in_report(const char *name, double rmse, double mae,
                        cor_result *result)
{
    cor_result *errors = cor_result_object(result, name);
    cor_result_real(errors, "rmse", rmse);
    cor_result_real(errors, "mae", mae);
}
