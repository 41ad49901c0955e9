/* Item names from a second file. */
#ifndef INGEST_TITLES_H
#define INGEST_TITLES_H

#include "input.h"

/* Fill data->item_title, whose items are in place, from a file of titles.
   Collective. */
int ingest_titles(const cor_team *team, const ingest_input *in,
                  cor_progress *progress, cor_interactions *data,
                  cor_ingest_report *report);

#endif
