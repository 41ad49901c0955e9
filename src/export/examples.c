/* Examples as LIBSVM's text, CSV or RecordIO-protobuf, with the numbers of the
 * store. Limit: of text the digits, some 60 nanoseconds a number and thread; of
 * RecordIO the disk. */
#include "coracle/examples.h"

#include "coracle/csv.h"
#include "coracle/cut.h"
#include "coracle/export.h"
#include "coracle/failure.h"
#include "coracle/memory.h"
#include "coracle/sink.h"
#include "coracle/text.h"
#include "steps.h"

#include <string.h>

/* Numbers of a block; columns of CSV. */
enum { BLOCK = 256 << 10, COLUMNS_LIMIT = 1 << 20 };
/* Bytes of a feature of a block as it is held and as text; of a row besides. */
enum { HELD = 8, TEXT = 20, CELL = 4, ROW = 64 };
/* RecordIO. */
#define MAGIC UINT32_C(0xced7230a)
#define LENGTH_LIMIT (UINT32_C(1) << 29)

typedef struct examples_export {
    const cor_team *team;
    const cor_export_job *job;
    cor_file *file;
    cor_examples_summary summary;
    int64_t block, first; /* rows; the first of the block in hand */
    cor_examples_rows rows;
} examples_export;

/* Numbers that a row has on average, of CSV the zeros too. */
static int64_t row_numbers(const examples_export *e)
{
    const cor_examples_summary *s = &e->summary;
    return e->job->format == COR_EXPORT_CSV
               ? s->features + 1
               : s->nonzeros / (s->rows ? s->rows : 1) + 1;
}

static int open_examples(const cor_team *team, const cor_export_job *job,
                         examples_export *e)
{
    *e = (examples_export){.team = team, .job = job};
    COR_TRY(cor_file_open(team, job->store, "examples", &e->file));
    COR_TRY(cor_examples_summarise(e->file, &e->summary));
    e->block = BLOCK / row_numbers(e) + 1;
    if (job->format == COR_EXPORT_CSV && e->summary.features >= COLUMNS_LIMIT)
        return cor_fail(COR_EUSAGE,
                        "%lld features are too many columns for CSV: give "
                        "--format libsvm or recordio",
                        (long long)e->summary.features);
    return COR_OK;
}

/* ---- text ---- */

static void put_number(float number, char before, cor_csv *out)
{
    char text[COR_NUMBER_SIZE + 1];
    int length = before != 0;
    text[0] = before;
    length += cor_text_print_float(number, text + length);
    cor_csv_bytes(out, text, length);
}

/* Print a number that is not negative. @return its length */
static int print_id(int32_t id, char *out)
{
    char digits[COR_NUMBER_SIZE];
    int count = 0;
    do
        digits[count++] = (char)('0' + id % 10);
    while ((id /= 10) > 0);
    for (int i = 0; i < count; i++)
        out[i] = digits[count - 1 - i];
    return count;
}

static void put_libsvm(const cor_examples_rows *rows, int64_t i, cor_csv *out)
{
    put_number(rows->label[i], 0, out);
    for (int64_t j = rows->begin[i]; j < rows->begin[i + 1]; j++) {
        char text[2 * COR_NUMBER_SIZE + 2] = " ";
        int length = 1 + print_id(rows->feature[j], text + 1);
        text[length++] = ':';
        length += cor_text_print_float(rows->value[j], text + length);
        cor_csv_bytes(out, text, length);
    }
    cor_csv_bytes(out, "\n", 1);
}

static void put_cells(const cor_examples_rows *rows, int64_t i,
                      int64_t features, cor_csv *out)
{
    int64_t j = rows->begin[i];
    put_number(rows->label[i], 0, out);
    for (int64_t f = 0; f < features; f++)
        if (j < rows->begin[i + 1] && rows->feature[j] == f)
            put_number(rows->value[j++], ',', out);
        else
            cor_csv_bytes(out, ",0", 2);
    cor_csv_bytes(out, "\n", 1);
}

/* ---- RecordIO-protobuf ----
   Record{features: {"values": Value{Float32Tensor{values, keys, shape}}},
   label: {"values": Value{Float32Tensor{values}}}}; the bytes that Amazon's own
   writer gives. */

