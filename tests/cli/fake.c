/**
 * A command of jobs that do nothing but show the frame: every kind of option,
 * every kind of result, failures that ranks do not share, progress. The program
 * that tests/cli/test_frame.py runs.
 */
#include "coracle/command.h"

#include <stddef.h>
#include <string.h>
#include <time.h>

/* ---- echo: what was read ---- */

static struct {
    bool flag, on;
    int64_t count;
    double ratio;
    const char *text, *list, *order, *mode;
} echo = {
    .on = true, .count = 5, .ratio = 0.1, .list = "1,2", .order = "first"};

static const cor_option echo_options[] = {
    {"flag", 'f', COR_OPTION_FLAG, &echo.flag, NULL, "a flag"},
    {"on", 0, COR_OPTION_FLAG, &echo.on, NULL, "a flag that is on"},
    {"count", 'n', COR_OPTION_INT, &echo.count, "K",
     "a whole number with a long explanation that does not fit on one line of "
     "the help and so is wrapped under itself"},
    {"ratio", 0, COR_OPTION_REAL, &echo.ratio, "R", "a real number"},
    {"text", 0, COR_OPTION_TEXT, &echo.text, "TEXT", "any text"},
    {"list", 0, COR_OPTION_TEXT, &echo.list, "N,N,...", "at most 3 numbers"},
    {"order", 0, COR_OPTION_WORDS, &echo.order, "first|sorted", "a word"},
    {"mode", 0, COR_OPTION_WORDS, &echo.mode, "a|b", "a word, none given"},
    COR_OPTIONS_END};

static int echo_list(cor_result *result)
{
    double value[3];
    int64_t whole[3];
    int count;
    COR_TRY(cor_command_reals(echo.list, "--list", 3, value, &count));
    cor_result *list = cor_result_list(result, "list");
    for (int i = 0; i < count; i++)
        cor_result_append_real(list, value[i]);
    if (cor_command_ints(echo.list, "list", 3, whole, &count) == COR_OK)
        cor_result_int(result, "first_of_list", whole[0]);
    return COR_OK;
}

static int run_echo(cor_command *command)
{
    COR_TRY(cor_command_inputs(command, 0, 2));
    cor_result *result = command->result;
    cor_result *inputs = cor_result_list(result, "inputs");
    for (int i = 0; i < command->inputs; i++)
        cor_result_append_text(inputs, command->input[i]);
    cor_result_bool(result, "flag", echo.flag);
    cor_result_bool(result, "on", echo.on);
    cor_result_int(result, "count", echo.count);
    cor_result_real(result, "ratio", echo.ratio);
    cor_result_text(result, "text", echo.text);
    cor_result_text(result, "order", echo.order);
    cor_result_text(result, "mode", echo.mode);
    cor_result_text(result, "output", command->output);
    cor_result_bool(result, "force", command->force);
    cor_result_bool(result, "plan", command->plan);
    cor_result_int(result, "seed", command->seed);
    cor_result_int(result, "threads", cor_team_threads(command->team));
    cor_result_int(result, "ranks", cor_team_size(command->team));
    cor_result_text(result, "command", command->file.command);
    return echo_list(result);
}

static const cor_job job_echo = {"echo",
                                 "give back what was read",
                                 "[options] [INPUT [INPUT]]",
                                 "Shows the options as they were read.\n\n"
                                 "    coracle echo --count 3 a.csv\n",
                                 echo_options,
                                 run_echo,
                                 false};

/* ---- fail: a status of one rank ---- */

static struct {
    int64_t code, rank;
    const char *message;
} failing = {.code = COR_EDATA, .message = "ratings.csv line 3: bad"};

static const cor_option fail_options[] = {
    {"code", 0, COR_OPTION_INT, &failing.code, "N", "status"},
    {"on", 0, COR_OPTION_INT, &failing.rank, "RANK", "the rank that fails"},
    {"message", 0, COR_OPTION_TEXT, &failing.message, "TEXT", "what it says"},
    COR_OPTIONS_END};

static int run_fail(cor_command *command)
{
    cor_result_int(command->result, "unfinished", 1);
    cor_progress_begin(command->progress, "fail", 2);
    cor_progress_update(command->progress, 1);
    if (cor_team_rank(command->team) ==
        failing.rank % cor_team_size(command->team))
        return cor_fail((int)failing.code, "%s", failing.message);
    return COR_OK;
}

static const cor_job job_fail = {"fail", "fail on one rank", "[options]",
                                 NULL,   fail_options,       run_fail,
                                 false};

