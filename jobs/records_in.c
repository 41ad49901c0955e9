#include "records_in.h"

#include <stdio.h>
#include <string.h>

static bool skips(const records_in *set)
{
    return strcmp(set->on_error, "skip") == 0;
}

int records_in_open(const cor_command *command, const records_in *set,
                    cor_records **records)
{
    cor_records_options o = {
        .delimiter = set->delimiter, .skip = skips(set), .parts = set->parts};
    if (strcmp(set->format, "jsonl") == 0)
        o.format = COR_RECORDS_JSONL;
    if (strcmp(set->format, "csv") == 0)
        o.format = COR_RECORDS_CSV;
    return cor_records_open(command->team, command->input, command->inputs, &o,
                            records);
}

int records_in_plan(cor_command *command, const cor_records *records,
                    int64_t more, bool writes)
{
    cor_plan plan = {.bytes_rank =
                         cor_plan_base() + cor_records_memory(records) + more,
                     .bytes_disk = writes ? cor_records_bytes(records) : 0};
    return cor_command_plan(command, &plan);
}

int records_in_check_output(const char *path)
{
    size_t plain = cor_records_plain_length(path);
    if (!path[plain])
        return COR_OK;
    return cor_fail(COR_EUSAGE,
                    "records are written as plain text: give the output %s a "
                    "name without %s and pack it afterwards",
                    path, path + plain);
}

int records_in_kind(const cor_command *command, bool *store)
{
    *store = false;
    for (int i = 0; i < command->inputs; i++) {
        bool one;
        COR_TRY(cor_records_is_store(command->team, command->input[i], &one));
        if (one && command->inputs > 1)
            return cor_fail(COR_EUSAGE,
                            "%s is a store: give one store, or files of "
                            "records",
                            command->input[i]);
        *store |= one;
    }
    return COR_OK;
}

int records_in_path(const char *option, const char *text, cor_path *path)
{
    size_t wrong;
    int rc = cor_path_parse(text, strlen(text), path, &wrong);
    if (rc != COR_EUSAGE)
        return rc;
    char what[256];
    snprintf(what, sizeof what, "%s", cor_message());
    return cor_fail(COR_EUSAGE, "--%s: %s\n  %s\n  %*s^", option, what, text,
                    (int)wrong, "");
}

static int write_some(cor_command *command, const records_in *set,
                      cor_records *records,
                      int (*keep)(cor_command *command, cor_records *records,
                                  cor_sink *sink, cor_keep_count *count))
{
    cor_sink *sink = NULL;
    cor_keep_count count;
    cor_sink_way way = cor_records_way(records);
    COR_TRY(cor_sink_create(command->team, &way, &command->output, 1,
                            command->force, &sink));
    int rc = keep(command, records, sink, &count);
    if (rc == COR_OK)
        rc = cor_sink_commit(&sink);
    cor_sink_abandon(&sink);
    if (rc != COR_OK)
        return rc;
    cor_result_int(command->result, "read", count.read);
    cor_result_int(command->result, "kept", count.kept);
    records_in_report(set, count.rejected, command->result);
    return COR_OK;
}

int records_in_keep(cor_command *command, const records_in *set,
                    int (*keep)(cor_command *command, cor_records *records,
                                cor_sink *sink, cor_keep_count *count))
{
    cor_records *records = NULL;
    COR_TRY(records_in_check_output(command->output));
    COR_TRY(records_in_open(command, set, &records));
    int rc = records_in_plan(command, records, 0, true);
    if (rc == COR_OK)
        rc = write_some(command, set, records, keep);
    cor_records_close(&records);
    return rc;
}

void records_in_report(const records_in *set, int64_t rejected,
                       cor_result *result)
{
    if (skips(set))
        cor_result_int(result, "rejected", rejected);
}
