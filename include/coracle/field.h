/**
 * Fields: what a record holds at a path, as it stands in the text. Nothing is
 * copied or converted until somebody asks. All of it is local.
 */
#ifndef CORACLE_FIELD_H
#define CORACLE_FIELD_H

#include "coracle/csv.h"

enum cor_field_kind {
    COR_FIELD_MISSING, /* the record has no such field */
    COR_FIELD_NULL,
    COR_FIELD_FALSE,
    COR_FIELD_TRUE,
    COR_FIELD_NUMBER,
    COR_FIELD_TEXT,
    COR_FIELD_ARRAY,
    COR_FIELD_OBJECT
};

/** How a text is written. */
enum cor_field_form {
    COR_FORM_PLAIN,  /* bytes that mean themselves */
    COR_FORM_JSON,   /* with backslashes */
    COR_FORM_QUOTES, /* "" is one quote */
    COR_FORM_NATIVE  /* a number that was never a text: `number` has it */
};

/**
 * A number. Whole ones of 64 bits are kept exactly; beyond double it is an
 * infinity of its sign.
 */
typedef struct cor_number {
    bool whole;      /* `integer` is exact */
    bool single;     /* `real` was stored in single precision: others are
                        rounded alike before they are compared with it */
    int64_t integer; /* 0 unless whole */
    double real;     /* nearest */
} cor_number;

/** Plain data; borrows the record's bytes. */
typedef struct cor_field {
    enum cor_field_kind kind;
    enum cor_field_form form;
    const char *begin, *end; /* a text without its quotes, else as written */
    cor_number number;       /* form COR_FORM_NATIVE */
} cor_field;

/** The number of a number, or of a text that is one as a whole; false for any
    other field. */
bool cor_field_number(const cor_field *field, cor_number *number);

/** Less than, equal to or greater than 0 as a is to b. */
int cor_number_compare(cor_number a, cor_number b);

/**
 * The bytes that a text means. @param scratch  holds them where they are not
 * those of the record; emptied first, the caller's to cor_csv_free
 * @return COR_OK; COR_EMEMORY
 */
int cor_field_text(const cor_field *field, cor_csv *scratch, const char **begin,
                   const char **end);

/** The next element of a JSON array; `at` is NULL before the first. False after
    the last. */
bool cor_field_element(const cor_field *array, const char **at,
                       cor_field *element);

#endif
