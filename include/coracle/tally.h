/**
 * How many a value: values are counted where they are read and then by the rank
 * that their hash names.
 *
 * Two numbers are one value where they are equal, 5 and 5.0; a number and the
 * text of its digits are two. An array or an object is the value of its text.
 */
#ifndef CORACLE_TALLY_H
#define CORACLE_TALLY_H

#include "coracle/records.h"

typedef struct cor_tally cor_tally;

/** @param[in] slots  threads that add at once. Local. */
int cor_tally_create(const cor_team *team, int slots, cor_tally **tally);
/** NULL inside is accepted. */
void cor_tally_destroy(cor_tally **tally);

/** Count a value; a missing one is counted as that. Local, a slot to one
    thread. @return COR_OK; COR_EMEMORY */
int cor_tally_add(cor_tally *tally, int slot, const cor_field *value);

/** Send what was counted on to its rank, if some rank holds much. To be called
    now and then. Collective. */
int cor_tally_flush(cor_tally *tally);

/** A value and how many have it. */
typedef struct cor_tally_value {
    enum cor_field_kind kind;
    cor_number number; /* COR_FIELD_NUMBER */
    const char *text;  /* a text, an array, an object: `length` bytes and a
                          zero; borrowed from the tally */
    size_t length;
    int64_t count;
} cor_tally_value;

/**
 * The `most` values with the most (0: all), most first; where these are equal
 * null, false, true, numbers, texts, arrays and objects, in their order. On
 * rank 0; others get none. Collective, once.
 * @param[out] value     borrowed from the tally
 * @param[out] distinct  how many values there are in all, on every rank
 */
int cor_tally_finish(cor_tally *tally, int64_t most,
                     const cor_tally_value **value, int64_t *values,
                     int64_t *distinct);

/** How many were missing, of all ranks. Collective. */
int64_t cor_tally_missing(const cor_tally *tally);

/** Count the values of all records at a path. Collective. */
int cor_tally_records(cor_records *records, const cor_path *by,
                      cor_tally *tally, cor_progress *progress,
                      cor_records_count *count);

#endif
