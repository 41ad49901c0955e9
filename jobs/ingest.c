#include "jobs.h"

#include "coracle/ingest.h"
#include "examples_in.h"
#include "matrix_in.h"
#include "stores.h"

#include <string.h>

static struct {
    const char *format, *header, *delimiter, *columns, *time_format;
    const char *id_order, *titles, *titles_columns, *on_error, *reject, *keep;
    const char *type, *label;
    int64_t shards;
    bool compress, matrix, standardize, examples;
} set = {.format = "auto",
         .header = "auto",
         .time_format = "auto",
         .id_order = "first",
         .on_error = "stop",
         .type = "input"};

#define FORMATS "auto|csv|tsv|dat|inter|jsonl|lists|libsvm|recordio"
#define HEADERS "auto|yes|no"
#define TIMES "auto|unix|unix-ms|iso8601"

#define TYPES "input|float64|float32"

static const cor_option options[] = {
    {"matrix", 0, COR_OPTION_FLAG, &set.matrix, NULL,
     "the files are tables of numbers, and become a matrix"},
    {"examples", 0, COR_OPTION_FLAG, &set.examples, NULL,
     "the files are labelled rows, and become examples"},
    {"label", 0, COR_OPTION_TEXT, &set.label, "COLUMN",
     "with --examples, the column of CSV that is the label: a name of the "
     "header or a position from 1"},
    {"format", 0, COR_OPTION_WORDS, &set.format, FORMATS,
     "how the files are written; auto: by their ending, else their first line"},
    {"columns", 0, COR_OPTION_TEXT, &set.columns, "NAME=COLUMN,...",
     "user=, item=, value=, time=: a name of the header or a position from 1; "
     "with --matrix those to take, such as height,weight,5-9"},
    {"header", 0, COR_OPTION_WORDS, &set.header, HEADERS,
     "whether a file's first line names its columns"},
    {"delimiter", 0, COR_OPTION_TEXT, &set.delimiter, "TEXT",
     "what separates fields: 1 to 7 bytes, or `tab`"},
    {"time-format", 0, COR_OPTION_TEXT, &set.time_format, TIMES "|PATTERN",
     "how times are written, or a pattern such as \"%m %d, %Y\"; auto: numbers "
     "are seconds since 1970"},
    {"shards", 0, COR_OPTION_INT, &set.shards, "N",
     "shards of the store; 0: by size, at least 64"},
    {"id-order", 0, COR_OPTION_WORDS, &set.id_order, "first|sorted",
     "number users and items as they first appear, or in order of their ids"},
    {"keep", 0, COR_OPTION_TEXT, &set.keep, "NAME,...",
     "further columns that the store keeps, as numbers or categories"},
    {"compress", 0, COR_OPTION_FLAG, &set.compress, NULL,
     "compress the store: smaller, and slower to write"},
    {"titles", 0, COR_OPTION_TEXT, &set.titles, "FILE",
     "a second file, with the items' names"},
    {"titles-columns", 0, COR_OPTION_TEXT, &set.titles_columns,
     "NAME=COLUMN,...", "item=, title=: its columns"},
    {"on-error", 0, COR_OPTION_WORDS, &set.on_error, "stop|skip",
     "what a malformed row does: stop the job, or be set aside and counted"},
    {"reject", 0, COR_OPTION_TEXT, &set.reject, "FILE",
     "where rows that are set aside are written, as they are"},
    {"type", 0, COR_OPTION_WORDS, &set.type, TYPES,
     "with --matrix: its numbers; input: float32 where the input's types fit "
     "it, float64 of text and all else"},
    {"standardize", 0, COR_OPTION_FLAG, &set.standardize, NULL,
     "with --matrix: columns of mean 0 and deviation 1"},
    COR_OPTIONS_END};

/* The position of a word among those of an option, which has checked it. */
static int position_of(const char *word, const char *words)
{
    int position = 0;
    size_t length = strlen(word);
    while (strncmp(words, word, length) != 0 ||
           (words[length] && words[length] != '|')) {
        words = strchr(words, '|') + 1;
        position++;
    }
    return position;
}

/* One of the words, or a pattern. */
static int read_time_format(cor_ingest_options *o)
{
    static const char *const word[] = {"auto", "unix", "unix-ms", "iso8601"};
    if (strchr(set.time_format, '%')) {
        o->time_pattern = set.time_format;
        return COR_OK;
    }
    for (int i = 0; i < 4; i++)
        if (strcmp(set.time_format, word[i]) == 0) {
            o->time_format = (enum cor_time_format)i;
            return COR_OK;
        }
    return cor_fail(COR_EUSAGE,
                    "--time-format must be " TIMES " or a pattern such as "
                    "\"%%Y-%%m-%%d %%H:%%M:%%S\", not \"%s\"",
                    set.time_format);
}

