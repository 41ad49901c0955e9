/** Steps over a block against plain loops in double precision. */
#define TEAM_TEST_MAIN
#include "team_test.h"

#include "coracle/linalg.h"
#include "coracle/memory.h"
#include "coracle/random.h"
#include "coracle/steps.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { USERS = 9, ITEMS = 12, RATINGS = 60, MOST_LD = 160 };

/* A block and the plain version of its two sides. */
typedef struct plain_row {
    double x[MOST_LD], bias, bias_sum, sum;
} plain_row;

typedef struct world {
    cor_step_rule rule;
    cor_step_block block;
    cor_step_rating rating[RATINGS];
    plain_row user[USERS], item[ITEMS];
} world;

static double number_of(uint64_t row, uint32_t step)
{
    return cor_random_unit(cor_random_at(3, COR_STREAM_TEST, row, step)) - 0.5;
}

static bool open_rows(const cor_step_rule *rule, int64_t count, uint64_t from,
                      cor_step_rows *rows, plain_row *plain)
{
    rows->count = count;
    if (COR_NEW_ZEROED(&rows->factor, count * rule->ld) != COR_OK ||
        COR_NEW_ZEROED(&rows->state, count) != COR_OK)
        return false;
    for (int64_t r = 0; r < count; r++) {
        for (int64_t f = 0; f < rule->factors; f++)
            rows->factor[r * rule->ld + f] =
                (float)number_of(from + (uint64_t)r, (uint32_t)f);
        rows->state[r] = (cor_step_state){
            .bias = (float)number_of(from + (uint64_t)r, 1 << 20),
            .bias_sum = 1,
            .sum = 1};
        plain[r] = (plain_row){
            .bias = (double)rows->state[r].bias, .bias_sum = 1, .sum = 1};
        for (int64_t f = 0; f < rule->ld; f++)
            plain[r].x[f] = (double)rows->factor[r * rule->ld + f];
    }
    return true;
}

/* By user, then item, so that every loss can use them; about half of all
   pairs; every fifth value is not more than 0. */
static int64_t make_ratings(cor_step_rating *rating)
{
    int64_t count = 0;
    for (int32_t u = 0; u < USERS; u++)
        for (int32_t i = 0; i < ITEMS && count < RATINGS; i++)
            if (number_of((uint64_t)(u * ITEMS + i), 7) > 0)
                rating[count++] = (cor_step_rating){
                    u, i, count % 5 == 0 ? -1 : (float)(count % 7)};
    return count;
}

static bool world_open(world *w, cor_step_rule rule)
{
    *w = (world){.rule = rule};
    w->rule.ld = cor_padded(rule.factors);
    w->block = (cor_step_block){.number = 5, .rating = w->rating};
    w->block.count = make_ratings(w->rating);
    bool good = open_rows(&w->rule, USERS, 1000, &w->block.user, w->user) &&
                open_rows(&w->rule, ITEMS, 2000, &w->block.item, w->item);
    if (good && rule.adaptive) {
        cor_step_norms(&w->rule, &w->block.user);
        cor_step_norms(&w->rule, &w->block.item);
    }
    return good;
}

static void world_close(world *w)
{
    cor_free(w->block.user.factor);
    cor_free(w->block.user.state);
    cor_free(w->block.item.factor);
    cor_free(w->block.item.state);
}

/* ---- the plain version ---- */

static double product(const cor_step_rule *rule, const double *a,
                      const double *b)
{
    double sum = 0;
    for (int64_t f = 0; f < rule->factors; f++)
        sum += a[f] * b[f];
    return sum;
}

static double rate(const cor_step_rule *rule, float lr, double sum)
{
    return rule->adaptive ? (double)lr / sqrt(sum) : (double)lr;
}

/* A row whose gradient in the term of the error is e times `toward`. */
static void move(const cor_step_rule *rule, plain_row *row, double e,
                 const double *toward)
{
    double lr = rate(rule, rule->lr, row->sum);
    row->sum += e * e * product(rule, toward, toward) / (double)rule->factors;
    for (int64_t f = 0; f < rule->factors; f++)
        row->x[f] += lr * (e * toward[f] - (double)rule->reg * row->x[f]);
}

static void move_bias(const cor_step_rule *rule, plain_row *row, double e)
{
    double slope = e - (double)rule->reg_bias * row->bias;
    row->bias += rate(rule, rule->lr_bias, row->bias_sum) * slope;
    row->bias_sum += slope * slope;
}

static void move_pair(const cor_step_rule *rule, plain_row *u, plain_row *i,
                      double e)
{
    plain_row before = *u;
    move(rule, u, e, i->x);
    move(rule, i, e, before.x);
    move_bias(rule, u, e);
    move_bias(rule, i, e);
}

