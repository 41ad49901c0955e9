/**
 * Files of records while they are read: what is known of them, and what each
 * thread has in hand.
 */
#ifndef COR_READER_H
#define COR_READER_H

#include "coracle/cells.h"
#include "coracle/decode.h"
#include "coracle/json.h"
#include "coracle/records.h"

/** A longer record is taken for a file that is no such text. */
#define RECORD_LIMIT (INT64_C(256) << 20)

typedef struct records_file {
    cor_source source;
    enum cor_decode_kind kind;
    int64_t begin;        /* offset of the first record in the text */
    int64_t first_window; /* of this file, counted over all */
} records_file;

/** What is wrong with a record. Plain data. */
typedef struct records_fault {
    int64_t place; /* of what was read when it was met, in the order of input */
    int64_t offset; /* of the record in the file's text */
    int32_t file;
    bool final;     /* behind it nothing can be read */
    char what[480]; /* empty: nothing is */
} records_fault;

/**
 * What one thread has in hand: a run of whole records in `buffer`. In a file
 * that can be cut it is the records that begin in a window [begin, end) of the
 * text; in one that can't, the next ones.
 */
typedef struct records_slot {
    char *buffer;
    int64_t capacity, filled;
    int64_t at;   /* offset in the file's text of the buffer's first byte */
    int file, fd; /* fd -1: not open */
    bool loaded;  /* there is a window in hand */
    int64_t begin, end;
    int64_t place;              /* of the run among all of the input */
    cor_quotes quotes;          /* of the window, where there may be some */
    enum cor_quote_state state; /* at `begin` */
    char *text, *text_end;      /* the run */
    int64_t records;            /* in it, where they are numbered */
    int64_t number;             /* of its first */
    int64_t read, rejected;     /* so far */
    /* files that can't be cut: mine are those before `file_end` */
    cor_decode *stream;
    int next_file, file_end;
    bool ended; /* the stream */
    /* taking records apart */
    cor_json *json;
    cor_cell *cell; /* columns */
    cor_field *field;
    records_fault fault;
    int rc;
    char message[COR_MESSAGE_SIZE];
} records_slot;

struct cor_records {
    const cor_team *team;
    cor_records_options options;
    records_file *file;
    int files;
    enum cor_records_format format;
    cor_dialect dialect; /* of JSON lines: no quotes, any newline ends one */
    char *header;        /* with its newline */
    int64_t header_bytes;
    char *names; /* of the columns, each with its final zero */
    char **name;
    int32_t columns;
    bool streams; /* some file can't be cut */
    int64_t block, windows;
    records_slot *slot;
    int slots;
    int32_t *column; /* of each path of the reading in hand */
};

/** The slot keeps the message of a failure until all are asked. */
void records_slot_fail(records_slot *slot, int rc);

/** Whether there are quotes whose newlines end no record. */
static inline bool records_have_quotes(const cor_records *r)
{
    return r->dialect.quotes;
}

/** Make room for `bytes` and what must be readable behind them. */
int records_slot_reserve(records_slot *slot, int64_t bytes);

/* ---- where records begin and end: rows.c ---- */

/** Behind the first newline of [p, end) that ends a row, or NULL; the state
    moves on. */
char *records_row_end(const cor_dialect *dialect, enum cor_quote_state *state,
                      char *p, char *end);
/** Behind the last such newline; the text begins with a row. */
char *records_last_end(const cor_dialect *dialect, char *begin, char *end);
/** Whether [p, end), with its newline, holds blanks alone. */
bool records_is_blank(const char *p, const char *end);
/** The records of whole rows. */
int64_t records_count(const cor_dialect *dialect, char *p, char *end);

/* ---- windows of files that can be cut: window.c ---- */

/** Read the bytes of a window (`windows` or more: none); `state` is not set. */
int records_window_load(const cor_records *records, int64_t window,
                        records_slot *slot);
/** Find the records that begin in it and read on to the end of the last. */
int records_window_find(const cor_records *records, records_slot *slot);

/* ---- files that can't be cut: stream.c ---- */

/** Give each slot its files, and begin. Local. */
int records_streams_begin(cor_records *records);
/** The next run of records; text_end == text where there are no more. */
int records_stream_next(const cor_records *records, records_slot *slot);
void records_streams_end(cor_records *records);

/* ---- records one by one: visit.c ---- */

/** Get the slots ready for what a reading wants. Local. */
int records_visit_begin(cor_records *records, const cor_reading *reading);
void records_visit_end(cor_records *records);
/** Visit the records of a slot's run. What fails is left in the slot. */
void records_visit(const cor_records *records, const cor_reading *reading,
                   int slot);

/* ---- bad records: fault.c ---- */

/** Note a fault of the record at `begin`; the place in it is `at`. */
void records_fault_note(records_slot *slot, const char *begin,
                        const char *format, ...) COR_PRINTF(3, 4);
/** The place of my first fault, or INT64_MAX. Local. */
int64_t records_fault_place(const cor_records *records);
/** Fail for the fault at this place, the first of all ranks, with its file and
    line. Collective. */
int records_fault_fail(const cor_records *records, int64_t place);

#endif
