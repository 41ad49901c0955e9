/* The generator: exact sizes, distinct items, every user and item present, and
   each rank's part the same as that of a lone rank's whole. */
#define TEAM_TEST_MAIN
#include "team_test.h"

#include "coracle/generate.h"
#include "coracle/memory.h"

#include <math.h>
#include <string.h>

static cor_generate_options small(void)
{
    cor_generate_options o = cor_generate_default();
    o.users = 9000; /* more than two blocks of users */
    o.items = 700;
    o.interactions = 60000;
    o.shards = 16;
    o.titles = true;
    return o;
}

static bool same_run(const cor_interactions *mine, const cor_interactions *all)
{
    int64_t first = cor_shards_first_row(mine->row_shards, cor_team_rank(team));
    size_t rows = (size_t)mine->rows;
    return memcmp(mine->user, all->user + first, rows * 4) == 0 &&
           memcmp(mine->item, all->item + first, rows * 4) == 0 &&
           memcmp(mine->value, all->value + first, rows * 4) == 0 &&
           memcmp(mine->time, all->time + first, rows * 8) == 0;
}

static void same_as_a_lone_rank(void **state)
{
    (void)state;
    cor_generate_options o = small();
    cor_team *lone = NULL;
    cor_interactions mine, all;
    CHECK_OK(cor_team_split(team, cor_team_rank(team), &lone));
    CHECK_OK(cor_generate(team, &o, NULL, &mine));
    CHECK_OK(cor_generate(lone, &o, NULL, &all));
    CHECK(all.rows == o.interactions);
    CHECK(cor_shards_rows(mine.row_shards) == o.interactions);
    CHECK(same_run(&mine, &all));
    cor_team_set_threads(lone, 3);
    cor_interactions_free(&mine);
    CHECK_OK(cor_generate(lone, &o, NULL, &mine));
    CHECK(memcmp(mine.value, all.value, (size_t)all.rows * 4) == 0);
    CHECK(memcmp(mine.item, all.item, (size_t)all.rows * 4) == 0);
    cor_interactions_free(&mine);
    cor_interactions_free(&all);
    cor_team_destroy(&lone);
}

/* Whether rows are sorted, their items distinct, and everybody is there. */
static bool well_formed(const cor_interactions *d)
{
    int64_t *last = NULL, users = 0, items = 0;
    if (COR_NEW_ZEROED(&last, d->items) != COR_OK)
        return false;
    bool good = true;
    for (int64_t r = 0; r < d->rows; r++) {
        bool next = r == 0 || d->user[r] != d->user[r - 1];
        users += next;
        good = good && (next || d->time[r] >= d->time[r - 1]);
        good = good && last[d->item[r]] != d->user[r] + 1;
        items += last[d->item[r]] == 0;
        last[d->item[r]] = d->user[r] + 1;
        float stars = 2 * d->value[r];
        good = good && stars == floorf(stars) && stars >= 1 && stars <= 10;
    }
    cor_free(last);
    return good && users == d->users && items == d->items;
}

static void every_user_and_item_is_there(void **state)
{
    (void)state;
    const int64_t size[][3] = {
        /* users, items, interactions */
        {1, 1, 1},     {50, 3, 50},       {40, 30, 41},     {10, 10, 100},
        {12, 30, 300}, {300, 2000, 2000}, {5000, 90, 40000}};
    cor_team *lone = NULL;
    CHECK_OK(cor_team_split(team, cor_team_rank(team), &lone));
    for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
        cor_generate_options o = small();
        o.users = size[i][0];
        o.items = size[i][1];
        o.interactions = size[i][2];
        cor_interactions all;
        CHECK_OK(cor_generate(lone, &o, NULL, &all));
        CHECK(all.rows == o.interactions);
        CHECK(well_formed(&all));
        cor_interactions_free(&all);
        CHECK_OK(cor_generate(team, &o, NULL, &all));
        CHECK(cor_shards_rows(all.row_shards) == o.interactions);
        cor_interactions_free(&all);
    }
    cor_team_destroy(&lone);
}

