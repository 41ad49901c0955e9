/* What the beginning of a file tells. */
#include "layout.h"

#include "forms.h"
#include "head.h"

#include "coracle/memory.h"

#include <stdio.h>

enum { HEAD = 1 << 18, FIELDS_LIMIT = 1 << 16 };

static bool any_number(const cor_cells *row)
{
    double number;
    for (int32_t f = 0; f < row->count; f++)
        if (cor_text_double(row->cell[f].begin, row->cell[f].end, &number))
            return true;
    return false;
}

/* Where nothing is known: a first line without any number above one with a
   number is a header. */
static bool looks_like_header(const ingest_head *head,
                              const cor_dialect *dialect,
                              const ingest_wanted *wanted,
                              const cor_cells *first)
{
    if (ingest_wanted_by_name(wanted) ||
        ingest_columns_known(wanted, first->cell, first->count))
        return true;
    if (any_number(first))
        return false;
    cor_cell *cell = NULL;
    cor_cells second = {.capacity = FIELDS_LIMIT};
    if (cor_allocate(&cell, FIELDS_LIMIT, sizeof *cell, "fields") != COR_OK)
        return false;
    second.cell = cell;
    bool header = cor_cells_scan(dialect, first->next, head->end, &second) &&
                  second.count <= FIELDS_LIMIT && any_number(&second);
    cor_free(cell);
    return header;
}

/* RecBole writes the type behind the name: user_id:token. */
static void cut_types(cor_cells *row)
{
    for (int32_t f = 0; f < row->count; f++) {
        cor_cell *c = &row->cell[f];
        char *colon = memchr(c->begin, ':', (size_t)(c->end - c->begin));
        if (colon)
            c->end = colon;
    }
}

/* The type behind a name that was cut; no other than `float` is a number. */
static int32_t kind_of_type(const cor_cell *name)
{
    static const char type[] = ":float";
    size_t length = strcspn(name->end, "\t\r\n");
    if (*name->end != ':')
        return KEPT_GUESS;
    return length == strlen(type) && memcmp(name->end, type, length) == 0
               ? KEPT_NUMBER
               : KEPT_CATEGORY;
}

/* What kept columns hold is said by the user, or else by a typed header. */
static void take_types(const cor_cells *header, const ingest_wanted *wanted,
                       ingest_layout *layout)
{
    for (int32_t k = 0; k < wanted->kept; k++)
        if (layout->kind[k] == KEPT_GUESS)
            layout->kind[k] =
                kind_of_type(&header->cell[layout->field[ROLE_KEPT + k]]);
}

/* Whether the first row's ids are integers, and what is kept numbers. */
static void hint_texts(const ingest_head *head, const ingest_wanted *wanted,
                       ingest_layout *layout)
{
    cor_cells row = {.cell = head->cell, .capacity = FIELDS_LIMIT};
    if (!cor_cells_scan(&layout->dialect, head->buffer + layout->begin,
                        head->end, &row))
        return;
    for (int role = ROLE_USER; role <= ROLE_ITEM; role++) {
        int32_t f = layout->field[role];
        int64_t id;
        layout->text[role] =
            f >= 0 && f < row.count && f < FIELDS_LIMIT &&
            !cor_text_int64(row.cell[f].begin, row.cell[f].end, &id);
    }
    for (int32_t k = 0; k < wanted->kept; k++) {
        int32_t f = layout->field[ROLE_KEPT + k];
        layout->text[SIDE_KEPT + k] =
            layout->kind[k] == KEPT_CATEGORY ||
            (layout->kind[k] == KEPT_GUESS && f < row.count &&
             !ingest_text_is_number(row.cell[f].begin, row.cell[f].end));
    }
}

/* A file without a header may follow one that has it. */
static int take_over(const ingest_head *head, const ingest_wanted *wanted,
                     const ingest_layout *first, int32_t fields,
                     ingest_layout *layout)
{
    if (!first || !first->header || first->form != FORM_ROWS)
        return ingest_columns_find(wanted, head->file->path, NULL, fields,
                                   layout);
    if (fields != first->fields)
        return cor_fail(COR_EDATA,
                        "%s:1: %d fields where the first file has "
                        "%d; give files of one kind",
                        head->file->path, fields, first->fields);
    memcpy(layout->field, first->field, sizeof layout->field);
    memcpy(layout->name, first->name, sizeof layout->name);
    memcpy(layout->kind, first->kind, sizeof layout->kind);
    return COR_OK;
}

static int find(ingest_head *head, const cor_ingest_options *options,
                const ingest_wanted *wanted, const ingest_layout *first,
                ingest_layout *layout)
{
    enum cor_ingest_format format = ingest_head_format(head, options->format);
    enum cor_ingest_header header = options->header;
    cor_cells row;
    if (format == COR_FORMAT_JSONL)
        return ingest_json_layout(head, wanted, first, layout);
    if (format == COR_FORMAT_LISTS)
        return ingest_lists_layout(head, options, wanted, layout);
    COR_TRY(ingest_head_dialect(head, format, options->delimiter,
                                &layout->dialect));
    COR_TRY(ingest_head_row(head, &layout->dialect, head->begin, &row));
    if (format == COR_FORMAT_INTER && header == COR_HEADER_AUTO)
        header = COR_HEADER_YES;
    if (format == COR_FORMAT_INTER && header == COR_HEADER_YES)
        cut_types(&row);
    layout->header = header == COR_HEADER_YES ||
                     (header == COR_HEADER_AUTO &&
                      looks_like_header(head, &layout->dialect, wanted, &row));
    layout->fields = row.count;
    layout->begin = (layout->header ? row.next : head->begin) - head->buffer;
    /* a newline that was only thought of does not count */
    if (layout->begin > head->size)
        layout->begin = head->size;
    if (layout->header)
        COR_TRY(ingest_columns_find(wanted, head->file->path, row.cell,
                                    row.count, layout));
    else
        COR_TRY(take_over(head, wanted, first, row.count, layout));
    if (layout->header && format == COR_FORMAT_INTER)
        take_types(&row, wanted, layout);
    layout->row_bytes = ingest_head_row_bytes(head, layout->begin);
    hint_texts(head, wanted, layout);
    return COR_OK;
}

int ingest_layout_find(const cor_source *file,
                       const cor_ingest_options *options,
                       const ingest_wanted *wanted, const ingest_layout *first,
                       ingest_layout *layout)
{
    ingest_head head = {.file = file,
                        .rows = "interactions",
                        .bytes_limit = HEAD,
                        .fields_limit = FIELDS_LIMIT,
                        .any_form = true};
    memset(layout, 0, sizeof *layout);
    int rc = ingest_head_read(&head);
    if (rc == COR_OK)
        rc = find(&head, options, wanted, first, layout);
    layout->packed = (int32_t)head.packed;
    layout->row_bytes /= head.unpacked > 0 ? head.unpacked : 1;
    ingest_head_free(&head);
    return rc;
}
