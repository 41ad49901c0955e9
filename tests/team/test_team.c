#define TEAM_TEST_MAIN
#include "team_test.h"

#include "coracle/memory.h"
#include "coracle/stop.h"

#include <signal.h>
#include <string.h>

/* The lowest rank that fails speaks for all. */
static void agreement_takes_the_lowest_failing_rank(void **state)
{
    (void)state;
    CHECK(cor_agree(team, COR_OK) == COR_OK);
    int rank = cor_team_rank(team), last = cor_team_size(team) - 1;
    int rc = COR_OK;
    if (rank == last)
        rc = cor_fail(COR_EIO, "rank %d", rank);
    rc = cor_agree(team, rc);
    char expected[32];
    snprintf(expected, sizeof expected, "rank %d", last);
    CHECK(rc == COR_EIO && strcmp(cor_message(), expected) == 0);
    rc = cor_agree(team, cor_fail(rank ? COR_EIO : COR_EDATA, "%d", rank));
    CHECK(rc == COR_EDATA && strcmp(cor_message(), "0") == 0);
}

static void integers_are_reduced(void **state)
{
    (void)state;
    int64_t rank = cor_team_rank(team), size = cor_team_size(team);
    int64_t sum[2] = {rank, 1}, least = rank, most = rank, all;
    cor_team_sum(team, sum, 2);
    cor_team_min(team, &least, 1);
    cor_team_max(team, &most, 1);
    CHECK(sum[0] == size * (size - 1) / 2 && sum[1] == size);
    CHECK(least == 0 && most == size - 1);
    int64_t before = cor_team_before(team, rank + 1, &all);
    CHECK(before == rank * (rank + 1) / 2 && all == size * (size + 1) / 2);
}

static void parts_are_collected_in_rank_order(void **state)
{
    (void)state;
    int64_t rank = cor_team_rank(team), size = cor_team_size(team);
    int32_t mine[64];
    for (int i = 0; i < rank; i++)
        mine[i] = (int32_t)rank;
    int32_t *all;
    int64_t total;
    CHECK_OK(cor_team_collect(team, mine, rank, sizeof *mine, &all, &total));
    bool right = total == size * (size - 1) / 2;
    int64_t at = 0;
    for (int r = 0; r < size; r++)
        for (int i = 0; i < r; i++)
            right = right && all[at++] == r;
    CHECK(right);
    cor_free(all);
    CHECK_OK(
        cor_team_collect_at(team, 0, mine, rank, sizeof *mine, &all, &total));
    CHECK(rank == 0 ? total == size * (size - 1) / 2 : all == NULL);
    cor_free(all);
}

static void a_signal_on_one_rank_stops_all(void **state)
{
    (void)state;
    CHECK_OK(cor_stop_on_signal("SIGUSR2"));
    CHECK(cor_stop_on_signal("BREAKFAST") == COR_EUSAGE);
    CHECK(!cor_stop_asked(team));
    if (cor_team_rank(team) == cor_team_size(team) - 1)
        raise(SIGUSR2);
    CHECK(cor_stop_asked(team));
}

static void a_part_is_a_team_of_its_own(void **state)
{
    (void)state;
    int rank = cor_team_rank(team), size = cor_team_size(team);
    cor_team *part;
    CHECK_OK(cor_team_split(team, rank % 2, &part));
    CHECK(cor_team_size(part) == (size + 1 - rank % 2) / 2 &&
          cor_team_rank(part) == rank / 2);
    cor_team_destroy(&part);
    CHECK(part == NULL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(agreement_takes_the_lowest_failing_rank),
    cmocka_unit_test(integers_are_reduced),
    cmocka_unit_test(parts_are_collected_in_rank_order),
    cmocka_unit_test(a_signal_on_one_rank_stops_all),
    cmocka_unit_test(a_part_is_a_team_of_its_own),
};
TEAM_TESTS(tests)
