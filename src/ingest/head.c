#include "head.h"

#include "coracle/memory.h"
#include "coracle/records.h"

#include <string.h>

/* Bytes that hold the first lines of most files. */
enum { FIRST = 1 << 18 };

void ingest_head_free(ingest_head *head)
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
    return cor_fail(COR_EDATA, "%s has no %s: it is empty", head->file->path,
                    head->rows);
}

static bool has_two_lines(const char *p, int64_t bytes)
{
    const char *end = p + bytes, *newline = memchr(p, '\n', (size_t)bytes);
    return newline && memchr(newline + 1, '\n', (size_t)(end - newline - 1));
}

/* How the file is packed, by its first bytes. */
static int find_packing(ingest_head *head, int fd)
{
    char magic[8];
    int64_t bytes = head->file->size;
    if (bytes > (int64_t)sizeof magic)
        bytes = sizeof magic;
    head->packed = COR_DECODE_PLAIN;
    head->size = head->file->size;
    head->unpacked = 1;
    if (!head->any_form)
        return COR_OK;
    COR_TRY(cor_source_read(head->file, fd, 0, bytes, magic));
    head->packed = cor_decode_kind_of(magic, bytes);
    if (head->packed != COR_DECODE_PLAIN)
        head->size = INT64_MAX;
    return COR_OK;
}

/* Bytes [have, want) of the text, or up to its end. */
static int read_more(ingest_head *head, int fd, cor_decode *stream,
                     int64_t have, int64_t *want)
{
    int64_t got = *want - have;
    char *to = head->buffer + have;
    if (!stream)
        return cor_source_read(head->file, fd, have, got, to);
    COR_TRY(cor_decode_read(stream, to, got, &got));
    if (got < *want - have)
        head->size = have + got;
    *want = have + got;
    return COR_OK;
}

/* Read more of the beginning until it holds two lines, or the limit is met. */
static int read_bytes(ingest_head *head, int fd, cor_decode *stream,
                      int64_t *bytes)
{
    int64_t have = 0;
    for (int64_t want = FIRST; have < head->size; want *= 4) {
        want = want < head->bytes_limit ? want : head->bytes_limit;
        want = want < head->size ? want : head->size;
        COR_TRY(cor_reallocate(&head->buffer, have, want + 1, 1,
                               "beginning of a file"));
        int64_t end = want;
        COR_TRY(read_more(head, fd, stream, have, &end));
        have = end;
        if (have == head->bytes_limit || has_two_lines(head->buffer, have))
            break;
    }
    *bytes = have;
    return COR_OK;
}

static int read_beginning(ingest_head *head, int fd, int64_t *bytes)
{
    cor_decode *stream = NULL;
    COR_TRY(find_packing(head, fd));
    if (head->packed != COR_DECODE_PLAIN)
        COR_TRY(cor_decode_open(head->file, head->packed, &stream));
    int rc = read_bytes(head, fd, stream, bytes);
    if (stream && rc == COR_OK)
        head->unpacked =
            (double)*bytes / (double)(cor_decode_consumed(stream) + 1);
    cor_decode_close(&stream);
    return rc;
}

/* Find the whole lines of what was read. */
static int find_lines(ingest_head *head, int64_t bytes)
{
    COR_TRY(fail_binary(head, bytes));
    if (bytes == head->size && bytes > 0 && head->buffer[bytes - 1] != '\n')
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

int ingest_head_read(ingest_head *head)
{
    int fd;
    int64_t bytes = 0;
    COR_TRY(cor_allocate(&head->buffer, 1, 1, "beginning of a file"));
    COR_TRY(cor_allocate(&head->cell, head->fields_limit, sizeof *head->cell,
                         "fields of a header"));
    COR_TRY(cor_source_open(head->file, &fd));
    int rc = read_beginning(head, fd, &bytes);
    cor_source_close(&fd);
    return rc == COR_OK ? find_lines(head, bytes) : rc;
}

/* Whatever the file is packed with. */
static bool ends_with(const ingest_head *head, const char *ending)
{
    const char *path = head->file->path;
    size_t tail = strlen(ending), length = strlen(path);
    if (head->packed != COR_DECODE_PLAIN)
        length = cor_records_plain_length(path);
    return length >= tail && memcmp(path + length - tail, ending, tail) == 0;
}

/* JSON by its ending or its first byte. */
static bool is_json(const ingest_head *head)
{
    return head->any_form &&
           (ends_with(head, ".jsonl") || ends_with(head, ".ndjson") ||
            ends_with(head, ".json") || *head->begin == '{');
}

enum cor_ingest_format ingest_head_format(const ingest_head *head,
                                          enum cor_ingest_format asked)
{
    if (asked != COR_FORMAT_AUTO)
        return asked;
    if (ends_with(head, ".inter") || ends_with(head, ".item"))
        return COR_FORMAT_INTER;
    if (ends_with(head, ".dat"))
        return COR_FORMAT_DAT;
    if (ends_with(head, ".tsv") || ends_with(head, ".tab"))
        return COR_FORMAT_TSV;
    if (ends_with(head, ".csv"))
        return COR_FORMAT_CSV;
    if (is_json(head))
        return COR_FORMAT_JSONL;
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

int ingest_head_dialect(const ingest_head *head, enum cor_ingest_format format,
                        const char *separator, cor_dialect *dialect)
{
    static const char *const csv[] = {",", ";", "\t", "|", " ", NULL};
    static const char *const dat[] = {"::", "\t", NULL};
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

int ingest_head_row(const ingest_head *head, const cor_dialect *dialect,
                    char *p, cor_cells *row)
{
    *row = (cor_cells){.cell = head->cell, .capacity = head->fields_limit};
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
                        head->file->path, (int)(head->bytes_limit / 1024));
    }
    if (row->count > head->fields_limit)
        return cor_fail(COR_EDATA,
                        "%s:1: the first line has %d fields, the "
                        "most is %d; is the delimiter right?",
                        head->file->path, row->count, head->fields_limit);
    for (int32_t f = 0; f < row->count; f++)
        cor_cell_unquote(&row->cell[f]);
    return COR_OK;
}

double ingest_head_row_bytes(const ingest_head *head, int64_t begin)
{
    char *p = head->buffer + begin;
    int64_t rows = 0, bytes = head->end - p;
    while (p < head->end && (p = memchr(p, '\n', (size_t)(head->end - p)))) {
        rows++;
        p++;
    }
    return rows > 0 ? (double)bytes / (double)rows : 16;
}
