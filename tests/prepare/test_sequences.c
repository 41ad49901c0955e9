/* Sequences against loops that go through all rows for every user. */
#define TEAM_TEST_MAIN
#include "rows.h"

#include "coracle/sequences.h"

#include <unistd.h>

enum { USERS = 40, ITEMS = 90, SPACE = 1 << 20 };

/* One for each number of ranks: tests run side by side. */
static char path[64];

/* A part and what came before it. */
typedef struct parts {
    plain own, before;
} parts;

/* The items of a user, the last `*own` of them its own; -1 behind the last. */
static int64_t items_of(const parts *p, int32_t user, int32_t *item,
                        int64_t *own)
{
    int64_t count = 0, before;
    for (int64_t r = 0; r < p->before.rows; r++)
        if (p->before.user[r] == user)
            item[count++] = p->before.item[r];
    before = count;
    for (int64_t r = 0; r < p->own.rows; r++)
        if (p->own.user[r] == user)
            item[count++] = p->own.item[r];
    *own = count - before;
    return *own ? count : 0;
}

/* An item as the options want it: ids are `factor` times the number. */
static int64_t name_of(const cor_sequences_options *o, int64_t number)
{
    return o->original ? 5 * number : number + 1;
}

static char *put_items(const cor_sequences_options *o, const int32_t *item,
                       int64_t from, int64_t to, char *out)
{
    for (int64_t i = from; i < to; i++)
        out += sprintf(out, "%s%lld", i == from ? "" : " ",
                       (long long)name_of(o, item[i]));
    return out;
}

static char *put_user(const parts *p, const cor_sequences_options *o,
                      int32_t user, cor_sequences_count *count, char *out)
{
    int32_t item[1000];
    int64_t own, most = o->max_length ? o->max_length : 1000;
    int64_t all = items_of(p, user, item, &own), lines = count->lines;
    for (int64_t i = all - own; i < all; i++) {
        int64_t end = o->prefixes ? i : all, from = end > most ? end - most : 0;
        if (o->prefixes ? i < o->min_length : i < all - 1)
            continue;
        out += sprintf(out, "%lld%c", (long long)name_of(o, user),
                       o->prefixes ? '\t' : ' ');
        out = put_items(o, item, from, end, out);
        if (o->prefixes)
            out += sprintf(out, "\t%lld", (long long)name_of(o, item[i]));
        *out++ = '\n';
        count->lines++;
    }
    count->users += count->lines > lines;
    return out;
}

static bool same_file(const char *text, int64_t length)
{
    char *found = malloc(SPACE);
    FILE *file = fopen(path, "rb");
    int64_t read = file ? (int64_t)fread(found, 1, SPACE, file) : -1;
    bool same = read == length && memcmp(found, text, (size_t)length) == 0;
    if (file)
        fclose(file);
    free(found);
    return same;
}

static void check(const parts *p, const cor_sequences_options *o,
                  int64_t shards)
{
    cor_sequences_count count, wanted = {0};
    cor_sequences *sequences = NULL;
    char *text = malloc(SPACE), *end = text;
    cor_interactions own = spread(team, &p->own, shards, 5, true);
    cor_interactions before = spread(team, &p->before, 3 * shards, 5, false);
    for (int32_t user = 0; user < USERS; user++)
        end = put_user(p, o, user, &wanted, end);
    CHECK_OK(cor_sequences_create(team, "own.h5", &own, &sequences));
    if (p->before.rows)
        CHECK_OK(cor_sequences_precede(sequences, "before.h5", &before));
    CHECK_OK(cor_sequences_write(sequences, path, true, o, NULL, &count));
    cor_sequences_destroy(&sequences);
    CHECK(count.users == wanted.users && count.lines == wanted.lines);
    CHECK(same_file(text, end - text));
    cor_team_barrier(team);
    cor_interactions_free(&before);
    cor_interactions_free(&own);
    free(text);
}

static void as_plain_loops(void **state)
{
    (void)state;
    const cor_sequences_options options[] = {
        {.min_length = 1},
        {.min_length = 1, .max_length = 3, .original = true},
        {.prefixes = true, .min_length = 1},
        {.prefixes = true, .min_length = 4, .original = true},
        {.prefixes = true, .min_length = 2, .max_length = 5}};
    snprintf(path, sizeof path, "test_sequences.%d.txt", cor_team_size(team));
    for (int rows = 0; rows < 4; rows++) {
        const int64_t own[] = {300, 3, 0, 200}, before[] = {500, 9, 40, 0};
        parts p = {plain_random(1, own[rows], USERS, ITEMS),
                   plain_random(2, before[rows], USERS, ITEMS)};
        for (int o = 0; o < 5; o++) {
            cor_team_set_threads(team, 1 + (o + rows) % 3);
            check(&p, &options[o], rows == 1 ? 1 : 8);
        }
        plain_free(&p.own);
        plain_free(&p.before);
    }
    cor_team_set_threads(team, 1);
    if (cor_team_rank(team) == 0)
        unlink(path);
}

/* Of two items that the store does not have, the first is named. */
static void unknown_items_are_refused(void **state)
{
    (void)state;
    plain few = plain_random(3, 60, USERS, 20);
    plain many = plain_random(4, 400, USERS, ITEMS);
    cor_interactions own = spread(team, &few, 4, 5, true);
    cor_interactions before = spread(team, &many, 4, 5, true);
    cor_sequences *sequences = NULL;
    int64_t least = ITEMS;
    char wanted[64];
    for (int64_t r = 0; r < many.rows; r++)
        for (int64_t q = 0; q < few.rows; q++)
            if (many.user[r] == few.user[q] && many.item[r] >= 20 &&
                many.item[r] < least)
                least = many.item[r];
    snprintf(wanted, sizeof wanted, "before.h5 has the item \"%lld\", which",
             (long long)(5 * least));
    CHECK(least < ITEMS);
    CHECK_OK(cor_sequences_create(team, "own.h5", &own, &sequences));
    CHECK(cor_sequences_precede(sequences, "before.h5", &before) == COR_EDATA);
    CHECK(strstr(cor_message(), wanted) != NULL);
    cor_sequences_destroy(&sequences);
    cor_interactions_free(&before);
    cor_interactions_free(&own);
    plain_free(&few);
    plain_free(&many);
}

int main(void);
static const struct CMUnitTest tests[] = {
    cmocka_unit_test(as_plain_loops),
    cmocka_unit_test(unknown_items_are_refused)};

TEAM_TESTS(tests)
