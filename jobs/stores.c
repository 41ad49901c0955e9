#include "stores.h"

#include <unistd.h>

int store_measure(const cor_command *command, const char *path,
                  cor_interactions_summary *summary)
{
    cor_file *file = NULL;
    COR_TRY(cor_file_open(command->team, path, "interactions", &file));
    int rc = cor_interactions_summarise(command->team, file, summary);
    cor_file_close(&file);
    return rc;
}

int store_try_output(const cor_command *command, const char *path)
{
    cor_file *file = NULL;
    COR_TRY(cor_file_create(command->team, path, "interactions", &command->file,
                            &file));
    cor_file_close(&file);
    return COR_OK;
}

void store_remove_outputs(const cor_command *command, const char *const *path,
                          int paths)
{
    for (int i = 0; i < paths && cor_team_rank(command->team) == 0; i++)
        unlink(path[i]);
    cor_team_barrier(command->team);
}

void store_report(const cor_interactions_summary *summary, cor_result *result)
{
    double pairs = (double)summary->users * (double)summary->items;
    cor_result_int(result, "interactions", summary->interactions);
    cor_result_int(result, "users", summary->users);
    cor_result_int(result, "items", summary->items);
    cor_result_real(result, "density",
                    pairs > 0 ? (double)summary->interactions / pairs : 0.0);
    cor_result *value = cor_result_object(result, "value");
    cor_result_real(value, "min", summary->value_min);
    cor_result_real(value, "max", summary->value_max);
    cor_result_real(value, "mean", summary->value_mean);
    if (summary->has_time) {
        cor_result *time = cor_result_object(result, "time");
        cor_result_int(time, "min", summary->time_min);
        cor_result_int(time, "max", summary->time_max);
    }
    cor_result_int(result, "shards", summary->shards);
    cor_result_text(result, "digest", summary->digest);
}
