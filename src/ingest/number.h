/* Slots of pieces become dense numbers; blocks of rows become columns. */
#ifndef INGEST_NUMBER_H
#define INGEST_NUMBER_H

#include "coracle/interactions.h"
#include "parse.h"

/* Number users, items and categories over all ranks and fill in data's columns
   (of `pairs` user and item alone) and id tables, as cor_interactions_arrange
   wants them. The pieces' rows and tables are used up. Collective. */
int ingest_number(const cor_team *team, const cor_ingest_options *options,
                  const ingest_wanted *wanted, ingest_parsed *parsed,
                  cor_interactions *data);

#endif
