#include "reader.h"

#include "coracle/memory.h"

#include <string.h>

/* A block and the id tables fit in the second-level cache; behind the last row
   only small steps are read, which grow with a long row. */
enum { BLOCK = 1 << 18, STEP = 1 << 14, PADDING = 64 };

int ingest_reader_open(ingest_reader *reader, const cor_source *file,
                       enum cor_decode_kind kind, int64_t offset)
{
    reader->file = file;
    reader->at = offset;
    reader->filled = reader->whole = 0;
    reader->size = kind == COR_DECODE_PLAIN ? file->size : INT64_MAX;
    reader->ended = offset >= reader->size;
    if (kind == COR_DECODE_PLAIN)
        return cor_source_open(file, &reader->fd);
    COR_TRY(cor_decode_open(file, kind, &reader->stream));
    return cor_decode_skip(reader->stream, offset);
}

void ingest_reader_close(ingest_reader *reader)
{
    cor_source_close(&reader->fd);
    cor_decode_close(&reader->stream);
}

void ingest_reader_free(ingest_reader *reader)
{
    ingest_reader_close(reader);
    cor_free(reader->buffer);
}

static int64_t step_of(const ingest_reader *reader, int64_t wanted)
{
    int64_t end = reader->at + reader->filled;
    int64_t step = wanted - end;
    int64_t least = reader->filled > STEP ? reader->filled : STEP;
    if (step > BLOCK)
        step = BLOCK;
    if (step < least)
        step = least;
    int64_t left = reader->size - end;
    return step < left ? step : left;
}

static int reserve(ingest_reader *reader, int64_t bytes)
{
    if (bytes + PADDING <= reader->capacity)
        return COR_OK;
    int64_t capacity = reader->capacity ? reader->capacity : BLOCK + 4 * STEP;
    while (capacity < bytes + PADDING)
        capacity *= 2;
    COR_TRY(cor_reallocate(&reader->buffer, reader->filled, capacity, 1,
                           "read buffer"));
    reader->capacity = capacity;
    return COR_OK;
}

/* Fill `step` bytes behind those that there are; a stream may end before. */
static int fill(ingest_reader *reader, int64_t step)
{
    int64_t end = reader->at + reader->filled, got = step;
    char *to = reader->buffer + reader->filled;
    if (reader->stream)
        COR_TRY(cor_decode_read(reader->stream, to, step, &got));
    else
        COR_TRY(cor_source_read(reader->file, reader->fd, end, step, to));
    if (got < step)
        reader->size = end + got;
    reader->filled += got;
    reader->ended = end + got >= reader->size;
    return COR_OK;
}

int ingest_reader_advance(ingest_reader *reader, int64_t keep, int64_t wanted)
{
    reader->filled -= keep;
    reader->at += keep;
    if (keep > 0)
        memmove(reader->buffer, reader->buffer + keep, (size_t)reader->filled);
    int64_t step = step_of(reader, wanted);
    COR_TRY(reserve(reader, reader->filled + step + 1));
    COR_TRY(fill(reader, step));
    int64_t whole = reader->filled;
    if (reader->ended && whole > 0 && reader->buffer[whole - 1] != '\n')
        reader->buffer[whole++] = '\n'; /* beyond `filled`, so not kept */
    while (whole > 0 && reader->buffer[whole - 1] != '\n')
        whole--;
    reader->whole = whole;
    return COR_OK;
}
