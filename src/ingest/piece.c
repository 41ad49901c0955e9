/*
 * Reading a piece. Limit: the digits of a row take about one nanosecond a byte
 * (a chain of multiply-add and a branch a byte), so 0.7 to 1 GB/s a thread;
 * a row's ids cost one or two reads of a table on top.
 */
#include "piece.h"

#include "coracle/memory.h"
#include "reader.h"
#include "simple_row.h"

#include <math.h>

/* Rows whose ids are looked up together. */
enum { WAITING = 256 };

/* What a piece needs while it is read. */
typedef struct ingest_work {
    const ingest_input *in;
    const bool *text; /* which ids are texts */
    ingest_piece *piece;
    ingest_reader reader;
    ingest_reading reading; /* of the current file */
    cor_cells cells;
    int file;
    bool stop;
    cor_progress *progress;
    int pieces;  /* of all ranks */
    int waiting; /* rows whose ids are not looked up yet; texts in buffer */
    int64_t id[2][WAITING];
    const char *begin[2][WAITING];
    size_t length[2][WAITING];
    ingest_text title[WAITING];
} ingest_work;

void ingest_piece_clear(ingest_piece *piece)
{
    ingest_rows_free(&piece->rows);
    for (int side = 0; side < 2; side++) {
        ingest_id_table_free(&piece->table[side]);
        piece->wants_text[side] = piece->saw_text[side] = false;
    }
    cor_free(piece->rejects);
    cor_free(piece->title);
    cor_free(piece->title_end);
    cor_free(piece->mark);
    piece->rejects = NULL;
    piece->title = NULL;
    piece->title_end = NULL;
    piece->mark = NULL;
    piece->counted = piece->marks = piece->mark_capacity = 0;
    piece->reject_count = piece->reject_capacity = 0;
    piece->title_capacity = piece->title_end_capacity = 0;
    piece->fault = (ingest_fault){0};
    piece->rc = COR_OK;
}

static enum how how_of(const ingest_work *w, int role)
{
    if (role == ROLE_VALUE)
        return HOW_VALUE;
    if (role == ROLE_TITLE)
        return HOW_TITLE;
    if (role == ROLE_TIME)
        return w->in->time_format == COR_TIME_AUTO ||
                       w->in->time_format == COR_TIME_UNIX
                   ? HOW_SECONDS
                   : HOW_TIME;
    return w->text[role] ? HOW_TEXT_ID : HOW_NUMBER_ID;
}

/* The wanted fields of a file in the order in which they stand in a row. */
static void plan_reading(ingest_work *w, const ingest_layout *layout)
{
    ingest_reading *r = &w->reading;
    *r = (ingest_reading){.dialect = layout->dialect,
                          .fields = layout->fields,
                          .time_format = w->in->time_format};
    for (int role = 0; role < ROLES; role++) {
        int32_t field = layout->field[role];
        if (field < 0)
            continue;
        int32_t at = r->needs++;
        for (; at > 0 && r->need[at - 1].field > field; at--)
            r->need[at] = r->need[at - 1];
        r->need[at] = (ingest_need){field, role, how_of(w, role)};
    }
}

/* What is wrong with an id or, where it may be empty, a title. */
static enum fault_kind check_text(ingest_text text, bool title)
{
    if (text.begin == text.end && !title)
        return FAULT_EMPTY;
    if (text.end - text.begin > COR_ID_LIMIT)
        return FAULT_LONG;
    if (!cor_text_is_utf8(text.begin, text.end))
        return FAULT_UTF8;
    return FAULT_NONE;
}

/* The title of an item that the table has just got. */
static int keep_title(ingest_piece *piece, int64_t slot, ingest_text text)
{
    int64_t length = text.end - text.begin;
    int64_t used = slot ? piece->title_end[slot - 1] : 0;
    if (slot >= piece->title_end_capacity) {
        int64_t capacity = slot ? 2 * slot : 256;
        COR_TRY(cor_reallocate(&piece->title_end, slot, capacity,
                               sizeof *piece->title_end, "titles"));
        piece->title_end_capacity = capacity;
    }
    if (used + length > piece->title_capacity) {
        int64_t capacity = 2 * (used + length) + 4096;
        COR_TRY(cor_reallocate(&piece->title, used, capacity, 1, "titles"));
        piece->title_capacity = capacity;
    }
    memcpy(piece->title + used, text.begin, (size_t)length);
    piece->title_end[slot] = used + length;
    return COR_OK;
}

