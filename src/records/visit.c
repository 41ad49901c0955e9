/* The records of a run one by one, with the fields that are wanted. */
#include "coracle/memory.h"
#include "reader.h"

#include <stdio.h>

/* ---- columns of CSV ---- */

static bool is_column(const cor_path *path, const char *name)
{
    if (strcmp(path->text, name) == 0)
        return true;
    const cor_path_part *only = &path->part[0];
    return path->parts == 1 && only->key && strlen(name) == only->length &&
           memcmp(name, only->key, only->length) == 0;
}

static int no_column(const cor_records *r, const cor_path *path)
{
    char list[256] = "";
    size_t length = 0;
    for (int32_t c = 0; c < r->columns && length + 8 < sizeof list; c++)
        length += (size_t)snprintf(list + length, sizeof list - length, "%s%s",
                                   c ? ", " : "", r->name[c]);
    return cor_fail(COR_EDATA, "%s has no column %s; its header names %s%s",
                    r->file[0].source.path, path->text, list,
                    length + 8 < sizeof list ? "" : "...");
}

static int find_column(const cor_records *r, const cor_path *path,
                       int32_t *column)
{
    *column = -1;
    for (int32_t c = 0; c < r->columns; c++) {
        if (!is_column(path, r->name[c]))
            continue;
        if (*column >= 0)
            return cor_fail(COR_EDATA,
                            "the header of %s names the column %s twice, as "
                            "number %d and %d; rename one of them",
                            r->file[0].source.path, path->text, *column + 1,
                            c + 1);
        *column = c;
    }
    return *column < 0 ? no_column(r, path) : COR_OK;
}

/* ---- getting ready ---- */

static bool takes_apart(const cor_reading *reading)
{
    return reading->paths > 0 || reading->whole;
}

static int begin_slot(const cor_records *r, const cor_reading *reading,
                      records_slot *slot)
{
    slot->read = slot->rejected = 0;
    slot->rc = COR_OK;
    slot->fault.what[0] = '\0';
    if (!takes_apart(reading))
        return COR_OK;
    if (r->format == COR_RECORDS_JSONL)
        return cor_json_create(reading->path, reading->paths, &slot->json);
    COR_TRY(COR_NEW(&slot->cell, r->columns));
    return COR_NEW(&slot->field, reading->paths);
}

int records_visit_begin(cor_records *r, const cor_reading *reading)
{
    COR_TRY(COR_NEW(&r->column, reading->paths));
    if (r->format == COR_RECORDS_CSV)
        for (int i = 0; i < reading->paths; i++)
            COR_TRY(find_column(r, &reading->path[i], &r->column[i]));
    for (int s = 0; s < r->slots; s++)
        COR_TRY(begin_slot(r, reading, &r->slot[s]));
    return COR_OK;
}

void records_visit_end(cor_records *r)
{
    for (int s = 0; s < r->slots; s++) {
        cor_json_destroy(&r->slot[s].json);
        cor_free(r->slot[s].cell);
        cor_free(r->slot[s].field);
        r->slot[s].cell = NULL;
        r->slot[s].field = NULL;
    }
    cor_free(r->column);
    r->column = NULL;
}

/* ---- one record ---- */

void records_slot_fail(records_slot *slot, int rc)
{
    slot->rc = rc;
    if (rc != COR_OK)
        snprintf(slot->message, sizeof slot->message, "%s", cor_message());
}

/* A run while it is visited. */
typedef struct run {
    const cor_records *records;
    const cor_reading *reading;
    records_slot *slot;
    int number;
    int64_t next; /* number of the next record */
} run;

/* Whether to go on behind a record that is bad. */
static bool pass_over(run *u)
{
    if (!u->records->options.skip)
        return false;
    u->slot->fault.what[0] = '\0';
    u->slot->rejected++;
    return true;
}

/* Hand over [begin, end) and its fields. */
static bool hand_over(run *u, const char *begin, const char *end,
                      const cor_field *field)
{
    records_slot *slot = u->slot;
    cor_record record = {.begin = begin,
                         .bytes = end - begin,
                         .field = field,
                         .number = u->next,
                         .file = slot->file,
                         .offset = slot->at + (begin - slot->buffer)};
    u->next++;
    slot->read++;
    int rc = u->reading->visit(u->reading->context, u->number, &record);
    if (rc == COR_OK)
        return true;
    if (rc != COR_EDATA) {
        records_slot_fail(slot, rc);
        return false;
    }
    records_fault_note(slot, begin, "%s", cor_message());
    return pass_over(u);
}

