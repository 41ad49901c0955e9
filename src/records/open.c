/* What the beginnings of the files tell; rank 0 looks and shares it. */
#include "coracle/memory.h"
#include "reader.h"

#include <stdio.h>

enum { HEAD = 1 << 20, COLUMNS_LIMIT = 1 << 16 };
/* A window fits into the second-level cache of a core, where it is read three
   times as fast as through memory. With very many slots their exchanges are
   what counts. */
#define BLOCK_MOST (INT64_C(1) << 19)
#define BLOCK_MANY (INT64_C(1) << 22)
#define BLOCK_LEAST (INT64_C(1) << 14)
enum { MANY_SLOTS = 256 };

/* ---- endings ---- */

static bool ends_with(const char *path, size_t length, const char *ending)
{
    size_t tail = strlen(ending);
    return length > tail && memcmp(path + length - tail, ending, tail) == 0;
}

size_t cor_records_plain_length(const char *path)
{
    static const char *const packed[] = {".gz", ".zst", ".zstd"};
    size_t length = strlen(path);
    for (size_t i = 0; i < sizeof packed / sizeof *packed; i++)
        if (ends_with(path, length, packed[i]))
            return length - strlen(packed[i]);
    return length;
}

static bool is_tabbed(const char *path)
{
    size_t length = cor_records_plain_length(path);
    return ends_with(path, length, ".tsv") || ends_with(path, length, ".tab");
}

static enum cor_records_format format_of(const char *path)
{
    size_t length = cor_records_plain_length(path);
    if (is_tabbed(path) || ends_with(path, length, ".csv"))
        return COR_RECORDS_CSV;
    if (ends_with(path, length, ".jsonl") || ends_with(path, length, ".json") ||
        ends_with(path, length, ".ndjson"))
        return COR_RECORDS_JSONL;
    return COR_RECORDS_AUTO;
}

static int find_format(cor_records *r)
{
    r->format = r->options.format;
    for (int f = 0; f < r->files && !r->options.format; f++) {
        const char *path = r->file[f].source.path;
        enum cor_records_format format = format_of(path);
        if (format == COR_RECORDS_AUTO)
            return cor_fail(COR_EUSAGE,
                            "the ending of %s says nothing of its records: "
                            "give --format jsonl or --format csv",
                            path);
        if (f > 0 && format != r->format)
            return cor_fail(COR_EDATA,
                            "%s and %s hold records of two kinds: give files "
                            "of one kind",
                            r->file[0].source.path, path);
        r->format = format;
    }
    return COR_OK;
}

/* ---- beginnings ---- */

/* The first bytes of a file's text. */
typedef struct head {
    const records_file *file;
    char *text, *begin, *end; /* begin: behind a byte order mark */
} head;

static int head_read(records_file *file, head *h)
{
    int64_t got = 0;
    char magic[4];
    int64_t size = file->source.size < 4 ? file->source.size : 4;
    int fd = -1;
    COR_TRY(cor_source_open(&file->source, &fd));
    int rc = cor_source_read(&file->source, fd, 0, size, magic);
    cor_source_close(&fd);
    COR_TRY(rc);
    file->kind = cor_decode_kind_of(magic, size);
    cor_decode *stream = NULL;
    COR_TRY(cor_decode_open(&file->source, file->kind, &stream));
    rc = cor_decode_read(stream, h->text, HEAD, &got);
    cor_decode_close(&stream);
    h->file = file;
    h->begin = h->text;
    h->end = h->text + got;
    if (got >= 3 && memcmp(h->text, "\xef\xbb\xbf", 3) == 0)
        h->begin += 3;
    return rc;
}

/* Binary files that were named by mistake. */
static int check_text(const head *h)
{
    size_t length = (size_t)(h->end - h->begin);
    const char *zero = memchr(h->begin, 0, length);
    if (!zero)
        return COR_OK;
    return cor_fail(COR_EDATA,
                    "%s is no text: byte %lld is zero; lines of text in "
                    "UTF-8 are needed",
                    h->file->source.path, (long long)(zero - h->text + 1));
}

static int find_dialect(cor_records *r, const head *h, size_t line)
{
    static const char likely[] = ",;\t|";
    const char *given = r->options.delimiter;
    char separator = is_tabbed(h->file->source.path) ? '\t' : ',';
    for (const char *c = likely; !given && *c; c++)
        if (memchr(h->begin, *c, line)) {
            separator = *c;
            break;
        }
    if (given && (strcmp(given, "tab") == 0 || strcmp(given, "\\t") == 0))
        given = "\t";
    if (given && (strlen(given) != 1 || strchr("\r\n\"", *given)))
        return cor_fail(COR_EUSAGE, "--delimiter must be one byte, no quote "
                                    "and no newline, or \"tab\"");
    r->dialect.separator[0] = given ? *given : separator;
    r->dialect.length = 1;
    r->dialect.quotes = true;
    return COR_OK;
}

