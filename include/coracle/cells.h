/**
 * Delimited text: one row taken apart exactly, and where rows may begin when a
 * quoted field may hold newlines. As in RFC 4180 a quote counts at the start of
 * a field only, "" inside is one quote, newlines inside belong to the field.
 */
#ifndef CORACLE_CELLS_H
#define CORACLE_CELLS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/** Room for a separator and its final zero. */
enum { COR_SEPARATOR_SIZE = 8 };

/** How a file is written. Plain data. */
typedef struct cor_dialect {
    char separator[COR_SEPARATOR_SIZE];
    int32_t length; /* of the separator in bytes */
    bool quotes;    /* fields may be quoted; the separator is then one byte */
} cor_dialect;

/** The text of a field, without its outer quotes. */
typedef struct cor_cell {
    char *begin, *end;
    bool doubled;  /* holds "" that stand for one quote each */
    bool trailing; /* text follows the closing quote */
} cor_cell;

typedef struct cor_cells {
    cor_cell *cell;   /* caller's memory */
    int32_t capacity; /* further fields are counted but not kept */
    int32_t count;    /* fields of the row */
    char *next;       /* first byte after the row's newline */
    char *open;       /* where a quote was opened that is not closed */
} cor_cells;

/** Take apart the row at [p, end). False where the row's end lies beyond `end`;
    `open` then says whether inside quotes. */
bool cor_cells_scan(const cor_dialect *dialect, char *p, char *end,
                    cor_cells *row);

/** Write the text of a field as it is meant, in place. */
void cor_cell_unquote(cor_cell *cell);

static inline bool cor_is_separator(const cor_dialect *d, const char *p)
{
    return *p == d->separator[0] &&
           (d->length == 1 || memcmp(p, d->separator, (size_t)d->length) == 0);
}

/** Where the tokeniser of quoted files stands between two bytes. */
enum cor_quote_state {
    COR_AT_FIELD, /* a field begins here */
    COR_IN_FIELD, /* in an unquoted field */
    COR_IN_QUOTES,
    COR_AFTER_QUOTE, /* behind a quote that may close the field or be doubled */
    COR_QUOTE_STATES
};

/** Whether a field may begin behind the byte c, outside of quotes. */
static inline bool cor_ends_field(const cor_dialect *d, char c)
{
    return c == d->separator[0] || c == '\n';
}

/** The state behind one more byte. A newline after which it is COR_AT_FIELD
    ends a row. */
static inline enum cor_quote_state
cor_quote_step(const cor_dialect *d, enum cor_quote_state state, char c)
{
    bool quote = d->quotes && c == '"';
    if (state == COR_IN_QUOTES)
        return quote ? COR_AFTER_QUOTE : COR_IN_QUOTES;
    if (quote && state != COR_IN_FIELD)
        return COR_IN_QUOTES;
    return cor_ends_field(d, c) ? COR_AT_FIELD : COR_IN_FIELD;
}

/**
 * How a run of bytes changes the state: to[s] when it began as s. Whether a
 * newline ends a row depends on all quotes before it; so the runs of bytes
 * before a cut are each summed up as such a map, whoever reads them, and the
 * maps composed. Plain data.
 */
typedef struct cor_quotes {
    uint8_t to[COR_QUOTE_STATES];
} cor_quotes;

/** The map of no bytes. */
extern const cor_quotes cor_quotes_none;

/** Add the bytes [p, end) to a map. Between quotes it follows from one byte, so
    the cost is that of searching for quotes. */
void cor_quotes_pass(const cor_dialect *dialect, const char *p, const char *end,
                     cor_quotes *quotes);

#endif