/* ---- JSON lines ---- */

/* Characters of [begin, at): where people look for a column. */
static int64_t characters(const char *begin, const char *at)
{
    int64_t count = 0;
    for (; begin < at; begin++)
        count += ((unsigned char)*begin & 0xc0) != 0x80;
    return count;
}

static bool bad_json(run *u, const cor_json_record *record)
{
    const cor_json_fault *fault = &record->fault;
    const char *end = record->end;
    char text[21] = "";
    for (size_t i = 0; i + 1 < sizeof text && fault->at + i < end; i++) {
        unsigned char c = (unsigned char)fault->at[i];
        text[i] = c < 0x20 || c >= 0x7f ? '?' : (char)c;
    }
    u->slot->read++;
    u->next++;
    records_fault_note(u->slot, record->begin, "column %lld: %s%s%s%s",
                       (long long)characters(record->begin, fault->at) + 1,
                       fault->what, text[0] ? ": " : "", text,
                       fault->at + sizeof text <= end ? "..." : "");
    return pass_over(u);
}

static void visit_json(run *u)
{
    records_slot *slot = u->slot;
    cor_json_record record;
    cor_json_begin(slot->json, slot->text,
                   (size_t)(slot->text_end - slot->text));
    for (;;) {
        int rc = cor_json_next(slot->json, &record);
        if (rc != COR_OK)
            records_slot_fail(slot, rc);
        if (rc != COR_OK || !record.begin)
            return;
        if (!(record.fault.what
                  ? bad_json(u, &record)
                  : hand_over(u, record.begin, record.end + 1, record.field)))
            return;
    }
}

/* ---- CSV ---- */

static cor_field field_of(const cor_cell *cell)
{
    cor_field field = {.begin = cell->begin, .end = cell->end};
    if (cell->begin < cell->end)
        field.kind = COR_FIELD_TEXT;
    if (cell->doubled)
        field.form = COR_FORM_QUOTES;
    return field;
}

/* A row is bad where its fields are too many or too few, or text follows a
   closing quote. */
static bool bad_row(run *u, const char *begin, const cor_cells *row)
{
    const cor_records *r = u->records;
    int32_t c = 0;
    while (c < row->count && c < r->columns && !row->cell[c].trailing)
        c++;
    if (row->count == r->columns && c == r->columns)
        return false;
    if (row->count != r->columns)
        records_fault_note(u->slot, begin, "%d field%s where the header has %d",
                           row->count, row->count == 1 ? "" : "s", r->columns);
    else
        records_fault_note(u->slot, begin,
                           "column %d (%s): text follows the closing quote",
                           c + 1, r->name[c]);
    return true;
}

static void visit_rows(run *u)
{
    const cor_records *r = u->records;
    records_slot *slot = u->slot;
    for (char *p = slot->text; p < slot->text_end;) {
        cor_cells row = {.cell = slot->cell, .capacity = r->columns};
        char *begin = p;
        if (!cor_cells_scan(&r->dialect, p, slot->text_end, &row)) {
            records_slot_fail(slot, cor_fail(COR_EDEFECT, "a row has no end"));
            return;
        }
        p = row.next;
        if (row.count == 1 && records_is_blank(begin, p))
            continue;
        if (bad_row(u, begin, &row)) {
            slot->read++;
            u->next++;
            if (!pass_over(u))
                return;
            continue;
        }
        for (int i = 0; i < u->reading->paths; i++)
            slot->field[i] = field_of(&row.cell[r->column[i]]);
        if (!hand_over(u, begin, p, slot->field))
            return;
    }
}

/* ---- records of which no field is wanted ---- */

static void visit_whole(run *u)
{
    records_slot *slot = u->slot;
    enum cor_quote_state state = COR_AT_FIELD;
    for (char *p = slot->text; p < slot->text_end;) {
        char *begin = p;
        p = records_row_end(&u->records->dialect, &state, p, slot->text_end);
        if (!records_is_blank(begin, p) && !hand_over(u, begin, p, NULL))
            return;
    }
}

void records_visit(const cor_records *r, const cor_reading *reading, int slot)
{
    run u = {.records = r,
             .reading = reading,
             .slot = &r->slot[slot],
             .number = slot,
             .next = r->slot[slot].number};
    if (u.slot->text == u.slot->text_end)
        return;
    if (!takes_apart(reading))
        visit_whole(&u);
    else if (r->format == COR_RECORDS_JSONL)
        visit_json(&u);
    else
        visit_rows(&u);
}
