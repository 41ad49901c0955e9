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
    const cor_ratings *ratings;
    const cor_ratings_side *raters; /* whose rows are added up */
    const float *residual; /* by entry of theirs: beyond the baseline */
    int64_t things;
    bool whole; /* a thing is compared with all others: all are kept; else with
                   those of lower number, and both hear of it */
    const int8_t *compared; /* things: those that are done already, not 0 */
    knn_work *work;         /* things, of all ranks together */
    int64_t first, end;     /* the things that this rank compares */
    int64_t rounds, *cut;   /* rounds + 1: where in it each round begins */
    knn_rows rows;
} knn;

/** What is left to do of a thing: more than 0 unless it is done. */
static inline double knn_work_of(const knn *k, int64_t thing)
{
    return k->compared[thing] ? 0 : (double)k->work[thing].work + 1;
}

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
/** The next things of the round; none are left where from is to. */
void knn_batches_next(knn_batches *batches, int64_t round, knn_batch *batch);

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

/**
 * A way to compare things and hold what is found until it is taken. Local.
 *   open     with nothing found yet
 *   compare  the things of a batch that are not done already
 *   take     all that was found; then only close
 *   close    NULL inside is accepted
 */
typedef struct knn_finder {
    int (*open)(const knn *k, void **state);
    int (*compare)(void *state, const knn_batch *batch);
    int (*take)(void *state, knn_found *found);
    void (*close)(void **state);
} knn_finder;

/* knn_all.c: whatever is positive; knn_nearest.c: the nearest of every thing
   met. */
extern const knn_finder knn_all, knn_nearest;

/** Which of equally similar things counts first: rank by thing, and thing by
    rank; without them, the lower number. */
typedef struct knn_order {
    int32_t *rank, *thing;
} knn_order;

/**
 * knn_deliver.c: to the owners of the things, whose rows `similar` are (empty
 * or with what was found before); the rows found are used up. Rows of several
 * finders become one, cut to what is kept: the most similar, then the lower
 * numbers; where all are kept they stay in order of their numbers. Collective.
 */
int knn_deliver(const knn *k, const cor_shards *owners, knn_found *found,
                cor_sparse *similar);

/** knn_deliver.c: rows in the order in which they count. Local. */
int knn_order_rows(const knn *k, const knn_order *order, int64_t count,
                   cor_sparse *rows);

/** What a checkpoint is made of: all of it is the trainer's but `since`. */
typedef struct knn_course {
    const cor_team *team;
    const cor_knn_options *options;
    cor_progress *progress;
    cor_knn_fit *fit;                          /* epochs and their history */
    const cor_model_side *user, *item, *thing; /* thing is one of the two */
    double *user_bias, *item_bias;             /* my rows */
    int8_t *compared;   /* things: whose pairs are in `similar`, on all ranks */
    cor_sparse similar; /* my things */
    double since;       /* the last checkpoint, or the beginning */
} knn_course;

/* knn_checkpoint.c; collective. */
int knn_course_open(knn_course *c);
void knn_course_close(knn_course *c);
/** Go on from the checkpoint if that is wanted and there is one.
    @param[out] found  whether there was */
int knn_course_resume(knn_course *c, bool *found);
/** Whether it is time to write: once in a while, or fit->stopped. */
bool knn_course_due(knn_course *c);
int knn_course_write(knn_course *c);

/** knn_search.c: all similarities into c->similar, or until a stop. Collective.
 */
int knn_search(knn *k, knn_course *c);

#endif
