/**
 * Steps over a block, see coracle/steps.h. For few factors both rows of a
 * rating stay in registers between the product and the updates.
 *
 * Bits: each sum of products is written so that a fused multiply-add has one
 * way to be: x - c x + g y is taken as (x - c x), then plus g y.
 */
#ifndef STEPS_H
#define STEPS_H

#include "coracle/random.h"
#include "coracle/steps.h"
#include "rows.h"

enum {
    /* groups of 16 factors whose two rows stay in registers */
    STEP_HELD = LANES == 16 ? 8 : 2
};

typedef float quad __attribute__((vector_size(16)));
typedef int32_t quad_places __attribute__((vector_size(16)));

INLINE float sum_lanes(const lanes part[PARTS])
{
    const octet_places by4 = {4, 5, 6, 7, 0, 1, 2, 3};
    const octet_places by2 = {2, 3, 0, 1, 6, 7, 4, 5};
    const octet_places by1 = {1, 0, 3, 2, 5, 4, 7, 6};
    octet sum = sum_halves(part);
    sum += __builtin_shuffle(sum, by4);
    sum += __builtin_shuffle(sum, by2);
    sum += __builtin_shuffle(sum, by1);
    return sum[0];
}

/* The two rows of a rating and what they have beside. */
typedef struct step_rows {
    float *p, *q;
    cor_step_state *u, *i;
} step_rows;

INLINE step_rows rows_of(const cor_step_rule *rule, const cor_step_block *b,
                         int64_t user, int64_t item)
{
    return (step_rows){b->user.factor + user * rule->ld,
                       b->item.factor + item * rule->ld, b->user.state + user,
                       b->item.state + item};
}

/* Copies of the rows of few groups, in registers. */
typedef struct step_held {
    lanes p[STEP_HELD * PARTS], q[STEP_HELD * PARTS];
} step_held;

/* p.q in two chains a lane: even and odd groups. */
INLINE float step_dot(const step_rows *z, step_held *copy, int groups,
                      bool held)
{
    lanes acc[2][PARTS] = {{{0}}};
    EACH (g, 0, groups)
        EACH (part, 0, PARTS) {
            int v = g * PARTS + part;
            lanes p = load(z->p + v * LANES), q = load(z->q + v * LANES);
            acc[g % 2][part] += p * q;
            if (held) {
                copy->p[v] = p;
                copy->q[v] = q;
            }
        }
    EACH (part, 0, PARTS)
        acc[0][part] += acc[1][part];
    return sum_lanes(acc[0]);
}

/* How the rows change: each loses a part of itself and gains of the other. */
typedef struct step_change {
    float lose_p, lose_q, gain_p, gain_q;
} step_change;

INLINE void step_move(const step_rows *z, const step_held *copy, step_change by,
                      int groups, bool held)
{
    EACH (v, 0, groups * PARTS) {
        lanes x = held ? copy->p[v] : load(z->p + v * LANES);
        lanes y = held ? copy->q[v] : load(z->q + v * LANES);
        lanes p = x - by.lose_p * x, q = y - by.lose_q * y;
        p += by.gain_p * y;
        q += by.gain_q * x;
        store(z->p + v * LANES, p);
        store(z->q + v * LANES, q);
    }
}

INLINE void step_plain(const cor_step_rule *rule, const step_rows *z,
                       const step_held *copy, float e, int groups, bool held)
{
    float lose = rule->lr * rule->reg, gain = rule->lr * e;
    step_move(z, copy, (step_change){lose, lose, gain, gain}, groups, held);
    z->u->bias += rule->lr_bias * (e - rule->reg_bias * z->u->bias);
    z->i->bias += rule->lr_bias * (e - rule->reg_bias * z->i->bias);
}

/*
 * Both rows' states at once, as {user, item, user, item}: biases and norms,
 * and their sums. A norm follows from the norms and the product before:
 * |(1 - c) p + g q|^2 = (1 - c)((1 - c) |p|^2 + 2 g p.q) + g^2 |q|^2.
 */
