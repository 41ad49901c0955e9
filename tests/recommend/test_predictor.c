#define TEAM_TEST_MAIN
#include "team_test.h"

#include "planted_model.h"

#include <math.h>

enum { USERS = 31, ITEMS = 19, PAIRS = (USERS + 1) * (ITEMS + 1) };

/* All pairs, with -1 for a user and an item that the model does not have. */
static void all_pairs(int64_t first, int64_t count, int64_t *user,
                      int64_t *item)
{
    for (int64_t i = 0; i < count; i++) {
        user[i] = (first + i) % (USERS + 1) - 1;
        item[i] = (first + i) / (USERS + 1) - 1;
    }
}

static bool known(bool item, int64_t row)
{
    return row >= 0 && planted_ratings(item, row) > 0;
}

static double expected(const planted *p, int64_t user, int64_t item)
{
    double rating = planted_mean;
    if (known(false, user) && known(true, item))
        rating = planted_score(p, user, item);
    else if (known(false, user))
        rating = p->bias ? planted_mean + (double)planted_bias(p, 0, user)
                         : (double)planted_average(false, user);
    else if (known(true, item))
        rating = p->bias ? planted_mean + (double)planted_bias(p, 1, item)
                         : (double)planted_average(true, item);
    return rating < 0.5 ? 0.5 : rating > 5 ? 5 : rating;
}

/* Predict this team's even part of all pairs, twice; the second time after
   the factors have changed in place. */
static int predict(const cor_team *t, const planted *p, int64_t first,
                   int64_t count, float *rating, float *doubled,
                   int64_t *unknown)
{
    int64_t user[PAIRS], item[PAIRS];
    cor_model model;
    cor_predictor *predictor;
    COR_TRY(plant_model(t, p, &model));
    all_pairs(first, count, user, item);
    COR_TRY(cor_predictor_create(t, &model, user, item, count, &predictor));
    *unknown = cor_predictor_unknown(predictor);
    int rc = cor_predictor_run(predictor, rating);
    for (int64_t i = 0; i < model.item.count * model.ld; i++)
        model.item.factor[i] *= 2;
    if (rc == COR_OK)
        rc = cor_predictor_run(predictor, doubled);
    cor_predictor_destroy(&predictor);
    cor_model_free(&model);
    return rc;
}

static bool as_expected(const planted *p, int64_t first, int64_t count,
                        const float *rating, int64_t unknown)
{
    int64_t user[PAIRS], item[PAIRS], lacking = 0;
    all_pairs(first, count, user, item);
    bool good = true;
    for (int64_t i = 0; i < count; i++) {
        lacking += !known(false, user[i]) || !known(true, item[i]);
        /* a float dot product of k numbers below 1: k * 2^-24, and once more
           for the rounding of the result, which is at most 5 */
        double bound = ((double)p->factors + 5) * 0x1p-24;
        good = good &&
               fabs((double)rating[i] - expected(p, user[i], item[i])) <= bound;
    }
    return good && lacking == unknown;
}

static void check_predictions(const planted *p)
{
    static float rating[PAIRS], doubled[PAIRS], alone[PAIRS], alone2[PAIRS];
    int64_t rank = cor_team_rank(team), size = cor_team_size(team), unknown;
    int64_t first = PAIRS * rank / size;
    int64_t count = PAIRS * (rank + 1) / size - first;
    cor_team_set_threads(team, 2);
    CHECK_OK(predict(team, p, first, count, rating, doubled, &unknown));
    cor_team_set_threads(team, 1);
    CHECK(as_expected(p, first, count, rating, unknown));

    cor_team *solo;
    CHECK_OK(cor_team_split(team, (int)rank, &solo));
    CHECK_OK(predict(solo, p, 0, PAIRS, alone, alone2, &unknown));
    cor_team_destroy(&solo);
    size_t bytes = (size_t)count * sizeof *rating;
    CHECK(memcmp(rating, alone + first, bytes) == 0);
    CHECK(memcmp(doubled, alone2 + first, bytes) == 0);
    CHECK(memcmp(alone, alone2, sizeof alone) != 0 || p->factors == 0);
}

static void with_biases(void **state)
{
    (void)state;
    planted p = {.users = USERS, .items = ITEMS, .factors = 20, .bias = true};
    check_predictions(&p);
}

static void without_biases(void **state)
{
    (void)state;
    planted p = {.users = USERS, .items = ITEMS, .factors = 7};
    check_predictions(&p);
}

static void nothing_asked(void **state)
{
    (void)state;
    planted p = {.users = 3, .items = 2, .factors = 4};
    cor_model model;
    cor_predictor *predictor;
    float none[1];
    CHECK_OK(plant_model(team, &p, &model));
    CHECK_OK(cor_predictor_create(team, &model, NULL, NULL, 0, &predictor));
    CHECK_OK(cor_predictor_run(predictor, none));
    CHECK(cor_predictor_unknown(predictor) == 0);
    cor_predictor_destroy(&predictor);
    cor_model_free(&model);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(with_biases),
    cmocka_unit_test(without_biases),
    cmocka_unit_test(nothing_asked),
};

TEAM_TESTS(tests)