/* Look up the texts that wait on one side. @param[out] slot  of each */
static int look_up_texts(ingest_work *w, int side, int64_t *slot)
{
    ingest_piece *piece = w->piece;
    ingest_id_table *table = &piece->table[side];
    const char *const *begin = w->begin[side];
    const size_t *length = w->length[side];
    int64_t held = table->count, number;
    COR_TRY(cor_map_put_texts(table->map, w->waiting, begin, length, slot));
    table->count = cor_map_count(table->map);
    for (int k = 0; k < w->waiting; k++) {
        if (slot[k] < held)
            continue;
        held++; /* a new id; they are numbered as they come */
        if (!cor_text_int64(begin[k], begin[k] + length[k], &number))
            piece->saw_text[side] = true;
        if (w->in->titles)
            COR_TRY(keep_title(piece, slot[k], w->title[k]));
    }
    return COR_OK;
}

/* Look up the ids that wait. Together, because their reads of the tables then
   overlap; one by one, between the rows, each would be waited for. */
static int look_up_waiting(ingest_work *w)
{
    ingest_rows *rows = &w->piece->rows;
    int64_t slot[WAITING], first = rows->count - w->waiting;
    if (w->in->titles)
        COR_TRY(look_up_texts(w, ROLE_ITEM, slot));
    for (int side = 0; side < 2 && !w->in->titles; side++) {
        ingest_id_table *table = &w->piece->table[side];
        int32_t *column = (int32_t *)rows->column[side] + first;
        if (!w->text[side]) {
            COR_TRY(
                ingest_id_table_put(table, w->waiting, w->id[side], column));
            continue;
        }
        COR_TRY(look_up_texts(w, side, slot));
        for (int k = 0; k < w->waiting; k++)
            column[k] = (int32_t)slot[k];
    }
    w->waiting = 0;
    return COR_OK;
}

/* Keep a row in which nothing is wrong. */
static inline int keep_row(ingest_work *w, const ingest_row *row)
{
    ingest_rows *rows = &w->piece->rows;
    int64_t at = rows->count;
    if (at == rows->capacity && !w->in->titles)
        COR_TRY(ingest_rows_reserve(rows, at + at / 4 + 1024));
    for (int side = w->in->titles; side < 2; side++)
        if (w->text[side]) {
            ingest_text text = row->text[side];
            w->begin[side][w->waiting] = text.begin;
            w->length[side][w->waiting] = (size_t)(text.end - text.begin);
        } else {
            w->id[side][w->waiting] = row->id[side];
        }
    if (w->in->titles)
        w->title[w->waiting] = row->title;
    else
        rows->count++;
    if (rows->has[COLUMN_VALUE])
        ((float *)rows->column[COLUMN_VALUE])[at] = row->value;
    if (rows->has[COLUMN_TIME])
        ((int64_t *)rows->column[COLUMN_TIME])[at] = row->time;
    return ++w->waiting == WAITING ? look_up_waiting(w) : COR_OK;
}

/* Whether the texts of a simple row are such as may be kept. */
static inline bool texts_are_good(const ingest_work *w, const ingest_row *row)
{
    for (int side = w->in->titles; side < 2; side++)
        if (w->text[side] && check_text(row->text[side], false) != FAULT_NONE)
            return false;
    return !w->in->titles || check_text(row->title, true) == FAULT_NONE;
}

static int add_reject(ingest_work *w, int64_t offset, int64_t bytes)
{
    ingest_piece *p = w->piece;
    if (p->reject_count == p->reject_capacity) {
        int64_t capacity = p->reject_capacity ? 2 * p->reject_capacity : 64;
        COR_TRY(cor_reallocate(&p->rejects, p->reject_count, capacity,
                               sizeof *p->rejects, "rejected rows"));
        p->reject_capacity = capacity;
    }
    p->rejects[p->reject_count++] = (ingest_reject){w->file, offset, bytes};
    return COR_OK;
}

static enum fault_kind read_value(ingest_text text, float *value)
{
    double number;
    if (!cor_text_double(text.begin, text.end, &number)) {
        const char *p = text.begin;
        p += p < text.end && (*p == '-' || *p == '+');
        bool word = p < text.end && memchr("nNiI", *p, 4);
        return word ? FAULT_FINITE : FAULT_NUMBER;
    }
    *value = (float)number;
    return isfinite(*value) ? FAULT_NONE : FAULT_FINITE;
}

static enum fault_kind read_id(ingest_work *w, int side, ingest_text text,
                               ingest_row *row)
{
    row->text[side] = text;
    if (!w->text[side] && cor_text_int64(text.begin, text.end, &row->id[side]))
        return FAULT_NONE;
    enum fault_kind kind = check_text(text, false);
    if (kind == FAULT_NONE && !w->text[side])
        w->piece->wants_text[side] = true;
    return kind;
}

