/**
 * Rows of interactions as records with the fields user, item, value, time and
 * the columns that are kept (kept.h), so that what is asked of records can be
 * asked of a store. A value compares as
 * the single-precision number that it is: 4.1 is equal to a stored 4.1.
 */
#ifndef CORACLE_ROW_FIELDS_H
#define CORACLE_ROW_FIELDS_H

#include "coracle/interactions.h"
#include "coracle/tally.h"
#include "coracle/top.h"
#include "coracle/where.h"

typedef struct cor_row_fields cor_row_fields;

/**
 * Prepare the fields at these paths; the data is borrowed and has all its
 * parts. Collective. @return COR_OK; COR_EUSAGE: another name; COR_EMEMORY
 */
int cor_row_fields_create(const cor_team *team, const cor_interactions *data,
                          const cor_path *path, int paths,
                          cor_row_fields **fields);
/** NULL inside is accepted. */
void cor_row_fields_destroy(cor_row_fields **fields);

/** The fields of one of my rows, one a path. Local, for any thread. */
void cor_row_fields_get(const cor_row_fields *fields, int64_t row,
                        cor_field *field);

/** Mark my rows that fit. Collective. @param[out] keep  data->rows: 0 or 1 */
int cor_rows_where(const cor_team *team, const cor_interactions *data,
                   const cor_where *where, uint8_t *keep);

/** Mark each of my rows with probability `fraction`, by the seed and its number
    in the store (keep.h). Local. */
void cor_rows_fraction(const cor_team *team, const cor_interactions *data,
                       double fraction, int64_t seed, uint8_t *keep);

/** Offer all rows: cor_top_by(top) paths decide; the place of a row is its
    number in the store. Collective. @param[out] skipped  rows without a number
    there, of all ranks */
int cor_rows_top(const cor_team *team, const cor_interactions *data,
                 const cor_path *by, cor_top *top, int64_t *skipped);

/** Count the values of all rows at a path. Collective. */
int cor_rows_tally(const cor_team *team, const cor_interactions *data,
                   const cor_path *by, cor_tally *tally);

/** Write the rows that are marked as a store with the whole tables of users and
    items. Collective. */
int cor_rows_write(const cor_team *team, const cor_interactions *data,
                   uint8_t *keep, const char *path,
                   const cor_file_options *options,
                   cor_interactions_summary *summary);

#endif
