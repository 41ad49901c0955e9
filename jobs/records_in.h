/**
 * What jobs on files of records share: their options, how they open and say
 * what they would need.
 */
#ifndef RECORDS_IN_H
#define RECORDS_IN_H

#include "coracle/command.h"
#include "coracle/keep.h"

/** Targets of the options below; starts as RECORDS_IN. */
typedef struct records_in {
    const char *format, *delimiter, *on_error;
    bool parts;
} records_in;

#define RECORDS_IN                                                             \
    {                                                                          \
        .format = "auto", .on_error = "stop"                                   \
    }

/** Entries of a table of options. */
#define RECORDS_OPTIONS(set)                                                   \
    {                                                                          \
        "format",                                                              \
        0,                                                                     \
        COR_OPTION_WORDS,                                                      \
        &(set).format,                                                         \
        "auto|jsonl|csv",                                                      \
        "how records are written; auto: by the files' endings"},               \
        {"delimiter",                                                          \
         0,                                                                    \
         COR_OPTION_TEXT,                                                      \
         &(set).delimiter,                                                     \
         "BYTE",                                                               \
         "CSV: what separates fields, or `tab`; without it as the header "     \
         "shows"},                                                             \
    {                                                                          \
        "on-error", 0, COR_OPTION_WORDS, &(set).on_error, "stop|skip",         \
            "what a bad record does: stop the job, or be left out and counted" \
    }
#define RECORDS_PARTS(set)                                                     \
    {                                                                          \
        "parts", 0, COR_OPTION_FLAG, &(set).parts, NULL,                       \
            "records: write a file a rank (NAME-0000.EXT, ...) in the order "  \
            "of the "                                                          \
            "input, instead of one"                                            \
    }

/** Open the command's inputs. Collective. */
int records_in_open(const cor_command *command, const records_in *set,
                    cor_records **records);

/** Keep some records: the plan, then `keep` from the command's inputs to its
    output; `read`, `kept` and `rejected` into the result. Collective. */
int records_in_keep(cor_command *command, const records_in *set,
                    int (*keep)(cor_command *command, cor_records *records,
                                cor_sink *sink, cor_keep_count *count));

/** Read the path that an option gives. Local. @return COR_OK; COR_EUSAGE with a
    caret; COR_EMEMORY */
int records_in_path(const char *option, const char *text, cor_path *path);

/** The plan of a job that passes over records: `more` bytes a rank beside the
    reading, and outputs that together hold at most the inputs. Collective.
    @return as cor_command_plan */
int records_in_plan(cor_command *command, const cor_records *records,
                    int64_t more, bool writes);

/** COR_EUSAGE for an output whose ending promises a packing. */
int records_in_check_output(const char *path);

/** COR_EUSAGE unless stores come alone: whether the inputs are records or one
    store. Collective. */
int records_in_kind(const cor_command *command, bool *store);

/** `rejected` into the result, where bad records are left out. */
void records_in_report(const records_in *set, int64_t rejected,
                       cor_result *result);

#endif
