/* What the beginning of a file tells. */
#include "layout.h"

#include "coracle/memory.h"

#include <stdio.h>

enum { HEAD = 1 << 18, FIELDS_LIMIT = 1 << 16 };

/* The beginning of a file while it is looked at. */
typedef struct ingest_head {
    const cor_source *file;
    char *buffer;
    char *begin; /* first byte that is not a byte order mark or blank line */
    char *end;   /* after the last whole line */
    cor_cell *cell;
} ingest_head;

static void head_free(ingest_head *head)
{
    cor_free(head->buffer);
    cor_free(head->cell);
}

static int fail_binary(const ingest_head *head, int64_t bytes)
{
    static const struct {
        const char *magic, *kind;
    } known[] = {{"\x1f\x8b", "gzip"},
                 {"BZh", "bzip2"},
                 {"\x28\xb5\x2f\xfd", "zstd"},
                 {"\xfd"
                  "7zXZ",
                  "xz"},
                 {"PK\x03\x04", "zip"},
                 {"\x89HDF", "HDF5"},
                 {"\xff\xfe", "UTF-16 text"},
                 {"\xfe\xff", "UTF-16 text"}};
    const char *path = head->file->path;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        int64_t length = (int64_t)strlen(known[i].magic);
        if (bytes >= length &&
            memcmp(head->buffer, known[i].magic, (size_t)length) == 0)
            return cor_fail(COR_EDATA,
                            "%s is a %s file; convert it to plain "
                            "UTF-8 text first",
                            path, known[i].kind);
    }
    const char *zero = memchr(head->buffer, 0, (size_t)bytes);
    if (zero)
        return cor_fail(COR_EDATA,
                        "%s is a binary file (byte %lld is zero); "
                        "delimited text is needed",
                        path, (long long)(zero - head->buffer + 1));
    return COR_OK;
}

static int fail_empty(const ingest_head *head)
{
    return cor_fail(COR_EDATA, "%s has no interactions: it is empty",
                    head->file->path);
}

/* Read the beginning and find its whole lines. */
static int head_read(const cor_source *file, ingest_head *head)
{
    int64_t bytes = file->size < HEAD ? file->size : HEAD;
    int fd;
    *head = (struct ingest_head){.file = file};
    COR_TRY(cor_allocate(&head->buffer, bytes + 1, 1, "beginning of a file"));
    COR_TRY(cor_allocate(&head->cell, FIELDS_LIMIT, sizeof *head->cell,
                         "fields of a header"));
    COR_TRY(cor_source_open(file, &fd));
    int rc = cor_source_read(file, fd, 0, bytes, head->buffer);
    cor_source_close(&fd);
    COR_TRY(rc);
    COR_TRY(fail_binary(head, bytes));
    if (bytes == file->size && bytes > 0 && head->buffer[bytes - 1] != '\n')
        head->buffer[bytes++] = '\n';
    head->begin = head->buffer;
    head->end = head->buffer + bytes;
    if (bytes >= 3 && memcmp(head->begin, "\xef\xbb\xbf", 3) == 0)
        head->begin += 3;
    while (head->begin < head->end &&
           (*head->begin == '\n' || *head->begin == '\r'))
        head->begin++;
    if (head->begin == head->end)
        return fail_empty(head);
    while (head->end > head->begin && head->end[-1] != '\n')
        head->end--;
    return COR_OK;
}

static bool ends_with(const char *path, const char *ending)
{
    size_t length = strlen(path), tail = strlen(ending);
    return length >= tail && strcmp(path + length - tail, ending) == 0;
}

static enum cor_ingest_format format_of(const ingest_head *head,
                                        enum cor_ingest_format asked)
{
    const char *path = head->file->path;
    if (asked != COR_FORMAT_AUTO)
        return asked;
    if (ends_with(path, ".inter") || ends_with(path, ".item"))
        return COR_FORMAT_INTER;
    if (ends_with(path, ".dat"))
        return COR_FORMAT_DAT;
    if (ends_with(path, ".tsv") || ends_with(path, ".tab"))
        return COR_FORMAT_TSV;
    if (ends_with(path, ".csv"))
        return COR_FORMAT_CSV;
    const char *stop =
        memchr(head->begin, '\n', (size_t)(head->end - head->begin));
    for (const char *p = head->begin; stop && p < stop; p++) {
        if (p[0] == ':' && p[1] == ':')
            return COR_FORMAT_DAT;
        if (*p == '\t')
            return COR_FORMAT_TSV;
    }
    return COR_FORMAT_CSV;
}

/* The separators that a first line may show, the likely ones first. */
static const char *separator_in(const ingest_head *head,
                                const char *const *likely)
{
    const char *stop =
        memchr(head->begin, '\n', (size_t)(head->end - head->begin));
    for (int i = 0; stop && likely[i]; i++) {
        size_t length = strlen(likely[i]);
        for (const char *p = head->begin; p + length <= stop; p++)
            if (memcmp(p, likely[i], length) == 0)
                return likely[i];
    }
    return likely[0];
}

