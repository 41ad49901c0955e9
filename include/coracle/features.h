/**
 * Features: interactions as labelled examples. A row has, in this order,
 *
 *   user=ID, item=ID      1 at its own user and item
 *   COLUMN=CATEGORY       1 at its own category, for each column of categories
 *                         that the store keeps, but the one of the label
 *   user_count            interactions of its user
 *   item_count            interactions of its item
 *   recency_days          whole days from its time to the newest one
 *   day_of_week, hour     of its time; Monday is 0
 *
 * the last three where there are times; a feature that is 0 takes no room. All
 * that has to be learnt (who is known, counts, the newest time, scales and the
 * numbers of the features) is learnt from one store, TRAIN; the examples may be
 * made of another, of which then nothing leaks in. Users, items and categories
 * without an interaction in TRAIN have no 1, and counts of 0; what is newer
 * than TRAIN has a negative recency.
 *
 * Scales are those of TRAIN's rows: the mean and the standard deviation
 * (standard), or the least and the greatest (minmax); what is equal in all rows
 * only loses its offset. What is in the examples is (number - offset) / scale;
 * these stay with them, so that two stores may be compared, and a service can
 * make features of its own as they were learnt:
 *
 *   /scales/offset, /scales/scale  float64 [2 or 5], in the order above
 *   attributes of /scales: kind (none, standard, minmax); first (int64, the
 *   number of user_count); label; with times newest (int64, seconds) and
 *   timezone
 *
 * Cost: linear in rows, and a table of ids matched where there are two stores.
 * Bound by writing the examples. A rank holds its rows, what its own users and
 * items are worth, and the names of categories whole.
 */
#ifndef CORACLE_FEATURES_H
#define CORACLE_FEATURES_H

#include "coracle/examples.h"
#include "coracle/interactions.h"
#include "coracle/plan.h"
#include "coracle/progress.h"

enum cor_features_scale {
    COR_SCALE_NONE,
    COR_SCALE_STANDARD,
    COR_SCALE_MINMAX
};

typedef struct cor_features_options {
    const char *label; /* value; a kept column of numbers; or COLUMN=CATEGORY:
                          1 where the row has it, else 0 */
    const char *timezone; /* UTC; +02:00; or a name that the C library has a
                             file for, such as Europe/Berlin */
    enum cor_features_scale scale; /* of all but the ones */
} cor_features_options;

/** The value, UTC, no scale. */
cor_features_options cor_features_default(void);

typedef struct cor_features cor_features;

/**
 * Learn from TRAIN: all its columns, ids and kept columns. Collective.
 * @param[in] name  of the store, for messages
 * @param[in] options  the texts are borrowed
 * @return COR_OK; COR_EUSAGE: no such label, no such time zone, more features
 * than can be numbered; COR_EMEMORY
 */
int cor_features_learn(const cor_team *team, const char *name,
                       const cor_interactions *train,
                       const cor_features_options *options,
                       cor_features **features);
void cor_features_destroy(cor_features **features);

/** Rows whose user, item or one of whose categories TRAIN does not have. */
typedef struct cor_features_unknown {
    int64_t users, items, categories;
} cor_features_unknown;

/**
 * Write the examples of a store, row by row in its order. Collective.
 * @param[in] same  it is TRAIN itself
 * @return COR_OK; COR_EUSAGE: its label is not there; COR_EDATA: it lacks times
 * or a column that TRAIN has, or a label is missing in a row; COR_EIO;
 * COR_ENUMERIC; COR_EMEMORY
 */
int cor_features_write(const cor_features *features, const char *name,
                       const cor_interactions *data, bool same,
                       const char *path, const cor_file_options *file,
                       cor_progress *progress, cor_examples_summary *summary,
                       cor_features_unknown *unknown);

/** What both need for such stores; `train` may be `store` itself. */
cor_plan cor_features_plan(const cor_team *team,
                           const cor_interactions_summary *train,
                           const cor_interactions_summary *store);

#endif
