/**
 * Small dense kernels of fixed order. Every result is a pure function of its
 * arguments: it does not depend on threads, on tile shapes, or on where a row
 * stands in a call. Kernels are written once over 16 logical float lanes and
 * built for each vector width; all widths with fused multiply-add give the same
 * bits, the baseline without it does not, so a model records its family.
 *
 * Rows have a stride of `ld` floats: cor_padded(factors), the padding zero.
 * All functions are local and may be called from any thread.
 */
#ifndef CORACLE_LINALG_H
#define CORACLE_LINALG_H

#include "coracle/status.h"

#include <stdbool.h>
#include <stdint.h>

/** Families of kernels, from least to greatest. */
enum cor_family {
    COR_FAMILY_BASE,  /* what every processor of this kind has; on aarch64 that
                         fuses multiply-add, and is called neon */
    COR_FAMILY_AVX2,  /* x86-64-v3: 8 lanes, fused multiply-add */
    COR_FAMILY_AVX512 /* x86-64-v4: 16 lanes, fused multiply-add */
};

/** The greatest family that this processor runs; the environment variable
    CORACLE_FAMILY (base, avx2, avx512) may ask for a lesser one, and is ignored
    where it asks for anything else. */
enum cor_family cor_family_best(void);
/** Use a family from now on in this program, at most the best. Starts as the
    best; ranks agree on the least before they compute. */
void cor_family_use(enum cor_family family);
enum cor_family cor_family_used(void);
const char *cor_family_name(enum cor_family family);

/** Floats from one row to the next: `factors` rounded up to 16. */
static inline int64_t cor_padded(int64_t factors)
{
    return (factors + 15) / 16 * 16;
}

/** a . b over ld floats, 16 lanes, lanes added in a fixed tree. */
float cor_dot(const float *a, const float *b, int64_t ld);

/**
 * All scores of a tile: score[u * items + i] = user[u] . item[i], rows of ld
 * floats. A score is the same bits whatever the tile (each is one chain of
 * multiply-adds over the factors in order). Runs near the multiply-add peak.
 */
void cor_score_tile(const float *user, int64_t users, const float *item,
                    int64_t items, int64_t ld, float *score);

/**
 * One row of alternating least squares. For a user (an item is the mirror
 * image) with `count` ratings, find x (ld floats) and b that minimise
 *
 *   sum_j (target_j - x.y_j - b)^2 + reg |x|^2 + reg_bias b^2,
 *   target_j = value[j] - mean - other_bias[index[j]],
 *
 * where y_j is row index[j] of `table`. Without bias, b is 0 and other_bias
 * NULL. Zhou, Wilkinson, Schreiber, Pan, "Large-scale parallel collaborative
 * filtering for the Netflix Prize", AAIM 2008; biases are solved jointly, by
 * eliminating b (a Schur complement), not as a further factor.
 */
typedef struct cor_ridge_row {
    const float *table;      /* rows of ld floats */
    const float *other_bias; /* by the same index; NULL: none */
    const int32_t *index;    /* count */
    const float *value;      /* count */
    int64_t count;
    double mean;
    double reg, reg_bias; /* as they apply to this row; >= 0 */
} cor_ridge_row;

/** Work space of one thread. */
typedef struct cor_ridge cor_ridge;
/** @param[in] factors > 0  @param[in] bias  whether b is solved for */
int cor_ridge_create(int64_t factors, bool bias, cor_ridge **ridge);
void cor_ridge_destroy(cor_ridge **ridge);

/**
 * Solve one row exactly (Cholesky). Rows with clearly fewer ratings than
 * factors, and positive regularisation, are solved in the space of their
 * ratings. Sums are single precision over at most 1024 ratings and double
 * above; a row too near singular for that is solved in double precision.
 * @param[out] x     ld floats, padding 0; all 0 where count is 0
 * @param[out] bias  b; may be NULL without bias
 * @param[out] loss  the minimum of the expression above
 * @return COR_OK; COR_ENUMERIC: the normal matrix is not positive definite even
 * in double precision, or a number is not finite (x, bias, loss unspecified)
 */
int cor_ridge_solve(cor_ridge *ridge, const cor_ridge_row *row, float *x,
                    float *bias, double *loss);

/**
 * The same for a row too long for one rank: its ratings are summed in parts,
 * the parts added by the caller (in a fixed order), the total solved.
 * cor_ridge_sum_length doubles hold the sums of a part: Gram matrix, right-hand
 * side, sums of y, of targets, of squared targets, and the count.
 */
int64_t cor_ridge_sum_length(const cor_ridge *ridge);
/** Sums of row->count ratings, into `sums` (overwritten); reg is not used. */
void cor_ridge_sums(cor_ridge *ridge, const cor_ridge_row *row, double *sums);
int cor_ridge_solve_sums(cor_ridge *ridge, const double *sums, double reg,
                         double reg_bias, float *x, float *bias, double *loss);

/** Floating-point operations that cor_ridge_solve counts for a row. */
double cor_ridge_flops(int64_t factors, int64_t count);

/** One line that names the BLAS library, its threading and its kernel. */
const char *cor_linalg_version(void);

#endif
