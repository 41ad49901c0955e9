#include "jobs.h"

#include "coracle/keep.h"
#include "records_in.h"
#include "store_rows.h"

#include <limits.h>
#include <math.h>

static struct {
    double fraction;
    records_in in;
} set = {.fraction = (double)NAN, .in = RECORDS_IN};

static const cor_option options[] = {
    {"fraction", 0, COR_OPTION_REAL, &set.fraction, "F",
     "the probability with which each record is kept, 0 to 1"},
    RECORDS_OPTIONS(set.in),
    RECORDS_PARTS(set.in),
    COR_OPTIONS_END};

static int find_rows(cor_command *command, const cor_interactions *data,
                     uint8_t *keep)
{
    cor_rows_fraction(command->team, data, set.fraction, command->seed, keep);
    return COR_OK;
}

static int sample_store(cor_command *command, const cor_interactions *data)
{
    return store_rows_keep(command, data, find_rows);
}

static int keep(cor_command *command, cor_records *records, cor_sink *sink,
                cor_keep_count *count)
{
    return cor_keep_fraction(records, set.fraction, command->seed, sink,
                             command->progress, count);
}

static int run(cor_command *command)
{
    bool store;
    COR_TRY(cor_command_inputs(command, 1, INT_MAX));
    COR_TRY(cor_command_needs_output(command));
    if (isnan(set.fraction))
        return cor_fail(COR_EUSAGE, "needs --fraction F, such as 0.1");
    COR_TRY(cor_keep_check(set.fraction));
    COR_TRY(records_in_kind(command, &store));
    return store ? store_rows_use(command, sample_store)
                 : records_in_keep(command, &set.in, keep);
}

const cor_job cor_job_sample = {
    .name = "sample",
    .summary = "keep some of the records by chance",
    .usage = "[options] FILE... -o FILE --fraction F",
    .description =
        "Keeps each record (JSON lines, CSV, plain or packed; a row of a "
        "store) with probability F, by --seed and the number of the record: "
        "the same ones on any number of ranks. Their bytes and their order "
        "stay. Records are not taken apart, so a bad one passes as it is.\n"
        "\n"
        "  coracle sample postings.jsonl -o some.jsonl --fraction 0.01\n"
        "  mpirun -n 4 coracle sample a.csv.gz b.csv.gz -o some.csv \\\n"
        "      --fraction 0.1 --seed 7",
    .options = options,
    .run = run};
