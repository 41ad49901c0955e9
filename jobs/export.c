#include "jobs.h"

#include "coracle/export.h"
#include "coracle/output.h"

#include <string.h>

static struct {
    const char *format;
} set = {.format = "auto"};

#define FORMATS "auto|csv|npy|inter|libsvm|recordio"

static const cor_option options[] = {
    {"format", 0, COR_OPTION_WORDS, &set.format, FORMATS,
     "how the file is written; auto: by its ending"},
    COR_OPTIONS_END};

typedef int exports(const cor_team *team, const cor_export_job *job,
                    int64_t *rows);
typedef int plans(const cor_team *team, const cor_export_job *job,
                  cor_plan *plan);

/* What becomes of a store of each kind; formats as in FORMATS. */
static const struct {
    const char *kind, *formats;
    exports *export;
    plans *plan;
} kinds[] = {{"matrix", "csv npy", cor_export_matrix, cor_export_matrix_plan},
             {"interactions", "csv inter", cor_export_interactions,
              cor_export_interactions_plan},
             {"examples", "libsvm csv recordio", cor_export_examples,
              cor_export_examples_plan}};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* The words of `format`, and the endings that go with them. */
static const struct {
    const char *word, *ending;
    enum cor_export_format format;
} formats[] = {{"csv", ".csv", COR_EXPORT_CSV},
               {"npy", ".npy", COR_EXPORT_NPY},
               {"inter", ".inter", COR_EXPORT_INTER},
               {"libsvm", ".libsvm", COR_EXPORT_LIBSVM},
               {"libsvm", ".svm", COR_EXPORT_LIBSVM},
               {"libsvm", ".libfm", COR_EXPORT_LIBSVM},
               {"recordio", ".recordio", COR_EXPORT_RECORDIO},
               {"recordio", ".rec", COR_EXPORT_RECORDIO}};
enum { FORMATS_KNOWN = sizeof formats / sizeof *formats };

static bool ends_with(const char *path, const char *ending)
{
    size_t length = strlen(path), tail = strlen(ending);
    return length > tail && strcmp(path + length - tail, ending) == 0;
}

/* The format that is asked for, which must be one for this kind of store. */
static int find_format(const char *path, const char *kind, const char *fitting,
                       enum cor_export_format *format)
{
    bool by_ending = strcmp(set.format, "auto") == 0;
    for (int f = 0; f < FORMATS_KNOWN; f++) {
        if (by_ending ? !ends_with(path, formats[f].ending)
                      : strcmp(set.format, formats[f].word) != 0)
            continue;
        *format = formats[f].format;
        if (strstr(fitting, formats[f].word))
            return COR_OK;
        return cor_fail(COR_EUSAGE,
                        "%s can't be written as %s: give one of these as "
                        "--format or as the ending of -o: %s",
                        kind, formats[f].word, fitting);
    }
    return cor_fail(COR_EUSAGE,
                    "the ending of %s names no format: give --format, of "
                    "%s one of: %s",
                    path, kind, fitting);
}

static int find_kind(const cor_command *command, int *kind)
{
    cor_file *file;
    char word[32];
    COR_TRY(cor_file_open(command->team, command->input[0], NULL, &file));
    strncpy(word, cor_file_kind(file), sizeof word - 1);
    word[sizeof word - 1] = 0;
    cor_file_close(&file);
    for (*kind = 0; *kind < KINDS; (*kind)++)
        if (strcmp(kinds[*kind].kind, word) == 0)
            return COR_OK;
    return cor_fail(COR_EDATA,
                    "%s holds a %s, which has no other form: give a store of "
                    "interactions, a matrix or examples",
                    command->input[0], word);
}

static int run(cor_command *command)
{
    int kind;
    int64_t rows;
    cor_plan plan = {0};
    COR_TRY(cor_command_inputs(command, 1, 1));
    COR_TRY(cor_command_needs_output(command));
    COR_TRY(find_kind(command, &kind));
    cor_export_job job = {.store = command->input[0],
                          .path = command->output,
                          .force = command->force,
                          .progress = command->progress};
    COR_TRY(find_format(job.path, kinds[kind].kind, kinds[kind].formats,
                        &job.format));
    COR_TRY(kinds[kind].plan(command->team, &job, &plan));
    COR_TRY(cor_command_plan(command, &plan));
    COR_TRY(kinds[kind].export(command->team, &job, &rows));
    cor_result_int(command->result, "rows", rows);
    return COR_OK;
}

const cor_job cor_job_export = {
    .name = "export",
    .summary = "write a store as a file that other programs read",
    .usage = "[options] STORE -o FILE",
    .description =
        "A matrix becomes .csv (with a header where its columns have names) "
        "or .npy; interactions become .csv or RecBole's .inter, with the ids "
        "of the input, by user and time, and with the columns that ingest "
        "--keep "
        "kept; examples become .libsvm, .csv or "
        ".recordio (RecordIO-protobuf). The ending of FILE says which, or "
        "--format.\n"
        "\n"
        "  mpirun -n 4 coracle export features.h5 -o features.npy\n"
        "\n"
        "Numbers are written by their shortest text that reads back to the "
        "same bits, so nothing is lost on the way there and back. Rows pass "
        "through a block at a time: memory does not grow with the store.",
    .options = options,
    .run = run};
