#define TEAM_TEST_MAIN
#include "team_test.h"

#include "coracle/map.h"

#include <string.h>

enum { KEYS = 50000 };

static int64_t key_of(int64_t i)
{
    return (i * 2654435761) % 1000003 - 500000;
}

static void integers_are_numbered_in_order_of_insertion(void **state)
{
    (void)state;
    cor_map *map;
    CHECK_OK(cor_map_create(false, 0, &map));
    bool right = true;
    for (int round = 0; round < 2; round++)
        for (int64_t i = 0; i < KEYS; i++) {
            int64_t slot;
            right = right &&
                    cor_map_put_int64(map, key_of(i), &slot) == COR_OK &&
                    slot == i;
        }
    for (int64_t i = 0; i < KEYS; i++)
        right = right && cor_map_find_int64(map, key_of(i)) == i &&
                cor_map_int64(map, i) == key_of(i);
    CHECK(right && cor_map_count(map) == KEYS);
    CHECK(cor_map_find_int64(map, 600000) == -1);
    cor_map_destroy(&map);
    CHECK(map == NULL);
}

static void texts_are_compared_whole(void **state)
{
    (void)state;
    cor_map *map;
    int64_t slot;
    CHECK_OK(cor_map_create(true, 4, &map));
    const char *words[] = {"", "a", "ab", "abc", "b", "Amélie"};
    for (int64_t i = 0; i < 6; i++) {
        CHECK_OK(cor_map_put_text(map, words[i], strlen(words[i]), &slot));
        CHECK(slot == i);
    }
    char text[32];
    for (int i = 0; i < KEYS; i++) {
        int length = snprintf(text, sizeof text, "item %d", i);
        CHECK_OK(cor_map_put_text(map, text, (size_t)length, &slot));
        CHECK(slot == 6 + i);
    }
    size_t length;
    for (int64_t i = 0; i < 6; i++) {
        CHECK(cor_map_find_text(map, words[i], strlen(words[i])) == i);
        const char *held = cor_map_text(map, i, &length);
        CHECK(length == strlen(words[i]) &&
              memcmp(held, words[i], length) == 0);
    }
    CHECK(cor_map_find_text(map, "item 7777", 9) == 6 + 7777);
    CHECK(cor_map_find_text(map, "item", 4) == -1);
    cor_map_destroy(&map);
}

/* A batch gives what one key after the other gives, repeats included. */
static void batches_are_as_one_by_one(void **state)
{
    (void)state;
    enum { BATCH = 1000 };
    static char text[BATCH][16];
    static const char *key[BATCH];
    static size_t length[BATCH];
    static int64_t slot[BATCH];
    cor_map *one, *many;
    int64_t wanted;
    bool right = true;
    CHECK_OK(cor_map_create(true, 0, &one));
    CHECK_OK(cor_map_create(true, 0, &many));
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < BATCH; i++) {
            int number = (i * 7919 + round * 300) % 1700;
            length[i] =
                (size_t)snprintf(text[i], 16, number ? "%d" : "", number);
            key[i] = text[i];
        }
        CHECK_OK(cor_map_put_texts(many, BATCH, key, length, slot));
        for (int i = 0; i < BATCH; i++)
            right =
                right &&
                cor_map_put_text(one, key[i], length[i], &wanted) == COR_OK &&
                slot[i] == wanted;
    }
    CHECK(right && cor_map_count(one) == cor_map_count(many));
    CHECK_OK(cor_map_put_texts(many, 0, key, length, slot));
    cor_map_destroy(&one);
    cor_map_destroy(&many);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(integers_are_numbered_in_order_of_insertion),
    cmocka_unit_test(texts_are_compared_whole),
    cmocka_unit_test(batches_are_as_one_by_one),
};
TEAM_TESTS(tests)
