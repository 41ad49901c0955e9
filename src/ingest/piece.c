/*
 * Reading a piece. Limit: the digits of a row take about one nanosecond a byte
 * (a chain of multiply-add and a branch a byte), so 0.7 to 1 GB/s a thread;
 * a row's ids cost one or two reads of a table on top.
 */
#include "work.h"

#include "coracle/memory.h"

void ingest_piece_clear(ingest_piece *piece)
{
    ingest_rows_free(&piece->rows);
    for (int side = 0; side < SIDES; side++) {
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
    if (role == ROLE_TIME && w->in->time_pattern)
        return HOW_TIME;
    if (role == ROLE_TIME)
        return w->in->time_format == COR_TIME_AUTO ||
                       w->in->time_format == COR_TIME_UNIX
                   ? HOW_SECONDS
                   : HOW_TIME;
    if (role >= ROLE_KEPT)
        return w->text[SIDE_KEPT + role - ROLE_KEPT] ? HOW_KEPT_TEXT
                                                     : HOW_KEPT_NUMBER;
    return w->text[role] ? HOW_TEXT_ID : HOW_NUMBER_ID;
}

/* The wanted fields of a file in the order in which they stand in a row. */
static void plan_reading(ingest_work *w, const ingest_layout *layout)
{
    ingest_reading *r = &w->reading;
    *r = (ingest_reading){.dialect = layout->dialect,
                          .fields = layout->fields,
                          .time_format = w->in->time_format,
                          .time_pattern = w->in->time_pattern};
    for (int role = 0; role < ROLES; role++) {
        int32_t field = layout->field[role];
        if (field < 0)
            continue;
        int32_t at = r->needs++;
        for (; at > 0 && r->need[at - 1].field > field; at--)
            r->need[at] = r->need[at - 1];
        r->need[at] = (ingest_need){field, role, how_of(w, role)};
    }
    w->usual =
        layout->form == FORM_ROWS && ingest_is_usual(r) &&
        w->piece->rows.width[COLUMN_VALUE] &&
        (r->needs > ROLE_TIME) == (w->piece->rows.width[COLUMN_TIME] > 0);
}

/* Whether the texts of a simple row are such as may be kept. */
static inline bool texts_are_good(const ingest_work *w, const ingest_row *row)
{
    for (int side = w->in->titles; side < 2; side++)
        if (w->text[side] &&
            ingest_text_check(row->text[side], false) != FAULT_NONE)
            return false;
    for (int side = SIDE_KEPT; side < SIDE_KEPT + w->kept; side++)
        if (w->text[side] &&
            ingest_text_check(row->text[side], true) != FAULT_NONE)
            return false;
    return !w->in->titles || ingest_text_check(row->title, true) == FAULT_NONE;
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
        enum fault_kind kind = ingest_field_read(w, need, text, row);
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

int ingest_work_refuse(ingest_work *w, const ingest_fault *fault, const char *p,
                       int64_t bytes)
{
    if (w->in->skip)
        return add_reject(w, offset_of(w, p), bytes);
    stop_at(w, *fault, p);
    return COR_OK;
}

int ingest_work_take(ingest_work *w, const ingest_fault *fault,
                     const bool wanted[SIDES], const char *p, int64_t bytes,
                     const ingest_row *row)
{
    if (fault->kind != FAULT_NONE) { /* the row's ids count for nothing */
        memcpy(w->piece->wants_text, wanted, SIDES * sizeof *wanted);
        return ingest_work_refuse(w, fault, p, bytes);
    }
    if (memchr(w->piece->wants_text, true, SIDES)) {
        w->piece->state = PIECE_WANTS_TEXT;
        w->stop = true;
        return COR_OK;
    }
    return ingest_work_keep(w, row);
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
    bool wanted[SIDES];
    memcpy(wanted, w->piece->wants_text, sizeof wanted);
    ingest_fault fault = read_fields(w, &row);
    return ingest_work_take(w, &fault, wanted, p, *next - p, &row);
}

/* Usual rows from p on, while they are plain, and there is room for them and in
   the batch. @return the first byte behind them */
static inline const char *take_usual(ingest_work *w, bool timed, const char *p,
                                     const char *limit)
{
    ingest_rows *rows = &w->piece->rows;
    const char separator = w->reading.dialect.separator[0];
    float *value = (float *)rows->column[COLUMN_VALUE] + rows->count;
    int64_t *time = rows->column[COLUMN_TIME], ignored;
    int64_t room = rows->capacity - rows->count;
    int k = w->waiting, end = room < WAITING - k ? k + (int)room : WAITING;
    if (timed)
        time += rows->count;
    for (; k < end && p < limit; k++) {
        const char *next =
            ingest_usual_row(separator, timed, p, &w->id[0][k], &w->id[1][k],
                             value++, timed ? time++ : &ignored);
        if (!next)
            break;
        p = next;
    }
    rows->count += k - w->waiting;
    w->waiting = k;
    return p;
}

/* Usual rows before `limit`, up to the first that is not plain. */
static int read_usual(ingest_work *w, const char *limit, char **p)
{
    bool timed = w->reading.needs > ROLE_TIME, full = true;
    while (full) {
        const char *next = timed ? take_usual(w, true, *p, limit)
                                 : take_usual(w, false, *p, limit);
        *p += next - *p;
        full = w->waiting == WAITING;
        if (full)
            COR_TRY(ingest_work_look_up(w));
    }
    return COR_OK;
}

/* Rows of the buffer that begin before `limit`. @param[out] done  first byte
   not read; it begins a row that the buffer does not hold whole */
static int read_buffer(ingest_work *w, const char *limit, char **done)
{
    int32_t form = w->in->layout[w->file].form;
    char *p = w->reader.buffer;
    if (form == FORM_JSON)
        return ingest_json_read(w, limit, done);
    if (form == FORM_LISTS)
        return ingest_lists_read(w, limit, done);
    while (p < limit && !w->stop) {
        ingest_row row;
        if (w->usual)
            COR_TRY(read_usual(w, limit, &p));
        if (p >= limit)
            break;
        const char *simple = ingest_simple_row(&w->reading, p, &row);
        char *next = p + (simple ? simple - p : 0);
        if (simple && next - p <= ROW_LIMIT && texts_are_good(w, &row))
            COR_TRY(ingest_work_keep(w, &row));
        else
            COR_TRY(read_exactly(w, p, &next));
        if (!next)
            break;
        p = next;
    }
    *done = p;
    return ingest_work_look_up(w);
}

/* A row is not whole in the buffer: at the file's end a quote was left open;
   before it there is hope, up to a limit. */
static void check_unfinished(ingest_work *w, char *p)
{
    int64_t bytes = w->reader.filled - (p - w->reader.buffer);
    int64_t limit = ingest_row_limit(&w->in->layout[w->file]);
    if (bytes > limit)
        stop_at(w, (ingest_fault){.kind = FAULT_ROW_LONG, .found = limit}, p);
    else if (w->reader.ended)
        stop_at(w, (ingest_fault){.kind = FAULT_OPEN, .field = w->cells.count},
                w->cells.open);
}

/* How far the input has been read. */
static int64_t position_of(const ingest_work *w, int64_t offset)
{
    return w->reader.stream
               ? w->in->base[w->file] + cor_decode_consumed(w->reader.stream)
               : ingest_input_position(w->in, w->file, offset);
}

/* Rows of the current file that begin in [from, to). @param[out] next  where
   the first row after them begins */
static int read_file(ingest_work *w, int64_t from, int64_t to, int64_t *next)
{
    ingest_reader *reader = &w->reader;
    char *p = NULL;
    for (*next = from; *next < to && !w->stop;) {
        int64_t keep = p ? p - reader->buffer : 0;
        COR_TRY(ingest_reader_advance(reader, keep, to));
        to = to < reader->size ? to : reader->size;
        int64_t reach = to - reader->at;
        if (reach > reader->whole)
            reach = reader->whole;
        COR_TRY(read_buffer(w, reader->buffer + reach, &p));
        *next = offset_of(w, p);
        *next = *next < reader->size ? *next : reader->size;
        cor_progress_update(
            w->progress, (position_of(w, *next) - w->piece->begin) * w->pieces);
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
    if (layout->form == FORM_JSON)
        COR_TRY(ingest_json_open(w, layout));
    return ingest_reader_open(&w->reader, &w->in->source[w->file],
                              (enum cor_decode_kind)layout->packed,
                              ingest_input_offset(w->in, w->file, position));
}

/* A packed file is read as a whole; where its text ends is found then. */
static int read_part(ingest_work *w, int64_t stop)
{
    ingest_piece *piece = w->piece;
    bool packed = w->in->layout[w->file].packed != COR_DECODE_PLAIN;
    int64_t at, end = ingest_input_offset(w->in, w->file, stop);
    COR_TRY(read_file(w, w->reader.at, packed ? INT64_MAX : end, &at));
    ingest_reader_close(&w->reader);
    piece->next = packed ? stop : ingest_input_position(w->in, w->file, at);
    return COR_OK;
}

static int read_files(ingest_work *w)
{
    const ingest_input *in = w->in;
    ingest_piece *piece = w->piece;
    piece->next = piece->first;
    while (piece->next < piece->end && !w->stop) {
        COR_TRY(open_file(w, piece->next));
        int64_t stop = in->base[w->file + 1];
        COR_TRY(read_part(w, piece->end < stop ? piece->end : stop));
    }
    return COR_OK;
}

void ingest_piece_fail(ingest_piece *piece, int rc)
{
    piece->state = PIECE_FAILED;
    piece->rc = rc;
    memcpy(piece->message, cor_message(), strlen(cor_message()) + 1);
}

/* The columns that the rows have; roles and columns are in one order. */
static void choose_columns(const ingest_input *in, const bool text[SIDES],
                           size_t width[COLUMNS])
{
    static const size_t bytes[COLUMN_KEPT] = {sizeof(int32_t), sizeof(int32_t),
                                              sizeof(float), sizeof(int64_t)};
    for (int c = 0; c < COLUMN_KEPT; c++)
        width[c] = ingest_input_has(in, (enum role)c) ? bytes[c] : 0;
    for (int k = 0; k < in->wanted.kept; k++)
        width[COLUMN_KEPT + k] =
            text[SIDE_KEPT + k] ? sizeof(int32_t) : sizeof(double);
}

static int create_tables(const ingest_input *in, const bool text[SIDES],
                         ingest_piece *piece)
{
    for (int side = 0; side < SIDE_KEPT + in->wanted.kept; side++)
        COR_TRY(ingest_id_table_create(text[side], &piece->table[side]));
    return COR_OK;
}

void ingest_piece_read(const ingest_input *in, const bool text[SIDES],
                       ingest_piece *piece, cor_progress *progress, int pieces)
{
    ingest_work w = {.in = in,
                     .text = text,
                     .piece = piece,
                     .reader.fd = -1,
                     .kept = in->wanted.kept,
                     .progress = progress,
                     .pieces = pieces};
    ingest_piece_clear(piece);
    piece->state = PIECE_WHOLE;
    choose_columns(in, text, piece->rows.width);
    if (piece->first == INT64_MAX) { /* a row begins before and never ends */
        piece->state = PIECE_FAULT;
        piece->fault = (ingest_fault){
            .kind = FAULT_ROW_LONG, .found = ingest_row_limit(&in->layout[0])};
        return;
    }
    int rc = create_tables(in, text, piece);
    if (rc == COR_OK && !in->titles)
        rc = reserve_rows(in, piece);
    if (rc == COR_OK)
        rc = read_files(&w);
    ingest_reader_free(&w.reader);
    ingest_json_close(&w);
    cor_free(w.cells.cell);
    if (rc == COR_OK)
        return;
    ingest_piece_fail(piece, rc);
}
