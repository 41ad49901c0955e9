#define TEAM_TEST_MAIN
#include "team_test.h"

#include "coracle/als.h"
#include "coracle/linalg.h"
#include "coracle/memory.h"
#include "coracle/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { USERS = 60, ITEMS = 45, RATINGS = 900, SHARDS = 64, MOST = 16 };

/* Rating i: a user, an item (low numbers far more often) and a value. */
static int32_t user_of(int64_t i)
{
    return (int32_t)(i < USERS ? i : i * 7919 % USERS);
}

static int32_t item_of(int64_t i)
{
    double u =
        cor_random_unit(cor_random_at(5, COR_STREAM_TEST, (uint64_t)i, 0));
    return (int32_t)(u * u * u * ITEMS);
}

static float value_of(int64_t i)
{
    double u =
        cor_random_unit(cor_random_at(5, COR_STREAM_TEST, (uint64_t)i, 1));
    double level = 3 + 0.5 * sin(user_of(i)) + 0.5 * cos(item_of(i));
    return (float)(floor(2 * (level + u) + 0.5) / 2);
}

/* The ratings spread over a team in input order, and arranged. */
static int make_data(const cor_team *of, cor_interactions *data)
{
    int64_t rank = cor_team_rank(of), size = cor_team_size(of);
    int64_t from = RATINGS * rank / size, to = RATINGS * (rank + 1) / size;
    *data =
        (cor_interactions){.rows = to - from, .users = USERS, .items = ITEMS};
    COR_TRY(COR_NEW(&data->user, data->rows));
    COR_TRY(COR_NEW(&data->item, data->rows));
    COR_TRY(COR_NEW(&data->value, data->rows));
    for (int64_t i = from; i < to; i++) {
        data->user[i - from] = user_of(i);
        data->item[i - from] = item_of(i);
        data->value[i - from] = value_of(i);
    }
    cor_ids *tables[] = {&data->user_id, &data->item_id};
    const int64_t total[] = {USERS, ITEMS};
    for (int t = 0; t < 2; t++) {
        *tables[t] =
            (cor_ids){.total = total[t], .first = total[t] * rank / size};
        tables[t]->count = total[t] * (rank + 1) / size - tables[t]->first;
        COR_TRY(COR_NEW(&tables[t]->number, tables[t]->count));
        for (int64_t i = 0; i < tables[t]->count; i++)
            tables[t]->number[i] = 1000 + tables[t]->first + i;
    }
    COR_TRY(cor_interactions_arrange(of, SHARDS, data));
    return cor_interactions_place_ids(of, data);
}

/* Plain alternating least squares in double: dense normal equations of factors
   and bias together, solved by Gaussian elimination. */
typedef struct plain {
    int k, bias;
    double reg, reg_bias, mean;
    bool by_count;
    double user[USERS][MOST + 1], item[ITEMS][MOST + 1];
} plain;

static void eliminate(int n, double (*a)[MOST + 2])
{
    for (int c = 0; c < n; c++)
        for (int r = c + 1; r < n; r++) {
            double f = a[r][c] / a[c][c];
            for (int j = c; j <= n; j++)
                a[r][j] -= f * a[c][j];
        }
    for (int c = n - 1; c >= 0; c--) {
        for (int j = c + 1; j < n; j++)
            a[c][n] -= a[c][j] * a[j][n];
        a[c][n] /= a[c][c];
    }
}

static void plain_row(const plain *p, bool users, int row, double *out)
{
    double a[MOST + 2][MOST + 2] = {{0}};
    int n = p->k + p->bias, count = 0;
    for (int64_t i = 0; i < RATINGS; i++) {
        if ((users ? user_of(i) : item_of(i)) != row)
            continue;
        const double *other = users ? p->item[item_of(i)] : p->user[user_of(i)];
        double y[MOST + 1], target = value_of(i) - p->mean;
        memcpy(y, other, sizeof y);
        if (p->bias) {
            target -= other[p->k];
            y[p->k] = 1;
        }
        for (int r = 0; r < n; r++) {
            for (int c = 0; c < n; c++)
                a[r][c] += y[r] * y[c];
            a[r][n] += y[r] * target;
        }
        count++;
    }
    if (count == 0)
        return;
    double scale = p->by_count ? count : 1;
    for (int r = 0; r < n; r++)
        a[r][r] += scale * (r < p->k ? p->reg : p->reg_bias);
    eliminate(n, a);
    for (int r = 0; r < n; r++)
        out[r] = a[r][n];
}

