/* A window on a file that moves forward row by row. */
#ifndef INGEST_READER_H
#define INGEST_READER_H

#include "coracle/decode.h"

/* Bytes [at, at + filled) of the file stand in `buffer`; rows up to `whole`
   surely have their newline in it. */
typedef struct ingest_reader {
    const cor_source *file;
    int fd;
    cor_decode *stream; /* of a packed file, then there is no fd */
    int64_t size;       /* of the text; INT64_MAX until a stream has ended */
    char *buffer;
    int64_t capacity;
    int64_t at, filled, whole;
    bool ended; /* the file's last byte is in the buffer */
} ingest_reader;

/* Stand at `offset` of the text. The buffer is kept from an earlier file. */
int ingest_reader_open(ingest_reader *reader, const cor_source *file,
                       enum cor_decode_kind kind, int64_t offset);
/* Close the file, keep the buffer. */
void ingest_reader_close(ingest_reader *reader);
void ingest_reader_free(ingest_reader *reader);

/* Drop the bytes before `keep` (of the buffer) and read on: a block while rows
   begin before `wanted`, then only what ends a row. A missing last newline is
   added. */
int ingest_reader_advance(ingest_reader *reader, int64_t keep, int64_t wanted);

#endif