static enum fault_kind read_field(ingest_work *w, const ingest_need *need,
                                  ingest_text text, ingest_row *row)
{
    switch (need->role) {
    case ROLE_VALUE:
        return read_value(text, &row->value);
    case ROLE_TIME:
        return cor_text_time(text.begin, text.end, w->in->time_format,
                             &row->time)
                   ? FAULT_NONE
                   : FAULT_TIME;
    case ROLE_TITLE:
        row->title = text;
        return check_text(text, true);
    default:
        return read_id(w, need->role, text, row);
    }
}

/* Read the wanted fields of a row that was taken apart; its first fault. */
static ingest_fault read_fields(ingest_work *w, ingest_row *row)
{
    cor_cells *cells = &w->cells;
    if (cells->count != w->reading.fields)
        return (ingest_fault){.kind = FAULT_FIELDS, .found = cells->count};
    for (int32_t f = 0; f < cells->count; f++)
        if (cells->cell[f].trailing) {
            ingest_fault fault = {.kind = FAULT_TRAILING, .field = f};
            ingest_fault_quote(&fault, cells->cell[f].begin,
                               cells->cell[f].end);
            return fault;
        }
    for (int32_t n = 0; n < w->reading.needs; n++) {
        const ingest_need *need = &w->reading.need[n];
        cor_cell *cell = &cells->cell[need->field];
        cor_cell_unquote(cell);
        ingest_text text = {cell->begin, cell->end};
        enum fault_kind kind = read_field(w, need, text, row);
        if (kind == FAULT_NONE)
            continue;
        ingest_fault fault = {.kind = (int32_t)kind,
                              .field = need->field,
                              .role = need->role,
                              .found = text.end - text.begin};
        ingest_fault_quote(&fault, text.begin, text.end);
        return fault;
    }
    return (ingest_fault){0};
}

static int64_t offset_of(const ingest_work *w, const char *p)
{
    return w->reader.at + (p - w->reader.buffer);
}

static void stop_at(ingest_work *w, ingest_fault fault, const char *p)
{
    fault.file = w->file;
    fault.offset = offset_of(w, p);
    w->piece->fault = fault;
    w->piece->state = PIECE_FAULT;
    w->stop = true;
}

/* Read one row exactly; `next` is NULL where the buffer does not hold it. */
static int read_exactly(ingest_work *w, char *p, char **next)
{
    char *end = w->reader.buffer + w->reader.whole;
    *next = p + 1;
    if (*p == '\n')
        return COR_OK;
    *next = p + 2;
    if (p[0] == '\r' && p[1] == '\n')
        return COR_OK;
    *next = NULL;
    if (!cor_cells_scan(&w->reading.dialect, p, end, &w->cells))
        return COR_OK;
    ingest_row row = {0};
    *next = w->cells.next;
    if (*next - p > ROW_LIMIT) {
        stop_at(w, (ingest_fault){.kind = FAULT_ROW_LONG, .found = ROW_LIMIT},
                p);
        return COR_OK;
    }
    bool wanted[2] = {w->piece->wants_text[0], w->piece->wants_text[1]};
    ingest_fault fault = read_fields(w, &row);
    if (fault.kind != FAULT_NONE) { /* the row's ids count for nothing */
        memcpy(w->piece->wants_text, wanted, sizeof wanted);
        if (w->in->skip)
            return add_reject(w, offset_of(w, p), *next - p);
        stop_at(w, fault, p);
        return COR_OK;
    }
    if (w->piece->wants_text[0] || w->piece->wants_text[1]) {
        w->piece->state = PIECE_WANTS_TEXT;
        w->stop = true;
        return COR_OK;
    }
    return keep_row(w, &row);
}

/* Rows of the buffer that begin before `limit`. @param[out] done  first byte
   not read; it begins a row that the buffer does not hold whole */
static int read_buffer(ingest_work *w, const char *limit, char **done)
{
    char *p = w->reader.buffer;
    while (p < limit && !w->stop) {
        ingest_row row;
        const char *simple = ingest_simple_row(&w->reading, p, &row);
        char *next = p + (simple ? simple - p : 0);
        if (simple && next - p <= ROW_LIMIT && texts_are_good(w, &row))
            COR_TRY(keep_row(w, &row));
        else
            COR_TRY(read_exactly(w, p, &next));
        if (!next)
            break;
        p = next;
    }
    *done = p;
    return look_up_waiting(w);
}

/* A row is not whole in the buffer: at the file's end a quote was left open;
   before it there is hope, up to a limit. */
