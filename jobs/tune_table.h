/**
 * The table of a search: into the result, and as CSV.
 */
#ifndef TUNE_TABLE_H
#define TUNE_TABLE_H

#include "coracle/command.h"
#include "coracle/search.h"

/** Put `table` and `best` into the result, and write the table to -o.
    Collective. */
int tune_table_report(const cor_command *command, const cor_search *search,
                      const cor_trial *trial, int64_t trials);

/** Join the tables that are the inputs: the same columns, each point once, in
    the order of points. Collective. @return COR_EDATA: other tables */
int tune_table_merge(const cor_command *command, const char *metric);

#endif