static cor_ingest_options ingest_options(const cor_command *command)
{
    cor_ingest_options o = cor_ingest_options_default();
    o.format = (enum cor_ingest_format)position_of(set.format, FORMATS);
    o.header = (enum cor_ingest_header)position_of(set.header, HEADERS);
    o.delimiter = set.delimiter;
    o.columns = set.columns;
    o.keep = set.keep;
    o.shards = set.shards;
    o.sorted = strcmp(set.id_order, "sorted") == 0;
    o.titles = set.titles;
    o.titles_columns = set.titles_columns;
    o.skip = strcmp(set.on_error, "skip") == 0;
    o.reject = set.reject;
    o.force = command->force;
    return o;
}

static void report(const cor_command *command,
                   const cor_interactions_summary *summary,
                   const cor_ingest_report *found)
{
    cor_result *result = command->result;
    store_report(summary, result);
    cor_result_int(result, "rejected", found->rejected);
    if (!set.titles)
        return;
    cor_result_int(result, "titles", found->titles);
    cor_result_int(result, "titles_rejected", found->titles_rejected);
}

static int ingest(const cor_command *command, const cor_ingest_options *o)
{
    cor_interactions data;
    cor_interactions_summary summary;
    cor_ingest_report found;
    cor_file_options file = command->file;
    file.compress = set.compress;
    COR_TRY(cor_ingest(command->team, command->input, command->inputs, o,
                       command->progress, &data, &found));
    cor_progress_detail(command->progress,
                        "parsed %.1f MB in %.3f s on %d ranks",
                        (double)found.bytes / 1e6, found.seconds_parse,
                        cor_team_size(command->team));
    int rc = cor_interactions_write(command->team, command->output, &file,
                                    &data, &summary);
    cor_interactions_free(&data);
    if (rc == COR_OK)
        report(command, &summary, &found);
    else if (set.reject)
        store_remove_outputs(command, &set.reject, 1);
    return rc;
}

static int ingest_matrix(const cor_command *command)
{
    const cor_ingest_matrix_options o = {
        .format = (enum cor_ingest_format)position_of(set.format, FORMATS),
        .header = (enum cor_ingest_header)position_of(set.header, HEADERS),
        .delimiter = set.delimiter,
        .columns = set.columns,
        .type = (enum cor_matrix_wanted)position_of(set.type, TYPES),
        .standardize = set.standardize,
        .shards = set.shards};
    if (o.format == COR_FORMAT_JSONL || o.format == COR_FORMAT_LISTS)
        return cor_fail(COR_EUSAGE, "a matrix is not read from --format %s",
                        set.format);
    if (set.keep || set.titles || set.titles_columns || set.reject ||
        strcmp(set.on_error, "stop") != 0)
        return cor_fail(COR_EUSAGE,
                        "a matrix has no --keep, --titles, --on-error and "
                        "--reject: leave them out with --matrix");
    return matrix_in_ingest(command, &o, set.compress);
}

static int ingest_examples(const cor_command *command)
{
    static const char words[] = "auto|libsvm|csv|recordio";
    bool csv = strcmp(set.format, "tsv") == 0; /* the tabs are seen */
    if (!csv && !strstr(words, set.format))
        return cor_fail(COR_EUSAGE,
                        "examples are not read from --format %s: give libsvm, "
                        "csv or recordio",
                        set.format);
    if (set.keep || set.titles || set.titles_columns || set.reject ||
        set.columns || set.matrix || set.standardize ||
        strcmp(set.type, "input") != 0)
        return cor_fail(COR_EUSAGE,
                        "examples have no --columns, --keep, --titles, "
                        "--reject, --matrix, --type and --standardize: leave "
                        "them out with --examples");
    const cor_ingest_examples_options o = {
        .format = (enum cor_examples_format)position_of(
            csv ? "csv" : set.format, words),
        .label = set.label,
        .header = (enum cor_ingest_header)position_of(set.header, HEADERS),
        .delimiter = set.delimiter,
        .shards = set.shards,
        .skip = strcmp(set.on_error, "skip") == 0};
    return examples_in_ingest(command, &o, set.compress);
}

/* Words that only examples have. */
static int check_words(void)
{
    if (set.label)
        return cor_fail(COR_EUSAGE, "--label is for examples: give --examples "
                                    "too");
    if (strcmp(set.format, "libsvm") == 0 ||
        strcmp(set.format, "recordio") == 0)
        return cor_fail(COR_EUSAGE,
                        "--format %s is for examples: give --examples too",
                        set.format);
    return COR_OK;
}

