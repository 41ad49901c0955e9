/** Families of kernels, dot products and score tiles against plain loops. */
#define TEAM_TEST_MAIN
#include "team_test.h"

#include "coracle/linalg.h"
#include "coracle/memory.h"
#include "coracle/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A table of rows with zero padding; the caller frees it. */
static float *random_rows(int64_t rows, int64_t factors, uint64_t seed)
{
    int64_t ld = cor_padded(factors);
    float *table = NULL;
    if (COR_NEW_ZEROED(&table, rows * ld) != COR_OK)
        return NULL;
    for (int64_t i = 0; i < rows; i++)
        for (int64_t f = 0; f < factors; f++) {
            double normal[2];
            cor_random_normals(
                cor_random_at(seed, COR_STREAM_TEST, (uint64_t)i, (uint32_t)f),
                normal);
            table[i * ld + f] = (float)normal[0];
        }
    return table;
}

/* Whether the family in use fuses multiply and add. */
static bool fused(void)
{
#if defined(__x86_64__)
    return cor_family_used() != COR_FAMILY_BASE;
#else
    return true;
#endif
}

/* One chain over the factors in order. */
static float plain_score(const float *a, const float *b, int64_t ld)
{
    float sum = 0;
    for (int64_t f = 0; f < ld; f++)
        sum = fused() ? fmaf(a[f], b[f], sum) : sum + a[f] * b[f];
    return sum;
}

enum { MOST_USERS = 20, MOST_ITEMS = 80 };

/* Number of scores of a tile that are not the plain chain, and of numbers
   behind the tile that were touched. */
static int64_t wrong_scores(int64_t users, int64_t items, int64_t factors)
{
    int64_t ld = cor_padded(factors), wrong = 0;
    float *user = random_rows(users, factors, 1);
    float *item = random_rows(items, factors, 2);
    float score[MOST_USERS * MOST_ITEMS + 1];
    for (int64_t i = 0; i <= users * items; i++)
        score[i] = -7;
    cor_score_tile(user, users, item, items, ld, score);
    for (int64_t u = 0; u < users; u++)
        for (int64_t i = 0; i < items; i++) {
            float right = plain_score(user + u * ld, item + i * ld, ld);
            wrong += memcmp(&right, &score[u * items + i], sizeof right) != 0;
        }
    wrong += score[users * items] != -7;
    cor_free(user);
    cor_free(item);
    return wrong;
}

static void scores_are_plain_chains(void **state)
{
    (void)state;
    static const int64_t users[] = {1, 3, 7, 8, 9, 16, 20};
    static const int64_t items[] = {1, 8, 15, 16, 31, 32, 33, 64, 70};
    static const int64_t factors[] = {1, 16, 17, 100, 300};
    for (int family = 0; family <= (int)cor_family_best(); family++) {
        int64_t wrong = 0;
        cor_family_use(family);
        for (size_t u = 0; u < sizeof users / sizeof *users; u++)
            for (size_t i = 0; i < sizeof items / sizeof *items; i++)
                for (size_t f = 0; f < sizeof factors / sizeof *factors; f++)
                    wrong += wrong_scores(users[u], items[i], factors[f]);
        CHECK(wrong == 0);
    }
    cor_family_use(cor_family_best());
}

/* The same of panels: scores, what they reach, and what lies behind. */
static int64_t wrong_panel(int64_t users, int64_t factors)
{
    int64_t ld = cor_padded(factors), wrong = 0;
    float *user = random_rows(users, factors, 1);
    float *item = random_rows(MOST_ITEMS, factors, 2);
    float *bias = random_rows(1, COR_PANEL, 3);
    float *panel = random_rows(COR_PANEL, ld, 4), least[MOST_USERS];
    float score[(MOST_USERS + 1) * COR_PANEL];
    const float *row[MOST_USERS];
    int32_t index[COR_PANEL];
    bool reaches[MOST_USERS];
    for (int32_t i = 0; i < COR_PANEL; i++)
        index[i] = i * 7 % MOST_ITEMS;
    for (int64_t u = 0; u < users; u++) {
        row[u] = user + (users - 1 - u) * ld;
        least[u] = u % 3 == 0 ? -INFINITY : u % 3 == 1 ? 0 : INFINITY;
    }
    score[users * COR_PANEL] = -7;
    cor_panel_fill(item, ld, index, panel);
    cor_panel_score(row, users, panel, ld, bias, least, score, reaches);
    for (int64_t u = 0; u < users; u++) {
        bool any = false;
        for (int64_t i = 0; i < COR_PANEL; i++) {
            float right =
                bias[i] + plain_score(row[u], item + index[i] * ld, ld);
            any = any || right >= least[u];
            wrong +=
                memcmp(&right, &score[u * COR_PANEL + i], sizeof right) != 0;
        }
        wrong += any != reaches[u];
    }
    wrong += score[users * COR_PANEL] != -7;
    cor_free(user);
    cor_free(item);
    cor_free(bias);
    cor_free(panel);
    return wrong;
}