static void check_unfinished(ingest_work *w, char *p)
{
    int64_t bytes = w->reader.filled - (p - w->reader.buffer);
    if (bytes > ROW_LIMIT)
        stop_at(w, (ingest_fault){.kind = FAULT_ROW_LONG, .found = ROW_LIMIT},
                p);
    else if (w->reader.ended)
        stop_at(w, (ingest_fault){.kind = FAULT_OPEN, .field = w->cells.count},
                w->cells.open);
}

/* Rows of the current file that begin in [from, to). @param[out] next  where
   the first row after them begins */
static int read_file(ingest_work *w, int64_t from, int64_t to, int64_t *next)
{
    ingest_reader *reader = &w->reader;
    int64_t size = reader->file->size;
    char *p = NULL;
    for (*next = from; *next < to && !w->stop;) {
        int64_t keep = p ? p - reader->buffer : 0;
        COR_TRY(ingest_reader_advance(reader, keep, to));
        int64_t reach = to - reader->at;
        if (reach > reader->whole)
            reach = reader->whole;
        COR_TRY(read_buffer(w, reader->buffer + reach, &p));
        *next = offset_of(w, p) < size ? offset_of(w, p) : size;
        cor_progress_update(
            w->progress,
            (ingest_input_position(w->in, w->file, *next) - w->piece->begin) *
                w->pieces);
        if (*next < to && !w->stop)
            check_unfinished(w, p);
    }
    return COR_OK;
}

/* Room for the rows that the piece has if they are as long as the first. */
static int reserve_rows(const ingest_input *in, ingest_piece *piece)
{
    double rows = 0;
    for (int64_t at = piece->first; at < piece->end;) {
        int f = ingest_input_file(in, at);
        int64_t stop =
            in->base[f + 1] < piece->end ? in->base[f + 1] : piece->end;
        rows += (double)(stop - at) / in->layout[f].row_bytes;
        at = stop;
    }
    return ingest_rows_reserve(&piece->rows, (int64_t)(rows * 1.03) + 64);
}

static int open_file(ingest_work *w, int64_t position)
{
    w->file = ingest_input_file(w->in, position);
    const ingest_layout *layout = &w->in->layout[w->file];
    plan_reading(w, layout);
    cor_free(w->cells.cell);
    w->cells = (cor_cells){.capacity = layout->fields};
    COR_TRY(cor_allocate(&w->cells.cell, layout->fields, sizeof *w->cells.cell,
                         "fields of a row"));
    return ingest_reader_open(&w->reader, &w->in->source[w->file],
                              ingest_input_offset(w->in, w->file, position));
}

static int read_files(ingest_work *w)
{
    const ingest_input *in = w->in;
    ingest_piece *piece = w->piece;
    piece->next = piece->first;
    while (piece->next < piece->end && !w->stop) {
        int64_t at;
        COR_TRY(open_file(w, piece->next));
        int64_t stop = in->base[w->file + 1];
        if (piece->end < stop)
            stop = piece->end;
        COR_TRY(read_file(w, w->reader.at,
                          ingest_input_offset(in, w->file, stop), &at));
        ingest_reader_close(&w->reader);
        piece->next = ingest_input_position(in, w->file, at);
    }
    return COR_OK;
}

void ingest_piece_fail(ingest_piece *piece, int rc)
{
    piece->state = PIECE_FAILED;
    piece->rc = rc;
    memcpy(piece->message, cor_message(), strlen(cor_message()) + 1);
}

void ingest_piece_read(const ingest_input *in, const bool text[2],
                       ingest_piece *piece, cor_progress *progress, int pieces)
{
    ingest_work w = {.in = in,
                     .text = text,
                     .piece = piece,
                     .reader.fd = -1,
                     .progress = progress,
                     .pieces = pieces};
    ingest_piece_clear(piece);
    piece->state = PIECE_WHOLE;
    for (int c = 0; c < COLUMNS; c++) /* roles and columns are in one order */
        piece->rows.has[c] = ingest_input_has(in, (enum role)c);
    if (piece->first == INT64_MAX) { /* a row begins before and never ends */
        piece->state = PIECE_FAULT;
        piece->fault =
            (ingest_fault){.kind = FAULT_ROW_LONG, .found = ROW_LIMIT};
        return;
    }
    int rc = COR_OK;
    for (int side = 0; rc == COR_OK && side < 2; side++)
        rc = ingest_id_table_create(text[side], &piece->table[side]);
    if (rc == COR_OK && !in->titles)
        rc = reserve_rows(in, piece);
    if (rc == COR_OK)
        rc = read_files(&w);
    ingest_reader_free(&w.reader);
    cor_free(w.cells.cell);
    if (rc == COR_OK)
        return;
    ingest_piece_fail(piece, rc);
}
