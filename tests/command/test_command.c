/* The frame on a team that exists; what it prints is tested by tests/cli. */
#define TEAM_TEST_MAIN
#include "team_test.h"

#include "coracle/command.h"

#include <stdlib.h>
#include <string.h>

static struct {
    bool flag;
    int64_t count;
    double ratio;
    const char *order;     /* its text ends with the call */
    cor_option_texts list; /* so do its */
    int listed;
    int runs, threads, rc;
    char input[64], line[128], word[16], texts[64];
} got;

static const cor_option options[] = {
    {"flag", 'f', COR_OPTION_FLAG, &got.flag, NULL, "a flag"},
    {"count", 'n', COR_OPTION_INT, &got.count, "K", "a whole number"},
    {"ratio", 0, COR_OPTION_REAL, &got.ratio, "R", "a real number"},
    {"order", 0, COR_OPTION_WORDS, &got.order, "first|sorted", "a word"},
    {"list", 'l', COR_OPTION_LIST, &got.list, "TEXT", "texts"},
    COR_OPTIONS_END};

static int run_job(cor_command *command)
{
    COR_TRY(cor_command_inputs(command, 1, 1));
    got.runs++;
    got.threads = cor_team_threads(command->team);
    snprintf(got.input, sizeof got.input, "%s", command->input[0]);
    snprintf(got.line, sizeof got.line, "%s", command->file.command);
    snprintf(got.word, sizeof got.word, "%s", got.order ? got.order : "");
    got.listed = got.list.count;
    for (int i = 0; i < got.listed; i++)
        strcat(got.texts, got.list.text[i]);
    CHECK(command->progress && command->result && command->seed == 42);
    CHECK(command->file.seed == 42 && !command->file.force);
    return got.rc;
}

static const cor_job job = {"job",   "a job", "[options] INPUT", NULL, options,
                            run_job, false};
static const cor_job bare = {"bare", "no options", "INPUT", NULL,
                             NULL,   run_job,      false};
static const cor_job heading = {.summary = "Jobs"};
static const cor_job *const jobs[] = {&heading, &job, &bare, NULL};

/* Words between blanks as argv of the frame. */
static int command(const char *words)
{
    char copy[256], *argv[32], *next = NULL;
    int argc = 0;
    snprintf(copy, sizeof copy, "/usr/bin/coracle %s", words);
    for (char *word = strtok_r(copy, " ", &next); word;
         word = strtok_r(NULL, " ", &next))
        argv[argc++] = word;
    memset(&got, 0, sizeof got);
    got.count = 5;
    fflush(stdout);
    return cor_command_run(team, argc, argv, jobs);
}

static void good_words(void **state)
{
    (void)state;
    CHECK_OK(command("job -fn -3 --ratio=-1e-3 --order sorted in.csv"));
    CHECK(got.flag && got.count == -3 && got.ratio == -1e-3 && got.runs == 1);
    CHECK(strcmp(got.word, "sorted") == 0 && strcmp(got.input, "in.csv") == 0);
    CHECK(strcmp(got.line, "coracle job -fn -3 --ratio=-1e-3 --order sorted "
                           "in.csv") == 0);
    CHECK_OK(command("job --no-flag --threads 3 -- -x"));
    CHECK(!got.flag && got.threads == 3 && got.count == 5 && !got.order);
    CHECK(strcmp(got.input, "-x") == 0);
    CHECK(got.listed == 0);
    CHECK_OK(command("job --list a=1,2 in.csv -l b --list=c"));
    CHECK(got.listed == 3 && strcmp(got.texts, "a=1,2bc") == 0);
    CHECK(got.list.count == 0 && !got.list.text);
    CHECK_OK(command("bare --threads 1 in.csv"));
    CHECK(got.threads == 1);
}

static void bad_words(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "job",          "job a b",         "job a -n 1O",   "job a --cuont 3",
        "job a -n",     "job a --order x", "nothing a",     "bare a --count 3",
        "job a -f=yes", "job a --flag=1",  "--count 3 job", "job a -q -v"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK(command(bad[i]) == COR_EUSAGE);
        CHECK(got.runs == 0);
    }
}

static int fail_as(int rc)
{
    char words[] = "coracle\0job\0in.csv";
    char *argv[] = {words, words + 8, words + 12};
    got.rc = rc;
    return cor_command_run(team, 3, argv, jobs);
}

/* One rank alone may fail; all get its code, and a code that is none is a
   defect. */
static void failures_are_shared(void **state)
{
    (void)state;
    bool last = cor_team_rank(team) == cor_team_size(team) - 1;
    cor_set_message("something");
    CHECK(fail_as(last ? COR_EDATA : COR_OK) == COR_EDATA);
    CHECK(fail_as(COR_ESTOPPED) == COR_ESTOPPED);
    CHECK(fail_as(last ? 99 : COR_OK) == COR_EDEFECT);
}

static void lists_of_numbers(void **state)
{
    (void)state;
    double real[3];
    int64_t whole[3];
    int count;
    CHECK_OK(cor_command_reals("0.8,.1,-1e-1", "--fractions", 3, real, &count));
    CHECK(count == 3 && real[0] == 0.8 && real[2] == -0.1);
    CHECK_OK(cor_command_ints("5", "at", 3, whole, &count));
    CHECK(count == 1 && whole[0] == 5);
    CHECK(cor_command_ints("5,1O", "at", 3, whole, &count) == COR_EUSAGE);
    CHECK(strcmp(cor_message(), "--at: \"1O\" is not a whole number") == 0);
    CHECK(cor_command_ints("1,2,3,4", "--at", 3, whole, &count) == COR_EUSAGE);
    CHECK(strstr(cor_message(), "more than 3") != NULL);
    static const char *const bad[] = {"",     ",",    "1,", ",1",
                                      "1,,2", "1 ,2", "nan"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(cor_command_reals(bad[i], "f", 3, real, &count) == COR_EUSAGE);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(good_words),
    cmocka_unit_test(bad_words),
    cmocka_unit_test(failures_are_shared),
    cmocka_unit_test(lists_of_numbers),
};

TEAM_TESTS(tests)
