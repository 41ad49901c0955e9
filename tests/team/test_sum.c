#define TEAM_TEST_MAIN
#include "team_test.h"

#include "coracle/memory.h"
#include "coracle/random.h"
#include "coracle/sum.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

/* Numbers of very different size, so that any other order gives other bits. */
static double addend(int64_t shard, int64_t i)
{
    double unit = cor_random_unit(
        cor_random_at(1, COR_STREAM_TEST, (uint64_t)shard, (uint32_t)i));
    return ldexp(unit - 0.5, (int)((shard * 31 + i * 7) % 60));
}

/* The tree written plainly: pairs of neighbours, level by level. */
static double plain_total(int64_t shards, int64_t i)
{
    double *node = malloc((size_t)shards * sizeof *node);
    for (int64_t s = 0; s < shards; s++)
        node[s] = addend(s, i);
    for (int64_t n = shards; n > 1; n = (n + 1) / 2)
        for (int64_t k = 0; k < (n + 1) / 2; k++)
            node[k] =
                2 * k + 1 < n ? node[2 * k] + node[2 * k + 1] : node[2 * k];
    double total = node[0];
    free(node);
    return total;
}

static void check_sum(int64_t count, int64_t length, int threads)
{
    cor_shards *shards;
    cor_sum *sum;
    CHECK_OK(cor_shards_create_even(team, count, count * 3, &shards));
    CHECK_OK(cor_sum_create(team, shards, length, &sum));
    int64_t first = cor_shards_first(shards, cor_team_rank(team));
    int64_t last = cor_shards_first(shards, cor_team_rank(team) + 1);
    double *total = malloc((size_t)length * sizeof *total);
    for (int again = 0; again < 2; again++) {
        int64_t failed = 0;
#pragma omp parallel for num_threads(threads) schedule(dynamic) reduction(+ : failed)
        for (int64_t k = first; k < last; k++) {
            int64_t s = last - 1 - (k - first); /* not in order */
            double *mine = malloc((size_t)length * sizeof *mine);
            for (int64_t i = 0; i < length; i++)
                mine[i] = addend(s, i);
            failed += cor_sum_add(sum, s, mine) != COR_OK;
            free(mine);
        }
        CHECK(failed == 0);
        CHECK_OK(cor_sum_total(sum, total));
        bool right = true;
        for (int64_t i = 0; i<length; i += length> 100 ? 997 : 1) {
            double plain = plain_total(count, i);
            right = right && memcmp(&plain, &total[i], sizeof plain) == 0;
        }
        CHECK(right);
    }
    free(total);
    cor_sum_destroy(&sum);
    cor_shards_destroy(&shards);
}

static void totals_are_the_tree_s_on_any_ranks(void **state)
{
    (void)state;
    const int64_t counts[] = {1, 2, 3, 5, 64, 100, 257};
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
        for (int threads = 1; threads <= 2; threads++)
            check_sum(counts[c], 3, threads);
}

static void long_vectors_are_cut_over_the_ranks(void **state)
{
    (void)state;
    check_sum(64, 50021, 1);
    check_sum(100, 30011, 2);
}

static void shards_never_given_add_nothing(void **state)
{
    (void)state;
    cor_shards *shards;
    cor_sum *sum;
    CHECK_OK(cor_shards_create_even(team, 64, 640, &shards));
    CHECK_OK(cor_sum_create(team, shards, 1, &sum));
    int64_t first = cor_shards_first(shards, cor_team_rank(team));
    double one = 1.0, total = -1;
    int rc = COR_OK;
    if (first == 0 && cor_shards_first(shards, cor_team_rank(team) + 1) > 0)
        rc = cor_sum_add(sum, 0, &one);
    CHECK_OK(rc);
    CHECK_OK(cor_sum_total(sum, &total));
    CHECK(total == 1.0);
    CHECK_OK(cor_sum_total(sum, &total));
    CHECK(total == 0.0);
    cor_sum_destroy(&sum);
    cor_shards_destroy(&shards);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(totals_are_the_tree_s_on_any_ranks),
    cmocka_unit_test(long_vectors_are_cut_over_the_ranks),
    cmocka_unit_test(shards_never_given_add_nothing),
};
TEAM_TESTS(tests)
