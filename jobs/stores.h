/**
 * What several jobs do with stores of interactions.
 */
#ifndef STORES_H
#define STORES_H

#include "coracle/command.h"
#include "coracle/interactions.h"

/** What a store says of itself, without reading its rows. Collective. */
int store_measure(const cor_command *command, const char *path,
                  cor_interactions_summary *summary);

/** Fail now where an output could not be written later. Collective. */
int store_try_output(const cor_command *command, const char *path);

/** Take back outputs that were written before another one failed; paths that
    are not there are passed over. Collective. */
void store_remove_outputs(const cor_command *command, const char *const *path,
                          int paths);

/** `interactions, users, items, density, value{min,max,mean}, time{min,max},
    shards, digest` into the result. */
void store_report(const cor_interactions_summary *summary, cor_result *result);

#endif
