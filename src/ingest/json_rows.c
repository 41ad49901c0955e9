/*
 * Rows of JSON lines. Limit: json.h, then the ids' look-up; nothing is copied
 * but a text with backslashes, after which the batch is closed, so that what it
 * means need not be kept.
 */
#include "work.h"

#include "coracle/memory.h"

#include <stdio.h>

void ingest_json_close(ingest_work *w)
{
    cor_json_destroy(&w->json);
    for (int n = 0; w->path && n < w->paths; n++)
        cor_path_free(&w->path[n]);
    cor_free(w->path);
    w->path = NULL;
    w->paths = 0;
    for (int n = 0; n < ROLES; n++)
        cor_csv_free(&w->scratch[n]);
}

int ingest_json_open(ingest_work *w, const ingest_layout *layout)
{
    ingest_json_close(w);
    COR_TRY(cor_allocate_zeroed(&w->path, w->reading.needs, sizeof *w->path,
                                "paths"));
    for (; w->paths < w->reading.needs; w->paths++) {
        const char *text = layout->name[w->reading.need[w->paths].role];
        size_t wrong;
        COR_TRY(cor_path_parse(text, strlen(text), &w->path[w->paths], &wrong));
    }
    return cor_json_create(w->path, w->paths, &w->json);
}

/* Whether a column takes fields of this kind. */
static enum fault_kind check_kind(const ingest_need *need,
                                  const cor_field *field)
{
    bool there =
        field->kind != COR_FIELD_MISSING && field->kind != COR_FIELD_NULL;
    if (!there)
        return need->role >= ROLE_TITLE ? FAULT_NONE : FAULT_MISSING;
    if (field->kind == COR_FIELD_ARRAY || field->kind == COR_FIELD_OBJECT)
        return FAULT_SCALAR;
    bool truth =
        field->kind == COR_FIELD_TRUE || field->kind == COR_FIELD_FALSE;
    return truth && need->role < ROLE_KEPT ? FAULT_SCALAR : FAULT_NONE;
}

/* A text of a column that is kept is a category, also where it could be read
   as a number, unless the user says otherwise. */
static bool is_category(const ingest_work *w, const ingest_need *need,
                        const cor_field *field)
{
    if (need->role < ROLE_KEPT || field->begin == field->end)
        return false;
    return field->kind != COR_FIELD_NUMBER &&
           w->in->layout[0].kind[need->role - ROLE_KEPT] != KEPT_NUMBER;
}

static enum fault_kind read_field(ingest_work *w, int n, const cor_field *field,
                                  ingest_row *row, int *rc)
{
    const ingest_need *need = &w->reading.need[n];
    enum fault_kind kind = check_kind(need, field);
    ingest_text text = {w->reader.buffer, w->reader.buffer};
    if (kind != FAULT_NONE)
        return kind;
    if (field->kind != COR_FIELD_MISSING && field->kind != COR_FIELD_NULL) {
        text = (ingest_text){field->begin, field->end};
        if (field->form != COR_FORM_PLAIN)
            *rc = cor_field_text(field, &w->scratch[n], &text.begin, &text.end);
        w->close_batch |= field->form != COR_FORM_PLAIN;
    }
    if (*rc != COR_OK)
        return FAULT_NONE;
    if (!is_category(w, need, field))
        return ingest_field_read(w, need, text, row);
    int side = SIDE_KEPT + need->role - ROLE_KEPT;
    kind = ingest_text_check(text, true);
    row->text[side] = text;
    w->piece->wants_text[side] |= !w->text[side] && kind == FAULT_NONE;
    w->piece->saw_text[side] |= kind == FAULT_NONE;
    return kind;
}

static ingest_fault read_fields(ingest_work *w, const cor_json_record *record,
                                ingest_row *row, int *rc)
{
    for (int n = 0; n < w->paths && *rc == COR_OK; n++) {
        const cor_field *field = &record->field[n];
        enum fault_kind kind = read_field(w, n, field, row, rc);
        if (kind == FAULT_NONE)
            continue;
        ingest_fault fault = {.kind = (int32_t)kind,
                              .role = w->reading.need[n].role};
        if (field->begin) {
            fault.found = field->end - field->begin;
            ingest_fault_quote(&fault, field->begin, field->end);
        }
        return fault;
    }
    return (ingest_fault){0};
}

/* What is wrong with a record that is no JSON, and what stands there. */
static ingest_fault no_json(const cor_json_record *record)
{
    const char *at = record->fault.at, *end = record->end;
    ingest_fault fault = {.kind = FAULT_JSON, .found = at - record->begin + 1};
    snprintf(fault.why, sizeof fault.why, "%s", record->fault.what);
    ingest_fault_quote(&fault, at, end - (end > at && end[-1] == '\r'));
    return fault;
}

static int take_record(ingest_work *w, const cor_json_record *record)
{
    ingest_row row;
    bool wanted[SIDES];
    int rc = COR_OK;
    int64_t bytes = record->end + 1 - record->begin;
    ingest_fault fault = {0};
    memcpy(wanted, w->piece->wants_text, sizeof wanted);
    if (record->fault.what)
        fault = no_json(record);
    else
        fault = read_fields(w, record, &row, &rc);
    COR_TRY(rc);
    COR_TRY(ingest_work_take(w, &fault, wanted, record->begin, bytes, &row));
    bool close = w->close_batch;
    w->close_batch = false;
    return close && !w->stop ? ingest_work_look_up(w) : COR_OK;
}

int ingest_json_read(ingest_work *w, const char *limit, char **done)
{
    char *begin = w->reader.buffer, *end = begin;
    if (limit > begin) { /* the line in which the last wanted row begins */
        const char *last = limit - 1;
        const char *whole = w->reader.buffer + w->reader.whole;
        end = (char *)memchr(last, '\n', (size_t)(whole - last)) + 1;
    }
    cor_json_begin(w->json, begin, (size_t)(end - begin));
    while (!w->stop) {
        cor_json_record record;
        COR_TRY(cor_json_next(w->json, &record));
        if (!record.begin)
            break;
        COR_TRY(take_record(w, &record));
    }
    *done = end;
    return w->stop ? COR_OK : ingest_work_look_up(w);
}
