#define TEAM_TEST_MAIN
#include "team_test.h"

#include "coracle/evaluate.h"
#include "recommend/planted_model.h"

#include <math.h>

/* The test rows name users and items by ids from SHIFT on: some the model
   knows, some it has without ratings, some it does not have. */
enum { USERS = 41, ITEMS = 37, TEST_USERS = 33, TEST_ITEMS = 35, EVERY = 4 };

static bool known(const planted *p, bool item, int64_t row)
{
    return row < (item ? p->items : p->users) && planted_ratings(item, row) > 0;
}

static double prediction(const planted *p, int64_t user, int64_t item)
{
    double rating = planted_mean;
    if (known(p, false, user) && known(p, true, item))
        rating = planted_score(p, user, item);
    else if (known(p, false, user))
        rating += (double)planted_bias(p, false, user);
    else if (known(p, true, item))
        rating += (double)planted_bias(p, true, item);
    return rating < 0.5 ? 0.5 : rating > 5 ? 5 : rating;
}

static cor_error expected(const planted *p, int64_t shift)
{
    cor_error error = {0};
    for (int64_t u = shift; u < shift + TEST_USERS; u++)
        for (int64_t i = shift; i < shift + TEST_ITEMS; i++) {
            if (!planted_meets(u, i, EVERY))
                continue;
            double off = prediction(p, u, i) - (double)planted_value(u, i);
            error.n++;
            error.unknown += !known(p, false, u) || !known(p, true, i);
            error.rmse += off * off;
            error.mae += fabs(off);
        }
    error.rmse = sqrt(error.rmse / (double)error.n);
    error.mae /= (double)error.n;
    return error;
}

static int evaluate(const cor_team *t, const planted *p, int64_t shift,
                    cor_error *error)
{
    cor_model model;
    cor_interactions data;
    COR_TRY(plant_model(t, p, &model));
    COR_TRY(plant_interactions(t, TEST_USERS, TEST_ITEMS, shift, EVERY, p->text,
                               &data));
    int rc = cor_evaluate_error(t, &model, &data, error);
    cor_interactions_free(&data);
    cor_model_free(&model);
    return rc;
}

static void check_error(const planted *p, int64_t shift)
{
    cor_error error, alone, plain = expected(p, shift);
    CHECK_OK(evaluate(team, p, shift, &error));
    CHECK(error.n == plain.n && error.unknown == plain.unknown);
    /* predictions are off by less than (k + 5) 2^-24, see test_predictor.c */
    double bound = ((double)p->factors + 5) * 0x1p-24;
    CHECK(fabs(error.rmse - plain.rmse) < bound);
    CHECK(fabs(error.mae - plain.mae) < bound);

    cor_team *solo;
    CHECK_OK(cor_team_split(team, cor_team_rank(team), &solo));
    CHECK_OK(evaluate(solo, p, shift, &alone));
    CHECK(memcmp(&error, &alone, sizeof error) == 0);
    cor_team_destroy(&solo);
}

static void other_tables(void **state)
{
    (void)state;
    planted p = {.users = USERS, .items = ITEMS, .factors = 12, .bias = true};
    check_error(&p, 11);
    p.text = true;
    check_error(&p, 20);
}

static void equal_tables(void **state)
{
    (void)state;
    planted p = {
        .users = TEST_USERS, .items = TEST_ITEMS, .factors = 6, .bias = true};
    check_error(&p, 0);
}

static void no_rows(void **state)
{
    (void)state;
    planted p = {.users = 5, .items = 4, .factors = 3, .bias = true};
    cor_model model;
    cor_interactions data;
    cor_error error;
    CHECK_OK(plant_model(team, &p, &model));
    CHECK_OK(plant_interactions(team, 0, 0, 0, EVERY, false, &data));
    CHECK_OK(cor_evaluate_error(team, &model, &data, &error));
    CHECK(error.n == 0 && error.unknown == 0);
    CHECK(isnan(error.rmse) && isnan(error.mae));
    cor_interactions_free(&data);
    cor_model_free(&model);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(other_tables),
    cmocka_unit_test(equal_tables),
    cmocka_unit_test(no_rows),
};

TEAM_TESTS(tests)
