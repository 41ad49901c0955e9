/*
 * Cutting delimited text at any byte. Whether a newline ends a row depends on
 * all quotes before it, so the maps of the runs of bytes before a cut are
 * composed (cells.h).
 */
#include "starts.h"

#include "coracle/memory.h"

#include <string.h>

enum { BLOCK = 1 << 20, SMALL_BLOCK = 1 << 14 };

static int map_file(const ingest_input *in, int file, int64_t from, int64_t to,
                    char *buffer, cor_quotes *map)
{
    const ingest_layout *layout = &in->layout[file];
    const cor_source *source = &in->source[file];
    if (from == layout->begin)
        memset(map->to, COR_AT_FIELD, sizeof map->to);
    if (!layout->dialect.quotes) /* then the state is of no use */
        return COR_OK;
    int fd, rc = COR_OK;
    COR_TRY(cor_source_open(source, &fd));
    while (rc == COR_OK && from < to) {
        int64_t bytes = to - from < BLOCK ? to - from : BLOCK;
        rc = cor_source_read(source, fd, from, bytes, buffer);
        if (rc == COR_OK)
            cor_quotes_pass(&layout->dialect, buffer, buffer + bytes, map);
        from += bytes;
    }
    cor_source_close(&fd);
    return rc;
}

int ingest_starts_map(const ingest_input *in, const ingest_piece *piece,
                      cor_quotes *map)
{
    *map = cor_quotes_none;
    char *buffer;
    int rc = COR_OK;
    COR_TRY(cor_allocate(&buffer, BLOCK, 1, "read buffer"));
    for (int64_t at = piece->begin; rc == COR_OK && at < piece->end;) {
        int f = ingest_input_file(in, at);
        int64_t stop =
            in->base[f + 1] < piece->end ? in->base[f + 1] : piece->end;
        rc = map_file(in, f, ingest_input_offset(in, f, at),
                      ingest_input_offset(in, f, stop), buffer, map);
        at = stop;
    }
    cor_free(buffer);
    return rc;
}

/* The first row start after `offset`, which is not one; -1 where there is none
   within the longest row. The end of the file counts as one. */
static int search(const ingest_input *in, int file, int64_t offset,
                  enum cor_quote_state state, int64_t *found)
{
    const cor_source *source = &in->source[file];
    const cor_dialect *d = &in->layout[file].dialect;
    char block[SMALL_BLOCK];
    int64_t stop = offset + ingest_row_limit(&in->layout[file]),
            at = offset - 1;
    int fd, rc = COR_OK;
    COR_TRY(cor_source_open(source, &fd));
    *found = -1;
    while (rc == COR_OK && *found < 0 && at < stop) {
        int64_t left = source->size - at;
        int64_t bytes = left < SMALL_BLOCK ? left : SMALL_BLOCK;
        if (left == 0)
            *found = at;
        rc = cor_source_read(source, fd, at, bytes, block);
        for (int64_t i = 0; rc == COR_OK && i < bytes && *found < 0; i++) {
            if (at + i == offset - 1 && state == COR_QUOTE_STATES)
                state =
                    cor_ends_field(d, block[0]) ? COR_AT_FIELD : COR_IN_FIELD;
            else if (at + i >= offset)
                state = cor_quote_step(d, state, block[i]);
            if (state == COR_AT_FIELD && block[i] == '\n')
                *found = at + i + 1;
        }
        at += bytes;
    }
    cor_source_close(&fd);
    return rc;
}

int ingest_piece_find_first(const ingest_input *in, ingest_piece *piece,
                            enum cor_quote_state state)
{
    piece->first = piece->begin;
    if (piece->begin == ingest_input_bytes(in))
        return COR_OK;
    int f = ingest_input_file(in, piece->begin);
    int64_t offset = ingest_input_offset(in, f, piece->begin), found;
    if (offset == in->layout[f].begin)
        return COR_OK;
    if (!in->layout[f].dialect.quotes)
        state = COR_QUOTE_STATES; /* every newline ends a row */
    COR_TRY(search(in, f, offset, state, &found));
    piece->first = found < 0 ? INT64_MAX : ingest_input_position(in, f, found);
    return COR_OK;
}
