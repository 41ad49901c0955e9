/* What the beginning of a file tells that is no delimited text. Local. */
#ifndef INGEST_FORMS_H
#define INGEST_FORMS_H

#include "head.h"
#include "layout.h"

/* JSON lines: what is not named is looked for by common names in the first
   record, or is as in the first file. */
int ingest_json_layout(const ingest_head *head, const ingest_wanted *wanted,
                       const ingest_layout *first, ingest_layout *layout);

/* A user and its items a line. */
int ingest_lists_layout(const ingest_head *head,
                        const cor_ingest_options *options,
                        const ingest_wanted *wanted, ingest_layout *layout);

#endif
