/** Baselines against plain loops, rating by rating. */
#define TEAM_TEST_MAIN
#include "team_test.h"

#include "coracle/baseline.h"
#include "rated.h"

#include <math.h>
#include <string.h>

enum { USERS = 50, ITEMS = 40, SHARDS = 64 };

static rated input, data; /* data: user by user */

typedef struct plain {
    double mean, user[USERS], item[ITEMS], history[100];
} plain;

static int make_input(void **state)
{
    (void)state;
    input = (rated){.users = USERS, .items = ITEMS};
    rated_random(&input, 700, 3, 0.5f, 0.5f, 10);
    for (int32_t u = 0; u < USERS - 2; u++)
        rated_add(&input, u, 7, 3); /* everybody but the last two */
    rated_add(&input, USERS - 2, 20, 1);
    rated_by_user(&input, &data);
    return 0;
}

static void finish_epoch(plain *p, int epoch)
{
    double sum = 0;
    for (int64_t i = 0; i < data.count; i++) {
        double e = (double)data.value[i] - p->mean - p->user[data.user[i]] -
                   p->item[data.item[i]];
        sum += e * e;
    }
    p->history[epoch] = sqrt(sum / (double)data.count);
}

static void find_mean(plain *p)
{
    memset(p, 0, sizeof *p);
    for (int64_t i = 0; i < data.count; i++)
        p->mean += (double)data.value[i] / (double)data.count;
}

static void plain_als(const cor_baseline_options *o, plain *p)
{
    find_mean(p);
    for (int epoch = 0; epoch < o->epochs; epoch++) {
        for (int side = 0; side < 2; side++) {
            int rows = side ? USERS : ITEMS;
            for (int row = 0; row < rows; row++) {
                double sum = 0, count = side ? o->reg_user : o->reg_item;
                for (int64_t i = 0; i < data.count; i++) {
                    if ((side ? data.user[i] : data.item[i]) != row)
                        continue;
                    sum +=
                        (double)data.value[i] - p->mean -
                        (side ? p->item[data.item[i]] : p->user[data.user[i]]);
                    count++;
                }
                *(side ? &p->user[row] : &p->item[row]) = sum / count;
            }
        }
        finish_epoch(p, epoch);
    }
}

/* Shards take their strata turn by turn: item i is in stratum i % SHARDS. */
static void plain_sgd(const cor_baseline_options *o, const cor_shards *shards,
                      plain *p)
{
    find_mean(p);
    for (int epoch = 0; epoch < o->epochs; epoch++) {
        for (int turn = 0; turn < SHARDS; turn++)
            for (int64_t i = 0; i < data.count; i++) {
                int64_t shard = cor_shards_shard_of(shards, data.user[i]);
                if (data.item[i] % SHARDS != (shard + turn) % SHARDS)
                    continue;
                double *u = &p->user[data.user[i]], *b = &p->item[data.item[i]];
                double e = (double)data.value[i] - (p->mean + *u + *b);
                *u += o->lr * (e - o->reg * *u);
                *b += o->lr * (e - o->reg * *b);
            }
        finish_epoch(p, epoch);
    }
}

static double farthest(const cor_model_side *side, const double *right)
{
    double most = 0;
    for (int64_t r = 0; r < side->count; r++)
        most = fmax(most, fabs((double)side->bias[r] - right[side->first + r]));
    return most;
}

static void against_plain(cor_baseline_options *o)
{
    cor_interactions train;
    cor_model model;
    cor_course fit;
    plain p;
    CHECK_OK(rated_make(team, &input, SHARDS, &train));
    cor_shards *shards = NULL;
    CHECK_OK(cor_shards_copy(train.user_shards, &shards));
    CHECK_OK(cor_baseline_train(team, &train, NULL, o, NULL, &model, &fit));
    if (o->method == COR_BASELINE_ALS)
        plain_als(o, &p);
    else
        plain_sgd(o, shards, &p);
    /* biases are stored as floats */
    CHECK(farthest(&model.user, p.user) < 1e-6);
    CHECK(farthest(&model.item, p.item) < 1e-6);
    CHECK(fabs(model.mean - p.mean) < 1e-12);
    CHECK(fit.steps == o->epochs && fit.best == o->epochs);
    for (int64_t t = 0; t < fit.steps; t++)
        CHECK(fabs(fit.history[t] - p.history[t]) < 1e-12);
    CHECK(fit.train_rmse <= p.history[o->epochs - 1] + 1e-7);
    cor_shards_destroy(&shards);
    cor_course_free(&fit);
    cor_model_free(&model);
    cor_interactions_free(&train);
}

static void als_is_the_plain_sweep(void **state)
{
    (void)state;
    cor_baseline_options o = cor_baseline_options_default(COR_BASELINE_ALS);
    against_plain(&o);
    o.reg_item = 0.5;
    o.reg_user = 3;
    o.epochs = 3;
    against_plain(&o);
}

static void sgd_takes_its_steps_by_the_grid(void **state)
{
    (void)state;
    cor_baseline_options o = cor_baseline_options_default(COR_BASELINE_SGD);
    against_plain(&o);
    o.lr = 0.05;
    o.reg = 0.1;
    against_plain(&o);
}

static void a_divergence_is_reported(void **state)
{
    (void)state;
    cor_interactions train;
    cor_model model;
    cor_course fit;
    cor_baseline_options o = cor_baseline_options_default(COR_BASELINE_SGD);
    o.lr = 50;
    CHECK_OK(rated_make(team, &input, SHARDS, &train));
    CHECK(cor_baseline_train(team, &train, NULL, &o, NULL, &model, &fit) ==
          COR_ENUMERIC);
    CHECK(strstr(cor_message(), "--lr") != NULL);
    cor_interactions_free(&train);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup(als_is_the_plain_sweep, make_input),
    cmocka_unit_test_setup(sgd_takes_its_steps_by_the_grid, make_input),
    cmocka_unit_test_setup(a_divergence_is_reported, make_input),
};

TEAM_TESTS(tests)
