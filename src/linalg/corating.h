/**
 * Sums of co-ratings. A sum of four doubles is one vector: its place is random,
 * so it is fetched whole, changed by one multiply-add and put back.
 */
#ifndef CORATING_H
#define CORATING_H

#include "coracle/corating.h"

#include <math.h>

typedef double corating_vector
    __attribute__((vector_size(32), aligned(8), may_alias));

/* a times row, four sums at once: {a, aa, 1, 1} times {b, 1, bb, 1}. */
static void corating_add(cor_corating *sums, float value, const cor_rated *row,
                         int64_t count)
{
    double a = value;
    const corating_vector own = {a, a * a, 1, 1};
    for (int64_t e = 0; e < count; e++) {
        double b = row[e].value;
        corating_vector *sum = (corating_vector *)&sums[row[e].thing];
        *sum += own * (corating_vector){b, 1, b * b, 1};
    }
}

static void corating_add_packed(cor_corating *sums, const cor_levels *levels,
                                uint32_t packed, const uint32_t *row,
                                int64_t count)
{
    const corating_vector *power = (const corating_vector *)levels->power;
    const int shift = levels->shift;
    const uint32_t mask = (UINT32_C(1) << shift) - 1;
    const double a = levels->power[packed >> shift][0];
    const corating_vector own = {a, a * a, 1, 1};
    for (int64_t e = 0; e < count; e++) {
        corating_vector *sum = (corating_vector *)&sums[row[e] & mask];
        *sum += own * power[row[e] >> shift];
    }
}

static void corating_cosine(const cor_corating *sums, int64_t count,
                            double support, float *similarity)
{
    for (int64_t j = 0; j < count; j++) {
        double squares = sums[j].aa * sums[j].bb;
        double s = sums[j].ab / sqrt(squares);
        similarity[j] = squares > 0 && sums[j].count >= support ? (float)s : 0;
    }
}

static void corating_pearson(const cor_corating *sums, int64_t count,
                             double support, double shrinkage,
                             float *similarity)
{
    for (int64_t j = 0; j < count; j++) {
        double squares = sums[j].aa * sums[j].bb, n = sums[j].count - 1;
        double s = sums[j].ab * n / (sqrt(squares) * (n + shrinkage));
        similarity[j] = squares > 0 && sums[j].count >= support ? (float)s : 0;
    }
}

static void corating_msd(const cor_corating *sums, int64_t count,
                         double support, float *similarity)
{
    for (int64_t j = 0; j < count; j++) {
        double squares = sums[j].aa + sums[j].bb - 2 * sums[j].ab;
        double n = sums[j].count;
        double s = n / (n + (squares > 0 ? squares : 0));
        similarity[j] = n >= support ? (float)s : 0;
    }
}

static void corating_similarity(const cor_similarity_options *options,
                                cor_corating *sums, int64_t count,
                                float *similarity)
{
    double support = (double)options->support;
    double least = options->kind == COR_PEARSON_BASELINE ? 2 : 1;
    support = support > least ? support : least;
    if (options->kind == COR_COSINE)
        corating_cosine(sums, count, support, similarity);
    else if (options->kind == COR_MSD)
        corating_msd(sums, count, support, similarity);
    else
        corating_pearson(sums, count, support, options->shrinkage, similarity);
    memset(sums, 0, (size_t)count * sizeof *sums);
}

#endif
