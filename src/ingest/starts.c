/*
 * Cutting delimited text at any byte. Whether a newline ends a row depends on
 * all quotes before it; a run of bytes is therefore summed up as a map over the
 * four states of the tokeniser, and the maps of the runs before a cut are
 * composed. Between quotes a map follows from one byte, so the run is searched
 * for quotes at the speed of memchr.
 */
#include "starts.h"

#include "coracle/memory.h"

#include <string.h>

enum { BLOCK = 1 << 20, SMALL_BLOCK = 1 << 14 };

static bool ends_field(const ingest_dialect *d, char c)
{
    return c == d->separator[0] || c == '\n';
}

static enum quote_state step(const ingest_dialect *d, enum quote_state state,
                             char c)
{
    bool quote = d->quotes && c == '"';
    if (state == IN_QUOTES)
        return quote ? AFTER_QUOTE : IN_QUOTES;
    if (quote && state != IN_FIELD)
        return IN_QUOTES;
    return ends_field(d, c) ? AT_FIELD : IN_FIELD;
}

/* Bytes without a quote, the last of which is c. */
static void pass_plain(const ingest_dialect *d, char c, quote_map *map)
{
    uint8_t outside = ends_field(d, c) ? AT_FIELD : IN_FIELD;
    for (int s = 0; s < QUOTE_STATES; s++)
        if (map->to[s] != IN_QUOTES)
            map->to[s] = outside;
}

static void pass_block(const ingest_dialect *d, const char *p, const char *end,
                       quote_map *map)
{
    while (p < end) {
        const char *quote = memchr(p, '"', (size_t)(end - p));
        const char *stop = quote ? quote : end;
        if (stop > p)
            pass_plain(d, stop[-1], map);
        if (quote)
            for (int s = 0; s < QUOTE_STATES; s++)
                map->to[s] = (uint8_t)step(d, map->to[s], '"');
        p = stop + 1;
    }
}

static int map_file(const ingest_input *in, int file, int64_t from, int64_t to,
                    char *buffer, quote_map *map)
{
    const ingest_layout *layout = &in->layout[file];
    const ingest_source *source = &in->source[file];
    if (from == layout->begin)
        memset(map->to, AT_FIELD, sizeof map->to);
    if (!layout->dialect.quotes) /* then the state is of no use */
        return COR_OK;
    int fd, rc = COR_OK;
    COR_TRY(ingest_source_open(source, &fd));
    while (rc == COR_OK && from < to) {
        int64_t bytes = to - from < BLOCK ? to - from : BLOCK;
        rc = ingest_source_read(source, fd, from, bytes, buffer);
        if (rc == COR_OK)
            pass_block(&layout->dialect, buffer, buffer + bytes, map);
        from += bytes;
    }
    ingest_source_close(&fd);
    return rc;
}

int ingest_starts_map(const ingest_input *in, const ingest_piece *piece,
                      quote_map *map)
{
    for (int s = 0; s < QUOTE_STATES; s++)
        map->to[s] = (uint8_t)s;
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
   within ROW_LIMIT. The end of the file counts as one. */
static int search(const ingest_input *in, int file, int64_t offset,
                  enum quote_state state, int64_t *found)
{
    const ingest_source *source = &in->source[file];
    const ingest_dialect *d = &in->layout[file].dialect;
    char block[SMALL_BLOCK];
    int64_t stop = offset + ROW_LIMIT, at = offset - 1;
    int fd, rc = COR_OK;
    COR_TRY(ingest_source_open(source, &fd));
    *found = -1;
    while (rc == COR_OK && *found < 0 && at < stop) {
        int64_t left = source->size - at;
        int64_t bytes = left < SMALL_BLOCK ? left : SMALL_BLOCK;
        if (left == 0)
            *found = at;
        rc = ingest_source_read(source, fd, at, bytes, block);
        for (int64_t i = 0; rc == COR_OK && i < bytes && *found < 0; i++) {
            if (at + i == offset - 1 && state == QUOTE_STATES)
                state = ends_field(d, block[0]) ? AT_FIELD : IN_FIELD;
            else if (at + i >= offset)
                state = step(d, state, block[i]);
            if (state == AT_FIELD && block[i] == '\n')
                *found = at + i + 1;
        }
        at += bytes;
    }
    ingest_source_close(&fd);
    return rc;
}

int ingest_piece_find_first(const ingest_input *in, ingest_piece *piece,
                            enum quote_state state)
{
    piece->first = piece->begin;
    if (piece->begin == ingest_input_bytes(in))
        return COR_OK;
    int f = ingest_input_file(in, piece->begin);
    int64_t offset = ingest_input_offset(in, f, piece->begin), found;
    if (offset == in->layout[f].begin)
        return COR_OK;
    if (!in->layout[f].dialect.quotes)
        state = QUOTE_STATES; /* every newline ends a row */
    COR_TRY(search(in, f, offset, state, &found));
    piece->first = found < 0 ? INT64_MAX : ingest_input_position(in, f, found);
    return COR_OK;
}
