#include "call.h"

#include "nearest.h"
#include "numbers.h"
#include "option.h"

#include <popt.h>
#include <stdlib.h>
#include <string.h>

static int no_memory(void)
{
    return cor_fail(COR_EMEMORY, "out of memory for the command line");
}

static void list_common(cor_call *call)
{
    call->seed = 42;
    const cor_option common[CALL_COMMON] = {
        {"output", 'o', COR_OPTION_TEXT, &call->output, "PATH",
         "where the result goes"},
        {"force", 0, COR_OPTION_FLAG, &call->force, NULL,
         "replace an output that exists"},
        {"seed", 0, COR_OPTION_INT, &call->seed, "N",
         "the one source of randomness"},
        {"threads", 0, COR_OPTION_TEXT, &call->threads_text, "N",
         "threads a rank; without it OMP_NUM_THREADS, else the cores bound to "
         "the rank"},
        {"json", 0, COR_OPTION_FLAG, &call->json, NULL,
         "print the result as one JSON object, and nothing else on stdout"},
        {"log", 0, COR_OPTION_TEXT, &call->log, "FILE",
         "append progress to FILE as JSON lines"},
        {"quiet", 'q', COR_OPTION_FLAG, &call->quiet, NULL,
         "say nothing on stderr but errors"},
        {"verbose", 'v', COR_OPTION_FLAG, &call->verbose, NULL,
         "say more on stderr"},
        {"plan", 0, COR_OPTION_FLAG, &call->plan, NULL,
         "say what the job would need (memory a rank and a node, disk, rows a "
         "rank) and stop"},
        {"help", 'h', COR_OPTION_FLAG, &call->help, NULL, "explain the job"},
        {"version", 0, COR_OPTION_FLAG, &call->version, NULL,
         "name the version and the MPI, HDF5 and BLAS it runs on"},
        COR_OPTIONS_END};
    memcpy(call->common, common, sizeof common);
}

/* ---- the options of a job and those of every job, as one row ---- */

static int count_options(const cor_option *options)
{
    int count = 0;
    while (options && options[count].name)
        count++;
    return count;
}

static const cor_option *option_at(const cor_call *call, int index)
{
    int own = count_options(call->job->options);
    return index < own ? &call->job->options[index]
                       : &call->common[index - own];
}

static int option_count(const cor_call *call)
{
    return count_options(call->job->options) + count_options(call->common);
}

/* popt's table: entry i + 1 is option i, entry i + 1 + `count` its `no-` form.
   All arguments come to us as text: popt reads numbers less strictly. */
static int popt_table(const cor_call *call, struct poptOption **table,
                      char **names)
{
    int count = option_count(call), entries = 0;
    enum { NAME = 64 };
    *table = calloc((size_t)count * 2 + 1, sizeof **table);
    *names = malloc((size_t)count * NAME);
    if (!*table || !*names)
        return no_memory();
    for (int i = 0; i < count; i++) {
        const cor_option *option = option_at(call, i);
        bool flag = cor_option_is_flag(option);
        (*table)[entries++] = (struct poptOption){
            .longName = option->name,
            .shortName = option->letter,
            .argInfo = flag ? POPT_ARG_NONE : POPT_ARG_STRING,
            .val = i + 1};
        if (!flag)
            continue;
        char *name = *names + (size_t)i * NAME;
        snprintf(name, NAME, "no-%s", option->name);
        (*table)[entries++] = (struct poptOption){
            .longName = name, .argInfo = POPT_ARG_NONE, .val = i + 1 + count};
    }
    return COR_OK;
}

/* ---- what may be wrong ---- */

static int unknown_option(const cor_call *call, const char *given)
{
    char word[64];
    size_t dashes = strspn(given, "-");
    snprintf(word, sizeof word, "%.*s", (int)strcspn(given + dashes, "="),
             given + dashes);
    cor_nearest nearest = {.text = word};
    for (int i = 0; i < option_count(call); i++)
        if (dashes > 1 || strlen(word) > 1)
            cor_nearest_try(&nearest, option_at(call, i)->name);
    const char *job = call->job->name;
    if (!nearest.best)
        return cor_fail(COR_EUSAGE,
                        "there is no option %.*s%s; `coracle %s --help` lists "
                        "them",
                        (int)dashes, given, word, job);
    return cor_fail(COR_EUSAGE,
                    "there is no option %.*s%s; did you mean --%s? `coracle "
                    "%s --help` lists them",
                    (int)dashes, given, word, nearest.best, job);
}

