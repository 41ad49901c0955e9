/* Kept columns of interactions while they are exported. */
#ifndef EXPORT_KEPT_H
#define EXPORT_KEPT_H

#include "coracle/csv.h"
#include "coracle/export.h"
#include "coracle/kept.h"
#include "coracle/recommend.h"
#include "coracle/table.h"
#include "steps.h"

typedef struct export_kept_column {
    cor_kept_kind kind;
    cor_table *table;
    cor_ids names;   /* my even part of all */
    int32_t *code;   /* of a block's rows; then rows of `text` */
    double *number;  /* or numbers */
    cor_names *text; /* of a block */
} export_kept_column;

typedef struct export_kept {
    int32_t count;
    export_kept_column column[COR_KEPT_LIMIT];
} export_kept;

/* Open all kept columns, with room for blocks of `block` rows; to be closed
   also on failure. Collective. */
int export_kept_open(const cor_team *team, const char *store,
                     const cor_file *file, int64_t block, export_kept *kept);
void export_kept_close(export_kept *kept);

/* Read my rows of a block. Local. */
int export_kept_read(const export_kept *kept, const char *store,
                     export_block mine);
/* Fetch the names of its categories. Collective. */
int export_kept_fetch(const cor_team *team, export_kept *kept,
                      export_block mine);
void export_kept_forget(export_kept *kept);

/* Append what a row of the block keeps, each behind a separator. */
int export_kept_put(const export_kept *kept, const cor_export_job *job,
                    int64_t row, cor_csv *out);
/* The same of the header. */
int export_kept_header(const export_kept *kept, const cor_export_job *job,
                       cor_csv *out);

/* Append a text as a field of .inter, which knows no quotes. */
int export_put_plain(const cor_export_job *job, const char *what,
                     const char *text, cor_csv *out);

#endif
