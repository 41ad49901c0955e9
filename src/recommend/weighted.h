/**
 * Rows as weighted ridge regressions: implicit feedback, and every row that is
 * improved instead of solved. The formulas are in als.h. A value r of weight a
 * and of preference p asks for a (p - x.y)^2 in one form, and for
 * (1 + a) (p - x.y)^2 less the cell's share of the sum over all cells in the
 * other; both are a (d/a - x.y)^2 and a constant, with d = a p or (1 + a) p.
 */
#ifndef RECOMMEND_WEIGHTED_H
#define RECOMMEND_WEIGHTED_H

#include "coracle/basis.h"
#include "coracle/linalg.h"
#include "coracle/model.h"

/** The room of one thread for a row. */
typedef struct weighted {
    float *weight, *target; /* of each of its values */
    float *scale;           /* ld: a factor's regularisation, see linalg.h */
    float *ones;            /* ld: scale of sums that are scaled later */
    double reg;             /* that `scale` was made for; 0: none */
} weighted;

/** Local. @param[in] values  of the longest row */
int weighted_open(weighted *room, int64_t values, int64_t factors);
void weighted_close(weighted *room);

/** The values of a row as weighted equations with reg 1; explicit ratings stay
    as they are. @return what the row's loss has besides that of *row */
double weighted_values(const cor_implicit *how, const cor_ridge_row *values,
                       weighted *room, cor_ridge_row *row);

/** What each factor is regularised by: the row's reg and the unobserved cells,
    which `basis` knows (NULL: there are none). Into room->scale. */
void weighted_scale(const cor_implicit *how, const cor_basis *basis,
                    int64_t factors, double reg, weighted *room);

/** The reg of a row of `count` values, with `known` rows on the other side. */
double weighted_reg(const cor_implicit *how, double reg, bool by_count,
                    int64_t count, int64_t known);

/** The basis of a side's rows, the same on all ranks: `factor` are this rank's
    rows, those of its shards. Collective. */
int weighted_basis(const cor_team *team, const cor_shards *shards,
                   const float *factor, int64_t factors, cor_ridge *ridge,
                   cor_basis **basis);
/** Turn rows into a basis, by the threads of a rank. Local. */
int weighted_turn(const cor_team *team, const cor_basis *basis, float *factor,
                  int64_t rows, int64_t ld);

#endif
