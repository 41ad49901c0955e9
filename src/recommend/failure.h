/**
 * Failures of threads: of all rows that failed the lowest counts, with the
 * message that its thread had, so that what is reported does not depend on the
 * threads.
 */
#ifndef RECOMMEND_FAILURE_H
#define RECOMMEND_FAILURE_H

#include "coracle/status.h"

#include <stdint.h>
#include <stdio.h>

typedef struct failure {
    int code;
    int64_t row; /* INT64_MAX: none */
    char message[COR_MESSAGE_SIZE];
} failure;

#define NO_FAILURE ((failure){.code = COR_OK, .row = INT64_MAX})

/** Note that a row failed; cor_message() is the calling thread's. */
static inline void failure_note(failure *first, int code, int64_t row)
{
#pragma omp critical(recommend_failure)
    if (row < first->row) {
        first->code = code;
        first->row = row;
        snprintf(first->message, sizeof first->message, "%s", cor_message());
    }
}

#endif
