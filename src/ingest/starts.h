/* Where rows begin when a quoted field may hold newlines. */
#ifndef INGEST_STARTS_H
#define INGEST_STARTS_H

#include "piece.h"

/* How a run of bytes changes the tokeniser's state: to[s] when it began as s.
   Plain data. */
typedef struct quote_map {
    uint8_t to[QUOTE_STATES];
} quote_map;

/* The map of the piece's bytes. A file begins at a field, whatever was before.
 */
int ingest_starts_map(const ingest_input *in, const ingest_piece *piece,
                      quote_map *map);

#endif
