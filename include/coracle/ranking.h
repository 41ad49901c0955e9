/**
 * Evaluating the lists that a model gives: every user's whole catalogue is
 * ranked, no candidates are sampled, and what the user has seen in training is
 * left out, and only that. Equal scores are ordered by the item's row.
 *
 * Of a user with n relevant items (distinct items of the test part, the model's
 * own or not) and h of them among the first K of the list:
 *
 *   precision        h / K
 *   recall           h / n
 *   recall_capped    h / min(K, n)
 *   hit_rate         1 where h > 0
 *   ndcg             sum over hits 1 / log2(place + 1), over the same for
 *                    min(K, n) hits in the first places
 *   map              sum over hits (hits so far / place), over min(K, n)
 *   mrr              1 / place of the first relevant item in the whole ranking,
 *                    0 where none of them can be recommended
 *
 * Figures are means over the users that have relevant items and are known to
 * the model. Järvelin, Kekäläinen, "Cumulated gain-based evaluation of IR
 * techniques", TOIS 2002; why nothing is sampled: Krichene, Rendle, "On sampled
 * metrics for item recommendation", KDD 2020.
 */
#ifndef CORACLE_RANKING_H
#define CORACLE_RANKING_H

#include "coracle/interactions.h"
#include "coracle/model.h"
#include "coracle/progress.h"

/** Most cutoffs K at one time. */
enum { COR_CUTOFFS = 16 };

/** What a cutoff gives; means over users but for the last two. */
typedef struct cor_ranking_at {
    int64_t k;
    double precision, recall, recall_capped, hit_rate, ndcg, map;
    double coverage;   /* items in some list, of those that can be */
    double popularity; /* mean training interactions of what is in the lists */
} cor_ranking_at;

typedef struct cor_ranking {
    int64_t users;         /* evaluated */
    int64_t users_without; /* of the test store: without relevant items */
    int64_t users_unknown; /* with relevant items, but not in the model */
    int64_t relevant;      /* items, over the users evaluated */
    int64_t items_unknown; /* of them, not in the model */
    int64_t catalogue;     /* items that can be recommended */
    double mrr;
    int cutoffs;
    cor_ranking_at at[COR_CUTOFFS];
} cor_ranking;

/**
 * Evaluate lists of the users of `test`. Collective.
 * @param[in] test   as read, with values and ids
 * @param[in] seen   what users have seen, or NULL: nothing is left out
 * @param[in] least  least value of a relevant item; -INFINITY: all are
 * @param[in] k      cutoffs of them, positive
 * @return COR_OK; COR_EMEMORY
 */
int cor_evaluate_ranking(const cor_team *team, const cor_model *model,
                         const cor_interactions *test,
                         const cor_interactions *seen, double least,
                         const int64_t *k, int cutoffs, cor_progress *progress,
                         cor_ranking *ranking);

#endif