static double plain_loss(const plain *p)
{
    double loss = 0;
    int users[USERS] = {0}, items[ITEMS] = {0};
    for (int64_t i = 0; i < RATINGS; i++) {
        const double *x = p->user[user_of(i)], *y = p->item[item_of(i)];
        double error = value_of(i) - p->mean;
        users[user_of(i)]++, items[item_of(i)]++;
        for (int f = 0; f < p->k; f++)
            error -= x[f] * y[f];
        if (p->bias)
            error -= x[p->k] + y[p->k];
        loss += error * error;
    }
    for (int side = 0; side < 2; side++)
        for (int r = 0; r < (side ? ITEMS : USERS); r++) {
            const double *x = side ? p->item[r] : p->user[r];
            int count = side ? items[r] : users[r];
            double scale = p->by_count ? count : 1;
            for (int f = 0; f < p->k; f++)
                loss += count ? scale * p->reg * x[f] * x[f] : 0;
            if (p->bias && count)
                loss += scale * p->reg_bias * x[p->k] * x[p->k];
        }
    return loss;
}

/* The start that als.h's trainer takes: see start_items in als.c. */
static void plain_start(plain *p, int64_t seed)
{
    double sum[ITEMS] = {0}, all = 0;
    int count[ITEMS] = {0};
    for (int64_t i = 0; i < RATINGS; i++) {
        sum[item_of(i)] += value_of(i);
        count[item_of(i)]++;
        all += value_of(i);
    }
    p->mean = p->bias ? all / RATINGS : 0;
    for (int i = 0; i < ITEMS; i++) {
        if (!count[i])
            continue;
        for (int f = 0; f < p->k; f++) {
            double normal[2];
            cor_random_normals(cor_random_at((uint64_t)seed,
                                             COR_STREAM_ITEM_FACTOR,
                                             (uint64_t)i, (uint32_t)(f / 2)),
                               normal);
            p->item[i][f] = 0.1 / sqrt(p->k) * normal[f % 2];
        }
        double mean = sum[i] / count[i];
        if (p->bias)
            p->item[i][p->k] =
                count[i] * (mean - p->mean) / (count[i] + p->reg_bias);
        else
            p->item[i][0] += mean;
    }
}

static bool close_to(const cor_model *m, const cor_model_side *side,
                     const plain *p, double (*expected)[MOST + 1])
{
    bool close = true;
    for (int64_t r = 0; r < side->count; r++) {
        for (int f = 0; f < p->k; f++)
            close = close && fabs((double)side->factor[r * m->ld + f] -
                                  expected[side->first + r][f]) < 2e-4;
        if (p->bias)
            close = close && fabs((double)side->bias[r] -
                                  expected[side->first + r][p->k]) < 2e-4;
    }
    return close;
}

static cor_als_options options_of(int k, bool bias, bool by_count)
{
    cor_als_options o = cor_als_options_default();
    o.factors = k;
    o.iterations = 3;
    o.bias = bias;
    o.reg = by_count ? 0.3 : 2;
    o.reg_bias = by_count ? 0.2 : 1;
    o.reg_by_count = by_count;
    return o;
}

/* 16 factors are more than most rows have ratings: both ways of solving. */
static void factors_are_those_of_the_plain_version(void **state)
{
    (void)state;
    static plain p;
    for (int variant = 0; variant < 8; variant++) {
        cor_als_options o =
            options_of(variant & 4 ? MOST : 3, variant & 1, variant & 2);
        p = (plain){.k = (int)o.factors,
                    .bias = o.bias,
                    .reg = o.reg,
                    .reg_bias = o.reg_bias,
                    .by_count = o.reg_by_count};
        plain_start(&p, o.seed);
        cor_interactions data;
        cor_model model;
        cor_als_fit fit;
        CHECK_OK(make_data(team, &data));
        CHECK_OK(cor_als_train(team, &data, NULL, &o, NULL, &model, &fit));
        for (int t = 0; t < o.iterations; t++) {
            for (int u = 0; u < USERS; u++)
                plain_row(&p, true, u, p.user[u]);
            for (int i = 0; i < ITEMS; i++)
                plain_row(&p, false, i, p.item[i]);
            double loss = plain_loss(&p);
            CHECK(fabs(fit.course.loss[t] - loss) < 1e-4 * loss);
        }
        CHECK(close_to(&model, &model.user, &p, p.user));
        CHECK(close_to(&model, &model.item, &p, p.item));
        CHECK(fit.course.steps == 3 && fit.course.best == 3 && fit.giants == 0);
        cor_model_free(&model);
        cor_als_fit_free(&fit);
        cor_interactions_free(&data);
    }
}

