/**
 * Inside a result: a jansson value and the handles given out for its parts.
 */
#ifndef RESULT_NODE_H
#define RESULT_NODE_H

#include "coracle/result.h"

#include <jansson.h>

struct cor_result {
    json_t *value;    /* owned by the root; borrowed by the parts */
    cor_result *root; /* itself, for the root */
    cor_result *next; /* the root chains the handles of all parts */
    bool failed;      /* of the root: memory ran out while building */
};

/** Whether all that was printed on a stream went out; COR_EIO if not. errno was
    0 before the printing. */
int cor_result_flushed(FILE *stream);

#endif
