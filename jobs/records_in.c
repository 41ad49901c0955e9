#include "records_in.h"

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
                    int64_t more, bool writes, bool *stop)
{
    cor_plan plan = {.bytes_rank =
                         cor_plan_base() + cor_records_memory(records) + more,
                     .bytes_disk = writes ? cor_records_bytes(records) : 0};
    *stop = command->plan;
    if (!command->plan)
        return cor_plan_check(command->team, &plan);
    cor_plan_report(command->team, &plan, command->result);
    return COR_OK;
}

int records_in_check_output(const char *path)
{
    static const char *const packed[] = {".gz", ".zst", ".zstd"};
    size_t length = strlen(path);
    for (size_t i = 0; i < sizeof packed / sizeof *packed; i++) {
        size_t tail = strlen(packed[i]);
        if (length > tail && strcmp(path + length - tail, packed[i]) == 0)
            return cor_fail(COR_EUSAGE,
                            "records are written as plain text: give the "
                            "output %s a name without %s and pack it "
                            "afterwards",
                            path, packed[i]);
    }
    return COR_OK;
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

void records_in_report(const records_in *set, int64_t rejected,
                       cor_result *result)
{
    if (skips(set))
        cor_result_int(result, "rejected", rejected);
}