/* All factors of a model on every rank. */
static int whole_side(const cor_team *of, const cor_model *m,
                      const cor_model_side *side, float **all)
{
    int64_t total;
    return cor_team_collect(of, side->factor, side->count,
                            (size_t)m->ld * sizeof(float), all, &total);
}

static int fit_on(const cor_team *of, const cor_als_options *o, float *user,
                  float *item, double *loss)
{
    cor_interactions data;
    cor_model model;
    cor_als_fit fit;
    float *all_users = NULL, *all_items = NULL;
    COR_TRY(make_data(of, &data));
    COR_TRY(cor_als_train(of, &data, NULL, o, NULL, &model, &fit));
    COR_TRY(whole_side(of, &model, &model.user, &all_users));
    COR_TRY(whole_side(of, &model, &model.item, &all_items));
    memcpy(user, all_users, USERS * (size_t)model.ld * sizeof *user);
    memcpy(item, all_items, ITEMS * (size_t)model.ld * sizeof *item);
    *loss = fit.course.loss[o->iterations - 1];
    cor_free(all_users);
    cor_free(all_items);
    cor_model_free(&model);
    cor_als_fit_free(&fit);
    cor_interactions_free(&data);
    return COR_OK;
}

/* Variants 0 and 1: ratings, without and with bias; 2 to 4: feedback, by each
   solver. */
enum { VARIANTS = 5 };

static cor_als_options variant_of(int variant)
{
    cor_als_options o = options_of(5, variant == 1, false);
    if (variant < 2)
        return o;
    o.implicit.form = COR_CONFIDENCE;
    o.implicit.reg_exponent = 0.5;
    o.solver = (enum cor_solver)(variant - 2);
    o.block = 16;
    return o;
}

/* Everyone together against each rank alone, with giants or none. */
static void bits_do_not_depend_on_ranks(void **state)
{
    (void)state;
    static float user[2][USERS * 16], item[2][ITEMS * 16];
    double loss[2];
    cor_team *alone;
    CHECK_OK(cor_team_split(team, cor_team_rank(team), &alone));
    for (int variant = 0; variant < 2 * VARIANTS; variant++) {
        cor_als_options o = variant_of(variant / 2);
        o.giant = variant % 2 ? 30 : 0;
        CHECK_OK(fit_on(team, &o, user[0], item[0], &loss[0]));
        CHECK_OK(fit_on(alone, &o, user[1], item[1], &loss[1]));
        CHECK(memcmp(user[0], user[1], sizeof user[0]) == 0);
        CHECK(memcmp(item[0], item[1], sizeof item[0]) == 0);
        CHECK(memcmp(&loss[0], &loss[1], sizeof loss[0]) == 0);
    }
    cor_team_destroy(&alone);
}

static void giants_change_nothing_but_rounding(void **state)
{
    (void)state;
    static float user[2][USERS * 16], item[2][ITEMS * 16];
    double loss[2];
    for (int variant = 0; variant < 3; variant++) {
        cor_als_options o = variant_of(variant);
        CHECK_OK(fit_on(team, &o, user[0], item[0], &loss[0]));
        o.giant = 20;
        CHECK_OK(fit_on(team, &o, user[1], item[1], &loss[1]));
        bool close = fabs(loss[0] - loss[1]) < 1e-5 * loss[0];
        for (int i = 0; i < USERS * 16; i++)
            close = close && fabsf(user[0][i] - user[1][i]) < 1e-4f;
        for (int i = 0; i < ITEMS * 16; i++)
            close = close && fabsf(item[0][i] - item[1][i]) < 1e-4f;
        CHECK(close);
    }
}

/* Without regularisation a user of two ratings and five factors is singular. */
static void a_singular_row_is_named(void **state)
{
    (void)state;
    cor_als_options o = options_of(30, false, false);
    o.reg = 0;
    cor_interactions data;
    cor_model model;
    cor_als_fit fit;
    CHECK_OK(make_data(team, &data));
    int rc = cor_als_train(team, &data, NULL, &o, NULL, &model, &fit);
    CHECK(rc == COR_ENUMERIC && strstr(cor_message(), "user 10") &&
          strstr(cor_message(), "--reg"));
    cor_interactions_free(&data);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(factors_are_those_of_the_plain_version),
    cmocka_unit_test(bits_do_not_depend_on_ranks),
    cmocka_unit_test(giants_change_nothing_but_rounding),
    cmocka_unit_test(a_singular_row_is_named),
};
TEAM_TESTS(tests)
