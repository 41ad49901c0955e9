/* A file of text that all ranks write. */
#define TEAM_TEST_MAIN
#include "team_test.h"

#include "coracle/output.h"

#include <glob.h>
#include <string.h>
#include <unistd.h>

/* One for each number of ranks: tests run side by side. */
static const char *path(void)
{
    static char name[64];
    snprintf(name, sizeof name, "test_output.%d.txt", cor_team_size(team));
    return name;
}

static bool is_there(const char *name)
{
    return access(name, F_OK) == 0;
}

static bool has_part(void)
{
    char pattern[80];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s.part-*", path());
    int failed = glob(pattern, 0, NULL, &found);
    globfree(&found);
    return failed == 0;
}

/* No disk has room for all bytes that a number counts. */
static void what_has_no_room_is_not_begun(void **state)
{
    (void)state;
    cor_output *output = NULL;
    CHECK_OK(cor_output_begin(team, path(), true, &output));
    CHECK_OK(cor_output_expect(output, 1, "so be it"));
    CHECK(cor_output_expect(output, INT64_MAX, "write less") == COR_EIO);
    CHECK(strstr(cor_message(), path()) && strstr(cor_message(), "write less"));
    cor_output_abandon(&output);
    CHECK(!is_there(path()));
}

static void ranks_write_at_their_places(void **state)
{
    (void)state;
    char text[8] = "";
    int rank = cor_team_rank(team), size = cor_team_size(team);
    cor_output *output = NULL;
    CHECK_OK(cor_output_begin(team, path(), true, &output));
    CHECK_OK(cor_output_write(output, &"abcdefg"[rank], 1, rank));
    cor_team_barrier(team);
    CHECK(has_part() && !is_there(path()));
    CHECK_OK(cor_output_commit(&output));
    FILE *file = fopen(path(), "r");
    CHECK(file && fgets(text, sizeof text, file));
    CHECK(strncmp(text, "abcdefg", (size_t)size) == 0 && !has_part());
    fclose(file);
    CHECK(cor_output_begin(team, path(), false, &output) == COR_EIO);
    CHECK(strstr(cor_message(), "--force"));
    cor_team_barrier(team);
    if (rank == 0)
        unlink(path());
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_has_no_room_is_not_begun),
    cmocka_unit_test(ranks_write_at_their_places)};

TEAM_TESTS(tests)