INLINE void step_adaptive(const cor_step_rule *rule, const step_rows *z,
                          const step_held *copy, float e, float product,
                          int groups, bool held)
{
    quad user = *(const quad *)z->u, item = *(const quad *)z->i;
    quad own = __builtin_shuffle(user, item, (quad_places){0, 4, 1, 5});
    quad sum = __builtin_shuffle(user, item, (quad_places){2, 6, 3, 7});
    const quad lr = {rule->lr_bias, rule->lr_bias, rule->lr, rule->lr};
    const quad reg = {rule->reg_bias, rule->reg_bias, rule->reg, rule->reg};
    quad root;
    EACH (j, 0, 4)
        root[j] = sqrtf(sum[j]);
    quad rate = lr / root, lose = rate * reg, gain = rate * e;
    step_move(z, copy, (step_change){lose[2], lose[3], gain[2], gain[3]},
              groups, held);
    quad other = __builtin_shuffle(own, (quad_places){0, 1, 3, 2});
    quad slope = e - reg * own;
    quad norm = own - lose * own;
    norm += (gain + gain) * product;
    norm -= lose * norm;
    norm += (gain * gain) * other;
    quad bias = own + rate * slope;
    quad factor = (e * e * (1 / (float)rule->factors)) * other;
    quad squares =
        __builtin_shuffle(slope * slope, factor, (quad_places){0, 1, 6, 7});
    sum += squares;
    own = __builtin_shuffle(bias, norm, (quad_places){0, 1, 6, 7});
    *(quad *)z->u = __builtin_shuffle(own, sum, (quad_places){0, 2, 4, 6});
    *(quad *)z->i = __builtin_shuffle(own, sum, (quad_places){1, 3, 5, 7});
}

/* Rows that will be wanted: the item's soon, the user's with the next tile. */
INLINE void fetch_ahead(const cor_step_rule *rule, const cor_step_block *b,
                        int64_t e, int64_t stride, int groups)
{
    int64_t last = b->count - 1, users = b->user.count - 1;
    int64_t next = e + COR_FETCH_ROWS < last ? e + COR_FETCH_ROWS : last;
    int64_t item = b->rating[next].item;
    int64_t user = b->rating[e].user + stride;
    user = user < users ? user : users;
    EACH (g, 0, groups)
        __builtin_prefetch(b->item.factor + item * rule->ld + g * LOGICAL);
    EACH (g, 0, groups)
        __builtin_prefetch(b->user.factor + user * rule->ld + g * LOGICAL);
    __builtin_prefetch(b->item.state + item);
}

/* The step of one rating whose error is known. */
INLINE void step(const cor_step_rule *rule, const step_rows *z,
                 const step_held *copy, float e, float product, int groups,
                 bool held, bool adaptive)
{
    if (adaptive)
        step_adaptive(rule, z, copy, e, product, groups, held);
    else
        step_plain(rule, z, copy, e, groups, held);
}

/* Copies of the arguments: no store into a row can change them. */
INLINE double squared_block(const cor_step_rule *rule_in,
                            const cor_step_block *block_in, int groups,
                            bool held, bool adaptive)
{
    cor_step_rule rule = *rule_in;
    const cor_step_block b = *block_in;
    const int64_t stride = cor_step_tile(rule.ld);
    double loss = 0;
    rule.ld = groups * LOGICAL; /* a constant where code is built for it */
    for (int64_t e = 0; e < b.count; e++) {
        const cor_step_rating r = b.rating[e];
        fetch_ahead(&rule, &b, e, stride, groups);
        step_rows z = rows_of(&rule, &b, r.user, r.item);
        step_held copy;
        float product = step_dot(&z, &copy, groups, held);
        float error = r.value - rule.mean - z.u->bias - z.i->bias - product;
        loss += (double)error * (double)error;
        step(&rule, &z, &copy, error, product, groups, held, adaptive);
    }
    return loss;
}

#define BUILT(n)                                                               \
    case n:                                                                    \
        return rule->adaptive                                                  \
                   ? squared_block(rule, b, n, n <= STEP_HELD, true)           \
                   : squared_block(rule, b, n, n <= STEP_HELD, false)

