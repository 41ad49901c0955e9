/* Examples of text: one line to one row. Local. */
#ifndef INGEST_EXAMPLES_TEXT_H
#define INGEST_EXAMPLES_TEXT_H

#include "coracle/cells.h"
#include "examples_rows.h"

/* Add the example of a line of LIBSVM's text; a line without one adds none.
   @return COR_OK; COR_EDATA: what and in which column, without file and line;
   COR_EMEMORY */
int example_parse_libsvm(const char *begin, const char *end,
                         example_rows *rows);

/* How CSV is to be read. */
typedef struct example_table {
    cor_dialect dialect;
    int32_t fields; /* of a row */
    int32_t label;  /* from 0 */
} example_table;

/* Add the example of a row of CSV. @param[in] cell  room for its fields
   @return as above */
int example_parse_row(const example_table *table, char *begin, char *end,
                      cor_cell *cell, example_rows *rows);

#endif
