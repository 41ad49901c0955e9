/**
 * Ratings: interactions as sparse rows, by user and by item, each side owned by
 * its rank: what training reads. A few items that very many rated (giants)
 * keep their ratings with the users' ranks, so that no rank waits for one row.
 */
#ifndef CORACLE_RATINGS_H
#define CORACLE_RATINGS_H

#include "coracle/interactions.h"

/** My rows of one side. */
typedef struct cor_ratings_side {
    cor_shards *shards;  /* over the rows of this side */
    int64_t first, rows; /* mine */
    int64_t *begin;      /* rows + 1: where each row's entries begin */
    int32_t *other;      /* by entry: the row of the other side */
    float *value;        /* by entry */
    int64_t *count;      /* rows: ratings of each, giants' included */
    float *mean;         /* rows: mean value of each; 0 without ratings */
} cor_ratings_side;

/** The giants' ratings that stand with me: those of my users. */
typedef struct cor_giants {
    int64_t count;  /* all giants, known to every rank */
    int64_t *item;  /* count: their item numbers, ascending */
    int64_t shards; /* my user shards */
    int64_t *begin; /* count x (shards + 1): entries by giant and shard */
    int32_t *user;  /* by entry: my row of the user */
    float *value;   /* by entry */
} cor_giants;

typedef struct cor_ratings {
    int64_t total; /* ratings of all ranks */
    double mean;   /* of all */
    double value_min, value_max;
    cor_ratings_side user, item;
    cor_giants giants;
} cor_ratings;

/** Items of at least this many ratings are giants: 1/4 of a shard's mean work,
    and enough to be worth a sum. */
int64_t cor_giants_threshold(int64_t ratings, int64_t shards);

/**
 * Build both sides. Collective. Takes the columns user, item and value of
 * `data` (they are NULL afterwards); its shards and ids stay.
 *
 * @param[in] factors  k of the model to come: items are cut into as many shards
 *                     as users are, balanced by the work of a row at k
 * @param[in] giant    least ratings of a giant
 */
int cor_ratings_create(const cor_team *team, cor_interactions *data,
                       int64_t factors, int64_t giant, cor_ratings *ratings);
void cor_ratings_free(cor_ratings *ratings);

#endif
