/* Where rows begin when a quoted field may hold newlines. */
#ifndef INGEST_STARTS_H
#define INGEST_STARTS_H

#include "piece.h"

/* The map of the piece's bytes. A file begins at a field, whatever was before.
 */
int ingest_starts_map(const ingest_input *in, const ingest_piece *piece,
                      cor_quotes *map);

#endif
