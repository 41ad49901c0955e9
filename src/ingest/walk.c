#include "walk.h"

#include "piece.h"

void ingest_walk_begin(const ingest_input *in, int64_t position, int64_t end,
                       ingest_walk *walk)
{
    *walk = (ingest_walk){
        .in = in, .position = position, .end = end, .reader.fd = -1};
}

void ingest_walk_end(ingest_walk *walk)
{
    ingest_reader_free(&walk->reader);
}

static int open_file(ingest_walk *walk)
{
    const ingest_input *in = walk->in;
    walk->file = ingest_input_file(in, walk->position);
    int64_t stop = in->base[walk->file + 1];
    if (walk->end < stop)
        stop = walk->end;
    walk->stop = ingest_input_offset(in, walk->file, stop);
    return ingest_reader_open(
        &walk->reader, &in->source[walk->file], COR_DECODE_PLAIN,
        ingest_input_offset(in, walk->file, walk->position));
}

/* Where the caller has come to; a newline that was only thought of at the
   file's end does not count. */
static int64_t offset_of(const ingest_walk *walk)
{
    const ingest_reader *reader = &walk->reader;
    int64_t offset = reader->at + (walk->p ? walk->p - reader->buffer : 0);
    return offset < reader->file->size ? offset : reader->file->size;
}

/* The row at p has no end in the buffer, and there is no more to read, or it
   must be of another kind. */
static int unfinished(const ingest_walk *walk, ingest_fault *fault)
{
    const ingest_reader *reader = &walk->reader;
    int64_t bytes = reader->filled - (walk->p - reader->buffer);
    if (bytes <= ROW_LIMIT && !reader->ended)
        return COR_OK;
    if (!fault)
        return cor_fail(COR_EIO,
                        "%s changed while it was read; run again when it is "
                        "complete",
                        reader->file->path);
    *fault = (ingest_fault){.kind = FAULT_ROW_LONG,
                            .file = walk->file,
                            .offset = offset_of(walk),
                            .found = ROW_LIMIT};
    cor_cells row = {0};
    const cor_dialect *dialect = &walk->in->layout[walk->file].dialect;
    if (bytes > ROW_LIMIT ||
        cor_cells_scan(dialect, walk->p, walk->whole, &row))
        return COR_OK;
    fault->kind = FAULT_OPEN;
    fault->field = row.count;
    fault->offset += row.open ? row.open - walk->p : 0;
    return COR_OK;
}

int ingest_walk_on(ingest_walk *walk, ingest_fault *fault)
{
    ingest_reader *reader = &walk->reader;
    if (reader->fd >= 0 && offset_of(walk) >= walk->stop) {
        walk->position =
            ingest_input_position(walk->in, walk->file, offset_of(walk));
        ingest_reader_close(reader);
        walk->p = NULL;
    }
    if (walk->p) {
        COR_TRY(unfinished(walk, fault));
        if (fault && fault->kind != FAULT_NONE)
            return COR_OK;
    }
    if (reader->fd < 0) {
        if (walk->position >= walk->end)
            return COR_OK;
        COR_TRY(open_file(walk));
    }
    int64_t keep = walk->p ? walk->p - reader->buffer : 0;
    COR_TRY(ingest_reader_advance(reader, keep, walk->stop));
    int64_t reach = walk->stop - reader->at;
    walk->p = reader->buffer;
    walk->whole = reader->buffer + reader->whole;
    walk->limit =
        reader->buffer + (reach < reader->whole ? reach : reader->whole);
    return COR_OK;
}
