#define TEAM_TEST_MAIN
#include "store/scratch.h"

#include "coracle/part.h"

#include <sys/stat.h>
static int touch(const char *path)
{
    FILE *file = fopen(path, "w");
    return file ? fclose(file) : -1;
}

static bool there(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0;
}

/* The part that a process of this host which is no more would have left. */
static void leave_part(const char *path, char *left, size_t size)
{
    char *mine;
    if (cor_part_create(path, &mine) != COR_OK)
        return;
    snprintf(left, size, "%.*s99999999", (int)(strrchr(mine, '-') + 1 - mine),
             mine);
    touch(left);
    cor_part_end(&mine);
}

static void names_are_one_on_all_ranks(void **state)
{
    (void)state;
    char *part, first[600];
    CHECK_OK(cor_part_begin(team, in_scratch("x.h5"), &part));
    snprintf(first, sizeof first, "%s", part);
    cor_team_share(team, first, sizeof first, 0);
    CHECK(strcmp(first, part) == 0 && strstr(part, "x.h5.part-"));
    cor_part_end(&part);
    CHECK(part == NULL);
    cor_part_end(&part);
}

static void what_a_killed_writer_left_is_removed(void **state)
{
    (void)state;
    char left[600] = "", kept[600], *part, *other;
    bool first = cor_team_rank(team) == 0;
    snprintf(kept, sizeof kept, "%s.part-", in_scratch("x.h5"));
    if (first)
        leave_part(in_scratch("x.h5"), left, sizeof left);
    CHECK(!first || (there(left) && touch(kept) == 0));
    /* another output's run lets it lie */
    CHECK_OK(cor_part_begin(team, in_scratch("x"), &other));
    CHECK(!first || there(left));
    CHECK_OK(cor_part_begin(team, in_scratch("x.h5"), &part));
    CHECK(!first || (!there(left) && there(kept)));
    if (first) {
        leave_part(in_scratch("z"), left, sizeof left);
        cor_part_sweep(scratch);
    }
    CHECK(!first || (!there(left) && there(kept)));
    cor_part_end(&other);
    cor_part_end(&part);
}

static void parts_being_written_stay(void **state)
{
    (void)state;
    char *part, *again, far[600];
    bool first = cor_team_rank(team) == 0;
    snprintf(far, sizeof far, "%s.part-00000001-1", in_scratch("y.h5"));
    CHECK_OK(cor_part_begin(team, in_scratch("y.h5"), &part));
    CHECK(!first || (touch(part) == 0 && touch(far) == 0));
    CHECK_OK(cor_part_begin(team, in_scratch("y.h5"), &again));
    CHECK(!first || (there(part) && there(far)));
    cor_part_end(&again);
    cor_part_end(&part);
}

static void a_bad_end_removes_what_is_noted(void **state)
{
    (void)state;
    char *part, *done, name[600];
    bool first = cor_team_rank(team) == 0;
    CHECK_OK(cor_part_begin(team, in_scratch("done.h5"), &done));
    CHECK_OK(cor_part_begin(team, in_scratch("half.h5"), &part));
    CHECK(!first || (touch(part) == 0 && touch(done) == 0));
    snprintf(name, sizeof name, "%s", done);
    cor_part_end(&done);
    cor_team_barrier(team);
    cor_part_remove_all();
    cor_team_barrier(team);
    CHECK(!there(part) && (!first || there(name)));
    cor_part_end(&part);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(names_are_one_on_all_ranks),
    cmocka_unit_test(what_a_killed_writer_left_is_removed),
    cmocka_unit_test(parts_being_written_stay),
    cmocka_unit_test(a_bad_end_removes_what_is_noted),
};
STORE_TESTS(tests)
