/**
 * What jobs that take records do with a store instead: look at its rows, or
 * make another store of some of them.
 */
#ifndef STORE_ROWS_H
#define STORE_ROWS_H

#include "coracle/command.h"
#include "coracle/row_fields.h"

/** The plan, then `use` of the rows of the command's store. Collective. */
int store_rows_use(cor_command *command,
                   int (*use)(cor_command *command,
                              const cor_interactions *data));

/** The rows that `find` marks (data->rows: 0 or 1) become the command's output;
    `read` and `kept` go into the result. Collective. */
int store_rows_keep(cor_command *command, const cor_interactions *data,
                    int (*find)(cor_command *command,
                                const cor_interactions *data, uint8_t *keep));

#endif
