/**
 * Updating: a model takes in interactions that came after its training, without
 * training again.
 *
 * First the users of the new interactions are folded in, known ones and new
 * ones, with the items as they are; then the items, with the users as they are
 * by then. So a new item has factors from those who rated it, and a new user
 * who rated new items alone is left out. A known row keeps what it learned, see
 * cor_queries_fold_in. The mean, and rows of which the new interactions say
 * nothing, stay as they are; a pair that training had counts once more.
 *
 * New users and items follow the old ones, in the order of the new store.
 */
#ifndef CORACLE_UPDATE_H
#define CORACLE_UPDATE_H

#include "coracle/interactions.h"
#include "coracle/model.h"

/** What was taken in. */
typedef struct cor_update {
    int64_t users, new_users; /* folded in; of them, without training ratings */
    int64_t items, new_items;
    int64_t ignored; /* interactions of a user and an item of which nothing is
                        known; and those of an item without known raters */
} cor_update;

/**
 * Update a model with factors or biases. Collective.
 * @param[in] data  values, ids and, if there are some, titles, as arranged
 * @return COR_OK; COR_EUSAGE: neighbours, what is popular, or factors that do
 * not minimise a squared error; COR_ENUMERIC: a row's system is singular;
 * COR_EMEMORY. On failure the model is to be freed.
 */
int cor_model_update(const cor_team *team, cor_model *model,
                     const cor_interactions *data, cor_update *report);

#endif
