#include "coracle/command.h"

#include "call.h"
#include "coracle/csv.h"
#include "coracle/output.h"
#include "coracle/part.h"
#include "help.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- messages ---- */

/* The only place that prints an error: one line, whatever was quoted in it, and
   lines that begin with two blanks, which show where something is wrong. */
static void complain(const cor_call *call, int rc)
{
    char line[COR_MESSAGE_SIZE];
    snprintf(line, sizeof line, "%s",
             cor_message()[0] ? cor_message() : "failed without saying why");
    for (char *p = line; *p; p++)
        if (((unsigned char)*p < 0x20 || *p == 0x7f) &&
            strncmp(p, "\n  ", 3) != 0)
            *p = ' ';
    fprintf(stderr, "coracle%s%s: %s%s\n", call->name ? " " : "",
            call->name ? call->name : "", line,
            rc == COR_EDEFECT ? " (a defect in coracle: please report it with "
                                "the command line)"
                              : "");
}

/* Codes that are none of ours are a defect. */
static int exit_code(int rc)
{
    bool ours = (rc >= COR_OK && rc <= COR_EMEMORY) || rc == COR_ESTOPPED;
    return ours ? rc : COR_EDEFECT;
}

/* Before there is a team, launchers tell the rank in the environment. */
static bool launched_first(void)
{
    static const char *const known[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK",
                                        "PMI_RANK", "SLURM_PROCID"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const char *rank = getenv(known[i]);
        if (rank)
            return strcmp(rank, "0") == 0;
    }
    return true;
}

/* ---- one job ---- */

/* What rank 0 says at the end: the last line of the log, then the result. */
static int give_result(const cor_call *call, cor_command *command)
{
    int rc = cor_progress_result(command->progress, command->result);
    cor_progress_destroy(&command->progress);
    if (rc != COR_OK || cor_team_rank(command->team) != 0)
        return rc;
    return call->json ? cor_result_print_json(command->result, stdout)
                      : cor_result_print_table(command->result, stdout);
}

/* The result as JSON in a file of its own. Collective. */
static int write_result(const cor_call *call, const cor_command *command)
{
    cor_csv text = {0};
    char *bytes = NULL;
    size_t length = 0;
    if (!call->job->result_is_output || !call->output ||
        command->output_written)
        return COR_OK;
    if (cor_team_rank(command->team) == 0) {
        FILE *stream = open_memstream(&bytes, &length);
        text.status = stream ? cor_result_print_json(command->result, stream)
                             : cor_fail(COR_EMEMORY, "out of memory: result");
        if (stream)
            fclose(stream);
        cor_csv_bytes(&text, bytes ? bytes : "", (int64_t)length);
    }
    int rc = cor_csv_write(command->team, call->output, call->force, &text, 1);
    cor_csv_free(&text);
    free(bytes);
    return rc;
}

/* Run the job; what it has found is in the command's result afterwards. */
static int find_result(const cor_call *call, cor_command *command)
{
    if (call->job->result_is_output && !call->plan)
        COR_TRY(cor_command_try_output(command));
    int rc = call->job->run(command);
    COR_TRY(cor_agree(command->team, rc == COR_PLANNED ? COR_OK : rc));
    return call->plan ? COR_OK : write_result(call, command);
}

static int run_job(cor_team *team, const cor_call *call)
{
    cor_command command = {
        .job = call->job->name,
        .team = team,
        .inputs = call->inputs,
        .input = call->input,
        .output = call->output,
        .force = call->force,
        .json = call->json,
        .plan = call->plan,
        .quiet = call->quiet,
        .verbose = call->verbose,
        .seed = call->seed,
        .file = {.force = call->force,
                 .command = call->line,
                 .seed = call->seed},
        .usage = call->job->usage,
    };
    enum cor_loudness loudness = call->quiet     ? COR_QUIET
                                 : call->verbose ? COR_VERBOSE
                                                 : COR_NORMAL;
    int rc = cor_agree(team, cor_result_create(&command.result));
    if (rc == COR_OK)
        rc = cor_progress_create(team, command.job, loudness, call->log,
                                 &command.progress);
    if (rc == COR_OK)
        rc = find_result(call, &command);
    if (rc == COR_OK)
        rc = cor_agree(team, give_result(call, &command));
    cor_progress_destroy(&command.progress);
    cor_result_destroy(&command.result);
    return rc;
}

