/* Rows set aside, written as they were read. */
#ifndef INGEST_REJECT_H
#define INGEST_REJECT_H

#include "parse.h"

/* Rows set aside on all ranks. Collective. */
int64_t ingest_rejects_count(const cor_team *team, const ingest_parsed *parsed);

/* Fail now where `path` could not be written later. Collective. */
int ingest_rejects_check(const cor_team *team, const char *path, bool force);

/* Write them to `path` in input order, beside it first; replaces
   a file. Collective. */
int ingest_rejects_write(const cor_team *team, const char *path,
                         const ingest_input *in, const ingest_parsed *parsed);

/* Take the file back: what came after it failed. Collective. */
void ingest_rejects_remove(const cor_team *team, const char *path);

#endif
