/** Kept columns as parts of a store. */
#ifndef STORE_KEPT_H
#define STORE_KEPT_H

#include "coracle/interactions.h"

/** Write columns and names, and list them. Collective. */
int cor_kept_write(const cor_team *team, cor_file *file,
                   const cor_interactions *data);
/** Read my rows and my part of the names; the shards are in place.
    Collective. */
int cor_kept_read(const cor_team *team, const cor_file *file,
                  cor_interactions *data);

/** Datasets of a store, for its digest. */
enum { COR_DATASETS = 8 + 2 * COR_KEPT_LIMIT };
typedef struct cor_dataset_names {
    int count;
    const char *name[COR_DATASETS];
    char path[2 * COR_KEPT_LIMIT][COR_KEPT_PATH]; /* of kept columns */
} cor_dataset_names;

/** Add those of kept columns. */
void cor_kept_add_names(const cor_kept_columns *kept, cor_dataset_names *names);

#endif
