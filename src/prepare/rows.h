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

typedef struct cor_rows {
    int threads;
    int64_t users, slots;
    int64_t least;      /* rows that keep a user */
    const int32_t *row; /* slots of the rows, user by user */
    int32_t *own_row;   /* what `row` is once it differs from the data's items;
                           NULL until then */
    int64_t *begin;     /* users + 1: where a user's rows begin */
    uint32_t *length;   /* users: rows listed from there */
    uint32_t *alive;    /* users: of these, whose item is left; it is
                           `length` itself until there are lists */
    int64_t living;     /* users who had not gone at the last pass */
    int32_t *living_user;
    uint8_t *gone;       /* users */
    uint64_t *slot_gone; /* a bit a slot */
    int64_t left, credit;
    uint32_t *tally; /* slots: rows lost since they were last told */
    int64_t tallied; /* slots whose tally is not 0 */
    int32_t *tallied_slot;
    int64_t dying; /* users with too few rows, to go next */
    int32_t *dying_user;
    int64_t *list_begin; /* slots + 1, or NULL: where a slot's users begin */
    int32_t *list_user;
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

/** The dying users go: their rows are added to the tally. */
void cor_rows_drop_users(cor_rows *rows);

/** Slots go: their rows are taken from the users, some of whom are dying then.
    @return COR_OK; COR_EMEMORY */
int cor_rows_drop_slots(cor_rows *rows, const int32_t *slot, int64_t count);

/** The tally was told: it is 0 again. */
void cor_rows_told(cor_rows *rows);

#endif