static double score(const world *w, const plain_row *u, const plain_row *i)
{
    return (double)w->rule.mean + u->bias + i->bias +
           product(&w->rule, u->x, i->x);
}

static double sigmoid(double s)
{
    return 1 / (1 + exp(-s));
}

static bool seen(const world *w, int32_t user, int32_t item)
{
    for (int64_t e = 0; e < w->block.count; e++)
        if (w->rating[e].user == user && w->rating[e].item == item)
            return true;
    return false;
}

static int32_t draw(const world *w, int64_t e, int64_t turn)
{
    const cor_step_rule *r = &w->rule;
    cor_random bits =
        cor_random_at((uint64_t)r->seed, COR_STREAM_NEGATIVE,
                      (uint64_t)w->block.number << 32 | (uint64_t)e,
                      (uint32_t)(r->epoch * r->negatives + turn));
    for (int t = 0; t < 4; t++) {
        int32_t item = (int32_t)(((uint64_t)bits.word[t] * ITEMS) >> 32);
        if (!seen(w, w->rating[e].user, item))
            return item;
    }
    return -1;
}

static void plain_squared(world *w, int64_t e, double sums[2])
{
    plain_row *u = &w->user[w->rating[e].user];
    plain_row *i = &w->item[w->rating[e].item];
    double error = (double)w->rating[e].value - score(w, u, i);
    sums[0] += error * error;
    sums[1]++;
    move_pair(&w->rule, u, i, error);
}

static void plain_logistic(world *w, int64_t e, double sums[2])
{
    plain_row *u = &w->user[w->rating[e].user];
    bool yes = w->rating[e].value > 0;
    for (int64_t n = -1; n < (yes ? w->rule.negatives : 0); n++) {
        int32_t item = n < 0 ? w->rating[e].item : draw(w, e, n);
        if (item < 0)
            continue;
        double y = yes && n < 0, s = score(w, u, &w->item[item]);
        sums[0] -= log(y > 0 ? sigmoid(s) : 1 - sigmoid(s));
        sums[1]++;
        move_pair(&w->rule, u, &w->item[item], y - sigmoid(s));
    }
}

static void plain_bpr(world *w, int64_t e, double sums[2])
{
    int32_t other = w->rating[e].value > 0 ? draw(w, e, 0) : -1;
    if (other < 0)
        return;
    plain_row *u = &w->user[w->rating[e].user];
    plain_row *i = &w->item[w->rating[e].item], *j = &w->item[other];
    double s = score(w, u, i) - score(w, u, j), error = sigmoid(-s);
    double apart[MOST_LD];
    plain_row before = *u;
    for (int64_t f = 0; f < w->rule.factors; f++)
        apart[f] = i->x[f] - j->x[f];
    sums[0] -= log(sigmoid(s));
    sums[1]++;
    move(&w->rule, u, error, apart);
    move(&w->rule, i, error, before.x);
    move(&w->rule, j, -error, before.x);
    move_bias(&w->rule, i, error);
    move_bias(&w->rule, j, -error);
}

static void plain_run(world *w, double sums[2])
{
    for (int64_t e = 0; e < w->block.count; e++)
        if (w->rule.loss == COR_LOSS_SQUARED)
            plain_squared(w, e, sums);
        else if (w->rule.loss == COR_LOSS_LOGISTIC)
            plain_logistic(w, e, sums);
        else
            plain_bpr(w, e, sums);
}

/* ---- the tests ---- */

static double far_off(const cor_step_rule *rule, const cor_step_rows *rows,
                      const plain_row *plain)
{
    double most = 0;
    for (int64_t r = 0; r < rows->count; r++) {
        for (int64_t f = 0; f < rule->ld; f++)
            most = fmax(most, fabs((double)rows->factor[r * rule->ld + f] -
                                   plain[r].x[f]));
        const cor_step_state *state = rows->state + r;
        most = fmax(most, fabs((double)state->bias - plain[r].bias));
        if (!rule->adaptive)
            continue;
        most = fmax(most, fabs((double)state->sum / plain[r].sum - 1));
        most =
            fmax(most, fabs((double)state->bias_sum / plain[r].bias_sum - 1));
        if (rule->loss != COR_LOSS_BPR)
            most = fmax(most, fabs((double)state->norm -
                                   product(rule, plain[r].x, plain[r].x)));
    }
    return most;
}

/* Floats take a few hundred steps, each good to 6e-8 of numbers around 1. */
static const double close = 2e-5;

