#define TEAM_TEST_MAIN
#include "team_test.h"

#include "coracle/halo.h"
#include "coracle/random.h"

#include <stdlib.h>

enum { ROWS = 500, TOUCHED = 300 };

/* Row i holds (round, i) twice; every rank touches rows drawn at random. */
static void touched_rows_are_seen_and_follow_changes(void **state)
{
    (void)state;
    cor_shards *shards;
    CHECK_OK(cor_shards_create_even(team, 64, ROWS, &shards));
    int rank = cor_team_rank(team);
    int32_t wanted[TOUCHED], slot[TOUCHED];
    for (int i = 0; i < TOUCHED; i++) {
        double u = cor_random_unit(cor_random_at(
            7, COR_STREAM_TEST, (uint64_t)(rank * TOUCHED + i), 0));
        wanted[i] = slot[i] = (int32_t)(u * ROWS);
    }
    cor_halo *halo;
    cor_window *wide, *narrow;
    CHECK_OK(cor_halo_create(team, shards, slot, TOUCHED, &halo));
    CHECK_OK(cor_window_create(halo, 2 * sizeof(int32_t), &wide));
    CHECK_OK(cor_window_create(halo, sizeof(float), &narrow));
    int64_t first = cor_shards_first_row(shards, rank);
    int64_t last = cor_shards_first_row(shards, rank + 1);
    for (int round = 1; round <= 3; round++) {
        int32_t(*own)[2] = cor_window_own(wide);
        float *own_narrow = cor_window_own(narrow);
        for (int64_t i = first; i < last; i++) {
            own[i - first][0] = round;
            own[i - first][1] = (int32_t)i;
            own_narrow[i - first] = (float)(i * round);
        }
        CHECK_OK(cor_window_update(wide));
        CHECK_OK(cor_window_update(narrow));
        const int32_t(*rows)[2] = cor_window_rows(wide);
        const float *rows_narrow = cor_window_rows(narrow);
        bool right = true;
        for (int i = 0; i < TOUCHED; i++)
            right = right && rows[slot[i]][0] == round &&
                    rows[slot[i]][1] == wanted[i] &&
                    rows_narrow[slot[i]] == (float)(wanted[i] * round);
        CHECK(right);
        cor_team_barrier(team);
    }
    cor_window_destroy(&wide);
    cor_window_destroy(&narrow);
    cor_halo_destroy(&halo);
    cor_shards_destroy(&shards);
}

/* One machine looks like nodes of `ranks` ranks from here on. */
static void pretend_nodes(int ranks)
{
    char text[16];
    snprintf(text, sizeof text, "%d", ranks);
    setenv("CORACLE_RANKS_PER_NODE", text, 1);
    cor_team *whole = team, *part;
    CHECK_OK(cor_team_split(whole, 0, &part));
    unsetenv("CORACLE_RANKS_PER_NODE");
    team = part;
    touched_rows_are_seen_and_follow_changes(NULL);
    team = whole;
    cor_team_destroy(&part);
}

static void rows_cross_nodes_of_one_rank(void **state)
{
    (void)state;
    pretend_nodes(1);
}

static void rows_cross_nodes_of_two_ranks(void **state)
{
    (void)state;
    pretend_nodes(2);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(touched_rows_are_seen_and_follow_changes),
    cmocka_unit_test(rows_cross_nodes_of_one_rank),
    cmocka_unit_test(rows_cross_nodes_of_two_ranks),
};
TEAM_TESTS(tests)