static void put_byte(unsigned byte, cor_csv *out)
{
    char c = (char)(unsigned char)byte;
    cor_csv_bytes(out, &c, 1);
}

static void put_fixed(uint32_t number, cor_csv *out)
{
    for (int i = 0; i < 4; i++)
        put_byte(number >> (8 * i) & 0xff, out);
}

static void put_float(float number, cor_csv *out)
{
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    put_fixed(bits, out);
}

static int64_t varint_bytes(int64_t number)
{
    int64_t bytes = 1;
    while (number >>= 7)
        bytes++;
    return bytes;
}

static void put_varint(int64_t number, cor_csv *out)
{
    for (; number > 0x7f; number >>= 7)
        put_byte((unsigned)(number & 0x7f) | 0x80, out);
    put_byte((unsigned)number, out);
}

/* The head of field `number`, which has so many bytes. */
static void put_head(unsigned number, int64_t bytes, cor_csv *out)
{
    put_byte(number << 3 | 2, out);
    put_varint(bytes, out);
}

/* Bytes of a field with its head. */
static int64_t field_bytes(int64_t bytes)
{
    return 1 + varint_bytes(bytes) + bytes;
}

/* The heads about a tensor of so many bytes, which is to follow: the entry
   "values" of map `map`. */
static void put_entry(unsigned map, int64_t tensor, cor_csv *out)
{
    int64_t value = field_bytes(tensor);
    put_head(map, field_bytes(6) + field_bytes(value), out);
    put_head(1, 6, out);
    cor_csv_bytes(out, "values", 6);
    put_head(2, value, out);
    put_head(2, tensor, out); /* float32_tensor */
}

static int64_t entry_bytes(int64_t tensor)
{
    return field_bytes(field_bytes(6) + field_bytes(field_bytes(tensor)));
}

static int put_record(const examples_export *e, int64_t i, cor_csv *out)
{
    const cor_examples_rows *rows = &e->rows;
    int64_t from = rows->begin[i], to = rows->begin[i + 1], keys = 0;
    int64_t values = 4 * (to - from), shape = varint_bytes(e->summary.features);
    for (int64_t j = from; j < to; j++)
        keys += varint_bytes(rows->feature[j]);
    int64_t tensor = field_bytes(shape), label = field_bytes(4);
    if (to > from) /* empty lists are not written */
        tensor += field_bytes(values) + field_bytes(keys);
    int64_t bytes = entry_bytes(tensor) + entry_bytes(label);
    if (bytes >= LENGTH_LIMIT)
        return cor_fail(COR_EDATA,
                        "%s: example %lld is too large for a record of "
                        "RecordIO: give --format libsvm",
                        e->job->store, (long long)(e->first + i + 1));
    put_fixed(MAGIC, out);
    put_fixed((uint32_t)bytes, out);
    put_entry(1, tensor, out);
    if (to > from)
        put_head(1, values, out);
    for (int64_t j = from; j < to; j++)
        put_float(rows->value[j], out);
    if (to > from)
        put_head(2, keys, out);
    for (int64_t j = from; j < to; j++)
        put_varint(rows->feature[j], out);
    put_head(3, shape, out);
    put_varint(e->summary.features, out);
    put_entry(2, label, out);
    put_head(1, 4, out);
    put_float(rows->label[i], out);
    cor_csv_bytes(out, "\0\0\0", (4 - bytes % 4) % 4);
    return COR_OK;
}

/* ---- all ---- */

static int put_row(const examples_export *e, int64_t i, cor_csv *out)
{
    if (e->job->format == COR_EXPORT_RECORDIO)
        COR_TRY(put_record(e, i, out));
    else if (e->job->format == COR_EXPORT_CSV)
        put_cells(&e->rows, i, e->summary.features, out);
    else
        put_libsvm(&e->rows, i, out);
    return out->status;
}

/* A thread's rows of the block. */
static int print_rows(const examples_export *e, int64_t first, int64_t end,
                      int slot, cor_sink *sink)
{
    cor_csv text = {0};
    int rc = COR_OK;
    for (int64_t i = first; rc == COR_OK && i < end; i++)
        rc = put_row(e, i, &text);
    if (rc == COR_OK)
        cor_sink_add(sink, slot, 0, text.bytes, text.length);
    cor_csv_free(&text);
    return rc;
}

