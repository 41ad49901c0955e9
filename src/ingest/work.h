/* A piece while it is read: by piece.c, row by row as its format wants. */
#ifndef INGEST_WORK_H
#define INGEST_WORK_H

#include "coracle/json.h"
#include "piece.h"
#include "reader.h"
#include "simple_row.h"

/* Rows whose ids are looked up together. */
enum { WAITING = 256 };

/* What a piece needs while it is read. */
typedef struct ingest_work {
    const ingest_input *in;
    const bool *text; /* SIDES: which are texts */
    ingest_piece *piece;
    ingest_reader reader;
    ingest_reading reading; /* of the current file */
    bool usual;             /* its rows are, unless they are not plain */
    cor_cells cells;
    cor_json *json; /* of JSON lines, with a path for each need */
    cor_path *path;
    int paths;
    cor_csv scratch[ROLES]; /* texts that had backslashes */
    bool close_batch;       /* they are in it */
    int file, kept;
    bool stop;
    cor_progress *progress;
    int pieces;  /* of all ranks */
    int waiting; /* rows whose ids are not looked up yet; texts in buffer */
    int64_t id[2][WAITING];
    const char *begin[SIDES][WAITING];
    size_t length[SIDES][WAITING];
    ingest_text title[WAITING];
} ingest_work;

/* ---- rows that are kept: batch.c ---- */

/* Look up the ids that wait. Together, because their reads of the tables then
   overlap; one by one, between the rows, each would be waited for. */
int ingest_work_look_up(ingest_work *w);

static inline void ingest_work_wait(ingest_work *w, int side, ingest_text text)
{
    w->begin[side][w->waiting] = text.begin;
    w->length[side][w->waiting] = (size_t)(text.end - text.begin);
}

/* Kept columns of a row. */
static inline void ingest_work_keep_columns(ingest_work *w,
                                            const ingest_row *row, int64_t at)
{
    void *const *column = w->piece->rows.column + COLUMN_KEPT;
    for (int k = 0; k < w->kept; k++)
        if (w->text[SIDE_KEPT + k])
            ingest_work_wait(w, SIDE_KEPT + k, row->text[SIDE_KEPT + k]);
        else
            ((double *)column[k])[at] = row->number[k];
}

/* Keep a row in which nothing is wrong. */
static inline int ingest_work_keep(ingest_work *w, const ingest_row *row)
{
    ingest_rows *rows = &w->piece->rows;
    int64_t at = rows->count;
    if (at == rows->capacity && !w->in->titles)
        COR_TRY(ingest_rows_reserve(rows, at + at / 4 + 1024));
    for (int side = w->in->titles; side < 2; side++)
        if (w->text[side])
            ingest_work_wait(w, side, row->text[side]);
        else
            w->id[side][w->waiting] = row->id[side];
    if (w->in->titles)
        w->title[w->waiting] = row->title;
    else
        rows->count++;
    if (rows->width[COLUMN_VALUE])
        ((float *)rows->column[COLUMN_VALUE])[at] = row->value;
    if (rows->width[COLUMN_TIME])
        ((int64_t *)rows->column[COLUMN_TIME])[at] = row->time;
    if (w->kept)
        ingest_work_keep_columns(w, row, at);
    return ++w->waiting == WAITING ? ingest_work_look_up(w) : COR_OK;
}

/* ---- what becomes of rows: piece.c ---- */

/* Keep the row that was read from the `bytes` bytes at p, or set it aside, or
   stop: where it has a fault, or the piece must be read again with texts.
   `wanted` is what the piece wanted before. */
int ingest_work_take(ingest_work *w, const ingest_fault *fault,
                     const bool wanted[SIDES], const char *p, int64_t bytes,
                     const ingest_row *row);
/* A row with a fault is set aside, or stops the piece. */
int ingest_work_refuse(ingest_work *w, const ingest_fault *fault, const char *p,
                       int64_t bytes);

/* ---- other forms: json_rows.c, list_rows.c ---- */

/* Rows of the buffer that begin before `limit`. @param[out] done  the first
   byte behind them */
int ingest_json_read(ingest_work *w, const char *limit, char **done);
int ingest_lists_read(ingest_work *w, const char *limit, char **done);

/* Get ready for the records of a file, whose reading is planned. */
int ingest_json_open(ingest_work *w, const ingest_layout *layout);
void ingest_json_close(ingest_work *w);

/* ---- fields: fields.c ---- */

/* What is wrong with an id or, where it may be empty, another text. */
enum fault_kind ingest_text_check(ingest_text text, bool may_be_empty);

/* Read a wanted field exactly; its text is what it means. Marks the piece where
   it wants to be read with texts. */
enum fault_kind ingest_field_read(ingest_work *w, const ingest_need *need,
                                  ingest_text text, ingest_row *row);

#endif
