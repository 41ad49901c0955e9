#include "store_rows.h"

#include "coracle/memory.h"
#include "coracle/split.h"
#include "stores.h"

int store_rows_use(cor_command *command,
                   int (*use)(cor_command *command,
                              const cor_interactions *data))
{
    cor_interactions_summary summary;
    cor_interactions data = {0};
    COR_TRY(store_measure(command, command->input[0], &summary));
    cor_plan plan = cor_split_plan(command->team, &summary);
    COR_TRY(cor_command_plan(command, &plan));
    if (command->output)
        COR_TRY(store_try_output(command, command->output));
    int rc = cor_interactions_read(command->team, command->input[0],
                                   &cor_interactions_all, &data);
    if (rc == COR_OK)
        rc = use(command, &data);
    cor_interactions_free(&data);
    return rc;
}

static int write_rows(cor_command *command, const cor_interactions *data,
                      uint8_t *keep)
{
    cor_interactions_summary summary;
    COR_TRY(cor_rows_write(command->team, data, keep, command->output,
                           &command->file, &summary));
    cor_result_int(command->result, "read", cor_shards_rows(data->row_shards));
    cor_result_int(command->result, "kept", summary.interactions);
    return COR_OK;
}

int store_rows_keep(cor_command *command, const cor_interactions *data,
                    int (*find)(cor_command *command,
                                const cor_interactions *data, uint8_t *keep))
{
    uint8_t *keep = NULL;
    int rc = cor_agree(command->team, COR_NEW_ZEROED(&keep, data->rows));
    if (rc == COR_OK)
        rc = find(command, data, keep);
    if (rc == COR_OK)
        rc = write_rows(command, data, keep);
    cor_free(keep);
    return rc;
}
