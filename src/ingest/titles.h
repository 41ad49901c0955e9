/* Item names from a second file. */
#ifndef INGEST_TITLES_H
#define INGEST_TITLES_H

#include "coracle/ingest.h"

/* Fill data->item_title, whose items are in place. Collective. */
int ingest_titles(const cor_team *team, const cor_ingest_options *options,
                  cor_progress *progress, cor_interactions *data,
                  cor_ingest_report *report);

#endif
