/* Files of examples to examples in their shards: what kind the files are, one
   pass over them, and rows to the ranks that own them. */
#include "coracle/ingest_examples.h"

#include "coracle/memory.h"
#include "coracle/records.h"
#include "examples_input.h"

#include <string.h>

/* Bytes of rows in memory for one of the file, at most: "1:1 " becomes 8, and a
   column moves at a time. */
enum { BYTES_HELD = 3, BYTES_STORED = 2 };
enum { HEAD = 16 << 10 };

static int ask_for_label(const char *path)
{
    return cor_fail(COR_EUSAGE,
                    "which column of %s is the label? give --label, a name of "
                    "the header or a position from 1",
                    path);
}

static int check_options(int files, const cor_ingest_examples_options *options)
{
    if (files < 1)
        return cor_fail(COR_EUSAGE, "no file to read; name one or more");
    if (options->shards < 0 || options->shards > COR_SHARDS_LIMIT)
        return cor_fail(COR_EUSAGE,
                        "--shards %lld makes no sense; it must be from 1 to "
                        "%d, or 0 to choose by size",
                        (long long)options->shards, COR_SHARDS_LIMIT);
    if (options->format == COR_EXAMPLES_CSV && !options->label)
        return ask_for_label("the file");
    if (options->label && options->format != COR_EXAMPLES_CSV &&
        options->format != COR_EXAMPLES_AUTO)
        return cor_fail(COR_EUSAGE, "--label names a column of CSV: leave it "
                                    "out, or give --format csv");
    return COR_OK;
}

/* The beginning of a file's text. */
typedef struct head {
    unsigned char bytes[HEAD];
    int64_t length;
    enum cor_decode_kind kind;
} head;

int example_unpack(const cor_source *file, char *text, int64_t room,
                   int64_t *bytes, enum cor_decode_kind *kind)
{
    char magic[4] = "";
    int fd = -1;
    int64_t size = file->size < 4 ? file->size : 4;
    cor_decode *stream = NULL;
    COR_TRY(cor_source_open(file, &fd));
    int rc = cor_source_read(file, fd, 0, size, magic);
    cor_source_close(&fd);
    COR_TRY(rc);
    *kind = cor_decode_kind_of(magic, size);
    COR_TRY(cor_decode_open(file, *kind, &stream));
    rc = cor_decode_read(stream, text, room, bytes);
    cor_decode_close(&stream);
    return rc;
}

/* Bytes of a row, as far as the beginning shows them. */
static int64_t row_bytes(const head *h, enum cor_examples_format format)
{
    int64_t lines = 0;
    if (format == COR_EXAMPLES_RECORDIO)
        return 8 + (int64_t)example_magic(h->bytes + 4);
    for (int64_t i = 0; i < h->length; i++)
        lines += h->bytes[i] == '\n';
    return h->length / (lines ? lines : 1) + 1;
}

static bool has_ending(const char *path, const char *ending)
{
    size_t length = cor_records_plain_length(path), tail = strlen(ending);
    return length > tail && memcmp(path + length - tail, ending, tail) == 0;
}

/* The format of a file by its first bytes. */
static int find_format(const cor_source *file, const head *h,
                       const cor_ingest_examples_options *options,
                       enum cor_examples_format *format)
{
    *format = options->format;
    if (*format == COR_EXAMPLES_AUTO)
        *format = example_magic(h->bytes) == EXAMPLE_MAGIC
                      ? COR_EXAMPLES_RECORDIO
                  : options->label ? COR_EXAMPLES_CSV
                                   : COR_EXAMPLES_LIBSVM;
    if (*format == COR_EXAMPLES_RECORDIO && h->kind != COR_DECODE_PLAIN)
        return cor_fail(COR_EDATA,
                        "%s is RecordIO that is packed: unpack it first",
                        file->path);
    if (*format == COR_EXAMPLES_LIBSVM && !options->format &&
        (has_ending(file->path, ".csv") || has_ending(file->path, ".tsv")))
        return ask_for_label(file->path);
    return COR_OK;
}

/* Rank 0 looks at all files. */
static int look(const cor_ingest_examples_options *options, example_input *in)
{
    for (int f = 0; f < in->files; f++) {
        enum cor_examples_format format;
        head h = {.length = 0};
        COR_TRY(cor_source_find(in->path[f], &in->source[f]));
        COR_TRY(example_unpack(&in->source[f], (char *)h.bytes, HEAD, &h.length,
                               &h.kind));
        COR_TRY(find_format(&in->source[f], &h, options, &format));
        if (f == 0)
            in->row_bytes = row_bytes(&h, format);
        if (f > 0 && format != in->format)
            return cor_fail(COR_EDATA,
                            "%s and %s hold examples of two formats: give "
                            "files of one",
                            in->path[0], in->path[f]);
        in->format = format;
        if (format == COR_EXAMPLES_CSV)
            COR_TRY(example_table_find(options, f, in));
    }
    if (options->label && in->format == COR_EXAMPLES_RECORDIO)
        return cor_fail(COR_EUSAGE,
                        "%s is RecordIO, whose records have their labels: "
                        "leave --label out",
                        in->path[0]);
    return COR_OK;
}