static void panels_are_plain_chains(void **state)
{
    (void)state;
    static const int64_t factors[] = {0, 1, 64, 300};
    for (int family = 0; family <= (int)cor_family_best(); family++) {
        int64_t wrong = 0;
        cor_family_use(family);
        for (int64_t users = 0; users <= MOST_USERS; users++)
            for (size_t f = 0; f < sizeof factors / sizeof *factors; f++)
                wrong += wrong_panel(users, factors[f]);
        CHECK(wrong == 0);
    }
    cor_family_use(cor_family_best());
}

static void dots_are_near_double(void **state)
{
    (void)state;
    for (int family = 0; family <= (int)cor_family_best(); family++) {
        cor_family_use(family);
        for (int64_t factors = 1; factors < 200; factors += 11) {
            int64_t ld = cor_padded(factors);
            float *rows = random_rows(2, factors, 3);
            double right = 0, size = 0;
            for (int64_t f = 0; f < factors; f++) {
                right += (double)rows[f] * rows[ld + f];
                size += fabs((double)rows[f] * rows[ld + f]);
            }
            /* A chain of ld / 16 and a tree of 4: 17 roundings at most. */
            double error = fabs(cor_dot(rows, rows + ld, ld) - right);
            CHECK(error <= 17 * 0x1p-24 * size);
            cor_free(rows);
        }
    }
    cor_family_use(cor_family_best());
}

static void dots_are_the_same_in_families_that_fuse(void **state)
{
    (void)state;
    if (cor_family_best() < COR_FAMILY_AVX512)
        skip();
    float *rows = random_rows(2, 1000, 4);
    for (int64_t ld = 16; ld <= 1000; ld += 16) {
        cor_family_use(COR_FAMILY_AVX2);
        float narrow = cor_dot(rows, rows + 1008, ld);
        cor_family_use(COR_FAMILY_AVX512);
        float wide = cor_dot(rows, rows + 1008, ld);
        CHECK(memcmp(&narrow, &wide, sizeof wide) == 0);
    }
    cor_free(rows);
}

static void families_are_chosen(void **state)
{
    (void)state;
    enum cor_family best = cor_family_best();
    cor_family_use(COR_FAMILY_AVX512);
    CHECK(cor_family_used() == best);
    cor_family_use(COR_FAMILY_BASE);
    CHECK(cor_family_used() == COR_FAMILY_BASE);
    setenv("CORACLE_FAMILY", "base", 1);
    CHECK(cor_family_best() == COR_FAMILY_BASE);
    setenv("CORACLE_FAMILY", "nonsense", 1);
    CHECK(cor_family_best() >= best);
    unsetenv("CORACLE_FAMILY");
    CHECK(strcmp(cor_family_name(COR_FAMILY_AVX2), "avx2") == 0);
    cor_family_use(cor_family_best());
}

static void the_library_is_named(void **state)
{
    (void)state;
    CHECK(strstr(cor_linalg_version(), "OpenBLAS") != NULL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(scores_are_plain_chains),
    cmocka_unit_test(panels_are_plain_chains),
    cmocka_unit_test(dots_are_near_double),
    cmocka_unit_test(dots_are_the_same_in_families_that_fuse),
    cmocka_unit_test(families_are_chosen),
    cmocka_unit_test(the_library_is_named),
};

TEAM_TESTS(tests)
