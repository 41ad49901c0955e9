#include "jobs.h"

#include "coracle/keep.h"
#include "records_in.h"
#include "store_rows.h"

#include <limits.h>

static struct {
    const char *where;
    records_in in;
} set = {.in = RECORDS_IN};

static const cor_option options[] = {{"where", 0, COR_OPTION_TEXT, &set.where,
                                      "EXPR",
                                      "what a record must fulfil to be kept"},
                                     RECORDS_OPTIONS(set.in),
                                     RECORDS_PARTS(set.in),
                                     COR_OPTIONS_END};

/* The condition, compiled, while the job runs. */
static cor_where *condition;

static int find_rows(cor_command *command, const cor_interactions *data,
                     uint8_t *keep)
{
    return cor_rows_where(command->team, data, condition, keep);
}

static int filter_store(cor_command *command, const cor_interactions *data)
{
    return store_rows_keep(command, data, find_rows);
}

static int keep(cor_command *command, cor_records *records, cor_sink *sink,
                cor_keep_count *count)
{
    return cor_keep_where(records, condition, sink, command->progress, count);
}

static int run(cor_command *command)
{
    bool store;
    COR_TRY(cor_command_inputs(command, 1, INT_MAX));
    COR_TRY(cor_command_needs_output(command));
    if (!set.where)
        return cor_fail(COR_EUSAGE, "needs --where EXPR, such as --where "
                                    "'title icontains \"data scientist\"'");
    COR_TRY(records_in_kind(command, &store));
    COR_TRY(cor_agree(command->team,
                      cor_where_compile(set.where, "where", &condition)));
    int rc = store ? store_rows_use(command, filter_store)
                   : records_in_keep(command, &set.in, keep);
    cor_where_destroy(&condition);
    return rc;
}

const cor_job cor_job_filter = {
    .name = "filter",
    .summary = "keep the records that fit a condition",
    .usage = "[options] FILE... -o FILE --where EXPR",
    .description =
        "Reads JSON lines or CSV, plain or packed with gzip or zstd, and "
        "writes the records that fit as they are, in their order. Several "
        "files count as one.\n"
        "\n"
        "  coracle filter postings.jsonl -o found.jsonl \\\n"
        "      --where 'title icontains \"data scientist\"'\n"
        "  coracle filter postings.jsonl -o found.jsonl --where \\\n"
        "      'salary.value.maxValue >= 100000 and not remote = true'\n"
        "  coracle filter ratings.h5 -o good.h5 --where 'value >= 4'\n"
        "\n"
        "A field is a path: salary.value.maxValue, tags[0] (positions from 0); "
        "of CSV it is a column, of a store user, item, value, time or what it "
        "keeps. Odd "
        "names stand between backticks: `a.b`. Texts stand between quotes, "
        "\"...\" with the escapes of JSON or '...' as they are.\n"
        "\n"
        "  = != < <= > >=   numbers, texts by their bytes, true, false, null\n"
        "  contains         this text is in it\n"
        "  icontains        the same, whatever the case\n"
        "  matches          a Perl-compatible regular expression fits "
        "somewhere\n"
        "  in               (\"a\", \"b\"), or a field that is an array\n"
        "  exists           behind a field: the record has it\n"
        "  and or not ( )   not binds closest, then and\n"
        "\n"
        "A missing field makes a comparison false, != too; an empty field of "
        "CSV is missing. A text that holds a number is one beside a number. An "
        "array fits where one of its elements does.\n"
        "\n"
        "Every record is checked: one that is no JSON, or a row with too few "
        "fields, stops the job with its file, line and column, or is left out "
        "with --on-error skip. Lines of blanks are no records; a byte order "
        "mark is not written; a last line gets its newline. Of equal names in "
        "an object the last counts; numbers may have any size (beyond double "
        "they are infinite) and values any depth; a record may have 256 MiB.",
    .options = options,
    .run = run};
