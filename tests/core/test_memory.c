#define TEAM_TEST_MAIN
#include "team_test.h"

#include "coracle/memory.h"

#include <string.h>

static void blocks_are_aligned_and_kept_when_they_grow(void **state)
{
    (void)state;
    int64_t *number = NULL;
    CHECK_OK(COR_NEW(&number, 10));
    CHECK((uintptr_t)number % 64 == 0);
    for (int64_t i = 0; i < 10; i++)
        number[i] = i;
    CHECK_OK(cor_reallocate(&number, 10, 4 << 20, sizeof *number, "numbers"));
    CHECK((uintptr_t)number % 64 == 0 && number[9] == 9);
    cor_free(number);
    CHECK_OK(COR_NEW_ZEROED(&number, 0));
    CHECK(number != NULL);
    cor_free(number);
}

/* From and to the middle of huge pages, in several steps. */
static void moved_bytes_are_all_there(void **state)
{
    (void)state;
    enum { BYTES = 21 << 20, BEFORE = 12345 };
    unsigned char *from = NULL, *to = NULL;
    CHECK_OK(COR_NEW(&from, BYTES + BEFORE));
    CHECK_OK(COR_NEW(&to, BYTES));
    for (int64_t i = 0; i < BYTES + BEFORE; i++)
        from[i] = (unsigned char)(i * 31 >> 3);
    cor_move(to, from + BEFORE, BYTES);
    bool right = true;
    for (int64_t i = 0; i < BYTES; i++)
        right = right && to[i] == (unsigned char)((i + BEFORE) * 31 >> 3);
    for (int64_t i = 0; i < BEFORE; i++) /* what is not moved stays */
        right = right && from[i] == (unsigned char)(i * 31 >> 3);
    CHECK(right);
    cor_free(from);
    cor_free(to);
}

/* In steps that end within pages; what is not used yet stays, and so do the
   neighbours. */
static void bytes_not_used_yet_are_kept(void **state)
{
    (void)state;
    enum { BYTES = 21 << 20, BEFORE = 12345, STEP = 3 << 20 };
    unsigned char *block = NULL;
    bool right = true;
    CHECK_OK(COR_NEW(&block, BYTES + BEFORE));
    memset(block, 7, BYTES + BEFORE);
    for (int64_t used = 0; used < BYTES - STEP; used += STEP) {
        cor_give_back(block + BEFORE, used, used + STEP);
        for (int64_t i = 0; i < BEFORE; i++)
            right = right && block[i] == 7;
        for (int64_t i = BEFORE + used + STEP; i < BYTES + BEFORE; i++)
            right = right && block[i] == 7;
    }
    CHECK(right);
    cor_free(block);
}

/* Blocks of many sizes come and go; none overlaps another that lives. */
static void kept_blocks_are_nobody_else_s(void **state)
{
    (void)state;
    enum { LIVE = 12, ROUNDS = 200 };
    unsigned char *block[LIVE] = {NULL};
    int64_t size[LIVE] = {0};
    bool right = true;
    for (int i = 0; i < ROUNDS; i++) {
        int b = i * 7 % LIVE;
        for (int64_t k = 0; block[b] && k < size[b]; k += 4096)
            right = right && block[b][k] == b;
        cor_free(block[b]);
        size[b] = (INT64_C(6) << 20) + (int64_t)(i * 37 % 23) * 700000;
        CHECK_OK(COR_NEW(&block[b], size[b]));
        memset(block[b], b, (size_t)size[b]);
    }
    CHECK(right);
    for (int b = 0; b < LIVE; b++)
        cor_free(block[b]);
    CHECK_OK(COR_NEW_ZEROED(&block[0], 9 << 20));
    for (int64_t k = 0; k < 9 << 20; k += 512)
        right = right && block[0][k] == 0;
    CHECK(right);
    cor_free(block[0]);
}

static void too_much_is_a_status(void **state)
{
    (void)state;
    char *block = (char *)"";
    CHECK(cor_allocate(&block, INT64_MAX, 16, "ratings") == COR_EMEMORY);
    CHECK(block == NULL && strstr(cor_message(), "ratings"));
    CHECK(cor_allocate(&block, -1, 16, "ratings") == COR_EMEMORY);
    CHECK(cor_allocate(&block, INT64_C(1) << 55, 1, "ratings") == COR_EMEMORY);
}

static void the_machine_tells_its_memory(void **state)
{
    (void)state;
    CHECK(cor_memory_peak() > 1 << 20);
    CHECK(cor_memory_available() > 1 << 20);
    CHECK(cor_memory_allowed() > 1 << 20);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(blocks_are_aligned_and_kept_when_they_grow),
    cmocka_unit_test(moved_bytes_are_all_there),
    cmocka_unit_test(bytes_not_used_yet_are_kept),
    cmocka_unit_test(kept_blocks_are_nobody_else_s),
    cmocka_unit_test(too_much_is_a_status),
    cmocka_unit_test(the_machine_tells_its_memory),
};
TEAM_TESTS(tests)
