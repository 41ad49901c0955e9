/**
 * Steps of stochastic gradient descent over a block of ratings. With
 * s = mean + b_u + b_i + p.q and e = r - s, one rating changes its two rows by
 *
 *   b_u += lr_bias (e - reg_bias b_u),   p += lr (e q - reg p),
 *   b_i += lr_bias (e - reg_bias b_i),   q += lr (e p - reg q),
 *
 * each from the values before the step. An adaptive rule divides the rate of a
 * row by the root of 1 + the sum of its squared gradients so far (of a row of
 * factors: the mean over its factors; biases have their own sum), which in the
 * term of the error are e^2 |q|^2 / factors and (e - reg_bias b_u)^2. Duchi,
 * Hazan, Singer, "Adaptive subgradient methods for online learning and
 * stochastic optimization", JMLR 2011; one rate a row: Chin, Zhuang, Juan, Lin,
 * "A learning-rate schedule for stochastic gradient methods to matrix
 * factorization", PAKDD 2015.
 *
 * Implicit feedback, r > 0 meaning yes: the logistic loss has e = y - 1 /
 * (1 + exp(-s)), y = 1 for what was seen and 0 for items drawn among those of
 * the block that the user has not seen; BPR compares a seen item i with such a
 * drawn one j by the logistic loss of s_i - s_j. Rendle, Freudenthaler,
 * Gantner, Schmidt-Thieme, "BPR: Bayesian personalized ranking from implicit
 * feedback", UAI 2009.
 *
 * The bottleneck is the two rows of factors that a rating reads and writes: one
 * pass takes the product, one the two updates, both from registers where the
 * rows fit; rows that come next are fetched ahead. So the items of a block
 * should stay in the second cache, and ratings stand by tiles of users, whose
 * rows stay in the first.
 *
 * Bits: a block's outcome is a function of its arguments alone. Local; several
 * threads may work on blocks that share no row.
 */
#ifndef CORACLE_STEPS_H
#define CORACLE_STEPS_H

#include <stdbool.h>
#include <stdint.h>

enum cor_loss { COR_LOSS_SQUARED, COR_LOSS_LOGISTIC, COR_LOSS_BPR };

/** How to step. */
typedef struct cor_step_rule {
    enum cor_loss loss;
    bool adaptive;
    int64_t factors, ld; /* ld = cor_padded(factors), the padding zero */
    float mean;
    float lr, lr_bias; /* lr_bias 0: biases stay as they are */
    float reg, reg_bias;
    int64_t negatives; /* drawn for each seen item by the logistic loss */
    int64_t seed, epoch;
} cor_step_rule;

/** A rating of a block. */
typedef struct cor_step_rating {
    int32_t user, item; /* rows of the block's two sides */
    float value;
} cor_step_rating;

/** What a row has beside its factors; 16 bytes, aligned to 16. */
typedef struct cor_step_state {
    float bias;
    float norm;     /* |row|^2, of an adaptive rule: see cor_step_norms */
    float bias_sum; /* 1 + the squared gradients so far */
    float sum;
} cor_step_state;

/** The users or items of a block. */
typedef struct cor_step_rows {
    int64_t count;
    float *factor;         /* count x ld, aligned to 64 bytes */
    cor_step_state *state; /* count */
} cor_step_rows;

typedef struct cor_step_block {
    int64_t number; /* of the block, from which random numbers follow */
    int64_t count;
    const cor_step_rating *rating; /* in the order of the steps; for the losses
                                      of implicit feedback: by user, then item,
                                      each pair once */
    cor_step_rows user, item;
} cor_step_block;

/** Users whose rows fill half of the first cache: ratings of as many stand
    together. */
int64_t cor_step_tile(int64_t ld);

/** Take the steps of a block, one rating after the other.
    @param[in,out] sums  sums[0] += the losses, each before its step (e^2;
                         -log of the likelihood), sums[1] += how many */
void cor_step_block_run(const cor_step_rule *rule, const cor_step_block *block,
                        double sums[2]);

/** sums[0] += the squared, sums[1] += the absolute errors of a block's ratings,
    predictions clipped to [low, high]. Nothing is changed. */
void cor_step_block_error(const cor_step_rule *rule,
                          const cor_step_block *block, double low, double high,
                          double sums[2]);

/** state[].norm from the factors. */
void cor_step_norms(const cor_step_rule *rule, const cor_step_rows *rows);

#endif