static double squared(const cor_step_rule *rule, const cor_step_block *b)
{
    int groups = (int)(rule->ld / LOGICAL);
    switch (groups) {
        BUILT(1);
        BUILT(2);
        BUILT(3);
        BUILT(4);
        BUILT(5);
        BUILT(6);
        BUILT(7);
        BUILT(8);
        BUILT(9);
        BUILT(10);
        BUILT(11);
        BUILT(12);
        BUILT(13);
        BUILT(14);
        BUILT(15);
        BUILT(16);
    default:
        return squared_block(rule, b, groups, false, rule->adaptive);
    }
}

#undef BUILT

/* ---- implicit feedback ---- */

INLINE float sigmoid(float s)
{
    return 1 / (1 + expf(-s));
}

/* -log sigmoid(s) */
INLINE double logistic_loss(float s)
{
    return (double)(log1pf(expf(-fabsf(s))) + (s < 0 ? -s : 0));
}

/* The ratings of one user in a block, by item. */
typedef struct step_run {
    int64_t from, to;
} step_run;

static step_run run_from(const cor_step_block *b, int64_t from)
{
    int64_t to = from + 1;
    while (to < b->count && b->rating[to].user == b->rating[from].user)
        to++;
    return (step_run){from, to};
}

static bool was_seen(const cor_step_block *b, step_run run, int32_t item)
{
    while (run.from < run.to) {
        int64_t middle = run.from + (run.to - run.from) / 2;
        if (b->rating[middle].item == item)
            return true;
        if (b->rating[middle].item < item)
            run.from = middle + 1;
        else
            run.to = middle;
    }
    return false;
}

/* An item that the user of rating e has not seen, or -1. */
static int32_t draw(const cor_step_rule *rule, const cor_step_block *b,
                    step_run run, int64_t e, int64_t turn)
{
    uint64_t row = (uint64_t)b->number << 32 | (uint64_t)e;
    cor_random bits =
        cor_random_at((uint64_t)rule->seed, COR_STREAM_NEGATIVE, row,
                      (uint32_t)(rule->epoch * rule->negatives + turn));
    for (int t = 0; t < 4; t++) {
        uint64_t scaled = bits.word[t] * (uint64_t)b->item.count;
        int32_t item = (int32_t)(scaled >> 32);
        if (!was_seen(b, run, item))
            return item;
    }
    return -1;
}

static double logistic_step(const cor_step_rule *rule, const cor_step_block *b,
                            int64_t user, int64_t item, bool seen)
{
    int groups = (int)(rule->ld / LOGICAL);
    step_rows z = rows_of(rule, b, user, item);
    float product = step_dot(&z, NULL, groups, false);
    float s = rule->mean + z.u->bias + z.i->bias + product;
    float e = (seen ? 1.0f : 0.0f) - sigmoid(s);
    step(rule, &z, NULL, e, product, groups, false, rule->adaptive);
    return logistic_loss(seen ? s : -s);
}

static void logistic(const cor_step_rule *rule, const cor_step_block *b,
                     step_run run, int64_t e, double sums[2])
{
    const cor_step_rating *r = b->rating + e;
    sums[0] += logistic_step(rule, b, r->user, r->item, r->value > 0);
    sums[1]++;
    for (int64_t n = 0; r->value > 0 && n < rule->negatives; n++) {
        int32_t item = draw(rule, b, run, e, n);
        if (item < 0)
            continue;
        sums[0] += logistic_step(rule, b, r->user, item, false);
        sums[1]++;
    }
}

/* A user and the two items that are compared. */
typedef struct bpr_rows {
    float *p, *q, *r; /* of the user, of the seen item, of the other */
    cor_step_state *u, *i, *j;
} bpr_rows;

/* p.(q - r), |q - r|^2, |p|^2 */
static void bpr_dots(const bpr_rows *z, int64_t ld, float dots[3])
{
    lanes acc[3][PARTS] = {{{0}}};
    for (int64_t f = 0; f < ld; f += LOGICAL)
        EACH (part, 0, PARTS) {
            int64_t at = f + part * LANES;
            lanes x = load(z->p + at), d = load(z->q + at) - load(z->r + at);
            acc[0][part] += x * d;
            acc[1][part] += d * d;
            acc[2][part] += x * x;
        }
    EACH (n, 0, 3)
        dots[n] = sum_lanes(acc[n]);
}

/* The rate of a row of factors, whose gradient is e times a row of that norm;
   the squares count from the next step on. */