/* Do what was read, `rc` being how the reading went. */
static int follow(cor_team *team, const cor_call *call,
                  const cor_job *const *jobs, int rc)
{
    bool first = cor_team_rank(team) == 0;
    rc = cor_agree(team, rc);
    if (rc == COR_OK && call->wants != CALL_RUN)
        rc = cor_agree(team, first ? cor_help_print(call, jobs) : COR_OK);
    else if (rc == COR_OK)
        rc = run_job(team, call);
    rc = exit_code(rc);
    if (rc != COR_OK)
        cor_part_remove_all();
    if (rc != COR_OK && first)
        complain(call, rc);
    return rc;
}

int cor_command_run(cor_team *team, int argc, char **argv,
                    const cor_job *const *jobs)
{
    cor_call call;
    int rc = cor_call_read(argc, argv, jobs, &call);
    if (call.threads > 0)
        cor_team_set_threads(team, call.threads);
    rc = follow(team, &call, jobs, rc);
    cor_call_free(&call);
    return rc;
}

/* ---- the program ---- */

/* A standard stream that is closed would give its number to the next file that
   is opened, and a result printed on stdout would end up inside a store. The
   stand-in refuses what the stream is for, so that this is noticed. */
static void hold_standard_streams(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)!open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

/* Help and versions, without starting MPI: they must be there also where it
   can't be started. */
static int print_help(const cor_call *call, const cor_job *const *jobs)
{
    int rc = launched_first() ? cor_help_print(call, jobs) : COR_OK;
    if (rc != COR_OK)
        complain(call, rc);
    return rc;
}

int cor_command_main(int argc, char **argv, const cor_job *const *jobs)
{
    hold_standard_streams();
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error of the writing */
    cor_call call;
    cor_team *team = NULL;
    int rc = cor_call_read(argc, argv, jobs, &call);
    if (rc == COR_OK && call.wants != CALL_RUN) {
        rc = print_help(&call, jobs);
    } else {
        char message[COR_MESSAGE_SIZE];
        snprintf(message, sizeof message, "%s", cor_message());
        int started = cor_team_start(call.threads, &team);
        if (started == COR_OK) {
            cor_set_message(message);
            rc = follow(team, &call, jobs, rc);
            cor_team_stop(&team);
        } else {
            rc = exit_code(started);
            if (launched_first())
                complain(&call, rc);
        }
    }
    cor_call_free(&call);
    return rc;
}

/* ---- what jobs ask ---- */

int cor_command_inputs(const cor_command *command, int least, int most)
{
    if (command->inputs >= least && command->inputs <= most)
        return COR_OK;
    const char *usage = command->usage ? command->usage : "";
    if (command->inputs > most)
        return cor_fail(COR_EUSAGE,
                        "takes %d input%s, \"%s\" is one too many; usage: "
                        "coracle %s %s",
                        most, most == 1 ? "" : "s", command->input[most],
                        command->job, usage);
    return cor_fail(
        COR_EUSAGE, "needs %s%d input%s, got %d; usage: coracle %s %s",
        least < most ? "at least " : "", least, least == 1 ? "" : "s",
        command->inputs, command->job, usage);
}

int cor_command_needs_output(const cor_command *command)
{
    if (command->output)
        return COR_OK;
    return cor_fail(COR_EUSAGE,
                    "needs -o PATH for its output; usage: coracle %s %s",
                    command->job, command->usage ? command->usage : "");
}

int cor_command_try_output(const cor_command *command)
{
    if (!command->output)
        return COR_OK;
    return cor_output_check(command->team, command->output, command->force);
}

int cor_command_plan(const cor_command *command, const cor_plan *plan)
{
    if (!command->plan)
        return cor_plan_check(command->team, plan);
    cor_plan_report(command->team, plan, command->result);
    return COR_PLANNED;
}
