/**
 * Similarities from co-ratings: the sums over those who rated two things, and
 * the similarity that follows from them.
 *
 * For one thing i, the rows of everybody who rated it are added to an array of
 * sums, one for every other thing j. The bottleneck is fetching those rows, at
 * the speed of memory for rows in random places, so a value of few levels is
 * packed into a word with its place.
 *
 * All functions are local; several threads may call at once, on sums of their
 * own. Sums are doubles, added in the order of the calls.
 */
#ifndef CORACLE_CORATING_H
#define CORACLE_CORATING_H

#include "coracle/status.h"

#include <stdint.h>

/** Over those who rated both i and j, with values a and b. */
typedef struct cor_corating {
    double ab, aa, bb, count;
} cor_corating;

/** One value of a row: whom it is of. */
typedef struct cor_rated {
    int32_t thing;
    float value;
} cor_rated;

/** Add a row: sums[thing] gets a times its value, and so on. */
void cor_corating_add(cor_corating *sums, float a, const cor_rated *row,
                      int64_t count);

/** How values of a grid are packed: low + level / steps, the level above
    `shift` bits of whom it is of. */
typedef struct cor_levels {
    int64_t count; /* 0: the values are of no grid, or of too fine a one */
    int shift;
    double low, steps;
    double (*power)[4]; /* count: value, 1, value squared, 1 */
} cor_levels;

/** Levels over a range of values that are all whole multiples of 1 / steps
    (a power of two), for `things` things. Without levels where they do not fit
    a word. @return COR_OK; COR_EMEMORY */
int cor_levels_create(int64_t things, double low, double high, double steps,
                      cor_levels *levels);
void cor_levels_free(cor_levels *levels);

static inline uint32_t cor_levels_pack(const cor_levels *levels, int32_t thing,
                                       float value)
{
    uint32_t level = (uint32_t)(((double)value - levels->low) * levels->steps);
    return level << levels->shift | (uint32_t)thing;
}
static inline int32_t cor_levels_thing(const cor_levels *levels,
                                       uint32_t packed)
{
    return (int32_t)(packed & ((UINT32_C(1) << levels->shift) - 1));
}

/** As cor_corating_add, for a row of packed values; `a` is packed too. */
void cor_corating_add_packed(cor_corating *sums, const cor_levels *levels,
                             uint32_t a, const uint32_t *row, int64_t count);

enum cor_similarity {
    COR_PEARSON_BASELINE, /* ab / sqrt(aa bb), of values beyond the baseline,
                             times (count - 1) / (count - 1 + shrinkage) */
    COR_COSINE,           /* ab / sqrt(aa bb) */
    COR_MSD               /* 1 / (1 + the mean squared difference) */
};

typedef struct cor_similarity_options {
    enum cor_similarity kind;
    double shrinkage;
    int64_t support; /* with fewer who rated both, the similarity is 0; pearson
                        wants 2 at least */
} cor_similarity_options;

/** Similarities of `count` sums, 0 where a root is of 0; the sums are then 0
    again. @param[out] similarity  count */
void cor_corating_similarity(const cor_similarity_options *options,
                             cor_corating *sums, int64_t count,
                             float *similarity);

#endif
