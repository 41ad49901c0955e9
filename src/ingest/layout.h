/* What the beginning of a file tells: how it is written, where its rows begin,
   and which field is which column. */
#ifndef INGEST_LAYOUT_H
#define INGEST_LAYOUT_H

#include "coracle/cells.h"
#include "coracle/ingest.h"
#include "coracle/source.h"

/* What a field is for; from ROLE_KEPT on it is kept, one role a column. */
enum role {
    ROLE_USER,
    ROLE_ITEM,
    ROLE_VALUE,
    ROLE_TIME,
    ROLE_TITLE,
    ROLE_KEPT,
    ROLES = ROLE_KEPT + COR_KEPT_LIMIT
};

/* Texts that become numbers, side by side: users, items, and kept categories.
 */
enum { SIDE_KEPT = 2, SIDES = SIDE_KEPT + COR_KEPT_LIMIT };

enum { NAME_SIZE = 128 };

/* How rows are written. */
enum form {
    FORM_ROWS, /* fields with separators between them */
    FORM_JSON, /* a JSON object a line; columns are paths */
    FORM_LISTS /* a user and its items a line */
};

/* What a kept column holds. */
enum kept_kind {
    KEPT_GUESS, /* numbers, unless there is another text in it */
    KEPT_NUMBER,
    KEPT_CATEGORY
};

/* Plain data: rank 0 finds it and shares it. */
typedef struct ingest_layout {
    int32_t form;
    int32_t packed; /* enum cor_decode_kind; offsets are those of the text */
    cor_dialect dialect;
    bool header;
    bool text[SIDES]; /* the first row's user, item is no integer, a kept text
                         no number: a hint */
    int64_t begin;    /* offset of the first row */
    int32_t fields;   /* of every row */
    int32_t field[ROLES];        /* from 0; -1: there is no such column */
    char name[ROLES][NAME_SIZE]; /* for messages */
    int32_t kind[COR_KEPT_LIMIT];
    double row_bytes; /* mean length of the first rows, as they are packed */
} ingest_layout;

/* A longer row is taken for a file of another kind. */
static inline int64_t ingest_row_limit(const ingest_layout *layout)
{
    return (int64_t)(layout->form == FORM_ROWS ? 16 : 256) << 20;
}

/* Which columns are wanted, as the user wrote it. */
typedef struct ingest_wanted {
    bool given[ROLES]; /* named by the user */
    char name[ROLES][NAME_SIZE];
    bool any;    /* the user named columns at all */
    bool titles; /* item and title, else user, item, value, time */
    int32_t kept;
    char kept_name[COR_KEPT_LIMIT][COR_KEPT_NAME]; /* in the store */
    int32_t kind[COR_KEPT_LIMIT];
} ingest_wanted;

/* Parse "user=userId,item=movieId"; NULL gives nothing named. */
int ingest_wanted_parse(const char *text, bool titles, ingest_wanted *wanted);

/* Parse "price,kind:token=type", further columns to keep: a name, what it holds
   where that is said, and its column where that has another name. */
int ingest_wanted_parse_kept(const char *text, ingest_wanted *wanted);

/* Whether a name given for a column can only be that of a header. */
bool ingest_wanted_by_name(const ingest_wanted *wanted);

/* Find each column's field: by the header's cells where there is one (header
   NULL: none), else by position. */
int ingest_columns_find(const ingest_wanted *wanted, const char *path,
                        const cor_cell *header, int32_t fields,
                        ingest_layout *layout);

/* Whether a kept text is a number, or missing: empty. One beyond double is a
   number too. */
bool ingest_text_is_number(const char *begin, const char *end);

/* The first of the fields that is commonly so named; -1: there is none. */
int32_t ingest_columns_common(const ingest_wanted *wanted, int role,
                              const cor_cell *header, int32_t fields);

/* Whether there can be no rows without a column of this role. */
bool ingest_column_must_be(const ingest_wanted *wanted, int role);
/* Whether rows may have such a column at all. */
bool ingest_column_may_be(const ingest_wanted *wanted, int role);
/* What the user calls it, and the option that names it. */
const char *ingest_column_word(const ingest_wanted *wanted, int role);
const char *ingest_column_option(const ingest_wanted *wanted, int role);

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
