#include "coracle/failure.h"

#include <stdio.h>

void cor_failure_note(cor_failure *first, int code, int64_t row)
{
#pragma omp critical(cor_failure)
    if (row < first->row) {
        first->code = code;
        first->row = row;
        snprintf(first->message, sizeof first->message, "%s", cor_message());
    }
}

int cor_failure_raise(const cor_failure *first)
{
    if (first->code != COR_OK)
        cor_set_message(first->message);
    return first->code;
}