static int find_dialect(const ingest_head *head,
                        const cor_ingest_options *options,
                        enum cor_ingest_format format, cor_dialect *dialect)
{
    static const char *const csv[] = {",", ";", "\t", "|", NULL};
    static const char *const dat[] = {"::", "\t", NULL};
    const char *separator = options->delimiter;
    if (separator &&
        (strcmp(separator, "tab") == 0 || strcmp(separator, "\\t") == 0))
        separator = "\t";
    if (!separator && format == COR_FORMAT_CSV)
        separator = separator_in(head, csv);
    if (!separator && format == COR_FORMAT_DAT)
        separator = separator_in(head, dat);
    if (!separator)
        separator = "\t";
    size_t length = strlen(separator);
    if (length < 1 || length >= COR_SEPARATOR_SIZE ||
        strpbrk(separator, "\r\n\""))
        return cor_fail(COR_EUSAGE,
                        "--delimiter must be 1 to %d bytes without "
                        "quotes and newlines",
                        COR_SEPARATOR_SIZE - 1);
    memset(dialect, 0, sizeof *dialect);
    memcpy(dialect->separator, separator, length);
    dialect->length = (int32_t)length;
    dialect->quotes =
        length == 1 && (format == COR_FORMAT_CSV || format == COR_FORMAT_TSV);
    return COR_OK;
}

/* Take apart the row at p; `next` is the first byte after it. */
static int head_row(const ingest_head *head, const cor_dialect *dialect,
                    char *p, cor_cells *row)
{
    *row = (cor_cells){.cell = head->cell, .capacity = FIELDS_LIMIT};
    if (!cor_cells_scan(dialect, p, head->end, row)) {
        if (row->open)
            return cor_fail(COR_EDATA,
                            "%s:1: a quoted field that begins in "
                            "the first lines is never closed; add "
                            "the closing quote",
                            head->file->path);
        return cor_fail(COR_EDATA,
                        "%s:1: the first line is longer than %d "
                        "KiB; is this delimited text?",
                        head->file->path, HEAD / 1024);
    }
    if (row->count > FIELDS_LIMIT)
        return cor_fail(COR_EDATA,
                        "%s:1: the first line has %d fields, the "
                        "most is %d; is the delimiter right?",
                        head->file->path, row->count, FIELDS_LIMIT);
    for (int32_t f = 0; f < row->count; f++)
        cor_cell_unquote(&row->cell[f]);
    return COR_OK;
}

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

static void measure_rows(const ingest_head *head, ingest_layout *layout)
{
    char *p = head->buffer + layout->begin;
    int64_t rows = 0, bytes = head->end - p;
    while (p < head->end && (p = memchr(p, '\n', (size_t)(head->end - p)))) {
        rows++;
        p++;
    }
    layout->row_bytes = rows > 0 ? (double)bytes / (double)rows : 16;
}

/* Whether the first row's ids are integers. */
static void hint_ids(const ingest_head *head, ingest_layout *layout)
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
}

/* A file without a header may follow one that has it. */
static int take_over(const ingest_head *head, const ingest_wanted *wanted,
                     const ingest_layout *first, int32_t fields,
                     ingest_layout *layout)
{
    if (!first || !first->header)
        return ingest_columns_find(wanted, head->file->path, NULL, fields,
                                   layout);
    if (fields != first->fields)
        return cor_fail(COR_EDATA,
                        "%s:1: %d fields where the first file has "
                        "%d; give files of one kind",
                        head->file->path, fields, first->fields);
    memcpy(layout->field, first->field, sizeof layout->field);
    memcpy(layout->name, first->name, sizeof layout->name);
    return COR_OK;
}

static int find(ingest_head *head, const cor_ingest_options *options,
                const ingest_wanted *wanted, const ingest_layout *first,
                ingest_layout *layout)
{
    enum cor_ingest_format format = format_of(head, options->format);
    enum cor_ingest_header header = options->header;
    cor_cells row;
    COR_TRY(find_dialect(head, options, format, &layout->dialect));
    COR_TRY(head_row(head, &layout->dialect, head->begin, &row));
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
    if (layout->begin > head->file->size)
        layout->begin = head->file->size;
    if (layout->header)
        COR_TRY(ingest_columns_find(wanted, head->file->path, row.cell,
                                    row.count, layout));
    else
        COR_TRY(take_over(head, wanted, first, row.count, layout));
    measure_rows(head, layout);
    hint_ids(head, layout);
    return COR_OK;
}

int ingest_layout_find(const cor_source *file,
                       const cor_ingest_options *options,
                       const ingest_wanted *wanted, const ingest_layout *first,
                       ingest_layout *layout)
{
    ingest_head head;
    memset(layout, 0, sizeof *layout);
    int rc = head_read(file, &head);
    if (rc == COR_OK)
        rc = find(&head, options, wanted, first, layout);
    head_free(&head);
    return rc;
}
