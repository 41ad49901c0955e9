/* Splits against plain loops over all rows. */
#define TEAM_TEST_MAIN
#include "rows.h"

#include "coracle/split.h"

#include <unistd.h>

static int by_time(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Global number of my first row. */
static int64_t first_row(const cor_interactions *data)
{
    return cor_shards_first_row(data->row_shards, cor_team_rank(team));
}

static void check_times(const plain *p, const cor_split_options *o,
                        const int64_t *position)
{
    cor_interactions data = spread(team, p, 8, 1, true);
    cor_split split;
    int64_t *sorted = malloc((size_t)p->rows * 8);
    memcpy(sorted, p->time, (size_t)p->rows * 8);
    qsort(sorted, (size_t)p->rows, 8, by_time);
    CHECK_OK(cor_split_find(team, &data, o, &split));
    CHECK(split.thresholds == o->fractions - 1);
    for (int c = 0; c < split.thresholds; c++)
        CHECK(split.threshold[c] == sorted[position[c]]);
    bool good = true;
    for (int64_t r = 0; r < data.rows; r++) {
        int part = COR_TRAIN;
        for (int c = 0; c < split.thresholds; c++)
            if (data.time[r] >= sorted[position[c]])
                part = c + 1;
        if (o->fractions == 2 && part == 1)
            part = COR_TEST;
        good = good && split.part[r] == part;
    }
    CHECK(good);
    CHECK(split.rows[0] + split.rows[1] + split.rows[2] == p->rows);
    free(sorted);
    cor_split_free(&split);
    cor_interactions_free(&data);
}

static void times_of_any_size(void **state)
{
    (void)state;
    plain p = plain_random(9, 1000, 100, 80);
    cor_split_options o = cor_split_default();
    for (int bits = 1; bits <= 64; bits += 3) { /* narrow and wide ranges */
        for (int64_t r = 0; r < p.rows; r++) {
            cor_random x = cor_random_at(1, COR_STREAM_TEST, (uint64_t)r, 5);
            uint64_t wide = (uint64_t)x.word[0] << 32 | x.word[1];
            p.time[r] = (int64_t)(wide >> (64 - bits)) - (bits < 64 ? 99 : 0);
        }
        p.time[0] = INT64_C(-99); /* so that train is not empty */
        const int64_t position[] = {800, 900};
        if (bits > 4)
            check_times(&p, &o, position);
    }
    plain_free(&p);
}

static void many_ties(void **state)
{
    (void)state;
    plain p = plain_random(9, 1000, 100, 80); /* times below about 60 */
    cor_split_options o = cor_split_default();
    const int64_t position[] = {800, 900};
    check_times(&p, &o, position);
    o.fractions = 2;
    o.fraction[0] = 0.7;
    o.fraction[1] = 0.3;
    const int64_t one[] = {700};
    check_times(&p, &o, one);
    plain_free(&p);
}

/* 0.7 + 0.1 is less than 0.8 in binary; the position must not be. */
static void positions_are_those_of_decimals(void **state)
{
    (void)state;
    plain p = plain_of(10, 10, 1);
    for (int64_t r = 0; r < 10; r++) {
        p.user[r] = (int32_t)r;
        p.time[r] = 100 * r;
    }
    cor_split_options o = cor_split_default();
    o.fraction[0] = 0.7;
    o.fraction[2] = 0.2;
    const int64_t position[] = {7, 8};
    check_times(&p, &o, position);
    plain_free(&p);
}

static void random_keeps_its_fractions(void **state)
{
    (void)state;
    plain p = plain_random(9, 20001, 900, 80);
    cor_team *lone = NULL;
    cor_split mine, all;
    cor_split_options o = cor_split_default();
    o.by = COR_SPLIT_RANDOM;
    CHECK_OK(cor_team_split(team, cor_team_rank(team), &lone));
    cor_interactions data = spread(team, &p, 8, 1, true);
    cor_interactions whole = spread(lone, &p, 8, 1, true);
    CHECK_OK(cor_split_find(team, &data, &o, &mine));
    CHECK_OK(cor_split_find(lone, &whole, &o, &all));
    CHECK(memcmp(mine.part, all.part + first_row(&data), (size_t)data.rows) ==
          0);
    /* six standard deviations of a binomial are 340 and 255 */
    CHECK(llabs(mine.rows[COR_TRAIN] - 16001) < 340);
    CHECK(llabs(mine.rows[COR_VALID] - 2000) < 255);
    CHECK(llabs(mine.rows[COR_TEST] - 2000) < 255);
    cor_split_free(&mine);
    o.seed++;
    CHECK_OK(cor_split_find(lone, &whole, &o, &mine));
    CHECK(memcmp(mine.part, all.part, (size_t)whole.rows) != 0);
    cor_split_free(&mine);
    cor_split_free(&all);
    cor_interactions_free(&data);
    cor_interactions_free(&whole);
    cor_team_destroy(&lone);
    plain_free(&p);
}

/* MD5 of "0" .. "9" modulo 10, from another implementation:
   python3 -c "import hashlib
   print([int(hashlib.md5(str(i).encode()).hexdigest(), 16) % 10 ...])" */
static const int md5_modulo_10[] = {0, 1, 2, 3, 0, 3, 2, 5, 1, 4};
static const int md5_modulo_100[] = {50, 11, 12, 83, 0, 93, 12, 55, 1, 74};

static void check_hash(bool item, double test, const int *modulo, int numerator)
{
    plain p = plain_of(40, 10, 10);
    for (int64_t r = 0; r < 40; r++) {
        p.user[r] = (int32_t)(r / 4);
        p.item[r] = (int32_t)(r * 7 % 10);
    }
    cor_split_options o = cor_split_default();
    cor_split split;
    o.by = COR_SPLIT_HASH;
    o.item_key = item;
    o.test = test;
    cor_interactions data = spread(team, &p, 5, 1, false);
    CHECK_OK(cor_split_find(team, &data, &o, &split));
    bool good = true;
    for (int64_t r = 0; r < data.rows; r++) {
        int key = item ? data.item[r] : data.user[r];
        good = good && split.part[r] ==
                           (modulo[key] < numerator ? COR_TEST : COR_TRAIN);
    }
    CHECK(good);
    CHECK(split.rows[COR_VALID] == 0 && split.rows[COR_TEST] > 0);
    cor_split_free(&split);
    cor_interactions_free(&data);
    plain_free(&p);
}

static void hash_is_md5(void **state)
{
    (void)state;
    check_hash(false, 0.3, md5_modulo_10, 3);
    check_hash(true, 0.3, md5_modulo_10, 3);
    check_hash(false, 0.25, md5_modulo_100, 25); /* not 1 of 4 */
    check_hash(true, 0.1, md5_modulo_10, 1);
}

static void last_of_each_user(void **state)
{
    (void)state;
    plain p = plain_random(4, 600, 90, 80);
    cor_interactions data = spread(team, &p, 5, 1, true);
    cor_split_options o = cor_split_default();
    o.by = COR_SPLIT_LAST;
    for (o.last = 1; o.last < 4; o.last++) {
        cor_split split;
        bool good = true;
        CHECK_OK(cor_split_find(team, &data, &o, &split));
        for (int64_t r = 0; r < data.rows; r++) {
            int64_t later = 0, at = first_row(&data) + r;
            for (int64_t q = at + 1; q < p.rows; q++)
                later += p.user[q] == p.user[at];
            good = good &&
                   split.part[r] == (later < o.last ? COR_TEST : COR_TRAIN);
        }
        CHECK(good);
        cor_split_free(&split);
    }
    cor_interactions_free(&data);
    plain_free(&p);
}

static void parts_written_hold_the_rows(void **state)
{
    (void)state;
    char path[256];
    plain p = plain_random(9, 1000, 100, 80);
    cor_interactions data = spread(team, &p, 8, 1, true);
    cor_split_options o = cor_split_default();
    cor_file_options file = {.force = true, .command = "test"};
    cor_split split;
    o.by = COR_SPLIT_LAST;
    CHECK_OK(cor_split_find(team, &data, &o, &split));
    int64_t pid = getpid();
    cor_team_max(team, &pid, 1);
    snprintf(path, sizeof path, "/tmp/coracle-split-%lld.h5", (long long)pid);
    cor_interactions_summary summary;
    cor_interactions part;
    CHECK_OK(
        cor_split_write(team, &data, &split, COR_TEST, path, &file, &summary));
    CHECK(summary.interactions == split.rows[COR_TEST]);
    CHECK_OK(cor_interactions_read(team, path, &cor_interactions_all, &part));
    CHECK(part.users == data.users && part.items == data.items);
    CHECK(cor_shards_count(part.row_shards) == 8);
    int64_t first = first_row(&part), row = 0;
    bool good = true;
    for (int64_t r = 0; r < p.rows; r++) {
        if (r + 1 < p.rows && p.user[r + 1] == p.user[r])
            continue;
        int64_t at = row++ - first;
        if (at >= 0 && at < part.rows)
            good = good && part.user[at] == p.user[r] &&
                   part.item[at] == p.item[r] && part.time[at] == p.time[r] &&
                   part.value[at] == p.value[r];
    }
    CHECK(good && row == split.rows[COR_TEST]);
    if (cor_team_rank(team) == 0)
        unlink(path);
    cor_interactions_free(&part);
    cor_split_free(&split);
    cor_interactions_free(&data);
    plain_free(&p);
}

static void refuses_what_makes_no_sense(void **state)
{
    (void)state;
    plain p = plain_random(9, 100, 10, 8);
    cor_interactions data = spread(team, &p, 4, 1, false);
    cor_split_options o = cor_split_default();
    cor_split split;
    CHECK(cor_split_find(team, &data, &o, &split) == COR_EDATA); /* no time */
    cor_split_free(&split);
    o.fraction[0] = 0.7;
    CHECK(cor_split_check(&o) == COR_EUSAGE); /* 0.9 in all */
    o.fraction[0] = 0.9;
    o.fraction[1] = 0.0;
    CHECK(cor_split_check(&o) == COR_EUSAGE);
    o.by = COR_SPLIT_LAST;
    o.last = 0;
    CHECK(cor_split_check(&o) == COR_EUSAGE);
    o.last = INT64_MAX; /* nothing left to train on */
    CHECK(cor_split_find(team, &data, &o, &split) == COR_EDATA);
    cor_split_free(&split);
    o.by = COR_SPLIT_HASH;
    const double bad[] = {0.0, 1.0, -0.5, 1.0 / 300};
    for (int i = 0; i < 4; i++) {
        o.test = bad[i];
        CHECK(cor_split_check(&o) == COR_EUSAGE);
    }
    cor_interactions_free(&data);
    plain_free(&p);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(times_of_any_size),
    cmocka_unit_test(many_ties),
    cmocka_unit_test(positions_are_those_of_decimals),
    cmocka_unit_test(random_keeps_its_fractions),
    cmocka_unit_test(hash_is_md5),
    cmocka_unit_test(last_of_each_user),
    cmocka_unit_test(parts_written_hold_the_rows),
    cmocka_unit_test(refuses_what_makes_no_sense)};

TEAM_TESTS(tests)
