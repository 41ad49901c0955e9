/**
 * Where a run has been: gcc calls a function at every edge of the program,
 * which counts it in a table, by the place and the one before.
 */
#ifndef FUZZ_TRACE_H
#define FUZZ_TRACE_H

#include <stdint.h>

enum { EDGES = 1 << 16 };

/** How often each edge was passed, up to 255. */
extern uint8_t fuzz_edge[EDGES];

#endif
