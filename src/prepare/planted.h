/**
 * The planted model: biases and factors that are computed from counters when
 * they are needed, so that no table of them exists anywhere. Entries are small
 * integers that look normal (sums of random bytes), so that a dot product is
 * exact, quick, and the same whatever the order of its additions.
 */
#ifndef COR_PLANTED_H
#define COR_PLANTED_H

#include <stdint.h>

enum { COR_PLANTED_RANK_LIMIT = 1024 };

typedef struct cor_planted {
    uint64_t seed;
    int64_t rank;
    double scale; /* of a dot product of two integer vectors */
    double noise;
} cor_planted;

typedef struct cor_planted_user {
    int64_t user;
    double bias;
    int16_t factor[COR_PLANTED_RANK_LIMIT]; /* rank entries */
} cor_planted_user;

cor_planted cor_planted_model(uint64_t seed, int64_t rank, double noise);

void cor_planted_user_set(const cor_planted *model, int64_t user,
                          cor_planted_user *out);

/** The value that a user gives to its row-th item. */
float cor_planted_value(const cor_planted *model, const cor_planted_user *user,
                        int64_t item, int64_t row);

#endif
