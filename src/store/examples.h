/** What writing and reading examples share. */
#ifndef STORE_EXAMPLES_H
#define STORE_EXAMPLES_H

#include "coracle/examples.h"

/** What is wrong with a row. */
typedef struct cor_examples_fault {
    int64_t row;      /* from 0, of the rows checked; INT64_MAX: nothing is */
    const char *what; /* a phrase */
    bool finite;      /* it is about a number that is not */
} cor_examples_fault;

/** Find the first row whose ids don't ascend or are not below `features`, or
    with a number that is not finite. Local. */
cor_examples_fault cor_examples_find_fault(int threads,
                                           const cor_examples_rows *rows,
                                           int64_t features);

/** Room for `count` rows with `nonzeros` features; begin[0] is set. Local. */
int cor_examples_rows_allocate(int64_t count, int64_t nonzeros,
                               cor_examples_rows *rows);

#endif
