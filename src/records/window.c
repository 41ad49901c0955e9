/*
 * A file that can be cut is read in windows of bytes, each by one thread, which
 * takes the records that begin in it. Where the first begins is known from the
 * byte before the window, or, where there are quotes, from all bytes before it.
 */
#include "coracle/cut.h"
#include "coracle/memory.h"
#include "reader.h"

/* Behind a window only small steps are read, which grow with a long record. */
enum { STEP = 1 << 14, FIRST_CAPACITY = 1 << 16 };

int records_slot_reserve(records_slot *slot, int64_t bytes)
{
    int64_t capacity = slot->capacity ? slot->capacity : FIRST_CAPACITY;
    if (bytes + COR_JSON_PADDING <= slot->capacity)
        return COR_OK;
    while (capacity < bytes + COR_JSON_PADDING)
        capacity *= 2;
    COR_TRY(cor_reallocate(&slot->buffer, slot->filled, capacity, 1,
                           "records in hand"));
    slot->capacity = capacity;
    return COR_OK;
}

/* Read `bytes` more of the file into the buffer. */
static int read_on(const records_file *file, records_slot *slot, int64_t bytes)
{
    COR_TRY(records_slot_reserve(slot, slot->filled + bytes + 1));
    COR_TRY(cor_source_read(&file->source, slot->fd, slot->at + slot->filled,
                            bytes, slot->buffer + slot->filled));
    slot->filled += bytes;
    return COR_OK;
}

/* The file is kept open until another one is wanted. */
static int open_file(const cor_records *r, records_slot *slot, int file)
{
    if (slot->file == file && slot->fd >= 0)
        return COR_OK;
    cor_source_close(&slot->fd);
    slot->file = file;
    return cor_source_open(&r->file[file].source, &slot->fd);
}

static int find_file(const cor_records *r, int64_t window)
{
    int low = 0, high = r->files;
    while (high - low > 1) {
        int middle = low + (high - low) / 2;
        if (r->file[middle].first_window <= window)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* What the window does to the state of quotes. A file begins at a field,
   whatever was before. */
static void find_quotes(const cor_records *r, records_slot *slot)
{
    char *begin = slot->buffer + (slot->begin - slot->at);
    slot->quotes = cor_quotes_none;
    cor_quotes_pass(&r->dialect, begin, slot->buffer + slot->filled,
                    &slot->quotes);
    if (slot->begin == r->file[slot->file].begin)
        memset(slot->quotes.to, slot->quotes.to[COR_AT_FIELD],
               sizeof slot->quotes.to);
}

int records_window_load(const cor_records *r, int64_t window,
                        records_slot *slot)
{
    slot->text = slot->text_end = slot->buffer;
    slot->filled = 0;
    slot->place = window;
    slot->loaded = window < r->windows;
    if (!slot->loaded)
        return COR_OK;
    COR_TRY(open_file(r, slot, find_file(r, window)));
    const records_file *file = &r->file[slot->file];
    int64_t size = file->source.size;
    slot->begin = file->begin + (window - file->first_window) * r->block;
    slot->end = slot->begin + r->block < size ? slot->begin + r->block : size;
    slot->at = slot->begin - (slot->begin > file->begin);
    COR_TRY(read_on(file, slot, slot->end - slot->at));
    if (records_have_quotes(r))
        find_quotes(r, slot);
    return COR_OK;
}

/* The first record that begins in the window, or its end. */
static char *first_record(const cor_records *r, records_slot *slot)
{
    const records_file *file = &r->file[slot->file];
    char *p = slot->buffer + (slot->begin - slot->at);
    char *end = slot->buffer + (slot->end - slot->at);
    bool begins = slot->begin == file->begin ||
                  (p[-1] == '\n' &&
                   (!records_have_quotes(r) || slot->state == COR_AT_FIELD));
    if (begins)
        return p;
    enum cor_quote_state state = slot->state;
    char *first = records_row_end(&r->dialect, &state, p, end);
    return first ? first : end;
}

/* The last record that begins in the window has no end. */
static void no_end(const cor_records *r, records_slot *slot)
{
    enum cor_quote_state state = COR_AT_FIELD;
    char *end = slot->buffer + (slot->end - slot->at), *begin = slot->text;
    for (char *p = begin; p; p = records_row_end(&r->dialect, &state, p, end))
        begin = p;
    slot->text_end = slot->text;
    records_fault_note(
        slot, begin, "the record that begins here has no end%s%s",
        slot->filled - (begin - slot->buffer) > RECORD_LIMIT ? " within 256 MiB"
                                                             : "",
        r->dialect.quotes ? "; is every quote closed?" : "");
    slot->fault.final = true;
}

/* The end of the window's last record, from the state at the window's end on;
   it may lie far behind. */
static int find_last(const cor_records *r, enum cor_quote_state state,
                     records_slot *slot)
{
    const records_file *file = &r->file[slot->file];
    int64_t from = slot->end - slot->at; /* of the buffer; searched up to it */
    bool ends = slot->buffer[from - 1] == '\n' &&
                (!records_have_quotes(r) || state == COR_AT_FIELD);
    char *last = ends ? slot->buffer + from : NULL;
    int64_t text = slot->text - slot->buffer;
    while (!last) {
        int64_t left = file->source.size - slot->at - slot->filled;
        int64_t step = slot->filled > STEP ? slot->filled : STEP;
        step = step < left ? step : left;
        COR_TRY(read_on(file, slot, step));
        if (left == 0) /* the file's last newline may be missing */
            slot->buffer[slot->filled++] = '\n';
        char *end = slot->buffer + slot->filled;
        last = records_row_end(&r->dialect, &state, slot->buffer + from, end);
        from = slot->filled;
        if (!last && (left == 0 || slot->filled - text > RECORD_LIMIT))
            break;
    }
    slot->text = slot->buffer + text;
    slot->text_end = last;
    if (!last)
        no_end(r, slot);
    return COR_OK;
}

int records_window_find(const cor_records *r, records_slot *slot)
{
    if (!slot->loaded)
        return COR_OK;
    char *end = slot->buffer + (slot->end - slot->at);
    slot->text = slot->text_end = first_record(r, slot);
    if (slot->text == end)
        return COR_OK;
    return find_last(r, (enum cor_quote_state)slot->quotes.to[slot->state],
                     slot);
}
