/**
 * A file as a stream of text, whatever it is packed with.
 */
#ifndef CORACLE_DECODE_H
#define CORACLE_DECODE_H

#include "coracle/source.h"

enum cor_decode_kind { COR_DECODE_PLAIN, COR_DECODE_GZIP, COR_DECODE_ZSTD };

typedef struct cor_decode cor_decode;

/** How a file that begins with these bytes is packed. */
enum cor_decode_kind cor_decode_kind_of(const char *bytes, int64_t length);

/** Stand at the beginning. Local. @return COR_OK; COR_EIO; COR_EMEMORY */
int cor_decode_open(const cor_source *file, enum cor_decode_kind kind,
                    cor_decode **stream);
/** NULL inside is accepted. */
void cor_decode_close(cor_decode **stream);

/**
 * Read up to `room` bytes of text, fewer only at the end.
 * @return COR_OK; COR_EIO; COR_EDATA: the file is damaged or cut short
 */
int cor_decode_read(cor_decode *stream, char *buffer, int64_t room,
                    int64_t *got);

/** Stand `bytes` further on, by reading. @return as cor_decode_read; COR_EDATA
    too where the text ends before */
int cor_decode_skip(cor_decode *stream, int64_t bytes);

/** The number, from 1, of the line that holds byte `offset` of the text, which
    is unpacked once more up to there. Local. */
int cor_decode_line(const cor_source *file, enum cor_decode_kind kind,
                    int64_t offset, int64_t *line);

/** Bytes of the file that have been read. */
int64_t cor_decode_consumed(const cor_decode *stream);

#endif
