/**
 * What a fit of neighbourhoods holds; shared by the files knn*.c alone.
 *
 * Things are what is compared, raters are those who rated them: items and
 * users, or users and items.
 */
#ifndef RECOMMEND_KNN_STATE_H
#define RECOMMEND_KNN_STATE_H

#include "baseline_state.h"
#include "coracle/corating.h"
#include "coracle/knn.h"
#include "coracle/shared.h"

/** Where a rater's row stands among the entries of the node. */
typedef struct knn_row {
    int64_t begin, count;
} knn_row;

/** The rows that the ranks of a node need, each by ascending thing, in the
    order of raters; empty ones may stand between. Some are cut short, where no
    rank here needs the rest. */
typedef struct knn_rows {
    cor_levels levels; /* of packed entries; count 0: they are not packed */
    cor_shared *entry_memory, *row_memory;
    const uint32_t *packed;
    const cor_rated *rated;
    const knn_row *row;
    int64_t count;
} knn_rows;

/** How often a thing was rated, and what comparing it takes. */
typedef struct knn_work {
    int64_t count, work;
} knn_work;

typedef struct knn {
    const cor_team *team;
    const cor_knn_options *options;
    cor_progress *progress;
    const cor_ratings *ratings;
    const cor_ratings_side *raters; /* whose rows are added up */
    const float *residual; /* by entry of theirs: beyond the baseline */
    int64_t things;
    bool whole; /* a thing is compared with all others: all are kept; else with
                   those of lower number, and both hear of it */
    knn_work *work;     /* things, of all ranks together */
    int64_t first, end; /* the things that this rank compares */
    knn_rows rows;
} knn;

/* knn_rows.c: work, range and rows; collective. */
int knn_rows_create(knn *k);
void knn_rows_destroy(knn_rows *rows);

/** What a batch of things is rated by. */
typedef struct knn_visit {
    int64_t begin; /* of a rater's row, among the entries of the node */
    int32_t place; /* of the thing in it */
    int32_t count; /* entries of it that the thing is compared with */
} knn_visit;

typedef struct knn_batch {
    int64_t from, to; /* things */
    int64_t *begin;   /* to - from + 1: visits of each, raters ascending */
    knn_visit *visit;
} knn_batch;

/* knn_batch.c: local. */
typedef struct knn_batches knn_batches;
int knn_batches_create(const knn *k, knn_batches **batches);
void knn_batches_destroy(knn_batches **batches);
/** The next things of the range; none are left where from is to. */
void knn_batches_next(knn_batches *batches, knn_batch *batch);

/** Similarities of one thing. */
typedef struct knn_similar {
    int64_t count;
    const int32_t *thing; /* ascending; NULL: 0, 1, ... */
    const float *similarity;
} knn_similar;

/* knn_compare.c: the room of one thread in which things are compared. */
typedef struct knn_room knn_room;
int knn_room_create(const knn *k, knn_room **room);
void knn_room_destroy(knn_room **room);
/** All similarities of a thing of the batch, or those to things of lower
    number; valid until the next. Its own is 0. Local. */
void knn_compare(const knn *k, const knn_batch *batch, int64_t thing,
                 knn_room *room, knn_similar *similar);

/** Similarities of the things [first, end), as this rank found them. */
typedef struct knn_found {
    int64_t first, count; /* things */
    cor_sparse row;
} knn_found;

/* knn_all.c, knn_nearest.c: compare my range and keep what is positive, or the
   nearest of every thing met. Local. */
int knn_find_all(const knn *k, knn_found *found);
int knn_find_nearest(const knn *k, knn_found *found);

/** Which of equally similar things counts first: rank by thing, and thing by
    rank; without them, the lower number. */
typedef struct knn_order {
    int32_t *rank, *thing;
} knn_order;

/**
 * knn_deliver.c: to the owners of the things; the rows found are used up. Rows
 * of several ranks become one, cut to what is kept. The most similar come
 * first, but for items of which all are kept: these come by number. Collective.
 */
int knn_deliver(const knn *k, const cor_shards *owners, const knn_order *order,
                knn_found *found, cor_sparse *similar);

#endif
