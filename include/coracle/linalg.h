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

#include "coracle/team.h"

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
/** Kernels of different width may differ in the last bits: from now on all
    ranks use the least of theirs. Collective. */
void cor_family_agree(const cor_team *team);
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

/** Items of a panel. */
enum { COR_PANEL = 64 };

/** Turn the rows index[0 .. COR_PANEL) of `table` into a panel of ld x
   COR_PANEL floats, a factor after the other. */
void cor_panel_fill(const float *table, int64_t ld, const int32_t *index,
                    float *panel);

/**
 * Scores of a panel's items for users wherever their rows are:
 * score[u * COR_PANEL + i] = bias[i] + user[u] . item[i], the product the same
 * bits as of cor_score_tile, and whether one of a user's reaches his least.
 * ld may be 0: the biases alone.
 * @param[in]  user     users: their rows
 * @param[out] reaches  users: whether a score >= least[u]
 */
void cor_panel_score(const float *const *user, int64_t users,
                     const float *panel, int64_t ld, const float *bias,
                     const float *least, float *score, bool *reaches);

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
    const float *weight;  /* count, > 0: an error counts weight^2 times; NULL:
                             once. Only with `scale` and without bias */
    const float *scale;   /* ld, padding 0: factor f is regularised by
                             reg / scale_f^2 instead; NULL: all by reg */
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
/** Sums of rows whose `scale` was 1 become those of `scale`; the solution of
    these is x / scale. Local. */
void cor_ridge_scale_sums(const cor_ridge *ridge, const float *scale,
                          double *sums);
int cor_ridge_solve_sums(cor_ridge *ridge, const double *sums, double reg,
                         double reg_bias, float *x, float *bias, double *loss);

/**
 * Sums of a change of x and b instead of x and b themselves: what is left over
 * of the new ratings is their target, and what was known before resists.
 * cor_ridge_resist adds `weight` times a normal matrix of rows (1, y), packed
 * lower triangle by columns, (factors + 1) (factors + 2) / 2 doubles; a loss at
 * its minimum is that matrix about it. cor_ridge_pull takes reg x and reg_bias
 * b from the right-hand side: what a regularisation that is more by so much
 * pulls at x and b. Local.
 */
void cor_ridge_resist(const cor_ridge *ridge, double weight,
                      const double *normal, double *sums);
void cor_ridge_pull(const cor_ridge *ridge, double reg, const float *x,
                    double reg_bias, double bias, double *sums);

/**
 * A row improved instead of solved, without bias; `scale` must be given. x is
 * where to start, and where it ended.
 *
 * cor_ridge_descend takes `steps` steps of conjugate gradients on the system
 * preconditioned by its regularisation. Takács, Pilászy, Tikk, "Applications of
 * the conjugate gradient method for implicit feedback collaborative filtering",
 * RecSys 2011.
 *
 * cor_ridge_blocks minimises exactly over `block` factors after the other (a
 * multiple of 16). Rendle, Krichene, Zhang, Koren, "iALS++: speeding up matrix
 * factorization with subspace optimization", 2021.
 *
 * Bound by reading the gathered rows once a step, or once a block, from the
 * cache; rows too many for that are gathered again.
 * @param[in,out] x  ld floats, padding 0; 0 where count is 0
 * @param[out] loss  of x
 * @return COR_OK; COR_ENUMERIC: a number is not finite
 */
int cor_ridge_descend(cor_ridge *ridge, const cor_ridge_row *row, int64_t steps,
                      float *x, double *loss);
int cor_ridge_blocks(cor_ridge *ridge, const cor_ridge_row *row, int64_t block,
                     float *x, double *loss);

/** Floating-point operations that cor_ridge_solve counts for a row. */
double cor_ridge_flops(int64_t factors, int64_t count);

/**
 * The sum of y y^T over `count` rows, at `row`, in doubles: the packed lower
 * triangle by columns, factors (factors + 1) / 2 of them, overwritten. Runs of
 * rows are summed in single precision, as above.
 */
void cor_ridge_gram(cor_ridge *ridge, const float *row, int64_t count,
                    double *packed);

/** One line that names the BLAS library, its threading and its kernel. */
const char *cor_linalg_version(void);

#endif
