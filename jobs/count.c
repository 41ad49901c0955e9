#include "jobs.h"

#include "coracle/tally.h"
#include "records_in.h"
#include "store_rows.h"

#include <limits.h>
#include <math.h>

static struct {
    int64_t number;
    const char *by;
    records_in in;
} set = {.in = RECORDS_IN};

static const cor_option options[] = {
    {"by", 0, COR_OPTION_TEXT, &set.by, "FIELD",
     "the field whose values count"},
    {"number", 'n', COR_OPTION_INT, &set.number, "N",
     "values to list, those with the most; 0: all"},
    RECORDS_OPTIONS(set.in),
    COR_OPTIONS_END};

static cor_path by;

static void set_value(cor_result *one, const cor_tally_value *value)
{
    if (value->kind == COR_FIELD_NULL)
        cor_result_real(one, "value", (double)NAN); /* null */
    else if (value->kind <= COR_FIELD_TRUE)
        cor_result_bool(one, "value", value->kind == COR_FIELD_TRUE);
    else if (value->kind == COR_FIELD_NUMBER && value->number.whole)
        cor_result_int(one, "value", value->number.integer);
    else if (value->kind == COR_FIELD_NUMBER)
        cor_result_real(one, "value", value->number.real);
    else
        cor_result_text(one, "value", value->text);
}

static int report(cor_command *command, cor_tally *tally, int64_t read)
{
    const cor_tally_value *value;
    int64_t values, distinct;
    COR_TRY(cor_tally_finish(tally, set.number, &value, &values, &distinct));
    cor_result_int(command->result, "read", read);
    cor_result_int(command->result, "missing", cor_tally_missing(tally));
    cor_result_int(command->result, "distinct", distinct);
    cor_result *list = cor_result_list(command->result, "values");
    for (int64_t i = 0; i < values; i++) {
        cor_result *one = cor_result_append_object(list);
        set_value(one, &value[i]);
        cor_result_int(one, "count", value[i].count);
    }
    return COR_OK;
}

static int count_rows(cor_command *command, const cor_interactions *data)
{
    cor_tally *tally = NULL;
    int threads = cor_team_threads(command->team);
    int rc = cor_agree(command->team,
                       cor_tally_create(command->team, threads, &tally));
    if (rc == COR_OK)
        rc = cor_rows_tally(command->team, data, &by, tally);
    if (rc == COR_OK)
        rc = report(command, tally, cor_shards_rows(data->row_shards));
    cor_tally_destroy(&tally);
    return rc;
}

static int count_records(cor_command *command, cor_records *records)
{
    cor_tally *tally = NULL;
    cor_records_count count;
    int slots = cor_records_slots(records);
    int rc = cor_agree(command->team,
                       cor_tally_create(command->team, slots, &tally));
    if (rc == COR_OK)
        rc = cor_tally_records(records, &by, tally, command->progress, &count);
    if (rc == COR_OK)
        rc = report(command, tally, count.read);
    if (rc == COR_OK)
        records_in_report(&set.in, count.rejected, command->result);
    cor_tally_destroy(&tally);
    return rc;
}

static int count_files(cor_command *command)
{
    cor_records *records = NULL;
    COR_TRY(records_in_open(command, &set.in, &records));
    int rc = records_in_plan(command, records, 0, false);
    if (rc == COR_OK)
        rc = count_records(command, records);
    cor_records_close(&records);
    return rc;
}

static int run(cor_command *command)
{
    bool store;
    COR_TRY(cor_command_inputs(command, 1, INT_MAX));
    if (!set.by)
        return cor_fail(COR_EUSAGE, "needs --by FIELD");
    if (set.number < 0)
        return cor_fail(COR_EUSAGE, "-n must be 0 or more");
    COR_TRY(records_in_kind(command, &store));
    COR_TRY(cor_agree(command->team, records_in_path("by", set.by, &by)));
    int rc = store ? store_rows_use(command, count_rows) : count_files(command);
    cor_path_free(&by);
    return rc;
}

const cor_job cor_job_count = {
    .name = "count",
    .summary = "count how many records have each value",
    .usage = "[options] FILE... --by FIELD",
    .description =
        "Counts the records (JSON lines, CSV, plain or packed; rows of a "
        "store) that have each value of a field, most first; equal counts in "
        "order of the values: null, false, true, numbers, texts.\n"
        "\n"
        "  coracle count postings.jsonl --by hiringOrganization.name -n 20\n"
        "  coracle count reviews.jsonl.gz --by overall --json\n"
        "  coracle count ratings.h5 --by value\n"
        "\n"
        "The result has `values` (a list of `value` and `count`), `distinct` "
        "(how many values in all) and `missing` (records without the field). "
        "5 and 5.0 are one value, 5 and \"5\" two; an array or an object "
        "counts by its text. Values are counted by the rank that their hash "
        "names; those that are listed stand on the first rank: -n bounds "
        "them. With -o the result is written there as JSON.",
    .options = options,
    .run = run,
    .result_is_output = true};
