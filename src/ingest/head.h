/* The beginning of a delimited file: is it text, how are fields separated, what
   is its first row. Local. */
#ifndef INGEST_HEAD_H
#define INGEST_HEAD_H

#include "coracle/cells.h"
#include "coracle/decode.h"
#include "coracle/ingest.h"

/* The first five are the caller's, the others filled in by reading. */
typedef struct ingest_head {
    const cor_source *file;
    const char *rows;     /* what the rows are, for messages */
    int64_t bytes_limit;  /* a longer first line is refused */
    int32_t fields_limit; /* room in `cell` */
    bool any_form;        /* may be packed, and no delimited text */
    enum cor_decode_kind packed;
    int64_t size;    /* of the text; INT64_MAX where that is not known */
    double unpacked; /* bytes of text that a byte of the file holds */
    char *buffer;
    char *begin; /* first byte that is not a byte order mark or blank line */
    char *end;   /* after the last whole line */
    cor_cell *cell;
} ingest_head;

/* Read at least the first line. To be freed also on failure. */
int ingest_head_read(ingest_head *head);
void ingest_head_free(ingest_head *head);

/* The format asked for; of AUTO by the file's ending, else its first line. */
enum cor_ingest_format ingest_head_format(const ingest_head *head,
                                          enum cor_ingest_format asked);

/* How the fields are separated: by `separator`, or NULL: by the format and what
   the first line shows. */
int ingest_head_dialect(const ingest_head *head, enum cor_ingest_format format,
                        const char *separator, cor_dialect *dialect);

/* Take apart the row at p into the head's cells; `next` is the first byte after
   it. */
int ingest_head_row(const ingest_head *head, const cor_dialect *dialect,
                    char *p, cor_cells *row);

/* Mean length of the rows from offset `begin` on, as far as they were read. */
double ingest_head_row_bytes(const ingest_head *head, int64_t begin);

#endif
