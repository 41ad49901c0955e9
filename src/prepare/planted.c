#include "planted.h"

#include "coracle/random.h"

#include <math.h>

/* A factor entry is the sum of four random bytes less its mean; a bias is the
   sum of eight random 16-bit numbers less its mean. */
#define ENTRY_MEAN 510
#define ENTRY_VARIANCE 21845.0 /* 4 (256^2 - 1) / 12 */
#define HALVES_MEAN (8 * 32767.5)
#define HALVES_VARIANCE 2863311530.0 /* 8 (65536^2 - 1) / 12 */

#define MEAN_VALUE 3.5
#define USER_BIAS_SD 0.40
#define ITEM_BIAS_SD 0.45
#define DOT_SD 0.45

cor_planted cor_planted_model(uint64_t seed, int64_t rank, double noise)
{
    double dot_sd = sqrt((double)rank) * ENTRY_VARIANCE;
    return (cor_planted){.seed = seed,
                         .rank = rank,
                         .scale = rank > 0 ? DOT_SD / dot_sd : 0.0,
                         .noise = noise};
}

static double bias_of(cor_random bits, double sd)
{
    uint32_t sum = 0;
    for (int w = 0; w < 4; w++)
        sum += (bits.word[w] & 0xffff) + (bits.word[w] >> 16);
    return sd * ((double)sum - HALVES_MEAN) / sqrt(HALVES_VARIANCE);
}

static int32_t entry_of(uint32_t word)
{
    uint32_t pairs = (word & 0x00ff00ff) + ((word >> 8) & 0x00ff00ff);
    return (int32_t)((pairs & 0xffff) + (pairs >> 16)) - ENTRY_MEAN;
}

/* Entries 4 (step - 1) .. of a row's factor; step 0 is its bias. */
static cor_random factor_bits(const cor_planted *model, uint32_t stream,
                              int64_t row, int64_t step)
{
    return cor_random_at(model->seed, stream, (uint64_t)row, (uint32_t)step);
}

void cor_planted_user_set(const cor_planted *model, int64_t user,
                          cor_planted_user *out)
{
    uint32_t stream = COR_STREAM_PLANTED_USER;
    out->user = user;
    out->bias = bias_of(factor_bits(model, stream, user, 0), USER_BIAS_SD);
    for (int64_t k = 0; k < model->rank; k++) {
        cor_random bits = factor_bits(model, stream, user, 1 + k / 4);
        out->factor[k] = (int16_t)entry_of(bits.word[k % 4]);
    }
}

static double item_part(const cor_planted *model, const int16_t *factor,
                        int64_t item)
{
    uint32_t stream = COR_STREAM_PLANTED_ITEM;
    int64_t dot = 0;
    for (int64_t k = 0; k < model->rank; k += 4) {
        cor_random bits = factor_bits(model, stream, item, 1 + k / 4);
        for (int64_t j = k; j < k + 4 && j < model->rank; j++)
            dot += factor[j] * entry_of(bits.word[j - k]);
    }
    return bias_of(factor_bits(model, stream, item, 0), ITEM_BIAS_SD) +
           model->scale * (double)dot;
}

static double noise_of(const cor_planted *model, int64_t user, int64_t row)
{
    double normal[2];
    cor_random_normals(cor_random_at(model->seed, COR_STREAM_NOISE,
                                     (uint64_t)user, (uint32_t)row),
                       normal);
    return model->noise * normal[0];
}

float cor_planted_value(const cor_planted *model, const cor_planted_user *user,
                        int64_t item, int64_t row)
{
    double value = MEAN_VALUE + user->bias +
                   item_part(model, user->factor, item) +
                   noise_of(model, user->user, row);
    double stars = nearbyint(2.0 * value) / 2.0;
    return (float)fmin(fmax(stars, 0.5), 5.0);
}