static void fewer_interactions_than_users(void **state)
{
    (void)state;
    cor_generate_options o = small();
    o.interactions = 100;
    cor_interactions d;
    CHECK_OK(cor_generate(team, &o, NULL, &d));
    CHECK(cor_shards_rows(d.row_shards) == 100);
    CHECK(d.user_id.total == o.users);
    cor_interactions_free(&d);
}

/* The spread of values is what the model was asked for: noise and the product
   of factors are what is left after the means of users and items, which take
   their own share. */
static void planted_model_has_its_size(void **state)
{
    (void)state;
    cor_generate_options o = small();
    cor_team *lone = NULL;
    cor_interactions d;
    double sum = 0, squares = 0;
    CHECK_OK(cor_team_split(team, cor_team_rank(team), &lone));
    CHECK_OK(cor_generate(lone, &o, NULL, &d));
    for (int64_t r = 0; r < d.rows; r++) {
        sum += d.value[r];
        squares += (double)d.value[r] * d.value[r];
    }
    double mean = sum / (double)d.rows;
    double sd = sqrt(squares / (double)d.rows - mean * mean);
    /* sqrt(.4^2 + .45^2 + .45^2 + .75^2) = 1.06, less what is cut at 5 */
    CHECK(fabs(mean - 3.5) < 0.15);
    CHECK(sd > 0.90 && sd < 1.06);
    cor_interactions_free(&d);
    cor_team_destroy(&lone);
}

static void popularity_is_a_power_law(void **state)
{
    (void)state;
    cor_generate_options o = small();
    cor_team *lone = NULL;
    cor_interactions d;
    int64_t *count = NULL, most = 0, place = 0;
    CHECK_OK(cor_team_split(team, cor_team_rank(team), &lone));
    CHECK_OK(cor_generate(lone, &o, NULL, &d));
    CHECK_OK(COR_NEW_ZEROED(&count, o.items));
    for (int64_t r = 0; r < d.rows; r++)
        count[d.item[r]]++;
    for (int64_t i = 0; i < o.items; i++)
        if (count[i] > most) {
            most = count[i];
            place = i;
        }
    /* 1 / (10.5 ln 71) of the rows, less those of who had it already */
    CHECK(most > 1000 && most < 1400);
    CHECK(place != 0); /* the places are shuffled */
    cor_free(count);
    cor_interactions_free(&d);
    cor_team_destroy(&lone);
}

static void titles_and_ids(void **state)
{
    (void)state;
    cor_generate_options o = small();
    cor_interactions d;
    char text[32], wanted[32];
    bool good = true;
    CHECK_OK(cor_generate(team, &o, NULL, &d));
    CHECK(d.item_title.count == d.item_id.count);
    for (int64_t i = 0; i < d.item_id.count; i++) {
        snprintf(wanted, sizeof wanted, "Item %lld",
                 (long long)(d.item_id.first + i + 1));
        cor_ids_print(&d.item_title, i, text, sizeof text);
        good = good && strcmp(text, wanted) == 0 &&
               d.item_id.number[i] == d.item_id.first + i + 1;
    }
    CHECK(good);
    cor_interactions_free(&d);
}

static void refuses_what_makes_no_sense(void **state)
{
    (void)state;
    cor_interactions d;
    cor_generate_options o = small();
    o.interactions = o.users * o.items + 1;
    CHECK(cor_generate(team, &o, NULL, &d) == COR_EUSAGE);
    o = small();
    o.users = 0;
    CHECK(cor_generate(team, &o, NULL, &d) == COR_EUSAGE);
    o = small();
    o.rank = -1;
    CHECK(cor_generate(team, &o, NULL, &d) == COR_EUSAGE);
    o = small();
    o.noise = -0.5;
    CHECK(cor_generate(team, &o, NULL, &d) == COR_EUSAGE);
    cor_interactions_free(&d);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(same_as_a_lone_rank),
    cmocka_unit_test(every_user_and_item_is_there),
    cmocka_unit_test(fewer_interactions_than_users),
    cmocka_unit_test(planted_model_has_its_size),
    cmocka_unit_test(popularity_is_a_power_law),
    cmocka_unit_test(titles_and_ids),
    cmocka_unit_test(refuses_what_makes_no_sense)};

TEAM_TESTS(tests)
