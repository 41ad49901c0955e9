/* Which columns of a table are wanted, and where they go. */
#ifndef INGEST_CHOICE_H
#define INGEST_CHOICE_H

#include "coracle/cells.h"
#include "coracle/team.h"

typedef struct ingest_choice {
    int64_t fields;  /* of the table */
    int64_t columns; /* of them chosen */
    bool all;        /* each, in the order of the table */
    int64_t *field;  /* columns: the field of each, from 0 */
    int64_t *column; /* fields: the column that it becomes, or -1 */
} ingest_choice;

/* Choose by "width,height,7,9-12": names of the header (NULL: there is none),
   positions, runs of positions; NULL: all. Local. Freed also on failure. */
int ingest_choice_make(const char *text, const char *path,
                       const cor_cell *header, int64_t fields,
                       ingest_choice *choice);
/* The choice of rank 0 becomes that of all. Collective. */
int ingest_choice_share(const cor_team *team, ingest_choice *choice);
void ingest_choice_free(ingest_choice *choice);

#endif