/* ---- show: every kind of result ---- */

static void show_lists(cor_result *result)
{
    cor_result *rounds = cor_result_list(result, "rounds");
    const int64_t alive[2][2] = {{610, 9724}, {609, 12345}};
    for (int i = 0; i < 2; i++) {
        cor_result *pair = cor_result_append_list(rounds);
        cor_result_append_int(pair, alive[i][0]);
        cor_result_append_int(pair, alive[i][1]);
    }
    cor_result *top = cor_result_list(result, "top");
    const char *const title[2] = {"Am\xc3\xa9lie (2001)", "Heat"};
    for (int i = 0; i < 2; i++) {
        cor_result *item = cor_result_append_object(top);
        cor_result_int(item, "item", 4973 + i);
        cor_result_text(item, "title", title[i]);
        cor_result_int(item, "count", 123456 - 123000 * i);
        cor_result_real(item, "mean", 4.25 - i);
    }
    cor_result_list(result, "nothing");
}

static int run_show(cor_command *command)
{
    cor_result *result = command->result;
    cor_result_int(result, "interactions", 100836);
    cor_result_real(result, "density", 0.1);
    cor_result_real(result, "none", 0.0 / 0.0 * (double)command->seed);
    cor_result *value = cor_result_object(result, "value");
    cor_result_real(value, "min", 0.5);
    cor_result_real(value, "max", 5);
    cor_result *time = cor_result_object(result, "time");
    cor_result_int(time, "min", 0);
    cor_result_int(time, "max", 1537679046);
    show_lists(result);
    cor_result *people = cor_result_object(result, "recommendations");
    cor_result *list = cor_result_list(people, "user 7");
    cor_result_text(cor_result_append_object(list), "title", "Heat");
    return COR_OK;
}

static const cor_job job_show = {
    "show", "a result of every kind", "[options]", "", NULL, run_show, false};

/* ---- steps: progress ---- */

static struct {
    int64_t steps, pause;
} stepping = {.steps = 3};

static const cor_option steps_options[] = {
    {"steps", 0, COR_OPTION_INT, &stepping.steps, "N", "how many"},
    {"pause", 0, COR_OPTION_INT, &stepping.pause, "MS", "a step's time"},
    COR_OPTIONS_END};

static int run_steps(cor_command *command)
{
    cor_progress *progress = command->progress;
    cor_progress_begin(progress, "read", 0);
    cor_progress_update(progress, 1234567);
    cor_progress_end(progress);
    cor_progress_note(progress, "a note of %d", 1);
    cor_progress_detail(progress, "a detail");
    cor_progress_begin(progress, "iterations", stepping.steps);
    for (int64_t step = 1; step <= stepping.steps; step++) {
        struct timespec pause = {.tv_sec = stepping.pause / 1000,
                                 .tv_nsec = stepping.pause % 1000 * 1000000};
        nanosleep(&pause, NULL);
        cor_progress_metric(progress, "train", 1.0 / (double)step);
        if (step > 1)
            cor_progress_metric(progress, "valid", 0.5);
        cor_progress_step(progress, step);
    }
    cor_progress_end(progress);
    cor_result_int(command->result, "steps", stepping.steps);
    return COR_OK;
}

static const cor_job job_steps = {"steps", "make progress", "[options]",
                                  NULL,    steps_options,   run_steps,
                                  false};

/* ---- plan: what is needed, and too much of it ---- */

static struct {
    int64_t gib;
} planned = {.gib = 1};

static const cor_option plan_options[] = {
    {"gib", 0, COR_OPTION_INT, &planned.gib, "N", "GiB a rank"},
    COR_OPTIONS_END};

static int run_plan(cor_command *command)
{
    int rank = cor_team_rank(command->team);
    cor_plan plan = {.rows_rank = 10 + rank,
                     .bytes_rank = cor_plan_base() + (planned.gib << 30),
                     .bytes_disk = 5000};
    if (!command->plan)
        COR_TRY(cor_command_needs_output(command));
    return cor_command_plan(command, &plan);
}

static const cor_job job_plan = {"plan",       "need memory", "-o FILE", NULL,
                                 plan_options, run_plan,      false};

int main(int argc, char **argv)
{
    static const cor_job heading = {.summary = "Jobs that show the frame"};
    const cor_job *const jobs[] = {&heading,   &job_echo, &job_fail, &job_show,
                                   &job_steps, &job_plan, NULL};
    return cor_command_main(argc, argv, jobs);
}