/* The header of a file: [h->begin, *end). */
static int find_header(const head *h, char **end)
{
    if (h->begin < h->end && (*h->begin == '\r' || *h->begin == '\n'))
        return cor_fail(COR_EDATA, "%s:1: the first line should be the header",
                        h->file->source.path);
    cor_dialect quoted = {.separator = ",", .length = 1, .quotes = true};
    enum cor_quote_state state = COR_AT_FIELD;
    *end = records_row_end(&quoted, &state, h->begin, h->end);
    if (*end)
        return COR_OK;
    if (h->begin == h->end)
        return cor_fail(COR_EDATA, "%s is empty; CSV begins with a header",
                        h->file->source.path);
    bool whole = h->end - h->text < HEAD;
    *end = h->end;
    return whole && state != COR_IN_QUOTES
               ? COR_OK
               : cor_fail(COR_EDATA, "%s:1: the header has no end%s",
                          h->file->source.path,
                          whole ? ": a quote is not closed" : " within 1 MiB");
}

/* Bytes of a line without its newline. */
static size_t bare(const char *begin, const char *end)
{
    while (end > begin && (end[-1] == '\n' || end[-1] == '\r'))
        end--;
    return (size_t)(end - begin);
}

/* The header of the first file is that of the output too. */
static int take_header(cor_records *r, head *h, records_file *file)
{
    char *end = h->end;
    COR_TRY(find_header(h, &end));
    file->begin = end - h->text;
    size_t length = bare(h->begin, end);
    if (r->header) {
        bool same = length == bare(r->header, r->header + r->header_bytes) &&
                    memcmp(r->header, h->begin, length) == 0;
        return same ? COR_OK
                    : cor_fail(COR_EDATA,
                               "the headers of %s and %s differ; give files "
                               "with the same columns",
                               r->file[0].source.path, file->source.path);
    }
    COR_TRY(find_dialect(r, h, length));
    r->header_bytes = end - h->begin;
    COR_TRY(cor_allocate(&r->header, r->header_bytes + 1, 1, "header"));
    memcpy(r->header, h->begin, (size_t)r->header_bytes);
    if (r->header[r->header_bytes - 1] != '\n')
        r->header[r->header_bytes++] = '\n';
    return COR_OK;
}

static int look_at(cor_records *r, records_file *file, head *h)
{
    const char *path = file->source.path;
    COR_TRY(cor_source_find(path, &file->source));
    COR_TRY(head_read(file, h));
    COR_TRY(check_text(h));
    r->streams |= file->kind != COR_DECODE_PLAIN;
    file->begin = h->begin - h->text;
    return r->format == COR_RECORDS_CSV ? take_header(r, h, file) : COR_OK;
}

static int look(cor_records *r)
{
    head h = {0};
    COR_TRY(cor_allocate(&h.text, HEAD, 1, "beginning of a file"));
    int rc = find_format(r);
    for (int f = 0; rc == COR_OK && f < r->files; f++)
        rc = look_at(r, &r->file[f], &h);
    cor_free(h.text);
    return rc;
}

/* ---- columns ---- */

/* The names of the columns, taken out of the header. */
static int name_columns(cor_records *r)
{
    cor_cells row = {.capacity = COLUMNS_LIMIT};
    COR_TRY(cor_allocate(&r->names, r->header_bytes + 1, 1, "names"));
    memcpy(r->names, r->header, (size_t)r->header_bytes);
    COR_TRY(COR_NEW(&row.cell, COLUMNS_LIMIT));
    int rc = COR_OK;
    if (!cor_cells_scan(&r->dialect, r->names, r->names + r->header_bytes,
                        &row) ||
        row.count > COLUMNS_LIMIT)
        rc = cor_fail(COR_EDATA, "%s:1: the header has more than %d columns",
                      r->file[0].source.path, COLUMNS_LIMIT);
    if (rc == COR_OK)
        rc = cor_allocate(&r->name, row.count, sizeof *r->name, "names");
    r->columns = rc == COR_OK ? row.count : 0;
    for (int32_t c = 0; c < r->columns; c++) {
        cor_cell_unquote(&row.cell[c]);
        *row.cell[c].end = '\0';
        r->name[c] = row.cell[c].begin;
    }
    cor_free(row.cell);
    return rc;
}

/* ---- sharing ---- */

/* Plain data of what rank 0 has found. */
typedef struct found {
    int32_t format;
    bool streams;
    cor_dialect dialect;
    int64_t header_bytes;
} found;

static int share(cor_records *r, const char *const *file)
{
    found f = {r->format, r->streams, r->dialect, r->header_bytes};
    cor_team_share(r->team, &f, sizeof f, 0);
    r->format = (enum cor_records_format)f.format;
    r->streams = f.streams;
    r->dialect = f.dialect;
    r->header_bytes = f.header_bytes;
    cor_team_share(r->team, r->file, (int64_t)sizeof *r->file * r->files, 0);
    for (int i = 0; i < r->files; i++)
        r->file[i].source.path = file[i];
    int rc = r->header ? COR_OK
                       : cor_allocate(&r->header, r->header_bytes, 1, "header");
    COR_TRY(cor_agree(r->team, rc));
    cor_team_share(r->team, r->header, r->header_bytes, 0);
    return COR_OK;
}

