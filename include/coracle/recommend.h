/**
 * Recommending: the best items of a model for many users, without what they
 * have seen; users that training never saw are folded in from new ratings, and
 * who has nothing known gets what is popular.
 *
 * The score of an item is base + b_u + (b_i + s(u, i)), as in model.h and not
 * clipped: the part in brackets is a float and orders the items of a user,
 * equal ones by their number. Items without training ratings are not
 * recommended.
 *
 * What is popular is said by cor_popularity_fallback, and is then the score.
 */
#ifndef CORACLE_RECOMMEND_H
#define CORACLE_RECOMMEND_H

#include "coracle/interactions.h"
#include "coracle/model.h"
#include "coracle/plan.h"
#include "coracle/progress.h"

/**
 * Find ids of any table in a table of the model: row[i] of asked row i, or -1.
 * Collective. @param[out] row asked->count
 */
int cor_model_find(const cor_team *team, const cor_ids *table,
                   const cor_ids *asked, int64_t *row);

/**
 * The model's rows of the user and item of each of my interactions, -1 where
 * their id is not in the model. The tables are compared by id; `data` needs
 * its ids, its rows may stand in any order. Collective.
 * @param[out] user, item  data->rows each
 */
int cor_model_locate(const cor_team *team, const cor_model *model,
                     const cor_interactions *data, int64_t *user,
                     int64_t *item);

/**
 * Predict each of my interactions by its user and item (see cor_predictor).
 * Collective.
 * @param[out] rating   data->rows
 * @param[out] unknown  of all ranks' rows, those whose user or item the model
 *                      does not know
 */
int cor_predict_interactions(const cor_team *team, const cor_model *model,
                             const cor_interactions *data, float *rating,
                             int64_t *unknown);

/** What a fold-in took in of one query. */
typedef struct cor_taken {
    int64_t count;
    double sum; /* of the values */
} cor_taken;

/** Whom to recommend to: this rank's run. Plain data. */
typedef struct cor_queries {
    cor_ids id;       /* my run of all who ask */
    float *factor;    /* id.count x ld */
    float *bias;      /* id.count */
    cor_sparse row;   /* of a model of neighbours: see there; else empty */
    int64_t *user;    /* id.count: row of the model, or -1 */
    int8_t *known;    /* id.count; 0: nothing known, gets the popular */
    int64_t *ratings; /* id.count: of training; 0 where the model has none */
    cor_taken *taken; /* id.count, after a fold-in; else NULL */
    bool of_model;    /* id, factor, bias and ratings are the model's own */
    bool owns_row;    /* else the row is the model's, too */
    uint64_t *seen;   /* seen_count: local query << 32 | item, ascending */
    int64_t seen_count;
    int64_t absent; /* of all ids: how many the model does not know */
} cor_queries;

/** All users of the model, in its order; borrows the model, whose factors a
    fold-in will then change. Collective. */
int cor_queries_of_model(const cor_team *team, cor_model *model,
                         cor_queries *queries);

/** The users of a table of ids, which is taken over. Each id once.
    Collective. */
int cor_queries_of_ids(const cor_team *team, const cor_model *model,
                       cor_ids *id, cor_queries *queries);

/** The users of any table, in its order; with new_only those alone that the
    model does not have. Collective. */
int cor_queries_of_table(const cor_team *team, const cor_model *model,
                         const cor_ids *id, bool new_only,
                         cor_queries *queries);

void cor_queries_free(cor_queries *queries);

/** What users have seen shall not be recommended to them: the interactions of
    a store, of which only users that ask count. Collective. */
int cor_queries_see(const cor_team *team, const cor_model *model,
                    const cor_interactions *data, cor_queries *queries);

/** What becomes of what the model knows of a user who is folded in. */
enum cor_foldin_old {
    COR_FOLDIN_REPLACE, /* it is forgotten: new ratings alone count */
    COR_FOLDIN_KEEP     /* it weighs as much as the ratings it is of */
};

typedef struct cor_foldin {
    int64_t users;   /* folded in */
    int64_t ratings; /* taken in */
    int64_t ignored; /* of items that the model does not know */
} cor_foldin;

