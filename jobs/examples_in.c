#include "examples_in.h"

#include "stores.h"

void examples_in_report(const cor_examples_summary *summary, cor_result *result)
{
    cor_result_int(result, "rows", summary->rows);
    cor_result_int(result, "features", summary->features);
    cor_result_int(result, "nonzeros", summary->nonzeros);
    cor_result *labels = cor_result_object(result, "labels");
    cor_result_real(labels, "min", summary->label_min);
    cor_result_real(labels, "max", summary->label_max);
    cor_result_real(labels, "mean", summary->label_mean);
    cor_result_int(result, "shards", summary->shards);
    cor_result_text(result, "digest", summary->digest);
}

static int plan(const cor_command *command,
                const cor_ingest_examples_options *options)
{
    cor_plan needs;
    COR_TRY(cor_ingest_examples_plan(command->team, command->input,
                                     command->inputs, options, &needs));
    return cor_command_plan(command, &needs);
}

int examples_in_ingest(const cor_command *command,
                       const cor_ingest_examples_options *options,
                       bool compress)
{
    cor_examples data;
    cor_examples_summary summary;
    cor_ingest_examples_report found;
    cor_file_options file = command->file;
    if (command->plan)
        return plan(command, options);
    file.compress = compress;
    COR_TRY(store_try_output(command, command->output));
    COR_TRY(cor_ingest_examples(command->team, command->input, command->inputs,
                                options, command->progress, &data, &found));
    int rc = cor_examples_write(command->team, command->output, &file, &data,
                                &summary);
    cor_examples_free(&data);
    COR_TRY(rc);
    examples_in_report(&summary, command->result);
    cor_result_int(command->result, "rejected", found.rejected);
    return COR_OK;
}

int examples_in_show(const cor_command *command, const cor_file *file)
{
    cor_examples_summary summary;
    COR_TRY(cor_examples_summarise(file, &summary));
    examples_in_report(&summary, command->result);
    cor_result_bool(command->result, "named", summary.named);
    if (!cor_file_has_attribute(file, "scales/kind"))
        return COR_OK;
    char kind[16];
    COR_TRY(cor_file_get_text(file, "scales/kind", kind, sizeof kind));
    cor_result_text(command->result, "scale", kind);
    return COR_OK;
}
