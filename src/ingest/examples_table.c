/* How CSV with examples is written: what separates fields, whether the first
   line names them, and which is the label. */
#include "coracle/memory.h"
#include "examples_input.h"
#include "head.h"
#include "matrix_text.h"

#include <string.h>

enum { FIELDS_LIMIT = 1 << 20 };

/* As ingest_head_read, of files that may be packed. */
static int read_head(const cor_source *file, ingest_head *head)
{
    int64_t bytes = 0;
    enum cor_decode_kind kind;
    COR_TRY(cor_allocate(&head->buffer, head->bytes_limit + 1, 1,
                         "beginning of a file"));
    COR_TRY(COR_NEW(&head->cell, head->fields_limit));
    COR_TRY(
        example_unpack(file, head->buffer, head->bytes_limit, &bytes, &kind));
    if (bytes < head->bytes_limit) /* the last newline may be missing */
        head->buffer[bytes++] = '\n';
    head->begin = head->buffer;
    head->end = head->buffer + bytes;
    if (bytes >= 3 && memcmp(head->begin, "\xef\xbb\xbf", 3) == 0)
        head->begin += 3;
    for (char *p = head->begin; p < head->end && strchr(" \t\r\n", *p); p++)
        if (*p == '\n')
            head->begin = p + 1; /* blank lines are passed over */
    if (head->begin == head->end)
        return cor_fail(COR_EDATA, "%s has no rows: it is empty", file->path);
    while (head->end > head->begin && head->end[-1] != '\n')
        head->end--;
    return COR_OK;
}

/* The column of the label: a name of the header, or a position. */
static int find_label(const cor_ingest_examples_options *options,
                      const char *path, bool header, const cor_cells *row,
                      int32_t *label)
{
    int64_t position;
    const char *name = options->label;
    size_t length = strlen(name);
    for (int32_t f = 0; header && f < row->count; f++)
        if ((size_t)(row->cell[f].end - row->cell[f].begin) == length &&
            memcmp(row->cell[f].begin, name, length) == 0) {
            *label = f;
            return COR_OK;
        }
    if (cor_text_int64(name, name + length, &position) && position >= 1 &&
        position <= row->count) {
        *label = (int32_t)position - 1;
        return COR_OK;
    }
    return cor_fail(COR_EDATA,
                    "%s has no column \"%s\" for the label: give --label a "
                    "name of its header, or a position from 1 to %d",
                    path, name, row->count);
}

/* The names of all columns but the label. */
static int take_names(const ingest_head *head, const example_table *table,
                      cor_ids *name)
{
    ingest_choice others = {.columns = table->fields - 1};
    COR_TRY(COR_NEW(&others.field, others.columns));
    int64_t at = 0;
    for (int32_t f = 0; f < table->fields; f++)
        if (f != table->label)
            others.field[at++] = f;
    int rc = matrix_text_take_names(head, &others, name);
    ingest_choice_free(&others);
    return rc;
}

/* Later files must have the columns of the first. */
static int check_alike(const char *path, const cor_cells *row, bool header,
                       int32_t label, const example_input *in)
{
    if (row->count != in->table.fields || label != in->table.label)
        return cor_fail(COR_EDATA,
                        "%s has %d columns, the label the %d., where %s has "
                        "%d and the %d.: give files of the same columns",
                        path, row->count, label + 1, in->path[0],
                        in->table.fields, in->table.label + 1);
    for (int32_t f = 0; header && in->name.total && f < row->count; f++) {
        int64_t at = f - (f > label), width = in->name.width;
        const cor_cell *cell = &row->cell[f];
        size_t length = (size_t)(cell->end - cell->begin);
        if (f == label)
            continue;
        const char *name = in->name.bytes + at * width;
        if (strnlen(name, (size_t)width) != length ||
            memcmp(name, cell->begin, length) != 0)
            return cor_fail(COR_EDATA,
                            "%s:1: column %d is \"%.*s\", which is not its "
                            "name in %s: give files of the same columns",
                            path, f + 1, (int)length, cell->begin, in->path[0]);
    }
    return COR_OK;
}

static int look(const cor_ingest_examples_options *options, ingest_head *head,
                int f, example_input *in)
{
    const char *path = in->path[f];
    cor_cells row;
    cor_dialect *dialect = &in->table.dialect;
    bool header = options->header == COR_HEADER_YES;
    int32_t label = 0;
    if (f == 0)
        COR_TRY(ingest_head_dialect(head, COR_FORMAT_CSV, options->delimiter,
                                    dialect));
    if (options->header == COR_HEADER_AUTO)
        COR_TRY(matrix_text_find_header(head, dialect, &header));
    COR_TRY(ingest_head_row(head, dialect, head->begin, &row));
    COR_TRY(find_label(options, path, header, &row, &label));
    in->header[f] = header ? head->begin - head->buffer : -1;
    if (f > 0)
        return check_alike(path, &row, header, label, in);
    in->table.fields = row.count;
    in->table.label = label;
    return header ? take_names(head, &in->table, &in->name) : COR_OK;
}

int example_table_find(const cor_ingest_examples_options *options, int f,
                       example_input *in)
{
    ingest_head head = {.file = &in->source[f],
                        .rows = "rows",
                        .bytes_limit = ROW_LIMIT,
                        .fields_limit = FIELDS_LIMIT};
    int rc = read_head(&in->source[f], &head);
    if (rc == COR_OK)
        rc = look(options, &head, f, in);
    ingest_head_free(&head);
    return rc;
}
