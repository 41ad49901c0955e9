/* What the beginning of a file tells: how it is written, where its rows begin,
   and which field is which column. */
#ifndef INGEST_LAYOUT_H
#define INGEST_LAYOUT_H

#include "coracle/cells.h"
#include "coracle/ingest.h"
#include "coracle/source.h"

/* What a field is for. */
enum role { ROLE_USER, ROLE_ITEM, ROLE_VALUE, ROLE_TIME, ROLE_TITLE, ROLES };

enum { NAME_SIZE = 128 };

/* Plain data: rank 0 finds it and shares it. */
typedef struct ingest_layout {
    cor_dialect dialect;
    bool header;
    bool text[2];         /* the first row's user, item is no integer: a hint */
    int64_t begin;        /* offset of the first row */
    int32_t fields;       /* of every row */
    int32_t field[ROLES]; /* from 0; -1: there is no such column */
    char name[ROLES][NAME_SIZE]; /* for messages */
    double row_bytes;            /* mean length of the first rows */
} ingest_layout;

/* Which columns are wanted, as the user wrote it. */
typedef struct ingest_wanted {
    bool given[ROLES]; /* named by the user */
    char name[ROLES][NAME_SIZE];
    bool any;    /* the user named columns at all */
    bool titles; /* item and title, else user, item, value, time */
} ingest_wanted;

/* Parse "user=userId,item=movieId"; NULL gives nothing named. */
int ingest_wanted_parse(const char *text, bool titles, ingest_wanted *wanted);

/* Whether a name given for a column can only be that of a header. */
bool ingest_wanted_by_name(const ingest_wanted *wanted);

/* Find each column's field: by the header's cells where there is one (header
   NULL: none), else by position. */
int ingest_columns_find(const ingest_wanted *wanted, const char *path,
                        const cor_cell *header, int32_t fields,
                        ingest_layout *layout);

/* Whether a header names user and item (or item and title) as is common. */
bool ingest_columns_known(const ingest_wanted *wanted, const cor_cell *header,
                          int32_t fields);

/* Look at the beginning of a file. `first` is the layout of the first file,
   which one without a header takes over; NULL for the first itself. Local. */
int ingest_layout_find(const cor_source *file,
                       const cor_ingest_options *options,
                       const ingest_wanted *wanted, const ingest_layout *first,
                       ingest_layout *layout);

#endif
