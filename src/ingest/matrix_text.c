/* How delimited files are written that hold a matrix: rank 0 looks at their
   beginnings and tells the others. */
#include "matrix_text.h"

#include "coracle/memory.h"
#include "head.h"

#include <string.h>
#include <strings.h>

enum { FIELDS_LIMIT = 1 << 20 };

void matrix_text_close(matrix_text *text)
{
    ingest_input_close(&text->in);
    ingest_choice_free(&text->choice);
    cor_ids_free(&text->name);
    cor_free(text->mark);
    *text = (matrix_text){0};
}

int64_t matrix_text_estimate(const matrix_text *text)
{
    const ingest_input *in = &text->in;
    double rows = 0;
    for (int f = 0; f < in->files; f++)
        rows +=
            (double)(in->base[f + 1] - in->base[f]) / in->layout[f].row_bytes;
    return (int64_t)rows + 1;
}

bool matrix_text_is_missing(const char *begin, const char *end)
{
    static const char *const word[] = {"",     "nan",  "na",  "n/a",
                                       "null", "none", "inf", "infinity"};
    if (begin < end && (*begin == '-' || *begin == '+'))
        begin++;
    size_t length = (size_t)(end - begin);
    for (size_t i = 0; i < sizeof word / sizeof *word; i++)
        if (strlen(word[i]) == length &&
            strncasecmp(word[i], begin, length) == 0)
            return true;
    return false;
}

/* What stands where a number is missing is a text, but names no column. */
static bool is_name(const cor_cell *cell)
{
    double number;
    const char *begin = cell->begin, *end = cell->end;
    matrix_text_trim(&begin, &end);
    return !cor_text_double(begin, end, &number) &&
           !matrix_text_is_missing(begin, end);
}

/* A first line is a header where all of it are names, or where one of them
   stands above a number. */
int matrix_text_find_header(const ingest_head *head, const cor_dialect *dialect,
                            bool *header)
{
    cor_cells row = {.cell = head->cell, .capacity = head->fields_limit};
    bool *name = NULL;
    *header = false;
    if (!cor_cells_scan(dialect, head->begin, head->end, &row) ||
        row.count > head->fields_limit)
        return COR_OK; /* it is taken apart again, with a message */
    int32_t fields = row.count, names = 0;
    COR_TRY(COR_NEW(&name, fields));
    for (int32_t f = 0; f < fields; f++)
        names += name[f] = is_name(&head->cell[f]);
    *header = names == fields;
    if (!*header && cor_cells_scan(dialect, row.next, head->end, &row))
        for (int32_t f = 0; f < fields && f < row.count; f++)
            *header |= name[f] && !is_name(&head->cell[f]);
    cor_free(name);
    return COR_OK;
}

int matrix_text_take_names(const ingest_head *head, const ingest_choice *choice,
                           cor_ids *name)
{
    int64_t width = 1;
    for (int64_t c = 0; c < choice->columns; c++) {
        const cor_cell *cell = &head->cell[choice->field[c]];
        int64_t length = cell->end - cell->begin;
        if (length > COR_ID_LIMIT || !cor_text_is_utf8(cell->begin, cell->end))
            return cor_fail(COR_EDATA,
                            "%s:1: the name of column %lld is not UTF-8 text "
                            "of at most %d bytes",
                            head->file->path, (long long)choice->field[c] + 1,
                            COR_ID_LIMIT);
        width = length > width ? length : width;
    }
    *name = (cor_ids){.total = choice->columns,
                      .count = choice->columns,
                      .text = true,
                      .width = width};
    COR_TRY(cor_allocate_zeroed(&name->bytes, choice->columns, (size_t)width,
                                "names of columns"));
    for (int64_t c = 0; c < choice->columns; c++) {
        const cor_cell *cell = &head->cell[choice->field[c]];
        memcpy(name->bytes + c * width, cell->begin,
               (size_t)(cell->end - cell->begin));
    }
    return COR_OK;
}

