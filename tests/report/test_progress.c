/* Progress on many ranks; what it prints is tested by tests/cli. */
#define TEAM_TEST_MAIN
#include "team_test.h"

#include "coracle/progress.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void null_is_accepted(void **state)
{
    (void)state;
    cor_progress *progress = NULL;
    cor_progress_begin(NULL, "parse", 3);
    cor_progress_update(NULL, 1);
    cor_progress_metric(NULL, "rmse", 1);
    cor_progress_step(NULL, 1);
    cor_progress_note(NULL, "%s", "note");
    cor_progress_detail(NULL, "%s", "detail");
    cor_progress_end(NULL);
    cor_progress_destroy(&progress);
    CHECK_OK(cor_progress_result(NULL, NULL));
}

static int lines_of(const char *path, const char *with)
{
    char line[4096];
    int count = 0;
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        count += strstr(line, with) != NULL;
    if (file)
        fclose(file);
    return count;
}

static void a_path(char *path, size_t size)
{
    snprintf(path, size, "/tmp/coracle-progress-%ld", (long)getpid());
    cor_team_share(team, path, (int64_t)size, 0);
}

/* A step may have any number of metrics, numbers that are none, long names. */
static void log_has_a_line_a_step(void **state)
{
    (void)state;
    char path[64], name[100];
    a_path(path, sizeof path);
    cor_progress *progress = NULL;
    CHECK_OK(cor_progress_create(team, "als", COR_QUIET, path, &progress));
    cor_progress_begin(progress, "iterations", 5);
    for (int step = 1; step <= 5; step++) {
        for (int i = 0; i < 40; i++) {
            snprintf(name, sizeof name, "m%d-%060d", i, step);
            cor_progress_metric(progress, name, 1);
        }
        cor_progress_metric(progress, "rmse", step == 2 ? NAN : 0.5);
        cor_progress_step(progress, step);
    }
    cor_progress_begin(progress, "write", 0); /* ends the one before */
    cor_progress_destroy(&progress);
    CHECK(progress == NULL);
    bool first = cor_team_rank(team) == 0;
    CHECK(!first || lines_of(path, "\"stage\": \"iterations\"") == 5);
    if (first)
        unlink(path);
}

static void log_that_cannot_be_opened(void **state)
{
    (void)state;
    cor_progress *progress = NULL;
    int rc = cor_progress_create(team, "als", COR_NORMAL, "/nowhere/at/all",
                                 &progress);
    CHECK(rc == COR_EIO && !progress);
    CHECK(strstr(cor_message(), "/nowhere/at/all") != NULL);
}

/* What a stage that goes on did before says nothing of what is left. */
static void the_time_left_is_that_of_this_run(void **state)
{
    (void)state;
    char path[64], line[4096] = "";
    a_path(path, sizeof path);
    bool first = cor_team_rank(team) == 0;
    int screen = dup(STDERR_FILENO);
    CHECK(!first || freopen(path, "w", stderr));
    CHECK(setenv("CORACLE_PROGRESS", "line", 1) == 0);
    cor_progress *progress = NULL;
    CHECK_OK(cor_progress_create(team, "als", COR_VERBOSE, NULL, &progress));
    cor_progress_begin(progress, "iterations", 1000);
    cor_progress_resume(progress, 990);
    nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
    cor_progress_step(progress, 991); /* 9 more take 1.8 s at least */
    cor_progress_destroy(&progress);
    fflush(stderr);
    dup2(screen, STDERR_FILENO);
    close(screen);
    FILE *file = first ? fopen(path, "r") : NULL;
    double left = -1;
    while (file && fgets(line, sizeof line, file)) {
        const char *comma = strstr(line, "991/1000") ? strchr(line, ',') : NULL;
        if (comma && strstr(comma, "left"))
            left = strtod(comma + 1, NULL);
    }
    if (file)
        fclose(file);
    if (first)
        unlink(path);
    CHECK(!first || left >= 1.8);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(null_is_accepted),
    cmocka_unit_test(log_has_a_line_a_step),
    cmocka_unit_test(log_that_cannot_be_opened),
    cmocka_unit_test(the_time_left_is_that_of_this_run),
};

TEAM_TESTS(tests)
