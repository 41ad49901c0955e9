/* What is wrong with a row, kept small until it is known which is the first. */
#ifndef INGEST_FAULT_H
#define INGEST_FAULT_H

#include "layout.h"

enum fault_kind {
    FAULT_NONE,
    FAULT_FIELDS,   /* too few or too many */
    FAULT_TRAILING, /* text after a closing quote */
    FAULT_EMPTY,    /* id */
    FAULT_LONG,     /* id, title */
    FAULT_UTF8,     /* id, title */
    FAULT_NUMBER,
    FAULT_FINITE, /* nan, inf, or beyond single precision */
    FAULT_DOUBLE, /* beyond double */
    FAULT_TIME,
    FAULT_PATTERN, /* not a time as the user says that they are written */
    FAULT_JSON,    /* no JSON: `why`, at byte `found` of the record */
    FAULT_MISSING, /* the record has no such field */
    FAULT_SCALAR,  /* the field is neither text nor number */
    FAULT_OPEN,    /* a quote never closed */
    FAULT_ROW_LONG /* no end of the row in sight */
};

/* Plain data: a rank may send it to others. */
typedef struct ingest_fault {
    int32_t kind;
    int32_t file;
    int64_t offset; /* of the row, or of the open quote */
    int32_t field;  /* from 0 */
    int32_t role;
    int64_t found; /* fields, or bytes */
    char text[48]; /* the beginning of the offending text, printable */
    char why[80];
} ingest_fault;

/* Keep the beginning of a text, what can't be printed as \xNN. */
void ingest_fault_quote(ingest_fault *fault, const char *begin,
                        const char *end);

/* The part of the message behind "file:line: ". */
void ingest_fault_describe(const ingest_fault *fault,
                           const ingest_layout *layout, char *out, size_t size);

/* Faults after which it is not known where rows begin: never set aside. */
static inline bool ingest_fault_is_final(const ingest_fault *fault)
{
    return fault->kind == FAULT_OPEN || fault->kind == FAULT_ROW_LONG;
}

/* The message, with the line counted by all ranks. Collective; `fault` equal
   on all ranks. @return COR_EDATA, or what reading the file gave */
int ingest_fault_fail(const cor_team *team, const ingest_fault *fault,
                      const cor_source *file, const ingest_layout *layout,
                      bool titles);

#endif
