/**
 * The frame of a test program: a team of all ranks, cmocka, and assertions that
 * all ranks pass or fail together. A lone failed assertion would leave its
 * peers waiting in their next collective: agree first, assert second.
 */
#ifndef TEAM_TEST_H
#define TEAM_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "coracle/team.h"

/** All ranks of the test, one thread each unless changed. */
extern cor_team *team;

#ifdef TEAM_TEST_MAIN
cor_team *team;
#endif

/** Whether a condition holds on every rank; ranks where it does not say so. */
static inline bool all_ranks(bool mine, const char *what, int line)
{
    int64_t least = mine;
    if (!mine)
        fprintf(stderr, "rank %d of %d: line %d: %s: %s\n", cor_team_rank(team),
                cor_team_size(team), line, what, cor_message());
    cor_team_min(team, &least, 1);
    return least;
}

/** Assert on all ranks at once; collective. */
#define CHECK(condition)                                                       \
    assert_true(all_ranks((condition), #condition, __LINE__))
/** Assert that a call, collective or local, gave COR_OK on all ranks. */
#define CHECK_OK(call) CHECK((call) == COR_OK)

/** Run the tests of a program on all ranks. */
#define TEAM_TESTS(tests)                                                      \
    int main(void)                                                             \
    {                                                                          \
        if (cor_team_start(1, &team) != COR_OK) {                              \
            fprintf(stderr, "%s\n", cor_message());                            \
            return 1;                                                          \
        }                                                                      \
        int failed = cmocka_run_group_tests(tests, NULL, NULL);                \
        cor_team_stop(&team);                                                  \
        return failed != 0;                                                    \
    }

#endif