/* ---- windows ---- */

static void cut(cor_records *r)
{
    int64_t total = 0, threads = cor_team_threads(r->team);
    for (int f = 0; f < r->files; f++)
        total += r->file[f].source.size - r->file[f].begin;
    cor_team_max(r->team, &threads, 1);
    /* streams that give parts are written one after the other */
    r->slots = r->streams && r->options.parts ? 1 : (int)threads;
    int64_t slots = cor_team_size(r->team) * (int64_t)r->slots;
    int64_t share = total / slots + 1;
    int64_t most = slots < MANY_SLOTS ? BLOCK_MOST : BLOCK_MANY;
    r->block = share < BLOCK_LEAST ? BLOCK_LEAST : share;
    r->block = r->block > most ? most : r->block;
    if (r->options.block > 0)
        r->block = r->options.block;
    for (int f = 0; f < r->files; f++) {
        int64_t bytes = r->file[f].source.size - r->file[f].begin;
        r->file[f].first_window = r->windows;
        r->windows += (bytes + r->block - 1) / r->block;
    }
}

static int make_slots(cor_records *r)
{
    COR_TRY(COR_NEW_ZEROED(&r->slot, r->slots));
    for (int s = 0; s < r->slots; s++) {
        r->slot[s].fd = -1;
        r->slot[s].file = -1;
        COR_TRY(records_slot_reserve(&r->slot[s], 0));
    }
    return r->format == COR_RECORDS_CSV ? name_columns(r) : COR_OK;
}

int cor_records_open(const cor_team *team, const char *const *file, int files,
                     const cor_records_options *options, cor_records **records)
{
    *records = NULL;
    COR_TRY(cor_agree(team, COR_NEW_ZEROED(records, 1)));
    cor_records *r = *records;
    r->team = team;
    r->options = *options;
    r->files = files;
    int rc = COR_NEW_ZEROED(&r->file, files);
    for (int f = 0; rc == COR_OK && f < files; f++)
        r->file[f].source.path = file[f];
    if (rc == COR_OK && cor_team_rank(team) == 0)
        rc = look(r);
    rc = cor_agree(team, rc);
    if (rc == COR_OK)
        rc = share(r, file);
    if (rc == COR_OK) {
        cut(r);
        rc = cor_agree(team, make_slots(r));
    }
    if (rc != COR_OK)
        cor_records_close(records);
    return rc;
}

void cor_records_close(cor_records **records)
{
    cor_records *r = *records;
    if (!r)
        return;
    for (int s = 0; r->slot && s < r->slots; s++) {
        cor_source_close(&r->slot[s].fd);
        cor_free(r->slot[s].buffer);
    }
    cor_free(r->slot);
    cor_free(r->file);
    cor_free(r->header);
    cor_free(r->names);
    cor_free(r->name);
    cor_free(r);
    *records = NULL;
}

/* ---- what others ask ---- */

const cor_team *cor_records_team(const cor_records *records)
{
    return records->team;
}

enum cor_records_format cor_records_format(const cor_records *records)
{
    return records->format;
}

int64_t cor_records_bytes(const cor_records *records)
{
    int64_t bytes = 0;
    for (int f = 0; f < records->files; f++)
        bytes += records->file[f].source.size;
    return bytes;
}

int cor_records_slots(const cor_records *records)
{
    return records->slots;
}

cor_sink_way cor_records_way(const cor_records *r)
{
    return (cor_sink_way){.order = r->options.parts ? COR_SINK_PARTS
                                   : r->streams     ? COR_SINK_RUNS
                                                    : COR_SINK_STEPS,
                          .slots = r->slots,
                          .header = r->header,
                          .header_bytes = r->header_bytes};
}

/* Of a slot: a window, the same once more as it goes out, tokens of a piece;
   small records double what is read behind a window. */
int64_t cor_records_memory(const cor_records *r)
{
    return r->slots * (4 * r->block + (INT64_C(4) << 20));
}

int cor_records_is_store(const cor_team *team, const char *path, bool *store)
{
    cor_source file;
    char magic[8] = "";
    int fd = -1, rc = COR_OK;
    if (cor_team_rank(team) == 0) {
        rc = cor_source_find(path, &file);
        int64_t size = rc == COR_OK && file.size < 8 ? file.size : 8;
        if (rc == COR_OK)
            rc = cor_source_open(&file, &fd);
        if (rc == COR_OK)
            rc = cor_source_read(&file, fd, 0, size, magic);
        cor_source_close(&fd);
    }
    *store = memcmp(magic, "\x89HDF\r\n\x1a\n", 8) == 0;
    COR_TRY(cor_agree(team, rc));
    cor_team_share(team, store, sizeof *store, 0);
    return COR_OK;
}