static int popt_fail(const cor_call *call, poptContext context, int code)
{
    const char *given = poptBadOption(context, POPT_BADOPTION_NOALIAS);
    const char *shown = given ? given : "an option";
    int length = (int)strcspn(shown, "=");
    switch (code) {
    case POPT_ERROR_BADOPT:
        return unknown_option(call, shown);
    case POPT_ERROR_NOARG:
        return cor_fail(COR_EUSAGE,
                        "%s needs an argument; see `coracle %s --help`", shown,
                        call->job->name);
    case POPT_ERROR_UNWANTEDARG:
        return cor_fail(COR_EUSAGE,
                        "%.*s is a flag and takes no argument; see `coracle "
                        "%s --help`",
                        length, shown, call->job->name);
    case POPT_ERROR_MALLOC:
        return no_memory();
    default:
        return cor_fail(COR_EUSAGE, "%s: %s", shown, poptStrerror(code));
    }
}

/* `-o --force` has lost a path: an argument that is itself an option, unless
   it was joined by `=` and so is not a word of argv. */
static int check_not_option(const cor_call *call, const cor_option *option,
                            const char *text)
{
    bool separate = false;
    for (int i = 0; i < call->argc; i++)
        separate |= strcmp(call->argv[i], text) == 0;
    if (!separate || strncmp(text, "--", 2) != 0)
        return COR_OK;
    for (int i = 0; i < option_count(call); i++)
        if (strcmp(text + 2, option_at(call, i)->name) == 0)
            return cor_fail(COR_EUSAGE,
                            "--%s needs an argument (%s) and found the option "
                            "%s; write --%s=%s if that is meant",
                            option->name, option->argument, text, option->name,
                            text);
    return COR_OK;
}

/* ---- reading ---- */

/* A copy that lives as long as the call. */
static int keep(cor_call *call, const char *text, const char **copy)
{
    char *made = strdup(text);
    if (!made)
        return no_memory();
    call->kept[call->kepts++] = made;
    *copy = made;
    return COR_OK;
}

/* One more text of a list, which has room for as many as argv has words. */
static int add_to_list(cor_call *call, cor_option_texts *list, const char *text)
{
    int known = 0;
    while (known < call->lists && call->list[known] != list)
        known++;
    if (known == call->lists) {
        *list = (cor_option_texts){0};
        list->text = calloc((size_t)call->argc, sizeof *list->text);
        if (!list->text)
            return no_memory();
        call->list[call->lists++] = list;
    }
    list->text[list->count++] = text;
    return COR_OK;
}

static int take_option(cor_call *call, poptContext context, int value)
{
    int count = option_count(call);
    const cor_option *option = option_at(call, (value - 1) % count);
    if (cor_option_is_flag(option)) {
        *(bool *)option->target = value <= count;
        return COR_OK;
    }
    char *given = poptGetOptArg(context);
    const char *text = NULL;
    int rc = given ? keep(call, given, &text) : no_memory();
    free(given);
    COR_TRY(rc);
    COR_TRY(check_not_option(call, option, text));
    if (option->kind == COR_OPTION_LIST)
        return add_to_list(call, option->target, text);
    return cor_option_set(option, text);
}

static int take_inputs(cor_call *call, poptContext context)
{
    for (const char *text; (text = poptGetArg(context));)
        COR_TRY(keep(call, text, &call->input[call->inputs++]));
    return COR_OK;
}

static int take_all(cor_call *call, poptContext context)
{
    int value;
    while ((value = poptGetNextOpt(context)) > 0)
        COR_TRY(take_option(call, context, value));
    if (value < -1)
        return popt_fail(call, context, value);
    return take_inputs(call, context);
}

/* argv from the job's name on, which popt takes for the program's. */
static int read_options(cor_call *call)
{
    struct poptOption *table = NULL;
    char *names = NULL;
    poptContext context = NULL;
    int rc = popt_table(call, &table, &names);
    if (rc == COR_OK) {
        context = poptGetContext("coracle", call->argc - 1,
                                 (const char **)call->argv + 1, table,
                                 POPT_CONTEXT_NO_EXEC);
        rc = context ? take_all(call, context) : no_memory();
    }
    if (context)
        poptFreeContext(context);
    free(table);
    free(names);
    return rc;
}

static int check_common(cor_call *call)
{
    if (call->quiet && call->verbose)
        return cor_fail(COR_EUSAGE, "--quiet and --verbose exclude each other");
    if (call->output && !call->output[0])
        return cor_fail(COR_EUSAGE, "--output: the path is empty");
    if (!call->threads_text)
        return COR_OK;
    int64_t threads;
    COR_TRY(cor_number_int(call->threads_text, strlen(call->threads_text),
                           "threads", &threads));
    if (threads < 1 || threads > 65536)
        return cor_fail(COR_EUSAGE, "--threads: %s is not between 1 and 65536",
                        call->threads_text);
    call->threads = (int)threads;
    return COR_OK;
}

