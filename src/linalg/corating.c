#include "coracle/corating.h"

#include "coracle/memory.h"
#include "kernels.h"

enum { MOST_LEVELS = 1024 }; /* their powers then stay in the cache */

int cor_levels_create(int64_t things, double low, double high, double steps,
                      cor_levels *levels)
{
    *levels = (cor_levels){.low = low, .steps = steps};
    double count = (high - low) * steps + 1;
    while (levels->shift < 31 && things > INT64_C(1) << levels->shift)
        levels->shift++;
    if (!(count <= MOST_LEVELS) ||
        count > (double)(UINT64_C(1) << (32 - levels->shift)))
        return COR_OK;
    COR_TRY(cor_allocate(&levels->power, (int64_t)count, sizeof *levels->power,
                         "levels of values"));
    levels->count = (int64_t)count;
    for (int64_t l = 0; l < levels->count; l++) {
        double value = low + (double)l / steps;
        levels->power[l][0] = value;
        levels->power[l][1] = 1;
        levels->power[l][2] = value * value;
        levels->power[l][3] = 1;
    }
    return COR_OK;
}

void cor_levels_free(cor_levels *levels)
{
    cor_free(levels->power);
    *levels = (cor_levels){0};
}

void cor_corating_add(cor_corating *sums, float a, const cor_rated *row,
                      int64_t count)
{
    cor_kernels_used()->corating.add(sums, a, row, count);
}

void cor_corating_add_packed(cor_corating *sums, const cor_levels *levels,
                             uint32_t a, const uint32_t *row, int64_t count)
{
    cor_kernels_used()->corating.add_packed(sums, levels, a, row, count);
}

void cor_corating_similarity(const cor_similarity_options *options,
                             cor_corating *sums, int64_t count,
                             float *similarity)
{
    cor_kernels_used()->corating.similarity(options, sums, count, similarity);
}
