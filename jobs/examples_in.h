/**
 * Examples as jobs take them in and show them.
 */
#ifndef EXAMPLES_IN_H
#define EXAMPLES_IN_H

#include "coracle/command.h"
#include "coracle/ingest_examples.h"

/** The inputs of the command become a store of examples, its output, or are
    planned. Collective. */
int examples_in_ingest(const cor_command *command,
                       const cor_ingest_examples_options *options,
                       bool compress);

/** `rows, features, nonzeros, labels{min,max,mean}, shards, digest` into the
    result. */
void examples_in_report(const cor_examples_summary *summary,
                        cor_result *result);

/** What a store of examples holds. Collective. */
int examples_in_show(const cor_command *command, const cor_file *file);

#endif