static float bpr_rate(const cor_step_rule *rule, cor_step_state *state, float e,
                      float norm)
{
    float rate = rule->adaptive ? rule->lr / sqrtf(state->sum) : rule->lr;
    state->sum += e * e / (float)rule->factors * norm;
    return rate;
}

static void bpr_bias(const cor_step_rule *rule, cor_step_state *state, float e)
{
    float slope = e - rule->reg_bias * state->bias;
    float rate = rule->lr_bias;
    if (rule->adaptive)
        rate /= sqrtf(state->bias_sum);
    state->bias += rate * slope;
    state->bias_sum += slope * slope;
}

static double bpr_step(const cor_step_rule *rule, const bpr_rows *z)
{
    float dots[3];
    bpr_dots(z, rule->ld, dots);
    float s = z->i->bias - z->j->bias + dots[0], e = sigmoid(-s);
    const float rate[3] = {bpr_rate(rule, z->u, e, dots[1]),
                           bpr_rate(rule, z->i, e, dots[2]),
                           bpr_rate(rule, z->j, e, dots[2])};
    float lose[3], gain[3];
    EACH (n, 0, 3) {
        lose[n] = rate[n] * rule->reg;
        gain[n] = rate[n] * e;
    }
    for (int64_t f = 0; f < rule->ld; f += LANES) {
        lanes x = load(z->p + f), q = load(z->q + f), r = load(z->r + f);
        lanes p = x - lose[0] * x, q_new = q - lose[1] * q;
        lanes r_new = r - lose[2] * r;
        p += gain[0] * (q - r);
        q_new += gain[1] * x;
        r_new -= gain[2] * x;
        store(z->p + f, p);
        store(z->q + f, q_new);
        store(z->r + f, r_new);
    }
    bpr_bias(rule, z->i, e);
    bpr_bias(rule, z->j, -e);
    return logistic_loss(s);
}

static void bpr(const cor_step_rule *rule, const cor_step_block *b,
                step_run run, int64_t e, double sums[2])
{
    const cor_step_rating *r = b->rating + e;
    int32_t other = r->value > 0 ? draw(rule, b, run, e, 0) : -1;
    if (other < 0)
        return;
    step_rows seen = rows_of(rule, b, r->user, r->item);
    step_rows drawn = rows_of(rule, b, r->user, other);
    sums[0] += bpr_step(
        rule, &(bpr_rows){seen.p, seen.q, drawn.q, seen.u, seen.i, drawn.i});
    sums[1]++;
}

static void implicit_block(const cor_step_rule *rule, const cor_step_block *b,
                           double sums[2])
{
    for (int64_t from = 0; from < b->count;) {
        step_run run = run_from(b, from);
        for (int64_t e = run.from; e < run.to; e++)
            if (rule->loss == COR_LOSS_LOGISTIC)
                logistic(rule, b, run, e, sums);
            else
                bpr(rule, b, run, e, sums);
        from = run.to;
    }
}

/* ---- what the room offers ---- */

static void steps_run(const cor_step_rule *rule, const cor_step_block *b,
                      double sums[2])
{
    if (rule->loss != COR_LOSS_SQUARED) {
        implicit_block(rule, b, sums);
        return;
    }
    sums[0] += squared(rule, b);
    sums[1] += (double)b->count;
}

static void steps_error(const cor_step_rule *rule, const cor_step_block *b,
                        double low, double high, double sums[2])
{
    int groups = (int)(rule->ld / LOGICAL);
    for (int64_t e = 0; e < b->count; e++) {
        const cor_step_rating *r = b->rating + e;
        step_rows z = rows_of(rule, b, r->user, r->item);
        double s = (double)rule->mean + (double)z.u->bias + (double)z.i->bias +
                   (double)step_dot(&z, NULL, groups, false);
        s = s < low ? low : s > high ? high : s;
        double error = s - (double)r->value;
        sums[0] += error * error;
        sums[1] += fabs(error);
    }
}

static void steps_norms(const cor_step_rule *rule, const cor_step_rows *rows)
{
    for (int64_t row = 0; row < rows->count; row++) {
        const float *p = rows->factor + row * rule->ld;
        rows->state[row].norm = dot(p, p, rule->ld);
    }
}

#endif
