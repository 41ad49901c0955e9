#include "jobs.h"

#include "coracle/memory.h"
#include "coracle/text.h"
#include "coracle/top.h"
#include "records_in.h"
#include "store_rows.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static struct {
    int64_t number;
    cor_option_texts by;
    bool records, lowest;
    records_in in;
} set = {.number = 10, .in = RECORDS_IN};

static const cor_option options[] = {
    {"number", 'n', COR_OPTION_INT, &set.number, "N", "how many"},
    {"by", 0, COR_OPTION_LIST, &set.by, "FIELD",
     "the number that decides; given twice, the second one where the first is "
     "equal"},
    {"records", 0, COR_OPTION_FLAG, &set.records, NULL,
     "give the records, else their values"},
    {"lowest", 0, COR_OPTION_FLAG, &set.lowest, NULL,
     "the smallest, else the largest"},
    RECORDS_OPTIONS(set.in),
    COR_OPTIONS_END};

/* The paths of --by, while the job runs. */
static cor_path by[COR_TOP_BY];

static int create(const cor_command *command, int slots, bool texts,
                  cor_top **top)
{
    cor_top_options o = {.most = set.number,
                         .by = set.by.count,
                         .lowest = set.lowest,
                         .texts = texts};
    return cor_agree(command->team,
                     cor_top_create(command->team, slots, &o, top));
}

/* ---- values ---- */

static void append(cor_result *list, cor_number value)
{
    if (value.whole)
        cor_result_append_int(list, value.integer);
    else
        cor_result_append_real(list, value.real);
}

/* The values of a store are of single precision: the number that people know is
   the shortest that gives it. */
static cor_number shown(const cor_top *top, int64_t index, int b, bool store)
{
    cor_number value = cor_top_value(top, index, b);
    char text[COR_NUMBER_SIZE];
    if (!store || value.whole || strcmp(set.by.text[b], "value") != 0)
        return value;
    int length = cor_text_print_float((float)value.real, text);
    cor_text_double(text, text + length, &value.real);
    return value;
}

static void report_values(const cor_top *top, bool store, cor_result *result)
{
    cor_result *values = cor_result_list(result, "values");
    for (int64_t i = 0; i < cor_top_count(top); i++) {
        cor_result *one = values;
        if (set.by.count > 1)
            one = cor_result_append_list(values);
        for (int b = 0; b < set.by.count; b++)
            append(one, shown(top, i, b, store));
    }
}

static void print_value(cor_csv *text, cor_number value, bool csv)
{
    char number[COR_NUMBER_SIZE];
    int length = value.whole ? snprintf(number, sizeof number, "%lld",
                                        (long long)value.integer)
                             : cor_text_print_double(value.real, number);
    if (!csv && !value.whole && value.real - value.real != 0.0)
        length = snprintf(number, sizeof number, "null"); /* infinite */
    cor_csv_bytes(text, number, length);
}

/* A value a line, pairs as a list or a row: as the records are written. */
static int write_values(const cor_command *command, const cor_top *top,
                        bool csv)
{
    cor_csv text = {0};
    bool first = cor_team_rank(command->team) == 0, pairs = set.by.count > 1;
    for (int b = 0; first && csv && b < set.by.count; b++)
        cor_csv_text(&text, set.by.text[b]);
    if (first && csv)
        cor_csv_end(&text);
    for (int64_t i = 0; first && i < cor_top_count(top); i++) {
        cor_csv_bytes(&text, "[", pairs && !csv);
        for (int b = 0; b < set.by.count; b++) {
            cor_csv_bytes(&text, csv ? "," : ", ", b ? csv ? 1 : 2 : 0);
            print_value(&text, cor_top_value(top, i, b), csv);
        }
        cor_csv_bytes(&text, "]\n", pairs && !csv);
        cor_csv_bytes(&text, "\n", 1);
    }
    int rc =
        cor_csv_write(command->team, command->output, command->force, &text, 1);
    cor_csv_free(&text);
    return rc;
}

/* ---- records ---- */

static int report_records(const cor_top *top, cor_result *result)
{
    char *bytes = NULL;
    int64_t *end = NULL;
    COR_TRY(cor_top_texts(top, &bytes, &end));
    cor_result *records = cor_result_list(result, "records");
    for (int64_t i = 0; end && i < cor_top_count(top); i++) {
        int64_t begin = i ? end[i - 1] : 0, last = end[i] - 1;
        bytes[last] = '\0'; /* its newline, LF or CRLF */
        if (last > begin && bytes[last - 1] == '\r')
            bytes[last - 1] = '\0';
        cor_result_append_text(records, bytes + begin);
    }
    cor_free(bytes);
    cor_free(end);
    return COR_OK;
}

static int give(cor_command *command, const cor_records *records,
                const cor_top *top)
{
    cor_sink_way way = cor_records_way(records);
    if (set.records && command->output)
        return cor_top_write(top, way.header, way.header_bytes, command->output,
                             command->force);
    if (set.records)
        return report_records(top, command->result);
    if (command->output)
        return write_values(command, top,
                            cor_records_format(records) == COR_RECORDS_CSV);
    report_values(top, false, command->result);
    return COR_OK;
}

