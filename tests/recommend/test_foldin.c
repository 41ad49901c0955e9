#define TEAM_TEST_MAIN
#include "team_test.h"

#include "coracle/recommend.h"
#include "planted_model.h"

#include <math.h>

/* New users have the numbers SHIFT... of the model's, which ends at USERS: the
   first of them are known to it, the others are not; so it is with items. */
enum {
    USERS = 20,
    ITEMS = 40,
    SHIFT = 13,
    NEW_USERS = 17,
    NEW_ITEMS = 33,
    EVERY = 4,
    MOST = 24
};

static bool item_is_known(int64_t row)
{
    return row < ITEMS && planted_ratings(true, row) > 0;
}

/* The normal equations of a user, bias as the last unknown, in double. */
static int64_t normal_equations(const cor_model *model, const planted *p,
                                int64_t user, double a[MOST][MOST + 1])
{
    int64_t n = p->factors + (p->bias ? 1 : 0), count = 0;
    memset(a, 0, sizeof(double) * MOST * (MOST + 1));
    for (int64_t row = SHIFT; row < SHIFT + NEW_ITEMS; row++) {
        if (!planted_meets(user, row, EVERY) || !item_is_known(row))
            continue;
        double y[MOST] = {0}, target = (double)planted_value(user, row);
        for (int64_t k = 0; k < p->factors; k++)
            y[k] = (double)planted_factor(p, true, row, k);
        if (p->bias) {
            y[p->factors] = 1;
            target -= model->mean + (double)planted_bias(p, true, row);
        }
        for (int64_t i = 0; i < n; i++) {
            for (int64_t j = 0; j < n; j++)
                a[i][j] += y[i] * y[j];
            a[i][n] += y[i] * target;
        }
        count++;
    }
    double scale = model->reg_by_count ? (double)count : 1;
    for (int64_t i = 0; i < n; i++)
        a[i][i] += scale * (i < p->factors ? model->reg : model->reg_bias);
    return count;
}

static void eliminate(int64_t n, double a[MOST][MOST + 1])
{
    for (int64_t k = 0; k < n; k++)
        for (int64_t i = 0; i < n; i++) {
            if (i == k)
                continue;
            double times = a[i][k] / a[k][k];
            for (int64_t j = k; j <= n; j++)
                a[i][j] -= times * a[k][j];
        }
    for (int64_t k = 0; k < n; k++)
        a[k][n] /= a[k][k];
}

static bool solved(const cor_model *model, const planted *p,
                   const cor_queries *queries, int64_t q)
{
    double a[MOST][MOST + 1];
    int64_t user = SHIFT + queries->id.first + q;
    int64_t n = p->factors + (p->bias ? 1 : 0);
    normal_equations(model, p, user, a);
    eliminate(n, a);
    /* floats summed in the kernel's own order over systems of condition
       number below 100: a few hundred units of the last place */
    double bound = 512 * 0x1p-24;
    bool good = queries->known[q] == 1;
    for (int64_t k = 0; k < p->factors; k++)
        good = good && fabs((double)queries->factor[q * model->ld + k] -
                            a[k][n]) < bound;
    if (p->bias)
        good = good && fabs((double)queries->bias[q] - a[n - 1][n]) < bound;
    return good;
}

static int64_t expected_ratings(int64_t *ignored)
{
    int64_t count = 0;
    *ignored = 0;
    for (int64_t u = SHIFT; u < SHIFT + NEW_USERS; u++)
        for (int64_t i = SHIFT; i < SHIFT + NEW_ITEMS; i++)
            if (planted_meets(u, i, EVERY)) {
                count += item_is_known(i);
                *ignored += !item_is_known(i);
            }
    return count;
}

/* Users of the new ratings fold in; the lists leave out what they rated. */
static int fold_in(const cor_team *t, const planted *p, bool by_count,
                   cor_model *model, cor_queries *queries, cor_foldin *report)
{
    cor_interactions fresh;
    cor_ids ids = {0};
    int64_t rank = cor_team_rank(t), size = cor_team_size(t);
    int64_t first = NEW_USERS * rank / size;
    int64_t count = NEW_USERS * (rank + 1) / size - first;
    COR_TRY(plant_model(t, p, model));
    model->reg_by_count = by_count;
    COR_TRY(plant_interactions(t, NEW_USERS, NEW_ITEMS, SHIFT, EVERY, p->text,
                               &fresh));
    COR_TRY(planted_ids(p->text, "user", NEW_USERS + SHIFT, first + SHIFT,
                        count, &ids));
    ids.first = first;
    ids.total = NEW_USERS;
    COR_TRY(cor_queries_of_ids(t, model, &ids, queries));
    int rc = cor_queries_fold_in(t, model, &fresh, COR_FOLDIN_REPLACE, queries,
                                 report);
    cor_interactions_free(&fresh);
    return rc;
}

