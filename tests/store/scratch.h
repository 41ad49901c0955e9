/**
 * A folder of a test's own, with one name on all ranks, removed at its end.
 */
#ifndef STORE_SCRATCH_H
#define STORE_SCRATCH_H

#include "team_test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char scratch[256];

static int make_scratch(void **state)
{
    (void)state;
    if (cor_team_rank(team) == 0) {
        const char *base = getenv("TMPDIR");
        snprintf(scratch, sizeof scratch, "%s/coracle-store-XXXXXX",
                 base ? base : "/tmp");
        if (!mkdtemp(scratch))
            scratch[0] = 0;
    }
    cor_team_share(team, scratch, sizeof scratch, 0);
    return scratch[0] ? 0 : -1;
}

/** A shell line on rank 0, with all ranks waiting; its exit status to all. */
static inline int shell(const char *line)
{
    int64_t status = 0;
    cor_team_barrier(team);
    if (cor_team_rank(team) == 0)
        status = system(line);
    cor_team_share(team, &status, sizeof status, 0);
    return (int)status;
}

static int remove_scratch(void **state)
{
    (void)state;
    char line[512];
    snprintf(line, sizeof line, "rm -rf '%s'", scratch);
    return shell(line);
}

/** A path in the folder; the block is static and used in turn with another. */
static inline const char *in_scratch(const char *name)
{
    static char path[2][512];
    static int turn;
    turn = !turn;
    snprintf(path[turn], sizeof path[turn], "%s/%s", scratch, name);
    return path[turn];
}

/** Whether a file is there, agreed by rank 0. */
static inline bool exists(const char *path)
{
    int64_t there = 0;
    cor_team_barrier(team);
    if (cor_team_rank(team) == 0)
        there = access(path, F_OK) == 0;
    cor_team_share(team, &there, sizeof there, 0);
    return there;
}

/** Files in the folder whose name has `part`, counted by rank 0. */
static inline bool folder_has(const char *part)
{
    char line[600];
    snprintf(line, sizeof line, "ls '%s' | grep -q -- '%s'", scratch, part);
    return shell(line) == 0;
}

#define STORE_TESTS(tests)                                                     \
    int main(void)                                                             \
    {                                                                          \
        if (cor_team_start(1, &team) != COR_OK) {                              \
            fprintf(stderr, "%s\n", cor_message());                            \
            return 1;                                                          \
        }                                                                      \
        int failed =                                                           \
            cmocka_run_group_tests(tests, make_scratch, remove_scratch);       \
        cor_team_stop(&team);                                                  \
        return failed != 0;                                                    \
    }

#endif
