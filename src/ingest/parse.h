/* Parsing the whole input: every rank some pieces, no row lost or read twice.
 */
#ifndef INGEST_PARSE_H
#define INGEST_PARSE_H

#include "coracle/progress.h"
#include "piece.h"

/* What this rank has read, in input order. */
typedef struct ingest_parsed {
    int pieces;
    ingest_piece *piece;
    bool text[2]; /* users, items: some id is no integer */
} ingest_parsed;

/* Read all. Collective. @return COR_OK; COR_EDATA with the input's first bad
   row; COR_EIO; COR_EMEMORY */
int ingest_parse(const cor_team *team, const ingest_input *in,
                 cor_progress *progress, ingest_parsed *parsed);
void ingest_parsed_free(ingest_parsed *parsed);

#endif
