/** What interactions look like in a few numbers, found and kept. */
#ifndef STORE_SUMMARY_H
#define STORE_SUMMARY_H

#include "coracle/interactions.h"

/** Find all of the summary but the digest. Collective, agreed.
    @return COR_OK; COR_ENUMERIC for a value that is not finite */
int cor_summary_find(const cor_team *team, const cor_interactions *data,
                     cor_interactions_summary *summary);

/** Write it as attributes of /interactions. Collective. */
int cor_summary_put(cor_file *file, const cor_interactions_summary *summary);

#endif
