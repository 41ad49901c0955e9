#define TEAM_TEST_MAIN
#include "team_test.h"

#include "coracle/shards.h"

/* Every row has one owner, and that owner's run holds it. */
static void check_owners(const cor_shards *shards)
{
    int size = cor_team_size(team);
    bool right = cor_shards_first(shards, 0) == 0 &&
                 cor_shards_first(shards, size) == cor_shards_count(shards);
    for (int64_t row = 0; row < cor_shards_rows(shards); row++) {
        int owner = cor_shards_owner(shards, row);
        int64_t shard = cor_shards_shard_of(shards, row);
        right = right && cor_shards_first_row(shards, owner) <= row &&
                row < cor_shards_first_row(shards, owner + 1) &&
                cor_shards_begin(shards, shard) <= row &&
                row < cor_shards_begin(shards, shard + 1) &&
                cor_shards_first(shards, owner) <= shard &&
                shard < cor_shards_first(shards, owner + 1);
    }
    CHECK(right);
}

static void even_shards_balance(void **state)
{
    (void)state;
    cor_shards *shards;
    CHECK_OK(cor_shards_create_even(team, 64, 1000, &shards));
    check_owners(shards);
    int rank = cor_team_rank(team);
    int64_t mine = cor_shards_first_row(shards, rank + 1) -
                   cor_shards_first_row(shards, rank);
    int64_t share = 1000 / cor_team_size(team);
    CHECK(mine >= share - 17 && mine <= share + 17); /* a shard is 16 */
    cor_shards_destroy(&shards);
    CHECK(shards == NULL);
}

static void uneven_and_empty_shards_have_owners(void **state)
{
    (void)state;
    const int64_t begin[] = {0, 0, 50, 50, 50, 51, 60, 60};
    cor_shards *shards, *like;
    CHECK_OK(cor_shards_create(team, 7, begin, &shards));
    check_owners(shards);
    const int64_t other[] = {0, 1, 2, 3, 4, 5, 6, 7};
    CHECK_OK(cor_shards_create_like(shards, other, &like));
    check_owners(like);
    bool same = true;
    for (int r = 0; r <= cor_team_size(team); r++)
        same = same && cor_shards_first(shards, r) == cor_shards_first(like, r);
    CHECK(same);
    cor_shards_destroy(&like);
    cor_shards_destroy(&shards);
}

static void no_rows_and_fewer_shards_than_ranks(void **state)
{
    (void)state;
    const int64_t none[] = {0, 0, 0, 0};
    cor_shards *shards;
    CHECK_OK(cor_shards_create(team, 3, none, &shards));
    check_owners(shards);
    cor_shards_destroy(&shards);
    CHECK_OK(cor_shards_create_even(team, 2, 5, &shards));
    check_owners(shards);
    cor_shards_destroy(&shards);
}

static void default_count_grows_with_the_data(void **state)
{
    (void)state;
    CHECK(cor_shards_default_count(0) == 64);
    CHECK(cor_shards_default_count(INT64_C(64) << 20) == 64);
    CHECK(cor_shards_default_count(INT64_C(100) << 20) == 128);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(even_shards_balance),
    cmocka_unit_test(uneven_and_empty_shards_have_owners),
    cmocka_unit_test(no_rows_and_fewer_shards_than_ranks),
    cmocka_unit_test(default_count_grows_with_the_data),
};
TEAM_TESTS(tests)