/**
 * Fold in: users that ask and have ratings in `data` get their factors from
 * these, by one ridge solve with the item factors fixed, regularised as the
 * model was; without factors their bias, with neighbours between items their
 * row; and these items count as seen. Collective.
 *
 * To keep what is known, the old ratings stand in by what is left of them.
 * Their loss is at its least where the user is, and about there it is a
 * quadratic form, the Gram matrix of the items he rated: of it, only their
 * number is known, so it is that many times the mean over all training ratings.
 * (Without factors that is exact.) An old value of implicit feedback weighs
 * what the new ones do in the mean. Not with neighbours.
 * @return COR_OK; COR_EUSAGE: neighbours between users, of which new ones have
 * none; COR_ENUMERIC: a user's system is singular; COR_EMEMORY
 */
int cor_queries_fold_in(const cor_team *team, const cor_model *model,
                        const cor_interactions *data, enum cor_foldin_old old,
                        cor_queries *queries, cor_foldin *report);

/** The lists, best first; item is -1 where a list ends early. Plain data. */
typedef struct cor_toplists {
    int64_t count, n; /* my queries, items a list */
    int32_t *item;    /* count x n: rows of the model */
    double *score;    /* count x n */
    int64_t scored;   /* scores that this rank made of count x items; 0 with
                         neighbours */
} cor_toplists;

/** The n best items of each query. Collective. @param[in] progress or NULL */
int cor_recommend(const cor_team *team, const cor_model *model,
                  const cor_queries *queries, int64_t n, cor_progress *progress,
                  cor_toplists *lists);

void cor_toplists_free(cor_toplists *lists);

/**
 * The place of each query's first wanted item among all items that it has not
 * seen, the best at 1. Collective.
 * @param[in] wanted  local query << 32 | item, ascending
 * @param[in] begin   queries + 1: where each query's begin
 * @param[in] lists   of the same queries
 * @param[out] place  queries; 0 where no wanted item can be recommended
 */
int cor_recommend_places(const cor_team *team, const cor_model *model,
                         const cor_queries *queries, const uint64_t *wanted,
                         const int64_t *begin, const cor_toplists *lists,
                         cor_progress *progress, int64_t *place);

/**
 * The items most like given ones, best first and without themselves: by the
 * cosine of their factors, or by the similarities that a model of neighbours
 * between items keeps. Collective.
 * @param[in] id        the items asked for, taken over; each id once
 * @param[out] queries  the same ids; of what is not in the model or was never
 *                      trained, known is 0 and the list empty
 * @return COR_OK; COR_EUSAGE: a model that says nothing of items alone
 */
int cor_similar_items(const cor_team *team, const cor_model *model, cor_ids *id,
                      int64_t n, cor_progress *progress, cor_queries *queries,
                      cor_toplists *lists);

/** Ids, and titles where there are some, of rows that stand with other ranks.
 */
typedef struct cor_names cor_names;

/**
 * Fetch the names of `count` rows of a table of ids, or -1. Collective.
 * @param[in] title  names beside the ids; NULL or of total 0: none
 * @param[in,out] row  changed to rows of the tables below; -1 stays
 */
int cor_names_create(const cor_team *team, const cor_ids *id,
                     const cor_ids *title, int32_t *row, int64_t count,
                     cor_names **names);
void cor_names_destroy(cor_names **names);
/** Borrowed tables, for cor_ids_print. NULL where there are no titles. */
const cor_ids *cor_names_id(const cor_names *names);
const cor_ids *cor_names_title(const cor_names *names);

/** What a model holds, as far as a plan wants to know. */
typedef struct cor_model_size {
    int64_t users, items, factors;
    int64_t bytes;      /* of the whole in memory, over all ranks */
    int64_t item_bytes; /* of one item's factors, bias and mean */
    int64_t name_bytes; /* of the longest id of an item and the longest title */
} cor_model_size;

/** Read the size of a model without its content. Collective. */
int cor_model_measure(const cor_team *team, const char *path,
                      cor_model_size *size);

#endif
