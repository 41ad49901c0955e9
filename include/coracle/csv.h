/**
 * CSV: every rank builds the text of its rows, all together write the file.
 */
#ifndef CORACLE_CSV_H
#define CORACLE_CSV_H

#include "coracle/team.h"

/** Text that grows. Starts as {0}; running out of memory is remembered and
    reported by cor_csv_write. The owner calls cor_csv_free. */
typedef struct cor_csv {
    char *bytes;
    int64_t length, capacity;
    bool in_row; /* a field stands before the next one */
    int status;
} cor_csv;

/** Append a field; text is quoted where RFC 4180 asks for it. Local. */
void cor_csv_text(cor_csv *csv, const char *text);
void cor_csv_int(cor_csv *csv, int64_t value);
/** @param[in] digits  significant ones: 9 keep a float, 17 a double */
void cor_csv_real(cor_csv *csv, double value, int digits);
/** End the row. Local. */
void cor_csv_end(cor_csv *csv);
/** Append bytes as they are. Local. */
void cor_csv_bytes(cor_csv *csv, const char *bytes, int64_t length);

void cor_csv_free(cor_csv *csv);

/**
 * Write a file of `sections` sections, each the ranks' texts one after the
 * other, beside the final name and then renamed. Collective.
 * @param[in] csv  sections of them
 * @return COR_OK; COR_EIO; COR_EMEMORY, also where a text could not grow
 */
int cor_csv_write(const cor_team *team, const char *path, bool force,
                  const cor_csv *csv, int sections);

#endif
