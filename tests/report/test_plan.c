/* The plan: the fullest rank counts, and all ranks stop together. */
#define TEAM_TEST_MAIN
#include "team_test.h"

#include "coracle/memory.h"
#include "coracle/plan.h"

#include <string.h>

/* A sanitizer takes memory of its own. */
static bool sanitized(void)
{
#if defined(__SANITIZE_ADDRESS__)
    return true;
#else
    return false;
#endif
}

static void the_fullest_rank_counts(void **state)
{
    (void)state;
    int rank = cor_team_rank(team), size = cor_team_size(team);
    cor_plan plan = {.rows_rank = rank, .bytes_rank = 1000 + rank};
    cor_result *result = NULL;
    CHECK_OK(cor_result_create(&result));
    cor_plan_report(team, &plan, result);
    char text[512] = "", expected[512];
    FILE *file = tmpfile();
    cor_result_print_json(result, file);
    rewind(file);
    CHECK(fgets(text, sizeof text, file) != NULL);
    fclose(file);
    snprintf(expected, sizeof expected,
             "{\"rows_per_rank\": %d, \"memory_per_rank\": %d, "
             "\"memory_per_node\": %d, \"disk\": 0}\n",
             size - 1, 999 + size,
             (999 + size) * cor_team_size(cor_team_node(team)));
    CHECK(strcmp(text, expected) == 0);
    cor_result_destroy(&result);
}

static void too_much_on_one_rank_stops_all(void **state)
{
    (void)state;
    bool last = cor_team_rank(team) == cor_team_size(team) - 1;
    cor_plan plan = {.bytes_rank = last ? (int64_t)1 << 50 : 0};
    CHECK(cor_plan_check(team, &plan) == COR_EMEMORY);
    CHECK(strstr(cor_message(), "1048576.00 GiB") != NULL);
    plan.bytes_rank = cor_plan_base();
    CHECK_OK(cor_plan_check(team, &plan));
}

/* The figure that is added before any data must not be below the truth. */
static void base_is_what_a_process_takes(void **state)
{
    (void)state;
    CHECK(cor_plan_base() >= cor_memory_peak() || sanitized());
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_fullest_rank_counts),
    cmocka_unit_test(too_much_on_one_rank_stops_all),
    cmocka_unit_test(base_is_what_a_process_takes),
};

TEAM_TESTS(tests)
