/** Sums of co-ratings and similarities, of every family, against plain loops.
 */
#define TEAM_TEST_MAIN
#include "team_test.h"

#include "coracle/corating.h"
#include "coracle/linalg.h"
#include "coracle/memory.h"
#include "coracle/random.h"

#include <math.h>
#include <string.h>

enum { THINGS = 70, ROWS = 40 };

/* Row r: every thing that a coin says, in half steps from 0.5 to 5. */
static int64_t make_row(int64_t r, cor_rated *row)
{
    int64_t count = 0;
    for (int32_t t = 0; t < THINGS; t++) {
        cor_random bits =
            cor_random_at(1, COR_STREAM_TEST, (uint64_t)r, (uint32_t)t);
        if (bits.word[0] % 3 == 0)
            row[count++] = (cor_rated){t, (float)(1 + bits.word[1] % 10) / 2};
    }
    return count;
}

static void add_plain(cor_corating *sums, double a, const cor_rated *row,
                      int64_t count)
{
    for (int64_t e = 0; e < count; e++) {
        cor_corating *s = &sums[row[e].thing];
        double b = (double)row[e].value;
        s->ab += a * b;
        s->aa += a * a;
        s->bb += b * b;
        s->count++;
    }
}

/* Half steps have exact sums: all must agree to the bit. */
static void sums_are_exact_on_a_grid(void **state)
{
    (void)state;
    cor_levels levels;
    CHECK_OK(cor_levels_create(THINGS, 0.5, 5, 2, &levels));
    CHECK(levels.count == 10 && levels.shift == 7);
    for (int family = 0; family <= (int)cor_family_best(); family++) {
        cor_corating plain[THINGS] = {{0}}, rated[THINGS] = {{0}},
                     packed[THINGS] = {{0}};
        cor_family_use((enum cor_family)family);
        for (int64_t r = 0; r < ROWS; r++) {
            cor_rated row[THINGS];
            uint32_t word[THINGS];
            int64_t count = make_row(r, row);
            float own = row[r % count].value;
            for (int64_t e = 0; e < count; e++)
                word[e] = cor_levels_pack(&levels, row[e].thing, row[e].value);
            add_plain(plain, (double)own, row, count);
            cor_corating_add(rated, own, row, count);
            cor_corating_add_packed(packed, &levels, word[r % count], word,
                                    count);
        }
        CHECK(memcmp(plain, rated, sizeof plain) == 0);
        CHECK(memcmp(plain, packed, sizeof plain) == 0);
    }
    cor_levels_free(&levels);
}

static void values_without_levels_are_not_packed(void **state)
{
    (void)state;
    cor_levels levels;
    CHECK_OK(cor_levels_create(THINGS, 1, 5000, 1, &levels));
    CHECK(levels.count == 0);
    CHECK_OK(cor_levels_create(INT64_C(1) << 30, 1, 5, 1, &levels));
    CHECK(levels.count == 0); /* two bits are left, which is not enough */
    CHECK_OK(cor_levels_create(INT64_C(1) << 29, 1, 5, 1, &levels));
    CHECK(levels.count == 5);
    uint32_t word = cor_levels_pack(&levels, (1 << 29) - 1, 5);
    CHECK(cor_levels_thing(&levels, word) == (1 << 29) - 1);
    CHECK(levels.power[word >> levels.shift][2] == 25);
    cor_levels_free(&levels);
}

static double similarity_of(const cor_similarity_options *o,
                            const cor_corating *s)
{
    double least = o->kind == COR_PEARSON_BASELINE ? 2 : 1, n = s->count;
    if (n < least || n < (double)o->support)
        return 0;
    if (o->kind == COR_MSD)
        return 1 / (1 + (s->aa + s->bb - 2 * s->ab) / n);
    if (s->aa * s->bb == 0)
        return 0;
    double cosine = s->ab / sqrt(s->aa * s->bb);
    return o->kind == COR_COSINE ? cosine
                                 : cosine * (n - 1) / (n - 1 + o->shrinkage);
}

static void similarities_follow_from_sums(void **state)
{
    (void)state;
    for (int family = 0; family <= (int)cor_family_best(); family++)
        for (int kind = COR_PEARSON_BASELINE; kind <= COR_MSD; kind++)
            for (int64_t support = 1; support <= 3; support += 2) {
                const cor_similarity_options o = {(enum cor_similarity)kind, 10,
                                                  support};
                cor_corating sums[] = {
                    {0, 0, 0, 0},         {6, 4, 9, 1}, {-3, 2, 5, 2},
                    {10, 12, 9, 3},       {0, 0, 7, 3}, {7, 7, 7, 5},
                    {3.5, 9, 2, 4},       {1, 1, 1, 1}, {1e9, 1e9, 2e9, 1e6},
                    {1e-9, 2e-9, 1e-9, 2}};
                enum { COUNT = sizeof sums / sizeof *sums };
                cor_corating before[COUNT], nothing[COUNT] = {{0}};
                float found[COUNT];
                memcpy(before, sums, sizeof sums);
                cor_family_use((enum cor_family)family);
                cor_corating_similarity(&o, sums, COUNT, found);
                for (int i = 0; i < COUNT; i++)
                    CHECK(fabs((double)found[i] -
                               similarity_of(&o, &before[i])) < 1e-7);
                CHECK(memcmp(sums, nothing, sizeof sums) == 0);
            }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(sums_are_exact_on_a_grid),
    cmocka_unit_test(values_without_levels_are_not_packed),
    cmocka_unit_test(similarities_follow_from_sums),
};

TEAM_TESTS(tests)
