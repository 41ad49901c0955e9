#define TEAM_TEST_MAIN
#include "team_test.h"

#include "coracle/random.h"

#include <math.h>
#include <string.h>

/* The first of the published known answers of Philox 4x32-10. */
static void numbers_are_philox(void **state)
{
    (void)state;
    cor_random r = cor_random_at(0, 0, 0, 0);
    CHECK(r.word[0] == 0x6627e8d5 && r.word[1] == 0xe169c58d &&
          r.word[2] == 0xbc57ac4c && r.word[3] == 0x9b00dbd8);
    r = cor_random_at(UINT64_MAX, UINT32_MAX, UINT64_MAX, UINT32_MAX);
    CHECK(r.word[0] == 0x408f276d && r.word[1] == 0x41c83b0e &&
          r.word[2] == 0xa20bc7c6 && r.word[3] == 0x6d5451fd);
}

static void every_argument_matters(void **state)
{
    (void)state;
    cor_random base = cor_random_at(1, 2, 3, 4);
    cor_random other[] = {cor_random_at(2, 2, 3, 4),
                          cor_random_at(1, 3, 3, 4),
                          cor_random_at(1, 2, 4, 4),
                          cor_random_at(1, 2, 3, 5),
                          cor_random_at(UINT64_C(1) << 32 | 1, 2, 3, 4),
                          cor_random_at(1, 2, UINT64_C(1) << 32 | 3, 4)};
    for (int i = 0; i < 6; i++)
        CHECK(memcmp(&base, &other[i], sizeof base) != 0);
}

static void units_and_normals_have_their_moments(void **state)
{
    (void)state;
    enum { N = 200000 };
    double unit = 0, normal = 0, square = 0, least = 1, most = 0;
    for (uint64_t i = 0; i < N / 2; i++) {
        double u[2], z[2];
        cor_random bits = cor_random_at(9, COR_STREAM_TEST, i, 0);
        cor_random_units(bits, u);
        cor_random_normals(bits, z);
        CHECK(u[0] == cor_random_unit(bits));
        for (int k = 0; k < 2; k++) {
            unit += u[k];
            normal += z[k];
            square += z[k] * z[k];
            least = fmin(least, u[k]);
            most = fmax(most, u[k]);
        }
    }
    CHECK(least >= 0 && most < 1);
    /* within five standard errors */
    CHECK(fabs(unit / N - 0.5) < 5 * 0.2887 / sqrt(N));
    CHECK(fabs(normal / N) < 5 / sqrt(N));
    CHECK(fabs(square / N - 1) < 5 * sqrt(2.0 / N));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(numbers_are_philox),
    cmocka_unit_test(every_argument_matters),
    cmocka_unit_test(units_and_normals_have_their_moments),
};
TEAM_TESTS(tests)