static int print_block(const examples_export *e, int slots, cor_sink *sink)
{
    cor_failure failure = COR_NO_FAILURE;
    int64_t count = e->rows.count;
#pragma omp parallel for num_threads(slots) schedule(static, 1)
    for (int slot = 0; slot < slots; slot++) {
        int rc = print_rows(e, cor_cut_begin(count, slot, slots),
                            cor_cut_begin(count, slot + 1, slots), slot, sink);
        if (rc != COR_OK)
            cor_failure_note(&failure, rc, slot);
    }
    return cor_failure_raise(&failure);
}

static int write_step(examples_export *e, int64_t step, int slots,
                      cor_sink *sink)
{
    export_block mine =
        export_block_at(e->team, e->summary.rows, e->block, step);
    COR_TRY(cor_examples_read_rows(e->team, e->file, &e->summary, mine.first,
                                   mine.count, &e->rows));
    e->first = mine.first;
    int rc = cor_agree(e->team, print_block(e, slots, sink));
    cor_examples_rows_free(&e->rows);
    if (rc == COR_OK)
        rc = cor_agree(e->team, cor_sink_flush(sink));
    cor_progress_update(e->job->progress, mine.first + mine.count);
    return rc;
}

/* The names of the features behind that of the label. */
static int print_header(const examples_export *e, cor_csv *header)
{
    cor_ids name = {0};
    if (e->job->format != COR_EXPORT_CSV || !e->summary.named)
        return COR_OK;
    COR_TRY(
        cor_ids_read(e->file, "features/name", 0, e->summary.features, &name));
    cor_csv_text(header, "label");
    for (int64_t f = 0; f < name.count; f++) {
        char text[COR_ID_LIMIT + 1];
        cor_ids_print(&name, f, text, sizeof text);
        cor_csv_text(header, text);
    }
    cor_csv_end(header);
    cor_ids_free(&name);
    return cor_agree(e->team, header->status);
}

static int write_all(examples_export *e)
{
    cor_csv header = {0};
    cor_sink *sink = NULL;
    int slots = cor_team_threads(e->team);
    int64_t steps = export_steps(e->team, e->summary.rows, e->block);
    int rc = print_header(e, &header);
    cor_sink_way way = {.order = COR_SINK_STEPS,
                        .slots = slots,
                        .header = header.bytes,
                        .header_bytes = header.length};
    if (rc == COR_OK)
        rc = cor_sink_create(e->team, &way, &e->job->path, 1, e->job->force,
                             &sink);
    for (int64_t step = 0; rc == COR_OK && step < steps; step++)
        rc = write_step(e, step, slots, sink);
    if (rc == COR_OK)
        rc = cor_sink_commit(&sink);
    cor_sink_abandon(&sink);
    cor_csv_free(&header);
    return rc;
}

int cor_export_examples(const cor_team *team, const cor_export_job *job,
                        int64_t *rows)
{
    examples_export e;
    if (job->format != COR_EXPORT_LIBSVM && job->format != COR_EXPORT_CSV &&
        job->format != COR_EXPORT_RECORDIO)
        return cor_fail(COR_EUSAGE,
                        "examples are written as libsvm, csv or recordio");
    int rc = open_examples(team, job, &e);
    *rows = e.summary.rows;
    if (rc == COR_OK) {
        cor_progress_begin(job->progress, "write", *rows);
        rc = write_all(&e);
        cor_progress_end(job->progress);
    }
    cor_file_close(&e.file);
    return rc;
}

int cor_export_examples_plan(const cor_team *team, const cor_export_job *job,
                             cor_plan *plan)
{
    examples_export e;
    int rc = open_examples(team, job, &e);
    if (rc == COR_OK) {
        const cor_examples_summary *s = &e.summary;
        int64_t size = cor_team_size(team), numbers = e.block * row_numbers(&e);
        int64_t cells = job->format == COR_EXPORT_CSV ? s->features : 0;
        plan->rows_rank = (s->rows + size - 1) / size;
        /* text twice, as it grows by doubling */
        plan->bytes_rank =
            cor_plan_base() + numbers * (HELD + 2 * TEXT) + e.block * ROW;
        plan->bytes_disk =
            s->nonzeros * TEXT + s->rows * (ROW + CELL / 2 * cells);
    }
    cor_file_close(&e.file);
    return rc;
}
