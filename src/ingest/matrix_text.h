/* Matrices from delimited text. */
#ifndef INGEST_MATRIX_TEXT_H
#define INGEST_MATRIX_TEXT_H

#include "choice.h"
#include "coracle/ingest_matrix.h"
#include "head.h"
#include "input.h"
#include "piece.h"
#include "target.h"

typedef struct matrix_text {
    ingest_input in;
    ingest_choice choice;
    cor_ids name; /* of the chosen columns; total 0: the input names none */
    ingest_mark *mark; /* of all ranks, in order; rows counted from the first */
    int64_t marks;
    int64_t rows;
} matrix_text;

/* Find how the files are written and what their columns are. Collective.
   Freed also on failure. */
int matrix_text_open(const cor_team *team, const char *const *file, int files,
                     const cor_ingest_matrix_options *options,
                     matrix_text *text);
void matrix_text_close(matrix_text *text);

/* Leave out the blanks around a number. */
static inline void matrix_text_trim(const char **begin, const char **end)
{
    while (*begin < *end && (**begin == ' ' || **begin == '\t'))
        (*begin)++;
    while (*begin < *end && ((*end)[-1] == ' ' || (*end)[-1] == '\t'))
        (*end)--;
}

/* Whether the first line is a header. */
int matrix_text_find_header(const ingest_head *head, const cor_dialect *dialect,
                            bool *header);

/* The names of the chosen columns, of the head's cells, as a whole table. */
int matrix_text_take_names(const ingest_head *head, const ingest_choice *choice,
                           cor_ids *name);

/* Whether a text stands for a number that is not there, or not finite. */
bool matrix_text_is_missing(const char *begin, const char *end);

/* Rows as far as the beginnings of the files tell. */
int64_t matrix_text_estimate(const matrix_text *text);

/* Count the rows and mark where some of them begin: at the speed of memory, a
   pass before the one that reads numbers, so that each rank can read just the
   rows that it will own. Collective. */
int matrix_text_count(const cor_team *team, cor_progress *progress,
                      matrix_text *text);

/* Read my rows. Collective. @return COR_EDATA with the input's first bad row */
int matrix_text_read(const cor_team *team, const matrix_text *text,
                     cor_progress *progress, ingest_target *target);

#endif