static int top_of_records(cor_command *command, cor_records *records)
{
    cor_top *top = NULL;
    cor_top_read read;
    COR_TRY(create(command, cor_records_slots(records), set.records, &top));
    int rc = cor_top_records(records, by, top, command->progress, &read);
    if (rc == COR_OK)
        rc = cor_top_finish(top);
    if (rc == COR_OK) {
        cor_result_int(command->result, "read", read.read);
        cor_result_int(command->result, "kept", cor_top_count(top));
        cor_result_int(command->result, "skipped", read.skipped);
        records_in_report(&set.in, read.rejected, command->result);
        rc = give(command, records, top);
    }
    cor_top_destroy(&top);
    return rc;
}

/* ---- stores ---- */

static int find_rows(cor_command *command, const cor_interactions *data,
                     uint8_t *keep)
{
    cor_top *top = NULL;
    int64_t skipped, count = 0;
    COR_TRY(create(command, cor_team_threads(command->team), false, &top));
    int rc = cor_rows_top(command->team, data, by, top, &skipped);
    if (rc == COR_OK)
        rc = cor_top_finish(top);
    int64_t first =
        cor_shards_first_row(data->row_shards, cor_team_rank(command->team));
    const cor_place *mine = cor_top_mine(top, &count);
    for (int64_t i = 0; rc == COR_OK && i < count; i++)
        keep[mine[i].offset - first] = 1;
    if (rc == COR_OK)
        cor_result_int(command->result, "skipped", skipped);
    cor_top_destroy(&top);
    return rc;
}

static int top_of_rows(cor_command *command, const cor_interactions *data)
{
    cor_top *top = NULL;
    int64_t skipped;
    if (set.records)
        return store_rows_keep(command, data, find_rows);
    COR_TRY(create(command, cor_team_threads(command->team), false, &top));
    int rc = cor_rows_top(command->team, data, by, top, &skipped);
    if (rc == COR_OK)
        rc = cor_top_finish(top);
    if (rc == COR_OK) {
        cor_result_int(command->result, "read",
                       cor_shards_rows(data->row_shards));
        cor_result_int(command->result, "kept", cor_top_count(top));
        cor_result_int(command->result, "skipped", skipped);
        report_values(top, true, command->result);
    }
    cor_top_destroy(&top);
    return rc;
}

static int top_of_store(cor_command *command)
{
    if (set.records)
        COR_TRY(cor_command_needs_output(command));
    else if (command->output)
        return cor_fail(COR_EUSAGE, "of a store -o takes the records: give "
                                    "--records, or leave -o out for values");
    return store_rows_use(command, top_of_rows);
}

/* ---- the job ---- */

static int top_of_files(cor_command *command)
{
    cor_records *records = NULL;
    if (command->output) {
        COR_TRY(records_in_check_output(command->output));
        COR_TRY(
            cor_output_check(command->team, command->output, command->force));
    }
    COR_TRY(records_in_open(command, &set.in, &records));
    int rc =
        records_in_plan(command, records, set.number * 128, command->output);
    if (rc == COR_OK)
        rc = top_of_records(command, records);
    cor_records_close(&records);
    return rc;
}

static int run(cor_command *command)
{
    bool store;
    COR_TRY(cor_command_inputs(command, 1, INT_MAX));
    if (set.by.count < 1 || set.by.count > COR_TOP_BY)
        return cor_fail(COR_EUSAGE, "needs --by FIELD, once or twice");
    COR_TRY(records_in_kind(command, &store));
    int rc = COR_OK;
    for (int b = 0; rc == COR_OK && b < set.by.count; b++)
        rc = records_in_path("by", set.by.text[b], &by[b]);
    rc = cor_agree(command->team, rc);
    if (rc == COR_OK)
        rc = store ? top_of_store(command) : top_of_files(command);
    for (int b = 0; b < COR_TOP_BY; b++)
        cor_path_free(&by[b]);
    return rc;
}

const cor_job cor_job_top = {
    .name = "top",
    .summary = "find the records with the largest values",
    .usage = "[options] FILE... -n N --by FIELD [--by FIELD]",
    .description =
        "Finds the N largest (--lowest: smallest) values of a field of JSON "
        "lines, CSV (plain or packed) or a store, or with --records the "
        "records that have them, best first; of a store these become a store. "
        "With two fields pairs are compared in order. The earlier record of "
        "two equal ones comes first.\n"
        "\n"
        "  coracle top postings.jsonl -n 5 --by salary.value.maxValue\n"
        "  coracle top ratings.csv -n 100 --by rating --by timestamp \\\n"
        "      --records -o newest_best.csv\n"
        "\n"
        "Without -o the result has them: `values` (a list; pairs as lists) or "
        "`records`. With -o values are written one a line. Texts that hold a "
        "number are numbers; records whose field is missing or is no number "
        "are `skipped`. A number beyond double is infinite, and null among "
        "the values. Each rank holds N records at most.",
    .options = options,
    .run = run};
