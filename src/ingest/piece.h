/* A piece: the rows that begin in one run of the input's bytes, read by one
   thread. */
#ifndef INGEST_PIECE_H
#define INGEST_PIECE_H

#include "id_table.h"
#include "input.h"
#include "rows.h"

/* A longer row of fields is taken for a file that is not delimited text. */
#define ROW_LIMIT (INT64_C(16) << 20)

enum piece_state {
    PIECE_STALE,      /* not read, or read on a wrong assumption */
    PIECE_WHOLE,      /* all rows read */
    PIECE_WANTS_TEXT, /* stopped at an id that is no integer */
    PIECE_FAULT,      /* stopped at a bad row */
    PIECE_FAILED      /* could not be read: rc and message */
};

/* A row that was set aside. */
typedef struct ingest_reject {
    int32_t file;
    int64_t offset, bytes;
} ingest_reject;

/* The place of a row, counted from the piece's first. */
typedef struct ingest_mark {
    int64_t position, row;
} ingest_mark;

typedef struct ingest_piece {
    int64_t begin, end; /* positions */
    int64_t first;      /* where the first row at or after `begin` begins */
    int64_t next;       /* the same for `end`, found by reading up to there */
    enum piece_state state;
    bool wants_text[SIDES]; /* met an id that is no integer, or a kept text that
                               is no number, where they are taken for such */
    bool saw_text[SIDES];   /* the same where they are taken for texts */
    ingest_fault fault;
    ingest_rows rows;
    ingest_id_table table[SIDES]; /* of those that are texts, users, items */
    ingest_reject *rejects;
    int64_t reject_count, reject_capacity;
    char *title; /* of each item of the table, its first one */
    int64_t *title_end;
    int64_t title_capacity, title_end_capacity;
    int64_t counted; /* rows of a piece whose rows are but counted */
    ingest_mark *mark;
    int64_t marks, mark_capacity;
    int rc;
    char message[COR_MESSAGE_SIZE];
} ingest_piece;

/* Give back what was read of it. */
void ingest_piece_clear(ingest_piece *piece);

/* It could not be read: keep the status and this thread's message. */
void ingest_piece_fail(ingest_piece *piece, int rc);

/* Find `first`, given how the tokeniser stands at `begin`; without knowing
   (COR_QUOTE_STATES) it is guessed that `begin` is not inside quotes. A row
   start that is not found within reach leaves `first` beyond the input. */
int ingest_piece_find_first(const ingest_input *in, ingest_piece *piece,
                            enum cor_quote_state state);

/* Read the piece from `first` on. `text` says which ids are texts. Failures
   are left in the piece. `progress` may be NULL; all of the `pieces` are taken
   to be as far as this one. */
void ingest_piece_read(const ingest_input *in, const bool text[SIDES],
                       ingest_piece *piece, cor_progress *progress, int pieces);

#endif