static bool follows_the_plain_version(cor_step_rule rule)
{
    world *w = NULL;
    if (COR_NEW(&w, 1) != COR_OK || !world_open(w, rule))
        return false;
    double sums[2] = {0}, right[2] = {0};
    for (int round = 0; round < 5; round++) {
        w->rule.epoch = round;
        cor_step_block_run(&w->rule, &w->block, sums);
        plain_run(w, right);
    }
    double most = fmax(far_off(&w->rule, &w->block.user, w->user),
                       far_off(&w->rule, &w->block.item, w->item));
    bool good = most < close && fabs(sums[0] / right[0] - 1) < close &&
                sums[1] == right[1] && right[1] > 0;
    world_close(w);
    cor_free(w);
    return good;
}

static cor_step_rule rule_of(enum cor_loss loss, bool adaptive, int64_t factors)
{
    return (cor_step_rule){.loss = loss,
                           .adaptive = adaptive,
                           .factors = factors,
                           .mean = 0.75f,
                           .lr = 0.05f,
                           .lr_bias = 0.03f,
                           .reg = 0.2f,
                           .reg_bias = 0.1f,
                           .negatives = 2,
                           .seed = 11};
}

static void steps_are_those_of_the_plain_version(void **state)
{
    (void)state;
    static const int64_t factors[] = {1, 16, 20, 33, 64, 100, 128, 130};
    for (int family = 0; family <= (int)cor_family_best(); family++) {
        cor_family_use((enum cor_family)family);
        for (int n = 0; n < 8; n++)
            for (int loss = 0; loss < 3; loss++)
                for (int adaptive = 0; adaptive < 2; adaptive++)
                    CHECK(follows_the_plain_version(
                        rule_of((enum cor_loss)loss, adaptive, factors[n])));
    }
}

static void without_a_rate_biases_stay(void **state)
{
    (void)state;
    cor_step_rule rule = rule_of(COR_LOSS_SQUARED, true, 20);
    rule.lr_bias = 0;
    CHECK(follows_the_plain_version(rule));
    rule.adaptive = false;
    CHECK(follows_the_plain_version(rule));
}

/* A hash of all that a run leaves. */
static uint64_t outcome(enum cor_family family, cor_step_rule rule)
{
    cor_family_use(family);
    world *w = NULL;
    if (COR_NEW(&w, 1) != COR_OK || !world_open(w, rule))
        return 0;
    uint64_t hash = 0;
    double sums[4] = {0};
    for (int round = 0; round < 3; round++)
        cor_step_block_run(&w->rule, &w->block, sums);
    cor_step_block_error(&w->rule, &w->block, 0, 4, sums + 2);
    const cor_step_rows *sides[] = {&w->block.user, &w->block.item};
    for (int s = 0; s < 2; s++) {
        const uint32_t *bits = (const uint32_t *)(void *)sides[s]->factor;
        for (int64_t i = 0; i < sides[s]->count * w->rule.ld; i++)
            hash = hash * 31 + bits[i];
        bits = (const uint32_t *)(void *)sides[s]->state;
        for (int64_t i = 0; i < sides[s]->count * 4; i++)
            hash = hash * 31 + bits[i];
    }
    for (int i = 0; i < 4; i++)
        hash = hash * 31 + (uint64_t)(sums[i] * 1e9);
    world_close(w);
    cor_free(w);
    return hash;
}

static void widths_give_the_same_bits(void **state)
{
    (void)state;
    if (cor_family_best() < COR_FAMILY_AVX512)
        skip();
    for (int64_t factors = 1; factors < 140; factors += 9)
        for (int loss = 0; loss < 3; loss++)
            for (int adaptive = 0; adaptive < 2; adaptive++) {
                cor_step_rule rule =
                    rule_of((enum cor_loss)loss, adaptive, factors);
                CHECK(outcome(COR_FAMILY_AVX512, rule) ==
                      outcome(COR_FAMILY_AVX2, rule));
            }
}

static void errors_are_clipped(void **state)
{
    (void)state;
    world *w = NULL;
    CHECK_OK(COR_NEW(&w, 1));
    CHECK(world_open(w, rule_of(COR_LOSS_SQUARED, false, 20)));
    double sums[2] = {0}, right[2] = {0};
    cor_step_block_error(&w->rule, &w->block, 0.5, 1, sums);
    for (int64_t e = 0; e < w->block.count; e++) {
        double s =
            score(w, &w->user[w->rating[e].user], &w->item[w->rating[e].item]);
        double error = fmin(fmax(s, 0.5), 1) - (double)w->rating[e].value;
        right[0] += error * error;
        right[1] += fabs(error);
    }
    CHECK(fabs(sums[0] - right[0]) < 1e-4 && fabs(sums[1] - right[1]) < 1e-4);
    world_close(w);
    cor_free(w);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(steps_are_those_of_the_plain_version),
    cmocka_unit_test(without_a_rate_biases_stay),
    cmocka_unit_test(widths_give_the_same_bits),
    cmocka_unit_test(errors_are_clipped)};

TEAM_TESTS(tests)
