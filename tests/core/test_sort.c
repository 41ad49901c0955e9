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

/* The bits outside the range are the key's number, which must stay in order
   among keys that are equal inside it. */
static void keys_are_sorted_by_some_bits(void **state)
{
    (void)state;
    enum { KEYS = 5000 };
    static uint64_t key[KEYS], spare[KEYS];
    for (int bits = 0; bits <= 50; bits += 5)
        for (int from = 0; from <= 14; from += 7) {
            uint64_t low = (UINT64_C(1) << from) - 1;
            uint64_t mask = (UINT64_C(1) << bits) - 1;
            for (int64_t i = 0; i < KEYS; i++) {
                cor_random r = cor_random_at(2, COR_STREAM_TEST, (uint64_t)i,
                                             (uint64_t)bits);
                uint64_t all = (uint64_t)r.word[0] << 32 | r.word[1];
                uint64_t above = from + bits < 64 ? (uint64_t)i : 0;
                key[i] = (all & mask) << from | ((uint64_t)i & low);
                key[i] |= above >> from << from << bits;
            }
            const uint64_t *sorted =
                cor_sort_by_bits(key, spare, KEYS, from, bits);
            bool right = true;
            for (int64_t i = 1; i < KEYS; i++) {
                uint64_t a = sorted[i - 1], b = sorted[i];
                uint64_t x = a >> from & mask, y = b >> from & mask;
                right = right && x <= y;
                uint64_t m = (a >> bits >> from << from) | (a & low);
                uint64_t n = (b >> bits >> from << from) | (b & low);
                right = right && (x < y || m < n);
            }
            CHECK(right);
        }
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
    cmocka_unit_test(keys_are_sorted_by_some_bits),
    cmocka_unit_test(signed_numbers_keep_their_order),
};
TEAM_TESTS(tests)
