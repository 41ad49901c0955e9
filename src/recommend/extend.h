/**
 * Sides of a model that grow.
 */
#ifndef RECOMMEND_EXTEND_H
#define RECOMMEND_EXTEND_H

#include "coracle/recommend.h"

/**
 * Rows that were folded in become the model's: known ones in their place, new
 * ones behind all others, in their order. Collective.
 * @param[in] queries  of the side's own ids, after a fold-in
 * @param[in] title    names of the queries; total 0: none. Where the model's
 *                     `titles` have none, or NULL, they are not looked at
 * @param[in,out] side, titles  of the model
 */
int extend_side(const cor_team *team, const cor_model *model,
                const cor_queries *queries, const cor_ids *title,
                cor_model_side *side, cor_ids *titles);

#endif