static int share(example_input *in)
{
    char *bytes = in->name.bytes;
    const cor_team *team = in->team;
    struct {
        enum cor_examples_format format;
        int64_t row_bytes;
        example_table table;
        cor_ids name;
    } found = {in->format, in->row_bytes, in->table, in->name};
    cor_team_share(team, &found, sizeof found, 0);
    in->format = found.format;
    in->row_bytes = found.row_bytes;
    in->table = found.table;
    in->name = found.name;
    in->name.bytes = bytes;
    if (cor_team_rank(team) != 0) { /* the first rank gives the names */
        in->name.first = in->name.total;
        in->name.count = 0;
        in->name.bytes = NULL;
    }
    cor_team_share(team, in->source, (int64_t)sizeof *in->source * in->files,
                   0);
    cor_team_share(team, in->header, (int64_t)sizeof *in->header * in->files,
                   0);
    for (int f = 0; f < in->files; f++)
        in->source[f].path = in->path[f];
    return COR_OK;
}

static void close_input(example_input *in)
{
    cor_ids_free(&in->name);
    cor_free(in->source);
    cor_free(in->header);
}

static int open_input(const cor_team *team, const char *const *file, int files,
                      const cor_ingest_examples_options *options,
                      example_input *in)
{
    *in = (example_input){.team = team, .path = file, .files = files};
    COR_TRY(check_options(files, options));
    int rc = COR_NEW_ZEROED(&in->source, files);
    if (rc == COR_OK)
        rc = COR_NEW_ZEROED(&in->header, files);
    if (rc == COR_OK && cor_team_rank(team) == 0)
        rc = look(options, in);
    COR_TRY(cor_agree(team, rc));
    return share(in);
}

static int64_t bytes_of(const example_input *in)
{
    int64_t bytes = 0;
    for (int f = 0; f < in->files; f++)
        bytes += in->source[f].size;
    return bytes;
}

static cor_plan estimate(const example_input *in)
{
    int64_t size = cor_team_size(in->team), bytes = bytes_of(in);
    int64_t share = bytes / size + 1;
    return (cor_plan){.rows_rank = share / in->row_bytes + 1,
                      .bytes_rank = cor_plan_base() + BYTES_HELD * share +
                                    EXAMPLE_ROOM * cor_team_threads(in->team),
                      .bytes_disk = BYTES_STORED * bytes};
}

/* What all ranks have read becomes one table. */
static int finish(const example_input *in, int64_t shards, example_rows *rows,
                  cor_examples *data)
{
    const cor_team *team = in->team;
    int64_t most[2] = {rows->features, 0}, total;
    cor_team_before(team, rows->rows.count, &total);
    if (in->format == COR_EXAMPLES_CSV)
        most[0] = in->table.fields - 1;
    cor_team_max(team, most, 1);
    if (total == 0)
        return cor_fail(COR_EDATA, "%s has no examples", in->path[0]);
    data->features = most[0];
    data->mine = rows->rows;
    rows->rows = (cor_examples_rows){0};
    return cor_examples_arrange(team, shards, data);
}

static int read_input(example_input *in,
                      const cor_ingest_examples_options *options,
                      cor_progress *progress, cor_examples *data,
                      cor_ingest_examples_report *report)
{
    example_rows rows;
    int rc = cor_agree(in->team, example_rows_create(&rows));
    if (rc == COR_OK)
        rc = in->format == COR_EXAMPLES_RECORDIO
                 ? example_recordio_read(in, progress, &rows)
                 : example_text_read(in, options->skip, progress, &rows,
                                     &report->rejected);
    if (rc == COR_OK)
        rc = finish(in, options->shards, &rows, data);
    example_rows_free(&rows);
    COR_TRY(rc);
    data->name = in->name;
    in->name = (cor_ids){0};
    return COR_OK;
}

int cor_ingest_examples(const cor_team *team, const char *const *file,
                        int files, const cor_ingest_examples_options *options,
                        cor_progress *progress, cor_examples *data,
                        cor_ingest_examples_report *report)
{
    example_input in;
    *data = (cor_examples){0};
    *report = (cor_ingest_examples_report){0};
    int rc = open_input(team, file, files, options, &in);
    if (rc == COR_OK) {
        cor_plan plan = estimate(&in);
        report->bytes = bytes_of(&in);
        rc = cor_plan_check(team, &plan);
    }
    if (rc == COR_OK)
        rc = read_input(&in, options, progress, data, report);
    close_input(&in);
    if (rc != COR_OK)
        cor_examples_free(data);
    return rc;
}

int cor_ingest_examples_plan(const cor_team *team, const char *const *file,
                             int files,
                             const cor_ingest_examples_options *options,
                             cor_plan *plan)
{
    example_input in;
    int rc = open_input(team, file, files, options, &in);
    if (rc == COR_OK)
        *plan = estimate(&in);
    close_input(&in);
    return rc;
}