static bool same_as_alone(const planted *p, bool by_count, int64_t ld,
                          const cor_queries *queries)
{
    cor_team *solo;
    cor_model model;
    cor_queries alone;
    cor_foldin report;
    if (cor_team_split(team, cor_team_rank(team), &solo) != COR_OK ||
        fold_in(solo, p, by_count, &model, &alone, &report) != COR_OK)
        return false;
    int64_t first = queries->id.first;
    size_t count = (size_t)queries->id.count;
    bool same = memcmp(queries->factor, alone.factor + first * ld,
                       count * (size_t)ld * 4) == 0 &&
                memcmp(queries->bias, alone.bias + first, count * 4) == 0;
    cor_queries_free(&alone);
    cor_model_free(&model);
    cor_team_destroy(&solo);
    return same;
}

static bool left_out(const cor_queries *queries, const cor_toplists *lists)
{
    for (int64_t q = 0; q < lists->count; q++)
        for (int64_t i = 0; i < lists->n; i++) {
            int64_t item = lists->item[q * lists->n + i];
            if (item >= SHIFT &&
                planted_meets(SHIFT + queries->id.first + q, item, EVERY))
                return false;
        }
    return true;
}

static void check_fold_in(const planted *p, bool by_count)
{
    cor_model model;
    cor_queries queries;
    cor_foldin report;
    cor_toplists lists;
    int64_t ignored, ratings = expected_ratings(&ignored);
    cor_team_set_threads(team, 2);
    CHECK_OK(fold_in(team, p, by_count, &model, &queries, &report));
    cor_team_set_threads(team, 1);
    CHECK(report.users == NEW_USERS);
    CHECK(report.ratings == ratings && report.ignored == ignored);
    bool good = true;
    for (int64_t q = 0; q < queries.id.count; q++)
        good = good && solved(&model, p, &queries, q);
    CHECK(good);
    CHECK_OK(cor_recommend(team, &model, &queries, ITEMS, NULL, &lists));
    CHECK(left_out(&queries, &lists));
    CHECK(same_as_alone(p, by_count, model.ld, &queries));
    cor_toplists_free(&lists);
    cor_queries_free(&queries);
    cor_model_free(&model);
}

static void as_gaussian_elimination(void **state)
{
    (void)state;
    planted p = {.users = USERS, .items = ITEMS, .factors = 4, .bias = true};
    check_fold_in(&p, false);
    check_fold_in(&p, true);
}

static void fewer_ratings_than_factors(void **state)
{
    (void)state;
    planted p = {.users = USERS, .items = ITEMS, .factors = 20, .text = true};
    check_fold_in(&p, false);
    p.bias = true;
    check_fold_in(&p, true);
}

/* Users of the model itself are replaced in place; others stay. */
static void users_of_the_model(void **state)
{
    (void)state;
    planted p = {.users = USERS, .items = ITEMS, .factors = 4, .bias = true};
    cor_model model;
    cor_queries queries;
    cor_interactions fresh;
    cor_foldin report;
    CHECK_OK(plant_model(team, &p, &model));
    CHECK_OK(plant_interactions(team, NEW_USERS, NEW_ITEMS, SHIFT, EVERY, false,
                                &fresh));
    CHECK_OK(cor_queries_of_model(team, &model, &queries));
    CHECK_OK(cor_queries_fold_in(team, &model, &fresh, COR_FOLDIN_REPLACE,
                                 &queries, &report));
    CHECK(report.users == USERS - SHIFT);
    bool good = true;
    for (int64_t q = 0; q < queries.id.count; q++) {
        int64_t user = queries.id.first + q;
        if (user < SHIFT)
            good = good && queries.factor[q * model.ld] ==
                               planted_factor(&p, false, user, 0);
        else
            good = good && queries.known[q] &&
                   queries.bias[q] != planted_bias(&p, false, user);
    }
    CHECK(good);
    cor_interactions_free(&fresh);
    cor_queries_free(&queries);
    cor_model_free(&model);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(as_gaussian_elimination),
    cmocka_unit_test(fewer_ratings_than_factors),
    cmocka_unit_test(users_of_the_model),
};

TEAM_TESTS(tests)
