/**
 * The rows of a rank's users while they are peeled: each user's items, as
 * slots. A row ends when its user is dropped (the row's item then has one
 * less), or when its item is (its user then has one less).
 *
 * To find the rows of a dropped item there are two ways: to pass over all rows
 * that are left, which is quick but touches them all, or to look into lists of
 * each item's users, which must be made first. Passes are paid from a credit
 * that is a constant times the rows at the start and grows by a constant for
 * each row that ends; when it is used up, lists are made of what is left. So a
 * row is touched a constant number of times over the whole run.
 */
#ifndef COR_ROWS_H
#define COR_ROWS_H

#include "coracle/interactions.h"
#include "touched.h"

#include <stdbool.h>

/** A user who has not gone, or -1 since the last pass. */
typedef struct cor_living {
    uint32_t begin;  /* its rows in `row` */
    uint32_t length; /* listed from there */
    uint32_t alive;  /* of these, whose item is left: all, until there are
                        lists */
    int32_t user;    /* counted from my first */
} cor_living;

typedef struct cor_rows {
    int threads;
    int64_t slots;
    int64_t least;      /* rows that keep a user */
    const int32_t *row; /* slots of the rows, user by user */
    int32_t *own_row;   /* what `row` is once it differs from the data's items;
                           NULL until then */
    int64_t living;     /* users as of the last pass */
    cor_living *user;   /* living, ascending */
    uint8_t *gone;      /* by user */
    int64_t dying;      /* users with too few rows, to go next */
    int32_t *dying_at;  /* their places in `user` */
    int64_t left;       /* rows of all users */
    int64_t credit;
    uint64_t *slot_gone; /* a bit a slot */
    uint32_t *tally;     /* slots: rows lost since they were last told */
    int64_t tallied;     /* slots whose tally is not 0 */
    int32_t *tallied_slot;
    int64_t *list_begin; /* slots + 1: where a slot's list begins, or NULL */
    int32_t *list_at;    /* places in `user` */
} cor_rows;

/**
 * Take the rows of my users, which are [first_user, first_user + users).
 * Afterwards every row is in the tally, as a first count, and the users with
 * too few are dying. Local. Give it to cor_rows_free, also after a failure.
 */
int cor_rows_create(const cor_interactions *data, const cor_touched *touched,
                    int64_t first_user, int64_t users, int64_t least,
                    bool distinct, int threads, cor_rows *rows);
void cor_rows_free(cor_rows *rows);

/** The dying users go: their rows are added to the tally.
    @return COR_OK; COR_EMEMORY */
int cor_rows_drop_users(cor_rows *rows);

/** Slots go: their rows are taken from the users, some of whom are dying then.
    @return COR_OK; COR_EMEMORY */
int cor_rows_drop_slots(cor_rows *rows, const int32_t *slot, int64_t count);

/** The tally was told: it is 0 again. */
void cor_rows_told(cor_rows *rows);

#endif
