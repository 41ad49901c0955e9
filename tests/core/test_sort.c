#define TEAM_TEST_MAIN
#include "team_test.h"

#include "coracle/random.h"
#include "coracle/sort.h"

#include <stdlib.h>

/* Sorted, each key with a value it had, equal keys in their old order. */
static void check_pairs(int64_t count, uint64_t mask)
{
    uint64_t *key = malloc((size_t)count * sizeof *key + 1);
    uint64_t *old = malloc((size_t)count * sizeof *old + 1);
    int64_t *value = malloc((size_t)count * sizeof *value + 1);
    for (int64_t i = 0; i < count; i++) {
        cor_random r = cor_random_at(1, COR_STREAM_TEST, (uint64_t)i, 0);
        old[i] = key[i] = ((uint64_t)r.word[0] << 32 | r.word[1]) & mask;
        value[i] = i;
    }
    CHECK_OK(cor_sort_pairs(key, value, count));
    bool right = true;
    for (int64_t i = 0; i < count; i++) {
        right = right && old[value[i]] == key[i];
        if (i > 0)
            right = right && (key[i - 1] < key[i] || (key[i - 1] == key[i] &&
                                                      value[i - 1] < value[i]));
    }
    CHECK(right);
    CHECK_OK(cor_sort_keys(old, count));
    for (int64_t i = 0; i < count; i++)
        right = right && old[i] == key[i];
    CHECK(right);
    free(key);
    free(old);
    free(value);
}

static void pairs_are_sorted_and_stable(void **state)
{
    (void)state;
    const int64_t counts[] = {0, 1, 2, 31, 32, 33, 1000, 100000};
    const uint64_t masks[] = {0, 1, 0xff, 0xfff000, UINT64_MAX};
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
        for (size_t m = 0; m < sizeof masks / sizeof *masks; m++)
            check_pairs(counts[c], masks[m]);
}

static void signed_numbers_keep_their_order(void **state)
{
    (void)state;
    const int64_t ascending[] = {INT64_MIN, -5, -1, 0, 1, INT64_MAX};
    for (int i = 0; i < 6; i++) {
        uint64_t key = cor_sort_key_int64(ascending[i]);
        CHECK(cor_sort_int64_of_key(key) == ascending[i]);
        CHECK(i == 0 || cor_sort_key_int64(ascending[i - 1]) < key);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(pairs_are_sorted_and_stable),
    cmocka_unit_test(signed_numbers_keep_their_order),
};
TEAM_TESTS(tests)
