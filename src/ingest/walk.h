/* Going over the rows of a run of the input, a buffer at a time. */
#ifndef INGEST_WALK_H
#define INGEST_WALK_H

#include "input.h"
#include "reader.h"

typedef struct ingest_walk {
    const ingest_input *in;
    int64_t position, end; /* where the next row begins; where to stop */
    ingest_reader reader;
    int file;
    int64_t stop; /* offset: of the file's end, or of `end` in it */
    char *p;      /* the next row; the caller moves it on, row by row */
    char *limit;  /* rows that begin before it are wanted */
    char *whole;  /* rows up to here surely have their newline */
} ingest_walk;

/* Rows that begin in [position, end); `position` must begin one. */
void ingest_walk_begin(const ingest_input *in, int64_t position, int64_t end,
                       ingest_walk *walk);

/* Read on behind the rows that the caller has passed over. `p` is NULL at the
   end. A row at `p` that `whole` does not hold wants another call; where that
   brings nothing more (the file has ended, or ROW_LIMIT bytes do not hold the
   row) `fault` says so, if it is not NULL, and else the file has changed. */
int ingest_walk_on(ingest_walk *walk, ingest_fault *fault);

void ingest_walk_end(ingest_walk *walk);

#endif