static int run(cor_command *command)
{
    cor_ingest_options o = ingest_options(command);
    COR_TRY(cor_command_inputs(command, 1, INT32_MAX));
    COR_TRY(cor_command_needs_output(command));
    if (set.examples)
        return ingest_examples(command);
    COR_TRY(check_words());
    COR_TRY(read_time_format(&o));
    if (set.matrix)
        return ingest_matrix(command);
    if (set.standardize || strcmp(set.type, "input") != 0)
        return cor_fail(COR_EUSAGE, "--type and --standardize are for "
                                    "matrices: give --matrix too");
    if (set.reject && strcmp(set.reject, command->output) == 0)
        return cor_fail(COR_EUSAGE, "--reject and -o name the same file: give "
                                    "each its own");
    if (command->plan) {
        cor_plan plan;
        COR_TRY(cor_ingest_plan(command->team, command->input, command->inputs,
                                &o, &plan));
        return cor_command_plan(command, &plan);
    }
    COR_TRY(store_try_output(command, command->output));
    return ingest(command, &o);
}

const cor_job cor_job_ingest = {
    .name = "ingest",
    .summary =
        "read interactions, matrices or examples from CSV and other files",
    .usage = "[options] FILE... -o STORE",
    .description =
        "Reads interactions, one a line: a user, an item and, where there "
        "are, a value and a time. Several files count as one, in the order "
        "given; each may have its own header. Without a value every "
        "interaction has the value 1.\n"
        "\n"
        "  mpirun -n 4 coracle ingest ratings.csv -o ratings.h5 \\\n"
        "      --titles movies.csv\n"
        "\n"
        "Formats: csv (commas, or the semicolons, tabs or bars that the first "
        "line shows; fields may be quoted as in RFC 4180), tsv (tabs, may be "
        "quoted), dat (`::`, or tabs; no quotes), inter (tabs, a typed header "
        "as user_id:token; no quotes), jsonl (a JSON object a line), lists (a "
        "user and its items a line, by blanks, tabs or commas; no values, no "
        "times). Any may be packed by gzip or zstd. Files are UTF-8, lines end "
        "in LF or "
        "CRLF; blank lines are passed over.\n"
        "\n"
        "Columns are found by common names (userId, user_id, movieId, item, "
        "rating, timestamp, ...); where the header has none of them, or there "
        "is no header, by position: user, item, value, time. --columns names "
        "them; those it does not name are then looked for by common names "
        "alone, and `value=` with nothing behind it leaves the value out.\n"
        "\n"
        "Ids that are all integers are kept as integers, others as text. A "
        "malformed row stops the job with its file, line, column and text; "
        "with --on-error skip it is set aside, counted, and written to "
        "--reject. A quote that is never closed always stops the job.\n"
        "\n"
        "Times are kept in seconds since 1970 (UTC): whole numbers are "
        "seconds, milliseconds with --time-format unix-ms, and dates such as "
        "2018-09-23 or 2018-09-23T04:05:06Z are recognised. Other times need "
        "a pattern of %Y %y %m %d %e %j %b %B %a %A %H %I %p %M %S %f %z %Z %s "
        "%F %T %R %D: \"%d/%b/%Y:%H:%M:%S %z\" for 23/Sep/2018:04:05:06 +0200; "
        "names are English, and UTC is meant where there is no %z.\n"
        "\n"
        "  coracle ingest reviews.json.gz -o reviews.h5 --time-format \"%m %d, "
        "%Y\" \\\n"
        "      --columns "
        "user=reviewerID,item=asin,value=overall,time=reviewTime\n"
        "\n"
        "Columns of JSON are paths such as reviewer.id or tags[0]; what is not "
        "named is looked for by common names in the first record. Of equal "
        "names in an object the last counts. Ids are texts or numbers as "
        "written, a value or a time may be a text; a record without one, or "
        "with null, is malformed, what is kept may be missing.\n"
        "\n"
        "--keep names further columns that the store keeps: numbers, with an "
        "empty field as no number, or where other text is among them, "
        "categories. NAME:float and NAME:token say which (a typed header does "
        "so by itself), NAME=COLUMN where a column has another name.\n"
        "\n"
        "  coracle ingest events.csv -o events.h5 --keep "
        "price,kind=event_type\n"
        "\n"
        "With --matrix the files are tables of numbers, row below row: CSV and "
        "its kin, .npy, IDX (also packed by gzip or zstd), or a dataset of an "
        "HDF5 file as FILE.h5:/DATASET. Each must be a finite number; columns "
        "of text are left out by choosing the others.\n"
        "\n"
        "  coracle ingest --matrix iris.csv --columns 1-4 -o iris.h5\n"
        "\n"
        "With --examples the files are labelled rows of features: LIBSVM's "
        "text (label id:value ..., ids ascending and kept as written; libFM's "
        "is the same), CSV with --label naming the column of the label (the "
        "others are the features by position from 0, with their names; an "
        "empty field is 0), or RecordIO-protobuf as Amazon's algorithms take "
        "it. Text may be packed by gzip or zstd.\n"
        "\n"
        "  coracle ingest --examples train.libsvm -o train.h5\n"
        "\n"
        "--standardize takes the mean from each column and divides by its "
        "deviation (the root of the mean square); a column of one value alone "
        "keeps the scale 1 and becomes 0. Both are kept in the store.",
    .options = options,
    .run = run};
