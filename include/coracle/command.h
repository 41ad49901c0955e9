/**
 * The frame of the command: what every job shares, so that a job is its
 * options, its library calls and its result.
 *
 *     static struct { int64_t users; } set = {.users = 5};
 *     static const cor_option options[] = {
 *         {"users", 0, COR_OPTION_INT, &set.users, "K", "least ... a user"},
 *         COR_OPTIONS_END};
 *     static int run(cor_command *command) { ... }
 *     const cor_job cor_job_kcore = {"kcore", "summary", "TRAIN ... -o STORE",
 *                                    description, options, run};
 */
#ifndef CORACLE_COMMAND_H
#define CORACLE_COMMAND_H

#include "coracle/file.h"
#include "coracle/plan.h"
#include "coracle/progress.h"
#include "coracle/result.h"
#include "coracle/team.h"

enum cor_option_kind {
    COR_OPTION_FLAG,  /* bool: given or not; --no-NAME takes it back */
    COR_OPTION_INT,   /* int64_t */
    COR_OPTION_REAL,  /* double, finite */
    COR_OPTION_TEXT,  /* const char * */
    COR_OPTION_WORDS, /* const char *: one of the words of `argument`,
                         written "first|sorted" */
    COR_OPTION_LIST   /* cor_option_texts: may be given several times */
};

/** The texts of an option that may be given several times, in their order.
    Starts as {0}, and is empty again when the call ends. */
typedef struct cor_option_texts {
    const char **text;
    int count;
} cor_option_texts;

/** One option. Its default is what the target holds before parsing; the help
    shows it. A NULL text has no default. */
typedef struct cor_option {
    const char *name;
    char letter; /* short form, or 0 */
    enum cor_option_kind kind;
    void *target;
    const char *argument; /* what the help calls the argument */
    const char *help;
} cor_option;
#define COR_OPTIONS_END                                                        \
    {                                                                          \
        0                                                                      \
    }

/** What a job gets. Borrowed by the job; lives until it returns. */
typedef struct cor_command {
    const char *job;
    cor_team *team;
    int inputs;
    const char *const *input; /* positional arguments */
    const char *output;       /* -o, or NULL */
    bool force, json, plan, quiet, verbose;
    int64_t seed;
    cor_file_options file; /* force, command line and seed, for outputs */
    cor_progress *progress;
    cor_result *result;  /* what the job found; printed by the frame */
    bool output_written; /* the job wrote -o itself: the result does not go
                            there, see result_is_output */
    const char *usage;   /* of the job, for messages */
} cor_command;

/** A job; an entry without `run` is a heading of the list of jobs, its text
    the summary. */
typedef struct cor_job {
    const char *name;
    const char *summary;     /* one line for the list of jobs */
    const char *usage;       /* "[options] TRAIN [OTHER...] -o STORE" */
    const char *description; /* paragraphs and examples for --help */
    const cor_option *options;
    int (*run)(cor_command *command); /* collective */
    bool result_is_output; /* the result is all there is: -o takes it, as JSON,
                              besides stdout */
} cor_job;

/**
 * The whole of main: pick the job, parse, run, print, leave. `jobs` ends with
 * NULL. Starts and ends MPI, except for help and versions, which need none.
 * @return the exit code
 */
int cor_command_main(int argc, char **argv, const cor_job *const *jobs);

/** The same for a program that has a team already; it is borrowed. Targets of
    options not given keep what they hold; a text given by an option ends with
    the call. Collective. */
int cor_command_run(cor_team *team, int argc, char **argv,
                    const cor_job *const *jobs);

/** Check how many inputs there are: COR_EUSAGE with the usage line unless
    least <= inputs <= most. */
int cor_command_inputs(const cor_command *command, int least, int most);
/** COR_EUSAGE unless -o was given. */
int cor_command_needs_output(const cor_command *command);
/** Fail now where -o, if it was given, could not be written later; a store is
    tried by cor_file_create. Collective. */
int cor_command_try_output(const cor_command *command);

/** What a job returns whose plan was all that was asked for; the frame takes it
    for COR_OK. No exit code is that great. */
enum { COR_PLANNED = 256 };

/**
 * Go on only where the plan fits: `COR_TRY(cor_command_plan(command, &plan));`
 * before the first big allocation. With --plan it becomes the result instead.
 * Collective.
 * @return COR_OK; COR_PLANNED: that was all, leave; COR_EMEMORY: a node would
 * need more than it has
 */
int cor_command_plan(const cor_command *command, const cor_plan *plan);

/**
 * Set one option of a row from text, as the command line does; a text is
 * borrowed. Flags take true or false. Local.
 * @return COR_OK; COR_EUSAGE: no such option, or not such a value
 */
int cor_command_set(const cor_option *options, const char *name,
                    const char *text);

/**
 * Parse "0.8,0.1,0.1" or "5,10,20" whole: finite numbers between commas.
 * @param[in]  option  the option's name, for the message
 * @param[in]  most    room in `value`
 * @param[out] count   numbers found, at least 1
 * @return COR_OK; COR_EUSAGE, naming the option and the element
 */
int cor_command_reals(const char *text, const char *option, int most,
                      double *value, int *count);
int cor_command_ints(const char *text, const char *option, int most,
                     int64_t *value, int *count);

#endif
