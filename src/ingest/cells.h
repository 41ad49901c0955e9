/* One row of delimited text, taken apart exactly. */
#ifndef INGEST_CELLS_H
#define INGEST_CELLS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { SEPARATOR_SIZE = 8 };

/* How a file is written. */
typedef struct ingest_dialect {
    char separator[SEPARATOR_SIZE];
    int32_t length; /* of the separator in bytes */
    bool quotes;    /* fields may be quoted; the separator is then one byte */
} ingest_dialect;

/* The text of a field, without its outer quotes. */
typedef struct ingest_cell {
    char *begin, *end;
    bool doubled;  /* holds "" that stand for one quote each */
    bool trailing; /* text follows the closing quote */
} ingest_cell;

typedef struct ingest_cells {
    ingest_cell *cell; /* caller's memory */
    int32_t capacity;  /* further fields are counted but not kept */
    int32_t count;     /* fields of the row */
    char *next;        /* first byte after the row's newline */
    char *open;        /* where a quote was opened that is not closed */
} ingest_cells;

/* Take apart the row at [p, end). False where the row's end lies beyond `end`;
   `open` then says whether inside quotes. */
bool ingest_cells_scan(const ingest_dialect *dialect, char *p, char *end,
                       ingest_cells *row);

/* Write the text of a field as it is meant, in place. */
void ingest_cell_unquote(ingest_cell *cell);

static inline bool ingest_is_separator(const ingest_dialect *d, const char *p)
{
    return *p == d->separator[0] &&
           (d->length == 1 || memcmp(p, d->separator, (size_t)d->length) == 0);
}

#endif
