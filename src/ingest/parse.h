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
    bool text[SIDES]; /* some id is no integer, a kept text no number */
} ingest_parsed;

/* How a piece is read: as ingest_piece_read does, with results kept in it. */
typedef void ingest_read_piece(const ingest_input *in, const bool text[SIDES],
                               ingest_piece *piece, cor_progress *progress,
                               int pieces);

/* Cut the input into pieces and read each by `read`, again where it was begun
   on a wrong guess. `stage` is for the progress. Collective. Returns as
   ingest_parse. */
int ingest_parse_by(const cor_team *team, const ingest_input *in,
                    ingest_read_piece *read, const char *stage,
                    cor_progress *progress, ingest_parsed *parsed);

/* Read all by ingest_piece_read. Collective. @return COR_OK; COR_EDATA with the
   input's first bad row; COR_EIO; COR_EMEMORY */
int ingest_parse(const cor_team *team, const ingest_input *in,
                 cor_progress *progress, ingest_parsed *parsed);
void ingest_parsed_free(ingest_parsed *parsed);

#endif
