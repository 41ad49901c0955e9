/**
 * Failures of threads: of all that failed the lowest number counts, with the
 * message that its thread had, so that what is reported does not depend on the
 * threads.
 */
#ifndef CORACLE_FAILURE_H
#define CORACLE_FAILURE_H

#include "coracle/status.h"

#include <stdint.h>

typedef struct cor_failure {
    int code;
    int64_t row; /* INT64_MAX: none */
    char message[COR_MESSAGE_SIZE];
} cor_failure;

#define COR_NO_FAILURE ((cor_failure){.code = COR_OK, .row = INT64_MAX})

/** Note that a row (or whatever threads take) failed; cor_message() is the
    calling thread's. */
void cor_failure_note(cor_failure *first, int code, int64_t row);

/** After the threads: the first failure as this thread's own. */
int cor_failure_raise(const cor_failure *first);

#endif