/* Later files must have the columns of the first. */
static int check_alike(const ingest_head *head, const ingest_layout *layout,
                       const matrix_text *text)
{
    const char *path = text->in.source[0].path;
    if (layout->fields != text->choice.fields)
        return cor_fail(COR_EDATA,
                        "%s has %d columns where %s has %lld: give tables of "
                        "the same columns",
                        head->file->path, layout->fields, path,
                        (long long)text->choice.fields);
    if (!layout->header || !text->name.total)
        return COR_OK;
    for (int64_t c = 0; c < text->choice.columns; c++) {
        const cor_cell *cell = &head->cell[text->choice.field[c]];
        char name[COR_ID_LIMIT + 1];
        cor_ids_print(&text->name, c, name, sizeof name);
        size_t length = (size_t)(cell->end - cell->begin);
        if (strlen(name) != length || memcmp(name, cell->begin, length) != 0)
            return cor_fail(COR_EDATA,
                            "%s:1: column %lld is \"%.*s\", and in %s it is "
                            "\"%s\": give tables of the same columns",
                            head->file->path,
                            (long long)text->choice.field[c] + 1, (int)length,
                            cell->begin, path, name);
    }
    return COR_OK;
}

static int look(ingest_head *head, const cor_ingest_matrix_options *options,
                matrix_text *text, ingest_layout *layout)
{
    enum cor_ingest_format format = ingest_head_format(head, options->format);
    cor_cells row;
    COR_TRY(ingest_head_dialect(head, format, options->delimiter,
                                &layout->dialect));
    layout->header = options->header == COR_HEADER_YES;
    if (options->header == COR_HEADER_AUTO)
        COR_TRY(
            matrix_text_find_header(head, &layout->dialect, &layout->header));
    COR_TRY(ingest_head_row(head, &layout->dialect, head->begin, &row));
    layout->fields = row.count;
    layout->begin = (layout->header ? row.next : head->begin) - head->buffer;
    /* a newline that was only thought of does not count */
    if (layout->begin > head->file->size)
        layout->begin = head->file->size;
    layout->row_bytes = ingest_head_row_bytes(head, layout->begin);
    if (text->choice.fields)
        return check_alike(head, layout, text);
    COR_TRY(ingest_choice_make(options->columns, head->file->path,
                               layout->header ? row.cell : NULL, row.count,
                               &text->choice));
    return layout->header
               ? matrix_text_take_names(head, &text->choice, &text->name)
               : COR_OK;
}

static int look_at_files(const char *const *file,
                         const cor_ingest_matrix_options *options,
                         matrix_text *text)
{
    ingest_input *in = &text->in;
    for (int f = 0; f < in->files; f++) {
        COR_TRY(cor_source_find(file[f], &in->source[f]));
        ingest_head head = {.file = &in->source[f],
                            .rows = "rows",
                            .bytes_limit = ROW_LIMIT,
                            .fields_limit = FIELDS_LIMIT};
        int rc = ingest_head_read(&head);
        if (rc == COR_OK)
            rc = look(&head, options, text, &in->layout[f]);
        ingest_head_free(&head);
        COR_TRY(rc);
    }
    return COR_OK;
}

static int share_names(const cor_team *team, cor_ids *name)
{
    int rc = COR_OK;
    char *bytes = name->bytes;
    cor_team_share(team, name, sizeof *name, 0);
    name->bytes = bytes;
    if (cor_team_rank(team) != 0)
        rc = cor_allocate(&name->bytes, name->count, (size_t)name->width,
                          "names of columns");
    COR_TRY(cor_agree(team, rc));
    cor_team_share(team, name->bytes, name->count * name->width, 0);
    return COR_OK;
}

int matrix_text_open(const cor_team *team, const char *const *file, int files,
                     const cor_ingest_matrix_options *options,
                     matrix_text *text)
{
    *text = (matrix_text){.in = {.files = files}};
    int rc = COR_NEW_ZEROED(&text->in.source, files);
    if (rc == COR_OK)
        rc = COR_NEW_ZEROED(&text->in.layout, files);
    if (rc == COR_OK)
        rc = COR_NEW_ZEROED(&text->in.base, files + 1);
    if (rc == COR_OK && cor_team_rank(team) == 0)
        rc = look_at_files(file, options, text);
    COR_TRY(cor_agree(team, rc));
    ingest_input_share(team, file, &text->in);
    COR_TRY(ingest_choice_share(team, &text->choice));
    return share_names(team, &text->name);
}
