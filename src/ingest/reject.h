/* Rows set aside, written as they were read. */
#ifndef INGEST_REJECT_H
#define INGEST_REJECT_H

#include "parse.h"

/* Rows set aside on all ranks. Collective. */
int64_t ingest_rejects_count(const cor_team *team, const ingest_parsed *parsed);

/* Write them to `path` in input order, beside it first. Collective. */
int ingest_rejects_write(const cor_team *team, const char *path, bool force,
                         const ingest_input *in, const ingest_parsed *parsed);

#endif
