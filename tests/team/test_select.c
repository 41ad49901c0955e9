/**
 * Selection against a sort of all numbers: ties, extremes, empty ranks.
 */
#define TEAM_TEST_MAIN
#include "team_test.h"

#include "coracle/cut.h"
#include "coracle/random.h"
#include "coracle/select.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 5000, KINDS = 4 };

static int64_t whole[MOST], sorted[MOST];
static double real[MOST], real_sorted[MOST];

static int compare_whole(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int compare_real(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Any 64 bits; few values; values near one another; the ends of the range. */
static void fill(int kind, int64_t total)
{
    for (int64_t i = 0; i < total; i++) {
        cor_random r =
            cor_random_at(5, COR_STREAM_TEST, (uint64_t)i, (uint32_t)kind);
        uint64_t bits = (uint64_t)r.word[0] << 32 | r.word[1];
        double unit = cor_random_unit(r) - 0.5;
        whole[i] = kind == 1 ? (int64_t)(bits % 5) - 2 : (int64_t)bits;
        real[i] = kind == 1 ? (double)whole[i]
                            : ldexp(unit, (int)(r.word[2] % 2000) - 1000);
        if (kind == 2) {
            whole[i] = INT64_MIN + (int64_t)(bits % 40000);
            real[i] = -7 - unit;
        }
        if (kind == 3) {
            whole[i] = bits & 1 ? INT64_MIN : INT64_MAX;
            real[i] = r.word[3] % 3 == 0 ? INFINITY : -INFINITY;
        }
    }
    memcpy(sorted, whole, sizeof whole);
    memcpy(real_sorted, real, sizeof real);
    qsort(sorted, (size_t)total, sizeof *sorted, compare_whole);
    qsort(real_sorted, (size_t)total, sizeof *real_sorted, compare_real);
}

/* My part; the last rank has nothing where there are three or more. */
static int64_t mine_begin(int64_t total, int rank)
{
    int size = cor_team_size(team), with = size > 2 ? size - 1 : size;
    return cor_cut_begin(total, rank < with ? rank : with, with);
}

static void check(int kind, int64_t total)
{
    int64_t begin = mine_begin(total, cor_team_rank(team)),
            count = mine_begin(total, cor_team_rank(team) + 1) - begin;
    int64_t position[] = {0, total / 3, total / 3, total - 1}, found[4];
    double real_found[4];
    bool right = true;
    fill(kind, total);
    CHECK_OK(cor_select_int64(team, whole + begin, count, 4, position, found));
    CHECK_OK(
        cor_select_double(team, real + begin, count, 4, position, real_found));
    for (int w = 0; w < 4; w++)
        right = right && found[w] == sorted[position[w]] &&
                real_found[w] == real_sorted[position[w]];
    CHECK(right);
}

static void positions_are_those_of_a_sort(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 2; threads++) {
        cor_team_set_threads(team, threads);
        for (int kind = 0; kind < KINDS; kind++) {
            check(kind, 1);
            check(kind, 2);
            check(kind, MOST);
        }
    }
    cor_team_set_threads(team, 1);
}

/* 0, 1, ... 10, turned round: on and between them. */
static void percentiles_lie_on_the_line(void **state)
{
    (void)state;
    const double percent[] = {0, 4, 50, 75, 96, 100},
                 right[] = {0, 0.4, 5, 7.5, 9.6, 10};
    int64_t begin = mine_begin(11, cor_team_rank(team)),
            count = mine_begin(11, cor_team_rank(team) + 1) - begin;
    double found;
    for (int i = 0; i < 11; i++)
        real[i] = 10 - i;
    for (int p = 0; p < 6; p++) {
        CHECK_OK(cor_select_percentile(team, real + begin, count, percent[p],
                                       &found));
        CHECK(fabs(found - right[p]) < 1e-14);
    }
    real[0] = -INFINITY;
    CHECK_OK(cor_select_percentile(team, real + begin, count, 4, &found));
    CHECK(found == -INFINITY);
    count = cor_team_rank(team) == 0;
    CHECK_OK(cor_select_percentile(team, real + 3, count, 30, &found));
    CHECK(found == 7);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(positions_are_those_of_a_sort),
    cmocka_unit_test(percentiles_lie_on_the_line),
};

TEAM_TESTS(tests)
