#include "help.h"

#include "option.h"

#include "coracle/linalg.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LINE = 79, LEFT = 28 };

/* A word after those that reach to `column`, on the next line where it would
   not fit. */
static void print_word(const char *word, int length, int indent, int *column)
{
    if (*column > indent && *column + 1 + length > LINE) {
        printf("\n%*s", indent, "");
        *column = indent;
    } else if (*column > indent) {
        putchar(' ');
        ++*column;
    }
    printf("%.*s", length, word);
    *column += length;
}

/* Words from column `indent` on, wrapped; the first line is there already.
   `last` is not broken. */
static void print_wrapped(const char *text, size_t length, int indent,
                          const char *last)
{
    const char *end = text + length;
    int column = indent;
    while (text < end) {
        int word = (int)strcspn(text, " \n");
        print_word(text, word, indent, &column);
        text += word;
        text += strspn(text, " \n");
    }
    if (last[0])
        print_word(last, (int)strlen(last), indent, &column);
    putchar('\n');
}

/* "(default 5)", or nothing where there is none to speak of. */
static void default_text(const cor_option *option, char *text, size_t size)
{
    const char *words = NULL;
    text[0] = '\0';
    switch (option->kind) {
    case COR_OPTION_FLAG:
        if (*(const bool *)option->target)
            snprintf(text, size, "(default; --no-%s takes it back)",
                     option->name);
        break;
    case COR_OPTION_INT:
        snprintf(text, size, "(default %lld)",
                 (long long)*(const int64_t *)option->target);
        break;
    case COR_OPTION_REAL:
        if (!isnan(*(const double *)option->target))
            snprintf(text, size, "(default %g)",
                     *(const double *)option->target);
        break;
    case COR_OPTION_LIST:
        break;
    case COR_OPTION_TEXT:
    case COR_OPTION_WORDS:
        words = *(const char *const *)option->target;
        if (words && words[0])
            snprintf(text, size, "(default %s)", words);
        break;
    }
}

static void print_option(const cor_option *option)
{
    char left[160] = "  ", base[128];
    size_t length = 2;
    if (option->letter)
        length += (size_t)snprintf(left + length, sizeof left - length, "-%c, ",
                                   option->letter);
    snprintf(left + length, sizeof left - length, "--%s%s%s", option->name,
             cor_option_is_flag(option) ? "" : " ",
             cor_option_is_flag(option) ? "" : option->argument);
    default_text(option, base, sizeof base);
    int column = printf("%s", left);
    if (column + 2 > LEFT)
        printf("\n%*s", LEFT, "");
    else
        printf("%*s", LEFT - column, "");
    print_wrapped(option->help, strlen(option->help), LEFT, base);
}

static void print_options(const char *title, const cor_option *options)
{
    if (!options || !options->name)
        return;
    printf("\n%s\n", title);
    for (; options->name; options++)
        print_option(options);
}

/* Paragraphs are wrapped; lines that begin with a blank (examples) are not. */
static void print_description(const char *text)
{
    while (text && *text) {
        size_t length = strcspn(text, "\n");
        if (*text == ' ')
            printf("%.*s\n", (int)length, text);
        else
            print_wrapped(text, length, 0, "");
        text += length + (text[length] == '\n');
    }
}

static void print_job(const cor_call *call)
{
    const cor_job *job = call->job;
    char title[128];
    printf("coracle %s: %s\n\nusage: coracle %s %s\n", job->name, job->summary,
           job->name, job->usage);
    if (job->description && job->description[0])
        putchar('\n');
    print_description(job->description);
    snprintf(title, sizeof title, "Options of %s", job->name);
    print_options(title, job->options);
    print_options("Options of every job", call->common);
    printf("\nAny --flag is taken back by --no-flag; -- ends the options.\n"
           "`coracle --help` lists all jobs and the exit codes.\n");
}

static void print_overview(const cor_job *const *jobs)
{
    printf("coracle: recommenders and mixture models at cluster scale\n"
           "\n"
           "usage: coracle JOB [options] INPUT...                one process\n"
           "       mpirun -n 4 coracle JOB [options] INPUT...    one machine\n"
           "       srun coracle JOB [options] INPUT...           a Slurm "
           "allocation\n"
           "\n"
           "The same words run on 1 rank and on 1,000, and the result is the "
           "same to the\nbit. Results go to stdout (--json for programs), "
           "progress and messages to\nstderr.\n");
    for (; *jobs; jobs++)
        if ((*jobs)->run)
            printf("  %-12s%s\n", (*jobs)->name, (*jobs)->summary);
        else
            printf("\n%s\n", (*jobs)->summary);
    printf(
        "\n"
        "`coracle JOB --help` explains a job, its options and defaults, with\n"
        "examples. `coracle --version` names the libraries it runs on. The "
        "environment\nvariable CORACLE_PROGRESS (off, line, bar) overrules how "
        "progress is shown.\n"
        "\n"
        "Exit codes: 0 done, 1 defect in coracle, 2 wrong usage, 3 bad input "
        "data,\n4 input or output failed, 5 numerical failure, 6 out of "
        "memory, 75 stopped on\nrequest with a checkpoint written: run again "
        "with --resume to go on.\n");
}

static void print_version(void)
{
    printf("coracle %s\n", COR_VERSION);
    printf("MPI      %s\n", cor_team_version());
    printf("HDF5     %s\n", cor_file_version());
    printf("BLAS     %s\n", cor_linalg_version());
    printf("kernels  %s\n", cor_family_name(cor_family_best()));
}

int cor_help_print(const cor_call *call, const cor_job *const *jobs)
{
    errno = 0;
    if (call->wants == CALL_OVERVIEW)
        print_overview(jobs);
    else if (call->wants == CALL_VERSION)
        print_version();
    else
        print_job(call);
    if (fflush(stdout) != 0 || ferror(stdout))
        return cor_fail(COR_EIO, "cannot write to stdout: %s", strerror(errno));
    return COR_OK;
}