/* ---- which job ---- */

static const cor_job *find_job(const cor_job *const *jobs, const char *name)
{
    for (; *jobs; jobs++)
        if ((*jobs)->run && strcmp((*jobs)->name, name) == 0)
            return *jobs;
    return NULL;
}

static int unknown_job(const cor_job *const *jobs, const char *name)
{
    cor_nearest nearest = {.text = name};
    for (; *jobs; jobs++)
        if ((*jobs)->run)
            cor_nearest_try(&nearest, (*jobs)->name);
    if (name[0] == '-')
        return cor_fail(COR_EUSAGE, "the job comes first, then its options: "
                                    "coracle JOB [options] INPUT...; `coracle "
                                    "--help` lists the jobs");
    if (!nearest.best)
        return cor_fail(COR_EUSAGE, "there is no such job; `coracle --help` "
                                    "lists the jobs");
    return cor_fail(COR_EUSAGE,
                    "there is no such job; did you mean %s? `coracle --help` "
                    "lists the jobs",
                    nearest.best);
}

/* Whether a word stands among the options, before a lone `--`. */
static bool asks_for(const cor_call *call, int from, const char *word)
{
    for (int i = from; i < call->argc; i++) {
        if (strcmp(call->argv[i], "--") == 0)
            return false;
        if (strcmp(call->argv[i], word) == 0)
            return true;
    }
    return false;
}

/* `coracle`, `coracle help [JOB]`, `coracle [JOB] --help|-h|--version`. */
static void find_wants(cor_call *call, const cor_job *const *jobs)
{
    const char *first = call->argc > 1 ? call->argv[1] : "help";
    bool help = strcmp(first, "help") == 0 && !find_job(jobs, "help");
    if (help && call->argc > 2)
        first = call->argv[2];
    if (asks_for(call, 1, "--version")) {
        call->wants = CALL_VERSION;
        return;
    }
    help |= asks_for(call, 1, "--help") || asks_for(call, 1, "-h");
    if (help)
        call->wants = first[0] == '-' || strcmp(first, "help") == 0
                          ? CALL_OVERVIEW
                          : CALL_HELP;
    call->name = first[0] == '-' ? NULL : first;
}

/* ---- the record ---- */

static bool is_plain(const char *word)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
        "-_=+,./:@%^";
    return word[0] && word[strspn(word, plain)] == '\0';
}

static char *add_text(char *to, const char *text)
{
    size_t length = strlen(text);
    memcpy(to, text, length + 1);
    return to + length;
}

/* A word as a shell would need it to be quoted. */
static char *add_word(char *to, const char *word)
{
    if (is_plain(word))
        return add_text(to, word);
    to = add_text(to, "'");
    for (; *word; word++)
        to = add_text(to, *word == '\'' ? "'\\''" : (char[]){*word, '\0'});
    return add_text(to, "'");
}

/* The command line without the path of the program. */
static int record_line(cor_call *call)
{
    size_t room = sizeof "coracle";
    for (int i = 1; i < call->argc; i++)
        room += 4 * strlen(call->argv[i]) + 3;
    call->line = malloc(room);
    if (!call->line)
        return no_memory();
    char *end = add_text(call->line, "coracle");
    for (int i = 1; i < call->argc; i++)
        end = add_word(add_text(end, " "), call->argv[i]);
    return COR_OK;
}

int cor_call_read(int argc, char **argv, const cor_job *const *jobs,
                  cor_call *call)
{
    *call = (cor_call){.argc = argc, .argv = argv};
    list_common(call);
    find_wants(call, jobs);
    if (call->wants == CALL_VERSION || call->wants == CALL_OVERVIEW)
        return COR_OK;
    call->job = call->name ? find_job(jobs, call->name) : NULL;
    if (!call->job)
        return unknown_job(jobs, call->name ? call->name : argv[1]);
    if (call->wants == CALL_HELP)
        return COR_OK;
    /* an argv word gives at most one argument or input; -oPATH gives one too */
    call->kept = calloc((size_t)argc, sizeof *call->kept);
    call->input = calloc((size_t)argc, sizeof *call->input);
    call->list = calloc((size_t)argc, sizeof *call->list);
    if (!call->kept || !call->input || !call->list)
        return no_memory();
    COR_TRY(record_line(call));
    COR_TRY(read_options(call));
    return check_common(call);
}

void cor_call_free(cor_call *call)
{
    for (int i = 0; i < call->kepts; i++)
        free(call->kept[i]);
    for (int i = 0; i < call->lists; i++) {
        free(call->list[i]->text);
        *call->list[i] = (cor_option_texts){0};
    }
    free(call->list);
    free(call->kept);
    free(call->input);
    free(call->line);
    *call = (cor_call){0};
}
